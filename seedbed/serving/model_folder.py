"""models/best as a folder that stands alone: what predictions need beside the weights, and digests
of all its files, by which a damaged folder is known."""

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from seedbed.core.errors import ModelError
from seedbed.core.files import read_json, sha256_of, write_json
from seedbed.core.params import Section
from seedbed.serving.text_preparation import TextPreparation

CARD = "seedbed.json"
SERVING = "serving.json"
DIGESTS = "digests.json"
UNCHECKED = (DIGESTS, "README.md")


class Serving(Section):
    """What a prediction takes beside the weights.

    `paired`: whether a text comes with a second one. `temperature`: what logits are divided by,
    fitted on validation. `outside`: the label of texts that no class is right for, "" where the
    model tells none; `threshold`: the confidence, as the model gives it, below which it says so,
    None where it has a class for them.
    """

    paired: bool
    temperature: float
    outside: str
    threshold: float | None
    precision: str
    preparation: TextPreparation


def write_serving(folder: Path, serving: Serving) -> None:
    """Write what predictions need into a model folder."""
    write_json(folder / SERVING, serving.model_dump(mode="json"))


def write_digests(folder: Path) -> None:
    """Write the SHA-256 of every file of a model folder but its README; the last thing to do."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    names = {file.relative_to(folder).as_posix(): file for file in files}
    write_json(
        folder / DIGESTS,
        {name: sha256_of(file) for name, file in names.items() if name not in UNCHECKED},
    )


def read_serving(folder: Path) -> Serving:
    """Check every file against its digest, then read what predictions need.

    Raises ModelError where the folder is none of select's, or a file is missing or changed.
    """
    expected = _digests(folder)
    for name, digest in expected.items():
        file = folder / name
        found = sha256_of(file) if file.is_file() else "nothing"
        if found != digest:
            raise _damaged(f"{file}", f"sha256 {found[:12]}" if file.is_file() else "no such file")
    if not {CARD, SERVING} <= expected.keys():
        raise _damaged(str(folder / DIGESTS), f"no digest of {CARD} and {SERVING}")
    try:
        return Serving(**read_json(folder / SERVING))
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        found = f"`{place}` is not what this version writes"
        raise _damaged(str(folder / SERVING), found) from None


def model_digest(folder: Path) -> str:
    """16 hex digits that name a model by the bytes of its files.

    Raises ModelError where the folder is none of select's. Damage is told by `read_serving`.
    """
    named = json.dumps(_digests(folder), sort_keys=True)
    return hashlib.sha256(named.encode("utf-8")).hexdigest()[:16]


def _digests(folder: Path) -> dict[str, Any]:
    if not (folder / DIGESTS).is_file():
        raise ModelError(
            str(folder),
            f"no {DIGESTS}" if folder.is_dir() else "no such folder",
            "a model that stage select wrote, such as models/best",
            "run `dvc repro`, or `dvc pull models/best`",
        )
    try:
        digests = read_json(folder / DIGESTS)
    except (json.JSONDecodeError, UnicodeDecodeError):
        digests = None
    if not isinstance(digests, dict):
        raise _damaged(str(folder / DIGESTS), "no JSON object")
    return digests


def _damaged(place: str, found: str) -> ModelError:
    return ModelError(
        place,
        found,
        "the file as stage select wrote it",
        "the model is damaged: `dvc checkout models/best`, or `dvc repro`",
    )
