"""Where rows come from: the entries of `sources:` in params.yaml, and the tables behind them."""

import codecs
import datetime
import glob
import importlib.metadata
import importlib.util
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field, field_validator

from seedbed.collecting.tables import Dialect, Record, Table, as_text, read_table
from seedbed.collecting.text_files import PACKED, decode, is_binary, read_file
from seedbed.core.errors import ParamsError, SourceError
from seedbed.core.params import Section, read_params
from seedbed.core.reasons import Reason

COMMIT = re.compile(r"[0-9a-f]{40}")
WILDCARD = re.compile(r"[*?\[]")


class Columns(Section):
    """Which column of the source holds what. Text folders have the columns text, label, path."""

    text: str = "text"
    text_pair: str = ""  # second text of a pair task
    label: str = "label"
    id: str = ""  # the source's own key: the row keeps its id when its text or label changes
    date: str = ""  # ISO 8601, or as `date_format` says
    group: str = ""  # author, thread, customer: rows of one group share a side
    split: str = ""  # the side that the source itself gives: train, validation, test
    meta: list[str] = []  # columns that are safe to keep as they are; they leave the private zone


class Source(Section):
    """One entry of `sources:`."""

    # Part of every id: never rename it. A source that goes on has an entry a batch, all so named.
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    kind: Literal["file", "folder", "huggingface", "package"]
    path: str = Field(min_length=1)  # file or glob; folder; dataset id or folder; path in a package
    batch: str = Field(pattern=r"^\d{4}-\d{2}[A-Za-z0-9._-]*$")  # one arrival; begins with a date
    licence: str = Field(min_length=1)  # what the text may be used for, as the source says it
    date: str = ""  # YYYY-MM-DD, of rows without a date of their own
    date_format: str = ""  # strptime format of the date column, where it is not ISO 8601
    columns: Columns = Columns()
    label: str = ""  # one label for every row
    label_map: dict[str, str | None] = {}  # rename, merge; null drops the row
    split: str = Field("", pattern=r"^(train|validation|test)?$")  # one side for every row
    # Examples where the right answer is not there: near the classes' subjects, or of any subject
    # (true says general).
    negative: bool | Literal["in_domain", "general"] = False
    unlabelled: bool = False  # rows without a label, for domain-adaptive training
    show_text: bool = False  # may pull-request reports quote these texts?
    encoding: str = ""  # of the text; empty: found for each file
    separator: str = ""  # of CSV; empty: comma in .csv, tab in .tsv
    quote: str = '"'  # of CSV; empty: quotes are characters like any other
    escape: str = ""  # of CSV: the character before a quote that belongs to the text
    header: bool = True  # false: the first line is a row, columns are called "1", "2" ...
    pattern: str = "*.txt"  # which files of a text folder are rows
    package: str = Field("", pattern=r"^\w*$")  # import name of the package
    version: str = ""  # of the package; another one is an error
    revision: str = ""  # commit of the dataset on the hub, 40 hex digits
    subset: str = ""  # named configuration of the dataset
    splits: list[str] = []  # splits of the dataset; empty: all of them

    @field_validator("batch", "date", mode="before")
    @classmethod
    def _day_as_text(cls, value: object) -> object:
        # YAML reads 2026-11-03 without quotes as a date.
        return value.isoformat() if isinstance(value, datetime.date) else value

    @field_validator("date")
    @classmethod
    def _is_day(cls, value: str) -> str:
        return value and datetime.date.fromisoformat(value).isoformat()

    @field_validator("label_map", mode="before")
    @classmethod
    def _keys_as_text(cls, value: object) -> object:
        # YAML reads the class 3 as a number and the class true as a truth value.
        if not isinstance(value, dict):
            return value
        return {as_text(old): None if new is None else as_text(new) for old, new in value.items()}

    @property
    def negative_kind(self) -> str:
        """in_domain or general; "" for a source that is not negative."""
        return "general" if self.negative is True else self.negative or ""

    @property
    def wanted(self) -> list[str]:
        """The columns this source must have."""
        named = self.columns
        label = "" if self.label or self.unlabelled else named.label
        split = "" if self.split else named.split
        single = [named.text, named.text_pair, label, named.id, named.date, named.group, split]
        return [name for name in [*single, *named.meta] if name]


class SourceTable(NamedTuple):
    """The rows of one file: its name in provenance, the SHA-256 of its bytes, its table."""

    file: str
    sha256: str
    table: Table


def read_sources() -> list[Source]:
    """The section `sources`, in the order (batch, name). Raises ParamsError."""
    sources = read_params("sources", list[Source])
    if not sources:
        raise ParamsError("params.yaml: sources", "no source", "one or more", "add one; see README")
    entries = Counter((source.name, source.batch) for source in sources)
    for (name, batch), times in entries.items():
        if times > 1:
            raise ParamsError(
                "params.yaml: sources",
                f"two are called `{name}` with the batch {batch}",
                "one name each, or one batch each under one name",
                "give the later one a batch of its own, or, if it is another source, a name",
            )
    for source in sources:
        _check(source)
    return sorted(sources, key=lambda source: (source.batch, source.name))


def _check(source: Source) -> None:
    def refuse(field: str, found: str, expected: str) -> None:
        place = f"params.yaml: sources: {source.name}: {field}"
        raise ParamsError(place, found, expected, "correct the source")

    if source.unlabelled and (source.label or source.negative):
        refuse("unlabelled", "with `label` or `negative`", "rows with a label or without")
    if source.encoding:
        try:
            codecs.lookup(source.encoding)
        except LookupError:
            refuse("encoding", f"`{source.encoding}`", "an encoding that Python knows")
    if any(len(sign) > 1 for sign in (source.separator, source.quote, source.escape)):
        refuse("separator, quote, escape", "more than one character", "one character each")
    if source.kind == "package" and not (source.package and source.version):
        refuse("package, version", "nothing", "the package's import name and its version")
    on_hub = source.kind == "huggingface" and not Path(source.path).is_dir()
    if on_hub and not COMMIT.fullmatch(source.revision):
        refuse("revision", f"`{source.revision}`", "a commit: 40 hex digits (a branch moves)")


def read_source(source: Source) -> Iterator[SourceTable]:
    """Every file of a source, sorted by name, with its rows.

    Raises SourceError where the source is not there, or a file of it cannot be read as a whole.
    """
    place = f"params.yaml: sources: {source.name}: path"
    if source.kind == "huggingface":
        from seedbed.collecting.hub_datasets import read_dataset

        for name, sha256, table in read_dataset(
            source.path, source.revision, source.subset, source.splits, source.wanted
        ):
            yield SourceTable(name, sha256, table)
        return
    root = _package_folder(source) if source.kind == "package" else Path()
    found = root / source.path
    if source.kind == "folder" or (source.kind == "package" and found.is_dir()):
        files, read = text_files(found, source.pattern, place), _read_text
    else:
        files, read = table_files(source.path, place, root), _read_table
    for file in files:
        shown = file.relative_to(root.parent) if source.kind == "package" else file
        # A file name may hold bytes that are no UTF-8; Parquet and git want UTF-8.
        name = os.fsencode(shown.as_posix()).decode("utf-8", "backslashreplace")
        yield read(source, found, file, name)


def _read_table(source: Source, _: Path, path: Path, shown: str) -> SourceTable:
    dialect = Dialect(source.separator, source.quote, source.escape, source.header)
    file = read_file(path)
    table = read_table(file, shown, source.wanted, dialect, source.encoding)
    return SourceTable(shown, file.sha256, table)


def _read_text(source: Source, root: Path, path: Path, shown: str) -> SourceTable:
    """A text file is one row; its label is the first folder below the root."""
    file = read_file(path)
    inside = path.relative_to(root)
    label = inside.parts[0] if len(inside.parts) > 1 else None
    cells = {"label": label, "path": inside.as_posix()}
    try:
        text, encoding = decode(file.content, source.encoding)
    except UnicodeDecodeError:
        text, encoding, reason = "", "", Reason.BAD_ENCODING
    else:
        reason = Reason.NOT_TEXT if is_binary(text) else ""
    record = Record(1, {} if reason else {"text": text, **cells}, reason)
    return SourceTable(shown, file.sha256, Table(["text", *cells], [record], encoding))


def is_glob(path: str) -> bool:
    """Whether a path stands for the files it matches (a file may be called `a[1].csv`)."""
    return bool(WILDCARD.search(path)) and not Path(path).exists()


def table_files(path: str, place: str, root: Path = Path()) -> list[Path]:
    """The file at `path` below `root`, or the files that a glob finds, sorted.

    The `.dvc` files beside them are none of them. Raises SourceError where there is none.
    """
    names = glob.glob(path, root_dir=root, recursive=True) if is_glob(path) else [path]
    files = [root / name for name in names]
    files = [file for file in files if file.is_file() and file.suffix != ".dvc"]
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
    files = []
    for above, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(above, name)
            bare = path.stem if path.suffix.lower() in PACKED else name
            if not name.startswith(".") and Path(bare).match(pattern):
                files.append(path)
    if not files:
        found = "no file matches" if folder.is_dir() else "no such folder"
        raise SourceError(
            place,
            f"{found}: {folder.name}/**/{pattern}",
            "a folder with one subfolder a class",
            "correct `path` or `pattern`, or run `dvc pull`",
        )
    return sorted(files, key=Path.as_posix)


def _package_folder(source: Source) -> Path:
    """Where an installed package lies; none of its code is run."""
    place = f"params.yaml: sources: {source.name}: package"
    wanted = f"{source.package} {source.version}"
    spec = importlib.util.find_spec(source.package)
    if spec is None or not spec.submodule_search_locations:
        raise SourceError(
            place, f"`{source.package}` is not installed", wanted, "run `make install`, or pip"
        )
    owners = importlib.metadata.packages_distributions().get(source.package, [])
    versions = sorted({importlib.metadata.version(owner) for owner in owners})
    if source.version not in versions:
        found = f"version {', '.join(versions) or 'unknown'} is installed"
        raise SourceError(
            place,
            found,
            wanted,
            f"pip install '{(owners or [source.package])[0]}"
            f"=={source.version}', or change `version` and review the difference",
        )
    return Path(spec.submodule_search_locations[0])
