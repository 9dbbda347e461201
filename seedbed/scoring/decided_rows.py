"""What people decided of each row, as stage apply_decisions lists it, and what figures would be
without it: a person may change a test label, and a reviewer must see what that does to the score.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from seedbed.core.decisions import AMBIGUOUS, DROP
from seedbed.core.files import read_csv
from seedbed.scoring.intervals import headline
from seedbed.scoring.metrics import Scored

LIST = Path("data/ledger/decided.csv")
DROPPED = {DROP, AMBIGUOUS}


class DecidedRow(NamedTuple):
    """A row on which a decision is in force: the label it came with, what was decided, the side it
    is on, who decided (+ between names)."""

    id: str
    given: str
    decided: str
    side: str
    people: str


def read_decided(file: Path = LIST) -> list[DecidedRow]:
    """The lines of data/ledger/decided.csv."""
    return [DecidedRow(**line) for line in read_csv(file)]


def without_decisions(
    labels: np.ndarray,
    by_seed: dict[str, np.ndarray],
    ids: list[str],
    samples: np.ndarray,
    classes: list[str],
    decided: list[DecidedRow],
) -> dict[str, Any]:
    """How many rows of one side people relabelled or took out, and its figures without that.

    `labels`, and predictions `by_seed`: class numbers (rows,) in the order of `ids`;
    `samples`: bootstrap counts. A label that
    is no class any more is one that no model gives. Rows taken out are in no dataset and so have
    no prediction: `accuracy_range` is what the accuracy would be if the models had all of them
    wrong, and all right.
    """
    relabelled = {one.id: one.given for one in decided if one.decided not in DROPPED | {one.given}}
    number = {name: place for place, name in enumerate(classes)}
    before = labels.copy()
    for place, row in enumerate(ids):
        if row in relabelled:
            before[place] = number.get(relabelled[row], len(classes))
    gone = sum(one.decided in DROPPED for one in decided)
    # No probabilities: a label that is no class any more has no column there.
    scored = {seed: Scored.of(before, predicted) for seed, predicted in by_seed.items()}
    figures = headline(scored, samples)
    right = figures["accuracy"]["mean"] * len(ids)
    return {
        "relabelled": int((before != labels).sum()),
        "dropped": gone,
        "verified": sum(one.decided == one.given for one in decided),
        "accuracy_range": [right / (len(ids) + gone), (right + gone) / (len(ids) + gone)],
        **figures,
    }
