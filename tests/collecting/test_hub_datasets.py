"""Datasets of the `datasets` library, saved in a local folder."""

from pathlib import Path

import datasets
import pytest

from seedbed.collecting.collection import parse_source
from seedbed.collecting.source import Source
from seedbed.core.errors import SourceError


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    datasets.disable_progress_bars()


def films() -> datasets.Dataset:
    features = {
        "text": datasets.Value("string"),
        "label": datasets.ClassLabel(names=["neg", "pos"]),
    }
    return datasets.Dataset.from_dict(
        {"text": ["good film", "bad film", "hidden"], "label": [1, 0, -1]},
        features=datasets.Features(features),
    )


def source(path: str, **more) -> Source:
    entry = {
        "name": "films",
        "kind": "huggingface",
        "path": path,
        "batch": "2026-11",
        "licence": "x",
    }
    return parse_source(entry | more)


def read(path: str, **more) -> dict[str, list[dict]]:
    return {
        name: [record.cells for record in table.records]
        for name, _, table in source(path, **more).tables()
    }


def test_saved_dataset_gives_class_names_and_withheld_labels() -> None:
    films().save_to_disk("saved")
    assert read("saved") == {
        "saved/all": [
            {"text": "good film", "label": "pos", "split": "all"},
            {"text": "bad film", "label": "neg", "split": "all"},
            {"text": "hidden", "label": None, "split": "all"},
        ]
    }


def test_splits_are_named_and_chosen() -> None:
    datasets.DatasetDict({"train": films(), "test": films()}).save_to_disk("saved")
    assert list(read("saved")) == ["saved/test", "saved/train"]
    assert read("saved", splits=["train"])["saved/train"][0]["split"] == "train"
    with pytest.raises(SourceError, match="no split `dev`.*of: test, train"):
        read("saved", splits=["dev"])


def test_folder_of_data_files_leaves_no_copy(monkeypatch) -> None:
    Path("files").mkdir()
    films().to_parquet("files/train.parquet")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", "cache")
    assert read("files")["files/train"][1]["label"] == "neg"
    assert not Path("cache").exists()


def test_hash_is_that_of_the_bytes() -> None:
    films().save_to_disk("saved")
    hashes = {
        name_and_hash[1]
        for _ in range(2)
        for name_and_hash in source("saved", unlabelled=True).tables()
    }
    assert len(hashes) == 1
    Path("saved/more").write_text("x")
    assert {part[1] for part in source("saved", unlabelled=True).tables()} != hashes


def test_code_of_a_dataset_is_never_run() -> None:
    Path("script").mkdir()
    Path("script/script.py").write_text("import os, datasets\nos.mkdir('was_run')\n")
    with pytest.raises(SourceError, match="cannot be loaded as a dataset"):
        read("script")
    assert not Path("was_run").exists()
