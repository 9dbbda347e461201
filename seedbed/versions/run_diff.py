"""What differs between two runs beside rows: values of params.yaml, and the code of stages.

changed_params(base: str, head: str) -> list[ParamChange]   two texts of params.yaml
changed_code(base: str, head: str) -> dict[str, list[str]]  two texts of dvc.lock

Code is compared by dvc.lock, which says what each stage ran: it is the run that made the data.
"""

import re
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from seedbed.core.errors import ParamsError

MISSING = None
STAGE = re.compile(r"  (\S+):$")
PART = re.compile(r"    (\w+):")
PATH = re.compile(r"    - path: (.+)$")
MD5 = re.compile(r"      md5: (\S+)$")


class ParamChange(NamedTuple):
    """A value of params.yaml: section.key, an entry of a list by its `name`. None: not there."""

    key: str
    before: Any
    after: Any


class Locked(NamedTuple):
    """What dvc.lock says of one stage: md5 by path."""

    deps: dict[str, str]
    outs: dict[str, str]


def changed_params(base: str, head: str) -> list[ParamChange]:
    """Every value that differs, in the order of head's file, then base's. Raises ParamsError where
    one is not YAML."""
    if base == head:
        return []
    before, after = (_flat(params_of(text)) for text in (base, head))
    return [
        ParamChange(key, before.get(key, MISSING), after.get(key, MISSING))
        for key in {**after, **before}
        if before.get(key, MISSING) != after.get(key, MISSING)
    ]


def params_of(text: str) -> dict[str, Any]:
    """The sections of a params.yaml. Raises ParamsError where it is not YAML."""
    try:
        return YAML(typ="safe").load(text) or {}
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"params.yaml:{mark.line + 1}" if mark else "params.yaml"
        raise ParamsError(
            place, "no YAML in one of the two versions", "valid YAML", "correct the line"
        ) from None


def changed_code(base: str, head: str) -> dict[str, list[str]]:
    """By stage, in the order of head's file: its modules whose content differs. A stage that only
    one side has run is left out: there is nothing to compare."""
    if base == head:
        return {}
    before, after = locked(base), locked(head)
    found = {
        stage: sorted(
            path
            for path in {**before[stage].deps, **ran.deps}
            if path.endswith(".py") and before[stage].deps.get(path) != ran.deps.get(path)
        )
        for stage, ran in after.items()
        if stage in before
    }
    return {stage: paths for stage, paths in found.items() if paths}


def locked(text: str) -> dict[str, Locked]:
    """dvc.lock by stage.

    Read line by line: DVC always writes it in one form, and a YAML reader takes seconds for it.
    """
    stages: dict[str, Locked] = {}
    stage, part, path = Locked({}, {}), "", ""
    for line in text.splitlines():
        if found := STAGE.match(line):
            stage = stages.setdefault(found[1], Locked({}, {}))
        elif found := PART.match(line):
            part = found[1]
        elif found := PATH.match(line):
            path = found[1].strip("'\"")
        elif (found := MD5.match(line)) and part in Locked._fields:
            getattr(stage, part)[path] = found[1]
    return stages


def _flat(value: Any, key: str = "") -> dict[str, Any]:
    """Nested sections as one dict, section.key by section.key; named entries by their name."""
    if isinstance(value, list) and value and all(_name(one) for one in value):
        value = {_name(one): one for one in value}
    if isinstance(value, dict) and value:
        parts = [
            _flat(inner, f"{key}.{name}" if key else str(name)) for name, inner in value.items()
        ]
        return {name: inner for part in parts for name, inner in part.items()}
    return {key: value}


def _name(entry: Any) -> str:
    return str(entry.get("name", "")) if isinstance(entry, dict) else ""
