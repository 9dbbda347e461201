"""The report's sections, from figures a person can check."""

import pytest

from seedbed.core.errors import LedgerError
from seedbed.core.metrics import Interval, RowCounts
from seedbed.core.stage import ROW_STAGES
from seedbed.encoding.vectors import ClassSpread, EmbedMetrics, NearTrain
from seedbed.pages.document import Section
from seedbed.pages.rendering import markdown, page_markdown, table
from seedbed.private.kinds import AnonymizeMetrics
from seedbed.private.languages import LookedFor
from seedbed.reporting import data, results
from seedbed.scoring.metrics import METRICS
from seedbed.scoring.metrics_files import Choice, ClassScores, Evaluation
from seedbed.splitting.splits import SplitMetrics
from seedbed.tasks import class_task

FIGURE = Interval(mean=0.9, low=0.85, high=0.95)
SAME = RowCounts(read=3, made=0, kept=3, dropped=0, dropped_by_reason={})


def test_figures_stand_right_and_words_left():
    shown = table(["class", "rows", "why"], [["cat", "12", "3 too_short"], ["dog", "1,200", ""]])
    assert shown.splitlines()[1] == "| --- | ---: | --- |"
    shown = table(["class", "why"], [["cat", "no words at all"]])
    assert shown.splitlines()[1] == "| --- | --- |"


def test_the_verdict_comes_first_with_its_interval():
    choice = Choice.model_construct(approach="full", why="`full` is chosen.")
    test = Evaluation.model_construct(rows=100, estimates=dict.fromkeys(METRICS, FIGURE))
    page = Section("Report on dataset abc123", [results.verdict(choice, {"full": test})])
    shown = page_markdown(page)
    assert shown.splitlines()[:3] == ["# Report on dataset abc123", "", "**`full` is chosen.**"]
    assert "0.900 [0.850, 0.950]" in shown
    assert "100 test rows" in shown


def test_rows_are_shown_by_reason_and_must_add_up():
    stages = dict.fromkeys(ROW_STAGES, SAME)
    stages["collect"] = SAME.model_copy(update={"read": 5, "kept": 5})
    dropped = {"read": 5, "dropped": 2, "dropped_by_reason": {"too_short": 2}}
    stages["clean"] = SAME.model_copy(update=dropped)
    shown = markdown(data.rows_by_stage(stages))
    assert "| clean | 5 | 0 | 3 | 2 | 2 too_short |" in shown
    stages["split"] = SAME.model_copy(update={"read": 4})
    with pytest.raises(LedgerError, match="deduplicate kept 3 rows, split read 4"):
        data.rows_by_stage(stages)


def test_personal_data_in_words():
    found = AnonymizeMetrics(
        rows=SAME, mode="placeholder", public_key=True, replaced_by_kind={"phone": 3},
        rows_touched=2, residual_scan={"looks_like_long_number": 16, "looks_like_ip": 0},
    )  # fmt: skip
    shown = markdown(data.privacy(found))
    assert "Replaced in 2 rows: 3 phone (mode placeholder)." in shown
    assert "finds 16 long number that looks personal. The key is the public example key." in shown
    nothing = {"residual_scan": {}, "public_key": False}
    calm = markdown(data.privacy(found.model_copy(update=nothing)))
    assert "finds nothing that looks personal." in calm
    assert "Looked for" not in calm  # a file of an older version
    scope = LookedFor(
        kinds=["email", "phone"], names=[], regions=["US", "DE"],
        texts_by_language={"de": 8, "tl": 2}, languages_without_words=["tl"],
    )  # fmt: skip
    scoped = markdown(data.privacy(found.model_copy(update={"looked_for": scope})))
    assert "Looked for: email, phone; by the model for names: none" in scoped
    assert "numbers of US, DE" in scoped
    assert "8 de, 2 tl; no words that name a value are known in tl; for English alone" in scoped


def test_what_to_collect_next():
    distances = {"cat": 0.3, "dog": 0.4, "cow": 0.3}
    spread = EmbedMetrics.model_construct(
        by_class={
            name: ClassSpread(mean_pairwise_distance=0.5, mean_distance_to_nearest=distance)
            for name, distance in distances.items()
        }
    )
    rows = {"cat": {"train": 100}, "dog": {"train": 90}, "cow": {"train": 10}}
    assert "rows of cow (about 35 more)" in data._sparse(spread, rows)
    rows["cow"]["train"] = 80
    assert "dog is covered most sparsely" in data._sparse(spread, rows)


MANY = [f"class {number:03d} of a rather long name" for number in range(640)]


def confused(classes: list[str]) -> dict[str, dict[str, int]]:
    """Every class is taken for the next one as often as its number."""
    matrix = {label: dict.fromkeys(classes, 0) for label in classes}
    for number, label in enumerate(classes):
        matrix[label][classes[(number + 1) % len(classes)]] = number
    return matrix


def test_640_classes_make_a_short_page_without_a_long_line():
    per_class = {
        label: ClassScores(precision=0.5, recall=0.5, f1=number / 640, rows=3)
        for number, label in enumerate(MANY)
    }
    test = Evaluation.model_construct(per_class=per_class)
    parts = [results.per_class(class_task, test), *results.confusion(confused(MANY))]
    counts = dict.fromkeys(("train", "validation", "test"), 1)
    share = {"share": 0.2}
    split = {
        "way": "hash", "frozen_test_rows": 0, "classes_not_in_train": {}, "rows": SAME,
        "leak_gate": {"exact_pairs": 0, "near_pairs": 0, "group_pairs": 0},
        "by_class": dict.fromkeys(MANY, counts),
        "shares_by_class": dict.fromkeys(MANY, dict.fromkeys(counts, share)),
        "by_side": dict.fromkeys(counts, {"rows": 640, **share}),
        "classes_with_few_test_rows": dict.fromkeys(MANY, 30),
    }  # fmt: skip
    near = dict.fromkeys(counts, NearTrain(rows=1, at_least_90=0, at_least_95=0))
    splits = data.splits(SplitMetrics.model_validate(split), near)
    sections = [results.Section("", parts), splits]
    page = page_markdown(Section("Many classes", sections))
    assert len(page) < 20_000
    assert max(map(len, page.splitlines())) < 1_000
    assert f"| {MANY[639]} | {MANY[0]} | 639 |" in page
    assert "620 pairs are not shown." not in page
    assert "619 pairs are not shown." in page
    assert "and 630 more classes." in page


HOSTILE = ["a | b", "`tick`", "<script>alert(1)</script>", "@everyone", "[x](https://y.z)", "# top"]


@pytest.mark.parametrize("label", HOSTILE)
def test_a_label_is_never_markup(label):
    per_class = {label: ClassScores(precision=1.0, recall=1.0, f1=1.0, rows=3)}
    table = results.per_class(class_task, Evaluation.model_construct(per_class=per_class))
    shown = markdown(results.Section("", [table, *results.confusion({label: {label: 3}})]))
    assert "<script" not in shown
    assert "[x](" not in shown.replace("\\[x\\](", "")
    assert "@everyone" not in shown  # a character without width stands between
    assert all(line.count(" | ") in (3, 4, 1) for line in shown.splitlines() if "1.000" in line)
