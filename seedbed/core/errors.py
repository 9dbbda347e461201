"""Every error that a person can meet, in one tree.

They differ in what a caller does with them: most are only printed, as one paragraph.
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


class ArrivalError(SeedbedError):
    """A new batch that cannot be added, or needs an answer first."""


class RowsError(SeedbedError):
    """A rows folder that is missing, empty or breaks the row contract."""


class KeyFileError(SeedbedError):
    """A secret key that is missing, or is not the one that made the data."""


class LedgerError(SeedbedError):
    """Rows that do not add up."""


class LeakError(SeedbedError):
    """A row, its copy or its group in two splits."""


class FreezeError(SeedbedError):
    """A frozen test set that would lose or change a row."""


class DecisionError(SeedbedError):
    """A decision that cannot be read or applied."""


class ReviewError(SeedbedError):
    """Something that review needs and does not have: a queue, a name, the web page's packages."""


class ForgetError(SeedbedError):
    """A row to forget that does not exist, or that cannot be removed from where it is."""


class RevisionError(SeedbedError):
    """A question that git cannot answer."""


class PipelineError(SeedbedError):
    """A dvc.yaml or dvc.lock that cannot be read."""


class MergeError(SeedbedError):
    """A merge that a person has to settle."""


class PostError(SeedbedError):
    """A report that could not be posted to a pull request."""


class TableError(SeedbedError):
    """A table to predict for that cannot be read, or predictions that cannot be written."""


class GateError(SeedbedError):
    """Two models that cannot be compared, or one that cannot be promoted."""


class ModelError(SeedbedError):
    """An encoder or a model that cannot be loaded or trained."""


class MemoError(SeedbedError):
    """A setting of the memo that is not allowed, or a memo that cannot be cleared."""
