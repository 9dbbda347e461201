"""Params that match nothing of the data, as the report shows them: one section for all stages."""

from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT, yaml

from seedbed.collecting.diversity import CollectMetrics
from seedbed.core.files import read_json
from seedbed.core.rows import AUGMENT, DEFAULTS, FIND_LABEL_ERRORS, write_rows
from seedbed.pages.rendering import markdown
from seedbed.reporting.training import (
    labels_alike,
    matches_nothing,
    unused_cases,
)
from seedbed.scoring.metrics_files import MinimumFunctionality
from seedbed.training.models import unused_by_approaches
from stages import augment, balance

SHARED = ("epochs", "batch_tokens")
CLASSES = ["cooking", "weather"]
FEATURE = {"run": True, "folds": 5}


@pytest.mark.parametrize(
    ("lora", "grids", "unused"),
    [
        ({"run": True, "epochs": 9}, ["lora"], {}),
        ({"run": False, "rank": 8}, [], {}),
        ({"run": False, "epochs": 9}, [], {"approaches.lora, which does not run": {"epochs": ""}}),
        ({"run": False}, ["lora", "feature"], {"cv.grid": {"lora": ""}}),
    ],
)
def test_what_is_said_of_an_approach_that_does_not_run(lora, grids, unused):
    approaches = {"feature": FEATURE, "lora": lora}
    assert unused_by_approaches(approaches, SHARED, grids, CLASSES) == unused


@pytest.mark.parametrize(
    ("prompt", "unused"),
    [
        ({"kind": "auto", "descriptions": {"cooking": "food"}}, {}),
        ({"kind": "auto", "words": {"wether": "rain"}}, {"words": {"wether": "weather"}}),
        ({"kind": "auto", "descriptions": {"tech": "x"}}, {"descriptions": {"tech": ""}}),
        ({"kind": "cloze", "descriptions": {"cooking": "food"}}, {"descriptions": {"cooking": ""}}),
        ({"kind": "label_prompts", "words": {"cooking": "food"}}, {"words": {"cooking": ""}}),
        ({"kind": "cloze", "words": {"cooking": "food"}}, {}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("run", [True, False])
def test_prompts_of_classes_that_are_not_there_or_of_another_kind(prompt, unused, run):
    found = unused_by_approaches({"prompt": {"run": run} | prompt}, SHARED, [], CLASSES)
    if run or prompt["kind"] == "auto":
        assert found == {f"approaches.prompt.{key}": names for key, names in unused.items()}
    else:
        assert found == {}


def test_the_section_names_place_entry_and_nearest_and_is_not_there_without_any():
    gone = MinimumFunctionality(of_other_classes=1, other_classes=["wether"])
    unused = {"collect.labels": {"a|b": "", "<x>": ""}} | unused_cases(gone, CLASSES)
    shown = markdown(matches_nothing(unused))
    assert "3 entries match nothing" in shown
    assert "| `collect.labels` | a\\|b |  |" in shown
    assert "| `collect.labels` | &lt;x&gt; |  |" in shown
    assert "| `tests/model` | wether | weather |" in shown
    assert not matches_nothing({})
    many = matches_nothing({"collect.labels": {f"label {n}": "" for n in range(700)}})
    assert len(markdown(many)) < 2500
    assert "670 entries are not shown" in markdown(many)


def test_alike_labels_are_shown_with_their_rows_and_the_way_to_join_them():
    found = CollectMetrics.model_construct(
        alike={"Spam": "spam"}, joined={}, by_class={"Spam": 2, "spam": 30}
    )
    shown = markdown(labels_alike(found))
    assert "| Spam | 2 | spam | 30 |" in shown
    assert "collect.join_labels: true" in shown
    joined = CollectMetrics.model_construct(alike={}, joined={"SPAM*": "spam"}, by_class={})
    assert "SPAM\\* = spam" in markdown(labels_alike(joined))
    assert not labels_alike(CollectMetrics.model_construct(alike={}, joined={}))


@pytest.fixture
def rows(tmp_path, monkeypatch) -> pd.DataFrame:
    monkeypatch.chdir(tmp_path)
    params = yaml.load(ROOT / "params.yaml")
    params["balance"]["target"] |= {"shares": {"spam": 0.5}}
    params["negatives"] |= {"positive_labels": ["yes"], "pair_label": "no"}
    params["augment"] |= {"copies": 2, "only_classes_below": 2}
    yaml.dump(params, Path("params.yaml"))
    base = {"digest": "", "source": "s", "batch": "2026-01", "provenance": "{}"}
    lines = [
        DEFAULTS | base | {"id": f"r{n}", "text": f"text of {word}", "label": label, "split": side}
        for n, (word, label, side) in enumerate([
            ("rain", "weather", "train"), ("soup", "cooking", "train"),
            ("fog", "weather", "train"), ("rice", "cooking", "train"),
            ("hail", "weather", "validation"), ("salt", "cooking", "test"),
        ])
    ]  # fmt: skip
    return pd.DataFrame(lines)


def test_shares_without_what_they_are_shares_of_are_named(rows):
    write_rows(AUGMENT, rows)
    assert balance.main().endswith("; matches nothing: balance.target.shares: spam")
    found = read_json(Path("reports/metrics/balance.json"))
    assert found["unused"] == {"balance.target.shares": {"spam": ""}}


def test_labels_of_pairs_that_are_not_made_and_a_limit_that_no_class_is_below_are_named(rows):
    write_rows(FIND_LABEL_ERRORS, rows)
    line = augment.main()
    assert "off, no row made; matches nothing: negatives: positive_labels, pair_label: yes" in line
    assert read_json(Path("reports/metrics/augment.json"))["unused"] == {
        "negatives: positive_labels, pair_label": {"yes": "", "no": ""},
        "augment.only_classes_below": {"2": ""},
    }
