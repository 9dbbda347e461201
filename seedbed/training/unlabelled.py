"""Rows without a label, which split leaves out: the encoder may adapt to them, and people may label
them."""

import pandas as pd

from seedbed.splitting.splits import cross_side_pairs

HELD_OUT = ("validation", "test")


def unlabelled_rows(
    every: pd.DataFrame, split: pd.DataFrame, shingle_words: int, min_jaccard: float
) -> pd.DataFrame:
    """Rows without a label, less those that are near copies of a validation or test row, or of the
    group of one: what is learnt from, or labelled next, is never a text that is scored.

    `every`: the rows before split; `split`: those after it. Twins are told as split tells them.
    """
    rows = every[every["label"] == ""].assign(split="train")
    held = split[split["split"].isin(HELD_OUT)]
    both = pd.concat([rows, held], ignore_index=True)
    near = {low for low, _ in cross_side_pairs(both, shingle_words, min_jaccard)}
    groups = set(held["group"]) - {""}
    return rows[~rows["id"].isin(near) & ~rows["group"].isin(groups)].reset_index(drop=True)
