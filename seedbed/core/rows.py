"""The row contract: what one row holds, and the one way to read and write a folder of rows.

A rows folder holds one Parquet file per batch, each sorted by id. Every stage writes every column,
so that a reader needs to know one schema. The same rows give the same bytes on every machine.

Stages before embed read and write a folder in chunks, which are the row groups of its files, so
that memory does not grow with the texts; what they decide on all rows, they decide on the columns
that it takes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from seedbed.core.errors import RowsError, reading
from seedbed.core.files import fresh_folder
from seedbed.core.metrics import METRICS, AnyMetrics, Drop, write_ledger, write_metrics
from seedbed.core.parquet import ROWS_AT_ONCE, GroupWriter, groups_of
from seedbed.core.stage_options import at_once

# Where each stage writes its rows; a vector of each text of split is in EMBED.
QUARANTINE = Path("data/quarantine.csv")
COLLECT = Path("data/collect")  # private zone
CLEAN = Path("data/clean")  # private zone
ANONYMIZE = Path("data/anonymize")
APPLY_DECISIONS = Path("data/apply_decisions")
DEDUPLICATE = Path("data/deduplicate")
SPLIT = Path("data/split")
EMBED = Path("data/embed")
FIND_LABEL_ERRORS = Path("data/find_label_errors")
AUGMENT = Path("data/augment")
BALANCE = Path("data/balance")
PREDICTIONS = Path("data/evaluate")  # of the rows of validation and test: APPROACH/SIDE
CURVES = Path("reports/plots/learning")  # a file per approach
TOKENIZE = Path("data/tokenize")  # token ids of the rows of balance
MANIFEST = Path("data/manifest")  # the rows of split without texts, a CSV file per batch
SUSPECTS = Path("reports/suspects.csv")
NEXT = Path("reports/next.csv")  # rows to label next
DATASET = Path("reports/dataset.json")  # their version: a digest of MANIFEST
COUNTS = "counts.csv"  # in MANIFEST, in place of too many rows: their number by batch
SCHEMA = pa.schema(
    [
        ("id", pa.string()),  # 16 hex: keyed hash of the source's own key, else of the raw text
        ("digest", pa.string()),  # 16 hex: keyed hash of the source text; decisions hold to it
        ("text", pa.string()),
        ("text_pair", pa.string()),  # "" but in pair tasks
        ("label", pa.string()),  # in task answer the category of the row
        ("source", pa.string()),
        ("batch", pa.string()),
        ("date", pa.string()),  # ISO 8601, or ""
        ("group", pa.string()),  # 16 hex: rows of one group share a side; or ""
        ("split", pa.string()),  # train, validation, test; "" before the split
        ("fold", pa.int8()),  # cross-validation fold in train + validation, -1 in test
        ("weight", pa.float32()),  # how much the row counts in training
        ("origin", pa.string()),  # original, augmented, negative
        ("parent", pa.string()),  # the id an augmented row was made from, or ""
        ("provenance", pa.string()),  # JSON: file, line, licence, sha256 of the file; made_by
        ("meta", pa.string()),  # JSON: the columns that params list as safe
    ]
)
# Columns that rows of task answer have besides, and no others.
ANSWERS = ("context", "answer")  # earlier turns, as core/turns.py writes them; what is learned
SCHEMA_OF_ANSWERS = pa.schema([*SCHEMA, *((name, pa.string()) for name in ANSWERS)])
DEFAULTS = {
    "text_pair": "",
    "date": "",
    "group": "",
    "split": "",
    "fold": -1,
    "weight": 1.0,
    "origin": "original",
    "parent": "",
    "meta": "{}",
}
SIDES = ("train", "validation", "test")
COLUMNS = {  # of tables that stages write and others read
    QUARANTINE: ["source", "file", "line", "reason"],
    MANIFEST: ["id", "digest", "label", "split"],
    MANIFEST / COUNTS: ["batch", *SIDES, "sha256"],
    SUSPECTS: ["id", "split", "label", "suggested", "score", "reason", "nearest"],
    NEXT: "id split label suggested priority uncertainty density weakness".split(),
    CURVES: ["seed", "epoch", "train_loss", "validation"],
}
# The columns that decide: without texts and what people alone read, which take most memory.
DECIDING = (
    "id", "digest", "label", "source", "batch", "date", "group", "split", "fold", "weight",
    "origin", "parent",
)  # fmt: skip
HELD_OUT = SIDES[1:]  # no weights are fitted to these
OUTSIDE = -1  # the class index of a row whose label is no class
NEGATIVE = "negative"  # the key of meta that says which kind of negative a row is


def read_parquet(file: Path) -> pa.Table:
    """Read a Parquet file of ours. Raises DamagedError."""
    with reading(file):
        return pq.read_table(file)


def read_rows(folder: Path, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Return all rows of a folder, sorted by id, with a fresh 0..n-1 index; if columns are named
    only id and those of them that there are.

    Raises RowsError where the folder is missing or empty, or a file breaks the contract.
    """
    ids, names = _checked_ids(folder), columns_in(folder)
    order = pc.sort_indices(ids)
    wanted = [name for name in names if not columns or name in ("id", *columns)]
    frame = {}
    for name in wanted:  # one by one, so that no more than one column is in memory twice
        cells = pa.chunked_array(
            [chunk for table in _groups(folder, [name]) for chunk in table[name].chunks],
            schema_of(names).field(name).type,
        )
        if pa.types.is_string(cells.type):
            cells = cells.cast(pa.large_string())  # of which one array takes more than 2 GB
        frame[name] = cells.take(order).to_pandas()
    return pd.DataFrame(frame, copy=False)


def row_chunks(folder: Path) -> Iterator[pd.DataFrame]:
    """Yield the rows of a folder batch after batch, each sorted by id, a row group at a time; all
    together in a run that is shared.

    Raises what `read_rows` does, before the first chunk.
    """
    _checked_ids(folder)
    tables = _groups(folder)
    if at_once(1) > 1:
        tables = iter([pa.concat_tables(tables)])
    for table in tables:
        yield table.to_pandas()


def updated(folder: Path, rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the chunks of a folder without the rows whose id is not in `rows`, and with the other
    columns of `rows` in place of their own."""
    ids = pa.array(rows["id"], pa.string())
    for chunk in row_chunks(folder):
        place = pc.index_in(pa.array(chunk["id"], pa.string()), value_set=ids)
        kept = place.is_valid().to_numpy(zero_copy_only=False)
        at = place.drop_null().to_numpy()
        own = {name: rows[name].array[at] for name in rows.columns if name != "id"}
        yield chunk[kept].assign(**own)


def columns_in(folder: Path) -> list[str]:
    """Return the columns of a folder's rows. Raises what `read_rows` does."""
    schemas = {}
    for file in _files(folder):
        with reading(file):
            schemas[file] = pq.read_schema(file)
    for file, schema in schemas.items():
        if not schema.equals(schema_of(schema.names)):
            raise RowsError(
                str(file),
                f"columns {schema.names}",
                f"the row contract: {SCHEMA.names}",
                "the file was made by another version: run `dvc repro`",
            )
    if len(set(map(len, schemas.values()))) > 1:
        raise RowsError(
            str(folder), "rows with and without answers", "rows of one task", "run `dvc repro`"
        )
    return list(schema.names)


def _files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.parquet"), key=lambda file: file.stem)  # in order of batches
    if not files:
        raise RowsError(
            str(folder),
            "no rows here",
            "one Parquet file per batch",
            "run `dvc repro`, or `dvc pull` if a remote has the data",
        )
    return files


def _groups(folder: Path, columns: list[str] | None = None) -> Iterator[pa.Table]:
    for file in _files(folder):
        with reading(file):
            yield from groups_of(file, columns)


def _checked_ids(folder: Path) -> pa.ChunkedArray:
    """The ids of all rows, in the order of the files."""
    columns_in(folder)
    ids = pa.chunked_array(
        [chunk for table in _groups(folder, ["id"]) for chunk in table["id"].chunks], pa.string()
    )
    if not len(ids):
        raise RowsError(str(folder), "0 rows", "at least one row", "look at the stage before")
    if pc.count_distinct(ids).as_py() < len(ids):
        counts = pc.value_counts(ids)
        [twice, *_] = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
        raise RowsError(str(folder), f"id {twice} is listed twice", "unique ids", "run `dvc repro`")
    return ids


def schema_of(columns: Iterable[str]) -> pa.Schema:
    """Return the row contract for rows with these columns."""
    return SCHEMA_OF_ANSWERS if set(ANSWERS) & set(columns) else SCHEMA


def write_rows(
    folder: Path, rows: pd.DataFrame | Iterable[pd.DataFrame], private: bool = False
) -> None:
    """Write rows as one Parquet file per batch, sorted by id; missing columns get their default.

    `rows`: in any order, or, so that they need not be in memory together, chunks in the order of
    `row_chunks`; the bytes are the same. `private` files can be read by their owner alone. Raises
    RowsError on no rows at all; then the folder stays as it was.
    """
    chunks = iter(_by_batch(rows) if isinstance(rows, pd.DataFrame) else rows)
    first = [*islice(chunks, 1)]  # before a folder is made: a run that is shared may end here
    with fresh_folder(folder, 0o700 if private else 0o755) as fresh:
        writer = _Writer(fresh, 0o600 if private else 0o644)
        with closing(writer):
            for chunk in chain(first, chunks):
                writer.write(chunk)
        if not writer.batch:
            raise RowsError(
                str(folder),
                "0 rows are left",
                "at least one row",
                "see the reasons in data/ledger/",
            )


def _by_batch(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    order = np.lexsort([rows[name].to_numpy(dtype=object) for name in ("id", "batch")])
    for start in range(0, len(order), ROWS_AT_ONCE):
        yield rows.iloc[order[start : start + ROWS_AT_ONCE]]


class _Writer:
    """Writes chunks as the files of batches."""

    def __init__(self, folder: Path, mode: int) -> None:
        self.batch = self._last = ""
        self._folder, self._mode = folder, mode
        self._file: GroupWriter | None = None

    def write(self, chunk: pd.DataFrame) -> None:
        """Write a chunk that follows the ones before. Raises ValueError if it does not."""
        missing = {name: value for name, value in DEFAULTS.items() if name not in chunk.columns}
        chunk, schema = chunk.assign(**missing), schema_of(chunk.columns)
        for batch, members in chunk.groupby("batch", sort=True):
            ids = members["id"]
            if not ids.is_monotonic_increasing or (batch, ids.iloc[0]) < (self.batch, self._last):
                raise ValueError(f"rows of batch {batch} that are not sorted")
            if self._file is None or batch != self.batch:
                self.close()
                self.batch, file = str(batch), self._folder / f"{batch}.parquet"
                self._file = GroupWriter(file, schema, self._mode)
            self._last = ids.iloc[-1]
            self._file.write(
                pa.Table.from_pandas(members[schema.names], schema, preserve_index=False)
            )

    def close(self) -> None:
        """End the file of the batch."""
        if self._file is not None:
            self._file.close()
            self._file = None


def write_results(
    stage: str,
    metrics: AnyMetrics | Callable[[], AnyMetrics],
    rows: pd.DataFrame | Iterable[pd.DataFrame] | None = None,
    drops: Iterable[Drop] | None = None,
    private: bool = False,
) -> AnyMetrics:
    """Write what a stage makes: its metrics file and, if given, its rows and its ledger; return the
    metrics.

    `rows`, `private` and RowsError are those of `write_rows`; then nothing is written. Where chunks
    are made as they are written, `metrics` is a function, called after the last of them and before
    any output has changed; `drops` may be filled meanwhile.
    """
    found: list[AnyMetrics] = []

    def counted(chunks: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        yield from chunks
        found.append(metrics() if callable(metrics) else metrics)

    if rows is None:
        list(counted([]))
    else:
        chunks = _by_batch(rows) if isinstance(rows, pd.DataFrame) else rows
        write_rows(Path("data") / stage, counted(chunks), private)
    if drops is not None:
        write_ledger(Path(f"data/ledger/{stage}.csv"), drops)
    write_metrics(METRICS / f"{stage}.json", found[0])
    return found[0]


def existing_file(name: str) -> Path:
    """Return the path of a file of the last run. Raises RowsError if it is missing."""
    path = Path(name)
    if not path.exists():
        raise RowsError(name, "no such file", "a file of the last run", "run `dvc repro`")
    return path


def sides(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows by side, each sorted by id with a fresh index."""
    return {side: rows[rows["split"] == side].reset_index(drop=True) for side in SIDES}


def rows_to_choose_by(rows: pd.DataFrame, negatives: str, label: str) -> pd.DataFrame:
    """Return train and validation rows, because no choice may depend on test rows; without those of
    `label` if `negatives` are detected by a threshold, because then they are no class."""
    used = rows["split"] != "test"
    if negatives == "threshold":
        used &= rows["label"] != label
    return rows[used].reset_index(drop=True)
