"""What is on record of models: champion tags and overrides of a failed comparison in git, and the
model of another revision, models/best as that revision's dvc.lock names it.

DVC reads the model from the local cache, or from the remote where the cache lacks it, and puts it
into a temporary folder; the workspace stays as it is.
"""

import csv
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.core.errors import GateError, PipelineError
from seedbed.core.files import BEST, write_csv
from seedbed.core.git import git
from seedbed.pipeline.dvc import LOCK, opened_repo, parse_lock
from seedbed.versions.revisions import Files

OVERRIDES = Path("data/gate_overrides.csv")
ARTIFACT = "champion"
TAG = re.compile(ARTIFACT + r"@v(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}")


def champions() -> list[str]:
    """The tag of every champion of this repository, the newest last; none outside of git."""
    tags = git("tag", "--list", f"{ARTIFACT}@v*").split()
    return sorted(filter(TAG.fullmatch, tags), key=version)


def version(tag: str) -> list[int]:
    """Major, minor and patch of a champion's tag."""
    return [int(number) for number in re.findall(r"\d+", tag)]


def default_base() -> str:
    """Return the default base: the newest champion, else the last commit."""
    return ["HEAD", *champions()][-1]


class Override(NamedTuple):
    """Who let which model pass against which, when, why, and on which dataset that was."""

    base_model: str
    head_model: str
    dataset: str
    when: str
    who: str
    why: str


def read_overrides() -> list[Override]:
    """Every line, in the order of the file. Raises GateError on one that cannot be read, or that
    says nothing of who or why."""
    if not OVERRIDES.exists():
        return []
    with OVERRIDES.open(encoding="utf-8", newline="") as file:
        header, *lines = [*csv.reader(file)] or [[]]
    if header != list(Override._fields):
        raise _wrong(1, "another header")
    for number, cells in enumerate(lines, 2):
        if len(cells) != len(header):
            raise _wrong(number, f"{len(cells)} values")
        if not all(map(str.strip, cells[-2:])):  # who and why
            raise _wrong(number, "nothing of who or why")
    return [Override(*cells) for cells in lines]


def _wrong(line: int, found: str) -> GateError:
    return GateError(
        f"{OVERRIDES}:{line}",
        found,
        f"the columns {','.join(Override._fields)}, who and why filled in",
        "correct the line, or write it by `seedbed compare --override --who NAME --why TEXT`",
    )


def override_of(base_model: str, head_model: str) -> Override | None:
    """The latest line for this pair of models, if any."""
    found = [one for one in read_overrides() if one[:2] == (base_model, head_model)]
    return max(found, key=lambda one: (one.when, one.who, one.why), default=None)


def write_override(base_model: str, head_model: str, dataset: str, who: str, why: str) -> Override:
    """Add a line. Raises GateError where it would say nothing of who or why."""
    who, why = (" ".join(part.split()) for part in (who, why))
    if not who or not why:
        raise GateError(
            "--override", "no --who or no --why", "who lets the model pass, and why", "add both"
        )
    when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    line = Override(base_model, head_model, dataset, when, who, why)
    write_csv(OVERRIDES, Override._fields, [*read_overrides(), line])
    return line


def locked_model(files: Files) -> str:
    """Return the digest of models/best in a version's dvc.lock. Raises GateError without one."""
    try:
        stages = parse_lock(files.read(LOCK) or "", f"{files.place}{LOCK}")
    except PipelineError:
        stages = {}
    for stage in stages.values():
        if digest := stage.outputs.get(BEST.as_posix()):
            return digest
    raise GateError(
        f"{files.revision or 'workspace'}: {LOCK}",
        f"no {BEST} in it",
        "the lock of a run that has made a model",
        "name a revision with a model, or run `dvc repro` and commit dvc.lock",
    )


@contextmanager
def base_model(files: Files) -> Iterator[Path]:
    """The folder of a revision's model, for as long as the block runs.

    Raises GateError where neither cache nor remote has all of it, whole.
    """
    named = locked_model(files)
    with tempfile.TemporaryDirectory(prefix="seedbed-base-") as temporary:
        folder = Path(temporary) / BEST.name
        # Each kind of storage has a client with errors of its own, so that any is caught here;
        # their messages may hold a remote's address, so only their kind is reported.
        try:
            _fetch(named, folder)
        except Exception as error:
            raise GateError(
                f"{files.revision}: {BEST}",
                f"it is neither whole in the cache nor in the remote ({type(error).__name__})",
                "the model as that revision's dvc.lock names it",
                "have someone who ran that revision `dvc push` it, or check it out and `dvc repro`",
            ) from None
        yield folder


def _fetch(named: str, folder: Path) -> None:
    """Write the files of a folder that DVC knows by `named`. The cache and the remote are those of
    today: `dvc get --rev` would ask the remote that the old revision names."""
    from dvc.config import NoRemoteError

    with opened_repo() as repo:
        stores = [repo.cache.local]
        with suppress(NoRemoteError):
            stores.append(repo.cloud.get_remote().odb)
        _copy(stores, named, folder / "listed")
        listed = json.loads((folder / "listed").read_text(encoding="utf-8"))
        (folder / "listed").unlink()
        for one in listed:
            target = (folder / one["relpath"]).resolve()
            if not target.is_relative_to(folder.resolve()):
                raise ValueError(one["relpath"])
            _copy(stores, one["md5"], target)


def _copy(stores: list[Any], name: str, target: Path) -> None:
    """Write the object of this name, out of the first store that has it whole: the name is the MD5
    of its bytes. Raises FileNotFoundError where none has."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for store in stores:
        path = store.oid_to_path(name)
        if not store.fs.exists(path):
            continue
        with store.fs.open(path, "rb") as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
        with target.open("rb") as file:
            if hashlib.file_digest(file, "md5").hexdigest() == name.removesuffix(".dir"):
                return
    raise FileNotFoundError(name)
