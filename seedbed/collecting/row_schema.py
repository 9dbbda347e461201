"""What every collected row must be, checked by pandera."""

import datetime
import json
from typing import Any

import pandas as pd

from seedbed.core.errors import RowsError

HASH = r"[0-9a-f]{16}"
ORIGINS = ("original", "negative")
PROVENANCE = {"file", "licence", "line", "sha256"}


def check_collected(rows: pd.DataFrame) -> None:
    """Raise RowsError that names each column and rule which does not hold, and how often.

    The values are not shown: they are private.
    """
    # Half a second to import, and of no use to those who read rows only.
    from pandera.errors import SchemaErrors

    try:
        _schema().validate(rows, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases.groupby(["column", "check"], dropna=False, sort=True).size()
        found = "; ".join(f"{column}: {check} ({n} rows)" for (column, check), n in cases.items())
        raise RowsError(
            "collected rows", found, "the row contract", "report this: collect should have seen it"
        ) from None


def _schema() -> Any:
    import pandera.pandas as pa

    def column(*checks: Any, **more: Any) -> Any:
        return pa.Column(str, list(checks), **more)

    text = pa.Check(lambda texts: texts.str.strip() != "", name="not_empty")
    day = pa.Check(_is_day, element_wise=True, name="iso_day")
    source = pa.Check(_is_provenance, element_wise=True, name="file_line_licence_sha256")
    meta = pa.Check(_is_object, element_wise=True, name="json_object")
    hashed = pa.Check.str_matches(f"^{HASH}$")
    return pa.DataFrameSchema(
        {
            "id": column(hashed, unique=True),
            "digest": column(hashed),
            "text": column(text),
            "text_pair": column(),
            "label": column(),
            "source": column(text),
            "batch": column(pa.Check.str_matches(r"^\d{4}-\d{2}")),
            "date": column(day),
            "group": column(pa.Check.str_matches(f"^({HASH})?$")),
            "split": column(pa.Check.isin(["", "train", "validation", "test"])),
            "origin": column(pa.Check.isin(ORIGINS)),
            "provenance": column(source),
            "meta": column(meta),
        },
        strict=True,
    )


def _is_day(value: str) -> bool:
    try:
        return value == "" or datetime.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_provenance(value: str) -> bool:
    content = _read(value)
    return isinstance(content, dict) and content.keys() == PROVENANCE


def _is_object(value: str) -> bool:
    return isinstance(_read(value), dict)


def _read(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return None
