"""Metrics files: what stages hand to pages and gate as JSON, each written and read as one model.

A model of a metrics file is in the room of the code that computes it, in a module that imports
nothing heavy. Its fields have the order of the file, so that a renamed key fails in mypy and in
tests, not at the end of a run.
"""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from seedbed.core.errors import PipelineError
from seedbed.core.files import read_json, write_json

Number = int | float  # a figure that is written as it was computed: 0 stays 0, not 0.0


class Metrics(BaseModel):
    """Base of every model of a metrics file: no unknown keys, no changes after it is built."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Bounds(Metrics):
    """A 95 % interval."""

    low: float
    high: float


class Interval(Metrics):
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float


class Difference(Metrics):
    """A difference and its 95 % interval."""

    difference: float
    low: float
    high: float


AnyMetrics = TypeVar("AnyMetrics", bound=Metrics)


def write_metrics(path: Path, metrics: Metrics) -> None:
    """Write a metrics file, keys in the order of the model's fields.

    A field that was not set is left out; one that was set to None is written as null.
    """
    write_json(path, metrics.model_dump(by_alias=True, exclude_unset=True))


def read_metrics(path: Path, model: type[AnyMetrics]) -> AnyMetrics:
    """Read a metrics file.

    Raises PipelineError if the file is missing, or is not one that this version of Seedbed writes.
    """
    if not path.exists():
        raise PipelineError(str(path), "no such file", "a metrics file", "run `dvc repro`")
    return parse_metrics(path.read_text(encoding="utf-8"), model, str(path))


def read_if_run(path: Path, model: type[AnyMetrics]) -> AnyMetrics | None:
    """Read the metrics file of a stage that may be off: None if it was."""
    if path.exists() and read_json(path).get("run") is False:
        return None
    return read_metrics(path, model)


def parse_metrics(text: str, model: type[AnyMetrics], place: str) -> AnyMetrics:
    """Read the text of a metrics file, as git has it at another revision, too.

    Raises PipelineError that names `place` and the first key that is wrong.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        problem = f"`{key}`: {first['msg']}" if key else first["msg"]
        raise PipelineError(
            place, problem, "the keys that this version of Seedbed writes", "run `dvc repro`"
        ) from None
