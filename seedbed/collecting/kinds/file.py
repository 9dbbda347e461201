"""Kind `file`: a table in a file, or several that a glob finds."""

from collections.abc import Collection
from itertools import takewhile
from pathlib import Path
from typing import ClassVar, Literal

from seedbed.collecting.source import RawWay, WithTables
from seedbed.collecting.source_files import WILDCARD, is_glob, table_files


class FileSource(WithTables):
    """CSV, TSV, JSON, JSON Lines, Parquet or a workbook, packed or not."""

    kind: Literal["file"]

    about: ClassVar[str] = "a table, or a glob of them: CSV, TSV, JSON, JSON Lines, Parquet, Excel"

    def declared(self, listed: Collection[Path]) -> list[Path]:
        """The file; for a glob each file that it finds, or, if DVC tracks the folder as one, the
        folder before the first wildcard."""
        if not is_glob(self.path):
            return [Path(self.path)]
        files = table_files(self.path, self.place)
        tracked_alone = any(Path(f"{file}.dvc").exists() for file in files)
        folder = Path(*takewhile(lambda part: not WILDCARD.search(part), Path(self.path).parts))
        return [folder] if folder in set(listed) and not tracked_alone else files

    def raw_files(self) -> list[RawWay]:
        """The tables themselves."""
        files = table_files(self.path, self.place)
        return [RawWay(file, self.form, is_table=True) for file in files]

    @classmethod
    def takes(cls, path: Path) -> bool:
        """Any file is a table."""
        return path.is_file()


SOURCE = FileSource
