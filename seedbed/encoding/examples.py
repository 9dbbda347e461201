"""Tokenized rows: as models take them, in batches, and as a Hugging Face DatasetDict on disk.

A batch contains texts of similar length, so that little of it is padding, and as many as fit a
budget of tokens, so that all batches cost about the same. The same rows give the same bytes on
disk.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from seedbed.core.errors import RowsError, reading
from seedbed.core.files import fresh_folder, read_json, write_json
from seedbed.encoding.tokens import Encoded, Truncation
from seedbed.tasks import ClassTask

LENGTH_NOISE_TOKENS = 2  # enough that the batches of two epochs always differ
VALUES_AT_ONCE = 2**30  # of the lists in one array, whose offsets have 32 bits
FOR_COLLATORS = ["input_ids", "attention_mask", "token_type_ids", "labels"]
TRUNCATION = "truncation.json"
CLASSES = "classes.json"  # where no feature names them, as that of class indices does


@dataclass(frozen=True)
class Examples:
    """Tokenized rows, one entry per window: token ids, segments (None: all 0), targets of the task,
    weights (float32) and the ids of their rows.

    The windows of a row are adjacent and share its weight.
    """

    ids: Sequence[np.ndarray]
    segments: Sequence[np.ndarray] | None
    labels: np.ndarray
    weights: np.ndarray
    rows: Sequence[str]

    @cached_property
    def starts(self) -> np.ndarray:
        """The index of each row's first window: (rows,)."""
        names = np.asarray(self.rows, dtype=object)
        return np.flatnonzero(np.r_[True, names[1:] != names[:-1]])

    def pooled(self, values: np.ndarray) -> np.ndarray:
        """Return the mean over each row's windows: (windows, width) -> (rows, width)."""
        sizes = np.diff(np.r_[self.starts, len(values)])
        means: np.ndarray = np.add.reduceat(values, self.starts, axis=0) / sizes[:, None]
        return means

    @property
    def row_ids(self) -> list[str]:
        """The ids of the rows, each once."""
        return [self.rows[start] for start in self.starts]

    @property
    def row_labels(self) -> np.ndarray:
        """Targets by row: (rows, ...)."""
        return self.labels[self.starts]

    @property
    def row_weights(self) -> np.ndarray:
        """Weights by row: (rows,) float32."""
        return np.add.reduceat(self.weights, self.starts).astype(np.float32)

    def inside(self, task: ClassTask) -> "Examples":
        """The examples that a prediction can be right for: all of them if none is OUTSIDE."""
        known = ~task.outside(self.labels)
        return self if known.all() else self.take(known)

    def take(self, windows: np.ndarray) -> "Examples":
        """Return some of them; `windows` are indices or a mask, (windows,)."""
        indices = np.arange(len(self.ids))[windows]
        return Examples(
            [self.ids[index] for index in indices],
            None if self.segments is None else [self.segments[index] for index in indices],
            self.labels[indices],
            self.weights[indices],
            [self.rows[index] for index in indices],
        )


def examples_of(
    task: ClassTask, rows: pd.DataFrame, encoded: Encoded, classes: Sequence[str]
) -> Examples:
    """Return rows with their windows, in the order of both, and the targets of their labels."""
    labels = task.targets(rows["label"], classes)
    weights = rows["weight"].to_numpy(dtype=np.float32) / encoded.windows.astype(np.float32)
    return Examples(
        encoded.ids,
        encoded.segments,
        np.repeat(labels, encoded.windows, axis=0),
        np.repeat(weights, encoded.windows),
        np.repeat(rows["id"].to_numpy(dtype=object), encoded.windows).tolist(),
    )


def token_budget_batches(
    lengths: Sequence[int], max_tokens: int, shuffle: np.random.Generator | None = None
) -> list[np.ndarray]:
    """Return indices in batches of similar length, each at most `max_tokens` tokens with padding.

    With `shuffle`, rows of similar length swap and batches come in random order, as training needs;
    without, the longest come first, so that memory fails at once or never.
    """
    sizes = np.asarray(lengths)
    noise = 0 if shuffle is None else shuffle.random(len(sizes)) * LENGTH_NOISE_TOKENS
    order = np.argsort(-(sizes + noise), kind="stable")
    starts, longest = [0], 0
    for place, size in enumerate(sizes[order].tolist()):
        longest = max(longest, size)
        if place > starts[-1] and longest * (place - starts[-1] + 1) > max_tokens:
            starts.append(place)
            longest = size
    batches = np.split(order, starts[1:]) if len(order) else []
    if shuffle is not None:
        shuffle.shuffle(batches)
    return batches


def padding_share(lengths: Sequence[int], batches: Sequence[np.ndarray], fixed: int = 0) -> float:
    """Return the share of padding in batches padded to their longest, or to `fixed` tokens each."""
    sizes = np.asarray(lengths)
    padded = sum((fixed or int(sizes[batch].max())) * len(batch) for batch in batches)
    return 1 - float(sizes.sum()) / padded


def pad(rows: Sequence[np.ndarray], multiple: int = 1) -> np.ndarray:
    """Pad rows with 0 on the right to the longest, rounded up to a multiple: (rows, tokens) int64.

    The attention mask marks padding, not the number.
    """
    longest = max(len(row) for row in rows)
    padded = np.zeros((len(rows), -(-longest // multiple) * multiple), dtype=np.int64)
    for line, row in zip(padded, rows, strict=True):
        line[: len(row)] = row
    return padded


class Tokenized(NamedTuple):
    """The classes in the order of their indices, the Examples of each split, the truncation."""

    classes: list[str]
    parts: dict[str, Examples]
    truncation: Truncation


def write_datasets(folder: Path, tokenized: Tokenized) -> None:
    """Write one Dataset per split, one row per window.

    The visible format has the columns that a stock collator takes; id and weight are there, too,
    after `with_format(None)`. Token ids have the smallest integer type that holds them. Labels are
    class indices, or of sets a list of 0 and 1, one a class, which transformers wants as float32.
    """
    from datasets import ClassLabel, Features, Sequence as ListOf, Value

    parts = tokenized.parts.values()
    segmented = any(part.segments is not None for part in parts)
    of_sets = any(part.labels.ndim > 1 for part in parts)
    features = Features(
        {
            "input_ids": ListOf(Value(id_type([ids for part in parts for ids in part.ids]))),
            "attention_mask": ListOf(Value("int8")),
            **({"token_type_ids": ListOf(Value("int8"))} if segmented else {}),
            "labels": ListOf(Value("float32"), length=len(tokenized.classes))
            if of_sets
            else ClassLabel(names=tokenized.classes),
            "weight": Value("float32"),
            "id": Value("string"),
        }
    )
    tables = {}
    for split, part in tokenized.parts.items():
        sizes = np.array([len(ids) for ids in part.ids], dtype=np.int64)
        of_one = np.zeros(sizes.sum(), dtype=np.int8)
        columns = {
            "input_ids": _lists(np.concatenate([*part.ids, np.zeros(0, np.uint16)]), sizes),
            "attention_mask": _lists(of_one + np.int8(1), sizes),
            "token_type_ids": _lists(np.concatenate(part.segments or [of_one]), sizes),
            "labels": list(part.labels) if of_sets else part.labels,
            "weight": part.weights,
            "id": pa.array(part.rows, pa.string()),
        }
        table = pa.table(columns).select(list(features)).cast(features.arrow_schema)
        tables[split] = (table, _fingerprint(part.rows, part.labels))
    more: dict[str, object] = {TRUNCATION: tokenized.truncation._asdict()}
    save_tables(folder, tables, more | ({CLASSES: tokenized.classes} if of_sets else {}))


def _lists(values: np.ndarray, sizes: np.ndarray) -> pa.ChunkedArray:
    """Return numbers as lists of these sizes; an array of them holds at most VALUES_AT_ONCE."""
    ends = np.concatenate([[0], np.cumsum(sizes)])
    cuts = np.searchsorted(ends, np.arange(0, ends[-1], VALUES_AT_ONCE)).tolist()
    parts = [
        pa.ListArray.from_arrays(
            pa.array(ends[start : end + 1] - ends[start], pa.int32()),
            pa.array(values[ends[start] : ends[end]]),
        )
        for start, end in pairwise([*cuts, len(sizes)])
    ]
    return pa.chunked_array(parts, None if parts else pa.list_(pa.from_numpy_dtype(values.dtype)))


def id_type(rows: Sequence[np.ndarray]) -> str:
    """Return the smallest type that holds all token ids."""
    return "uint16" if max((int(ids.max()) for ids in rows), default=0) < 2**16 else "int32"


def save_tables(
    folder: Path, tables: Mapping[str, tuple[pa.Table, str]], more: Mapping[str, object]
) -> None:
    """Write tables, each with a digest of its content, as the splits of a DatasetDict, and `more`
    as JSON files. The visible format has the columns FOR_COLLATORS."""
    from datasets import Dataset, DatasetDict, disable_progress_bars

    disable_progress_bars()
    datasets = {}
    for split, (table, digest) in tables.items():
        # The library's own fingerprint contains random digits; this one names the content.
        whole = Dataset(table, fingerprint=digest)
        shown = [name for name in FOR_COLLATORS if name in table.column_names]
        datasets[split] = whole.with_format(columns=shown)
        # `with_format` makes another fingerprint, and no public option keeps the old one.
        datasets[split]._fingerprint = whole._fingerprint
    with fresh_folder(folder) as fresh:
        DatasetDict(datasets).save_to_disk(fresh)
        for name, content in more.items():
            write_json(fresh / name, content)


def read_datasets(folder: Path) -> Tokenized:
    """Read a DatasetDict that `write_datasets` wrote. Raises RowsError if the folder is missing or
    damaged."""
    # By pyarrow and not by load_from_disk: eight stages of a run read it, and importing `datasets`
    # costs each about half a second. The Arrow files of a split are those in its folder.
    if not (folder / "dataset_dict.json").exists():
        step = "run `dvc repro`, or `dvc pull`"
        raise RowsError(str(folder), "no tokenized rows", "a DatasetDict", step)
    with reading(folder):
        splits = read_json(folder / "dataset_dict.json")["splits"]
        features = read_json(folder / splits[0] / "dataset_info.json")["features"]
        named = (folder / CLASSES).exists()
        return Tokenized(
            read_json(folder / CLASSES) if named else features["labels"]["names"],
            {split: _examples(folder / split) for split in splits},
            Truncation(**read_json(folder / TRUNCATION)),
        )


def read_table(folder: Path) -> pa.Table:
    """Read a split that `save_tables` wrote; of one without rows there are no columns."""
    files = [
        folder / shard["filename"] for shard in read_json(folder / "state.json")["_data_files"]
    ]
    if not files:
        return pa.table({})
    streams = [pa.ipc.open_stream(pa.memory_map(str(file))) for file in files]
    table = pa.concat_tables([stream.read_all() for stream in streams])
    table.validate(full=True)  # lengths of a damaged file lead beyond its end
    return table


def check_digest(folder: Path, digest: str) -> None:
    """Raise ValueError where a split has another content than the one that was written."""
    if digest != read_json(folder / "state.json")["_fingerprint"]:
        raise ValueError("rows or labels are not those that were written")


def _examples(folder: Path) -> Examples:
    table = read_table(folder)
    segmented = "token_type_ids" in table.column_names
    part = Examples(
        list(table["input_ids"].to_numpy()),
        list(table["token_type_ids"].to_numpy()) if segmented else None,
        _targets(table["labels"]),
        table["weight"].to_numpy().astype(np.float32),
        table["id"].to_pylist(),
    )
    check_digest(folder, _fingerprint(part.rows, part.labels))
    return part


def _fingerprint(rows: Sequence[str], labels: np.ndarray) -> str:
    content = repr((list(rows), labels.astype(np.int64).tolist()))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _targets(labels: pa.ChunkedArray) -> np.ndarray:
    """Class indices, or of sets rows of 0 and 1."""
    if pa.types.is_fixed_size_list(labels.type):
        flat = labels.combine_chunks().flatten().to_numpy()
        return flat.reshape(-1, labels.type.list_size).astype(np.int8)
    return labels.to_numpy().astype(np.int64)
