"""Decisions appended to data/decisions/<who>.jsonl: a line is whole and on the disk, or not there.

Any number of processes may append at once: each takes a lock, writes its line with one call at the
end of the file, and waits until the disk has it.
"""

import fcntl
import json
import os
import re
from pathlib import Path

from seedbed.core.decisions import FOLDER, WHO, Decision
from seedbed.core.errors import ReviewError
from seedbed.core.git import git_answer


def append(decision: Decision, folder: Path = FOLDER) -> None:
    """Add one line to the file of `decision.who`, making it where it is new. Raises OSError where
    the disk does not take the line."""
    folder.mkdir(parents=True, exist_ok=True)
    line = (json.dumps(decision.model_dump(), ensure_ascii=False) + "\n").encode()
    file = folder / f"{checked_who(decision.who)}.jsonl"
    descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        # A process that was killed, or an editor, may have left a line without its end.
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line
        if os.write(descriptor, line) < len(line):
            os.ftruncate(descriptor, size)
            raise OSError(f"{file}: the disk took half a line; it is taken out again")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)  # gives the lock back


def checked_who(who: str) -> str:
    """The name, if it is one that a file can have. Raises ReviewError."""
    if not WHO.fullmatch(who):
        raise ReviewError(
            "who decides",
            f"{who!r}" if who else "nobody",
            "a name of letters, digits, - _ . that begins with a letter or digit",
            "give one with --who NAME",
        )
    return who


def default_who() -> str:
    """git's user.name as such a name: `Ann Lee` is `ann-lee`. Raises ReviewError without one."""
    user = git_answer("config", "user.name")
    name = re.sub(r"[^\w.-]+", "-", user.lower()).strip("-.")[:64]
    return checked_who(name)
