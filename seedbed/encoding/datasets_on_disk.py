"""Tokenized rows as a Hugging Face DatasetDict on disk, the same bytes for the same rows."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from seedbed.core.errors import RowsError
from seedbed.core.files import fresh_folder, read_json, write_json
from seedbed.encoding.examples import Examples
from seedbed.encoding.tokens import Truncation

FOR_COLLATORS = ["input_ids", "attention_mask", "token_type_ids", "labels"]
HOW = "truncation.json"


class Tokenized(NamedTuple):
    """Classes by number, the Examples of each split, and how long texts were cut."""

    classes: list[str]
    parts: dict[str, Examples]
    truncation: Truncation


def write_datasets(folder: Path, tokenized: Tokenized) -> None:
    """Write one Dataset a split, one line a window.

    What a stock collator takes is the visible format; id and weight are there too, after
    `with_format(None)`. Token ids take the smallest integers that hold them.
    """
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Value, disable_progress_bars
    from datasets import Sequence as ListOf

    disable_progress_bars()
    parts = tokenized.parts.values()
    segmented = any(part.segments is not None for part in parts)
    largest = max(int(ids.max()) for part in parts for ids in part.ids)
    features = Features(
        {
            "input_ids": ListOf(Value("uint16" if largest < 2**16 else "int32")),
            "attention_mask": ListOf(Value("int8")),
            **({"token_type_ids": ListOf(Value("int8"))} if segmented else {}),
            "labels": ClassLabel(names=tokenized.classes),
            "weight": Value("float32"),
            "id": Value("string"),
        }
    )
    datasets = {}
    for split, part in tokenized.parts.items():
        table = pa.table(_columns(part, segmented)).cast(features.arrow_schema)
        # The library's own fingerprint holds random digits; ours must name the content.
        content = hashlib.sha256(repr((list(part.rows), part.labels.tolist())).encode())
        whole = Dataset(table, fingerprint=content.hexdigest()[:16])
        datasets[split] = whole.with_format(
            columns=[name for name in FOR_COLLATORS if name in features]
        )
        datasets[split]._fingerprint = whole._fingerprint
    with fresh_folder(folder) as fresh:
        DatasetDict(datasets).save_to_disk(fresh)
        write_json(fresh / HOW, tokenized.truncation._asdict())


def _columns(part: Examples, segmented: bool) -> dict[str, pa.Array]:
    ones = [np.ones(len(ids), dtype=np.int8) for ids in part.ids]
    columns = {"input_ids": _lists(part.ids), "attention_mask": _lists(ones)}
    if segmented:
        none = [np.zeros(len(ids), dtype=np.int8) for ids in part.ids]
        columns["token_type_ids"] = _lists(part.segments or none)
    return columns | {
        "labels": pa.array(part.labels),
        "weight": pa.array(part.weights),
        "id": pa.array(list(part.rows), pa.string()),
    }


def _lists(arrays: Sequence[np.ndarray]) -> pa.ListArray:
    ends = np.cumsum([0, *map(len, arrays)], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(np.concatenate(arrays)))


def read_datasets(folder: Path) -> Tokenized:
    """Read them back.

    Reads the Arrow files themselves: eight stages of a run need them, and importing the library
    takes each half a second. Raises RowsError where the folder is missing.
    """
    if not (folder / "dataset_dict.json").exists():
        raise RowsError(
            str(folder), "no tokenized rows", "a DatasetDict", "run `dvc repro`, or `dvc pull`"
        )
    splits = read_json(folder / "dataset_dict.json")["splits"]
    features = read_json(folder / splits[0] / "dataset_info.json")["features"]
    return Tokenized(
        features["labels"]["names"],
        {split: _examples(folder / split) for split in splits},
        Truncation(**read_json(folder / HOW)),
    )


def _examples(folder: Path) -> Examples:
    """The rows of one split as the training loop takes them."""
    names = [file["filename"] for file in read_json(folder / "state.json")["_data_files"]]
    streams = [pa.ipc.open_stream(pa.memory_map(str(folder / name))) for name in names]
    table = pa.concat_tables([stream.read_all() for stream in streams])
    segmented = "token_type_ids" in table.column_names
    return Examples(
        _arrays(table["input_ids"]),
        _arrays(table["token_type_ids"]) if segmented else None,
        table["labels"].to_numpy().astype(np.int64),
        table["weight"].to_numpy().astype(np.float32),
        table["id"].to_pylist(),
    )


def _arrays(column: pa.ChunkedArray) -> list[np.ndarray]:
    lists = column.combine_chunks()
    flat, ends = lists.flatten().to_numpy(), lists.offsets.to_numpy()
    return [flat[start:end] for start, end in zip(ends, ends[1:], strict=False)]
