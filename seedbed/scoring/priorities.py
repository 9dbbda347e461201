"""Which rows a person should label next: uncertain ones, among many like them, in weak classes.

uncertainty x density x weakness of the class, as information density weights uncertainty by how
many rows it represents (Settles and Craven, 2008). All three come from out-of-fold and validation
figures.
"""

import numpy as np
import pandas as pd

from seedbed.encoding.nearest_rows import nearest_rows
from seedbed.scoring.metrics_files import ClassScores

COLUMNS = ["id", "split", "label", "suggested", "priority", "uncertainty", "density", "weakness"]


def density(vectors: np.ndarray, neighbours: int) -> np.ndarray:
    """Average the cosines of each row (rows, width) to its nearest rows, 0 or more: (rows,)."""
    _, cosines = nearest_rows(vectors, vectors, neighbours, themselves=True)
    return np.clip(cosines.mean(1), 0, None) if cosines.shape[1] else np.zeros(len(vectors))


def weakness(per_class: dict[str, ClassScores]) -> dict[str, float]:
    """Estimate the share of errors of each class: 1 - F1 on validation, shrunk towards one half by
    two more rows (Laplace), so that a class with few rows is not called faultless."""
    return {
        name: ((1 - scores.f1) * scores.rows + 1) / (scores.rows + 2)
        for name, scores in per_class.items()
    }


def votes(
    vectors: np.ndarray, labelled: np.ndarray, labels: np.ndarray, classes: int, neighbours: int
) -> np.ndarray:
    """Estimate class probabilities (rows, classes) of rows without a label, (rows, width): the
    share of each class among the nearest labelled rows. `labels`: class indices of `labelled`."""
    indices, _ = nearest_rows(vectors, labelled, neighbours)
    one_hot = np.eye(classes)[labels[indices]]
    return one_hot.mean(1)


def prioritized(rows: pd.DataFrame, near: np.ndarray, weak: dict[str, float]) -> pd.DataFrame:
    """Sort rows by priority, the highest first; columns as COLUMNS.

    `rows`: id, split, label ("" without), suggested, uncertainty. `near`: their density. The class
    of a row is the weaker of its label and what the models suggest; one that is not in validation
    is as weak as can be.
    """
    labels, suggested = rows["label"].tolist(), rows["suggested"].tolist()
    of_class = [
        max(weak.get(name, 1.0) for name in {*names} - {""})
        for names in zip(labels, suggested, strict=True)
    ]
    ranked = rows.assign(density=near, weakness=of_class)
    ranked["priority"] = ranked["uncertainty"] * ranked["density"] * ranked["weakness"]
    return ranked.sort_values(["priority", "id"], ascending=[False, True], ignore_index=True)[
        COLUMNS
    ]
