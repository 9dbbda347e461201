"""`seedbed predict`: labels for new texts by models/best, a chunk of rows at a time.

Texts are cleaned and their personal values replaced as before training, whatever params.yaml says
by now; the output has the original texts. The memo is not used, so nothing of them is kept.

Tables are read as collect reads them. Every row is written, in its order: one that cannot be read,
or has no text, without a label and with the reason.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from seedbed.cleaning.rules import rewritten
from seedbed.collecting.raw_rows import SURROGATE
from seedbed.collecting.table_forms import NOTHING_SAID, Record, TableForm
from seedbed.collecting.tables import as_text
from seedbed.core.errors import SeedbedError
from seedbed.core.reasons import Reason
from seedbed.core.stage import progress
from seedbed.private.detection import anonymize
from seedbed.serving.chunks import Chunk, check_new_columns, plain_counts, read_chunks
from seedbed.serving.model_folder import Serving, TextPreparation, read_serving
from seedbed.serving.writing import check_target, write

if TYPE_CHECKING:  # torch, which a mistake in the command need not wait for
    from seedbed.training.classifier import Classifier

DIGITS = 6
SHOWN = 5


class PredictColumns(NamedTuple):
    """The columns of the text and, for a model of pairs, of the second text, and a prefix for the
    names of the new columns; `every`: whether the probability of each class is one of them."""

    text: str = "text"
    pair: str = ""
    prefix: str = ""
    every: bool = False

    def new(self, serving: Serving, classes: Sequence[str]) -> list[str]:
        """The names of the columns to add."""
        scope = ["out_of_scope"] if serving.outside else []
        each = [f"probability {name}" for name in classes] if self.every else []
        return [self.prefix + name for name in ("label", "probability", *scope, *each, "reason")]


class Answers(NamedTuple):
    """Of prepared texts: the label, its calibrated probability (of a set that of all of it, as if
    its labels were independent), whether each is out of scope, (rows,) each; and the calibrated
    probability of every class, (rows, classes)."""

    labels: list[str]
    given: list[float]
    outside: list[bool]
    every: np.ndarray


class Predicted(NamedTuple):
    """Rows that were written, of these out of scope, and without a label by reason; place and
    reason of the first ones that cannot be read; how the table was found to be written."""

    rows: int
    out_of_scope: int
    reasons: Counter[str]
    unreadable: list[str]
    notes: tuple[str, ...]

    def in_words(self, target: Path, prefix: str) -> list[str]:
        """What a person must know of it, a line each."""
        outside = f", {self.out_of_scope:,} out of scope" if self.out_of_scope else ""
        lines = [*self.notes, f"{target}: {self.rows:,} rows{outside}"]
        if self.reasons:
            lines.append(f"Without a label (column `{prefix}reason`): {plain_counts(self.reasons)}")
        if self.unreadable:
            lines.append("Rows that cannot be read, the first of them:")
        return [*lines, *(f"  {place}" for place in self.unreadable)]


def predict(
    source: Path,
    target: Path,
    folder: Path,
    columns: PredictColumns,
    form: TableForm = NOTHING_SAID,
    chunk_rows: int = 2048,
) -> Predicted:
    """Write the rows of `source` to `target` with the new columns; `form`: what was said of how
    `source` is written.

    Raises SeedbedError where a table cannot be read or written, ModelError where the model cannot
    be loaded.
    """
    check_target(source, target)
    chunks = read_chunks(source, chunk_rows, form)
    first = next(chunks)
    serving = read_serving(folder)
    if serving.paired and not columns.pair:
        step = "add `--pair-column`"
        raise SeedbedError(str(folder), "a model of pairs", "a column for the second text", step)
    if columns.pair and not serving.paired:
        step = "leave `--pair-column` out"
        raise SeedbedError(str(folder), "a model of single texts", "no pairs", step)
    check_columns(first, columns)
    from seedbed.training.classifier import Classifier

    model, counts, reasons = Classifier(folder), Counter[str](), Counter[str]()
    unreadable: list[str] = []

    def labelled_chunks() -> Iterator[tuple[Chunk, pa.RecordBatch]]:
        for chunk in progress(chain([first], chunks), "predict", None):
            check_new_columns(chunk, columns.new(serving, model.classes))
            more = labelled(chunk, columns, model, serving)
            counts["rows"] += more.num_rows
            if serving.outside:
                counts["out_of_scope"] += sum(map(bool, more.column(2).to_pylist()))
            for record, reason in zip(chunk.records, more.columns[-1].to_pylist(), strict=True):
                reasons.update([reason] if reason else [])
                if reason not in (None, Reason.MISSING_TEXT) and len(unreadable) < SHOWN:
                    unreadable.append(f"{chunk.place(record)} {reason}")
            yield chunk, more
        if counts["rows"] == reasons.total() - reasons[Reason.MISSING_TEXT]:
            found = f"no row can be read, such as {unreadable[0]}"
            step = "correct its rows, or name --separator, --quote or --encoding"
            raise SeedbedError(str(source), found, "a table", step)

    write(target, labelled_chunks())
    return Predicted(counts["rows"], counts["out_of_scope"], reasons, unreadable, first.notes)


def check_columns(chunk: Chunk, columns: PredictColumns) -> None:
    """Check that a table has the columns to read, each once. Raises SeedbedError."""
    options = {columns.text: "--column"} | ({columns.pair: "--pair-column"} if columns.pair else {})
    there = dict.fromkeys([*chunk.columns, *(key for row in chunk.records for key in row.cells)])
    for name, option in options.items():
        if chunk.columns.count(name) > 1:
            raise SeedbedError(
                str(chunk.file), f"two columns `{name}`", "different names", "rename one"
            )
        if name not in there:
            found, known = f"no column `{name}`", f"one of {', '.join(there)}"
            raise SeedbedError(chunk.place(chunk.records[0]), found, known, f"set `{option}`")


def labelled(
    chunk: Chunk, columns: PredictColumns, model: "Classifier", serving: Serving
) -> pa.RecordBatch:
    """The new columns of a chunk: label, its calibrated probability, where the model detects it,
    whether the text is out of scope, where it is wanted the probability of every class, and why a
    row has none of these. The others are null."""
    texts, reasons = _texts(chunk, columns.text, serving)
    pairs: list[str] = []
    if columns.pair:
        pairs, more = _texts(chunk, columns.pair, serving)
        others = [reason if reason != Reason.MISSING_TEXT else "" for reason in more]
        reasons = [one or other for one, other in zip(reasons, others, strict=True)]
    indices = [index for index, reason in enumerate(reasons) if not reason]
    names = columns.new(serving, model.classes)
    scope, each = bool(serving.outside), len(model.classes) if columns.every else 0
    kinds = [pa.string(), pa.float64(), *[pa.bool_()] * scope, *[pa.float64()] * each, pa.string()]
    rows: list[dict[str, Any]] = [{names[-1]: str(reason) or None} for reason in reasons]
    if indices:
        some = [pairs[index] for index in indices] if pairs else None
        found = answers([texts[index] for index in indices], some, model, serving)
        for place, index in enumerate(indices):
            values = [found.labels[place], found.given[place], *[found.outside[place]] * scope]
            values += found.every[place].tolist()[:each]
            rows[index] |= dict(zip(names[:-1], values, strict=True))
    return pa.RecordBatch.from_pylist(rows, schema=pa.schema(zip(names, kinds, strict=True)))


def _texts(chunk: Chunk, column: str, serving: Serving) -> tuple[list[str], list[str]]:
    """The prepared text of each row, and "" or why it has none."""
    found = [_text(record, column) for record in chunk.records]
    texts = prepared([text for text, _ in found], serving.preparation)
    reasons = [
        reason or ("" if text else Reason.MISSING_TEXT)
        for text, (_, reason) in zip(texts, found, strict=True)
    ]
    return texts, reasons


def _text(record: Record, column: str) -> tuple[str, str]:
    """The text of a row, and the reason for which collect would refuse it."""
    try:
        text = "" if record.reason else as_text(record.cells.get(column))
    except TypeError:
        return "", Reason.NOT_TEXT
    return ("", Reason.LONE_SURROGATE) if SURROGATE.search(text) else (text, record.reason)


def prepared(texts: Sequence[str], preparation: TextPreparation) -> list[str]:
    """Each text as the model would have seen it in training. Limits such as `clean.min_chars` drop
    rows from training only; no new text is refused for them.

    Raises SeedbedError where stand-ins depend on a key that is not here.
    """
    settings, key = preparation.anonymize, preparation.key()
    cleaned = [rewritten(text, preparation.rules)[0] for text in texts]
    return [change.text for change in anonymize(cleaned, settings.wanted, key, settings.mode)]


def answers(
    texts: list[str], pairs: list[str] | None, model: "Classifier", serving: Serving
) -> Answers:
    """Answer prepared texts (and their pairs), as if each were in scope."""
    raw, task = probabilities(texts, pairs, model, serving), model.task
    limits, calibrated = serving.thresholds, task.rescaled(raw, serving.temperature)
    predicted = task.decode(task.answered(raw, limits))
    labels = task.labels(predicted, model.classes)
    ruled = task.labels(
        task.decode(task.ruled(raw, limits)),
        task.ruled_classes(model.classes, serving.outside, limits),
    )
    outside = [label == serving.outside for label in ruled]
    given = np.round(task.given(calibrated, predicted), DIGITS).tolist()
    return Answers(labels, given, outside, np.round(calibrated, DIGITS))


def probabilities(
    texts: list[str], pairs: list[str] | None, model: "Classifier", serving: Serving
) -> np.ndarray:
    """Compute the probability of each class before calibration: (rows, classes) float64."""
    from seedbed.encoding.encoder import pooled_windows, precision

    encoded = model.tokenizer(texts, pairs)
    logits = model.logits(encoded, precision(serving.precision), "")
    return model.task.probabilities(pooled_windows(logits, encoded.windows))
