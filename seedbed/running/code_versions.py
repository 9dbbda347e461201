"""The version of the code behind a function: `version_of(function)`.

It is a digest of all that decides its results, found by reading imports and never by importing: the
source of its module and of every module of this project that this one imports (transitively, lazily
or not), the data files of their rooms, and the versions of Python and of the libraries they import.
A result that is kept under a version therefore never belongs to another rule. A model that is
loaded by name is not an import: its distribution has to be named.

`pipeline.code_deps` reads the code dependencies of a stage the same way.
"""

import ast
import hashlib
import json
import platform
import sys
import time
from collections.abc import Callable, Collection, Iterable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.core.files import sha256_of

PROJECT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("seedbed", "stages")
DATA = "data"  # the folder of a room that holds its word lists and tables
STARTED = time.time()
# Where the name to import is not the name of the distribution.
DISTRIBUTIONS = {"ruamel": "ruamel.yaml", "sklearn": "scikit-learn", "stdnum": "python-stdnum",
                 "yaml": "PyYAML"}  # fmt: skip


class Versions(NamedTuple):
    """What decides results: the version of Python, the digest of each file, and the version of each
    distribution."""

    python: str
    files: dict[str, str]
    libraries: dict[str, str]


class Version(NamedTuple):
    """The digest of the code behind a function, the files of this project that contain it, and
    what the digest is of."""

    digest: str
    files: tuple[Path, ...]
    content: Versions

    def is_current(self) -> bool:
        """Whether no file was edited since this process started, which runs the code of then."""
        return all(file.exists() and file.stat().st_mtime <= STARTED for file in self.files)


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
    content = Versions(
        platform.python_version(),
        dict(zip(names, map(sha256_of, files), strict=True)),
        {name: _installed(name) for name in distributions},
    )
    text = json.dumps(content._asdict(), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Version(digest, tuple(files), content)


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
