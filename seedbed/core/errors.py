"""Every error that a person can meet, in one tree.

Most are only printed, as one paragraph. A class of its own is for those that some caller catches,
and for what must never happen to rows.
"""


class SeedbedError(Exception):
    """One paragraph for a person: place, what was found, what was expected, what to do next."""

    def __init__(self, place: str, found: str, expected: str = "", next_step: str = "") -> None:
        self.place, self.found, self.expected, self.next_step = place, found, expected, next_step
        text = f"{place}: {found}"
        if expected:
            text += f" (expected {expected})"
        if next_step:
            text += f"; {next_step}"
        super().__init__(text)


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
