"""`seedbed predict`: labels for new texts by models/best, a chunk of rows at a time.

Texts are cleaned and their personal values replaced as before training, whatever params.yaml says
by now; the output has the original texts. The memo is not used, so nothing of them is kept.

Tables are read as collect reads them. What is written is CSV, TSV, JSON Lines or Parquet by suffix,
in UTF-8, and has a temporary name until it is whole.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.cleaning.rules import rewritten
from seedbed.collecting.table_forms import SEPARATORS
from seedbed.collecting.tables import Chunk, as_text, table_chunks
from seedbed.core.errors import SeedbedError, SourceError
from seedbed.core.files import load_key
from seedbed.core.stage import progress
from seedbed.private.detection import anonymize
from seedbed.serving.model_folder import Serving, TextPreparation, read_serving

if TYPE_CHECKING:  # torch, which a mistake in the command need not wait for
    from seedbed.training.classifier import Classifier

LINES = (".jsonl", ".ndjson")
SUFFIXES = (*SEPARATORS, *LINES, ".parquet")
DIGITS = 6
SHOWN = 5
KEYED = ("pseudonym", "hash")  # modes whose stand-ins depend on the secret key


class PredictColumns(NamedTuple):
    """The columns of the text and, for a model of pairs, of the second text, and a prefix for the
    names of the new columns."""

    text: str = "text"
    pair: str = ""
    prefix: str = ""

    def new(self, serving: Serving) -> list[str]:
        """The names of the columns to add."""
        names = ["label", "probability", *(["out_of_scope"] if serving.outside else [])]
        return [self.prefix + name for name in names]


def predict(
    source: Path, target: Path, folder: Path, columns: PredictColumns, chunk_rows: int = 2048
) -> tuple[Counter[str], list[str]]:
    """Write the rows of `source` to `target` with the new columns; rows without text get no label,
    and rows that cannot be read are left out.

    How many rows were written, of these out of scope and without text, and left out because they
    cannot be read; place and reason of the first ones that were left out.

    Raises SeedbedError where a table cannot be read or written, ModelError where the model cannot
    be loaded.
    """
    if target.suffix.lower() not in SUFFIXES:
        found, known = f"the suffix `{target.suffix}`", f"one of {', '.join(SUFFIXES)}"
        raise SeedbedError(str(target), found, known, "convert it")
    if source.resolve() == target.resolve():
        raise SeedbedError(str(target), "it is the input", "another file", "name another output")
    chunks = read_chunks(source, chunk_rows)
    first = next(chunks)
    serving = read_serving(folder)
    if serving.paired and not columns.pair:
        step = "add `--pair-column`"
        raise SeedbedError(str(folder), "a model of pairs", "a column for the second text", step)
    if columns.pair and not serving.paired:
        step = "leave `--pair-column` out"
        raise SeedbedError(str(folder), "a model of single texts", "no pairs", step)
    check_columns(first, columns, serving)
    from seedbed.training.classifier import Classifier

    model, counts = Classifier(folder), Counter[str]()
    left_out: list[str] = []

    def labelled_chunks() -> Iterator[tuple[Chunk, pa.RecordBatch]]:
        for chunk in progress(chain([first], chunks), "predict", None):
            counts.update(left_out=len(chunk.unreadable))
            some = chunk.unreadable[: SHOWN - len(left_out)]
            left_out.extend(f"{chunk.place(row)} {row.reason}" for row in some)
            if not chunk.records:
                continue
            check_columns(chunk, columns, serving)
            more = labelled(chunk, columns, model, serving)
            counts.update(rows=len(chunk.records), without_text=more.column(0).null_count)
            if serving.outside:
                counts.update(out_of_scope=sum(map(bool, more.column(2).to_pylist())))
            yield chunk, more
        if not counts["rows"]:
            found = f"no row can be read, such as {left_out[0]}"
            raise SeedbedError(str(source), found, "a table", "correct its rows")

    write(target, labelled_chunks())
    return counts, left_out


def check_columns(chunk: Chunk, columns: PredictColumns, serving: Serving) -> None:
    """Check that each row has the columns to read and none of the new ones. Raises SeedbedError."""
    options = {columns.text: "--column"} | ({columns.pair: "--pair-column"} if columns.pair else {})
    if twice := [name for name in options if chunk.columns.count(name) > 1]:
        found = f"two columns `{twice[0]}`"
        raise SeedbedError(str(chunk.file), found, "different names", "rename one")
    for record in chunk.records:
        if missing := [name for name in options if name not in record.cells]:
            found, known = f"no column `{missing[0]}`", f"one of {', '.join(record.cells)}"
            raise SeedbedError(chunk.place(record), found, known, f"set `{options[missing[0]]}`")
        if there := [name for name in columns.new(serving) if name in record.cells]:
            raise SeedbedError(
                chunk.place(record),
                f"a column `{there[0]}`, which would be overwritten",
                "no column with that name",
                "add `--prefix predicted_`",
            )


def labelled(
    chunk: Chunk, columns: PredictColumns, model: "Classifier", serving: Serving
) -> pa.RecordBatch:
    """The new columns of a chunk: label, its calibrated probability and, where the model detects
    it, whether the text is out of scope. Nulls where there is no text."""
    texts = prepared(_texts(chunk, columns.text), serving.preparation)
    pairs = columns.pair and prepared(_texts(chunk, columns.pair), serving.preparation)
    indices = [index for index, text in enumerate(texts) if text]
    kinds = (pa.string(), pa.float64(), pa.bool_())
    schema = pa.schema(zip(columns.new(serving), kinds, strict=False))
    rows: list[dict[str, Any]] = [{} for _ in texts]
    if indices:
        some = [pairs[index] for index in indices] if pairs else None
        results = answers([texts[index] for index in indices], some, model, serving)
        for index, *values in zip(indices, *results, strict=True):
            rows[index] = dict(zip(schema.names, values, strict=False))
    return pa.RecordBatch.from_pylist(rows, schema=schema)


def prepared(texts: Sequence[str], preparation: TextPreparation) -> list[str]:
    """Each text as the model would have seen it in training. Limits such as `clean.min_chars` drop
    rows from training only; no new text is refused for them.

    Raises SeedbedError where stand-ins depend on a key that is not here.
    """
    settings = preparation.anonymize
    key = load_key(settings.key_fingerprint) if settings.mode in KEYED else b""
    cleaned = [rewritten(text, preparation.rules)[0] for text in texts]
    return [change.text for change in anonymize(cleaned, settings.wanted, key, settings.mode)]


def _texts(chunk: Chunk, column: str) -> list[str]:
    texts = []
    for record in chunk.records:
        try:
            texts.append(as_text(record.cells[column]))
        except TypeError as error:
            raise SeedbedError(
                chunk.place(record), f"`{column}`: {error}", "text", "correct the row or the column"
            ) from None
    return texts


def answers(
    texts: list[str], pairs: list[str] | None, model: "Classifier", serving: Serving
) -> tuple[list[str], list[float], list[bool]]:
    """For prepared texts (and their pairs) the most probable label, its calibrated probability, and
    whether the text is out of scope: (rows,) each."""
    from seedbed.scoring.confidence import rescaled

    raw = probabilities(texts, pairs, model, serving)
    predicted = raw.argmax(1)
    labels = [model.classes[index] for index in predicted]
    calibrated = rescaled(raw, serving.temperature)[np.arange(len(raw)), predicted]
    outside = [label == serving.outside for label in labels]
    if serving.threshold is not None:
        outside = (raw.max(1) < serving.threshold).tolist()
    return labels, np.round(calibrated, DIGITS).tolist(), outside


def probabilities(
    texts: list[str], pairs: list[str] | None, model: "Classifier", serving: Serving
) -> np.ndarray:
    """Compute the probability of each class before calibration: (rows, classes) float64."""
    from seedbed.encoding.encoder import pooled_windows, precision
    from seedbed.scoring.confidence import rescaled

    encoded = model.tokenizer(texts, pairs)
    logits = pooled_windows(
        model.logits(encoded, precision(serving.precision), ""), encoded.windows
    ).astype(np.float64)
    # Temperature 1 is the plain softmax: the confidence before calibration.
    return rescaled(np.exp(logits - logits.max(1, keepdims=True)), 1.0)


def read_chunks(path: Path, rows: int) -> Iterator[Chunk]:
    """The table in chunks of at most `rows` rows. Raises SeedbedError where it cannot be read as a
    whole, and where it has no row."""
    if not path.is_file():
        raise SeedbedError(str(path), "no such file", "a table", "correct the name")
    is_empty = True
    try:
        for chunk in table_chunks(path, rows):
            is_empty = False
            yield chunk
    except SourceError as error:
        step = "correct the file, or convert it"
        raise SeedbedError(error.place, error.found, error.expected, step) from None
    if is_empty:
        raise SeedbedError(str(path), "no rows", "at least one row", "look at what wrote it")


Labelled = Iterable[tuple[Chunk, pa.RecordBatch]]  # rows, and more columns to stand after theirs


def write(path: Path, chunks: Labelled) -> None:
    """Write rows with their new columns, one value a row each, as the suffix of `path` says; the
    file is there when all of them are written."""
    suffix = path.suffix.lower()
    partial = path.with_name(f".{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_all = _parquet if suffix == ".parquet" else _lines if suffix in LINES else _csv
    try:
        write_all(partial, path, chunks)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(path)


def _csv(partial: Path, path: Path, chunks: Labelled) -> None:
    columns: list[str] = []
    with partial.open("w", encoding="utf-8", newline="") as file:
        separator = SEPARATORS[path.suffix.lower()]
        writer = csv.writer(file, delimiter=separator, lineterminator="\n")
        for chunk, more in chunks:
            if not columns:
                columns.extend({key: None for row in chunk.records for key in row.cells})
                writer.writerow([*columns, *more.schema.names])
            for record, new in zip(chunk.records, more.to_pylist(), strict=True):
                if unknown := [key for key in record.cells if key not in columns]:
                    raise SeedbedError(
                        chunk.place(record),
                        f"a key `{unknown[0]}` that no row of the first chunk has",
                        "the same columns from first to last",
                        "write JSON Lines, which need none",
                    )
                values = [*(record.cells.get(name) for name in columns), *new.values()]
                writer.writerow(map(_cell, values))


def _cell(value: object) -> str:
    try:
        return as_text(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, default=str)


def _lines(partial: Path, path: Path, chunks: Labelled) -> None:
    with partial.open("w", encoding="utf-8", newline="") as file:
        for chunk, more in chunks:
            for record, new in zip(chunk.records, more.to_pylist(), strict=True):
                file.write(json.dumps(record.cells | new, ensure_ascii=False, default=str) + "\n")


def _parquet(partial: Path, path: Path, chunks: Labelled) -> None:
    schema: pa.Schema | None = None
    with ExitStack() as open_files:
        writer: pq.ParquetWriter | None = None
        for chunk, more in chunks:
            try:
                batch = chunk.batch
                if batch is None:
                    cells = [record.cells for record in chunk.records]
                    batch = pa.RecordBatch.from_pylist(cells, schema=schema)
                    schema = batch.schema
                whole = pa.schema([*batch.schema, *more.schema], metadata=batch.schema.metadata)
                writer = writer or open_files.enter_context(pq.ParquetWriter(partial, whole))
                arrays = [*batch.columns, *more.columns]
                writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=whole))
            except (pa.ArrowException, ValueError) as error:
                raise SeedbedError(
                    f"{chunk.place(chunk.records[0])} and after",
                    f"cells of another type than before ({type(error).__name__})",
                    "one type a column, which Parquet needs",
                    f"write {path.stem}.jsonl",
                ) from None
