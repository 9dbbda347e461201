"""Whether dvc.yaml lists what collect reads: a path that it does not list makes dvc.lock lie."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ruamel.yaml import YAML

from seedbed.collecting.sources import WILDCARD, Source, is_glob, table_files
from seedbed.core.errors import SourceError

DVC = Path("dvc.yaml")


def check_declared(sources: Sequence[Source]) -> None:
    """Raise SourceError, with the lines to add, where stage collect lacks a path among its deps.

    A file, a folder and a local dataset stand there as they stand in params. For a glob stands
    each file that it finds, or, where DVC tracks the folder as one, the folder before the first
    wildcard. A package is held by its version, a dataset on the hub by its commit.
    """
    if not DVC.exists():
        return
    stages = (YAML(typ="safe").load(DVC.read_text(encoding="utf-8")) or {}).get("stages", {})
    declared = {Path(path) for path in stages.get("collect", {}).get("deps", [])}
    for source in sources:
        missing = [path for path in needed(source, declared) if path not in declared]
        if missing:
            lines = "".join(f"\n      - {path.as_posix()}" for path in missing)
            raise SourceError(
                "dvc.yaml: stages: collect: deps",
                f"the source {source.name} is not listed",
                "every path that collect reads",
                f"add under `deps:`{lines}",
            )


def needed(source: Source, declared: Iterable[Path]) -> list[Path]:
    """The paths of one source that must be declared."""
    path = Path(source.path)
    if source.kind == "package" or (source.kind == "huggingface" and not path.is_dir()):
        return []
    if source.kind != "file" or not is_glob(source.path):
        return [path]
    files = table_files(source.path, f"params.yaml: sources: {source.name}: path")
    tracked_alone = any(Path(f"{file}.dvc").exists() for file in files)
    folder = Path(*_before_wildcard(path))
    return [folder] if folder in set(declared) and not tracked_alone else files


def _before_wildcard(path: Path) -> list[str]:
    parts: list[str] = []
    for part in path.parts:
        if WILDCARD.search(part):
            break
        parts.append(part)
    return parts
