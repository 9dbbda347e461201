"""Turn texts into token ids, once for all approaches, and tell what truncation costs.

data/balance/ -> data/tokenize/, reports/metrics/tokenize.json, reports/plots/token_lengths.csv
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seedbed.datasets_on_disk import write_datasets
from seedbed.encoder_files import EncoderParams, encoder_folder
from seedbed.files import write_csv, write_json
from seedbed.params import read_params
from seedbed.rows import read_rows, sides
from seedbed.splits import ancestry_gate
from seedbed.stage import run
from seedbed.tokens import encodings, load_tokenizer

SOURCE = Path("data/balance")
DATASETS = Path("data/tokenize")
METRICS = Path("reports/metrics/tokenize.json")
PLOT = Path("reports/plots/token_lengths.csv")
BIN_TOKENS = 32


def tokenized(rows: pd.DataFrame, tokenizer: Any) -> pd.DataFrame:
    """Rows with `ids` (token ids), `cut` (tokens lost to truncation) and `unknown` tokens."""
    found = encodings(tokenizer, list(rows["text"]), list(rows["text_pair"]))
    unknown = tokenizer.token_to_id("[UNK]")
    special = tokenizer.num_special_tokens_to_add(bool(rows["text_pair"].any()))
    return rows.assign(
        ids=[one.ids for one in found],
        cut=[sum(len(rest.ids) - special for rest in one.overflowing) for one in found],
        unknown=[one.ids.count(unknown) for one in found],
    )


def length_figures(rows: pd.DataFrame) -> dict[str, Any]:
    """Token counts before truncation, and what it takes, over all rows and by class."""
    lengths = rows["ids"].map(len) + rows["cut"]

    def figures(part: pd.DataFrame) -> dict[str, Any]:
        full = lengths[part.index]
        quantiles = np.percentile(full, [5, 50, 95, 99]).round().astype(int).tolist()
        return {
            "tokens_p5_p50_p95_p99": quantiles,
            "rows_cut_share": float((part["cut"] > 0).mean()),
            "tokens_cut_share": float(part["cut"].sum() / full.sum()),
            "unknown_token_share": float(part["unknown"].sum() / part["ids"].map(len).sum()),
        }

    classes = {name: figures(part) for name, part in rows.groupby("label", sort=True)}
    return {"all": figures(rows), "by_class": classes}


def histogram(lengths: pd.Series) -> list[tuple[int, int]]:
    """Rows by length in bins of 32 tokens, empty ones included: (lower end of the bin, rows). The
    last bin takes the longest 1 % too, so that one long text does not squeeze the plot."""
    longest = int(np.percentile(lengths, 99))
    counts = np.bincount(np.minimum(lengths, longest) // BIN_TOKENS)
    return [(number * BIN_TOKENS, int(count)) for number, count in enumerate(counts)]


def main() -> str:
    params = read_params("encoder", EncoderParams)
    rows = read_rows(SOURCE)
    ancestry_gate(rows)
    tokenizer = load_tokenizer(encoder_folder(params), params.max_length, params.truncation)
    rows = tokenized(rows, tokenizer)
    figures = length_figures(rows)
    parts = sides(rows)
    write_datasets(DATASETS, parts, sorted(set(rows["label"])))
    by_side = {side: len(part) for side, part in parts.items()}
    counts = {
        "read": len(rows),
        "made": 0,
        "kept": len(rows),
        "dropped": 0,
        "dropped_by_reason": {},
    }
    write_json(METRICS, {"rows": counts, "by_side": by_side, "lengths": figures})
    write_csv(PLOT, ["tokens", "rows"], histogram(rows["ids"].map(len) + rows["cut"]))
    share = figures["all"]["tokens_cut_share"]
    return f"{len(rows):,} rows, {share:.0%} of the tokens lie beyond {params.max_length}"


if __name__ == "__main__":
    run("tokenize", main)
