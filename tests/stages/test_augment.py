"""Made rows stand in train, name their parent, and are the same for a row wherever it stands."""

from collections import Counter
from pathlib import Path
from string import ascii_lowercase as LETTERS

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, yaml
from hypothesis import given, settings, strategies as st
from pydantic import ValidationError

from seedbed.core.errors import LeakError
from seedbed.core.files import read_json
from seedbed.core.rows import DEFAULTS, read_rows, write_rows
from seedbed.encoding.vectors import write_vectors
from seedbed.making.made_rows import made_by, parents
from seedbed.making.negatives import NegativesParams, negatives
from seedbed.splitting.shingles import content_of, normalised
from seedbed.splitting.splits import ancestry_gate
from seedbed.tasks import class_task, labels_task
from stages.augment import Params, augmented, main

OFF = {"model": "", "revision": "", "sha256": "", "prompt": "{text}", "max_new_tokens": 9,
       "beams": 1, "temperature": 0.0, "top_p": 1.0}  # fmt: skip


def frame(*rows: dict) -> pd.DataFrame:
    base = {"digest": "", "source": "s", "batch": "b", "provenance": '{"line":3}', "split": "train"}
    return pd.DataFrame([DEFAULTS | base | row for row in rows])


ROWS = frame(
    {"id": "a", "text": "the storm broke three old trees", "label": "weather"},
    {"id": "b", "text": "fry the onion in\nsome BUTTER", "label": "cooking"},
    {"id": "c", "text": "stir the soup", "label": "cooking", "split": "validation"},
    {"id": "d", "text": "what time is it in Oslo", "label": "out_of_scope", "origin": "negative"},
)


def params(**more) -> Params:
    return Params(
        **{
            "seed": 0, "copies": 2, "methods": ["swap", "punctuate"], "edit_share": 0.3,
            "only_classes_below": 0, "wordnet_folder": "", "paraphrase": OFF,
            "check": {"min_cosine": 0.0, "keep_label": False},
        }
        | more
    )  # fmt: skip


def test_copies_name_their_parent_and_method_and_differ_from_it():
    made, refused = augmented(ROWS, params(), class_task)
    assert list(made["id"]) == ["a-a0", "a-a1", "b-a0", "b-a1", "d-a0", "d-a1"]
    assert list(made["parent"]) == ["a", "a", "b", "b", "d", "d"]
    assert set(made["origin"]) == {"augmented"}
    assert set(made["split"]) == {"train"}
    assert list(made["label"][:4]) == ["weather", "weather", "cooking", "cooking"]
    assert set(made_by(made)[:2]) == {"swap", "punctuate"}
    assert not set(made["text"]) & set(ROWS["text"])
    assert made["text"][2].count("\n") == made["text"][2].count("BUTTER") == 1
    assert not refused


TEXTS = st.sampled_from(
    ["the storm broke three old trees", "On Monday Anna sold 20 trees", "fry it", "FRY  it!",
     "in Rome the Lions won 3:1", "when does Bo open at 9", "rain"]
)  # fmt: skip


def rows_of(*labels: str) -> st.SearchStrategy:
    sides = st.sampled_from(["train", "train", "validation", "test"])
    return st.lists(st.tuples(TEXTS, st.sampled_from(labels), sides), min_size=1, max_size=9)


OF_TASKS = st.one_of(
    st.tuples(st.just(class_task), rows_of("weather", "cooking", "out_of_scope")),
    st.tuples(st.just(labels_task), rows_of("weather", "cooking", "cooking|weather", "|")),
)


@settings(max_examples=60)
@given(OF_TASKS, st.integers(0, 3))
def test_made_rows_are_in_train_alone_with_the_label_of_their_parent_or_none(rows_of_task, seed):
    task, lines = rows_of_task
    table = [dict(zip(("text", "label", "split"), one, strict=True)) for one in lines]
    rows = frame(*(one | {"id": f"{n}", "group": f"{n}"} for n, one in enumerate(table)))
    rows = rows.drop_duplicates("text")  # as split leaves them: no text on two sides
    methods = ["swap", "delete", "punctuate", "mistype"]
    copies, _ = augmented(rows, params(seed=seed, methods=methods), task)
    content = yaml.load(ROOT / "params.yaml")["negatives"]
    asked = NegativesParams(**content | {"seed": seed, "word_salad": 1.0, "entity_swap": 1.0})
    wrong, _ = negatives(pd.concat([rows, copies]), asked, spread_out, task)
    made = pd.concat([copies, wrong])
    assert set(made["split"]) <= {"train"}
    parent = rows.set_index("id").loc[made["parent"]]
    assert set(parent["split"]) <= {"train"}
    assert list(copies["label"]) == list(parent["label"][: len(copies)])
    assert set(wrong["label"]) <= {task.negative("out_of_scope", "class")}
    assert set(task.classes(made["label"])) <= {*task.classes(rows["label"]), "out_of_scope"}
    every = pd.concat([rows, made], ignore_index=True)
    assert every["id"].is_unique
    texts = every["text"].map(normalised)
    assert texts[len(rows) :].is_unique
    assert not set(texts[len(rows) :]) & set(texts[: len(rows)])
    ancestry_gate(every)
    if len(made):
        every.loc[len(rows), "split"] = "test"
        with pytest.raises(LeakError, match=made["id"].iloc[0]):
            ancestry_gate(every)


def test_rows_of_a_negative_source_are_rows_like_all_others():
    assert list(parents(ROWS)["id"]) == ["a", "b", "d"]


def test_a_row_gives_the_same_copies_alone_and_in_any_order():
    together = augmented(ROWS, params(), class_task)[0].set_index("id")["text"]
    turned = augmented(ROWS.iloc[::-1], params(), class_task)[0].set_index("id")["text"]
    alone = augmented(ROWS.iloc[1:], params(), class_task)[0].set_index("id")["text"]
    assert turned.equals(together)
    assert alone.equals(together[alone.index])


def test_off_makes_nothing():
    assert augmented(ROWS, params(copies=0), class_task)[0].empty
    assert augmented(ROWS, params(methods=[]), class_task)[0].empty


def test_only_small_classes_are_augmented():
    rows = pd.concat([ROWS, frame({"id": "e", "text": "boil two eggs", "label": "cooking"})])
    made, _ = augmented(rows, params(only_classes_below=2), class_task)
    assert set(made["parent"]) == {"a", "d"}


def test_a_copy_that_is_no_new_text_is_not_made_and_counted():
    rows = frame(
        {"id": "a", "text": "rain", "label": "weather"},
        {"id": "b", "text": "rain hail", "label": "weather"},
        {"id": "c", "text": "Hail  RAIN", "label": "weather", "split": "test"},
    )
    made, refused = augmented(rows, params(methods=["swap"], copies=1), class_task)
    assert made.empty
    assert refused == {"unchanged": 1, "same_as_a_row": 1}


def test_what_needs_words_apart_is_not_done_to_a_text_that_has_none_and_is_told():
    clauses = "我的订单还没到，请尽快处理，谢谢"
    rows = frame({"id": "a", "text": clauses, "label": "x"},
                 {"id": "b", "text": "我要退款", "label": "x"})  # fmt: skip
    made, refused = augmented(rows, params(methods=["delete"], copies=1), class_task)
    assert made.empty
    assert refused == {"words_not_apart": 2}
    made, refused = augmented(rows, params(methods=["swap"], copies=1), class_task)
    assert refused == {"unchanged": 1}
    assert set(made["text"][0]) == set(clauses)


def test_pairs_keep_their_second_text():
    rows = frame({"id": "a", "text": "when does it open", "text_pair": "At nine.", "label": "yes"})
    made, _ = augmented(rows, params(methods=["swap"], copies=1), class_task)
    assert list(made["text_pair"]) == ["At nine."]
    assert made["text"][0] != rows["text"][0]


@pytest.mark.parametrize("wrong", [{"edit_share": 1.1}, {"copies": -1}, {"methods": ["shuffle"]}])
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(ValidationError):
        params(**wrong)


def spread_out(items, params=None, split=None):
    """Vectors that know only how many letters a text, or a text and its pair, has of each."""
    texts = [item if isinstance(item, str) else " ".join(item) for item in items]
    counts = np.array([[text.lower().count(one) for one in LETTERS] for text in texts])
    return (counts / np.linalg.norm(counts, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """Pairs of questions and answers as find_label_errors left them; what to switch on."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("stages.augment.embedded", spread_out)
    monkeypatch.setattr("seedbed.encoding.vectors.embedded", spread_out)
    topics = ["storm", "onion", "wheel", "violin", "harbour", "pencil"]
    rows = frame(
        *(
            {"id": f"{n:016x}", "text": f"where is the {one} kept", "label": "yes", "fold": n % 3,
             "text_pair": f"The {one} is over there.", "split": "test" if n == 5 else "train"}
            for n, one in enumerate(topics)
        ),
        {"id": "f" * 16, "text": "who sang", "text_pair": "Blue paint.", "label": "no", "fold": 0},
        {"id": "e" * 16, "text": "who ran", "text_pair": "Cold soup.", "label": "no", "fold": 1},
    )  # fmt: skip
    write_rows(Path("data/find_label_errors"), rows)
    pairs = list(zip(rows["text"], rows["text_pair"], strict=True))
    write_vectors(Path("data/embed"), rows, spread_out(pairs))

    def switch_on(**sections) -> dict:
        content = yaml.load(ROOT / "params.yaml")
        for name, changes in sections.items():
            content[name] |= changes
        with open("params.yaml", "w", encoding="utf-8") as file:
            yaml.dump(content, file)
        main()
        return read_json(Path("reports/metrics/augment.json"))

    return switch_on


def test_a_copy_that_comes_near_a_test_row_is_not_made(workspace, monkeypatch):
    rows = read_rows(Path("data/find_label_errors"))
    test = rows[rows["split"] == "test"].iloc[0]
    near = rows[rows["split"] == "train"].iloc[:1].assign(
        id="0-a0", parent=rows["id"][0], text=test["text"] + " now", text_pair=test["text_pair"]
    )  # fmt: skip
    monkeypatch.setattr("stages.augment.augmented", lambda *_: (near, Counter()))
    metrics = workspace()
    assert metrics["refused_by_reason"] == {"near_another_side": 1}
    assert metrics["rows"]["made"] == 0
    assert "0-a0" not in set(read_rows(Path("data/augment"))["id"])


def test_hard_and_random_pairs_stand_beside_the_true_ones(workspace):
    asked = {"hard_pair": 1.0, "random_pair": 1.0, "positive_labels": ["yes"], "pair_label": "no"}
    metrics = workspace(negatives=asked | {"hard_max_cosine": 1.0})
    rows = read_rows(Path("data/augment"))
    made = rows[rows["parent"] != ""]
    assert metrics["made_by_method"]["hard_pair"] == 5
    assert metrics["rows"]["made"] == len(made) == sum(metrics["made_by_method"].values())
    assert set(made["split"]) == {"train"}
    assert not [text for text in made["text_pair"] if "pencil" in text]  # it stands in test alone
    for row in made.itertuples():
        assert row.text.split()[-2] not in row.text_pair
        assert (row.label, row.origin) == ("no", "negative")


def test_no_text_is_made_as_a_copy_and_as_a_negative(workspace):
    """Of two words, the copy by swap and the word salad are the same text: with a label and
    without."""
    words = ["walked", "slept", "wrote", "spoke", "cooked", "drew", "swam", "knew"]
    table = frame(*({"id": f"{n}", "text": f"who {word}"} for n, word in enumerate(words)))
    write_rows(Path("data/find_label_errors"), table.assign(label="yes"))
    metrics = workspace(
        augment={"copies": 1, "methods": ["swap"], "edit_share": 0.3}, negatives={"word_salad": 1.0}
    )
    rows = read_rows(Path("data/augment"))
    contents = [*map(content_of, rows["text"], rows["text_pair"])]
    assert len(contents) == len(set(contents))
    assert metrics["refused_by_reason"]["same_as_a_row"] >= 1


def test_copies_that_fail_the_check_are_counted_and_not_made(workspace):
    metrics = workspace(
        augment={"copies": 2, "methods": ["swap", "delete"], "edit_share": 0.3,
                 "check": {"min_cosine": 0.9999, "keep_label": True}}
    )  # fmt: skip
    made = metrics["made_by_method"]
    assert made.get("delete", 0) == 0
    assert made["swap"] + sum(metrics["refused_by_reason"].values()) == 14
    assert metrics["refused_by_reason"]["below_min_cosine"] >= 7


def test_off_leaves_the_rows_as_they_were(workspace):
    metrics = workspace()
    pd.testing.assert_frame_equal(
        read_rows(Path("data/augment")), read_rows(Path("data/find_label_errors"))
    )
    assert metrics["made_by_method"] == metrics["refused_by_reason"] == {}
