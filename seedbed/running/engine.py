"""The engine for per-text work: `map_texts(work, items)`.

It makes a key for each item, finds results in the memo, computes what is missing in batches, and
keeps what it computed. A key is hash(function, its version, its params, text), see
`code_versions`, so a result from the memo is the one that the function would return; deleting the
memo costs nothing but time. SEEDBED_MEMO=off turns it off and SEEDBED_MEMO_MB limits its size.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel

from seedbed.core.files import sha256_of
from seedbed.core.stage import progress
from seedbed.running.code_versions import Version, version_of
from seedbed.running.memo import Store, is_on

KEY_BYTES = 20

Item = str | tuple[str, ...]  # a text, or a text and its pair
Work = partial[Any] | Callable[[list[Any]], Sequence[Any]]


class Form(NamedTuple):
    """How a result is kept as bytes."""

    name: str
    pack: Callable[[Any], bytes]
    unpack: Callable[[bytes], Any]


class Operation(NamedTuple):
    """Work on items: its name, the version of its code, and the key of each different item."""

    name: str
    version: Version
    keys: dict[Item, bytes]


def _to_json(value: Any) -> bytes:
    # Not escaped: two adjacent surrogates would be read back as one character.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _array_form(name: str, dtype: str) -> Form:
    """Return the form of a one-dimensional array, which is read in a tenth of JSON's time."""
    return Form(
        name,
        lambda value: np.ascontiguousarray(value, dtype=dtype).tobytes(),
        partial(np.frombuffer, dtype=dtype),
    )


# Tuples come back as lists.
JSON = Form("json", _to_json, lambda value: json.loads(value.decode("utf-8", "surrogatepass")))
FLOAT32 = _array_form("float32", "<f4")
INT32 = _array_form("int32", "<i4")
UINT16 = _array_form("uint16", "<u2")
UINT64 = _array_form("uint64", "<u8")


def map_texts(
    work: Work,
    items: Sequence[Item],
    form: Form = JSON,
    libraries: Sequence[str] = (),
    batch: int = 512,
) -> list[Any]:
    """Return the result of `work` for each item, in order.

    `work` is a module-level function from a list of items to as many results, or functools.partial
    of one, whose keyword arguments are the params; each result must depend on its own item alone.
    It is called for items that the memo does not hold, each different item once, `batch` at a
    time. Each batch is kept when it is done, so that a killed run keeps its work. New results pass
    through `form`, too, so that their types do not depend on the memo.
    """
    operation = keyed(work, items, form, libraries)
    keys = operation.keys
    with Store() if is_on() else nullcontext() as store:
        values = store.find(list(keys.values())) if store else {}
        missing = [item for item, key in keys.items() if key not in values]
        # Another engine takes the place of this loop.
        parts = [missing[start : start + batch] for start in range(0, len(missing), batch)]
        for part in progress(parts, operation.name.partition(".")[2], len(parts)):
            results = zip(part, work(part), strict=True)
            new = {keys[item]: form.pack(result) for item, result in results}
            if store and operation.version.is_current():
                store.keep(operation.name, new)
            values |= new
    return [form.unpack(values[keys[item]]) for item in items]


def keyed(
    work: Work, items: Sequence[Item], form: Form = JSON, libraries: Sequence[str] = ()
) -> Operation:
    """Return the name of the work in the memo, its version, and the key of each item."""
    function, params = (work.func, work.keywords) if isinstance(work, partial) else (work, {})
    if isinstance(work, partial) and work.args:
        raise ValueError("pass params by name, so that the key can distinguish them")
    name = f"{Path(function.__code__.co_filename).stem}.{function.__qualname__}"
    version = version_of(function, libraries)
    ours = sha256_of(Path(__file__))  # how keys are made and values packed
    shared = _to_json([ours, name, version.digest, plain(params), form.name])
    prefix = hashlib.sha256(shared).digest()
    return Operation(name, version, {item: _key(prefix, item) for item in dict.fromkeys(items)})


def _key(prefix: bytes, item: Item) -> bytes:
    parts = (item,) if isinstance(item, str) else item
    digest = hashlib.blake2b(key=prefix, digest_size=KEY_BYTES)
    for part in parts:
        content = part.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.digest()


def plain(value: Any) -> Any:
    """Return a param as JSON can hold it: equal for equal values only, in any order of a set.

    Bytes, which may be a secret key, become their digest, and a path the content of its files.
    Raises TypeError for other types, rather than leave the value out.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return {"bytes": hashlib.sha256(b"seedbed memo\0" + value).hexdigest()}
    if isinstance(value, Path):
        files = sorted(value.rglob("*")) if value.is_dir() else [value]
        digests = {
            str(file.relative_to(value)): sha256_of(file) for file in files if file.is_file()
        }
        return {"files": digests}
    if isinstance(value, BaseModel):
        return plain(dict(value))
    if isinstance(value, dict):
        return {"items": sorted(([plain(k), plain(v)] for k, v in value.items()), key=_to_json)}
    if isinstance(value, set | frozenset):
        return {"set": sorted((plain(member) for member in value), key=_to_json)}
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    raise TypeError(f"a param of type {type(value).__name__} cannot be part of the memo's key")
