"""Kind `huggingface`: a dataset of the `datasets` library, from the Hub at one commit, or a local
folder."""

import hashlib
import re
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

from seedbed.collecting.source import SAVED_DATASET, Problem, RawWay, Source, SourceTable
from seedbed.collecting.tables import Record, Table, named_by
from seedbed.collecting.text_files import reading_source
from seedbed.core.errors import SeedbedError, SourceError
from seedbed.core.files import is_inside, sha256_of

COMMIT = re.compile(r"[0-9a-f]{40}")


class HuggingFaceSource(Source):
    """A dataset id with a commit, or a folder that `save_to_disk` wrote."""

    kind: Literal["huggingface"]
    revision: str = ""  # commit of the dataset on the Hub, 40 hex digits
    subset: str = ""  # named configuration of the dataset
    splits: list[str] = []  # splits of the dataset; empty: all of them

    about: ClassVar[str] = "a dataset of the Hugging Face Hub at one commit, or a saved one"

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the entry as a whole."""
        yield from super().problems()
        if not Path(self.path).is_dir() and not COMMIT.fullmatch(self.revision):
            expected = "a commit: 40 hex digits (a branch moves)"
            yield "revision", f"`{self.revision}`", expected

    def tables(self) -> Iterator[SourceTable]:
        """Yield the table of each split; classes by name; a column `split` if it has none.

        A local folder is one that `save_to_disk` made, or data files that `load_dataset` reads; its
        hash covers the name and bytes of every file. For the hub the commit takes its place.
        No code that comes with a dataset is run: `datasets` 4 and later have no way to do it.
        Raises SourceError where the dataset or a split is missing.
        """
        folder = Path(self.path) if Path(self.path).is_dir() else None
        for file in folder.rglob("*") if folder else ():
            self.check_inside(file)
        fingerprint = _folder_sha256(folder) if folder else self.revision
        # `datasets` copies what it reads: private text must not stay in a cache in the home folder.
        with tempfile.TemporaryDirectory() as cache:
            parts = self._load(cache if folder else None)
            for name in sorted(self.splits or parts):
                if name not in parts:
                    found, known = f"no split `{name}`", f"of: {', '.join(sorted(parts))}"
                    raise SourceError(self.path, found, known, "correct `splits`")
                with reading_source(f"{self.path}/{name}"):
                    table = _table(parts[name], name, self.read_columns)
                yield SourceTable(f"{self.path}/{name}", fingerprint, table)

    def _load(self, cache: str | None) -> dict[str, Any]:
        import datasets

        try:
            if self.takes(Path(self.path)):
                found = datasets.load_from_disk(self.path)
            else:
                found = datasets.load_dataset(
                    self.path, self.subset or None, revision=self.revision or None, cache_dir=cache
                )
        except Exception as error:  # of each format its own
            raise SourceError(
                self.path,
                f"cannot be loaded as a dataset ({type(error).__name__})",
                "a dataset of data files (none that needs its own code), and the hub in reach",
                "correct path, subset and revision; or save it here with `save_to_disk`",
            ) from None
        return dict(found) if isinstance(found, datasets.DatasetDict) else {"all": found}

    def declared(self, listed: Collection[Path]) -> list[Path]:
        """A local folder; a dataset on the Hub is identified by its commit."""
        return [Path(self.path)] if Path(self.path).is_dir() else []

    def raw_files(self) -> list[RawWay]:
        """Nothing that could be edited."""
        if Path(self.path).is_dir() and is_inside(self.path):
            raise SeedbedError(
                self.path,
                "a saved dataset, which this command cannot edit",
                "rows in CSV, JSON Lines, JSON, Parquet or text files",
                "nothing was changed; save the dataset as Parquet and read it with `kind: file`",
            )
        return []

    @classmethod
    def takes(cls, path: Path) -> bool:
        """A folder that `save_to_disk` wrote."""
        return any((path / name).exists() for name in SAVED_DATASET)


def _table(part: Any, split: str, wanted: Collection[str]) -> Table:
    import datasets

    columns = list(part.column_names)
    part = part.select_columns(named_by(wanted, columns))
    classes = {
        name: one.names
        for name, feature in part.features.items()
        if isinstance(one := getattr(feature, "feature", feature), datasets.ClassLabel)
    }

    def named(cell: Any, names: list[str]) -> Any:
        if isinstance(cell, list):
            return [named(one, names) for one in cell]
        # -1 is how a dataset says that the label is withheld
        return None if cell is None or cell < 0 else names[cell]

    records = []
    for number, cells in enumerate(part, 1):
        cells |= {name: named(cells[name], names) for name, names in classes.items()}
        records.append(Record(number, cells if "split" in columns else {**cells, "split": split}))
    return Table(list(dict.fromkeys([*columns, "split"])), records)


def _folder_sha256(folder: Path) -> str:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    lines = [f"{file.relative_to(folder).as_posix()} {sha256_of(file)}\n" for file in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


SOURCE = HuggingFaceSource
