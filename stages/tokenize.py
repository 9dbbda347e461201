"""Turn texts into token ids, once for all approaches, and measure truncation and padding.

data/balance/, data/split/ -> data/tokenize/, data/ledger/tokenize.csv,
reports/metrics/tokenize.json, reports/plots/token_lengths.csv
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from seedbed.core.errors import RowsError
from seedbed.core.files import write_csv
from seedbed.core.metrics import Drop, settle
from seedbed.core.params import read_params
from seedbed.core.reasons import Reason
from seedbed.core.rows import (
    BALANCE,
    DECIDING,
    HELD_OUT,
    SIDES,
    SPLIT,
    TOKENIZE,
    read_rows,
    sides,
    write_results,
)
from seedbed.core.stage import script
from seedbed.core.texts import COLUMNS as TEXTS, TextColumn
from seedbed.encoding import examples, tokens
from seedbed.encoding.vectors import EncoderParams, encoder_folder
from seedbed.splitting.splits import gate_after_split
from seedbed.tasks import ClassTask
from seedbed.tasks.named import read_class_task, read_task

PLOT = Path("reports/plots/token_lengths.csv")
PLOTTED = ["tokens", "rows"]
BIN_TOKENS = 32
BUDGET_TOKENS = 2048  # as the approaches' default batch_tokens
BATCH_ROWS = 32  # of the stock way: shuffled rows, padded to the longest


def check_classes(task: ClassTask, rows: pd.DataFrame, classes: list[str], outside: str) -> None:
    """Raise RowsError if a row has a class that no train row has and that is not `outside`, the
    label of negatives."""
    known = {*classes, outside}
    others = [name for label in rows["label"] for name in task.members(label) if name not in known]
    if others:
        raise RowsError(
            str(BALANCE),
            f"{len(others)} rows of class {others[0]}, which has no train row",
            "every class in train",
            "add rows of it, or merge the class with label_map",
        )


def length_figures(
    task: ClassTask, rows: pd.DataFrame, encoded: tokens.Encoded
) -> tokens.LengthsByClass:
    """Return token counts before truncation, and what it removes, over all rows and by class."""

    def figures(indices: np.ndarray) -> tokens.Lengths:
        full, lost = encoded.lengths[indices], encoded.lost[indices]
        return tokens.Lengths(
            tokens_p5_p50_p95_p99=np.percentile(full, [5, 50, 95, 99]).round().astype(int).tolist(),
            rows_cut_share=float((lost > 0).mean()),
            tokens_cut_share=float(lost.sum() / full.sum()),
            unknown_token_share=float(encoded.unknown[indices].sum() / full.sum()),
            windows_a_row=float(encoded.windows[indices].mean()),
        )

    members: dict[str, list[int]] = {}
    for index, label in enumerate(rows["label"]):
        for name in task.members(label):
            members.setdefault(name, []).append(index)
    by_class = {name: figures(np.array(indices)) for name, indices in sorted(members.items())}
    return tokens.LengthsByClass(all=figures(np.arange(len(rows))), by_class=by_class)


def padding_figures(train: examples.Examples, max_length: int) -> tokens.Padding:
    """Return the shares of padding in one epoch of train."""
    lengths = [len(ids) for ids in train.ids]
    draw = np.random.default_rng(0)
    budget = examples.token_budget_batches(lengths, BUDGET_TOKENS, draw)
    order = draw.permutation(len(lengths))
    shuffled = np.array_split(order, -(-len(order) // BATCH_ROWS))
    return tokens.Padding(
        token_budget=examples.padding_share(lengths, budget),
        longest_of_batch=examples.padding_share(lengths, shuffled),
        max_length=examples.padding_share(lengths, shuffled, max_length),
    )


def histogram(lengths: np.ndarray) -> list[tuple[int, int]]:
    """Return (lower end of the bin, rows) for bins of BIN_TOKENS tokens, empty ones included.

    The last bin contains the longest 1 %, so that one long text does not squeeze the plot.
    """
    longest = int(np.percentile(lengths, 99))
    counts = np.bincount(np.minimum(lengths, longest) // BIN_TOKENS)
    return [(number * BIN_TOKENS, int(count)) for number, count in enumerate(counts)]


def tokenize_texts(task: ClassTask, rows: pd.DataFrame) -> str:
    """Write the rows of a task of classes as token ids of the encoder; their texts are taken out of
    `rows`, because the token ids need the memory."""
    params = read_params("encoder", EncoderParams)
    folder = encoder_folder(params)
    truncation = tokens.truncation_of(params, folder, SPLIT)
    texts = [TextColumn(rows.pop(name)) for name in ("text", "text_pair")]
    encoded = tokens.TextTokenizer(folder, truncation, True)(*texts)
    del texts
    classes = task.classes(rows["label"][rows["split"] == "train"])
    check_classes(task, rows, classes, read_params("negatives.label", str))
    every = examples.examples_of(task, rows, encoded, classes)
    side = rows["split"].to_numpy(dtype=object)
    parts = {name: every.take(np.repeat(side == name, encoded.windows)) for name in SIDES}
    metrics = tokens.TokenizeMetrics(
        rows=settle("tokenize", rows["id"], rows["id"], []),
        by_side={side: len(part.row_ids) for side, part in parts.items()},
        truncation=truncation,
        lengths=length_figures(task, rows, encoded),
        padding_share=padding_figures(parts["train"], truncation.max_length),
    )
    examples.write_datasets(TOKENIZE, examples.Tokenized(classes, parts, truncation))
    write_results("tokenize", metrics, None, [])
    write_csv(PLOT, PLOTTED, histogram(encoded.lengths))
    return (
        f"{len(rows):,} rows, {metrics.lengths.all.tokens_cut_share:.0%} of the tokens are beyond "
        f"{truncation.max_length}, {metrics.padding_share.token_budget:.1%} padding"
    )


def tokenize_conversations(rows: pd.DataFrame) -> str:
    """Write the rows of task `answer` as token ids of the language model that is tuned.

    Train rows that do not fit are dropped. Those of validation and test stay rows, which count as
    wrong, since nothing may choose what is tested.
    """
    from seedbed.training.chat import datasets
    from seedbed.training.chat.bases import ChatParams
    from seedbed.training.chat.tuning import chat_template

    params, encoder = read_params("chat", ChatParams), read_params("encoder", EncoderParams)
    truncation = tokens.truncation_of(encoder, encoder_folder(encoder), SPLIT)
    template, parts = chat_template(params), sides(rows)
    chats = {side: datasets.chat_rows(part) for side, part in parts.items()}
    refusal = read_params("negatives.answer", str)
    content, encoded = datasets.tokenized(params, chats, template, truncation, refusal)
    train = parts["train"]
    reasons = zip(train["id"], encoded["train"].reasons, strict=True)
    dropped = [Drop(row, Reason(reason)) for row, reason in reasons if reason]
    kept = sorted(set(rows["id"]) - {drop.id for drop in dropped})
    lacking = Counter(reason for side in HELD_OUT for reason in encoded[side].reasons if reason)
    examples = list(content.examples.values())
    metrics = datasets.ChatTokenizeMetrics(
        rows=settle("tokenize", rows["id"], kept, dropped),
        by_side={side: len(part.ids) for side, part in content.examples.items()},
        max_length=template.max_length,
        template=template.digest,
        lengths=datasets.lengths_of(list(encoded.values()), examples),
        not_encoded=dict(sorted(lacking.items())),
        neutralised=int(sum(part.neutralised.sum() for part in encoded.values())),
        padding_share=datasets.padding_of(content.examples["train"]),
    )
    masked = datasets.masked_rows(chats["train"], list(train["source"]), encoded["train"], template)
    datasets.write_chat_datasets(TOKENIZE, content, masked)
    write_results("tokenize", metrics, None, dropped)
    lengths = np.array([len(ids) for part in examples for ids in part.ids])
    write_csv(PLOT, PLOTTED, histogram(lengths))
    return (
        f"{len(kept):,} conversations, {metrics.lengths.answer_token_share:.0%} of the tokens are "
        f"learned, {metrics.padding_share.token_budget:.1%} padding, {len(dropped)} rows dropped"
    )


@script
def main() -> str:
    rows = read_rows(BALANCE, (*DECIDING, *TEXTS))
    # The thresholds are split's: the gate asks the same question as it did there.
    gate_after_split(
        rows,
        read_params("split.shingle_words", int),
        read_params("split.twin_min_jaccard", float),
    )
    if read_task().TARGET == "answer":
        return tokenize_conversations(rows)
    return tokenize_texts(read_class_task(), rows)
