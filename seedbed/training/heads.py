"""Heads: what is fitted on vectors, as the layers of a model."""

from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

Head = LogisticRegression | MLPClassifier


class Layer(NamedTuple):
    """One layer of a head: weight (out, in) and bias (out) or None. A ReLU stands between two."""

    weight: torch.Tensor
    bias: torch.Tensor | None = None


def layers_of(head: Head, classes: int) -> list[Layer]:
    """The head's layers, the last one giving a logit a class: scikit-learn stores two as one."""
    if isinstance(head, LogisticRegression):
        parts = [(head.coef_, head.intercept_)]
    else:
        weights = [weight.T for weight in head.coefs_]
        parts = list(zip(weights, head.intercepts_, strict=True))
    if classes == 2:
        weight, bias = parts[-1]
        halves = np.vstack([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
        parts[-1] = halves
    return [
        Layer(torch.from_numpy(weight).float(), torch.from_numpy(bias).float())
        for weight, bias in parts
    ]


def regression_around(
    centre: np.ndarray,
    vectors: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    inverse_regularisation: float,
) -> Layer:
    """Softmax regression whose weights are drawn to `centre`, (classes, width), and not to zero:
    with few rows it stays near what is known without any (a Gaussian prior, of which ridge is the
    one with its mean at zero). `vectors` are (rows, width), `labels` class numbers."""
    rows, wanted = vectors.astype(np.float64), np.eye(len(centre))[labels]
    centre = centre.astype(np.float64)

    def loss(numbers: np.ndarray) -> tuple[float, np.ndarray]:
        away, bias = numbers[: -len(centre)].reshape(centre.shape), numbers[-len(centre) :]
        logits = rows @ (centre + away).T + bias
        logits -= logits.max(1, keepdims=True)
        log_shares = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        error = weights[:, None] * (np.exp(log_shares) - wanted)
        value = -(weights * (log_shares * wanted).sum(1)).sum()
        value += (away**2).sum() / (2 * inverse_regularisation)
        slope = error.T @ rows + away / inverse_regularisation
        return value, np.concatenate([slope.ravel(), error.sum(0)])

    start = np.zeros(centre.size + len(centre))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    weight = centre + found.x[: -len(centre)].reshape(centre.shape)
    bias = found.x[-len(centre) :]
    return Layer(torch.from_numpy(weight).float(), torch.from_numpy(bias.copy()).float())
