"""Rows where the right answer is not there: what params.yaml says of them, and how they are used.

Such rows have the label `negatives.label`, whether a source gave them (`negative: true`) or augment
made them. `negatives.as` is `class` where that label is a class among others, or `threshold` where
a confidence threshold, chosen on validation, tells them: then no model may train on them.
"""

from typing import Literal

import pandas as pd
from pydantic import Field

from seedbed.core.ledger import Drop
from seedbed.core.params import Section
from seedbed.core.reasons import Reason


class NegativesParams(Section):
    """params.yaml section `negatives`; shares are of train rows."""

    seed: int
    label: str = Field(min_length=1)
    used_as: Literal["class", "threshold"] = Field(alias="as")
    word_salad: float = Field(ge=0, le=1)
    entity_swap: float = Field(ge=0, le=1)
    random_pair: float = Field(ge=0, le=1)
    hard_pair: float = Field(ge=0, le=1)
    hard_max_cosine: float = Field(gt=0, le=1)
    positive_labels: list[str]
    pair_label: str


def rows_to_choose_by(rows: pd.DataFrame, params: NegativesParams) -> pd.DataFrame:
    """Train and validation rows, since no choice may depend on test rows; without negatives that a
    threshold detects, since these are no class."""
    used = rows["split"] != "test"
    if params.used_as == "threshold":
        used &= rows["label"] != params.label
    return rows[used].reset_index(drop=True)


def set_aside(rows: pd.DataFrame, params: NegativesParams) -> tuple[pd.DataFrame, list[Drop]]:
    """Rows without the train rows that a threshold is to tell: `negative_for_threshold`.

    Validation keeps them, to choose the threshold on, and so does test.
    """
    if params.used_as == "class":
        return rows, []
    aside = (rows["split"] == "train") & (rows["label"] == params.label)
    return rows[~aside], [Drop(row, Reason.NEGATIVE_FOR_THRESHOLD) for row in rows["id"][aside]]
