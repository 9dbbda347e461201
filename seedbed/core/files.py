"""Files that are whole or missing, and the hashes of what is in them.

A file is written to a temporary name and then renamed, so that a killed stage leaves no half file
that looks whole. All writers give the same bytes for the same content on every machine: UTF-8,
"\\n", floats with four to six decimals (see `rounded`), never NaN.

Ids, digests, groups and stand-ins are keyed hashes. The key comes from the environment
(SEEDBED_PII_KEY) or the git-ignored file `.seedbed/key`. Without either the public default is used,
so that the example gives the same bytes everywhere; stand-ins made with it can be guessed by anyone
who guesses the value. params.yaml holds the key's fingerprint, so that data made with another key
is never mixed in.
"""

import csv
import hashlib
import hmac
import io
import json
import math
import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from seedbed.core.errors import CLIP, DamagedError, SeedbedError, reading, repair

MODELS = Path("models")  # a folder per approach
ADAPTED = Path("models/adapted")
BEST = Path("models/best")
KEY_FILE = Path(".seedbed/key")
PUBLIC_KEY = b"seedbed public example key"
KEYED = r"[0-9a-f]{16}"  # an id or digest, see `keyed_hash`
# What a spreadsheet runs as a formula, if it is no number; OWASP, "CSV Injection", with the wide
# forms that Japanese keyboards give.
FORMULA = re.compile(r"'*(?:[\s\u200b\ufeff]*[=+@\uff1d\uff0b\uff0d\uff20-]|[\t\r\n])")
NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)*(?:[eE][+-]?[0-9]+)?%?")
# What YAML of ours may hold; with anchors unfolded, which can make gigabytes of a page.
MAX_CHARS = 10_000  # of one value
MAX_VALUES = 500_000
MAX_DEPTH = 30


def write_text(path: Path, text: str, mode: int = 0o644) -> None:
    """Write `text` to `path` whole, and make the folders above it."""
    write_bytes(path, text.encode("utf-8"), mode)


def write_bytes(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write `content` to `path` whole, and make the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)  # on a full disk it would take the space that is left
        raise


def write_json(path: Path, content: Any) -> None:
    """Write JSON with two spaces of indent, keys in the given order, floats rounded."""
    text = json.dumps(rounded(content), indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def read_text(path: Path, step: str = "") -> str:
    """Read a text file of ours. Raises DamagedError, with `step` as the repair."""
    with reading(path, step):
        return path.read_text(encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises DamagedError."""
    with reading(path):
        return json.loads(path.read_text(encoding="utf-8"))


def parse_yaml(
    text: str, place: str, kind: type[SeedbedError], next_step: str = "fix the line"
) -> Any:
    """Return the content of a YAML text. Raises `kind`, with the line, if it is not YAML."""
    from ruamel.yaml import YAML  # takes .1 s, which most readers of files need not spend
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe").load(text)
    # 2026-13-01 is a date to YAML, and a ValueError to Python.
    except (YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or f"not YAML ({error})"
        raise kind(
            f"{place}:{mark.line + 1}" if mark else place, problem, "valid YAML", next_step
        ) from None


def marked(cell: Any) -> Any:
    """Return a cell of a CSV file, with a ' before what a spreadsheet would run: =1, @x; not -1."""
    runs = isinstance(cell, str) and FORMULA.match(cell) and not NUMBER.fullmatch(cell)
    return f"'{cell}" if runs else cell


def unmarked(cell: str) -> str:
    """Return the cell that `marked` was given."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


class _Lines(NamedTuple):
    file: TextIO

    def write(self, line: str) -> int:
        return self.file.write(line.removesuffix("\r\n") + "\n")


def csv_writer(file: TextIO, separator: str = ",") -> Any:
    """Return a writer of CSV lines that end with "\\n". With that end Python's own would leave a
    cell with "\\r", which ends a line for readers, without quotes."""
    return csv.writer(_Lines(file), delimiter=separator, lineterminator="\r\n")


def check_size(
    place: str, value: object, kind: type[SeedbedError], known: dict[int, int], depth: int = 0
) -> int:
    """Return how many values there are in all, anchors unfolded. Raises `kind` for more than
    anyone writes, and for what no file name, pattern or label can hold."""
    found, number = "", 1
    if isinstance(value, str):
        if "\0" in value:
            found = "a NUL character"
        elif len(value) > MAX_CHARS:
            found = f"a text of {len(value):,} characters, which begins {value[:60]!r}"
    elif isinstance(value, int) and value.bit_length() > 63:
        found = f"a number of {value.bit_length():,} bits"
    elif isinstance(value, dict | list | tuple | set) and id(value) in known:
        return known[id(value)]
    elif isinstance(value, dict | list | tuple | set) and depth < MAX_DEPTH:
        for one in (*value, *value.values()) if isinstance(value, dict) else value:
            number += check_size(place, one, kind, known, depth + 1)
        known[id(value)] = number
        found = f"{number:,} values" if number > MAX_VALUES else ""
    elif isinstance(value, dict | list | tuple | set):
        found = f"lists in lists, {depth} deep"
    if found:
        expected = f"at most {MAX_VALUES:,} values of {MAX_CHARS:,} characters, 64 bits"
        raise kind(place, found, expected, "shorten it")
    return number


def yaml_nodes(text: str) -> Any:
    """The file as nodes, which know their lines and how they are written; None if it is no YAML."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).compose(text)
    except (YAMLError, RecursionError, ValueError):
        return None


def mappings_of(whole: Any, path: str) -> Iterator[tuple[str, list[Any]]]:
    """Each mapping, in the order of the file: its place, and the nodes of its keys."""
    stack, seen = [(whole, path)], set()
    while stack:
        node, path = stack.pop()
        if node is None or isinstance(node.value, str) or id(node) in seen:
            continue
        seen.add(id(node))
        if node.id == "mapping":
            yield path, [key for key, _ in node.value]
            inner = [(value, f"{path}: {key.value}") for key, value in node.value]
        else:
            inner = [
                (item, f"{path}: {_item_name(item) or number}")
                for number, item in enumerate(node.value)
            ]
        stack += reversed(inner)


def _item_name(node: Any) -> str:
    """The name of a source."""
    pairs = node.value if node.id == "mapping" else []
    return next((value.value for key, value in pairs if key.value == "name"), "")


def nodes_at(node: Any, path: Sequence[object]) -> Iterator[Any]:
    """The scalars at a path of keys, of numbers and of names of sources, which several may have."""
    if node is not None and isinstance(node.value, str):
        yield from [] if path else [node]
    elif node is not None and path:
        is_mapping = node.id == "mapping"
        for number, item in enumerate(node.value):
            names = [item[0].value] if is_mapping else [str(number), _item_name(item)]
            if str(path[0]) in names:
                yield from nodes_at(item[1] if is_mapping else item, path[1:])


def write_csv(path: Path, header: Sequence[str], lines: Iterable[Sequence[Any]]) -> None:
    """Write a CSV file with a header, with quotes only where they are needed, cells `marked`."""
    buffer = io.StringIO()
    writer = csv_writer(buffer)
    writer.writerow(map(marked, header))
    writer.writerows([marked(rounded(cell)) for cell in line] for line in lines)
    write_text(path, buffer.getvalue())


def read_csv(
    path: Path, header: Sequence[str] = (), forms: Mapping[str, str] | None = None
) -> list[dict[str, str]]:
    """Read a CSV file of ours, without empty lines; each cell stays text, as `write_csv` had it.

    `header`: the columns that it must have, by default any; `forms`: a regular expression that a
    whole cell of a column must match, of column "" the whole line.

    Raises DamagedError, with the line, unless every line has a cell a column: a conflict mark, a
    quote that is not closed or a line cut short would hide others without a word.
    """
    lines: list[dict[str, str]] = []
    with reading(path), path.open(encoding="utf-8", newline="") as file:
        reader, start = csv.reader(file, strict=True), 1
        try:
            columns = [*map(unmarked, next(reader, []))]
            if sorted(columns) != sorted(header or set(columns)):
                found, wanted = ",".join(columns), ",".join(header) or "no column twice"
                raise _damaged(path, 1, f"the header {found}", wanted)
            for cells in reader:
                start = reader.line_num
                line = dict(zip(columns, map(unmarked, cells), strict=False))
                if cells and len(cells) != len(columns):
                    raise _damaged(path, start, f"{len(cells)} cells", ",".join(columns))
                for name, form in (forms or {}).items() if cells else ():
                    if not re.fullmatch(form, cell := line[name] if name else ",".join(cells)):
                        raise _damaged(path, start, f"{name} `{cell}`", f"{name} like {form}")
                lines += [line] if cells else []
        except csv.Error as error:
            raise _damaged(path, start + 1, str(error), "CSV whose quotes are closed") from None
    return lines


def _damaged(path: Path, line: int, found: str, expected: str) -> DamagedError:
    return DamagedError(f"{path}:{line}", found[:CLIP], expected, repair(path))


@contextmanager
def fresh_folder(path: Path, mode: int = 0o755) -> Iterator[Path]:
    """Yield an empty folder, which replaces `path` when the block ends without error."""
    partial = path.with_name(f".{path.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=mode)
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    shutil.rmtree(path, ignore_errors=True)
    partial.rename(path)


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def rounded(value: Any) -> Any:
    """Round every float in nested lists and dicts; refuse NaN and infinity.

    Four decimals from 0.1 on, five from 0.01 on, else six: more differ from processor to processor.
    """
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(inner) for inner in value]
    if hasattr(value, "item") and not isinstance(value, str):  # a NumPy scalar
        value = value.item()
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} cannot be written: neither NaN nor infinity is a figure")
        return round(value, 4 + (abs(value) < 0.1) + (abs(value) < 0.01))
    return value


def is_inside(path: Path | str, folder: Path = Path()) -> bool:
    """Whether a path is in a folder or below it, once links are followed."""
    return Path(path).resolve().is_relative_to(folder.resolve())


def load_key(fingerprint: str) -> bytes:
    """The key whose fingerprint params.yaml holds. Raises SeedbedError for any other."""
    if value := os.environ.get("SEEDBED_PII_KEY"):
        key, place = value.encode(), "environment SEEDBED_PII_KEY"
    elif KEY_FILE.exists():
        key, place = KEY_FILE.read_bytes().strip(), str(KEY_FILE)
    else:
        key, place = PUBLIC_KEY, "the public default key (no SEEDBED_PII_KEY, no .seedbed/key)"
    found = fingerprint_of(key)
    if found != fingerprint:
        raise SeedbedError(
            place,
            f"its fingerprint is {found}",
            f"{fingerprint}, from anonymize.key_fingerprint in params.yaml",
            "use the key that made this data, or, for new data, put the new fingerprint there",
        )
    return key


def is_public(key: bytes) -> bool:
    """Whether this is the key that everyone knows."""
    return hmac.compare_digest(key, PUBLIC_KEY)


def fingerprint_of(key: bytes) -> str:
    """12 hex digits that name a key without giving it away."""
    return hashlib.sha256(b"seedbed fingerprint\0" + key).hexdigest()[:12]


def keyed_hash(key: bytes, *parts: str) -> str:
    """16 hex digits of HMAC-SHA256 (RFC 2104) over the parts; each is ended by its length, so
    ("ab", "c") and ("a", "bc") differ."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    message = b"".join(part + len(part).to_bytes(8, "big") for part in encoded)
    return hmac.digest(key, message, "sha256").hex()[:16]


def hash_number(text: str) -> int:
    """64 bits of a text's hash without the key, as a number: what seeded draws are made of."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def by_hash(purpose: str, ids: Collection[str]) -> list[str]:
    """Return ids in a random order, which is the same on every machine and with other ids."""
    return sorted(ids, key=lambda row: hashlib.sha256(f"{purpose}:{row}".encode()).digest())
