"""Files that are whole or missing, and the hashes of what is in them.

A file is written to a temporary name and then renamed, so that a killed stage leaves no half file
that looks whole. All writers give the same bytes for the same content on every machine: UTF-8,
"\\n", floats with six decimals, never NaN.

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
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seedbed.core.errors import SeedbedError

MODELS = Path("models")  # a folder per approach
ADAPTED = Path("models/adapted")
BEST = Path("models/best")
KEY_FILE = Path(".seedbed/key")
PUBLIC_KEY = b"seedbed public example key"
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
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    partial.replace(path)


def write_json(path: Path, content: Any) -> None:
    """Write JSON with two spaces of indent, keys in the given order, floats rounded."""
    text = json.dumps(rounded(content), indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file."""
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
    """Write a CSV file with a header, with quotes only where they are needed."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([rounded(cell) for cell in line] for line in lines)
    write_text(path, buffer.getvalue())


def read_csv(path: Path) -> list[dict[str, str]]:
    """Read a CSV file with a header; every cell stays text."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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
    """Round every float in nested lists and dicts to six decimals; refuse NaN and infinity."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(inner) for inner in value]
    if hasattr(value, "item") and not isinstance(value, str):  # a NumPy scalar
        value = value.item()
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} cannot be written: neither NaN nor infinity is a figure")
        return round(value, 6)
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
