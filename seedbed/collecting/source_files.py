"""The files of a source: those that a path or a glob finds, and text files below a folder."""

import re
from glob import glob
from pathlib import Path

from seedbed.collecting.text_files import PACKED
from seedbed.core.errors import SourceError

WILDCARD = re.compile(r"[*?\[]")


def is_glob(path: str) -> bool:
    """Whether a path is a pattern for the files it matches (a file may be called `a[1].csv`)."""
    return bool(WILDCARD.search(path)) and not Path(path).exists()


def table_files(path: str, place: str, root: Path = Path()) -> list[Path]:
    """The file at `path` below `root`, or the files that a glob finds, sorted.

    Their `.dvc` files are not among them. Raises SourceError where there is none.
    """
    names = glob(path, root_dir=root, recursive=True) if is_glob(path) else [path]
    files = [root / name for name in names if Path(name).suffix != ".dvc"]
    files = [file for file in files if file.is_file()]
    if not files:
        tracked = Path(f"{path}.dvc").exists()
        found = "a folder" if (root / path).is_dir() else "no such file"
        step = f"run `dvc pull {path}`" if tracked else "correct `path` or `kind`"
        raise SourceError(place, f"`{path}` is {found}", "a table, or a glob", step)
    return sorted(files, key=Path.as_posix)


def text_files(folder: Path, pattern: str, place: str) -> list[Path]:
    """The files below a folder whose names, without .gz or the like, match; hidden ones never do.

    Raises SourceError where there is none.
    """
    files = [
        path
        for path in folder.rglob("*")
        if Path(path.stem if path.suffix.lower() in PACKED else path.name).match(pattern)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    ]
    if not files:
        found = "no file matches" if folder.is_dir() else "no such folder"
        raise SourceError(
            place,
            f"{found}: {folder.name}/**/{pattern}",
            "a folder with one subfolder a class",
            "correct `path` or `pattern`, or run `dvc pull`",
        )
    return sorted(files, key=Path.as_posix)
