"""Copies that went too far from their row, or over to another class, are not made."""

import numpy as np
import pandas as pd

from seedbed.making.made_rows import CheckParams, checked
from seedbed.tasks import class_task, labels_task


def unit(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


# Two classes, ten degrees around 0 and around 90, over two folds.
TRAIN = pd.DataFrame(
    {"id": list("abcdefgh"), "label": ["ham"] * 4 + ["spam"] * 4, "fold": [0, 0, 1, 1] * 2}
)
VECTORS = unit(-10, 10, -5, 5, 80, 100, 85, 95)
COPIES = pd.DataFrame(
    {"id": ["a-a0", "b-a0", "e-a0"], "parent": ["a", "b", "e"], "label": ["ham", "ham", "spam"]}
)
NEAR_FAR_OVER = unit(-8, 70, 75)  # b's copy went over to spam


def check(min_cosine: float, keep_label: bool):
    asked = CheckParams(min_cosine=min_cosine, keep_label=keep_label)
    return checked(COPIES, NEAR_FAR_OVER, TRAIN, VECTORS, asked, class_task)


def test_the_cosine_to_the_parent_is_asked():
    kept, refused = check(0.9, False)
    assert list(kept["id"]) == ["a-a0", "e-a0"]
    assert refused == {"below_min_cosine": 1}


def test_the_label_must_be_the_parents_to_models_that_saw_neither():
    kept, refused = check(0.0, True)
    assert list(kept["id"]) == ["a-a0", "e-a0"]
    assert refused == {"label_not_kept": 1}


def test_the_model_that_judges_did_not_see_the_parent():
    """Rows of a's own fold are labelled so that they would keep its copy; the others are not."""
    labels = ["spam", "spam", "ham", "ham", "ham", "ham", "spam", "spam"]
    copies = COPIES.iloc[:1].assign(label="spam")
    asked = CheckParams(min_cosine=0.0, keep_label=True)
    _, refused = checked(copies, unit(-8), TRAIN.assign(label=labels), VECTORS, asked, class_task)
    assert refused == {"label_not_kept": 1}


def test_one_reason_a_copy():
    kept, refused = check(0.9, True)
    assert len(kept) + sum(refused.values()) == len(COPIES)
    assert refused == {"below_min_cosine": 1}


def test_off_asks_nothing():
    assert not CheckParams(min_cosine=0.0, keep_label=False).is_on()
    assert len(check(0.0, False)[0]) == 3


# Label a around 0 degrees alone, label b everywhere.
SETS = TRAIN.assign(label=["a|b"] * 4 + ["b"] * 4)


def test_each_label_of_a_set_must_be_kept():
    copies = COPIES.assign(label=["a|b", "a|b", "b"])
    asked = CheckParams(min_cosine=0.0, keep_label=True)
    kept, refused = checked(copies, NEAR_FAR_OVER, SETS, VECTORS, asked, labels_task)
    assert list(kept["id"]) == ["a-a0", "e-a0"]
    assert refused == {"label_not_kept": 1}


def test_models_that_miss_a_label_of_the_parent_do_not_judge_it_in_the_copy():
    """c is in one row alone, so no model that did not see that row knows it."""
    rare = SETS.assign(label=["a|b|c", *SETS["label"][1:]])
    copies = COPIES.iloc[:1].assign(label="a|b|c")
    asked = CheckParams(min_cosine=0.0, keep_label=True)
    kept, refused = checked(copies, unit(-8), rare, VECTORS, asked, labels_task)
    assert len(kept) == 1
    assert not refused
