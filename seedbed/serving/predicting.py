"""`seedbed predict`: labels for new texts by models/best, a chunk of rows at a time.

A text is cleaned and its personal values are replaced as was done before training; the table that
is written has the text as it came. Nothing of it is kept: the memo is not used.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from seedbed.collecting.tables import as_text
from seedbed.core.errors import TableError
from seedbed.core.stage import progress
from seedbed.serving.model_folder import Serving, read_serving
from seedbed.serving.table_streams import Chunk, check_suffix, read_chunks, written

if TYPE_CHECKING:  # torch, which a mistake in the command need not wait for
    from seedbed.training.classifier import Classifier

CHUNK_ROWS = 2048
DIGITS = 6


class Columns(NamedTuple):
    """Which columns hold the text and, for a model of pairs, what it is paired with, and what
    stands before the names of the new columns."""

    text: str = "text"
    pair: str = ""
    prefix: str = ""

    def new(self, serving: Serving) -> list[str]:
        """The columns that are added."""
        names = ["label", "probability", *(["out_of_scope"] if serving.outside else [])]
        return [self.prefix + name for name in names]


def predict(
    source: Path, target: Path, folder: Path, columns: Columns, chunk_rows: int = CHUNK_ROWS
) -> Counter[str]:
    """Write the rows of `source` to `target` with the new columns; how many rows, how many of them
    out of scope, and how many without text, which get no label.

    Raises TableError where a table cannot be read or written, ModelError where the model cannot be
    loaded.
    """
    check_suffix(target)
    if source.resolve() == target.resolve():
        raise TableError(str(target), "the file that is read", "another one", "name another file")
    chunks = read_chunks(source, chunk_rows)
    first = next(chunks)
    serving = read_serving(folder)
    check_pair(columns, serving, folder)
    check_columns(first, columns, serving)
    from seedbed.training.classifier import Classifier

    model, counts = Classifier(folder), Counter[str]()
    with written(target) as writer:
        for chunk in progress(_after(first, chunks), "predict", None):
            check_columns(chunk, columns, serving)
            more = labelled(chunk, columns, model, serving)
            writer.write(chunk, more)
            counts.update(rows=len(chunk.records), without_text=more.column(0).null_count)
            if serving.outside:
                counts.update(out_of_scope=sum(map(bool, more.column(2).to_pylist())))
    return counts


def _after(first: Chunk, others: Iterator[Chunk]) -> Iterator[Chunk]:
    yield first
    yield from others


def check_pair(columns: Columns, serving: Serving, folder: Path) -> None:
    """Raises TableError where a model of pairs gets no pairs, or another one gets some."""
    if serving.paired and not columns.pair:
        raise TableError(
            str(folder), "a model of pairs", "a column for the second text", "add `--pair-column`"
        )
    if columns.pair and not serving.paired:
        raise TableError(
            str(folder), "a model of single texts", "no pairs", "leave `--pair-column` out"
        )


def check_columns(chunk: Chunk, columns: Columns, serving: Serving) -> None:
    """Raises TableError where a row lacks a column that is read, or has one that is written."""
    wanted, new = [columns.text, *([columns.pair] if columns.pair else [])], columns.new(serving)
    for place, record in zip(chunk.places, chunk.records, strict=True):
        for name in wanted:
            if name not in record:
                option = "--column" if name == columns.text else "--pair-column"
                raise TableError(
                    place, f"no column `{name}`", f"one of {', '.join(record)}", f"set `{option}`"
                )
        for name in new:
            if name in record:
                raise TableError(
                    place,
                    f"a column `{name}`, which would be written over",
                    "none of that name",
                    "add `--prefix predicted_`",
                )


def labelled(
    chunk: Chunk, columns: Columns, model: "Classifier", serving: Serving
) -> pa.RecordBatch:
    """The new columns of a chunk: label, its calibrated probability and, where the model tells it,
    whether the text is out of scope. Nulls where there is no text."""
    texts = serving.preparation.prepared(_texts(chunk, columns.text))
    at = np.array([place for place, text in enumerate(texts) if text], dtype=int)
    pairs = None
    if columns.pair:
        pairs = serving.preparation.prepared(_texts(chunk, columns.pair))
        pairs = [pairs[place] for place in at]
    values: list[list] = [[None] * len(texts) for _ in columns.new(serving)]
    if len(at):
        for column, found in zip(
            values, answers([texts[place] for place in at], pairs, model, serving), strict=False
        ):
            for place, value in zip(at, found, strict=True):
                column[place] = value
    kinds = [pa.string(), pa.float64(), pa.bool_()]
    arrays = [pa.array(column, kind) for column, kind in zip(values, kinds, strict=False)]
    return pa.RecordBatch.from_arrays(arrays, names=columns.new(serving))


def _texts(chunk: Chunk, column: str) -> list[str]:
    texts = []
    for place, record in zip(chunk.places, chunk.records, strict=True):
        try:
            texts.append(as_text(record[column]))
        except TypeError as error:
            raise TableError(
                place, f"`{column}`: {error}", "text", "correct the row or the column"
            ) from None
    return texts


def answers(
    texts: list[str], pairs: list[str] | None, model: "Classifier", serving: Serving
) -> tuple[list[str], list[float], list[bool]]:
    """Of prepared texts (and what they are paired with) the label of the likeliest class, its
    calibrated probability, and whether the text is out of scope: (rows,) each."""
    from seedbed.encoding.encoder import pooled_windows, precision
    from seedbed.scoring.calibration import rescaled

    encoded = model.tokenizer(texts, pairs)
    logits = pooled_windows(
        model.logits(encoded, precision(serving.precision), ""), encoded.windows
    ).astype(np.float64)
    # Temperature 1 is the softmax itself: confidences as the model gives them.
    raw = rescaled(np.exp(logits - logits.max(1, keepdims=True)), 1.0)
    number = raw.argmax(1)
    labels = [model.classes[place] for place in number]
    sure = rescaled(raw, serving.temperature)[np.arange(len(raw)), number]
    if serving.threshold is not None:
        outside = raw.max(1) < serving.threshold
    else:
        outside = np.array([label == serving.outside for label in labels])
    return labels, np.round(sure, DIGITS).tolist(), outside.tolist()
