"""The model of another revision: models/best as that revision's dvc.lock names it.

DVC reads it from the local cache, or from the remote where the cache lacks it, and puts it into a
temporary folder; the workspace stays as it is.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seedbed.core.errors import GateError, PipelineError
from seedbed.pipeline.dvc import LOCK, opened_repo, parse_lock
from seedbed.versions.revisions import Files

BEST = Path("models/best")


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
    with opened_repo() as repo:
        stores = [repo.cache.local, *_remote_stores(repo)]
        _copy(stores, named, folder / "listed")
        listed = json.loads((folder / "listed").read_text(encoding="utf-8"))
        (folder / "listed").unlink()
        for one in listed:
            target = (folder / one["relpath"]).resolve()
            if not target.is_relative_to(folder.resolve()):
                raise ValueError(one["relpath"])
            _copy(stores, one["md5"], target)


def _remote_stores(repo: Any) -> list[Any]:
    from dvc.config import NoRemoteError

    try:
        return [repo.cloud.get_remote().odb]
    except NoRemoteError:
        return []


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
