"""A folder that the workers of a test run share: the first that asks makes it, the others wait."""

import fcntl
import shutil
from collections.abc import Callable, Collection, Iterable
from pathlib import Path


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Return `folder` after one of the processes that ask for it has called `make(folder)`.

    Raises what `make` raised; in the other processes AssertionError with the same words. If the
    process was killed, the lock is free and nothing says that the folder is whole: the next one
    makes it anew.
    """
    whole, failed = (folder.with_name(f"{folder.name}.{end}") for end in ("whole", "failed"))
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # free again when the file closes
        if failed.exists():
            raise AssertionError(failed.read_text(encoding="utf-8"))
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            try:
                make(folder)
            except Exception as error:
                failed.write_text(f"in another worker: {error}", encoding="utf-8")
                raise
            whole.touch()
    return folder


def in_turn(files: Iterable[Path], waiting: Collection[Path]) -> dict[Path, int]:
    """Return the place of each file in the order in which pytest-xdist hands them to two workers.

    `waiting`: those that need the shared folder. The first of them comes first, so its worker makes
    the folder; half of the other files follow, which keep the second worker busy meanwhile; then
    those that need the folder, among them the longest; the rest fills what is left of the time.
    """
    files = dict.fromkeys(files)
    need = [file for file in files if file in waiting]
    others = [file for file in files if file not in waiting]
    half = len(others) // 2
    order = [*need[:1], *others[:half], *need[1:], *others[half:]]
    return {file: place for place, file in enumerate(order)}
