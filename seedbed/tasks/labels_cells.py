"""Labels of task `labels`: a cell is the names of the text's labels, sorted, with SEPARATOR between
them, which no name contains.

EMPTY is the set without any, a fact about the text, and "" a text that nobody has labelled yet.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from seedbed.core.errors import ParamsError
from seedbed.core.labels import in_line

if TYPE_CHECKING:  # scikit-learn, which most stages do not need
    from sklearn.base import ClassifierMixin

SEPARATOR = "|"
EMPTY = SEPARATOR
NONE = "no label"  # what people read for EMPTY
SEPARATORS = (SEPARATOR, ";", ",")  # that are tried where a source names none


def names_in(cell: str | Sequence[str], separator: str, empty: str) -> tuple[str, ...] | None:
    """Return the names of a list, or of a text with a separator, each once. By default an empty
    list is the empty set and an empty text no label yet; separators alone are the empty set."""
    is_missing = not cell and empty != "none" and (isinstance(cell, str) or empty == "missing")
    if is_missing:
        return None
    if isinstance(cell, str):
        cell = cell.split(separator) if separator and cell != EMPTY else [cell]
    return tuple(dict.fromkeys(filter(None, (name.strip() for name in cell if name != EMPTY))))


def separator_in(cells: Iterable[str]) -> str:
    """Return the first of SEPARATORS that is in cells and separates names: at least half of the
    names that it would give are in another cell, too, alone or among others."""
    different = set(cells)
    for separator in SEPARATORS:
        parts = {cell: {part.strip() for part in cell.split(separator)} for cell in different}
        times = Counter(part for found in parts.values() for part in found)
        names = {part for cell, found in parts.items() if separator in cell for part in found}
        again = sum(times[name] > 1 for name in names - {""})
        if again and 2 * again >= len(names - {""}):
            return separator
    return ""


def renamed(names: Iterable[str], new: Mapping[str, str | None]) -> tuple[str, ...] | None:
    """Return the new names, each once; a label that is dropped leaves the set, not the row."""
    return tuple(dict.fromkeys(filter(None, (new.get(name, name) for name in names))))


def is_storable(name: str) -> bool:
    """Return whether the name is without SEPARATOR, and not NONE, which pages show for EMPTY."""
    return SEPARATOR not in name and name != NONE


def nothing_to_learn(labels: Collection[str]) -> str:
    """Return the set, if all rows have the same."""
    sets = set(labels) - {""}
    if len(sets) > 1:
        return ""
    same = in_line(members(next(iter(sets), EMPTY)))
    return f"the same set of labels, `{same}`," if same else "no label, because every set is empty,"


def members(label: str) -> tuple[str, ...]:
    """Return the labels of the set."""
    return tuple(label.split(SEPARATOR)) if label not in ("", EMPTY) else ()


def label_of(members: Iterable[str]) -> str:
    """Return the sorted names with SEPARATOR between them, or EMPTY."""
    return SEPARATOR.join(sorted(set(members))) or EMPTY


def strata(label: str) -> tuple[str, ...]:
    """Return the labels of the set, or NONE for the empty set."""
    return members(label) or ((NONE,) if label else ())


def drawn_by(labels: Sequence[str]) -> list[str]:
    """Return the rarest class of each set, of equals the first by name; "" for the empty set."""
    counts = Counter(name for label in labels for name in members(label))
    return [
        min(members(label), key=lambda name: (counts[name], name), default="") for label in labels
    ]


def differing(label: str, other: str) -> tuple[str, ...]:
    """Return the labels that are in one of two sets alone, sorted."""
    return tuple(sorted(set(members(label)) ^ set(members(other))))


def negative(label: str, used_as: str) -> str:
    """Return EMPTY: no label is right. Raises ParamsError for `threshold`."""
    if used_as == "threshold":
        raise ParamsError(
            "params.yaml: negatives.as",
            "threshold, with `task: {kind: labels}`",
            "class: a text without labels is the empty set, which models learn",
            "write `as: class`",
        )
    return EMPTY


def folds(
    labels: Sequence[str], units: np.ndarray, grouped: bool, folds: int, seed: int
) -> np.ndarray:
    """Use iterative stratification."""
    from seedbed.tasks.stratification import iterative_folds

    return iterative_folds([members(label) for label in labels], units, folds, seed)


def predicted_by(
    model: "ClassifierMixin", seen: np.ndarray, labels: Sequence[str], scored: np.ndarray
) -> list[str]:
    """Predict each label by a classifier of its own, and one that all rows have without."""
    from sklearn.base import clone

    sets = [set(members(label)) for label in labels]
    found: list[list[str]] = [[] for _ in scored]
    for name in classes(labels):
        has = np.array([name in one for one in sets])
        alone = np.ones(len(scored), dtype=bool)
        has_name = alone if has.all() else clone(model).fit(seen, has).predict(scored)
        for row in np.flatnonzero(has_name):
            found[row].append(name)
    return [label_of(names) for names in found]


def is_kept(given: str, of_parent: str, of_copy: str) -> bool:
    """Return whether each label is in the copy's prediction as it is in the label itself, or as in
    the prediction of the parent: where models err about that, they cannot judge its copy."""
    changed = set(differing(of_parent, of_copy))
    return not changed & set(differing(given, of_copy))


def classes(labels: Iterable[str]) -> list[str]:
    """Return the names in all sets."""
    return sorted({name for label in set(labels) for name in members(label)})


def shown(label: str) -> str:
    """Return the names with commas, or NONE."""
    return (", ".join(members(label)) or NONE) if label else ""


def fault(classes: Collection[str], label: str) -> str:
    """Return the first name that is no class, or the form that the set should have."""
    if not label:
        return f"label {label!r}"
    if unknown := [name for name in members(label) if name not in classes]:
        return f"label {unknown[0]!r} in the set {label!r}"
    written = label_of(members(label))
    return "" if label == written else f"the set {label!r}, which is written {written!r}"


def form(classes: Iterable[str]) -> str:
    """Return the first names, and how they make a set."""
    names = in_line(classes)
    return f"a set of {names}: sorted names joined by {SEPARATOR}, or {EMPTY} alone for none"


def toggled(label: str, name: str) -> str:
    """Return the set with the label added, or taken out."""
    return label_of({*members(label)} ^ {name})


def difference(before: str, after: str) -> str:
    """Return the labels that were added, each after +, and those that were taken, after −."""
    old, new = set(members(before)), set(members(after))
    signs = [("+", new - old), ("−", old - new)]
    return ", ".join(f"{sign}{name}" for sign, names in signs for name in sorted(names))
