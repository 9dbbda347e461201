"""Which rows a person should label next: doubtful ones, among many like them, in weak classes.

uncertainty x density x weakness of the class, as information density weighs doubt by how many rows
it speaks for (Settles and Craven, 2008). All three come from out-of-fold and validation figures.
"""

from typing import Any

import numpy as np
import pandas as pd

from seedbed.encoding.nearest_rows import nearest_rows

COLUMNS = ["id", "split", "label", "suggested", "priority", "uncertainty", "density", "weakness"]


def uncertainty(probabilities: np.ndarray) -> np.ndarray:
    """Entropy of each row's class probabilities (rows, classes), as a share of the greatest there
    is: (rows,), 0 is sure."""
    if probabilities.shape[1] < 2:
        return np.zeros(len(probabilities))
    inside = np.clip(probabilities, 1e-12, 1)
    return -(inside * np.log(inside)).sum(1) / np.log(probabilities.shape[1])


def density(vectors: np.ndarray, neighbours: int) -> np.ndarray:
    """Mean cosine of each row (rows, width) to its nearest rows, from 0 on: (rows,)."""
    _, cosines = nearest_rows(vectors, vectors, neighbours, themselves=True)
    return np.clip(cosines.mean(1), 0, None) if cosines.shape[1] else np.zeros(len(vectors))


def weakness(per_class: dict[str, dict[str, Any]]) -> dict[str, float]:
    """By class, its expected share of errors: 1 - F1 on validation, drawn towards one half by two
    rows more (Laplace), so that a class with few rows is not called faultless."""
    return {
        name: ((1 - one["f1"]) * one["rows"] + 1) / (one["rows"] + 2)
        for name, one in per_class.items()
    }


def votes(
    vectors: np.ndarray, labelled: np.ndarray, labels: np.ndarray, classes: int, neighbours: int
) -> np.ndarray:
    """Class probabilities (rows, classes) of rows without a label, (rows, width): the share of each
    class among the nearest labelled rows. `labels` are class numbers of `labelled`."""
    places, _ = nearest_rows(vectors, labelled, neighbours)
    one_hot = np.eye(classes)[labels[places]]
    return one_hot.mean(1)


def prioritized(rows: pd.DataFrame, near: np.ndarray, weak: dict[str, float]) -> pd.DataFrame:
    """Rows by priority, the highest first; columns as COLUMNS.

    `rows`: id, split, label ("" without), suggested, uncertainty. `near`: their density. The class
    of a row is the weaker of its label and what the models suggest; one that validation does not
    know is as weak as can be.
    """
    labels, suggested = rows["label"].tolist(), rows["suggested"].tolist()
    of_class = [
        max(weak.get(name, 1.0) for name in {given, said} - {""})
        for given, said in zip(labels, suggested, strict=True)
    ]
    ranked = rows.assign(density=near, weakness=of_class)
    ranked["priority"] = ranked["uncertainty"] * ranked["density"] * ranked["weakness"]
    return ranked.sort_values(["priority", "id"], ascending=[False, True], ignore_index=True)[
        COLUMNS
    ]
