"""Tokenized rows as a Hugging Face DatasetDict on disk, the same bytes for the same rows."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import (
    ClassLabel,
    Dataset,
    DatasetDict,
    Features,
    Sequence,
    Value,
    disable_progress_bars,
    load_from_disk,
)

from seedbed.errors import RowsError
from seedbed.files import fresh_folder
from seedbed.tokens import Examples

disable_progress_bars()

FOR_COLLATORS = ["input_ids", "attention_mask", "labels"]


def write_datasets(folder: Path, splits: dict[str, pd.DataFrame], classes: list[str]) -> None:
    """Write one Dataset a split. `splits` have id, ids (token ids), label and weight.

    What a stock collator takes is the visible format; id and weight are there too, after
    `with_format(None)`.
    """
    largest = max(max(ids) for rows in splits.values() for ids in rows["ids"])
    features = Features(
        {
            "input_ids": Sequence(Value("uint16" if largest < 2**16 else "int32")),
            "attention_mask": Sequence(Value("int8")),
            "labels": ClassLabel(names=classes),
            "weight": Value("float32"),
            "id": Value("string"),
        }
    )
    number = {name: place for place, name in enumerate(classes)}
    parts = {}
    for split, rows in splits.items():
        columns = {
            "input_ids": list(rows["ids"]),
            "attention_mask": [[1] * len(ids) for ids in rows["ids"]],
            "labels": [number[label] for label in rows["label"]],
            "weight": rows["weight"].to_numpy(dtype=np.float32),
            "id": list(rows["id"]),
        }
        part = Dataset.from_dict(columns, features)
        # The library's own fingerprint holds random digits; ours must name the content.
        content = hashlib.sha256(repr((columns["id"], columns["labels"])).encode())
        part._fingerprint = content.hexdigest()[:16]
        parts[split] = part.with_format(columns=FOR_COLLATORS)
        parts[split]._fingerprint = part._fingerprint
    with fresh_folder(folder) as fresh:
        DatasetDict(parts).save_to_disk(fresh)


def read_datasets(folder: Path) -> DatasetDict:
    """Read them back, all columns visible. Raises RowsError where the folder is missing."""
    if not (folder / "dataset_dict.json").exists():
        raise RowsError(
            str(folder), "no tokenized rows", "a DatasetDict", "run `dvc repro`, or `dvc pull`"
        )
    return load_from_disk(str(folder)).with_format(None)


def examples(part: Dataset) -> Examples:
    """A Dataset as the training loop takes it."""
    table = part.with_format("arrow")[:]
    lists = table["input_ids"].combine_chunks()
    flat, ends = lists.flatten().to_numpy(), lists.offsets.to_numpy()
    ids = [flat[start:end] for start, end in zip(ends, ends[1:], strict=False)]
    labels = table["labels"].to_numpy().astype(np.int64)
    return Examples(ids, labels, table["weight"].to_numpy().astype(np.float32))
