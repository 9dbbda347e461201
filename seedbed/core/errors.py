"""Every error a person can meet, in one tree.

SeedbedError
├── ParamsError    params.yaml says something it may not
├── SourceError    a source cannot be read, or too many of its rows are bad
├── ArrivalError   a new batch cannot be added, or something of it must be said first
├── RowsError      a rows folder is missing, empty or breaks the row contract
├── KeyFileError   the secret key is missing, or is not the one that made the data
├── LedgerError    rows do not add up
├── LeakError      a row, its copy or its group stands on two sides
├── FreezeError    the frozen test would lose or change a row
├── DecisionError  a decision that cannot be read or applied
├── ReviewError    what review was asked for is not here
├── ForgetError    what is to be forgotten is not here, or stands where it cannot be taken out
├── RevisionError  git does not have what was asked of it
├── PipelineError  dvc.yaml, dvc.lock or a metrics file cannot be read
├── MergeError     a merge that a person has to settle
├── PostError      a report could not be posted
├── TableError     a table to predict for cannot be read, or its predictions not be written
├── GateError      two models cannot be compared, or this one not be promoted
├── ModelError     an encoder or a model that cannot be loaded or trained
└── MemoError      the memo is set to something it cannot be, or cannot be cleared
"""


class SeedbedError(Exception):
    """One paragraph for a person: place, what was found, what was expected, what to do next."""

    def __init__(self, place: str, found: str, expected: str, next_step: str) -> None:
        self.place, self.found, self.expected, self.next_step = place, found, expected, next_step
        super().__init__(f"{place}: {found} (expected {expected}); {next_step}")


class ParamsError(SeedbedError):
    """params.yaml says something it may not."""


class SourceError(SeedbedError):
    """A source cannot be read, or too many of its rows are bad."""


class ArrivalError(SeedbedError):
    """A new batch cannot be added, or something of it must be said first."""


class RowsError(SeedbedError):
    """A rows folder is missing, empty or breaks the row contract."""


class KeyFileError(SeedbedError):
    """The secret key is missing, or is not the one that made the data."""


class LedgerError(SeedbedError):
    """Rows do not add up."""


class LeakError(SeedbedError):
    """A row, its copy or its group stands on two sides."""


class FreezeError(SeedbedError):
    """The frozen test would lose or change a row."""


class DecisionError(SeedbedError):
    """A decision that cannot be read or applied."""


class ReviewError(SeedbedError):
    """What review was asked for is not here: a queue, a name, the web page's packages."""


class ForgetError(SeedbedError):
    """What is to be forgotten is not here, or stands where it cannot be taken out."""


class RevisionError(SeedbedError):
    """Git does not have what was asked of it."""


class PipelineError(SeedbedError):
    """dvc.yaml, dvc.lock or a metrics file cannot be read."""


class MergeError(SeedbedError):
    """A merge that a person has to settle."""


class PostError(SeedbedError):
    """A report could not be posted to a pull request."""


class TableError(SeedbedError):
    """A table to predict for cannot be read, or its predictions not be written."""


class GateError(SeedbedError):
    """Two models cannot be compared, or this one not be promoted."""


class ModelError(SeedbedError):
    """An encoder or a model that cannot be loaded or trained."""


class MemoError(SeedbedError):
    """The memo is set to something it cannot be, or cannot be cleared."""
