"""What the nearest rows of other folds say of a row's label."""

import numpy as np

from seedbed.label_errors.near_rows import NOBODY, Near, nearest_that

VOTERS, WIDTH = 20, 0.2  # of the neighbours


def votes_of_neighbours(
    near: Near, labels: np.ndarray, folds: np.ndarray, classes: int
) -> np.ndarray:
    """Share of each class among the votes of the nearest rows in other folds, test rows none of
    them: (rows, classes). `labels` are class numbers, `folds` -1 for test rows.

    A row at cosine c has exp((c - 1) / WIDTH) votes, which hardly tells near from nearest: with
    noisy labels many votes are better than close ones.
    """

    def may_vote(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        return (folds[others] >= 0) & (folds[others] != folds[rows])

    voters, cosines = nearest_that(near, np.arange(len(labels)), may_vote, VOTERS)
    weights = np.where(voters == NOBODY, 0.0, np.exp((cosines.astype(float) - 1) / WIDTH))
    votes = np.zeros((len(labels), classes))
    np.add.at(votes, (np.arange(len(labels))[:, None], labels[voters]), weights)
    return votes / votes.sum(1, keepdims=True)
