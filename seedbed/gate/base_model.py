"""The model of another revision: models/best as that revision's dvc.lock names it.

DVC reads it from the local cache, or from the remote where the cache lacks it, and puts it into a
temporary folder; the workspace stays as it is.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from seedbed.errors import GateError
from seedbed.versions.revisions import Files

BEST = Path("models/best")
LOCK = "dvc.lock"


def locked_model(files: Files) -> str:
    """What dvc.lock of a version names models/best by. Raises GateError where it names none."""
    try:
        stages = YAML(typ="safe").load(files.read(LOCK) or "") or {}
        outs = [one for stage in stages["stages"].values() for one in stage.get("outs", [])]
        return next(one["md5"] for one in outs if one["path"] == BEST.as_posix())
    except (YAMLError, KeyError, AttributeError, TypeError, StopIteration):
        raise GateError(
            f"{files.revision or 'workspace'}: {LOCK}",
            f"no {BEST} in it",
            "the lock of a run that has made a model",
            "name a revision with a model, or run `dvc repro` and commit dvc.lock",
        ) from None


@contextmanager
def base_model(files: Files) -> Iterator[Path]:
    """The folder of a revision's model, for as long as the block runs.

    Raises GateError where neither cache nor remote has all of it.
    """
    locked_model(files)
    with tempfile.TemporaryDirectory(prefix="seedbed-base-") as temporary:
        folder = Path(temporary) / BEST.name
        _fetch(files, folder)
        yield folder


def _fetch(files: Files, folder: Path) -> None:
    from dvc.repo import Repo  # takes a second, so only here

    # Each kind of storage has a client with errors of its own, so that any is caught here; their
    # messages may hold a remote's address, so only their kind is told.
    try:
        # Remotes are those of today: an old revision may name one that has moved.
        with Repo() as repo, repo.switch(files.commit):
            repo.dvcfs.get(BEST.as_posix(), str(folder), recursive=True)
    except Exception as error:
        raise GateError(
            f"{files.revision}: {BEST}",
            f"it is neither in the cache nor to be had from a remote ({type(error).__name__})",
            "the model as that revision's dvc.lock names it",
            "have someone who ran that revision `dvc push` it, or check it out and `dvc repro`",
        ) from None
