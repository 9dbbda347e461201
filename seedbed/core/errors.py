"""Every error that a person can meet, in one tree.

Most are only printed, as one paragraph. A class of its own is for those that some caller catches,
and for what must never happen to rows. Names of files, labels and columns are in them, so what a
terminal or the log of a CI would obey is written out.
"""

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLIP = 300  # characters of what a library says


def say(*lines: str) -> None:
    """Print lines in which people's words may be."""
    from seedbed.core.text_units import for_terminal  # a stage's outputs have what it writes

    print(for_terminal("\n".join(lines)), flush=True)


class SeedbedError(Exception):
    """One paragraph for a person: place, what was found, what was expected, what to do next."""

    def __init__(self, place: str, found: str, expected: str = "", next_step: str = "") -> None:
        from seedbed.core.text_units import for_terminal

        self.place, self.found, self.expected, self.next_step = place, found, expected, next_step
        text = f"{place}: {found}"
        if expected:
            text += f" (expected {expected})"
        if next_step:
            text += f"; {next_step}"
        super().__init__(for_terminal(text))


class ParamsError(SeedbedError):
    """A value in params.yaml that is not allowed."""


class SourceError(SeedbedError):
    """A source that cannot be read, or has too many bad rows."""


class RowsError(SeedbedError):
    """A rows folder that is missing, empty or breaks the row contract."""


class DamagedError(RowsError):
    """A file of this project that is missing, or not as it was written."""


class LedgerError(SeedbedError):
    """Rows that do not add up."""


class LeakError(SeedbedError):
    """A row, its copy or its group in two splits."""


class RevisionError(SeedbedError):
    """A question that git cannot answer."""


class PipelineError(SeedbedError):
    """A dvc.yaml or dvc.lock that cannot be read."""


class GateError(SeedbedError):
    """Two models that cannot be compared, or one that cannot be promoted."""


class ModelError(SeedbedError):
    """An encoder or a model that cannot be loaded or trained."""


class WorkError(SeedbedError):
    """Work on texts that did not give a result for each; `item` is the text that it fails on."""

    def __init__(
        self, place: str, found: str, expected: str, next_step: str, item: object = None
    ) -> None:
        super().__init__(place, found, expected, next_step)
        self.item = item

    def of_row(self, row: str) -> "WorkError":
        """Return the error with the row that has the text."""
        found = f"row {row}: {self.found}"
        return WorkError(self.place, found, self.expected, self.next_step)


# What no stage makes; the rest of data/, models/ and reports/ comes back by `dvc repro`.
BY_PEOPLE = re.compile(
    r"data/(raw|decisions|tombstones|frozen_test|gate_overrides)\b|tests/|[^/]*$"
)
# What a full disk and the like are called in the errors of libraries, which are not all OSError.
TROUBLES = {
    (
        "no space left",
        "disk quota",
        "os error 28",
        "file too large",
        "disk is full",
    ): "free some space (`seedbed memo clear` and `dvc gc --workspace` do)",
    ("permission denied", "read-only", "not permitted", "os error 13"): "make the place readable "
    "and writable for you",
    ("too many open files",): "raise the limit (`ulimit -n 4096`)",
    ("file name too long",): "use shorter names",
    ("input/output error", "disk i/o error"): "check the disk and the space that is left on it",
}


def of_the_machine(error: Exception) -> SeedbedError | None:
    """Return the paragraph for what the disk, the memory or a permission made of a run; None for an
    error of any other kind, which is a bug and needs its traceback."""
    if isinstance(error, MemoryError):
        return SeedbedError(
            "memory", "there is not enough", "", "close other programs, or run on a larger machine"
        )
    said = " ".join(str(error).split())[:CLIP]
    for words, step in TROUBLES.items():
        if any(word in str(error).lower() for word in words):
            return SeedbedError(_place(error), said, "", f"{step}, and run the same command again")
    if isinstance(error, OSError) and error.filename is not None:
        step = "bring the file back, and run the same command again"
        return SeedbedError(_place(error), error.strerror or said, "", step)
    return None


def _place(error: Exception) -> str:
    return str(getattr(error, "filename", None) or "disk")


@contextmanager
def reading(path: Path, step: str = "") -> Iterator[Path]:
    """Turn whatever a library makes of a damaged file of ours, `path`, into one paragraph.

    Raises DamagedError, which names the file and what brings it back, by default `repair`; a
    SeedbedError passes, and so does what is the machine's fault.
    """
    try:
        yield path
    except SeedbedError:
        raise
    except FileNotFoundError as error:
        place = Path(error.filename or path)
        raise DamagedError(str(place), "no such file", "", step or repair(place)) from None
    except Exception as error:
        is_another = isinstance(error, IsADirectoryError | NotADirectoryError)
        if isinstance(error, OSError) and not is_another and of_the_machine(error):
            raise
        said = " ".join(str(error).split())[:CLIP]
        found = f"it cannot be read ({type(error).__name__}: {said})"
        expected, step = "the file as it was written", step or repair(path)
        raise DamagedError(str(path), found, expected, step) from None


def repair(path: Path) -> str:
    """Return what brings a file of this project back, as the next step of an error."""
    place = path.as_posix()
    if BY_PEOPLE.match(place):
        return f"correct it, or go back to the version in git: `git restore {shlex.quote(place)}`"
    return "`dvc repro` makes it anew"
