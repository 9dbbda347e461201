"""Turn texts into token ids, once for all approaches, and tell what truncation and padding cost.

data/balance/, data/split/ -> data/tokenize/, reports/metrics/tokenize.json,
reports/plots/token_lengths.csv
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seedbed.core.errors import RowsError
from seedbed.core.files import write_csv, write_json
from seedbed.core.params import read_params
from seedbed.core.rows import SIDES, read_rows
from seedbed.core.stage import run
from seedbed.encoding.datasets_on_disk import Tokenized, write_datasets
from seedbed.encoding.encoder_files import EncoderParams, encoder_folder
from seedbed.encoding.examples import Examples, examples_of, padding_share, token_budget_batches
from seedbed.encoding.tokens import Encoded, TextTokenizer
from seedbed.encoding.truncation import truncation_of
from seedbed.splitting.splits import gate_after_split

SOURCE = Path("data/balance")
SPLIT = Path("data/split")
DATASETS = Path("data/tokenize")
METRICS = Path("reports/metrics/tokenize.json")
PLOT = Path("reports/plots/token_lengths.csv")
BIN_TOKENS = 32
BUDGET_TOKENS = 2048  # as the approaches' default batch_tokens
BATCH_ROWS = 32  # of the stock way: shuffled rows, padded to the longest


def check_classes(rows: pd.DataFrame, classes: list[str], outside: str) -> None:
    """Raises RowsError where a row has a label that no train row has, and which is not that of
    negatives, `outside`."""
    strange = rows[~rows["label"].isin([*classes, outside])]
    if len(strange):
        raise RowsError(
            str(SOURCE),
            f"{len(strange)} rows of class {strange['label'].iloc[0]}, which train has none of",
            "every class in train",
            "add rows of it, or merge the class with label_map",
        )


def length_figures(rows: pd.DataFrame, encoded: Encoded) -> dict[str, Any]:
    """Token counts before truncation, and what it takes, over all rows and by class."""

    def figures(places: np.ndarray) -> dict[str, Any]:
        full, lost = encoded.lengths[places], encoded.lost[places]
        quantiles = np.percentile(full, [5, 50, 95, 99]).round().astype(int).tolist()
        return {
            "tokens_p5_p50_p95_p99": quantiles,
            "rows_cut_share": float((lost > 0).mean()),
            "tokens_cut_share": float(lost.sum() / full.sum()),
            "unknown_token_share": float(encoded.unknown[places].sum() / full.sum()),
            "windows_a_row": float(encoded.windows[places].mean()),
        }

    labels = rows["label"].to_numpy(dtype=object)
    by_class = {str(name): figures(np.flatnonzero(labels == name)) for name in np.unique(labels)}
    return {"all": figures(np.arange(len(rows))), "by_class": by_class}


def padding_figures(train: Examples, max_length: int) -> dict[str, float]:
    """Share of padding in one epoch of train: in batches of like length by token budget, as the
    training loop makes them; in shuffled batches padded to their longest; padded to max_length."""
    lengths = [len(ids) for ids in train.ids]
    draw = np.random.default_rng(0)
    budget = token_budget_batches(lengths, BUDGET_TOKENS, draw)
    order = draw.permutation(len(lengths))
    shuffled = np.array_split(order, -(-len(order) // BATCH_ROWS))
    return {
        "token_budget": padding_share(lengths, budget),
        "longest_of_batch": padding_share(lengths, shuffled),
        "max_length": padding_share(lengths, shuffled, max_length),
    }


def histogram(lengths: np.ndarray) -> list[tuple[int, int]]:
    """Rows by length in bins of 32 tokens, empty ones included: (lower end of the bin, rows). The
    last bin takes the longest 1 % too, so that one long text does not squeeze the plot."""
    longest = int(np.percentile(lengths, 99))
    counts = np.bincount(np.minimum(lengths, longest) // BIN_TOKENS)
    return [(number * BIN_TOKENS, int(count)) for number, count in enumerate(counts)]


def main() -> str:
    params = read_params("encoder", EncoderParams)
    rows = read_rows(SOURCE)
    gate_after_split(
        rows,
        read_params("split.shingle_words", int),
        read_params("split.twin_min_jaccard", float),
    )
    folder = encoder_folder(params)
    truncation = truncation_of(params, folder, SPLIT)
    encoded = TextTokenizer(folder, truncation, True)(list(rows["text"]), list(rows["text_pair"]))
    classes = sorted(set(rows["label"][rows["split"] == "train"]))
    check_classes(rows, classes, read_params("negatives.label", str))
    every, side = examples_of(rows, encoded, classes), rows["split"].to_numpy(dtype=object)
    parts = {name: every.take(np.repeat(side == name, encoded.windows)) for name in SIDES}
    figures = length_figures(rows, encoded)
    padding = padding_figures(parts["train"], truncation.max_length)
    write_datasets(DATASETS, Tokenized(classes, parts, truncation))
    counts = {
        "read": len(rows),
        "made": 0,
        "kept": len(rows),
        "dropped": 0,
        "dropped_by_reason": {},
    }
    metrics = {
        "rows": counts,
        "by_side": {side: len(part.row_ids) for side, part in parts.items()},
        "truncation": truncation._asdict(),
        "lengths": figures,
        "padding_share": padding,
    }
    write_json(METRICS, metrics)
    write_csv(PLOT, ["tokens", "rows"], histogram(encoded.lengths))
    share = figures["all"]["tokens_cut_share"]
    return (
        f"{len(rows):,} rows, {share:.0%} of the tokens lie beyond {truncation.max_length}, "
        f"{padding['token_budget']:.1%} padding"
    )


if __name__ == "__main__":
    run("tokenize", main)
