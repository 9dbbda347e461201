"""dvc.lock, read in one place: what DVC recorded of the last run of each stage."""

from functools import lru_cache
from typing import Any, NamedTuple

from seedbed.core.errors import PipelineError
from seedbed.core.files import parse_yaml

LOCK = "dvc.lock"


class LockedStage(NamedTuple):
    """A stage as it ran: digests by path, values of params by file and key."""

    command: str
    deps: dict[str, str]
    params: dict[str, dict[str, Any]]
    outputs: dict[str, str]


@lru_cache(maxsize=4)  # two versions, each asked several times
def parse_lock(text: str, place: str = LOCK) -> dict[str, LockedStage]:
    """Return the stages of a dvc.lock by name. Raises PipelineError if it is not YAML."""
    step = "after a merge, run `make resolve`; else restore the file and run `dvc repro`"
    content = parse_yaml(text, place, PipelineError, step) or {}
    if not isinstance(content, dict):
        raise PipelineError(place, "no stages in it", "what DVC writes", step)
    return {name: _locked(entry) for name, entry in (content.get("stages") or {}).items()}


def _locked(entry: dict[str, Any]) -> LockedStage:
    command = entry.get("cmd", "")
    return LockedStage(
        command if isinstance(command, str) else "\n".join(command),
        _digests(entry.get("deps", [])),
        entry.get("params", {}),
        _digests(entry.get("outs", [])),
    )


def _digests(entries: list[dict[str, Any]]) -> dict[str, str]:
    return {entry["path"]: entry.get("md5", "") for entry in entries}
