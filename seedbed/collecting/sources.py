"""The section `sources` of params.yaml: its entries, and the paths that dvc.yaml lists for them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seedbed.collecting.kinds import KINDS
from seedbed.collecting.source import Source
from seedbed.core.errors import ParamsError, SourceError
from seedbed.core.files import parse_yaml
from seedbed.core.params import read_params, unknown_name, validated

DVC = Path("dvc.yaml")


def read_sources() -> list[Source]:
    """Read the section `sources`, in the order (batch, name).

    Raises ParamsError if there is none, or for an entry that is wrong.
    """
    sources = read_entries()
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
    return sorted(sources, key=lambda source: (source.batch, source.name))


def read_entries() -> list[Source]:
    """Read the entries in their order, which may be none. Raises ParamsError."""
    return [parse_source(entry) for entry in read_params("sources", list[dict[str, Any]])]


def parse_source(entry: dict[str, Any]) -> Source:
    """Check an entry by the model of its kind.

    Raises ParamsError that names the source and the key; for an unknown kind it lists the kinds.
    """
    place = f"sources: {entry.get('name', 'an entry without a name')}"
    kind = str(entry.get("kind", ""))
    if kind not in KINDS:
        raise unknown_name(f"params.yaml: {place}: kind", kind, tuple(KINDS))
    source = validated(place, entry, KINDS[kind])
    for key, problem, expected in source.problems():
        raise ParamsError(f"params.yaml: {place}: {key}", problem, expected, "correct the source")
    return source


def check_declared(sources: Sequence[Source]) -> None:
    """Check that stage collect lists every path that it reads, or dvc.lock would not be honest.

    Raises SourceError with the lines to add.
    """
    if not DVC.exists():
        return
    stages = (parse_yaml(DVC.read_text(encoding="utf-8"), "dvc.yaml", SourceError) or {}).get(
        "stages", {}
    )
    listed = {Path(path) for path in stages.get("collect", {}).get("deps", [])}
    for source in sources:
        missing = [path for path in source.declared(listed) if path not in listed]
        if missing:
            lines = "".join(f"\n      - {path.as_posix()}" for path in missing)
            raise SourceError(
                "dvc.yaml: stages: collect: deps",
                f"the source {source.name} is not listed",
                "every path that collect reads",
                f"add under `deps:`{lines}",
            )
