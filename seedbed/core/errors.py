"""Every error that a person can meet, in one tree.

Most are only printed, as one paragraph. A class of its own is for those that some caller catches,
and for what must never happen to rows. Names of files, labels and columns are in them, so what a
terminal or the log of a CI would obey is written out.
"""

import re
import unicodedata
from collections.abc import Callable

SUSPICIOUS = re.compile(r"[^\n\t !-~]")
# Controls, as ESC; zero width and direction marks; lone surrogates; line and paragraph separators.
UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # letters and marks that show nothing
ZERO_WIDTH_JOINER = "\u200d"  # holds emoji and some scripts together
# A line that begins so is a command to a runner of GitHub Actions, or of Azure Pipelines.
COMMAND = re.compile(r"^([ \t]*)(::(?=[\w-]+[ :])|##(?=(?:vso)?\[))", re.MULTILINE)


def for_terminal(text: str) -> str:
    """Write out the unseen characters of a text as escapes, \\x1b for ESC; lines and tabs stay."""
    return COMMAND.sub(r"\1\\\2", written_out(text, lambda unseen: ascii(unseen)[1:-1]))


def written_out(text: str, form: Callable[[str], str]) -> str:
    """Return a text with each character in `form` that is unseen, or changes how others are."""
    return SUSPICIOUS.sub(lambda found: form(found[0]) if _is_unseen(found[0]) else found[0], text)


def _is_unseen(character: str) -> bool:
    hidden = unicodedata.category(character) in UNSEEN or character in BLANK
    return hidden and character != ZERO_WIDTH_JOINER


def say(*lines: str) -> None:
    """Print lines in which people's words may be."""
    print(for_terminal("\n".join(lines)), flush=True)


class SeedbedError(Exception):
    """One paragraph for a person: place, what was found, what was expected, what to do next."""

    def __init__(self, place: str, found: str, expected: str = "", next_step: str = "") -> None:
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
