"""params.yaml, one typed section at a time. Unknown keys are refused, near misses are named."""

import difflib
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from seedbed.core.errors import ParamsError
from seedbed.core.stages import STAGES

PARAMS = Path("params.yaml")
SECTIONS = (
    "sources",
    *(stage.name for stage in STAGES if stage.has_section),
    *("encoder", "negatives", "approaches", "gate"),
)
READ_BY_COMMANDS = ("gate",)  # sections that no stage reads: a change of them reruns nothing

Kind = TypeVar("Kind")


class Section(BaseModel):
    """Base of every typed section: no unknown keys, no changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read_params(name: str, kind: type[Kind]) -> Kind:
    """Read section `name` ("clean", or dotted: "approaches.lora") as `kind`.

    `kind` is a Section, or any type pydantic can check, such as `list[Source]`.
    Raises ParamsError that names the key, its value and the nearest key there is.
    """
    value = _find(name, _load())
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise _explained(name, kind, error) from None


def with_changes(params: Section, place: str, changes: dict[str, Any]) -> Any:
    """The section with some values changed, checked like one that was read. Raises ParamsError that
    names `place`, where in params.yaml the changes stand."""
    try:
        return type(params)(**{**params.model_dump(), **changes})
    except ValidationError as error:
        raise _explained(place, type(params), error) from None


def _load() -> dict[str, Any]:
    if not PARAMS.exists():
        raise ParamsError(
            "params.yaml",
            "no such file in this folder",
            "a file with one section a stage",
            "run from the top folder of the repository",
        )
    content = deepcopy(_parsed(PARAMS.read_text(encoding="utf-8")))
    if not isinstance(content, dict):
        raise ParamsError("params.yaml", "no sections", "one section a stage", "see README")
    # DVC looks only at sections that a stage names: one that is misspelt would say nothing.
    for key in content:
        if key not in SECTIONS:
            raise ParamsError(
                "params.yaml",
                f"unknown section `{key}`{_near(str(key), list(SECTIONS))}",
                f"some of {', '.join(SECTIONS)}",
                "correct or delete the section",
            )
    return content


@lru_cache(maxsize=1)
def _parsed(text: str) -> Any:
    """What the YAML says: a stage reads up to five sections, and parsing takes .2 s."""
    try:
        return YAML(typ="safe").load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"params.yaml:{mark.line + 1}" if mark else "params.yaml"
        found = getattr(error, "problem", None) or "not YAML"
        raise ParamsError(place, found, "valid YAML", "correct the line") from None


def _find(name: str, content: dict[str, Any]) -> Any:
    value: Any = content
    for depth, key in enumerate(name.split(".")):
        if not isinstance(value, dict) or key not in value:
            known = list(value) if isinstance(value, dict) else []
            place = ".".join(["params.yaml", *name.split(".")[:depth]])
            raise ParamsError(
                place, f"`{key}` is missing{_near(key, known)}", f"`{key}:`", "add it; see README"
            )
        value = value[key]
    return value


def _near(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, [str(k) for k in known], n=1)
    return f"; there is `{close[0]}`" if close else ""


def _fields(kind: Any) -> list[str]:
    return list(getattr(kind, "model_fields", {}))


def _explained(name: str, kind: Any, error: ValidationError) -> ParamsError:
    errors = error.errors()  # an unknown key explains a missing one: it goes first
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    path = ".".join([name, *(str(part) for part in first["loc"])])
    if first["type"] == "extra_forbidden":
        key = str(first["loc"][-1])
        known = _fields(kind) if len(first["loc"]) == 1 else []
        one_of = f"one of {', '.join(known)}" if known else "a known key"
        return ParamsError(
            f"params.yaml: {path}",
            f"unknown key `{key}`{_near(key, known)}",
            one_of,
            "correct or delete the key",
        )
    found = "nothing" if first["type"] == "missing" else repr(first["input"])
    return ParamsError(f"params.yaml: {path}", found, first["msg"], "correct the value")
