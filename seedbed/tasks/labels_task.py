"""Task `labels`: every text has a set of labels, which may be empty. A target is a row of 0 and 1,
one a class: (rows, classes) int8.

For shapes, and for what calls each function, see `Task` in seedbed/tasks/__init__.py; those of
cells are in seedbed/tasks/labels_cells.py.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from seedbed.tasks import Spread, Tallies
from seedbed.tasks.labels_cells import (
    classes as classes,
    difference as difference,
    differing as differing,
    drawn_by as drawn_by,
    fault as fault,
    folds as folds,
    form as form,
    is_kept as is_kept,
    is_storable as is_storable,
    label_of as label_of,
    members as members,
    names_in as names_in,
    negative as negative,
    nothing_to_learn as nothing_to_learn,
    predicted_by as predicted_by,
    renamed as renamed,
    separator_in as separator_in,
    shown as shown,
    strata as strata,
    toggled as toggled,
)
from seedbed.tasks.set_regression import SetRegression, regression_around as regression_around

if TYPE_CHECKING:  # torch, which most stages do not need
    from torch import Tensor

NAME = "labels"
TARGET = "label"
NOUN = "class"
PLURAL = "classes"
JUDGE = "sets"
SETS = True
PROBLEM_TYPE = "multi_label_classification"
EACH_HAS = "any of"
ACCURACY = " Accuracy is the mean Jaccard similarity of the true and the predicted set."
PAIRED_TEST = "a test by random signs of the differences of Jaccard similarities"
STOCK = {
    "sequence_classifier": (
        'print([one["label"] for one in classify("{text}", top_k=None) if one["score"] >= 0.5])'
    ),
    "sentence_classifier": (
        'print([name for name, logit in zip(classes, model.encode("{text}")) if logit >= 0])'
    ),
}
HALF = 0.5
LEAST = 1e-12  # replaces a probability of 0, which has no logarithm
CLOSEST = 1e-6  # of a threshold to 0 and 1
FEWEST = 20  # rows of a class in validation, for a threshold of its own


def targets(labels: Iterable[str], classes: Sequence[str]) -> np.ndarray:
    """Return 1 for each class of the set that is among `classes`."""
    index = {name: number for number, name in enumerate(classes)}
    sets = [[index[name] for name in members(label) if name in index] for label in labels]
    result = np.zeros((len(sets), len(classes)), dtype=np.int8)
    for row, numbers in zip(result, sets, strict=True):
        row[numbers] = 1
    return result


def labels(targets: np.ndarray, classes: Sequence[str]) -> list[str]:
    """Return the set of each row."""
    return [label_of(classes[number] for number in np.flatnonzero(row).tolist()) for row in targets]


def outside(targets: np.ndarray) -> np.ndarray:
    """Return False for all: the empty set can be predicted."""
    return np.zeros(len(targets), dtype=bool)


def one_hot(targets: np.ndarray, classes: int) -> np.ndarray:
    """Return the target, with as many columns."""
    return _wide(targets, classes) > 0


def _wide(targets: np.ndarray, classes: int) -> np.ndarray:
    """Columns of 0 for classes that are not known to what predicts."""
    return np.pad(targets, ((0, 0), (0, max(0, classes - targets.shape[1]))))[:, :classes]


def _both(targets: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    classes = max(targets.shape[1], predicted.shape[1])
    return one_hot(targets, classes), one_hot(predicted, classes)


def alike(targets: "Tensor", others: "Tensor") -> "Tensor":
    """Return the Jaccard similarity of the sets; 1 where both are empty."""
    one, other = targets.float(), others.float()
    shared = one @ other.T
    either = one.sum(1)[:, None] + other.sum(1)[None, :] - shared
    return (shared + (either == 0)) / either.clamp(min=1)


def positive_weights(targets: np.ndarray, how: str) -> np.ndarray | None:
    """Return the odds that a row has not the class (`inverse`), or their square root (`sqrt`, and
    `auto`); 1 for a class that all rows have, or none."""
    if how == "none":
        return None
    there = targets.sum(0)
    varies = (there > 0) & (there < len(targets))
    odds = np.where(varies, (len(targets) - there) / np.maximum(there, 1), 1.0)
    return (odds if how == "inverse" else np.sqrt(odds)).astype(np.float32)


def losses(
    logits: "Tensor", targets: "Tensor", smoothing: float, positive: "Tensor | None" = None
) -> "Tensor":
    """Return the mean binary cross-entropy over the classes; smoothing moves each target that far
    towards one half."""
    from torch.nn.functional import binary_cross_entropy_with_logits

    wanted = targets.to(logits.dtype) * (1 - smoothing) + smoothing / 2
    each = binary_cross_entropy_with_logits(logits, wanted, reduction="none", pos_weight=positive)
    return each.mean(1)


def regression(strength: float) -> SetRegression:
    """Return one regression a class."""
    return SetRegression(strength)


def prompt_bias(scores: Callable[[], np.ndarray], targets: np.ndarray) -> np.ndarray:
    """Return what lets as many rows reach a probability of one half as have the class: a score has
    no zero of its own, and prompts of a class in all texts score higher than others."""
    ordered, rows = np.sort(scores(), axis=0)[::-1], targets.sum(0)
    ordered = np.vstack([ordered[:1] + 1, ordered, ordered[-1:] - 1])  # above the first, below all
    columns = np.arange(len(rows))
    return -(ordered[rows, columns] + ordered[rows + 1, columns]) / 2


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Return the sigmoid."""
    return _sigmoid(logits.astype(np.float64))


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    from scipy.special import expit  # a tenth of a second that most stages need not spend

    return expit(logits)


def _logits(probabilities: np.ndarray) -> np.ndarray:
    inside = np.clip(probabilities, LEAST, 1 - LEAST)
    return np.log(inside) - np.log1p(-inside)


def rescaled(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Divide the logits by the temperature."""
    return _sigmoid(_logits(probabilities) / temperature)


def slope(targets: np.ndarray, probabilities: np.ndarray, temperature: float) -> float:
    """Return the mean over rows and classes of what is expected of the logit, less the logit of
    those that the row has."""
    found = rescaled(probabilities, temperature) - targets
    return float((found * _logits(probabilities)).mean())


def log_loss(targets: np.ndarray, probabilities: np.ndarray) -> Spread:
    """Return the mean binary cross-entropy over the classes."""
    inside = np.clip(probabilities, LEAST, 1 - LEAST)
    return _spread(targets, inside, -np.log(inside), -np.log1p(-inside))


def brier(targets: np.ndarray, probabilities: np.ndarray) -> Spread:
    """Return the mean squared distance over the classes: from 0 to 1."""
    return _spread(targets, probabilities, (1 - probabilities) ** 2, probabilities**2)


def _spread(
    targets: np.ndarray, probabilities: np.ndarray, there: np.ndarray, not_there: np.ndarray
) -> Spread:
    """Losses of each decision if the class is there, and if it is not: (rows, classes) each.
    Classes count as independent in the variance."""
    number = probabilities.shape[1]
    means = probabilities * there + (1 - probabilities) * not_there
    variances = probabilities * (1 - probabilities) * (there - not_there) ** 2
    return Spread(
        np.where(targets > 0, there, not_there).mean(1), means.mean(1), variances.sum(1) / number**2
    )


def decode(probabilities: np.ndarray) -> np.ndarray:
    """Return the classes with a probability of at least one half."""
    return (probabilities >= HALF).astype(np.int8)


def decisions(targets: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return one decision a class in each row: whether the row has it."""
    sure = np.maximum(probabilities, 1 - probabilities)
    return sure.ravel(), (decode(probabilities) == targets).astype(np.float64).ravel()


def confidence(probabilities: np.ndarray) -> np.ndarray:
    """Return the probability of the set that is predicted; see `given`."""
    return np.maximum(probabilities, 1 - probabilities).prod(1)


def given(probabilities: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the probability of the whole set, as if classes were independent."""
    return np.where(targets > 0, probabilities, 1 - probabilities).prod(1)


def uncertainty(probabilities: np.ndarray) -> np.ndarray:
    """Return the mean entropy of the decisions over its largest value, log 2."""
    if not probabilities.shape[1]:
        return np.zeros(len(probabilities))
    inside = np.clip(probabilities, LEAST, 1 - LEAST)
    parts = inside * np.log(inside) + (1 - inside) * np.log1p(-inside)
    return -parts.mean(1) / np.log(2)


def right(targets: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return the Jaccard similarity of both sets; 1 where both are empty."""
    one, other = _both(targets, predicted)
    either = (one | other).sum(1)
    return ((one & other).sum(1) + (either == 0)) / np.maximum(either, 1)


def tallies(targets: np.ndarray, predicted: np.ndarray, counts: np.ndarray) -> Tallies:
    """Count rows by class: each has any number of them."""
    actual, said = _both(targets, predicted)
    every = np.concatenate([actual & said, actual, said], axis=1)
    # Products of float64: a sample's counts may be no whole numbers.
    correct, with_label, predictions = np.split(counts @ every.astype(np.float64), 3, axis=1)
    share = counts @ right(targets, predicted) / np.maximum(counts.sum(1), 1)
    return Tallies(correct, with_label, predictions, actual.sum(0) > 0, share)


def thresholds(targets: np.ndarray, probabilities: np.ndarray) -> list[float]:
    """Choose for each class the probability from which it is predicted: the one with the best F1
    over the rows. A class that fewer than FEWEST rows have, or all, gets that with the best F1 over
    all decisions together; where no row has any class, one half."""
    targets = one_hot(targets, probabilities.shape[1])
    common = _best_cut(targets.ravel(), probabilities.ravel())
    return [
        _best_cut(column, given) if FEWEST <= column.sum() < len(column) else common
        for column, given in zip(targets.T, probabilities.T, strict=True)
    ]


def _best_cut(is_there: np.ndarray, given: np.ndarray) -> float:
    """The probability from which to predict, with the best F1 over decisions (decisions,): half way
    between two that occur, the highest of equals."""
    if not is_there.any():
        return HALF
    order = np.argsort(-given, kind="stable")
    ordered, hits = given[order], np.cumsum(is_there[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + hits[-1])
    last = np.r_[ordered[1:] < ordered[:-1], True]  # of equals: no cut divides them
    place = int(np.where(last, f1, -1).argmax())
    below = ordered[place + 1] if place + 1 < len(ordered) else 0.0
    return float(np.clip((ordered[place] + below) / 2, CLOSEST, 1 - CLOSEST))


def ruled(probabilities: np.ndarray, thresholds: Sequence[float]) -> np.ndarray:
    """Move the logit of each class so that its threshold becomes one half."""
    if not thresholds:
        return probabilities
    return _sigmoid(_logits(probabilities) - _logits(np.array(thresholds)))


def ruled_targets(targets: np.ndarray, classes: int, thresholds: Sequence[float]) -> np.ndarray:
    """Return them as they are."""
    return targets


def ruled_classes(classes: Sequence[str], outside: str, thresholds: Sequence[float]) -> list[str]:
    """Return the classes: negatives have the empty set."""
    return [*classes]


def answered(probabilities: np.ndarray, thresholds: Sequence[float]) -> np.ndarray:
    """Return what the rule gives: no row is out of scope."""
    return ruled(probabilities, thresholds)


def scope(classes: Sequence[str], outside: str, thresholds: Sequence[float]) -> str:
    """Say that the set may be empty, and from which probabilities labels are predicted."""
    first, last = min(thresholds), max(thresholds)
    limits = f"{first:.2f}" if first == last else f"{first:.2f} to {last:.2f}"
    return (
        "A text gets each label whose probability reaches that label's threshold "
        f"({limits}, chosen on validation), so that it may get none. Stock libraries know no "
        "thresholds: their code takes 0.50 for all."
    )
