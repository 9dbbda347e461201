"""Rows made from train rows: what they inherit from their parent, and which of them are refused.

Copies are checked by the encoder: near enough to their parent, and of a label that models give,
too. These models are fitted on the train rows of other folds than the parent's, so none saw the
parent, and no validation label decides which rows are trained on.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.core.params import Section
from seedbed.splitting.shingles import normalised

Row = dict[str, Any]


def child(row: Row, mark: str, origin: str, method: str, **changes: str) -> Row:
    """Return a train row made from `row`, with `changes`; its id is the parent's with `mark`, its
    provenance the parent's with `made_by`."""
    origins = json.loads(row["provenance"] or "{}") | {"made_by": method}
    provenance = json.dumps(origins, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    own = {"id": f"{row['id']}-{mark}", "origin": origin, "parent": row["id"]}
    return row | own | {"provenance": provenance} | changes


def made_by(rows: pd.DataFrame) -> pd.Series:
    """Return the method that made each row, "" for an original."""
    return rows["provenance"].map(lambda text: json.loads(text or "{}").get("made_by", ""))


def parents(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the train rows that were not made from others, including those of negative sources."""
    return rows[(rows["split"] == "train") & (rows["parent"] == "")]


@dataclass
class Made:
    """Rows that were made, and counts of those that were refused, by reason.

    No two are the same, and none is the same as an existing row on any side: that would be a leak,
    or no new row.
    """

    rows: list[Row] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)

    @classmethod
    def next_to(cls, rows: pd.DataFrame) -> "Made":
        """Start without made rows, next to these existing ones."""
        pairs = zip(rows["text"], rows["text_pair"], strict=True)
        return cls(seen={_key(text, pair) for text, pair in pairs})

    def add(self, row: Row, parent: Row) -> None:
        """Add a made row, or count it as `unchanged` or `same_as_a_row`."""
        key = _key(row["text"], row["text_pair"])
        if key == _key(parent["text"], parent["text_pair"]):
            self.refused["unchanged"] += 1
        elif key in self.seen:
            self.refused["same_as_a_row"] += 1
        else:
            self.seen.add(key)
            self.rows.append(row)

    def refuse(self, reason: str, number: int = 1) -> None:
        """Count rows that were not made."""
        self.refused[reason] += number

    def frame(self, like: pd.DataFrame) -> pd.DataFrame:
        """Return the made rows with the columns and types of `like`."""
        made = pd.DataFrame(self.rows, columns=like.columns)
        return made.astype(like.dtypes) if len(made) else like.iloc[:0]


def counts_made(frames: Iterable[pd.DataFrame]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the numbers of made rows by method and by class."""
    made = pd.concat(list(frames))
    by_method = made_by(made).value_counts() if len(made) else pd.Series(dtype=int)
    by_class = made["label"].value_counts()
    return (
        {str(name): int(by_method[name]) for name in sorted(by_method.index)},
        {str(name): int(by_class[name]) for name in sorted(by_class.index)},
    )


def _key(text: str, pair: str) -> str:
    return normalised(text) + "\n" + normalised(pair)


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
    """Return the copies that pass, and the number of others by reason: `below_min_cosine`,
    `label_not_kept`.

    Vectors are (rows, width) of length 1, in the order of the frames; `train` has id, label, fold.
    """
    index_of = {row: index for index, row in enumerate(train["id"])}
    parent = np.array([index_of[row] for row in copies["parent"]], dtype=int)
    far = (vectors * train_vectors[parent]).sum(1) < params.min_cosine
    other = np.zeros(len(copies), dtype=bool)
    if params.keep_label:
        given = copies["label"].to_numpy(dtype=object)
        other = _labels(vectors, train["fold"].to_numpy()[parent], train, train_vectors) != given
    refused = Counter(below_min_cosine=int(far.sum()), label_not_kept=int((other & ~far).sum()))
    return copies[~(far | other)], +refused


def _labels(
    vectors: np.ndarray, folds: np.ndarray, train: pd.DataFrame, train_vectors: np.ndarray
) -> np.ndarray:
    """Return the label that a model of the other folds gives each vector."""
    from threadpoolctl import threadpool_limits

    from seedbed.label_errors.out_of_fold import linear

    labels = train["label"].to_numpy(dtype=object)
    predicted = np.empty(len(vectors), dtype=object)
    for fold in np.unique(folds):
        seen, scored = train["fold"].to_numpy() != fold, folds == fold
        if len(set(labels[seen])) == 1:
            predicted[scored] = labels[seen][0]
            continue
        with threadpool_limits(1):
            model = linear().fit(train_vectors[seen], labels[seen])
        predicted[scored] = model.predict(vectors[scored])
    return predicted
