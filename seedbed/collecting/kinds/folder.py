"""Kind `folder`: one text file per row, one subfolder per class."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from seedbed.collecting import source
from seedbed.collecting.source_files import text_files
from seedbed.collecting.table_forms import TableForm


class FolderSource(source.Source):
    """Text files; the columns are text, label (the subfolder) and path."""

    kind: Literal["folder"]
    encoding: str = ""  # of the text; empty: found for each file
    pattern: str = "*.txt"  # which files are rows

    about: ClassVar[str] = "a folder with one subfolder per class and one text file per row"

    def problems(self) -> Iterator[source.Problem]:
        """Yield what is wrong with the entry as a whole."""
        yield from super().problems()
        yield from source.encoding_problems(self.encoding)

    def tables(self) -> Iterator[source.SourceTable]:
        """Yield each file as a table of one row."""
        return source.read_texts(self, self.pattern, self.encoding)

    def raw_files(self) -> list[source.RawWay]:
        """The text files themselves."""
        files = text_files(Path(self.path), self.pattern, self.place)
        return [source.RawWay(file, TableForm(self.encoding), is_text=True) for file in files]

    @classmethod
    def takes(cls, path: Path) -> bool:
        """Any folder that is not a saved dataset."""
        return path.is_dir() and not any((path / name).exists() for name in source.SAVED_DATASET)


SOURCE = FolderSource
