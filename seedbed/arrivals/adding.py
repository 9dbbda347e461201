"""A batch added: fetched, copied, tracked and registered, all of it or nothing."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from seedbed.core.errors import ArrivalError
from seedbed.core.files import read_json, sha256_of, write_json, write_text

LOCAL = "file"


@contextmanager
def fetched(place: str, is_url: bool) -> Iterator[Path]:
    """The path of a file or folder; what a URL gives is gone when the block ends.

    Raises ArrivalError where DVC cannot fetch it.
    """
    if not is_url:
        yield Path(place)
        return
    name = PurePosixPath(urlsplit(place).path).name or "table"
    with tempfile.TemporaryDirectory(prefix="seedbed-") as folder:  # mode 0700
        target = Path(folder, name)
        dvc("get-url", "--quiet", as_dvc_says(place), str(target))
        yield target


def as_dvc_says(url: str) -> str:
    """`file:` URLs as the paths that DVC takes; others as they are."""
    parts = urlsplit(url)
    return unquote(parts.path) if parts.scheme == LOCAL else url


PARAMS = Path("params.yaml")
PIPELINE = Path("dvc.yaml")
JOURNAL = Path(".seedbed/adding.json")
LOCK = Path(".seedbed/adding.lock")
REMOTE = "private"  # where raw texts may go, and nowhere else
NOWHERE = "push: false"


@contextmanager
def alone() -> Iterator[None]:
    """Let one `seedbed add` work at a time: a second would take the first one's journal for that of
    one that was killed. The system gives the lock back however a process ends. Raises ArrivalError.
    """
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArrivalError(
                str(LOCK), "another `seedbed add` is at work here", "one at a time", "wait for it"
            ) from None
        yield


def add(origin: Path | str, target: Path, params: str, pipeline: str, sha256: str = "") -> None:
    """Copy `origin` (a path; or a URL, which DVC fetches and can update) to `target`, track it,
    and write the two files. Raises ArrivalError with everything as it was.

    `sha256`: what the file that a URL gives must be: the one that was looked at.
    """
    before = PIPELINE.read_text(encoding="utf-8")
    tracked = target.with_name(target.name + ".dvc")
    for path in (target, tracked):
        if path.exists():
            raise ArrivalError(str(path), "this file already exists", next_step="name a `--batch`")
    write_json(
        JOURNAL,
        {"target": target.as_posix(), "pipeline": before, "written": pipeline, "params": params},
    )
    try:
        if isinstance(origin, Path):
            _copy(origin, target)
            dvc("add", "--quiet", str(target))
        else:
            dvc("import-url", "--quiet", origin, str(target))
            if target.is_file() and sha256_of(target) != sha256:
                raise ArrivalError(
                    origin, "it changed while it was looked at", "the same bytes", "add it again"
                )
        _only_to_private(tracked)
        if not isinstance(origin, Path):  # an import holds a digest of its own .dvc file
            dvc("commit", "--quiet", "--force", str(tracked))
        write_text(PIPELINE, pipeline)
        write_text(PARAMS, params)
    except BaseException:
        undo()
        raise
    JOURNAL.unlink()


def told_after(target: Path) -> list[str]:
    """What was done, and what to do next."""
    tracked = target.with_name(target.name + ".dvc")
    lines = [
        f"Added: {target} is tracked by DVC and registered in params.yaml and dvc.yaml.",
        f"Now run `dvc repro`, and commit {tracked}, params.yaml, dvc.yaml and what it changes.",
    ]
    if NOWHERE in tracked.read_text(encoding="utf-8"):
        lines.append(
            f"There is no DVC remote `{REMOTE}`, so the file stays on this machine. To keep it "
            f"elsewhere: `dvc remote add {REMOTE} PLACE`, and in {tracked} `remote: {REMOTE}` for "
            f"`{NOWHERE}`."
        )
    return lines


def _has_private_remote() -> bool:
    command = [sys.executable, "-m", "dvc", "remote", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return any(line.split()[:1] == [REMOTE] for line in done.stdout.splitlines())


def undo() -> bool:
    """Put back what an addition that did not end has left. True where there was one."""
    if not JOURNAL.exists():
        return False
    begun = read_json(JOURNAL)
    if PARAMS.read_text(encoding="utf-8") != begun["params"]:
        if PIPELINE.read_text(encoding="utf-8") == begun["written"]:
            write_text(PIPELINE, begun["pipeline"])
        target = Path(begun["target"])
        _remove(target)
        _remove(target.with_name(f".{target.name}.partial"))
        target.with_name(target.name + ".dvc").unlink(missing_ok=True)
    JOURNAL.unlink()
    return True


def _copy(origin: Path, target: Path) -> None:
    """For its owner alone to read, under a name that no stage takes for whole until it is."""
    partial = target.with_name(f".{target.name}.partial")
    _remove(partial)
    target.parent.mkdir(parents=True, exist_ok=True)
    if origin.is_dir():
        shutil.copytree(origin, partial, copy_function=shutil.copyfile)
        for path in [partial, *partial.rglob("*")]:
            path.chmod(0o700 if path.is_dir() else 0o600)
    else:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        shutil.copyfile(origin, partial)
    partial.rename(target)


def _only_to_private(tracked: Path) -> None:
    """Say in the .dvc file where `dvc push` may take raw texts: to the private remote, or, where
    there is none, nowhere. (A remote that is not set up would stop all of DVC's commands.)"""
    where = f"remote: {REMOTE}" if _has_private_remote() else NOWHERE
    text = tracked.read_text(encoding="utf-8")
    path = next(line for line in reversed(text.splitlines()) if line.startswith("  path: "))
    write_text(tracked, text.replace(path, f"{path}\n  {where}"))


def dvc(*arguments: str) -> None:
    """Run a DVC command. Raises ArrivalError with its last line where it fails."""
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise ArrivalError(
            f"dvc {arguments[0]}", " ".join(last) or "it failed", "success", "nothing was changed"
        )


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
