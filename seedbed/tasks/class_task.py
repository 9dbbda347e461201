"""Task `class`: every text has one label, the name of a class. A target is the index of the class,
int64; OUTSIDE marks a text to which no class is the right answer.

For shapes, and for what calls each function, see `Task` in seedbed/tasks/__init__.py.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from seedbed.core.rows import OUTSIDE
from seedbed.tasks import Spread, Tallies

if TYPE_CHECKING:  # torch, which most stages do not need
    from torch import Tensor

NAME = "class"
LEAST = 1e-12  # replaces a probability of 0, which has no logarithm
LEAST_OF_LOGITS = 1e-300


def targets(labels: Iterable[str], classes: Sequence[str]) -> np.ndarray:
    """Return the index of each class."""
    index = {name: number for number, name in enumerate(classes)}
    return np.array([index.get(label, OUTSIDE) for label in labels], dtype=np.int64)


def labels(targets: np.ndarray, classes: Sequence[str]) -> list[str]:
    """Return the class at each index."""
    return [classes[target] for target in targets]


def losses(logits: "Tensor", targets: "Tensor", smoothing: float) -> "Tensor":
    """Return the cross-entropy."""
    from torch.nn.functional import cross_entropy

    return cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Return the softmax."""
    shifted = logits.astype(np.float64)
    powers = np.exp(shifted - shifted.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def rescaled(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Divide the logarithms by the temperature, and normalise."""
    logits = np.log(np.maximum(probabilities, LEAST_OF_LOGITS)) / temperature
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def slope(targets: np.ndarray, probabilities: np.ndarray, temperature: float) -> float:
    """Return the mean logit that is expected, less that of the label."""
    logits = np.log(np.maximum(probabilities, LEAST_OF_LOGITS))
    expected = (rescaled(probabilities, temperature) * logits).sum(1)
    return float((expected - given(logits, targets)).mean())


def log_loss(targets: np.ndarray, probabilities: np.ndarray) -> Spread:
    """Return minus the logarithm of the probability of the class."""
    return _spread(targets, probabilities, -np.log(np.maximum(probabilities, LEAST)))


def brier(targets: np.ndarray, probabilities: np.ndarray) -> Spread:
    """Sum the squared distances over all classes: from 0 to 2."""
    squares = (probabilities**2).sum(1, keepdims=True)
    spread = _spread(targets, probabilities, 1 + squares - 2 * probabilities)
    distances = (probabilities - np.eye(probabilities.shape[1])[targets]) ** 2
    return spread._replace(values=distances.sum(1))


def _spread(targets: np.ndarray, probabilities: np.ndarray, losses: np.ndarray) -> Spread:
    """`losses`: of each class, if it were the label, (rows, classes)."""
    means = (probabilities * losses).sum(1)
    variances = (probabilities * (losses - means[:, None]) ** 2).sum(1)
    return Spread(given(losses, targets), means, variances)


def decode(probabilities: np.ndarray) -> np.ndarray:
    """Return the most probable class; of equals the first."""
    return probabilities.argmax(1)


def confidence(probabilities: np.ndarray) -> np.ndarray:
    """Return the largest probability."""
    return probabilities.max(1)


def given(probabilities: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the probability of the class."""
    return probabilities[np.arange(len(probabilities)), targets]


def uncertainty(probabilities: np.ndarray) -> np.ndarray:
    """Return the entropy over its largest value, the logarithm of the number of classes."""
    if probabilities.shape[1] < 2:
        return np.zeros(len(probabilities))
    inside = np.clip(probabilities, LEAST, 1)
    return -(inside * np.log(inside)).sum(1) / np.log(probabilities.shape[1])


def right(targets: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return 1 for the same class, else 0."""
    return (targets == predicted).astype(np.float64)


def tallies(targets: np.ndarray, predicted: np.ndarray, counts: np.ndarray) -> Tallies:
    """Count rows by class: each has one label and one prediction."""
    names, numbers = np.unique(np.r_[targets, predicted], return_inverse=True)
    if len(counts) == 1:
        (weights,), (true, said) = counts, np.split(numbers, 2)
        parts = ((true, np.where(true == said, weights, 0)), (true, weights), (said, weights))
        one, two, three = (np.bincount(part, few, len(names))[None] for part, few in parts)
        return Tallies(one * 1.0, two * 1.0, three * 1.0, np.isin(names, targets))
    is_target, is_predicted = (part[:, None] == names for part in (targets, predicted))
    # One product of float32 for all: counts are integers far below 2**24, so it is exact.
    every = np.concatenate([is_target & is_predicted, is_target, is_predicted], axis=1)
    products = counts.astype(np.float32) @ every.astype(np.float32)
    correct, actual, predictions = np.split(products.astype(np.float64), 3, axis=1)
    return Tallies(correct, actual, predictions, is_target.any(0))


def with_outside(probabilities: np.ndarray, threshold: float) -> np.ndarray:
    """Add a class with the probability `threshold`, and normalise."""
    more = np.concatenate([probabilities, np.full((len(probabilities), 1), threshold)], axis=1)
    return more / more.sum(1, keepdims=True)
