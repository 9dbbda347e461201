"""Logistic regression of sets: one a class (binary relevance), all of them fitted together, so that
a thousand classes cost matrix products and not a thousand fits."""

import numpy as np


class SetRegression:
    """One logistic regression a class, in the form of scikit-learn's: `coef_` (classes, width),
    `intercept_` (classes,)."""

    def __init__(self, strength: float):
        self.strength = strength

    def fit(
        self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> "SetRegression":
        """Fit all of them at once."""
        weights = np.ones(len(X)) if sample_weight is None else sample_weight
        centre = np.zeros((y.shape[1], X.shape[1]))
        self.classes_ = np.arange(len(centre))
        self.coef_, self.intercept_ = regression_around(centre, X, y, weights, self.strength)
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Return the probability of each class: (rows, classes)."""
        from scipy.special import expit  # a tenth of a second that most stages need not spend

        return expit(X @ self.coef_.T + self.intercept_)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return the set of each row."""
        return (self.predict_proba(X) >= 0.5).astype(np.int8)


def regression_around(
    centre: np.ndarray,
    vectors: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    strength: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Fit one regression a class, all in one matrix. A class that all rows have, or none, keeps its
    centre and gets the bias of its share with half a row added to either side, or it would have
    none that is finite. Weights (classes, width) and bias (classes,)."""
    from scipy.optimize import minimize
    from scipy.special import expit

    rows, wanted = vectors.astype(np.float64), targets.astype(np.float64)
    scale, number = float(weights.sum()), len(rows)
    share = (wanted.sum(0) + 0.5) / (number + 1)
    weight, bias = centre.astype(np.float64), np.log(share / (1 - share))
    varies = (wanted.min(0, initial=1) < wanted.max(0, initial=0)).nonzero()[0]
    bias -= np.where(np.isin(np.arange(len(bias)), varies), 0, (rows @ weight.T).mean(0))
    if not len(varies):
        return weight, bias
    middle, wanted = weight[varies], wanted[:, varies]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        offset, shift = flat[: -len(middle)].reshape(middle.shape), flat[-len(middle) :]
        logits = rows @ (middle + offset).T + shift
        error = weights[:, None] * (expit(logits) - wanted)
        value = (weights[:, None] * (np.logaddexp(0, logits) - wanted * logits)).sum()
        value += (offset**2).sum() / (2 * strength)
        gradient = error.T @ rows + offset / strength
        return value / scale, np.concatenate([gradient.ravel(), error.sum(0)]) / scale

    start = np.concatenate([np.zeros(middle.size), bias[varies]])
    options = {"maxiter": 2000, "gtol": 1e-5, "ftol": 64 * np.finfo(float).eps}  # as scikit-learn's
    fitted = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    offset, bias[varies] = np.split(fitted.x, [middle.size])
    weight[varies] = middle + offset.reshape(middle.shape)
    return weight, bias
