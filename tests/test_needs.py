"""reports/next.md: what a reviewer reads of what the model needs next."""

import numpy as np
import pandas as pd

from seedbed.core.metrics import Difference, Interval
from seedbed.pages.rendering import markdown, page_markdown
from seedbed.reporting.needs import arrived, more_rows, page, sparse, to_label, weakest
from seedbed.scoring.metrics_files import ClassScores, Estimate, Slice, Validation
from seedbed.scoring.priorities import newest_batch
from seedbed.tasks import class_task
from seedbed.training.resampling import FitCheck, LearningCurveMetrics, TwiceTheRows

FIGURES = {
    "per_class": {"post": {"f1": 0.95, "rows": 40}, "bank": {"f1": 0.8, "rows": 1}},
    "confusion": {"post": {"post": 38, "bank": 2}, "bank": {"post": 0, "bank": 1}},
    "slices": {
        "length": {
            "short third": {"accuracy": 0.7, "low": 0.6, "high": 0.8, "rows": 30},
            "long third": {"accuracy": 0.85, "low": 0.8, "high": 0.95, "rows": 30},
        },
        "batch": {"2026-11": {"accuracy": 0.1, "low": 0.0, "high": 0.2, "rows": 9}},
        "class": {"bank": {"accuracy": 0.5, "low": 0.4, "high": 0.6, "rows": 30}},
    },
}
SCORES = {"precision": 0.9, "recall": 0.9}
VALIDATION = Validation.model_construct(
    estimates={"accuracy": Estimate(mean=0.9, low=0.8, high=1.0, sd_over_seeds=0, by_seed={})},
    per_class={
        name: ClassScores(**SCORES, **scores) for name, scores in FIGURES["per_class"].items()
    },
    confusion=FIGURES["confusion"],
    slices={
        column: {value: Slice(**figures) for value, figures in values.items()}
        for column, values in FIGURES["slices"].items()
    },
)
RANKED = pd.DataFrame({"id": ["aa11"], "label": [""], "suggested": ["bank"], "priority": [0.12345]})


def rows(*batches: tuple[str, str, int]) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of (batch, label, number), each with a text of its own."""
    lines = [
        (f"{batch}{label}{n:03}", f"a letter on {label} number {n}", label, batch)
        for batch, label, number in batches
        for n in range(number)
    ]
    frame = pd.DataFrame(lines, columns=["id", "text", "label", "batch"])
    classes = sorted(set(frame["label"]))
    return frame, np.eye(len(classes))[[classes.index(one) for one in frame["label"]]]


def test_classes_come_weakest_first_with_what_they_are_taken_for():
    text = markdown(weakest(VALIDATION))
    assert text.index("bank: F1 0.800 on 1 row\n") < text.index("post: F1 0.950 on 40 rows")
    assert "post: F1 0.950 on 40 rows; predicted 2 as bank" in text


def test_only_slices_surely_below_the_whole_are_named():
    text = markdown(weakest(VALIDATION))
    assert "- length, short third: accuracy 0.700 [0.600, 0.800] on 30 rows" in text
    assert "long third" not in text  # its interval holds the whole
    assert "batch" not in text  # nine rows
    assert "class, bank" not in text  # told above


def test_thin_classes_and_rows_far_from_others():
    section = sparse(class_task, {"post": 100, "bank": 100, "tax": 10}, [("aa11", "tax", 0.8)])
    text = markdown(section)
    assert "tax has 10 rows in train: 40 more would reach half the median class." in text
    assert "- row aa11, tax, distance 0.800" in text
    assert "No class has fewer" in markdown(sparse(class_task, {"post": 10, "bank": 10}, []))


def test_one_batch_has_nothing_to_be_compared_with():
    assert newest_batch(class_task, *rows(("2026-01", "post", 5))) is None
    assert "`seedbed add` adds the next" in markdown(arrived(class_task, None)).replace("\\", "")


def test_a_newest_batch_of_one_class_is_told_as_drift_and_as_a_region():
    found = newest_batch(
        class_task, *rows(("2026-01", "post", 90), ("2026-01", "bank", 90), ("2026-02", "bank", 60))
    )
    assert found.labels == {"bank": (0.5, 1.0), "post": (0.5, 0.0)}
    text = markdown(arrived(class_task, found))
    assert "Batch 2026-02, 60 rows of train and validation, against the 180 earlier ones" in text
    assert "labels large" in text
    assert "| bank | 50.0% | 100.0% |" in text
    assert "mostly bank, grew from" in text


def test_what_to_label_and_what_more_rows_bring():
    assert "| `aa11` | none | bank | 0.1235 |" in markdown(to_label(class_task, RANKED))
    assert "verified every train row" in markdown(to_label(class_task, RANKED.head(0)))
    assert "set `learning_curve.run: true`" in markdown(more_rows(None))
    figure = Interval(mean=0.9, low=0.8, high=1.0)
    gain = Difference(difference=0.01, low=-0.01, high=0.03)
    curve = LearningCurveMetrics(
        run=True, measured_on="validation", approach="feature", seeds=3, points=[], exponent=figure,
        twice_the_rows=TwiceTheRows(rows=200, macro_f1=figure, gain=gain),
        check=FitCheck(measured=0.9, fitted_without_it=0.9),
    )  # fmt: skip
    shown = markdown(more_rows(curve))
    assert "(200) would gain +0.010 [-0.010, +0.030] macro-F1, which may be chance" in shown


def test_the_page_has_all_of_it():
    text = page_markdown(
        page(class_task, "full", VALIDATION, {"post": 9, "bank": 9}, [], None, RANKED, None)
    )
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# What the model needs next",
        "## Where it is weakest",
        "## Where rows are sparse",
        "## Effect of the newest batch",
        "## What to label next",
        "## What more rows would gain",
    ]
