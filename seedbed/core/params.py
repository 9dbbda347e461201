"""params.yaml, one typed section at a time. Unknown keys are refused, near misses are named.

A class may be called 1.0, 012, true or null, which YAML reads as other things than text: as another
class, "1" or "12", or, as keys of several kinds in one place, as what DVC cannot sort. So one rule
holds for names wherever they stand: what is not text for YAML is written in quotes. The error shows
the line as it has to be.
"""

import difflib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from reprlib import Repr
from typing import Annotated, Any, TypeVar, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from seedbed.core.errors import ParamsError, SeedbedError
from seedbed.core.files import check_size, mappings_of, nodes_at, parse_yaml, yaml_nodes
from seedbed.core.stage import STAGES

PARAMS = Path("params.yaml")
SECTIONS = (
    "sources",
    *(stage.name for stage in STAGES if stage.has_section),
    *("task", "encoder", "chat", "negatives", "training", "approaches", "gate", "engine"),
)
# Keys of `training`, which an older params.yaml has in `approaches.full`.
MOVED = (
    "epochs", "min_steps", "batch_tokens", "warmup_share", "weight_decay", "label_smoothing",
    "positive_weights", "patience_epochs",
)  # fmt: skip
# Sections on which no output of a stage depends: a change of them reruns nothing.
READ_BY_COMMANDS = ("gate", "engine")
YAML_TAG = "tag:yaml.org,2002:"
TEXT = ("str", "merge")  # what a key may be for YAML
READ_AS = {
    "int": "a number", "float": "a number", "bool": "a truth value", "null": "nothing",
    "timestamp": "a date",
}  # fmt: skip

SHOWN = 5
MAX_BYTES = 4_000_000
DEEP = re.compile(r"(?:[\[{]\s*+){40}|(?:- ){40}")
SHORT = Repr()
SHORT.maxlevel, SHORT.maxstring, SHORT.maxother = 2, 120, 120

Kind = TypeVar("Kind")
Seed = Annotated[int, Field(ge=0, lt=2**32)]
NUMBER = re.compile(r"\b(int|float)\b(?!.*\bbool\b)")


class Section(BaseModel):
    """Base of every typed section: no unknown keys, no changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _as_written(cls, value: object, info: ValidationInfo) -> object:
        annotation = cls.model_fields[str(info.field_name)].annotation
        values = value if isinstance(value, list) else [value]
        if any(isinstance(one, bool) for one in values) and NUMBER.search(str(annotation)):
            raise ValueError("a number")  # which Python takes a truth value for
        # A list or a mapping whose last line was deleted.
        kind = get_origin(annotation)
        return kind() if value is None and kind in (list, dict, tuple) else value


def read_params(name: str, kind: type[Kind]) -> Kind:
    """Read section `name` ("clean", or dotted: "approaches.lora") as `kind`.

    `kind` is a Section, or any type pydantic can check, such as `list[Source]`.
    Raises ParamsError that names the key, its value and the nearest known key.
    """
    return validated(name, _find(name), kind)


def has_section(name: str) -> bool:
    """Whether there is a params.yaml with this section, which an older one may lack."""
    return PARAMS.exists() and name in _load()


def check_file() -> None:
    """Check that names are text, as `read_params` does: DVC stops at others without a line."""
    if PARAMS.exists():
        _parsed(_text())


def validated(name: str, value: object, kind: type[Kind]) -> Kind:
    """Check the value of a section as `read_params` does."""
    check_size(f"params.yaml: {name}", value, ParamsError, {})
    with refusing(f"params.yaml: {name}", value):
        try:
            return TypeAdapter(kind).validate_python(value)
        except ValidationError as error:
            raise _explained(name, kind, error) from None


@contextmanager
def refusing(place: str, value: object) -> Iterator[None]:
    """Raise ParamsError for whatever a library raises at a value."""
    try:
        yield
    except SeedbedError:
        raise
    except Exception as error:
        expected = f"a value that can be read ({type(error).__name__})"
        raise ParamsError(place, SHORT.repr(value), expected, "correct the value") from None


def check_names(section: str, names: Sequence[str]) -> None:
    """Check that each key of a section is a name of its table.

    Raises ParamsError, which lists the names and the nearest one, for another key.
    """
    for key in _find(section):
        if key not in names:
            raise unknown_name(f"params.yaml: {section}", str(key), names)


def unknown_name(place: str, name: str, names: Sequence[str]) -> ParamsError:
    """The error for a name that a table does not have: all that it has, and the nearest."""
    return ParamsError(
        place, f"unknown name `{_short(name)}`", _one_of(name, names), "correct the name"
    )


def from_table(names: Sequence[str]) -> AfterValidator:
    """Validator of a name from a table; for another name the error lists all and the nearest."""

    def check(name: str) -> str:
        if name not in names:
            expected = {"expected": _one_of(name, names)}
            raise PydanticCustomError("unknown_name", "{expected}", expected)
        return name

    return AfterValidator(check)


def _text() -> str:
    try:
        if PARAMS.is_file() and PARAMS.stat().st_size <= MAX_BYTES:
            return PARAMS.read_text(encoding="utf-8")
        found = f"no file of at most {MAX_BYTES:,} bytes"
    except (OSError, UnicodeDecodeError) as error:
        found = f"not readable ({SHORT.repr(str(error))})"
    step = "restore it with `git restore params.yaml`"
    raise ParamsError("params.yaml", found, "YAML in UTF-8", step)


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
    content = deepcopy(_parsed(_text()))
    if not isinstance(content, dict):
        raise ParamsError("params.yaml", "no sections", "one section a stage", "see README")
    # DVC looks only at sections that a stage names: one that is misspelt would say nothing.
    for key in content:
        if key not in SECTIONS:
            raise ParamsError(
                "params.yaml",
                f"unknown section `{_short(key)}`{_near(str(key), SECTIONS)}",
                f"some of {', '.join(SECTIONS)}",
                "correct or delete the section",
            )
    return content


@lru_cache(maxsize=1)
def _parsed(text: str) -> Any:
    """Return the content: a stage reads up to five sections, and parsing takes .2 s."""
    if DEEP.search(text):  # which takes the parser time in squares
        raise ParamsError("params.yaml", "lists in lists, 40 deep", "a list", "delete brackets")
    try:
        with refusing("params.yaml", text):
            content = parse_yaml(text, "params.yaml", ParamsError)
    except ParamsError:
        _check_keys_are_text(text)  # 1 and 01 are one key twice, where two names are meant
        raise
    if not _has_text_keys(content):
        _check_keys_are_text(text)
    return content


def _has_text_keys(content: Any) -> bool:
    stack, seen = [content], set()
    while stack:
        value = stack.pop()
        if isinstance(value, dict | list) and id(value) not in seen:
            seen.add(id(value))  # an alias may stand in itself
            if isinstance(value, dict) and not all(isinstance(key, str) for key in value):
                return False
            stack += value.values() if isinstance(value, dict) else value
    return True


def _check_keys_are_text(text: str) -> None:
    """Raise ParamsError for the keys that are no text, with their lines as they have to be."""
    for path, keys in mappings_of(yaml_nodes(text), "params.yaml"):
        if wrong := [key for key in keys if key.tag not in [YAML_TAG + kind for kind in TEXT]]:
            raise _unquoted(path, wrong, text)


def _unquoted(path: str, wrong: Sequence[Any], text: str) -> ParamsError:
    """The error for scalars that YAML reads as other things than text."""
    first, lines = wrong[0], text.split("\n")
    number = first.start_mark.line
    if not isinstance(first.value, str):
        found = "a list or a mapping as a name"
        return ParamsError(f"{path}, line {number + 1}", found, "text", "write one name")
    for node in reversed(wrong):
        start, end = node.start_mark, node.end_mark
        if node.value and isinstance(node.value, str) and start.line == end.line:
            line, quoted = lines[start.line], node.value.replace("'", "''")
            lines[start.line] = f"{line[: start.column]}'{quoted}'{line[end.column :]}"
    fixed = dict.fromkeys(lines[node.start_mark.line].strip() for node in wrong[:SHOWN])
    step = "write" + "".join(f"\n  {line}" for line in fixed)
    kind = READ_AS.get(first.tag.removeprefix(YAML_TAG), "no text")
    return ParamsError(
        f"{path}, line {number + 1}",
        f"YAML reads the name `{first.value}` as {kind}",
        "text, which such a name is in quotes",
        step if first.value else "write `''` for a name without characters",
    )


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
                    f"`{key}` is missing; an older version did not have it",
                    f"`{key}:`",
                    line,
                )
            near = _near(key, value if isinstance(value, dict) else [])
            raise ParamsError(
                ".".join(path), f"`{key}` is missing{near}", f"`{key}:`", "add it; see README"
            )
        value = value[key]
        path.append(key)
    return value


def _moved_line(section: str, content: dict[str, Any]) -> str:
    """How an older params.yaml gets section `task`, or `training` with the values that it has
    elsewhere; "" if it has none."""
    if section == "task":
        return "add the line `task: {kind: class}`"
    approaches = content.get("approaches")
    full = approaches.get("full") if isinstance(approaches, dict) else None
    if section != "training" or not isinstance(full, dict):
        return ""
    named = ", ".join(f"{key}: {full[key]}" for key in MOVED if full.get(key) is not None)
    step = f"add the line `training: {{{named}}}`; a value that another section names still holds"
    return f"{step} there" if named else ""


def _near(key: str, known: Iterable[object]) -> str:
    close = difflib.get_close_matches(_short(key), map(str, known), n=1)
    return f"; there is `{close[0]}`" if close else ""


def _short(name: object) -> str:
    """A name as messages show it."""
    return SHORT.repr(str(name))[1:-1]


def _explained(name: str, kind: Any, error: ValidationError) -> ParamsError:
    errors = error.errors()  # an unknown key explains a missing one: it goes first
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    place = ".".join(["params.yaml: " + name, *map(_short, first["loc"])])
    if first["type"] == "extra_forbidden":
        key = str(first["loc"][-1])
        known = getattr(kind, "model_fields", {}) if len(first["loc"]) == 1 else {}
        one_of = f"one of {', '.join(known)}" if known else "a known key"
        unknown = f"unknown key `{_short(key)}`{_near(key, known)}"
        return ParamsError(place, unknown, one_of, "correct or delete the key")
    if unquoted := list(_not_text(name, errors)):
        return _unquoted(place, unquoted, _text())
    found = "nothing" if first["type"] == "missing" else SHORT.repr(first["input"])
    return ParamsError(place, found, first["msg"], "correct the value")


def _not_text(name: str, errors: Iterable[Any]) -> Iterator[Any]:
    """The scalars of the file that should be text and are none."""
    wrong = [one["loc"] for one in errors if one["type"] == "string_type"]
    if not wrong or not PARAMS.exists():
        return
    whole = yaml_nodes(_text())
    for loc in wrong:
        path = [*name.split(": " if ": " in name else "."), *loc]
        for node in nodes_at(whole, path):
            if node.tag != YAML_TAG + "str":
                yield node


if __name__ == "__main__":  # `make` asks before DVC does
    try:
        check_file()
    except ParamsError as error:
        sys.exit(f"\nseedbed: {error}\n")
