"""A saved model: its card, `seedbed.json`, and `digests.json`, by which damage is recognised.

A module of its own, since select, cards and the gate read cards without loading torch.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError, model_validator

from seedbed.core.errors import ModelError
from seedbed.core.files import read_json, sha256_of, write_json
from seedbed.core.params import Section

CARD = "seedbed.json"
DIGESTS = "digests.json"
UNCHECKED = (DIGESTS, "README.md")
# A former version named no approach in the card; any that saves the same kind can load it.
LOADED_BY = {
    "sequence_classifier": "full",
    "sentence_classifier": "feature",
    "cloze_classifier": "prompt",
}

Kind = TypeVar("Kind", bound=Section)


class ModelFormat(NamedTuple):
    """A form of model that a stock library loads: its name, the library, the Hub's pipeline tag,
    and Python code that loads `{folder}` and classifies `{text}`."""

    kind: str
    library: str
    pipeline_tag: str
    usage: str


class SavedTruncation(Section):
    """How the model cuts long texts: see Truncation in seedbed/encoding/tokens.py."""

    max_length: int
    keep: Literal["head", "tail", "head_tail", "windows"] = "head"
    overlap: int = 0
    max_windows: int = 1


class SavedModel(Section):
    """seedbed.json: which approach made the model and in which format, and what predicting needs.

    `params`: the approach's effective parameters as JSON. `settings`: what its `load` needs beyond
    the weights. `trainable_parameters`: the cost that decides between equal models.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)  # a newer version may write more

    approach: str
    kind: str
    library: str = ""
    pipeline_tag: str = ""
    usage: str = ""
    classes: list[str]
    truncation: SavedTruncation
    trainable_parameters: int = 0
    params: dict[str, str] = {}
    settings: dict[str, str | list[str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _from_former_version(cls, card: dict[str, Any]) -> dict[str, Any]:
        if "approach" in card or card.get("kind") not in LOADED_BY:
            return card
        settings = {key: card[key] for key in ("template", "words", "mask_token") if key in card}
        return {**card, "approach": LOADED_BY[card["kind"]], "settings": settings}


def write_card(folder: Path, card: SavedModel) -> None:
    """Write seedbed.json and the digests of the folder's files."""
    write_json(folder / CARD, card.model_dump())
    write_digests(folder)


def write_digests(folder: Path) -> None:
    """Write the SHA-256 of every file of a model folder except its README: the last step."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    names = {file.relative_to(folder).as_posix(): file for file in files}
    digests = {name: sha256_of(file) for name, file in names.items() if name not in UNCHECKED}
    write_json(folder / DIGESTS, digests)


def read_card(folder: Path) -> SavedModel:
    """Read seedbed.json. Raises ModelError where it is missing or cannot be read."""
    return read_typed(folder / CARD, SavedModel)


def check_files(folder: Path) -> dict[str, str]:
    """Check every file of a model folder against its digest and give the digests, by file name.

    Raises ModelError where a file is missing or changed, or the folder has no digests.
    """
    digests = _digests(folder)
    for name, expected in digests.items():
        file = folder / name
        if not file.is_file():
            raise damaged(file, "no such file")
        if (digest := sha256_of(file)) != expected:
            raise damaged(file, f"sha256 {digest[:12]}")
    return digests


def model_digest(folder: Path) -> str:
    """16 hex digits that identify a model by the bytes of its files, as its digests state them.

    Raises ModelError where the folder has no digests; `check_files` finds damage.
    """
    digests = json.dumps(_digests(folder), sort_keys=True)
    return hashlib.sha256(digests.encode("utf-8")).hexdigest()[:16]


def _digests(folder: Path) -> dict[str, str]:
    try:
        return TypeAdapter(dict[str, str]).validate_json((folder / DIGESTS).read_bytes())
    except FileNotFoundError:
        found = f"no {DIGESTS}" if folder.is_dir() else "no such folder"
        expected = "a model folder that the pipeline wrote, such as models/best"
        step = "run `dvc repro`, or `dvc pull models/best`"
        raise ModelError(str(folder), found, expected, step) from None
    except ValidationError:  # no JSON, or no UTF-8
        raise damaged(folder / DIGESTS, "no JSON object") from None


def read_typed(file: Path, kind: type[Kind]) -> Kind:
    """Read a JSON file of a model folder. Raises ModelError where it does not fit `kind`."""
    if not file.is_file():
        raise damaged(file, "no such file")
    try:
        return kind.model_validate(read_json(file))
    except ValidationError as error:
        key = ".".join(map(str, error.errors()[0]["loc"]))
        raise damaged(file, f"`{key}` is not what this version writes") from None


def damaged(file: Path, found: str) -> ModelError:
    """The error for a file of a model folder that is not as the pipeline wrote it."""
    step = "the model is damaged: run `dvc checkout`, or `dvc repro`"
    return ModelError(str(file), found, "the file as the pipeline wrote it", step)
