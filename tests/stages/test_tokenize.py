"""Tokenize: every row in its split, windows that share a row's weight, figures that add up."""

from pathlib import Path

import pandas as pd
import pytest
from conftest import tiny_encoder, yaml

from seedbed.core.errors import ModelError
from seedbed.core.files import read_json, sha256_of
from seedbed.core.rows import write_rows
from seedbed.encoding.examples import read_datasets
from stages import tokenize

TEXTS = {
    "a1": "rain " * 30,
    "a2": "rain and hail",
    "a3": "fry the onion",
    "a4": "a bicycle in the rain",
    "a5": "hail again",
    "a6": "boil the rice " * 2,
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Six rows on three sides, one of them long, and a tiny encoder."""
    monkeypatch.chdir(tmp_path)
    tiny_encoder(Path("tiny"), list(TEXTS.values()))
    sides = ["train", "train", "train", "validation", "test", "test"]
    rows = pd.DataFrame(
        {
            "id": list(TEXTS), "digest": "d", "text": list(TEXTS.values()),
            "label": ["weather", "weather", "cooking", "weather", "weather", "cooking"],
            "source": "s", "batch": "2026-01-s", "split": sides, "provenance": "{}",
        }
    )  # fmt: skip
    for folder in ("data/split", "data/balance"):
        write_rows(Path(folder), rows)


def run(**changes) -> dict:
    encoder = {
        "name": "tiny", "sha256": sha256_of(Path("tiny/model.safetensors")), "max_length": 16,
        **changes,
    }  # fmt: skip
    split = {"shingle_words": 3, "twin_min_jaccard": 0.5}
    content = {"task": {"kind": "class"}, "encoder": encoder, "split": split}
    content["negatives"] = {"label": "out_of_scope"}
    yaml.dump(content, Path("params.yaml"))
    tokenize.main()
    return read_json(Path("reports/metrics/tokenize.json"))


def test_each_row_is_in_its_split(project):
    metrics = run()
    found = read_datasets(Path("data/tokenize"))
    assert metrics["by_side"] == {"train": 3, "validation": 1, "test": 2}
    assert {side: part.row_ids for side, part in found.parts.items()} == {
        "train": ["a1", "a2", "a3"], "validation": ["a4"], "test": ["a5", "a6"],
    }  # fmt: skip
    assert found.classes == ["cooking", "weather"]
    assert found.parts["train"].labels.tolist() == [1, 1, 0]


def test_what_truncation_takes_is_told_by_class(project):
    lengths = run()["lengths"]
    assert lengths["by_class"]["weather"]["tokens_cut_share"] == pytest.approx(16 / 48, abs=1e-4)
    assert lengths["by_class"]["weather"]["rows_cut_share"] == 1 / 4
    assert lengths["by_class"]["cooking"]["tokens_cut_share"] == 0


def test_windows_share_the_weight_of_their_row(project):
    metrics = run(truncation="windows", window_overlap=2, max_windows=8)
    train = read_datasets(Path("data/tokenize")).parts["train"]
    assert list(train.rows) == ["a1", "a1", "a1", "a2", "a3"]
    assert train.row_weights.tolist() == [1, 1, 1]
    assert metrics["by_side"]["train"] == 3
    assert metrics["lengths"]["all"]["tokens_cut_share"] == 0


def test_auto_is_the_length_that_keeps_the_train_tokens(project):
    assert run(max_length="auto")["truncation"]["max_length"] == 32
    assert run(max_length="auto", truncation="tail")["lengths"]["all"]["rows_cut_share"] == 0


def test_padding_is_told_for_three_ways(project):
    padding = run()["padding_share"]
    assert padding["token_budget"] <= padding["longest_of_batch"] <= padding["max_length"]
    assert padding["max_length"] == pytest.approx(1 - (16 + 5 + 5) / 48, abs=1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_length": 128}, "at most 64"),
        ({"truncation": "windows", "window_overlap": 5}, "less than a quarter"),
    ],
)
def test_lengths_that_cannot_be_are_errors(project, changes, message):
    with pytest.raises(ModelError, match=message):
        run(**changes)


def test_same_rows_same_bytes(project):
    def content() -> dict[str, bytes]:
        files = (file for file in Path("data/tokenize").rglob("*") if file.is_file())
        return {str(file): file.read_bytes() for file in files}

    run()
    first = content()
    run()
    assert content() == first
