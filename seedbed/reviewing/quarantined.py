"""Rows that could not be read, with what to do. They have no id, so nobody decides on them: the
source is mended, and `dvc repro` reads it again."""

from pathlib import Path
from typing import NamedTuple

from seedbed.core.errors import RowsError
from seedbed.core.files import read_csv

QUARANTINE = Path("data/quarantine.csv")
LABEL = "correct the label in the file, or map it in `label_map` of its source"
ENCODING = "name the file's encoding in `encoding` of its source, or save the file as UTF-8"
NEXT_STEPS = {
    "bad_date": "write the date as YYYY-MM-DD, or name another column in `columns.date`",
    "bad_encoding": ENCODING,
    "bad_json": "mend the line, so that it is one JSON object",
    "bad_quotes": 'close the quotes; a quote inside a cell is written ""',
    "label_is_no_name": LABEL,
    "lone_surrogate": "delete the half character, which a cut through an emoji leaves",
    "missing_id": "give the row the key of its source, or name another column in `columns.id`",
    "missing_label": "give the row a label, or delete it",
    "missing_text": "give the row a text, or delete it",
    "missing_text_pair": "give the row its second text, or delete it",
    "not_an_object": "write the row as one JSON object with a key a column",
    "not_text": "delete the row, or name a column that holds text",
    "too_large": "cut the text, or raise collect.max_row_chars",
    "unknown_label": f"{LABEL}; a new class is named in collect.labels",
    "unknown_split": "write train, validation or test, or leave the side out",
    "wrong_column_count": "give the line as many cells as the header; quote separators in cells",
}


class Quarantined(NamedTuple):
    """One row that could not be read: where it stands, why, and what to do."""

    source: str
    file: str
    line: int
    reason: str
    next_step: str


def quarantined(path: Path = QUARANTINE) -> list[Quarantined]:
    """The rows in quarantine, in the order of the file. Raises RowsError where collect has not
    run."""
    if not path.exists():
        raise RowsError(str(path), "no such file", "what collect writes", "run `dvc repro`")
    return [
        Quarantined(
            one["source"],
            one["file"],
            int(one["line"]),
            one["reason"],
            NEXT_STEPS.get(one["reason"], "correct the row in its source, or delete it"),
        )
        for one in read_csv(path)
    ]
