"""Conversations as token ids of one base model, once for all approaches, and as a DatasetDict on
disk, which stock trainers take as it is: of `labels` all but the tokens of the answer are -100.

The rows stand in it with their texts, so that it is all that finetune reads. A row that does not
fit is not among them.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from seedbed.core.errors import ModelError, RowsError, reading
from seedbed.core.files import read_json, write_json
from seedbed.core.metrics import Metrics, RowCounts
from seedbed.core.turns import Dialogue, dialogue, write_turns
from seedbed.encoding.examples import (
    TRUNCATION,
    Examples,
    check_digest,
    id_type,
    padding_share,
    read_table,
    save_tables,
    token_budget_batches,
)
from seedbed.encoding.tokens import Truncation
from seedbed.training.chat.bases import ChatParams
from seedbed.training.chat.batches import chat_examples
from seedbed.training.chat.template import ChatTemplate, Encoded, Piece

CHAT = "chat.json"  # what of params.yaml the tokens were made by
MASKED = "masked_rows.json"
NOT_LEARNED = -100  # what losses of torch leave out
SHOWN = 10  # rows a source whose tokens are kept to be shown
BUDGET_TOKENS = 2048  # as the approaches' default batch_tokens
BATCH_ROWS = 32  # of the stock way: shuffled rows, padded to the longest


class ChatRows(NamedTuple):
    """Rows with their ids and weights, (rows,)."""

    ids: list[str]
    dialogues: list[Dialogue]
    weights: np.ndarray


def chat_rows(rows: pd.DataFrame) -> ChatRows:
    """Return rows of task `answer` as conversations."""
    cells = zip(rows["text"], rows["context"], rows["answer"], strict=True)
    return ChatRows(list(rows["id"]), [dialogue(*row) for row in cells], rows["weight"].to_numpy())


class ChatTokenized(NamedTuple):
    """Of each split the rows that fit and their tokens; the params that they were made by; how the
    encoder, which compares questions by meaning, cuts texts; and the answer to what is to be
    refused."""

    params: ChatParams
    truncation: Truncation
    refusal: str
    rows: dict[str, ChatRows]
    examples: dict[str, Examples]


class ChatLengths(Metrics):
    """Tokens of whole conversations, the share of them that is learned, and what `max_length` takes
    away with turns."""

    tokens_p5_p50_p95_p99: list[int]
    answer_token_share: float
    rows_cut_share: float
    tokens_cut_share: float


class ChatPadding(Metrics):
    """The share of padding in one epoch, by token budget, and in shuffled batches padded to their
    longest."""

    token_budget: float
    longest_of_batch: float


class ChatTokenizeMetrics(Metrics):
    """reports/metrics/tokenize.json of task `answer`. `not_encoded`: rows of validation and test
    that do not fit, by reason, which count as wrong. `neutralised`: special tokens of the model in
    people's texts, which are encoded as the characters that they are."""

    rows: RowCounts
    by_side: dict[str, int]
    max_length: int
    template: str
    lengths: ChatLengths
    not_encoded: dict[str, int]
    neutralised: int
    padding_share: ChatPadding


class MaskedRow(NamedTuple):
    """A train row token by token."""

    id: str
    source: str
    pieces: list[Piece]


def tokenized(
    params: ChatParams,
    rows: Mapping[str, ChatRows],
    template: ChatTemplate,
    truncation: Truncation,
    refusal: str = "",
) -> tuple[ChatTokenized, dict[str, Encoded]]:
    """Encode the rows of each split; the second has those that do not fit, too.

    Raises ModelError as `ChatTemplate.encode` does, and where no train row fits.
    """
    encoded = {side: template.encode(part.dialogues) for side, part in rows.items()}
    if not encoded["train"].fits.any():
        reasons = ", ".join(sorted(set(encoded["train"].reasons))) or "there is none"
        step = "raise chat.max_length, or look at the rows"
        found = f"no train row can be learned: {reasons}"
        raise ModelError("params.yaml: chat", found, "at least one", step)
    examples = {
        side: chat_examples(encoded[side], part.ids, part.weights) for side, part in rows.items()
    }
    fitting = {side: _take(part, encoded[side].fits) for side, part in rows.items()}
    return ChatTokenized(params, truncation, refusal, fitting, examples), encoded


def _take(rows: ChatRows, mask: np.ndarray) -> ChatRows:
    places = np.flatnonzero(mask).tolist()
    return ChatRows(
        [rows.ids[place] for place in places],
        [rows.dialogues[place] for place in places],
        np.asarray(rows.weights)[places],
    )


def masked_rows(
    rows: ChatRows, sources: Sequence[str], encoded: Encoded, template: ChatTemplate
) -> list[MaskedRow]:
    """Return SHOWN rows of each source token by token, chosen by a hash of the row's id."""
    fits = np.flatnonzero(encoded.fits).tolist()
    fits.sort(key=lambda place: hashlib.sha256(f"mask {rows.ids[place]}".encode()).hexdigest())
    taken: Counter[str] = Counter()
    found = []
    for place in fits:
        source = sources[place]
        taken[source] += 1
        if taken[source] <= SHOWN:
            pieces = template.pieces(encoded.ids[place], int(encoded.starts[place]))
            found.append(MaskedRow(rows.ids[place], source, pieces))
    return found


def read_masked_rows(file: Path) -> list[MaskedRow]:
    """Read what `write_chat_datasets` wrote as MASKED. Raises DamagedError."""
    with reading(file):
        return [
            MaskedRow(row, source, [Piece(*piece) for piece in pieces])
            for row, source, pieces in read_json(file)
        ]


def lengths_of(encoded: Sequence[Encoded], examples: Sequence[Examples]) -> ChatLengths:
    """Return the figures of all rows that fit."""
    sizes = np.array([len(ids) for part in examples for ids in part.ids])
    starts = np.concatenate([part.labels for part in examples])
    lost = np.concatenate([part.lost for part in encoded])
    whole = int(sizes.sum() + lost.sum())
    return ChatLengths(
        tokens_p5_p50_p95_p99=np.percentile(sizes, [5, 50, 95, 99]).round().astype(int).tolist(),
        answer_token_share=float((sizes - starts).sum() / sizes.sum()),
        rows_cut_share=float((lost > 0).sum() / len(sizes)),
        tokens_cut_share=float(lost.sum() / whole),
    )


def padding_of(train: Examples) -> ChatPadding:
    """Return the shares of padding in one epoch of train."""
    lengths, draw = [len(ids) for ids in train.ids], np.random.default_rng(0)
    budget = token_budget_batches(lengths, BUDGET_TOKENS, draw)
    order = draw.permutation(len(lengths))
    shuffled = np.array_split(order, -(-len(order) // BATCH_ROWS))
    return ChatPadding(
        token_budget=padding_share(lengths, budget),
        longest_of_batch=padding_share(lengths, shuffled),
    )


def write_chat_datasets(folder: Path, content: ChatTokenized, masked: Sequence[MaskedRow]) -> None:
    """Write one Dataset per split, the section `chat`, and the rows that a page may show. The same
    rows give the same bytes."""
    from datasets import Features, Sequence as ListOf, Value

    every = [ids for part in content.examples.values() for ids in part.ids]
    features = Features(
        {
            "input_ids": ListOf(Value(id_type(every))),
            "attention_mask": ListOf(Value("int8")),
            "labels": ListOf(Value("int32")),
            **{name: Value("string") for name in ("id", "context", "text", "answer")},
            "weight": Value("float32"),
        }
    )
    tables = {}
    for split, part in content.examples.items():
        rows = content.rows[split]
        labels = [
            np.r_[np.full(start, NOT_LEARNED, np.int32), ids[start:].astype(np.int32)]
            for ids, start in zip(part.ids, part.labels.tolist(), strict=True)
        ]
        columns = {
            "input_ids": part.ids,
            "attention_mask": [np.ones(len(ids), np.int8) for ids in part.ids],
            "labels": labels,
            "id": rows.ids,
            "context": [write_turns(row.context) for row in rows.dialogues],
            "text": [row.question for row in rows.dialogues],
            "answer": [row.answer for row in rows.dialogues],
            "weight": np.asarray(rows.weights, np.float32),
        }
        arrays = [pa.array(columns[field.name], field.type) for field in features.arrow_schema]
        table = pa.table(arrays, schema=features.arrow_schema)
        tables[split] = (table, _digest(rows.ids, labels))
    more = {
        CHAT: {"params": content.params.model_dump(mode="json"), "refusal": content.refusal},
        TRUNCATION: content.truncation._asdict(),
        MASKED: list(masked),
    }
    save_tables(folder, tables, more)


def _digest(ids: Sequence[str], labels: Sequence[np.ndarray]) -> str:
    digest = hashlib.sha256()
    for row, own in zip(ids, labels, strict=True):
        digest.update(row.encode() + b"\0" + own.tobytes())
    return digest.hexdigest()[:16]


def read_chat_datasets(folder: Path) -> ChatTokenized:
    """Read what `write_chat_datasets` wrote. Raises RowsError if the folder is missing, and
    DamagedError for another content."""
    if not (folder / CHAT).exists():
        step = "run `dvc repro`, or `dvc pull`"
        raise RowsError(str(folder), "no tokenized conversations", "a DatasetDict", step)
    with reading(folder):
        chat = read_json(folder / CHAT)
        params, refusal = ChatParams(**chat["params"]), str(chat["refusal"])
        truncation = Truncation(**read_json(folder / TRUNCATION))
        parts = {
            split: _read_split(folder / split)
            for split in read_json(folder / "dataset_dict.json")["splits"]
        }
    rows = {split: part for split, (part, _) in parts.items()}
    examples = {split: part for split, (_, part) in parts.items()}
    return ChatTokenized(params, truncation, refusal, rows, examples)


def _read_split(folder: Path) -> tuple[ChatRows, Examples]:
    table = read_table(folder)
    if not table.column_names:
        empty = np.zeros(0, dtype=np.int64)
        return ChatRows([], [], empty), Examples([], None, empty, empty.astype(np.float32), [])
    cells = [table[name].to_pylist() for name in ("text", "context", "answer")]
    dialogues = [dialogue(*row) for row in zip(*cells, strict=True)]
    ids, weights = table["id"].to_pylist(), table["weight"].to_numpy()
    tokens = [row.astype(np.int32) for row in table["input_ids"].to_numpy()]
    labels = [row.astype(np.int32) for row in table["labels"].to_numpy()]
    check_digest(folder, _digest(ids, labels))
    starts = np.array([int((row == NOT_LEARNED).sum()) for row in labels], dtype=np.int64)
    zeros = np.zeros(len(ids), dtype=np.int64)
    encoded = Encoded(tokens, starts, [""] * len(ids), zeros, zeros)
    return ChatRows(ids, dialogues, weights), chat_examples(encoded, ids, weights)


def write_masked_rows(file: Path, rows: Sequence[MaskedRow]) -> None:
    """Write rows as `read_masked_rows` reads them."""
    write_json(file, list(rows))
