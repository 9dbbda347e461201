"""What is known of a model without loading torch: the parameters of its training, and of a saved
one its card, `seedbed.json`, and `digests.json`, by which damage is recognised.

The section `training` of params.yaml has values for all; an approach, or adapt, names itself what
differs.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from pydantic import ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, model_validator

from seedbed.core.errors import ModelError
from seedbed.core.files import read_json, sha256_of, write_json
from seedbed.core.labels import Unused, unmatched
from seedbed.core.params import Section, validated
from seedbed.encoding.tokens import InJson

CARD = "seedbed.json"
IN_CODE = 30  # classes that loading code lists; of more it reads the card
DIGESTS = "digests.json"
UNCHECKED = (DIGESTS, "README.md")
# A former version named no approach in the card; any that saves the same kind can load it.
LOADED_BY = {
    "sequence_classifier": "full",
    "sentence_classifier": "feature",
    "cloze_classifier": "prompt",
}

BY_CLASS = {"descriptions": "label_prompts", "words": "cloze"}  # by kind of prompts

Kind = TypeVar("Kind", bound=Section)


class LoopSettings(Section):
    """What every training in epochs has, with labels or without."""

    epochs: int = Field(gt=0, le=100_000)
    min_steps: int = Field(ge=0, le=10**9)
    batch_tokens: int = Field(gt=0, le=10**7)
    warmup_share: float = Field(ge=0, lt=1)
    weight_decay: float = Field(ge=0, le=10)


class SharedParams(LoopSettings):
    """params.yaml section `training`: values of adapt and of every approach that trains in epochs,
    where these do not name their own."""

    label_smoothing: float = Field(ge=0, lt=1)
    positive_weights: Literal["auto", "none", "sqrt", "inverse"] = "none"  # of an older file
    patience_epochs: int = Field(ge=0, le=100_000)


class LoopParams(LoopSettings):
    """Parameters of the training loop."""

    learning_rate: float = Field(gt=0, le=10)


class ApproachParams(Section):
    """What the section of every approach has."""

    run: bool


class TrainingParams(ApproachParams, SharedParams, LoopParams):
    """Parameters of an approach that trains in epochs."""


class AdaptationParams(LoopParams):
    """Parameters of adapting an encoder to texts without labels."""

    mask_share: float = Field(gt=0, lt=1)
    dropout: float = Field(gt=0, lt=1)
    temperature: float = Field(gt=0, le=100)


def with_shared(
    place: str, own: Mapping[str, JsonValue], shared: SharedParams, kind: type[Kind]
) -> Kind:
    """Complete the section `own`, at `place` in params.yaml, from `training`.

    Only fields of `kind` are taken from there. Raises ParamsError for a key or value that `kind`
    refuses.
    """
    inherited = {key: value for key, value in shared if key in kind.model_fields}
    return validated(place, {**inherited, **own}, kind)


class ModelFormat(NamedTuple):
    """A form of model that a stock library loads: its name, the library, the Hub's pipeline tag,
    and Python code that loads `{folder}` and classifies `{text}`."""

    kind: str
    library: str
    pipeline_tag: str
    usage: str


class SavedModel(Section):
    """seedbed.json: which approach made the model and in which format, and what predicting needs.

    `params`: the approach's effective parameters as JSON. `settings`: what its `load` needs beyond
    the weights; and `processes` and `parts`, if several processes trained it, or one in several
    parts a batch. `trainable_parameters`: the cost that decides between equal models.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)  # a newer version may write more

    approach: str
    task: str = "class"  # a former version knew no other
    kind: str
    library: str = ""
    pipeline_tag: str = ""
    usage: str = ""
    classes: list[str]
    truncation: InJson
    trainable_parameters: int = 0
    params: dict[str, str] = {}
    settings: dict[str, str | list[str]] = {}

    @property
    def trained_by(self) -> str:
        """A sentence about what keeps one process from giving the same bits; "" for one that
        trained the model with whole batches."""
        processes, parts = (self.settings.get(name) for name in ("processes", "parts"))
        if not processes and not parts:
            return ""
        how = f"{processes} processes" if processes else "one process"
        how += f", each in {parts} parts a batch" if processes and parts else ""
        how += f" in {parts} parts a batch" if parts and not processes else ""
        return f" Trained by {how}: one that takes whole batches gives the same up to rounding."

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


def unused_by_approaches(
    approaches: Mapping[str, Mapping[str, Any]],
    shared: Collection[str],
    grids: Iterable[str],
    classes: Collection[str],
) -> Unused:
    """Find what configures approaches that do not run: values of their own for `shared` keys (of
    `training`) and grids by approach; and keys of prompts that are no class, or that the kind of
    prompts does not read."""
    off = {name: params for name, params in approaches.items() if not params.get("run")}
    unused = unmatched("cv.grid", grids, set(approaches) - set(off), ())
    for name, params in off.items():
        own = [key for key in params if key in shared]
        unused |= unmatched(f"approaches.{name}, which does not run", own, ())
    for name, params in approaches.items():
        for key, kind in BY_CLASS.items():
            is_read = name in off or params.get("kind") in ("auto", kind)
            used = classes if is_read else ()
            unused |= unmatched(f"approaches.{name}.{key}", params.get(key) or (), used)
    return unused
