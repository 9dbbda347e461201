"""Rows made from train rows: what they inherit from their parent, and which of them are refused.

Copies are checked by the encoder: near enough to their parent, and of a label that models give,
too. These models are fitted on the train rows of other folds than the parent's, so none saw the
parent, and no validation label decides which rows are trained on.
"""

import json
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.core.params import Section
from seedbed.splitting.compared import contents, flat
from seedbed.splitting.shingles import content_of
from seedbed.tasks import Task
from seedbed.tasks.counting import strata


class Row(NamedTuple):
    """The columns of a row that differ between it and the rows made from it."""

    id: str
    text: str
    text_pair: str
    label: str
    origin: str
    parent: str
    provenance: str
    context: str = ""  # of task answer
    answer: str = ""


def as_rows(frame: pd.DataFrame) -> list[Row]:
    """Return the rows of a frame, in order."""
    names = [name for name in Row._fields if name in frame]
    return [Row(*cells) for cells in zip(*(frame[name] for name in names), strict=True)]


def made_by(rows: pd.DataFrame) -> pd.Series:
    """Return the method that made each row, "" for an original."""
    return rows["provenance"].map(lambda text: json.loads(text or "{}").get("made_by", ""))


def parents(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the train rows that were not made from others, including those of negative sources."""
    return rows[(rows["split"] == "train") & (rows["parent"] == "")]


class Made:
    """Rows that were made next to `existing` ones, and counts of those that were refused, by
    reason.

    No two are the same, and none is the same as an existing row on any side: that would be a leak,
    or no new row.
    """

    def __init__(self, existing: pd.DataFrame) -> None:
        self.existing = existing
        self.rows: list[Row] = []
        self.refused: Counter[str] = Counter()
        self._seen = set(contents(existing))

    def add(self, parent: Row, mark: str, origin: str, method: str, **changes: str) -> None:
        """Add the train row that is `parent` with `changes`, or count it as `unchanged` or
        `same_as_a_row`. Its id is the parent's with `mark`, its provenance the parent's with
        `made_by`."""
        row = parent._replace(**changes)
        content = content_of(row.text, row.text_pair or flat(row.context))
        if content == content_of(parent.text, parent.text_pair or flat(parent.context)):
            self.refused["unchanged"] += 1
        elif content in self._seen:
            self.refused["same_as_a_row"] += 1
        else:
            self._seen.add(content)
            origins = json.loads(row.provenance or "{}") | {"made_by": method}
            provenance = json.dumps(
                origins, ensure_ascii=False, sort_keys=True, separators=(",", ":")
            )
            own = {"id": f"{parent.id}-{mark}", "origin": origin, "parent": parent.id}
            self.rows.append(row._replace(provenance=provenance, **own))

    def frame(self) -> pd.DataFrame:
        """Return the made rows with the columns and types of the existing ones."""
        like = self.existing
        if not self.rows:
            return like.iloc[:0]
        inherited = like.set_index("id")[like.columns.difference(Row._fields)]
        made = pd.DataFrame(self.rows, columns=Row._fields).join(inherited, on="parent")
        return made[like.columns].astype(like.dtypes)


def counts_made(
    frames: Iterable[pd.DataFrame], task: Task
) -> tuple[dict[str, int], dict[str, int]]:
    """Return the numbers of made rows by method and by class."""
    made = pd.concat(list(frames), ignore_index=True)
    by_method, by_class = Counter(made_by(made)), Counter(strata(made["label"], task))
    return dict(sorted(by_method.items())), dict(sorted(by_class.items()))


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
    task: Task,
) -> tuple[pd.DataFrame, Counter[str]]:
    """Return the copies that pass, and the number of others by reason: `below_min_cosine`,
    `label_not_kept`.

    Vectors are (rows, width) of length 1, in the order of the frames; `train` has id, label, fold.
    """
    index_of = {row: index for index, row in enumerate(train["id"])}
    parent = np.array([index_of[row] for row in copies["parent"]], dtype=int)
    far = (vectors * train_vectors[parent]).sum(1) < params.min_cosine
    other = np.zeros(len(copies), dtype=bool)
    if params.keep_label:
        folds, count = train["fold"].to_numpy()[parent], len(copies)
        both = np.concatenate([vectors, train_vectors[parent]])
        predicted = _labels(both, np.tile(folds, 2), train, train_vectors, task)
        labels = zip(copies["label"], predicted[count:], predicted[:count], strict=True)
        other = ~np.array([task.is_kept(*one) for one in labels], dtype=bool)
    refused = Counter(below_min_cosine=int(far.sum()), label_not_kept=int((other & ~far).sum()))
    return copies[~(far | other)], +refused


def _labels(
    vectors: np.ndarray,
    folds: np.ndarray,
    train: pd.DataFrame,
    train_vectors: np.ndarray,
    task: Task,
) -> np.ndarray:
    """Return the label that a model of the other folds gives each vector."""
    from threadpoolctl import threadpool_limits

    from seedbed.label_errors.out_of_fold import linear

    labels = train["label"].to_numpy(dtype=object)
    predicted = np.empty(len(vectors), dtype=object)
    for fold in np.unique(folds):
        seen, scored = train["fold"].to_numpy() != fold, folds == fold
        with threadpool_limits(1):
            predicted[scored] = task.predicted_by(
                linear(), train_vectors[seen], list(labels[seen]), vectors[scored]
            )
    return predicted
