"""Rows counted by class: a row counts for every class that its label names."""

import pandas as pd

from seedbed.tasks import Task


def strata(labels: pd.Series, task: Task) -> pd.Series:
    """Return the classes that each row counts for, one entry each under the row's index; NaN for a
    row without a label. The index of `labels` is unique."""
    classes = {label: list(task.strata(label)) for label in labels.unique()}
    return labels.map(classes).explode().astype(object)
