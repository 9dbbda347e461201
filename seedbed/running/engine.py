"""Per-text work: `map_texts(work, items)`.

It makes a key for each item, finds results in the memo, cuts what is missing into shards, lets the
engine that `seedbed/running/engines.py` chooses compute them, and keeps what is computed. A key is
hash(function, its version, its params, text), so a result from the memo is the one that the
function would return; deleting the memo costs nothing but time. SEEDBED_MEMO=off turns it off and
SEEDBED_MEMO_MB limits its size. Workers never open it.

Shards are ranges of the keys, and their number depends on that of the missing items alone: every
engine with any number of workers computes the same shards.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel

from seedbed.core.errors import CLIP, SeedbedError, WorkError, of_the_machine
from seedbed.core.files import sha256_of
from seedbed.core.stage import progress
from seedbed.core.stage_options import ENGINE, Run
from seedbed.running import engines, shares
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
    return Form(name, partial(_to_bytes, dtype=dtype), partial(np.frombuffer, dtype=dtype))


def _to_bytes(value: Any, dtype: str) -> bytes:
    return np.ascontiguousarray(value, dtype=dtype).tobytes()


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
    threads: int | None = None,
) -> list[Any]:
    """Return the result of `work` for each item, in order.

    `work` is a module-level function from a list of items to as many results, or functools.partial
    of one, whose keyword arguments are the params; each result must depend on its own item alone.
    It is called for items that the memo does not hold, each different item once, about `batch` at a
    time. Each shard is kept when it is done, so that a killed run keeps its work. New results pass
    through `form`, too, so that their types do not depend on the memo.

    `threads`: of a network that computes on several, on whose number the last bits of a result
    depend, as they do on the items of its shard; engines.ALL: of work that takes all threads there
    are. Shards of such work are exactly `batch` neighbours, in the order of their first occurrence.
    """
    operation = keyed(work, items, form, libraries)
    keys, engine = operation.keys, engines.chosen()
    is_worker = Run.share is not None and not Run.share.gathers
    with Store() if is_on() and not is_worker else nullcontext() as store:
        values = store.find(list(keys.values())) if store else {}
        missing = [item for item, key in keys.items() if key not in values]
        run = partial(
            packed,
            work=work,
            pack=form.pack,
            threads=threads,
            finds_item=engine.name != engines.SERIAL and threads is None,
        )
        job = engines.Job(run, operation.version, tuple(libraries), threads)
        if Run.share is not None and len(keys) > batch:
            every = cut(keys, keys, batch, threads is not None)
            names = [[keys[item] for item in shard] for shard in every]
            results = shares.finished(job, engine, operation.name, every, names, missing)
            shards: Sequence[Sequence[Item]] = every
        else:
            shards = cut(missing, keys, batch, threads is not None)
            results = engines.finished(job, engine, shards)
        for index, found in progress(results, operation.name.partition(".")[2], len(shards)):
            new = {keys[item]: value for item, value in zip(shards[index], found, strict=True)}
            if store and operation.version.is_current():
                store.keep(operation.name, new)
            values |= new
    return [form.unpack(values[keys[item]]) for item in items]


def cut(
    items: Collection[Item], keys: Mapping[Item, bytes], batch: int, in_order: bool
) -> list[list[Item]]:
    """Return the items in shards of about `batch`: equal ranges of the keys, or `in_order`.

    The shards depend on the items alone, never on who computes them. Keys are hashes, so that
    ranges have about as many items.
    """
    if in_order:
        every = list(items)
        return [every[start : start + batch] for start in range(0, len(every), batch)]
    count = -(-len(items) // batch)
    shards: list[list[Item]] = [[] for _ in range(count)]
    for item in items:
        shards[int.from_bytes(keys[item][:8], "big") * count >> 64].append(item)
    return [shard for shard in shards if shard]


def packed(
    items: list[Any],
    work: Work,
    pack: Callable[[Any], bytes],
    threads: int | None = None,
    finds_item: bool = False,
) -> list[bytes]:
    """Return the results for a shard as bytes, in any process.

    `finds_item`: turn an error of a defect into a WorkError with the item that causes it. Raises
    WorkError if there are not as many results as items.
    """
    if threads:
        # No import statement, by which torch would be part of every version of code.
        import_module("torch").set_num_threads(threads)
    try:
        results = work(items)
    except Exception as error:
        if not finds_item or isinstance(error, SeedbedError) or of_the_machine(error):
            raise
        for item in items:
            try:
                work([item])
            except Exception as cause:
                raise _failed(work, item, cause) from cause
        raise
    if len(results) != len(items):
        found = f"{len(results)} results for {len(items)} texts"
        raise WorkError(_name(work), found, "one for each", "correct the function")
    return [pack(result) for result in results]


def _failed(work: Work, item: Item, cause: Exception) -> WorkError:
    said = " ".join(str(cause).split())[:CLIP]
    step = f"`{ENGINE}=serial` shows where in the code; correct it, or remove the row"
    found = f"{type(cause).__name__}: {said}"
    return WorkError(_name(work), found, "a result for each text", step, item)


def _name(work: Work) -> str:
    return (work.func if isinstance(work, partial) else work).__qualname__


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
