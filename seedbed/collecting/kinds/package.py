"""Kind `package`: texts or tables inside an installed Python package."""

import importlib.metadata
import importlib.util
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from seedbed.collecting.source import Problem, SourceTable, WithTables, read_texts
from seedbed.core.errors import SourceError


class PackageSource(WithTables):
    """A folder of text files, or a table, at `path` in a package; none of its code is run."""

    kind: Literal["package"]
    package: str = Field("", pattern=r"^\w*$")  # import name of the package
    version: str = ""  # of the package; another one is an error
    pattern: str = "*.txt"  # which files of a text folder are rows

    about: ClassVar[str] = "texts or tables inside an installed Python package, by its version"

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the entry as a whole."""
        yield from super().problems()
        if self.outside:
            yield "outside", "true", "no such key: a path in a package stays inside it"
        if not (self.package and self.version):
            yield "package, version", "nothing", "the package's import name and its version"

    def tables(self) -> Iterator[SourceTable]:
        """Yield the rows of each file."""
        root = self._folder()
        if (root / self.path).is_dir():
            return read_texts(self, self.pattern, self.encoding, root)
        return self.read_tables(root)

    def declared(self, listed: Collection[Path]) -> list[Path]:
        """Nothing: a package is identified by its version."""
        return []

    def _folder(self) -> Path:
        """The folder of the installed package."""
        place = f"params.yaml: sources: {self.name}: package"
        wanted = f"{self.package} {self.version}"
        spec = importlib.util.find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            raise SourceError(
                place, f"`{self.package}` is not installed", wanted, "run `make install`, or pip"
            )
        owners = importlib.metadata.packages_distributions().get(self.package, [])
        versions = sorted({importlib.metadata.version(owner) for owner in owners})
        if self.version not in versions:
            found = f"version {', '.join(versions) or 'unknown'} is installed"
            pinned = f"{(owners or [self.package])[0]}=={self.version}"
            step = f"pip install '{pinned}', or change `version` and review the difference"
            raise SourceError(place, found, wanted, step)
        return Path(spec.submodule_search_locations[0])


SOURCE = PackageSource
