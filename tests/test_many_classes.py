"""Pages and lines for hundreds of classes: their length does not grow with the classes' square, and
labels are shown as they are, whatever is in them."""

import json
import warnings

import numpy as np
import pytest

from seedbed.core import stage
from seedbed.core.metrics import RowCounts
from seedbed.pages.document import Section
from seedbed.pages.rendering import markdown, page_html, page_markdown
from seedbed.reporting import needs, results
from seedbed.scoring.evaluation import Classes, Part, evaluate, fit, with_behaviour
from seedbed.scoring.metrics_files import Behaviour, MinimumFunctionality, ModelCosts
from seedbed.scoring.predictions import Predictions
from seedbed.serving.model_folder import loading_code
from seedbed.splitting.sides import Share
from seedbed.splitting.splits import LeakGate, SplitMetrics
from seedbed.tasks import class_task
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
NAMES = [*STRANGE, *(f"dept{n % 10}/team {n:04}" for n in range(NUMBER - len(STRANGE)))]
COSTS = ModelCosts(megabytes=1, trainable_parameters=1, epochs=1, training_tokens=1)


@pytest.fixture(scope="module")
def figures():
    """Validation's figures of two rows a class, one of three of them wrong."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(NUMBER), 2)
    said = np.where(random.random(len(labels)) < 2 / 3, labels, random.integers(0, NUMBER, 1400))
    given = np.where(np.eye(NUMBER, dtype=bool)[said], 0.7, 0.3 / (NUMBER - 1))
    ids = [f"{row:016x}" for row in range(len(labels))]
    raw = Predictions(class_task, ids, [""] * len(ids), labels, {"0": given})
    fitted = fit(raw)
    columns = {"class": [NAMES[label] for label in labels], "source": ["a", "b"] * NUMBER}
    part = Part("test", raw, columns, ["{}"] * len(ids), [])
    found = evaluate(part, fitted, Classes(NAMES, ""), COSTS)
    behaviour = Behaviour(invariance={}, minimum_functionality=MinimumFunctionality())
    return with_behaviour(found, False, fitted, behaviour)


def pages(figures) -> list[Section]:
    train = dict.fromkeys(NAMES, 2)
    isolated = [("0" * 16, name, 0.5) for name in STRANGE]
    weak = Section("next", [needs.weakest(figures), needs.sparse(class_task, train, isolated)])
    return [results.chosen_model(class_task, "feature", figures), weak]


def test_no_page_grows_with_the_square_of_the_classes(figures):
    for page in pages(figures):
        for shown in (page_markdown(page), page_html(page)):
            assert len(shown.encode()) < LIMIT
            assert max(map(len, shown.splitlines())) < 5_000


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
