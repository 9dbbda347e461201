"""The memo behind the engine: an SQLite database of bytes by key, with a limit on its size.

Several processes may share it (write-ahead log, one short transaction per batch). The least
recently used results are removed first when the file exceeds its limit. The file is private (mode
0600): it contains cleaned texts from before their personal values were replaced.

A fault in the file never stops a run or changes a result: an entry that is not what was written
counts as missing, and if SQLite fails, the run continues without a memo, with a warning.
"""

import hashlib
import os
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

from seedbed.core.errors import SeedbedError

MEMO = Path(".seedbed/memo.sqlite")
DEFAULT_MB = 2048
BUSY_SECONDS = 60  # a batch is written in milliseconds; after this wait, go on without a memo
KEYS_AT_ONCE = 500
KEPT_SHARE = 0.9  # of the limit after an eviction, so that not every batch evicts
CHECK_BYTES = 8
_UNUSED = ContextVar("_UNUSED", default=False)
LAYOUT = 2  # another number in the file: it is emptied
# The time of last use is in a table of its own: next to the value, each use would rewrite both.
TABLES = {
    "results": """id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, operation TEXT NOT NULL,
                  value BLOB NOT NULL""",
    "uses": "id INTEGER PRIMARY KEY, hour INTEGER NOT NULL",
}


class Kept(NamedTuple):
    """The results of one operation in the memo."""

    operation: str
    results: int
    bytes: int


def limit_bytes() -> int:
    """Return the maximum size of the file, from SEEDBED_MEMO_MB. Raises SeedbedError."""
    value = os.environ.get("SEEDBED_MEMO_MB") or str(DEFAULT_MB)
    if not value.isdecimal() or int(value) < 1:
        expected, step = (
            "a whole number of megabytes, 1 or more",
            "correct it, or set SEEDBED_MEMO=off",
        )
        raise SeedbedError("environment SEEDBED_MEMO_MB", f"`{value}`", expected, step)
    return int(value) * 2**20


def is_on() -> bool:
    """Whether the memo is in use, by SEEDBED_MEMO. Raises SeedbedError for an unknown value."""
    value = os.environ.get("SEEDBED_MEMO") or "on"
    if value not in ("on", "off"):
        raise SeedbedError("environment SEEDBED_MEMO", f"`{value}`", "on or off", "correct it")
    return value == "on" and not _UNUSED.get()


@contextmanager
def unused() -> Iterator[None]:
    """Keep and look up nothing in the block: its texts are of others."""
    token = _UNUSED.set(True)
    try:
        yield
    finally:
        _UNUSED.reset(token)


def hours() -> int:
    """Return the last-used time, in hours. A finer clock would rewrite every entry on every run."""
    return int(time.time() // 3600)


class Store:
    """The open file. Use it as a context manager."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit_bytes() if limit is None else limit
        self.connection: sqlite3.Connection | None = None

    def __enter__(self) -> "Store":
        with self._careful():
            MEMO.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(MEMO, os.O_RDWR | os.O_CREAT, 0o600))
            MEMO.chmod(0o600)  # SQLite gives its log and index the same mode
            self.connection = sqlite3.connect(
                MEMO, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._prepare(self.connection)
        return self

    def __exit__(self, *_: object) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def find(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the values of the keys that the memo has."""
        values: dict[bytes, bytes] = {}
        if self.connection is None:
            return values
        with self._careful():
            now, stale = hours(), []
            for start in range(0, len(keys), KEYS_AT_ONCE):
                part = keys[start : start + KEYS_AT_ONCE]
                marks = ",".join("?" * len(part))
                query = f"""SELECT id, key, CAST(value AS BLOB), hour FROM results
                            LEFT JOIN uses USING (id) WHERE key IN ({marks})"""
                for row, key, whole, hour in self.connection.execute(query, part):
                    value = whole[CHECK_BYTES:]
                    if whole[:CHECK_BYTES] == _check(key, value):
                        values[key] = value
                        if hour != now:
                            stale.append(row)
            if stale:
                with _transaction(self.connection):
                    _write_uses(self.connection, stale, now)
        return values

    def keep(self, operation: str, values: Mapping[bytes, bytes]) -> None:
        """Write the values, all or none, and evict if the file has become too large."""
        if self.connection is None:
            return
        lines = [(key, operation, _check(key, value) + value) for key, value in values.items()]
        insert = "INSERT OR REPLACE INTO results (key, operation, value) VALUES (?, ?, ?)"
        with self._careful():
            with _transaction(self.connection):
                new = [self.connection.execute(insert, line).lastrowid for line in lines]
                _write_uses(self.connection, new, hours())
            if _size(self.connection) > self.limit:
                self._evict(self.connection)

    def stats(self) -> list[Kept]:
        """Return the number of results and their bytes by operation."""
        query = """SELECT operation, COUNT(*), SUM(LENGTH(value)) FROM results
                   GROUP BY operation ORDER BY operation"""
        with self._careful():
            lines = self.connection.execute(query) if self.connection else ()
            return [Kept(*line) for line in lines]
        return []

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # Has an effect before the first table only.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        until = time.monotonic() + BUSY_SECONDS
        while True:  # SQLite does not wait here, whatever its timeout
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                if _layout(connection) != LAYOUT:
                    with _transaction(connection):
                        if _layout(connection) != LAYOUT:  # another process may have done it
                            _lay_out(connection)
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def _evict(self, connection: sqlite3.Connection) -> None:
        count = connection.execute("SELECT COUNT(*) FROM results").fetchone()[0]
        oldest = """SELECT results.id FROM results LEFT JOIN uses USING (id)
                    ORDER BY hour, results.id LIMIT ?"""
        while _size(connection) > self.limit * KEPT_SHARE:
            with _transaction(connection):
                gone = connection.execute(
                    f"DELETE FROM results WHERE id IN ({oldest})", [1 + count // 10]
                )
                connection.execute("DELETE FROM uses WHERE id NOT IN (SELECT id FROM results)")
            if not gone.rowcount:
                break
        connection.executescript("PRAGMA incremental_vacuum")  # `execute` would free one page only

    @contextmanager
    def _careful(self) -> Iterator[None]:
        try:
            yield
        except (SeedbedError, MemoryError):
            raise
        except Exception as error:  # UnicodeDecodeError, too: SQLite quotes a damaged name
            with suppress(Exception):
                self.__exit__()
            self.connection = None
            print(
                f"seedbed: WARNING: {MEMO} cannot be used ({error}): continuing without it, "
                "which costs only time; `seedbed memo clear` makes a new one",
                file=sys.stderr,
            )


def clear() -> int:
    """Delete all results, so that no text is left in the file, and return their number.

    Other processes may be using the file. A file that SQLite cannot read is deleted.
    """
    if not MEMO.exists():
        return 0
    connection = sqlite3.connect(MEMO, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        count = 0
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'results'").fetchone():
            count = connection.execute("SELECT COUNT(*) FROM results").fetchone()[0]
        with _transaction(connection):
            _lay_out(connection)
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return count
    except sqlite3.OperationalError as error:
        expected = "a file that no other process is writing"
        raise SeedbedError(str(MEMO), str(error), expected, "try again later") from None
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        for ending in ("", "-wal", "-shm"):
            Path(f"{MEMO}{ending}").unlink(missing_ok=True)
        return 0
    finally:
        connection.close()


def _size(connection: sqlite3.Connection) -> int:
    return connection.execute(
        """SELECT (page_count - freelist_count) * page_size
           FROM pragma_page_count, pragma_freelist_count, pragma_page_size"""
    ).fetchone()[0]


def _layout(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]


def _lay_out(connection: sqlite3.Connection) -> None:
    """Create empty tables."""
    for name, columns in TABLES.items():
        connection.execute(f"DROP TABLE IF EXISTS {name}")
        connection.execute(f"CREATE TABLE {name} ({columns})")
    connection.execute(f"PRAGMA user_version = {LAYOUT}")


def _write_uses(connection: sqlite3.Connection, rows: Sequence[int | None], hour: int) -> None:
    lines = [(row, hour) for row in rows]
    connection.executemany("INSERT OR REPLACE INTO uses VALUES (?, ?)", lines)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def _check(key: bytes, value: bytes) -> bytes:
    """Return the checksum of a value that was written for the key."""
    return hashlib.blake2b(value, key=key, digest_size=CHECK_BYTES).digest()
