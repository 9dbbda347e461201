"""Pages and lines for hundreds of classes: their length does not grow with the classes' square, and
labels are shown as they are, whatever is in them."""

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
import pytest

from seedbed.core import stage
from seedbed.core.metrics import RowCounts
from seedbed.label_errors import sets
from seedbed.label_errors.sets import noise_figures
from seedbed.making.balancing import BalanceParams, balance
from seedbed.pages.document import Section
from seedbed.pages.rendering import markdown, page_html, page_markdown
from seedbed.reporting import needs, results
from seedbed.reporting.noise import label_noise
from seedbed.scoring.evaluation import Classes, Part, evaluate, fit, with_behaviour
from seedbed.scoring.metrics_files import Behaviour, MinimumFunctionality, ModelCosts
from seedbed.scoring.predictions import Predictions
from seedbed.serving.model_folder import loading_code
from seedbed.splitting.sides import Share, rows_by_class
from seedbed.splitting.splits import LeakGate, SplitMetrics, drop_unlearnable, stratified_folds
from seedbed.tasks import class_task, labels_task
from seedbed.training.models import SavedModel
from stages.split import summary

NUMBER = 700
LIMIT = 200_000  # bytes of a page
STRANGE = [
    "a|b", "<b>bold</b>", "``tick``", "[x](http://y.example)", "*star* _line_", "@team #12",
    "👍🏽 emoji", "\u202eright to left", "شكوى", "a\x07bell\x1b[31m", "w" * 300, "# heading",
    "- item", "$x$ ~gone~", "<!-- comment -->", "&amp; entity", "\\back", "```",
    "line\u2028separator",
]  # fmt: skip
LABELS = [f"topic {number:04}" for number in range(1000)]
NAMES = [*STRANGE, *(f"dept{n % 10}/team {n:04}" for n in range(NUMBER - len(STRANGE)))]
COSTS = ModelCosts(megabytes=1, trainable_parameters=1, epochs=1, training_tokens=1)


def figures_of_sets(number: int, rows: int = 200):
    """Figures of sets: each label in one row, and predicted in another as often as there."""
    random = np.random.default_rng(0)
    targets, said = (np.zeros((rows, number), np.int8) for _ in range(2))
    targets[random.integers(0, rows, number), np.arange(number)] = 1
    said[random.integers(0, rows, number), np.arange(number)] = 1
    kept = random.random(number) < 2 / 3
    given = np.where(np.where(kept, targets, said), 0.7, 0.1)
    return figures_of(labels_task, targets, given, LABELS[:number])


def figures_of(task, labels, given, names):
    ids = [f"{row:016x}" for row in range(len(labels))]
    raw = Predictions(task, ids, [""] * len(ids), labels, {"0": given})
    fitted = fit(raw)
    cells = task.labels(labels, names)
    columns = {"class": [task.members(cell) or (cell,) for cell in cells],
               "source": [("a",), ("b",)] * (len(ids) // 2)}  # fmt: skip
    part = Part("test", raw, columns, ["{}"] * len(ids), [])
    found = evaluate(part, fitted, Classes(names, ""), COSTS)
    behaviour = Behaviour(invariance={}, minimum_functionality=MinimumFunctionality())
    return with_behaviour(found, False, fitted, behaviour)


@pytest.fixture(scope="module")
def figures():
    """Validation's figures of two rows a class, one of three of them wrong."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(NUMBER), 2)
    said = np.where(random.random(len(labels)) < 2 / 3, labels, random.integers(0, NUMBER, 1400))
    given = np.where(np.eye(NUMBER, dtype=bool)[said], 0.7, 0.3 / (NUMBER - 1))
    return figures_of(class_task, labels, given, NAMES)


@pytest.fixture(scope="module")
def thousand():
    """The same of a thousand labels in sets."""
    return figures_of_sets(1000)


def pages(task, figures) -> list[Section]:
    names = list(figures.per_class)
    isolated = [("0" * 16, name, 0.5) for name in names[: len(STRANGE)]]
    sparse = needs.sparse(task, dict.fromkeys(names, 2), isolated)
    weak = Section("next", [needs.weakest(figures), sparse])
    shown = [results.chosen_model(task, "feature", figures), weak]
    if task.SETS:
        joint = np.tile([[5, 1], [1, 3]], (len(names), 1, 1))
        noise = label_noise(task, noise_figures(names, joint), results.MATRIX_CLASSES)
        shown.append(Section("noise", noise))
    return shown


@pytest.mark.parametrize(("task", "made"), [(class_task, "figures"), (labels_task, "thousand")])
def test_no_page_grows_with_the_square_of_the_classes(task, made, request):
    for page in pages(task, request.getfixturevalue(made)):
        for shown in (page_markdown(page), page_html(page)):
            assert len(shown.encode()) < LIMIT
            assert max(map(len, shown.splitlines())) < 5_000


def test_the_figures_of_a_thousand_labels_are_as_long_as_those_that_occur(thousand):
    """A row has a label in some pairs of labels; all pairs were a million."""
    assert len(thousand.confusion) == 1000
    assert sum(map(len, thousand.confusion.values())) < 10_000
    assert all(count for counts in thousand.confusion.values() for count in counts.values())
    assert len(thousand.model_dump_json()) < 400_000


def calls(work) -> int:
    """How many functions a piece of work calls, of Python and of C."""
    count = 0

    def counted(_frame, event, _argument) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def sets_of(number: int, rows: int = 120) -> pd.DataFrame:
    """Rows with sets of up to three of so many labels, which all occur."""
    random = np.random.default_rng(0)
    drawn = [{LABELS[row % number], *random.choice(LABELS[:number], 2)} for row in range(rows)]
    labels = [labels_task.label_of(names) for names in drawn]
    frame = pd.DataFrame({"id": [f"{row:04}" for row in range(rows)], "label": labels})
    more = {"split": "train", "group": "", "parent": "", "origin": "original", "source": "a"}
    return frame.assign(**more, weight=np.float32(1))


def folds(rows: pd.DataFrame) -> np.ndarray:
    return stratified_folds(rows, 5, 0, labels_task)


def balanced(rows: pd.DataFrame) -> None:
    off = {"by": "", "shares": {}, "how": "weight"}
    balance(rows, BalanceParams(seed=0, max_ratio=2, weights="sqrt", target=off), labels_task)


def learnable(rows: pd.DataFrame) -> None:
    drop_unlearnable(rows, (), labels_task)
    rows_by_class(rows, labels_task)


def judged(rows: pd.DataFrame) -> None:
    names = labels_task.classes(rows["label"])
    targets, counted = labels_task.targets(rows["label"], names), np.ones(len(rows), bool)
    random = np.random.default_rng(0)
    given = (targets * 0.5 + random.random(targets.shape) * 0.5).round(4)
    quality = sets.label_quality(targets, given, folds(rows), counted)
    joint = sets.confident_joint(targets, given, calibrated=True)
    sets.judge_labels(labels_task, targets, given, quality, 0.5, counted, joint)
    noise_figures(names, joint)


@pytest.mark.parametrize("work", [folds, balanced, learnable, judged])
def test_work_on_sets_grows_with_the_labels_and_not_with_their_square(work):
    few, many = (sets_of(number) for number in (30, 60))
    work(few)  # what is done once only
    assert calls(lambda: work(many)) < 2.5 * calls(lambda: work(few))


def test_figures_of_sets_take_time_with_the_labels_and_not_with_their_square():
    """Products of arrays are one call, whatever their size, so seconds of this process count."""

    def seconds(number: int) -> float:
        start = time.process_time()
        figures_of_sets(number, rows=100)
        return time.process_time() - start

    assert calls(lambda: figures_of_sets(200, 50)) < 2.5 * calls(lambda: figures_of_sets(100, 50))
    assert seconds(1000) < 10 * seconds(250)  # 4 in proportion, 16 by the square


def test_the_intervals_of_classes_of_two_rows_hold_their_figures(figures):
    for name, one in figures.estimates.items():
        assert one.low <= one.mean <= one.high, name
    assert figures["macro_f1"].low > 0.55  # of 0.63; classes that a sample lost counted as wrong
    for part in figures.slices["class"].values():
        assert part.low <= part.accuracy <= part.high


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_label_is_shown_as_it_is_and_never_as_markup(name):
    counts = {name: {name: 3, "other": 1}, "other": {name: 0, "other": 2}}
    text = markdown(Section("", results.confusion(counts)))
    _, header, rule, *lines = [line for line in text.splitlines() if line]
    cells = [line.replace("\\|", "").count("|") for line in (header, rule, *lines)]
    assert cells == [4] * 4  # a row of the matrix has the header's columns
    assert "<b>" not in text
    assert "<!--" not in text
    assert not any(unseen in text for unseen in "\u202e\x07\x1b\u2028")
    assert max(map(len, text.splitlines())) < 700
    html = page_html(Section("", results.confusion(counts)))
    assert "<b>" not in html
    assert not any(unseen in html for unseen in "\u202e\x07\x1b")


def split_metrics(few: dict[str, int], gone: dict[str, int]) -> SplitMetrics:
    reasons = {"class_not_in_train": sum(gone.values())} if gone else {}
    counts = RowCounts(read=9, made=0, kept=9, dropped=0, dropped_by_reason=reasons)
    share = Share(rows=3, share=1 / 3)
    return SplitMetrics(
        rows=counts, leak_gate=LeakGate(exact_pairs=0, near_pairs=0, group_pairs=0), way="hash",
        by_class={}, shares_by_class={},
        by_side={"train": share, "validation": share, "test": share},
        classes_with_few_test_rows=few, classes_not_in_train=gone, frozen_test_rows=0,
    )  # fmt: skip


def test_split_names_a_few_classes_and_counts_the_others():
    line = summary(
        split_metrics(dict.fromkeys(NAMES, 9), dict.fromkeys(NAMES[::-1], 2)), 30, class_task
    )
    assert "and 690 more" in line
    assert "so 1,400 rows dropped: " in line
    assert len(line) < 1_000
    assert not any(unseen in line for unseen in "\u202e\x07\x1b")


@pytest.mark.parametrize(
    ("names", "is_read"), [(["a", "b"], False), (NAMES, True), (["```"], True)]
)
def test_loading_code_lists_few_classes_and_reads_many(names, is_read):
    card = SavedModel(
        approach="feature", kind="sentence", library="sentence-transformers",
        pipeline_tag="text-classification", classes=names, trainable_parameters=1, params={},
        usage=f'model, classes = Load("{{folder}}"), {names!r}',
        truncation={"max_length": 128, "keep": "head", "overlap": 0, "max_windows": 1},
    )  # fmt: skip
    code = loading_code(card)
    assert ("json.load" in code) == is_read
    assert len(code) < 1_000
    assert "```" not in code
    compile(code, "card", "exec")


def test_warnings_of_libraries_are_noted_once_and_not_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def main() -> str:
        warnings.simplefilter("always")
        for _ in range(10):
            warnings.warn("The least populated class in y has only 1 member", UserWarning, 2)
        return "done"

    stage.run("split", main)
    printed = capsys.readouterr()
    assert "least populated" not in printed.out + printed.err
    assert printed.err == "split: a warning of a library is in .seedbed/warnings.jsonl\n"
    [noted] = (tmp_path / ".seedbed/warnings.jsonl").read_text().splitlines()
    assert json.loads(noted)["message"].startswith("The least populated class")
