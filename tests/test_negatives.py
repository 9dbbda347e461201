"""Made negatives: what they are made of, and that no true pair is ever among them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from seedbed.core.edits import generator
from seedbed.core.errors import ParamsError
from seedbed.core.metrics import Drop
from seedbed.core.rows import DEFAULTS
from seedbed.making.negatives import (
    NegativesParams,
    entities,
    entity_swap,
    negatives,
    word_salad,
)
from seedbed.splitting.shingles import normalised
from seedbed.tasks import class_task, labels_task
from stages.balance import set_aside


def params(**more) -> NegativesParams:
    base = {
        "seed": 0, "label": "out_of_scope", "as": "class", "word_salad": 0.0, "entity_swap": 0.0,
        "random_pair": 0.0, "hard_pair": 0.0, "hard_max_cosine": 0.95, "positive_labels": ["yes"],
        "pair_label": "no",
    }  # fmt: skip
    return NegativesParams(**base | more)


def frame(rows: list[dict]) -> pd.DataFrame:
    base = {"digest": "", "source": "s", "batch": "b", "provenance": "{}", "split": "train"}
    return pd.DataFrame([DEFAULTS | base | row for row in rows])


def no_vectors(texts):
    raise AssertionError("only hard pairs need vectors")


ROWS = frame(
    [
        {"id": "a", "text": "On Monday Anna Lee sold 20 trees in Oslo.", "label": "business"},
        {"id": "b", "text": "In Rome the Lions won 3:1 against Turin.", "label": "sport"},
        {"id": "c", "text": "fry the onion in some butter", "label": "cooking"},
        {"id": "d", "text": "what a day it was", "label": "out_of_scope", "origin": "negative"},
        {"id": "e", "text": "It is held out.", "label": "cooking", "split": "test"},
    ]
)
PAIRS = frame(
    [
        {"id": "1", "text": "When do you open?", "text_pair": "At nine.", "label": "yes"},
        {"id": "2", "text": "when do you  OPEN?", "text_pair": "Nine o'clock", "label": "yes",
         "split": "test"},
        {"id": "3", "text": "Where are you?", "text_pair": "In the old mill.", "label": "yes"},
        {"id": "4", "text": "Who are you?", "text_pair": "Nine o'clock", "label": "no"},
        {"id": "5", "text": "Do you deliver?", "text_pair": "By bicycle.", "label": "yes",
         "split": "test"},
    ]
)  # fmt: skip


def test_word_salad_has_the_words_and_not_the_order():
    text = "the storm broke three\nold trees, near the church"
    salad = word_salad(text, generator(0, "a", -1))
    assert salad != text
    assert sorted(salad.replace(",", "").split()) == sorted(text.replace(",", "").split())
    assert salad.count("\n") == 1


def test_names_and_numbers_are_exchanged_in_their_order():
    text, other = ROWS["text"][0], ROWS["text"][1]
    found = {kind: [text[a:b] for a, b in places] for kind, places in entities(text).items()}
    assert found == {"name": ["Monday Anna Lee", "Oslo"], "number": ["20"]}
    assert entity_swap(text, other) == "On Rome sold 3:1 trees in Lions."
    assert entities("THE BANK LOST 9 MILLION") == {"name": [], "number": []}


def test_entity_swaps_take_another_class_and_tell_what_they_cannot():
    made, refused = negatives(ROWS, params(entity_swap=1.0), no_vectors, class_task)
    assert list(made["id"]) == ["a-n1", "b-n1"]
    assert set(made["label"]) == {"out_of_scope"}
    assert set(made["split"]) == {"train"}
    assert "Rome" in made["text"][0]
    assert refused == {"no_names_or_numbers": 1}


def test_salads_are_made_of_rows_that_are_no_negatives():
    made, _ = negatives(ROWS, params(word_salad=1.0), no_vectors, class_task)
    assert list(made["parent"]) == ["a", "b", "c"]
    assert set(made["origin"]) == {"negative"}


def test_clauses_in_another_order_are_no_salad():
    rows = frame([{"id": "a", "text": "我的订单还没到，请尽快处理，谢谢", "label": "x"}])
    made, refused = negatives(rows, params(word_salad=1.0), no_vectors, class_task)
    assert made.empty
    assert refused == {"words_not_apart": 1}


def test_off_makes_nothing_and_a_share_is_a_share():
    assert negatives(ROWS, params(), no_vectors, class_task)[0].empty
    many = frame([{"id": f"{n:03d}", "text": f"one two three {n}", "label": "x"}
                  for n in range(200)])  # fmt: skip
    made, _ = negatives(many, params(word_salad=0.3), no_vectors, class_task)
    assert 40 < len(made) < 80
    with pytest.raises(ValueError, match="word_salad"):
        params(word_salad=1.1)


@pytest.mark.parametrize("seed", range(8))
def test_a_pair_gets_an_answer_that_is_not_its_own_on_any_side(seed):
    made, refused = negatives(PAIRS, params(seed=seed, random_pair=1.0), no_vectors, class_task)
    pairs = dict(zip(made["id"], made["text_pair"], strict=True))
    assert pairs["1-n2"] == "In the old mill."  # "Nine o'clock" answers it in test
    assert pairs["3-n2"] in ("At nine.", "Nine o'clock")
    assert set(made["label"]) == {"no"}
    assert set(made["text"]) == {"When do you open?", "Where are you?"}
    assert not refused


def test_hard_pairs_take_the_nearest_that_does_not_say_the_same():
    rows = frame(
        [{"id": str(n), "text": f"question {n}", "text_pair": f"answer {n}", "label": "yes"}
         for n in range(4)]
    )  # fmt: skip
    angles = {"answer 0": 0.0, "answer 1": 0.1, "answer 2": 0.9, "answer 3": 2.0}

    def embed(texts):
        return np.array([[np.cos(angles[one]), np.sin(angles[one])] for one in texts])

    made, _ = negatives(rows, params(hard_pair=1.0), embed, class_task)
    nearest = dict(zip(made["parent"], made["text_pair"], strict=True))
    assert nearest == {"0": "answer 2", "1": "answer 2", "2": "answer 1", "3": "answer 2"}
    made, _ = negatives(rows, params(hard_pair=1.0, hard_max_cosine=1.0), embed, class_task)
    assert dict(zip(made["parent"], made["text_pair"], strict=True))["0"] == "answer 1"


ANSWERS = st.sampled_from(["At nine.", "at  NINE.", "In the mill.", "By bicycle.", "No."])
ROW = st.fixed_dictionaries(
    {
        "text": st.sampled_from(["When?", "when?", "Where?", "How?"]),
        "text_pair": ANSWERS,
        "label": st.sampled_from(["yes", "no", "yes"]),
        "split": st.sampled_from(["train", "train", "validation", "test"]),
    }
)


@given(st.lists(ROW, min_size=2, max_size=12), st.integers(0, 5))
def test_no_true_pair_is_ever_made(rows, seed):
    rows = frame([row | {"id": f"{number:02d}"} for number, row in enumerate(rows)])
    if "yes" not in set(rows["label"]):
        return

    def embed(texts):
        vectors = np.array([[len(one), len(set(one)), 3.0] for one in texts])
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    asked = params(seed=seed, random_pair=1.0, hard_pair=1.0, hard_max_cosine=1.0)
    made, _ = negatives(rows, asked, embed, class_task)

    def pairs(part):
        return {(normalised(a), normalised(b))
                for a, b in zip(part["text"], part["text_pair"], strict=True)}  # fmt: skip

    assert not pairs(made) & pairs(rows)
    train = {normalised(one) for one in rows["text_pair"][rows["split"] == "train"]}
    assert {normalised(one) for one in made["text_pair"]} <= train
    assert set(made["split"]) <= {"train"}
    assert len(pairs(made)) == len(made)


@pytest.mark.parametrize(
    ("rows", "wrong", "message"),
    [
        (ROWS, {}, "rows without text_pair"),
        (PAIRS, {"positive_labels": []}, "positive_labels: none"),
        (PAIRS, {"positive_labels": ["yess"]}, "`yess`"),
        (PAIRS, {"pair_label": "yes"}, "pair_label: `yes`"),
    ],
)
def test_pairs_need_to_know_what_is_true(rows, wrong, message):
    with pytest.raises(ParamsError, match=message):
        negatives(rows, params(random_pair=1.0, **wrong), no_vectors, class_task)


def test_a_threshold_sets_train_negatives_aside_and_a_class_does_not():
    rows = pd.concat([ROWS, frame([{"id": "f", "text": "x", "label": "out_of_scope",
                                    "split": "validation"}])])  # fmt: skip
    kept, dropped = set_aside(rows, "threshold", "out_of_scope", class_task)
    assert dropped == [Drop("d", "negative_for_threshold")]
    assert "f" in set(kept["id"])
    assert set_aside(rows, "class", "out_of_scope", class_task)[1] == []


SETS = ROWS.assign(label=["business|news", "sport", "cooking", "|", "cooking"])


def test_negatives_of_sets_have_the_empty_set():
    made, _ = negatives(SETS, params(word_salad=1.0, entity_swap=1.0), no_vectors, labels_task)
    assert set(made["label"]) == {"|"}
    assert "d-n0" not in set(made["id"])  # which is one already
    assert set(made["split"]) == {"train"}


def test_pairs_of_sets_are_made_of_those_that_share_a_positive_label():
    rows = PAIRS.assign(label=PAIRS["label"].map({"yes": "yes|short", "no": "|"}))
    asked = params(random_pair=1.0, pair_label="|")
    made, _ = negatives(rows, asked, no_vectors, labels_task)
    assert set(made["label"]) == {"|"}
    assert set(made["parent"]) == {"1", "3"}


def test_the_empty_set_is_no_matter_of_a_threshold():
    with pytest.raises(ParamsError, match="negatives.as: threshold"):
        set_aside(SETS, "threshold", "out_of_scope", labels_task)
    assert set_aside(SETS, "class", "out_of_scope", labels_task)[1] == []
