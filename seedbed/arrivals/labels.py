"""Labels that the dataset lacks: a person maps them, drops them or makes classes of them."""

import difflib
from collections import Counter
from collections.abc import Sequence

from seedbed.arrivals.asked import Asked
from seedbed.arrivals.standing import Standing
from seedbed.collecting.raw_rows import COLUMN_NAME, RawRow
from seedbed.core.errors import ArrivalError
from seedbed.core.reasons import Reason

SHOWN = 10


def with_unknown(rows: Sequence[RawRow], labels: Sequence[str]) -> list[RawRow]:
    """Rows whose label `collect.labels` does not list, with the reason collect will give."""
    return [
        row._replace(reason=Reason.UNKNOWN_LABEL)
        if labels and row.label and not row.reason and row.label not in labels
        else row
        for row in rows
    ]


def unknown(rows: Sequence[RawRow], known: set[str]) -> Counter[str]:
    """How many usable rows have each label that is not known."""
    return Counter(row.label for row in rows if row.label and row.label not in known)


def check_labels(
    rows: Sequence[RawRow], standing: Standing, asked: Asked, listed: Sequence[str], negative: str
) -> None:
    """Raise ArrivalError where labels are new and nobody said so.

    `listed`: `collect.labels`; what these lack goes to quarantine. `negative`: the label of rows
    without a right answer, which a batch marked as negative may bring.
    """
    if late := [one for one in asked.new_labels if listed and one not in listed]:
        raise ArrivalError(
            "params.yaml: collect.labels", f"`{late[0]}` is not listed", "every class that may be",
            "add it there first; a class is a decision for everyone",
        )  # fmt: skip
    if listed or not standing.classes:
        return
    known = {*standing.classes, *asked.new_labels} | ({negative} if asked.negative else set())
    found = unknown([row for row in rows if not row.reason], known)
    if not found:
        return
    example = shown(next(iter(sorted(found))))
    steps = [
        f"`--map {example}=CLASS` renames them, `--map {example}=` drops their rows, "
        f"`--new-label {example}` makes a class of them"
    ]
    if negative in found:
        steps.append(
            f"rows without a right answer are a source of their own: `seedbed add FILE --source "
            f"NAME --label {negative} --negative in_domain`"
        )
    raise ArrivalError(
        asked.path,
        f"{in_rows(found.total())} with labels that the dataset has not: {in_words(found, known)}",
        f"one of {', '.join(sorted(standing.classes))}",
        "; ".join(steps),
    )


def in_words(found: Counter[str], known: set[str]) -> str:
    """Labels with their counts and the known label that each looks like."""
    parts = []
    for label, rows in sorted(found.items(), key=lambda one: (-one[1], one[0]))[:SHOWN]:
        near = difflib.get_close_matches(label, sorted(known), n=1)
        parts.append(f"{shown(label)} ({rows:,}{f', near {near[0]}' if near else ''})")
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(parts) + more


def in_rows(number: int) -> str:
    """1 row, 2 rows."""
    return "1 row" if number == 1 else f"{number:,} rows"


def shown(label: str) -> str:
    """A label as a terminal may show it; one that looks like a text by its length alone."""
    return label if COLUMN_NAME.fullmatch(label) else f"one of {len(label)} characters"
