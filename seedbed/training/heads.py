"""Heads: what scikit-learn fits on vectors, as the layers of a model."""

from typing import NamedTuple

import numpy as np
import torch
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
