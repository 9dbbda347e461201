"""The version of a function: a digest of all code that decides what it gives.

That is its module's source, the source of every module of this project that this one imports
(transitively, lazily or not), and the versions of Python and of the libraries that they import.
So a result that is kept under this version can never be one of another rule. What a module loads
by name, such as a model that is a package, is not seen and has to be named.
"""

import hashlib
import json
import platform
import sys
import time
from collections.abc import Callable, Iterable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.running.imports import PACKAGES, PROJECT, files_of, imported

STARTED = time.time()
# Where the name to import is not the name of the distribution.
DISTRIBUTIONS = {"ruamel": "ruamel.yaml", "sklearn": "scikit-learn", "stdnum": "python-stdnum",
                 "yaml": "PyYAML"}  # fmt: skip


class Version(NamedTuple):
    """The digest of the code behind a function, and the files of this project that hold it."""

    digest: str
    files: tuple[Path, ...]

    def stands(self) -> bool:
        """Whether no file was edited since this process began, which runs what it read then."""
        return all(file.exists() and file.stat().st_mtime <= STARTED for file in self.files)


def version_of(function: Callable[..., Any], libraries: Iterable[str] = ()) -> Version:
    """The version of a module's function; `libraries` adds distributions that are loaded by name.

    Raises ValueError for a function that takes variables from around it, since they are not seen.
    """
    if function.__closure__:
        raise ValueError(f"{function.__qualname__} takes variables from around it: pass them")
    sources, imports = _reached(Path(function.__code__.co_filename).resolve())
    content = {
        "python": platform.python_version(),
        "files": {_name(file): digest for file, digest in sources.items()},
        "libraries": {name: _installed(name) for name in sorted({*imports, *libraries})},
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return Version(digest, tuple(sources))


def _reached(file: Path) -> tuple[dict[Path, str], set[str]]:
    """Digests of a file and of all it imports inside this project, and the distributions that
    they import."""
    digests: dict[Path, str] = {}
    distributions: set[str] = set()
    waiting = [file]
    while waiting:
        file = waiting.pop()
        if file in digests:
            continue
        source = file.read_bytes()
        digests[file] = hashlib.sha256(source).hexdigest()
        for module in imported(source):
            top = module.partition(".")[0]
            if top in PACKAGES:
                waiting += files_of(module, PROJECT)
            elif top not in sys.stdlib_module_names:
                distributions.add(DISTRIBUTIONS.get(top, top))
    return digests, distributions


def _name(file: Path) -> str:
    inside = file.is_relative_to(PROJECT)
    return file.relative_to(PROJECT).as_posix() if inside else file.name


@cache
def _installed(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
