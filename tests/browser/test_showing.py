"""What the page shows of rows, and which keys it gives labels; without a browser."""

import pandas as pd
import pytest

from seedbed.review_page import desk
from seedbed.review_page.desk import chip, facts, text_block, why
from seedbed.review_page.views import life, matching, placed
from seedbed.reviewing.queues import Item
from seedbed.tasks import Task, class_task, labels_task
from seedbed.versions.explain import WIDTH

ROW = pd.Series(
    {
        "id": "a1", "text": "<b>Two  words</b>\nand \x1b[31m red", "text_pair": "", "label": "x<y",
        "source": "s&t", "batch": "2026-01-b", "date": "", "meta": '{"kind": "<i>"}',
        "provenance": '{"file": "a.csv", "line": 3, "licence": null}',
    }
)  # fmt: skip


def test_nothing_that_a_row_holds_is_html():
    whole, short = text_block(ROW), text_block(ROW, small=True, limit=16)
    odd = Item("a", "d", "x<y", "<i>", 0.1, "<u>", False, "train", ())
    assert "&lt;b&gt;Two  words&lt;/b&gt;\nand \\x1b[31m red" in whole
    assert "&lt;b&gt;Two words&lt;/b&gt; …" in short
    for shown in (whole, short, chip(ROW["label"]), facts(ROW), why(class_task, odd)):
        assert not any(tag in shown for tag in ("<b>Two", "<i>", "<u>", "x<y", "\x1b"))
    assert "a.csv:3" in facts(ROW)
    assert "licence not given" in facts(ROW)


def test_a_pair_shows_both_texts():
    shown = text_block(ROW.to_frame().T.assign(text_pair="<p>").iloc[0])
    assert "second text" in shown
    assert "&lt;p&gt;" in shown


class Few:
    """A workspace of as many classes as asked for."""

    def __init__(self, number: int, task: Task = class_task) -> None:
        self.task = task
        self.classes = [f"c{place:02}" for place in range(number)]
        self.rows = pd.DataFrame({"label": ["c05"] * 3 + ["c11"] * 2 + ["c00"]})

    def nearest(self, row: str, count: int) -> list[str]:
        return ["n"]

    def row(self, row: str) -> pd.Series:
        return pd.Series({"label": "c11"})

    def __contains__(self, row: str) -> bool:
        return row == "n"


@pytest.mark.parametrize("blind", [False, True])
def test_up_to_nine_classes_keep_their_keys_and_more_give_the_likeliest(blind):
    item = Item("a", "d", "c00", "", None, "", blind, "train", ())
    assert desk.label_keys(item, Few(3)) == {"1": "c00", "2": "c01", "3": "c02"}
    many = list(desk.label_keys(item, Few(12)).values())
    assert many[:2] == (["c05", "c11"] if blind else ["c11", "c05"])  # neighbours first, or size
    assert len(many) == 9
    assert "c00" not in many  # `accept` gives it


def test_of_many_labels_those_of_the_sets_that_are_shown_have_keys_first():
    item = Item("a", "d", "c00|c02", "c02|c03", None, "", False, "train", ())
    assert desk.label_keys(item, Few(3, labels_task)) == {"1": "c00", "2": "c01", "3": "c02"}
    many = list(desk.label_keys(item, Few(12, labels_task)).values())
    assert many[:5] == ["c00", "c02", "c03", "c11", "c05"]
    assert len(many) == 9


def test_a_set_is_shown_label_by_label_and_what_the_suggestion_changes():
    shown = why(labels_task, Item("a", "d", "x<y|z", "|", 0.1, "", False, "train", ()))
    assert [part.split("</span>")[0] for part in shown.split('">')[1:]] == [
        "x&lt;y",
        "z",
        "no label",
    ]
    assert "−x&lt;y, −z" in shown
    rows = pd.DataFrame(
        {"id": ["aa", "bb"], "label": ["x|y", "|"], "source": "s", "split": "train"}
    )
    assert list(matching(labels_task, rows, ["y", "z"], [], [], "", None)["id"]) == ["aa"]


def test_rows_that_fit_every_filter():
    rows = pd.DataFrame(
        {
            "id": ["aa1", "bb2", "cc3"], "label": ["x", "x", "y"], "source": ["s", "t", "s"],
            "split": ["train", "test", "train"], "text": ["A (b", "b", "c"], "text_pair": "",
        }
    )  # fmt: skip
    assert list(matching(class_task, rows, [], [], [], "", None)["id"]) == ["aa1", "bb2", "cc3"]
    assert list(matching(class_task, rows, ["x"], ["s"], [], "", None)["id"]) == ["aa1"]
    no_pattern_and_no_case = matching(class_task, rows, [], [], [], "a (B", None)
    assert list(no_pattern_and_no_case["id"]) == ["aa1"]
    assert list(matching(class_task, rows, [], [], [], "BB2", None)["id"]) == ["bb2"]
    assert list(matching(class_task, rows, [], [], ["train"], "", {"cc3"})["id"]) == ["cc3"]


def test_a_life_has_stages_apart_from_what_was_said():
    shown = life([f"{'collect':<{WIDTH}}kept <x>", "", "Suspect: x is doubted"])
    assert "<b>collect</b><span>kept &lt;x&gt;</span>" in shown
    assert '<span class="whole">Suspect: x is doubted</span>' in shown


@pytest.mark.parametrize("number", [1, 2, 29, 40])
def test_every_row_has_a_place_and_always_the_same(number):
    import numpy as np

    vectors = np.random.default_rng(0).normal(size=(number, 8)).astype(np.float32)
    first, again = placed(vectors), placed(vectors)
    assert first.shape == (number, 2)
    assert (first == again).all()
