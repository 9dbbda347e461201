"""The memo: results of costly per-text work, looked up instead of worked out again.

A result is found by hash(function, its version, its params, text), see `code_versions`, so it can
only be what the function would give; deleting the memo changes nothing but time. SEEDBED_MEMO=off
turns it off, SEEDBED_MEMO_MB limits its size, `seedbed memo stats` and `clear` look at it.
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


class Form(NamedTuple):
    """How a result is kept as bytes."""

    name: str
    pack: Callable[[Any], bytes]
    unpack: Callable[[bytes], Any]


class Operation(NamedTuple):
    """Work on some items: its name, the version of its code, and a key for each item."""

    name: str
    version: Version
    keys: dict[Item, bytes]


def _to_json(value: Any) -> bytes:
    # Not escaped: two surrogates side by side would be read back as one character.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _from_json(value: bytes) -> Any:
    return json.loads(value.decode("utf-8", "surrogatepass"))


def _numbers(name: str, dtype: str) -> Form:
    """A one-dimensional array: 33,530 of them are unpacked in a tenth of JSON's time."""

    def pack(value: np.ndarray) -> bytes:
        return np.ascontiguousarray(value, dtype=dtype).tobytes()

    return Form(name, pack, partial(np.frombuffer, dtype=dtype))


JSON = Form("json", _to_json, _from_json)  # tuples come back as lists
FLOAT32 = _numbers("float32", "<f4")
INT32 = _numbers("int32", "<i4")
UINT16 = _numbers("uint16", "<u2")
UINT64 = _numbers("uint64", "<u8")


def map_texts(
    work: partial | Callable[[list], Sequence],
    items: Sequence[Item],
    form: Form = JSON,
    libraries: Sequence[str] = (),
    batch: int = 512,
) -> list[Any]:
    """What `work` gives for each item, in order; each result must depend on its own item alone.

    `work` is a function of a module from a list of items to as many results, or functools.partial
    of one; the arguments of the partial are the params. It is called for what the memo has not,
    each different item once, `batch` items at a time; each batch is kept when it is done, so a
    killed run keeps what it did. Results pass through `form` whether they are new or old, so they
    cannot differ in type.
    """
    name, version, keys = keyed(work, items, form, libraries)
    with Store() if is_on() else nullcontext() as store:
        values = store.find(list(keys.values())) if store else {}
        missing = [item for item, key in keys.items() if key not in values]
        batches = [missing[start : start + batch] for start in range(0, len(missing), batch)]
        for some in progress(batches, name.partition(".")[2], len(batches)):
            new = {keys[item]: form.pack(one) for item, one in zip(some, work(some), strict=True)}
            if store and version.stands():
                store.keep(name, new)
            values |= new
    return [form.unpack(values[keys[item]]) for item in items]


def keyed(
    work: partial | Callable[[list], Sequence],
    items: Sequence[Item],
    form: Form = JSON,
    libraries: Sequence[str] = (),
) -> Operation:
    """What the memo calls the work, its version, and the key of each different item."""
    function, params = _parts(work)
    name = f"{Path(function.__code__.co_filename).stem}.{function.__qualname__}"
    version = version_of(function, libraries)
    prefix = _prefix(name, version.digest, plain(params), form.name)
    return Operation(name, version, {item: _key(prefix, item) for item in dict.fromkeys(items)})


def _parts(work: partial | Callable) -> tuple[Callable, dict[str, Any]]:
    if not isinstance(work, partial):
        return work, {}
    if work.args:
        raise ValueError("params are given by name, so that the key can tell them apart")
    return work.func, work.keywords


def _prefix(*content: Any) -> bytes:
    """The part of the key that all items of an operation share."""
    ours = sha256_of(Path(__file__))  # how keys are made and values packed
    return hashlib.sha256(_to_json([ours, *content])).digest()


def _key(prefix: bytes, item: Item) -> bytes:
    parts = (item,) if isinstance(item, str) else item
    digest = hashlib.blake2b(key=prefix, digest_size=KEY_BYTES)
    for part in parts:
        content = part.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.digest()


def plain(value: Any) -> Any:
    """A param as JSON can hold it: equal for equal values only, whatever the order of a set.

    Bytes, which may be a secret key, become their digest, and a path what the files there hold.
    Raises TypeError for what it does not know, rather than leave it out.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return {"bytes": hashlib.sha256(b"seedbed memo\0" + value).hexdigest()}
    if isinstance(value, Path):
        files = sorted(value.rglob("*")) if value.is_dir() else [value]
        return {"files": {str(file.relative_to(value)): sha256_of(file)
                          for file in files if file.is_file()}}  # fmt: skip
    if isinstance(value, BaseModel):
        return plain(dict(value))
    if isinstance(value, dict):
        return {"items": sorted(([plain(k), plain(v)] for k, v in value.items()), key=_to_json)}
    if isinstance(value, set | frozenset):
        return {"set": sorted((plain(one) for one in value), key=_to_json)}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    raise TypeError(f"a param of type {type(value).__name__} cannot be part of the memo's key")
