"""Task `class`: every text has one label, the name of a class. A target is the index of the class,
int64; OUTSIDE marks a text to which no class is the right answer.

For shapes, and for what calls each function, see `Task` in seedbed/tasks/__init__.py; those of
cells are in seedbed/tasks/class_cells.py.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from seedbed.core.errors import ParamsError
from seedbed.core.rows import OUTSIDE
from seedbed.tasks import Spread, Tallies
from seedbed.tasks.class_cells import (
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

if TYPE_CHECKING:  # torch and scikit-learn, which most stages do not need
    from sklearn.linear_model import LogisticRegression
    from torch import Tensor

NAME = "class"
TARGET = "label"
NOUN = "class"
PLURAL = "classes"
JUDGE = "ranking"
SETS = False
PROBLEM_TYPE = None  # transformers finds it by the number of classes
ACCURACY = ""
EACH_HAS = "one of"
PAIRED_TEST = "McNemar's exact test"
STOCK = {
    "sequence_classifier": 'print(classify("{text}"))',
    "sentence_classifier": 'print(classes[model.encode("{text}").argmax()])',
}
LEAST = 1e-12  # replaces a probability of 0, which has no logarithm
LEAST_OF_LOGITS = 1e-300


def targets(labels: Iterable[str], classes: Sequence[str]) -> np.ndarray:
    """Return the index of each class."""
    index = {name: number for number, name in enumerate(classes)}
    return np.array([index.get(label, OUTSIDE) for label in labels], dtype=np.int64)


def labels(targets: np.ndarray, classes: Sequence[str]) -> list[str]:
    """Return the class at each index."""
    return [classes[target] for target in targets]


def outside(targets: np.ndarray) -> np.ndarray:
    """Return where the index is OUTSIDE."""
    return targets == OUTSIDE


def one_hot(targets: np.ndarray, classes: int) -> np.ndarray:
    """Return one class a row; none OUTSIDE, or beyond the number of classes."""
    return targets[:, None] == np.arange(classes)


def alike(targets: "Tensor", others: "Tensor") -> "Tensor":
    """Return whether both are the same class."""
    return targets[:, None] == others[None, :]


def positive_weights(targets: np.ndarray, how: str) -> None:
    """Return None: one class of all is right, and `balance.weights` weighs them."""
    if how not in ("auto", "none"):
        step = "set it to auto; `balance.weights` weighs the classes"
        raise ParamsError("training.positive_weights", f"{how}, and task {NAME}", "auto", step)


def losses(
    logits: "Tensor", targets: "Tensor", smoothing: float, positive: "Tensor | None" = None
) -> "Tensor":
    """Return the cross-entropy."""
    from torch.nn.functional import cross_entropy

    return cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)


def regression(strength: float) -> "LogisticRegression":
    """Return softmax regression."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=2000)


def regression_around(
    centre: np.ndarray,
    vectors: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    strength: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Fit softmax regression."""
    from scipy.optimize import minimize

    rows, one_hot = vectors.astype(np.float64), np.eye(len(centre))[targets]
    centre = centre.astype(np.float64)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        offset, bias = flat[: -len(centre)].reshape(centre.shape), flat[-len(centre) :]
        logits = rows @ (centre + offset).T + bias
        logits -= logits.max(1, keepdims=True)
        log_shares = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        error = weights[:, None] * (np.exp(log_shares) - one_hot)
        value = -(weights * (log_shares * one_hot).sum(1)).sum()
        value += (offset**2).sum() / (2 * strength)
        gradient = error.T @ rows + offset / strength
        return value, np.concatenate([gradient.ravel(), error.sum(0)])

    start = np.zeros(centre.size + len(centre))
    fitted = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    offset, bias = np.split(fitted.x, [centre.size])
    return centre + offset.reshape(centre.shape), bias


def prompt_bias(scores: Callable[[], np.ndarray], targets: np.ndarray) -> None:
    """Return nothing: softmax compares the scores with each other."""


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


def decisions(targets: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return one decision a row, for a class."""
    return confidence(probabilities), right(targets, decode(probabilities))


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


def thresholds(targets: np.ndarray, probabilities: np.ndarray) -> list[float]:
    """Choose the confidence below which a row is OUTSIDE, where some are: the one with the best
    macro-F1 over classes and out of scope, the lowest of equals."""
    if not outside(targets).any():
        return []
    truth = ruled_targets(targets, probabilities.shape[1], [0.0])
    ordered = np.unique(confidence(probabilities))
    between = np.r_[0.0, (ordered[1:] + ordered[:-1]) / 2]
    # A few hundred candidates do as well as all of them.
    candidates = between[:: max(1, len(between) // 200)]
    once = np.ones((1, len(truth)))
    scores = [
        float(tallies(truth, decode(ruled(probabilities, [low])), once).macro_f1()[0])
        for low in candidates
    ]
    return [float(candidates[scores.index(max(scores))])]


def ruled(probabilities: np.ndarray, thresholds: Sequence[float]) -> np.ndarray:
    """Add "no class is right" as the last class, with the threshold as its probability, and
    normalise: it is predicted where no other class reaches it. Without a threshold add nothing."""
    if not thresholds:
        return probabilities
    (threshold,) = thresholds
    more = np.concatenate([probabilities, np.full((len(probabilities), 1), threshold)], axis=1)
    return more / more.sum(1, keepdims=True)


def ruled_targets(targets: np.ndarray, classes: int, thresholds: Sequence[float]) -> np.ndarray:
    """Return the index that the rule adds for those OUTSIDE."""
    return np.where(outside(targets), classes, targets) if thresholds else targets


def ruled_classes(classes: Sequence[str], outside: str, thresholds: Sequence[float]) -> list[str]:
    """Add the label of negatives where there is a threshold."""
    return [*classes, outside] if thresholds else [*classes]


def answered(probabilities: np.ndarray, thresholds: Sequence[float]) -> np.ndarray:
    """Return them as they are: the answer is the most probable class, however sure."""
    return probabilities


def scope(classes: Sequence[str], outside: str, thresholds: Sequence[float]) -> str:
    """Say how out-of-scope texts are detected, if they are."""
    if not outside:
        return "It detects no out-of-scope texts: each text gets one of its classes."
    if not thresholds:
        return f"Texts that no other class fits are of the class {outside}."
    return f"Below a confidence of {thresholds[0]:.2f} a text is out of scope."
