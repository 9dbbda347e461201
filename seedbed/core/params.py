"""params.yaml, one typed section at a time. Unknown keys are refused, near misses are named."""

import difflib
from collections.abc import Iterable, Sequence
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from seedbed.core.errors import ParamsError
from seedbed.core.files import parse_yaml
from seedbed.core.stage import STAGES

PARAMS = Path("params.yaml")
SECTIONS = (
    "sources",
    *(stage.name for stage in STAGES if stage.has_section),
    *("encoder", "negatives", "training", "approaches", "gate"),
)
# Keys of `training`, which an older params.yaml has in `approaches.full`.
MOVED = (
    "epochs", "min_steps", "batch_tokens", "warmup_share", "weight_decay", "label_smoothing",
    "patience_epochs",
)  # fmt: skip
READ_BY_COMMANDS = ("gate",)  # sections that no stage reads: a change of them reruns nothing

Kind = TypeVar("Kind")


class Section(BaseModel):
    """Base of every typed section: no unknown keys, no changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read_params(name: str, kind: type[Kind]) -> Kind:
    """Read section `name` ("clean", or dotted: "approaches.lora") as `kind`.

    `kind` is a Section, or any type pydantic can check, such as `list[Source]`.
    Raises ParamsError that names the key, its value and the nearest known key.
    """
    return validated(name, _find(name), kind)


def validated(name: str, value: object, kind: type[Kind]) -> Kind:
    """Check the value of a section as `read_params` does."""
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise _explained(name, kind, error) from None


def check_names(section: str, names: Sequence[str]) -> None:
    """Check that each key of a section is a name of its table.

    Raises ParamsError, which lists the names and the nearest one, for another key.
    """
    for key in _find(section):
        if key not in names:
            raise unknown_name(f"params.yaml: {section}", str(key), names)


def unknown_name(place: str, name: str, names: Sequence[str]) -> ParamsError:
    """The error for a name that a table does not have: all that it has, and the nearest."""
    return ParamsError(place, f"unknown name `{name}`", _one_of(name, names), "correct the name")


def from_table(names: Sequence[str]) -> AfterValidator:
    """Validator of a name from a table; for another name the error lists all and the nearest."""

    def check(name: str) -> str:
        if name not in names:
            expected = {"expected": _one_of(name, names)}
            raise PydanticCustomError("unknown_name", "{expected}", expected)
        return name

    return AfterValidator(check)


def _one_of(name: str, names: Sequence[str]) -> str:
    return f"one of {', '.join(names)}{_near(name, names)}"


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
                f"unknown section `{key}`{_near(str(key), SECTIONS)}",
                f"some of {', '.join(SECTIONS)}",
                "correct or delete the section",
            )
    return content


@lru_cache(maxsize=1)
def _parsed(text: str) -> Any:
    """Return the content: a stage reads up to five sections, and parsing takes .2 s."""
    return parse_yaml(text, "params.yaml", ParamsError)


def _find(name: str) -> Any:
    """The value at a dotted name of params.yaml."""
    value: Any = _load()
    content = value
    path = ["params.yaml"]
    for key in name.split("."):
        if not isinstance(value, dict) or key not in value:
            if value is content and (line := _moved_line(key, content)):
                raise ParamsError(
                    "params.yaml",
                    f"`{key}` is missing; its values stood elsewhere in an older version",
                    f"`{key}:`",
                    f"add the line `{line}`; a value that another section names still holds there",
                )
            near = _near(key, value if isinstance(value, dict) else [])
            raise ParamsError(
                ".".join(path), f"`{key}` is missing{near}", f"`{key}:`", "add it; see README"
            )
        value = value[key]
        path.append(key)
    return value


def _moved_line(section: str, content: dict[str, Any]) -> str:
    """Section `training` with the values that an older params.yaml has, "" if it has none."""
    approaches = content.get("approaches")
    full = approaches.get("full") if isinstance(approaches, dict) else None
    if section != "training" or not isinstance(full, dict):
        return ""
    named = ", ".join(f"{key}: {full[key]}" for key in MOVED if full.get(key) is not None)
    return f"training: {{{named}}}" if named else ""


def _near(key: str, known: Iterable[object]) -> str:
    close = difflib.get_close_matches(key, map(str, known), n=1)
    return f"; there is `{close[0]}`" if close else ""


def _explained(name: str, kind: Any, error: ValidationError) -> ParamsError:
    errors = error.errors()  # an unknown key explains a missing one: it goes first
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    place = ".".join(["params.yaml: " + name, *map(str, first["loc"])])
    if first["type"] == "extra_forbidden":
        key = str(first["loc"][-1])
        known = getattr(kind, "model_fields", {}) if len(first["loc"]) == 1 else {}
        one_of = f"one of {', '.join(known)}" if known else "a known key"
        unknown = f"unknown key `{key}`{_near(key, known)}"
        return ParamsError(place, unknown, one_of, "correct or delete the key")
    found = "nothing" if first["type"] == "missing" else repr(first["input"])
    return ParamsError(place, found, first["msg"], "correct the value")
