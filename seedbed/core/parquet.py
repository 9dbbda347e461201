"""Parquet files: row groups, the parts in which ours are read and written, so that memory holds one
of them however many rows a file has; and the cells of files that other people wrote."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

# Of a row group: no more rows, nor bytes of text unless one row alone has them.
ROWS_AT_ONCE, BYTES_AT_ONCE = 50_000, 2**26


class GroupWriter:
    """Writes one file. Where a row group ends depends on the rows alone, not on the tables that
    they come in, so that the same rows are the same bytes."""

    def __init__(self, file: Path, schema: pa.Schema, mode: int) -> None:
        """`mode`: who may read the file."""
        self._parquet = pq.ParquetWriter(file, schema, compression="zstd")
        file.chmod(mode)
        self._waiting: list[pa.Table] = []

    def write(self, table: pa.Table) -> None:
        """Write the rows that follow; those of a row group that is not whole yet wait."""
        self._waiting.append(table.replace_schema_metadata(None))
        self._write_groups(is_end=False)

    def _write_groups(self, is_end: bool) -> None:
        table = pa.concat_tables(self._waiting)
        while rows := _rows_of_a_group(table):
            if rows == len(table) and not is_end:
                break  # the next row may belong to it
            # Bytes depend on how a column is cut into arrays, too.
            self._parquet.write_table(table.slice(0, rows).combine_chunks(), rows)
            table = table.slice(rows)
        self._waiting = [table] if len(table) else []

    def close(self) -> None:
        """Write what waits, and end the file."""
        if self._waiting:
            self._write_groups(is_end=True)
        self._parquet.close()


def _rows_of_a_group(table: pa.Table) -> int:
    """How many rows, from the first on, are a row group, or the beginning of one."""
    table = table.slice(0, ROWS_AT_ONCE)
    sizes = np.zeros(len(table), dtype=np.int64)
    for column in table.columns:
        if pa.types.is_string(column.type):
            sizes += pc.binary_length(column).to_numpy()
    fitting = int(np.searchsorted(np.cumsum(sizes), BYTES_AT_ONCE, side="right"))
    return min(len(table), max(fitting, 1))


def groups_of(file: Path, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """Yield the row groups of a file, or some of its columns."""
    with pq.ParquetFile(file) as parquet:
        for number in range(parquet.num_row_groups):
            yield parquet.read_row_group(number, columns)


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
