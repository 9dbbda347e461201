"""Tokenized rows on disk: what the datasets library reads is what a training stage reads."""

import numpy as np
import pytest

from seedbed.core.errors import RowsError
from seedbed.encoding.examples import Examples, Tokenized, read_datasets, write_datasets
from seedbed.encoding.tokens import Truncation


def examples(ids, labels, rows, segments=None) -> Examples:
    arrays = [np.array(one, dtype=np.int32) for one in ids]
    kinds = None if segments is None else [np.array(one, dtype=np.int8) for one in segments]
    weights = np.linspace(0.5, 1, len(ids)).astype(np.float32)
    return Examples(arrays, kinds, np.array(labels), weights, rows)


PARTS = {
    "train": examples([[101, 7, 102], [101, 102]], [0, 1], ["a", "b"]),
    "test": examples([[101, 30000, 8, 102]], [1], ["c"]),
}
TOKENIZED = Tokenized(["rain", "sun"], PARTS, Truncation(64, "tail"))


def test_stages_read_what_the_library_reads(tmp_path):
    import datasets

    write_datasets(tmp_path / "tokens", TOKENIZED)
    found = read_datasets(tmp_path / "tokens")
    library = datasets.load_from_disk(str(tmp_path / "tokens"))
    assert library["train"].column_names == [
        "input_ids",
        "attention_mask",
        "labels",
        "weight",
        "id",
    ]
    assert set(library["train"][0]) == {"input_ids", "attention_mask", "labels"}
    library = library.with_format(None)
    assert found.classes == library["train"].features["labels"].names == ["rain", "sun"]
    assert found.truncation == Truncation(64, "tail")
    assert list(found.parts) == list(library) == ["train", "test"]
    for split, part in found.parts.items():
        assert [ids.tolist() for ids in part.ids] == library[split]["input_ids"][:]
        assert part.labels.tolist() == library[split]["labels"][:]
        assert part.weights.tolist() == library[split]["weight"][:]
        assert list(part.rows) == library[split]["id"][:] == list(PARTS[split].rows)
        assert part.segments is None


def test_a_stock_collator_pads_the_rows(tmp_path):
    import datasets
    from transformers import BertTokenizerFast, DataCollatorWithPadding

    write_datasets(tmp_path / "tokens", TOKENIZED)
    train = datasets.load_from_disk(str(tmp_path / "tokens"))["train"]
    collate = DataCollatorWithPadding(BertTokenizerFast(vocab={"[PAD]": 0}))
    batch = collate([train[0], train[1]])
    assert batch["input_ids"].tolist() == [[101, 7, 102], [101, 102, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0]]


def test_pairs_carry_their_segments(tmp_path):
    import datasets

    pairs = examples([[101, 7, 102, 8, 102]], [0], ["a"], segments=[[0, 0, 0, 1, 1]])
    write_datasets(tmp_path / "tokens", Tokenized(["rain"], {"train": pairs}, Truncation(64)))
    library = datasets.load_from_disk(str(tmp_path / "tokens"))["train"]
    assert library[0]["token_type_ids"] == [0, 0, 0, 1, 1]
    [found] = read_datasets(tmp_path / "tokens").parts["train"].segments
    assert found.tolist() == [0, 0, 0, 1, 1]


def test_token_ids_take_the_smallest_integers_that_hold_them(tmp_path):
    import datasets

    large = {"train": examples([[1, 70_000], [2]], [0, 1], ["a", "b"])}
    for name, parts, kind in (("small", PARTS, "uint16"), ("large", large, "int32")):
        write_datasets(tmp_path / name, TOKENIZED._replace(parts=parts))
        part = datasets.load_from_disk(str(tmp_path / name))["train"]
        assert part.features["input_ids"].feature.dtype == kind


def test_same_rows_same_bytes(tmp_path):
    for name in ("one", "two"):
        write_datasets(tmp_path / name, TOKENIZED)
    files = sorted(file.relative_to(tmp_path / "one") for file in (tmp_path / "one").rglob("*.*"))
    assert len(files) > 4
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_no_folder_is_an_error_that_says_what_to_run(tmp_path):
    with pytest.raises(RowsError, match="dvc repro"):
        read_datasets(tmp_path / "nothing")


def test_a_flipped_bit_in_rows_labels_or_lengths_is_one_paragraph(tmp_path):
    """One that leaves all of these as they were changes tokens, weights or padding alone."""
    write_datasets(tmp_path / "tokens", TOKENIZED)
    file = tmp_path / "tokens/train/data-00000-of-00001.arrow"
    whole, next_steps = file.read_bytes(), []
    file.unlink()  # it is mapped into memory
    for place in range(0, len(whole), 5):
        spoilt = bytearray(whole)
        spoilt[place] ^= 1 << place % 8
        file.write_bytes(spoilt)
        try:
            train = read_datasets(tmp_path / "tokens").parts["train"]
        except RowsError as error:
            next_steps.append(error.next_step)
        else:
            assert (list(train.rows), train.labels.tolist()) == (["a", "b"], [0, 1])
        file.unlink()
    assert len(next_steps) > 10
    assert {"`dvc repro` makes it anew"} == set(next_steps)
