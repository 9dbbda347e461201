"""The row contract: what one row holds, and the one way to read and write a folder of rows.

A rows folder holds one Parquet file per batch, each sorted by id. Every stage writes every column,
so that a reader needs to know one schema. The same rows give the same bytes on every machine.
"""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from seedbed.core.errors import RowsError, reading
from seedbed.core.files import fresh_folder
from seedbed.core.metrics import METRICS, Drop, Metrics, write_ledger, write_metrics

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
HELD_OUT = SIDES[1:]  # no weights are fitted to these
OUTSIDE = -1  # the class index of a row whose label is no class
NEGATIVE = "negative"  # the key of meta that says which kind of negative a row is


def read_parquet(file: Path) -> pa.Table:
    """Read a Parquet file of ours. Raises DamagedError."""
    with reading(file):
        return pq.read_table(file)


def read_rows(folder: Path) -> pd.DataFrame:
    """All rows of a folder, sorted by id, with a fresh 0..n-1 index.

    Raises RowsError where the folder is missing or empty, or a file breaks the contract.
    """
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise RowsError(
            str(folder),
            "no rows here",
            "one Parquet file per batch",
            "run `dvc repro`, or `dvc pull` if a remote has the data",
        )
    tables = [*map(read_parquet, files)]
    for file, table in zip(files, tables, strict=True):
        if not table.schema.equals(schema_of(table.schema.names)):
            raise RowsError(
                str(file),
                f"columns {table.schema.names}",
                f"the row contract: {SCHEMA.names}",
                "the file was made by another version: run `dvc repro`",
            )
    if len({len(table.schema) for table in tables}) > 1:
        raise RowsError(
            str(folder), "rows with and without answers", "rows of one task", "run `dvc repro`"
        )
    frame = pa.concat_tables(tables).to_pandas()
    if frame.empty:
        raise RowsError(str(folder), "0 rows", "at least one row", "look at the stage before")
    if frame["id"].duplicated().any():
        twice = frame["id"][frame["id"].duplicated()].iloc[0]
        raise RowsError(str(folder), f"id {twice} is listed twice", "unique ids", "run `dvc repro`")
    return frame.sort_values("id", ignore_index=True)


def schema_of(columns: Iterable[str]) -> pa.Schema:
    """Return the row contract for rows with these columns."""
    return SCHEMA_OF_ANSWERS if set(ANSWERS) & set(columns) else SCHEMA


def write_rows(folder: Path, rows: pd.DataFrame, private: bool = False) -> None:
    """Write rows as one Parquet file per batch, sorted by id; missing columns get their default.

    `private` files can be read by their owner alone. Raises RowsError on no rows at all.
    """
    if rows.empty:
        raise RowsError(
            str(folder), "0 rows are left", "at least one row", "see the reasons in data/ledger/"
        )
    missing = {name: value for name, value in DEFAULTS.items() if name not in rows.columns}
    rows, schema = rows.assign(**missing).sort_values("id"), schema_of(rows.columns)
    with fresh_folder(folder, 0o700 if private else 0o755) as fresh:
        for batch, members in rows.groupby("batch", sort=True):
            table = pa.Table.from_pandas(members[schema.names], schema, preserve_index=False)
            file = fresh / f"{batch}.parquet"
            pq.write_table(table.replace_schema_metadata(None), file, compression="zstd")
            file.chmod(0o600 if private else 0o644)


def write_results(
    stage: str,
    metrics: Metrics,
    rows: pd.DataFrame | None = None,
    drops: Iterable[Drop] | None = None,
    private: bool = False,
) -> None:
    """Write what a stage makes: its metrics file and, if given, its rows and its ledger.

    `private` and RowsError are those of `write_rows`; then nothing is written.
    """
    if rows is not None:
        write_rows(Path("data") / stage, rows, private)
    if drops is not None:
        write_ledger(Path(f"data/ledger/{stage}.csv"), drops)
    write_metrics(METRICS / f"{stage}.json", metrics)


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


CELL_BYTES = 64  # that a row takes at least


def decoded_bytes(
    file: Path | pa.BufferReader, columns: list[str] | None, most: int, rows: int = 1024
) -> int:
    """Return how many bytes the cells of a Parquet file take, which names a value once for many
    rows; no more is counted once there are more than `most`."""
    with pq.ParquetFile(file) as parquet:
        leaves = [parquet.schema.column(number) for number in range(len(parquet.schema))]
        groups = [parquet.metadata.row_group(n) for n in range(parquet.metadata.num_row_groups)]
        if (stored := sum(group.total_byte_size for group in groups)) > most:
            return stored
    found = 0
    texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
    with pq.ParquetFile(file, read_dictionary=texts) as parquet:
        for batch in parquet.iter_batches(batch_size=rows, columns=columns):
            found += CELL_BYTES * batch.num_rows + sum(map(_bytes_of, batch.columns))
            if found > most:
                break
    return found


def _bytes_of(cells: pa.Array) -> int:
    if pa.types.is_dictionary(cells.type):
        lengths = pc.take(pc.binary_length(cells.dictionary), cells.indices)
        return pc.sum(lengths).as_py() or 0
    if pa.types.is_nested(cells.type):
        parts = [cells.keys, cells.items] if pa.types.is_map(cells.type) else cells.flatten()
        return sum(map(_bytes_of, parts if isinstance(parts, list) else [parts]))
    return cells.nbytes


def cells_of(table: pa.Table | pa.RecordBatch) -> list[dict[str, object]]:
    """The rows of an Arrow table; a cell that Python cannot hold, such as a day of the year 20,000,
    is an object that is no text, and the others are read."""
    try:
        return table.to_pylist()
    except Exception:  # each type has its own
        columns = [[_cell(one) for one in column] for column in table.columns]
        return [
            dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)
        ]


def _cell(scalar: pa.Scalar) -> object:
    try:
        return scalar.as_py()
    except Exception:
        return scalar
