"""Tokenized rows on disk: what the datasets library reads is what a training stage reads."""

import pandas as pd
import pytest
from seedbed.datasets_on_disk import read_datasets, write_datasets
from seedbed.errors import RowsError

ROWS = {
    "train": pd.DataFrame(
        {
            "id": ["a", "b"],
            "ids": [[101, 7, 102], [101, 102]],
            "label": ["rain", "sun"],
            "weight": [1.0, 0.5],
        }
    ),
    "test": pd.DataFrame(
        {"id": ["c"], "ids": [[101, 30000, 8, 102]], "label": ["sun"], "weight": [1.0]}
    ),
}


def test_stages_read_what_the_library_reads(tmp_path):
    import datasets

    write_datasets(tmp_path / "tokens", ROWS, ["rain", "sun"])
    classes, parts = read_datasets(tmp_path / "tokens")
    library = datasets.load_from_disk(str(tmp_path / "tokens")).with_format(None)
    assert classes == library["train"].features["labels"].names == ["rain", "sun"]
    assert list(parts) == list(library) == ["train", "test"]
    for split, part in parts.items():
        assert [list(ids) for ids in part.ids] == library[split]["input_ids"][:]
        assert part.labels.tolist() == library[split]["labels"][:]
        assert part.weights.tolist() == library[split]["weight"][:]
        assert list(part.rows) == library[split]["id"][:] == list(ROWS[split]["id"])


def test_token_ids_take_the_smallest_integers_that_hold_them(tmp_path):
    import datasets

    write_datasets(tmp_path / "small", ROWS, ["rain", "sun"])
    large = {"train": ROWS["train"].assign(ids=[[1, 70_000], [2]])}
    write_datasets(tmp_path / "large", large, ["rain", "sun"])
    for name, kind in (("small", "uint16"), ("large", "int32")):
        part = datasets.load_from_disk(str(tmp_path / name))["train"]
        assert part.features["input_ids"].feature.dtype == kind


def test_same_rows_same_bytes(tmp_path):
    for name in ("one", "two"):
        write_datasets(tmp_path / name, ROWS, ["rain", "sun"])
    files = sorted(file.relative_to(tmp_path / "one") for file in (tmp_path / "one").rglob("*.*"))
    assert len(files) > 4
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_no_folder_is_an_error_that_says_what_to_run(tmp_path):
    with pytest.raises(RowsError, match="dvc repro"):
        read_datasets(tmp_path / "nothing")
