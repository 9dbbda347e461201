"""What dvc.lock remembers of the last run of each stage."""

from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from seedbed.core.errors import PipelineError

LOCK = "dvc.lock"


class Locked(NamedTuple):
    """A stage as it ran: digests by path, values of params by file and key."""

    command: str
    deps: dict[str, str]
    params: dict[str, dict[str, Any]]
    outputs: dict[str, str]


def parse_lock(text: str, place: str = LOCK) -> dict[str, Locked]:
    """The stages of a dvc.lock by name. Raises PipelineError where it is none."""
    try:
        content = YAML(typ="safe").load(text) or {}
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise PipelineError(
            f"{place}:{mark.line + 1}" if mark else place,
            "not YAML, as after a merge that nobody has resolved",
            "the digests of a run",
            "run `make resolve`",
        ) from None
    return {name: _locked(found) for name, found in (content.get("stages") or {}).items()}


def _locked(found: dict[str, Any]) -> Locked:
    command = found["cmd"]
    return Locked(
        command if isinstance(command, str) else "\n".join(command),
        _digests(found.get("deps", [])),
        found.get("params", {}),
        _digests(found.get("outs", [])),
    )


def _digests(entries: list[dict[str, Any]]) -> dict[str, str]:
    return {entry["path"]: entry.get("md5", "") for entry in entries}
