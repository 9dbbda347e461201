"""The options of every stage script: `--engine NAME`, `--shard K/N` and `--gather`.

None is a param: whatever runs the work of a stage, its outputs are the same bytes. A worker of
`--shard` computes its share of the work and writes none of the stage's outputs; `--gather` runs the
stage on the shares of all workers.
"""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from seedbed.core.errors import SeedbedError

ENGINE = "SEEDBED_ENGINE"
SHARED = "SEEDBED_SHARED"
DEFAULT_SHARED = Path(".seedbed/shards")
MAX_SHARES = 100_000
# Events of Python that come before a file or a folder of outputs: the path is the first argument.
WRITES = ("os.mkdir", "os.remove", "os.rename", "os.rmdir")
OWN = (".seedbed", "__pycache__")  # parts of paths in which a worker may write


class Share(NamedTuple):
    """Which part of the work a process computes: `number` of `count`, from 1; 0 gathers all."""

    number: int
    of: int

    @property
    def gathers(self) -> bool:
        """Whether the process reads the shares of all workers."""
        return not self.number


class EndOfShare(BaseException):
    """A worker of `--shard` has written what it can; the stage must not go on.

    No Exception, so that no handler of errors on the way keeps it.
    """


class Run:
    """What this process was started for."""

    share: Share | None = None
    round = 0  # of the maps that are shared, from 1
    gathered: list[Path] = []  # folders of shares that the stage has used


def without_options(arguments: Sequence[str]) -> list[str]:
    """Return the arguments of a stage script that are no options, and set what the options say.

    Raises SeedbedError for an option that does not exist or has a value that makes no sense.
    """
    rest: list[str] = []
    left = list(arguments)
    while left:
        name, given, value = left.pop(0).partition("=")
        if name == "--gather" and not given:
            _set_share(Share(0, 0))
        elif name in ("--engine", "--shard"):
            if not given and not left:
                expected = "K/N, such as 3/16" if name == "--shard" else "the name of an engine"
                raise SeedbedError(name, "no value", expected, f"write it after {name}")
            value = value if given else left.pop(0)
            if name == "--engine":
                os.environ[ENGINE] = value
            else:
                _set_share(share_of(value))
        elif name.startswith("-"):
            step = "correct or remove it"
            raise SeedbedError(f"option {name}", "unknown", "--engine, --shard or --gather", step)
        else:
            rest.append(name + given + value)
    return rest


def share_of(value: str) -> Share:
    """Return the share that K/N means. Raises SeedbedError unless 1 <= K <= N."""
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", value)
    number, count = map(int, match.groups()) if match else (0, 0)
    if not 1 <= number <= count <= MAX_SHARES:
        expected = f"K/N with 1 <= K <= N <= {MAX_SHARES:,}, such as 3/16"
        raise SeedbedError("--shard", f"`{value}`", expected, "start one worker for each K")
    return Share(number, count)


def _set_share(share: Share) -> None:
    if Run.share is not None:
        step = "start workers by --shard, and --gather once they have ended"
        raise SeedbedError("--shard, --gather", "both, or one twice", "one of them", step)
    Run.share = share
    if not share.gathers:
        sys.addaudithook(_stop_at_outputs)


def _stop_at_outputs(event: str, arguments: tuple[object, ...]) -> None:
    """End a worker of `--shard` before the first write of an output, whichever function writes."""
    share = Run.share
    if share is None or share.gathers:
        return
    if event == "open":
        path, _, flags = arguments
        if not isinstance(flags, int) or not flags & (os.O_WRONLY | os.O_RDWR):
            return
    elif event in WRITES:
        path = arguments[0]
    else:
        return
    if isinstance(path, str | bytes | os.PathLike) and _is_output(Path(os.fsdecode(path))):
        raise EndOfShare(
            "it needs the share of no worker any more" if Run.round else "it has no work to share"
        )


def _is_output(path: Path) -> bool:
    path = Path(os.path.abspath(path))
    if not path.is_relative_to(Path.cwd()) or path.is_relative_to(shared_folder().absolute()):
        return False
    return not set(OWN) & set(path.relative_to(Path.cwd()).parts)


def shared_folder() -> Path:
    """Return the folder in which workers of `--shard` leave their shares for `--gather`."""
    return Path(os.environ.get(SHARED) or DEFAULT_SHARED)


def at_once(few: int) -> int:
    """Return how many rows to work on together: `few`, but all in a run that is shared, because
    each of its maps is a round."""
    return few if Run.share is None else sys.maxsize


def forget_shares() -> None:
    """Delete the shares that a stage has gathered, whose outputs are written."""
    for folder in Run.gathered:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            folder.parent.rmdir()  # unless other work of this name has shares
    Run.gathered.clear()
