"""The task that params.yaml names, for the stages that depend on it: those that read no label as a
target have no need of this file.
"""

from typing import Annotated

from seedbed.core.params import Section, from_table, read_params
from seedbed.tasks import NAMES, ClassTask, Task, load, load_class

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
