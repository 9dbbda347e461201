"""What differs between two runs, other than rows: values of params.yaml, and code of stages.

Code is compared by dvc.lock, which records what each stage ran: it is the run that made the data.
"""

from typing import Any, NamedTuple

from seedbed.core.errors import ParamsError
from seedbed.core.files import parse_yaml
from seedbed.pipeline.code_deps import is_code
from seedbed.pipeline.dvc import parse_lock

MISSING = None


class ParamChange(NamedTuple):
    """A value of params.yaml: section.key, an entry of a list by its `name`. None: missing."""

    key: str
    before: Any
    after: Any


def changed_params(base: str, head: str) -> list[ParamChange]:
    """Return every value that differs, in the order of head's file, then of base's.

    Raises ParamsError if one is not YAML.
    """
    if base == head:
        return []
    before, after = (_flat(params_of(text)) for text in (base, head))
    return [
        ParamChange(key, before.get(key, MISSING), after.get(key, MISSING))
        for key in {**after, **before}
        if before.get(key, MISSING) != after.get(key, MISSING)
    ]


def params_of(text: str) -> dict[str, Any]:
    """Return the sections of a params.yaml. Raises ParamsError if it is not YAML."""
    return parse_yaml(text, "params.yaml", ParamsError) or {}


def changed_code(base: str, head: str) -> dict[str, list[str]]:
    """Return by stage, in the order of head's dvc.lock, the code whose content differs.

    A stage that only one side has run is left out: there is nothing to compare.
    """
    if base == head:
        return {}
    before, after = parse_lock(base), parse_lock(head)
    code = {
        stage: sorted(
            path
            for path in {**before[stage].deps, **locked.deps}
            if is_code(path) and before[stage].deps.get(path) != locked.deps.get(path)
        )
        for stage, locked in after.items()
        if stage in before
    }
    return {stage: paths for stage, paths in code.items() if paths}


def _flat(value: Any, key: str = "") -> dict[str, Any]:
    """Nested sections as one dict, section.key by section.key; named entries by their name."""
    if isinstance(value, list) and value and all(map(_name, value)):
        value = {_name(entry): entry for entry in value}
    if isinstance(value, dict) and value:
        parts = [
            _flat(inner, f"{key}.{name}" if key else str(name)) for name, inner in value.items()
        ]
        return {name: inner for part in parts for name, inner in part.items()}
    return {key: value}


def _name(entry: Any) -> str:
    return str(entry.get("name", "")) if isinstance(entry, dict) else ""
