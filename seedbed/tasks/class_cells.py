"""Labels of task `class`: a cell is the name of the text's one class."""

import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from seedbed.core.labels import in_line

if TYPE_CHECKING:  # scikit-learn, which most stages do not need
    from sklearn.base import ClassifierMixin


def names_in(cell: str | Sequence[str], separator: str, empty: str) -> tuple[str, ...] | None:
    """Return the one name."""
    if not isinstance(cell, str):
        raise TypeError("a list is not the name of a class")
    return (cell,) if cell else None


def separator_in(cells: Iterable[str]) -> str:
    """Return "": a cell is one name."""
    return ""


def renamed(names: Iterable[str], new: Mapping[str, str | None]) -> tuple[str, ...] | None:
    """Return the new name; a class that is dropped drops the row."""
    changed = [new.get(name, name) for name in names]
    return None if None in changed else tuple(filter(None, changed))


def is_storable(name: str) -> bool:
    """Return True: any name is a label."""
    return True


def nothing_to_learn(labels: Collection[str]) -> str:
    """Return how many classes there are, if these are fewer than two."""
    known = classes(labels)
    if len(known) > 1:
        return ""
    return f"1 class, `{known[0]}`" if known else "0 classes"


def members(label: str) -> tuple[str, ...]:
    """Return the one class."""
    return (label,) if label else ()


def label_of(members: Iterable[str]) -> str:
    """Return the class; "" for none. Raises ValueError for two."""
    (label,) = tuple(members) or ("",)
    return label


def strata(label: str) -> tuple[str, ...]:
    """Return the one class."""
    return members(label)


def drawn_by(labels: Sequence[str]) -> list[str]:
    """Return the class of each row."""
    return list(labels)


def differing(label: str, other: str) -> tuple[str, ...]:
    """Return nothing: two classes differ as a whole."""
    return ()


def negative(label: str, used_as: str) -> str:
    """Return `negatives.label`, which is a class, or is predicted below a threshold."""
    return label


def folds(
    labels: Sequence[str], units: np.ndarray, grouped: bool, folds: int, seed: int
) -> np.ndarray:
    """Use scikit-learn's StratifiedKFold, or StratifiedGroupKFold if rows have groups. Where no
    class has a row for each fold, which scikit-learn refuses, they are dealt out class by class, or
    groups without regard to classes."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    _, numbers = np.unique(np.asarray(labels, dtype=object), return_inverse=True)
    fold_of = np.empty(len(numbers), dtype=np.int8)
    if np.bincount(numbers).max() < folds:
        if not grouped:
            order = np.random.default_rng(seed).permutation(len(numbers))
            order = order[np.argsort(numbers[order], kind="stable")]
            fold_of[order] = np.arange(len(numbers)) % folds
            return fold_of
        numbers = np.zeros(len(numbers), dtype=np.int64)
    with warnings.catch_warnings():
        # find_label_errors names the classes with fewer rows than folds.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        # With groups it tries each unit in each fold: 20 s for 100,000 rows, which rows without
        # groups need not spend.
        if grouped:
            splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
            parts = list(splitter.split(numbers, numbers, units))
        else:
            splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
            parts = list(splitter.split(numbers, numbers))
    for fold, (_, rows) in enumerate(parts):
        fold_of[rows] = fold
    return fold_of


def predicted_by(
    model: "ClassifierMixin", seen: np.ndarray, labels: Sequence[str], scored: np.ndarray
) -> list[str]:
    """Predict the most probable class; the only one if there is one."""
    if len(set(labels)) == 1:
        return [labels[0]] * len(scored)
    return list(model.fit(seen, np.asarray(labels, dtype=object)).predict(scored))


def is_kept(given: str, of_parent: str, of_copy: str) -> bool:
    """Return whether the copy's prediction is the label itself."""
    return of_copy == given


def classes(labels: Iterable[str]) -> list[str]:
    """Return the labels that differ."""
    return sorted(set(labels) - {""})


def shown(label: str) -> str:
    """Return the label itself."""
    return label


def fault(classes: Collection[str], label: str) -> str:
    """Return the label, if it is none of the classes."""
    return "" if label in classes else f"label {label!r}"


def form(classes: Iterable[str]) -> str:
    """Return the first classes."""
    return f"one of {in_line(classes)}"


def toggled(label: str, name: str) -> str:
    """Return the class."""
    return name


def difference(before: str, after: str) -> str:
    """Return nothing: two classes are each other's difference."""
    return ""
