"""A head that is drawn to what is known without rows, and not to zero."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from seedbed.tasks.class_task import regression_around


def few(rows: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    labels = np.arange(rows) % 3
    vectors = draw.normal(size=(rows, 5)) + 2 * np.eye(3, 5)[labels]
    return vectors, labels, draw.random(rows) + 0.5


def test_around_zero_it_is_the_stock_regression():
    vectors, labels, weights = few()
    stock = LogisticRegression(C=3.0, max_iter=5000, tol=1e-8).fit(vectors, labels, weights)
    weight, bias = regression_around(np.zeros((3, 5)), vectors, labels, weights, 3.0)
    assert weight == pytest.approx(stock.coef_, abs=1e-3)
    assert bias - bias.mean() == pytest.approx(stock.intercept_, abs=1e-3)


def test_with_much_regularisation_it_stays_at_the_centre_and_with_little_the_rows_decide():
    vectors, labels, weights = few()
    wrong = np.roll(np.eye(3, 5), 1, axis=0)  # points each class to another one's place
    near, _ = regression_around(wrong, vectors, labels, weights, 1e-6)
    assert near == pytest.approx(wrong, abs=1e-3)
    weight, bias = regression_around(wrong, vectors, labels, weights, 1e3)
    found = vectors @ weight.T + bias
    assert (found.argmax(1) == labels).mean() > 0.9
