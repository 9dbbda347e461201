"""The task that params.yaml names, for the stages that depend on it: those that read no label as a
target have no need of this file.
"""

from typing import Annotated

from seedbed.core.errors import ParamsError
from seedbed.core.params import Section, from_table, read_params
from seedbed.tasks import CLASS_TASKS, NAMES, ClassTask, Task, load, load_class

TaskName = Annotated[str, from_table(NAMES)]


class TaskParams(Section):
    """params.yaml section `task`, which collect checks for all stages."""

    kind: TaskName


def read_task() -> Task:
    """Load the task that params.yaml names."""
    return load(read_params("task.kind", TaskName))


def read_class_task() -> ClassTask:
    """Load the task that params.yaml names, for code that needs classes.

    Raises ParamsError if it has none.
    """
    return load_class(read_params("task.kind", TaskName))


def has_no_classes(param: str = "", value: object = False, off: str = "") -> bool:
    """Return whether the task has no classes, so that a stage that trains classifiers is off.

    Raises ParamsError where it has none and `param` of params.yaml asks for the stage all the same:
    `value` is what it has, and is false where it does not ask; `off` turns it off.
    """
    kind = read_params("task.kind", TaskName)
    if kind in CLASS_TASKS:
        return False
    if value:
        found = f"{value}, and task {kind}"
        expected = f"{off}: it trains classifiers, and this task has no classes"
        raise ParamsError(f"params.yaml: {param}", found, expected, f"set it to {off}")
    return True


def not_for_task() -> str:
    """Return the line of a stage that is off because the task has no classes."""
    return f"off: not for task {read_params('task.kind', TaskName)}"
