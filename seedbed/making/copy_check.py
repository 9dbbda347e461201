"""Copies checked by the encoder: near enough to their parent, and of a label that models give too.

The models are fitted on the train rows of the other folds than the parent's, so none saw the
parent, and no validation label decides which rows are trained on.
"""

from collections import Counter

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.core.params import Section


class CheckParams(Section):
    """params.yaml section `augment.check`."""

    min_cosine: float = Field(ge=0, le=1)
    keep_label: bool

    def is_on(self) -> bool:
        """Whether anything is checked."""
        return self.min_cosine > 0 or self.keep_label


def checked(
    copies: pd.DataFrame,
    vectors: np.ndarray,
    train: pd.DataFrame,
    train_vectors: np.ndarray,
    params: CheckParams,
) -> tuple[pd.DataFrame, Counter[str]]:
    """The copies that pass, and how many did not, by reason: `below_min_cosine`, `label_not_kept`.

    Vectors are (rows, width) of length 1, in the order of the frames; `train` has id, label, fold.
    """
    place = {row: number for number, row in enumerate(train["id"])}
    of = np.array([place[parent] for parent in copies["parent"]], dtype=int)
    far = (vectors * train_vectors[of]).sum(1) < params.min_cosine
    other = np.zeros(len(copies), dtype=bool)
    if params.keep_label:
        given = copies["label"].to_numpy(dtype=object)
        other = _labels(vectors, train["fold"].to_numpy()[of], train, train_vectors) != given
    refused = Counter(below_min_cosine=int(far.sum()), label_not_kept=int((other & ~far).sum()))
    return copies[~(far | other)], +refused


def _labels(
    vectors: np.ndarray, folds: np.ndarray, train: pd.DataFrame, train_vectors: np.ndarray
) -> np.ndarray:
    """The label that a model of the other folds gives each vector."""
    from threadpoolctl import threadpool_limits

    from seedbed.label_errors.out_of_fold import linear

    labels = train["label"].to_numpy(dtype=object)
    found = np.empty(len(vectors), dtype=object)
    for fold in np.unique(folds):
        seen, asked = train["fold"].to_numpy() != fold, folds == fold
        if len(set(labels[seen])) == 1:
            found[asked] = labels[seen][0]
            continue
        with threadpool_limits(1):
            model = linear().fit(train_vectors[seen], labels[seen])
        found[asked] = model.predict(vectors[asked])
    return found
