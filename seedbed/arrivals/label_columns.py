"""The label column of a new file: whether it holds sets of labels, and what its entry has to say of
them. In a task with one label a text, what looks like sets is reported with the line of params.yaml
that reads it so."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import cast

from seedbed import tasks
from seedbed.collecting.label_cells import FLAGS, LINE, OF_SETS
from seedbed.collecting.raw_rows import COLUMN_NAME
from seedbed.collecting.tables import Table, as_text, named_by
from seedbed.core.errors import SeedbedError
from seedbed.core.labels import in_line

FEWEST_FLAGS = 2  # columns of 0 and 1; a single one is a class or a number


def flag_columns(table: Table, taken: Mapping[str, str | list[str]]) -> list[str]:
    """The columns that are not taken and hold 0 and 1, both; none if these are fewer than two."""
    found = []
    for name in table.columns:
        if name in taken.values() or not COLUMN_NAME.fullmatch(name):
            continue
        try:
            cells = {as_text(one.cells.get(name)).strip().casefold() for one in table.records}
        except TypeError:
            continue
        if cells <= FLAGS.keys() and {FLAGS[cell] for cell in cells if cell} == {True, False}:
            found.append(name)
    return found if len(found) >= FEWEST_FLAGS else []


def step_for_flags(flags: Iterable[str]) -> str:
    """What to do if columns of 0 and 1 are labels, and the task has one label a text."""
    return f"; {in_line(flags)} hold 0 and 1: if each of them is a label, set {LINE} in params.yaml"


def choose_labels(
    entry: dict[str, object], table: Table, task: tasks.Task, separator: str | None, place: str
) -> list[str]:
    """Set in the entry of a source how the sets of its label column are read; return the lines to
    show.

    `entry`: as its columns were found; `separator`: what a person said. Raises SeedbedError for
    lists of labels if the task has one label a text.
    """
    columns = cast(dict[str, str | list[str]], entry["columns"])
    if separator is not None:
        entry["label_separator"] = separator
    label = columns.get("label", "")
    if entry.get("label") or entry.get("unlabelled") or not label:
        return []
    if task.SETS and isinstance(label, str) and not named_by([label], table.columns):
        columns["label"] = label = [name.strip() for name in label.split(",")]
    if isinstance(label, list) or label not in table.columns:
        return []
    cells = [one.cells.get(label) for one in table.records if not one.reason]
    texts = [cell for cell in cells if isinstance(cell, str)]
    if not task.SETS:
        if any(isinstance(cell, list) for cell in cells):
            raise SeedbedError(
                place,
                f"`{label}` holds lists of labels",
                "one label a text, as the task is",
                f"set {LINE} in params.yaml, or name another column with `--label-column NAME`",
            )
        return _looks_like_sets(table, columns, texts)
    notes = []
    if "label_separator" not in entry and (found := task.separator_in(texts)):
        entry["label_separator"] = found
        notes.append(
            f"labels in `{label}` are separated by `{found}`, as its cells show; "
            "`--label-separator` changes that"
        )
    if "empty_label" not in entry and any(not cell.strip() for cell in texts):
        notes.append(
            f"empty cells of `{label}` are texts that nobody has labelled yet; `--empty-label "
            "none` reads them as texts for which no label is right"
        )
    return notes


def _looks_like_sets(
    table: Table, columns: Mapping[str, str | list[str]], texts: list[str]
) -> list[str]:
    """Signs of sets where the task has one label a text."""
    name = columns["label"]
    if separator := next(filter(None, (task.separator_in(texts) for task in OF_SETS)), ""):
        return [
            f"labels in `{name}` look like sets separated by `{separator}`: if they are, set "
            f"{LINE} in params.yaml"
        ]
    labels: dict[object, set[str]] = defaultdict(set)
    for one in table.records:
        text, label = (one.cells.get(str(columns.get(field))) for field in ("text", "label"))
        if isinstance(text, str) and text and isinstance(label, str):
            labels[text].add(label)
    several = sum(len(found) > 1 for found in labels.values())
    if 2 * several > len(labels) > 0:
        return [
            f"{several:,} of its {len(labels):,} texts have several labels, a row for each: if "
            f"each text has them all, set {LINE} in params.yaml, and name the column of its id"
        ]
    return []
