"""The cells that labels are read from: a name, or, where a text has a set of labels, a list, a text
with a separator, or a column of 0 and 1 for each label."""

import ast
import json
import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import NamedTuple

from seedbed.collecting.source import Source, SourceTable
from seedbed.collecting.streams import StreamedTable
from seedbed.collecting.tables import Table, as_text, named_by
from seedbed.core.errors import ParamsError
from seedbed.core.reasons import Reason
from seedbed.tasks import NAMES, Task, load

OF_SETS = [task for task in map(load, NAMES) if task.SETS]
LINE = " or ".join(f"`task: {{kind: {task.NAME}}}`" for task in OF_SETS)  # of params.yaml
MAX_LABEL_CHARS = 100  # labels go to git: a text that slipped into the column must not
SURROGATE = re.compile(r"[\ud800-\udfff]")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# As floats, too: so pandas writes a column in which a cell is missing.
FLAGS = dict.fromkeys(("1", "1.0", "true"), True) | dict.fromkeys(("", "0", "0.0", "false"), False)
JOINED = re.compile(r"""['"]\s+['"]""")  # Python reads two texts side by side as one


class LabelCells(NamedTuple):
    """How the labels of one table are read: from columns of names, or of 0 and 1 by label."""

    task: Task
    source: Source
    flags: Mapping[str, str] = {}  # the column of each label
    separator: str = ""
    note: str = ""  # what was guessed, a sentence

    def cell(self, cells: Mapping[str, object]) -> str | list[str]:
        """Return what a record has as label: a text, or a list of names.

        Raises TypeError for anything else.
        """
        if self.source.label or self.source.unlabelled:
            return ""
        if not self.flags:
            [column] = self.source.label_columns
            return _listed(cells.get(column), self.task)
        found = {name: as_text(cells.get(column)).strip() for name, column in self.flags.items()}
        if not any(found.values()):
            return ""
        if not FLAGS.keys() >= {value.casefold() for value in found.values()}:
            raise TypeError("neither 0 nor 1")
        return [name for name, value in found.items() if FLAGS[value.casefold()]]

    def label(
        self, cell: str | list[str], known: Collection[str]
    ) -> tuple[str, tuple[str, ...], str]:
        """Return the label after the map, the map's entries that were used, and what is wrong.

        `known`: the classes that may be, after the map; empty: any.
        """
        source = self.source
        if source.unlabelled:
            return "", (), ""
        # macOS may give folder names decomposed.
        parts = [cell] if isinstance(cell, str) else cell
        composed = [unicodedata.normalize("NFC", part.strip()) for part in parts]
        try:
            names = (
                self.task.members(unicodedata.normalize("NFC", source.label)) if source.label
                else self.task.names_in(
                    composed[0] if isinstance(cell, str) else composed,
                    self.separator, source.empty_label,
                )
            )  # fmt: skip
        except TypeError:
            return "", (), Reason.LABEL_IS_A_LIST
        if names is None:
            return "", (), Reason.MISSING_LABEL
        entries = tuple(name for name in names if name in source.label_map)
        new = self.task.renamed(names, source.label_map)
        if new is None:
            return self.task.label_of(names), entries, Reason.LABEL_DROPPED
        new = tuple(unicodedata.normalize("NFC", name) for name in new)
        problem = next(filter(None, (self._problem(name, known) for name in new)), "")
        label = "" if problem else self.task.label_of(new)
        return label, entries, problem or ("" if label else Reason.MISSING_LABEL)

    def _problem(self, name: str, known: Collection[str]) -> str:
        if len(name) > MAX_LABEL_CHARS or CONTROL.search(name) or SURROGATE.search(name):
            return Reason.LABEL_IS_NO_NAME
        if not self.task.is_storable(name):
            return Reason.SEPARATOR_IN_LABEL
        return Reason.UNKNOWN_LABEL if known and name not in known else ""


def label_cells(source: Source, table: SourceTable, task: Task) -> LabelCells:
    """Return how the labels of a table are read. Raises ParamsError for an entry that says of sets
    what the task has not."""
    if (keys := source.keys_of_sets()) and not task.SETS:
        raise ParamsError(
            f"params.yaml: sources: {source.name}: {keys[0]}",
            "a key of sets of labels",
            "a set of labels as the task, or none of its keys",
            f"set {LINE} in params.yaml, or delete the key",
        )
    if task.SETS and source.negative and source.label not in ("", none := task.label_of([])):
        raise ParamsError(
            f"params.yaml: sources: {source.name}: label",
            f"`{source.label}`, and `negative`",
            f"no label, because none is right for a negative: `{none}`",
            f"write `label: '{none}'`, or give `seedbed add` `--label '{none}'`",
        )
    if flags := flags_of(source, table.table):
        return LabelCells(task, source, flags)
    if source.label_separator is not None or not source.label_columns:
        return LabelCells(task, source, {}, source.label_separator or "")
    [column] = source.label_columns
    values = (record.cells.get(column) for record in table.table.records)
    separator = task.separator_in(
        value for value in values if isinstance(value, str) and not value.lstrip().startswith("[")
    )
    note = (
        f"labels of {table.file} are read with `label_separator: {json.dumps(separator)}`, as its "
        "cells show"
    )
    return LabelCells(task, source, {}, separator, note if separator else "")


def flags_of(source: Source, table: Table | StreamedTable) -> dict[str, str]:
    """Return the column of 0 and 1 of each label, in the order of the table; none if labels are
    names in one column."""
    named = source.columns.label
    if not source.label_columns:
        return {}
    if isinstance(named, list):
        return {name: name for name in named}
    if not named.endswith("*") or named in (columns := table.columns):
        return {}
    prefix = named.removesuffix("*")
    found = named_by([named], columns)
    return {name.removeprefix(prefix) or name: name for name in found}


def _listed(value: object, task: Task) -> str | list[str]:
    """The names of a list, also of one in JSON or Python in a cell of text if labels are sets."""
    if isinstance(value, list | tuple):
        return [as_text(one) for one in value]
    cell = as_text(value).strip()
    if not (task.SETS and cell.startswith("[") and cell.endswith("]")):
        return cell
    try:
        names = json.loads(cell)
    except (ValueError, RecursionError):
        if JOINED.search(cell):
            raise TypeError("a list without commas") from None
        try:
            names = ast.literal_eval(cell)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise TypeError("no list") from None
    return [as_text(one) for one in names]
