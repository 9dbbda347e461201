"""The engine for per-text work: `map_texts(work, items)`; and the version of the code behind it.

The engine makes a key for each item, finds results in the memo, computes what is missing in
batches, and keeps what it computed. A key is hash(function, its version, its params, text), so a
result from the memo is the one that the function would return; deleting the memo costs nothing but
time. SEEDBED_MEMO=off turns it off and SEEDBED_MEMO_MB limits its size.

The version of a function is a digest of all that decides its results, found by reading imports and
never by importing: the source of its module and of every module of this project that this one
imports (transitively, lazily or not), the data files of their rooms, and the versions of Python and
of the libraries they import. A result that is kept under a version therefore never belongs to
another rule. A model that is loaded by name is not an import: its distribution has to be named.

`pipeline.code_deps` reads the code dependencies of a stage the same way.
"""

import ast
import hashlib
import json
import platform
import sys
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import nullcontext
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel

from seedbed.core.files import sha256_of
from seedbed.core.stage import progress
from seedbed.running.memo import Store, is_on

KEY_BYTES = 20

Item = str | tuple[str, ...]  # a text, or a text and its pair
Work = partial[Any] | Callable[[list[Any]], Sequence[Any]]
PROJECT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("seedbed", "stages")
DATA = "data"  # the folder of a room that holds its word lists and tables
STARTED = time.time()
# Where the name to import is not the name of the distribution.
DISTRIBUTIONS = {"ruamel": "ruamel.yaml", "sklearn": "scikit-learn", "stdnum": "python-stdnum",
                 "yaml": "PyYAML"}  # fmt: skip


class Version(NamedTuple):
    """The digest of the code behind a function, and the files of this project that contain it."""

    digest: str
    files: tuple[Path, ...]

    def is_current(self) -> bool:
        """Whether no file was edited since this process started, which runs the code of then."""
        return all(file.exists() and file.stat().st_mtime <= STARTED for file in self.files)


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


def version_of(function: Callable[..., Any], libraries: Iterable[str] = ()) -> Version:
    """Return the version of a module's function; `libraries` adds distributions loaded by name.

    Raises ValueError for a closure, because the variables that it captures are not seen.
    """
    if function.__closure__:
        raise ValueError(f"{function.__qualname__} takes variables from around it: pass them")
    modules = closure([Path(function.__code__.co_filename).resolve()])
    folders = {module.parent / DATA for module in modules if module.is_relative_to(PROJECT)}
    # PROJECT/data is what stages write, and no part of the code.
    data = (file for folder in folders - {PROJECT / DATA} for file in folder.rglob("*"))
    files = sorted({*modules, *filter(Path.is_file, data)})
    names = [
        file.relative_to(PROJECT).as_posix() if file.is_relative_to(PROJECT) else file.name
        for file in files
    ]
    distributions = sorted({*libraries_of(modules), *libraries})
    content = {
        "python": platform.python_version(),
        "files": dict(zip(names, map(sha256_of, files), strict=True)),
        "libraries": {name: _installed(name) for name in distributions},
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return Version(digest, tuple(files))


def libraries_of(modules: Iterable[Path]) -> set[str]:
    """Return the distributions that the modules import."""
    tops = {name.partition(".")[0] for file in modules for name in imported(file.read_bytes())}
    return {
        DISTRIBUTIONS.get(top, top)
        for top in tops
        if top not in PACKAGES and top not in sys.stdlib_module_names
    }


@cache
def _installed(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


@cache
def imported(source: bytes) -> frozenset[str]:
    """Return the names of the modules that a source imports, lazily or not.

    `from a import b` gives both a and a.b, because b may be a module. Raises ValueError for a
    relative import.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level or not node.module:
                raise ValueError("relative import: write the full name of the module")
            names.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
    return frozenset(names)


def closure(
    files: Iterable[Path], project: Path = PROJECT, without: Collection[Path] = ()
) -> set[Path]:
    """Return the files and everything that they import within this project, transitively.

    The files in `without` are left out, and so is what is reachable only through them.
    """
    reached: set[Path] = set()
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        if file in reached or file in without:
            continue
        reached.add(file)
        for module in imported(file.read_bytes()):
            parts = module.split(".")
            if parts[0] in PACKAGES:  # importing it runs its own file and those of its packages
                folders = [project.joinpath(*parts[:end]) for end in range(1, len(parts) + 1)]
                own = [folder / "__init__.py" for folder in folders]
                own.append(folders[-1].with_suffix(".py"))
                waiting += filter(Path.exists, own)
    return reached


def is_bare(file: Path) -> bool:
    """Whether a file contains at most a docstring, so that it cannot change anything."""
    body = ast.parse(file.read_bytes()).body
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)
