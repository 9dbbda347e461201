"""The columns of a new file: which is what, whether labels are sets, and where its conversations
are. In a task with one label a text, what looks like sets is reported with the line of params.yaml
that reads it so."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from seedbed.arrivals.file_form import PLAIN, other_form
from seedbed.collecting.conversations import MESSAGES, Form, as_one_conversation, form_of
from seedbed.collecting.label_cells import FLAGS, LINE, OF_SETS
from seedbed.collecting.raw_rows import COLUMN_NAME
from seedbed.collecting.source import Columns
from seedbed.collecting.tables import Record, Table, as_text, named_by
from seedbed.core.errors import SeedbedError, SourceError
from seedbed.core.labels import in_line
from seedbed.tasks import Task

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
    entry: dict[str, object], table: Table, task: Task, separator: str | None, place: str
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


def inferred(
    table: Table, said: Mapping[str, str], needs_label: bool, place: str, task: Task
) -> dict[str, str | list[str]]:
    """The columns by field: what was said, and what has a plain name; of label also the columns of
    0 and 1, if it may be a set.

    Raises SeedbedError where text or label stays open, or two columns could be the same.
    """
    columns: dict[str, str | list[str]] = {field: name for field, name in said.items() if name}
    for field in PLAIN:
        if field in said or (field == "label" and not needs_label):
            continue
        free = [name for name in table.columns if name not in columns.values()]
        found = [name for name in free if name.casefold() in PLAIN[field]]
        found.sort(key=lambda name: PLAIN[field].index(name.casefold()))
        if field == "id":
            one_a_row = not task.SETS
            found = [name for name in found if names_rows(name, table.records, one_a_row)]
        flags = flag_columns(table, columns) if field == "label" and not found else []
        if flags and task.SETS:
            columns[field] = flags
        elif len(found) == 1 or (found and field == "date"):  # a guess, which need not be asked for
            columns[field] = found[0]
        elif found or field in ("text", "label"):
            named = [f"`{one}`" for one in table.columns[:20] if COLUMN_NAME.fullmatch(one)]
            several = " and ".join(f"`{name}`" for name in found)
            more = " (or `--label NAME` for one label, or `--unlabelled`)"
            raise SeedbedError(
                place,
                f"{several} could be the {field}" if found else f"no column is plainly the {field}",
                f"one of its columns: {', '.join(named) or 'none with a name'}",
                f"say which with `--{field}-column NAME`{more if field == 'label' else ''}"
                + (step_for_flags(flags) if flags else "" if found else other_form(table)),
            )
    return columns


def names_rows(column: str, records: Sequence[Record], one_a_row: bool = True) -> bool:
    """Whether a column names each row for good: there in all, each once if `one_a_row`, and no mere
    count of the rows from 0 or 1, which would give other rows the same names in the next file."""
    try:
        values = [as_text(one.cells.get(column)) for one in records if not one.reason]
    except TypeError:
        return False
    counted = [[str(start + n) for n in range(len(values))] for start in (0, 1)]
    is_unique = len(set(values)) == len(values)
    return all(values) and (is_unique or not one_a_row) and values not in counted


def choose_conversations(
    said: Mapping[str, str], table: Table, place: str, is_labelled: bool, lacks_answers: bool
) -> tuple[dict[str, str], list[str]]:
    """Return the columns that the entry of a file of conversations names, and notes on what its
    content shows instead: which columns are read, and which one could be the category.

    `lacks_answers`: whether questions alone are enough. Raises SourceError for no conversations.
    """
    named = {name: said[name] for name in ("text", "messages", "answer") if said.get(name)}
    whole = as_one_conversation(table)
    try:
        form = form_of(Columns.model_validate(named), whole, place, lacks_answers)
    except SourceError as error:
        step = "name them with `--messages-column`, or with `--text-column` and `--answer-column`"
        raise SourceError(error.place, error.found, error.expected, step) from None
    columns = {"text": "", "text_pair": "", "label": "", **said}
    notes = [] if named else [_form_in_words(form)]
    if form.messages and form.messages.casefold() not in MESSAGES:
        columns["messages"] = form.messages  # a file of columns gives it only if it is named
    if not is_labelled and not said.get("label"):
        notes += [
            f"the name of the source is the category of its rows; `{name}` could be it, too: "
            f"`--label-column {name}`"
            for name in whole.columns
            if name.casefold() in PLAIN["label"]
        ][:1]
    return columns, notes


def _form_in_words(form: Form) -> str:
    """What the content of a file shows of its conversations, and which options overrule that."""
    more = [f"a system text in `{form.system}`"] if form.system else []
    more += [f"earlier turns in `{form.history}`"] if form.history else []
    if form.messages:
        found = [f"conversations are lists of messages in `{form.messages}`", *more]
        return f"{', '.join(found)}; `--messages-column` names another column"
    question = f"`{form.question}`{f' and `{form.more}`' if form.more else ''}"
    found = [f"questions are in {question}", *([f"answers in `{form.answer}`"] * bool(form.answer))]
    return f"{', '.join(found + more)}; `--text-column` and `--answer-column` name others"
