"""What BANKING77's own split shares between train and test: copies, twins, and nearness in meaning.

DATA=FOLDER python -m benchmarks.nearness -> benchmarks/results/nearness.json

The folder is as benchmarks/public_sets.py says. `split.way: given` takes the sides that the files
give and cuts validation from train by hash; the encoder and the thresholds are those of
params.yaml. No label is read, nothing is chosen, and no model is scored.
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.public_sets import data_folder
from seedbed.core.files import read_csv, write_json
from seedbed.core.params import read_params
from seedbed.encoding.encoder import embed_texts, precision
from seedbed.encoding.nearest_rows import nearness
from seedbed.encoding.vectors import EncoderParams, encoder_folder
from seedbed.splitting.deduplication import DeduplicateParams, by_priority
from seedbed.splitting.near_copies import first_kept
from seedbed.splitting.shingles import normalised
from seedbed.splitting.sides import assign_sides
from seedbed.splitting.splits import NearTexts, SplitParams, drop_twins

RESULT = Path("benchmarks/results/nearness.json")


def given_rows(folder: Path) -> pd.DataFrame:
    """The texts of both files as rows with the side that their file gives."""
    parts = [
        (f"{side}{number:05d}", line["text"], side)
        for side in ("train", "test")
        for number, line in enumerate(read_csv(folder / f"{side}.csv"))
    ]
    rows = pd.DataFrame(parts, columns=["id", "text", "split"])
    return rows.assign(text_pair="", group="", date="", source="banking77", batch="2020-03")


def words(text: str) -> tuple[str, ...]:
    """The words of a text, without case and punctuation."""
    return tuple(re.findall(r"\w+", text.casefold()))


def vectors_of(texts: list[str]) -> np.ndarray:
    """Vectors by the encoder of params.yaml, (texts, width)."""
    params = read_params("encoder", EncoderParams)
    dtype = str(precision(params.precision)).removeprefix("torch.")
    folder = encoder_folder(params)
    return embed_texts(texts, folder, params.max_length, params.truncation, dtype)


def shared(rows: pd.DataFrame) -> dict[str, int]:
    """Rows of train and test, and the texts that stand in both."""
    train, test = (list(rows["text"][rows["split"] == side]) for side in ("train", "test"))
    return {
        "train_rows": len(train),
        "test_rows": len(test),
        "texts_in_both": len(set(map(normalised, train)) & set(map(normalised, test))),
        "texts_in_both_without_punctuation": len(set(map(words, train)) & set(map(words, test))),
    }


def as_it_comes(rows: pd.DataFrame, vectors: np.ndarray) -> dict[str, Any]:
    """What the given sides share before anything is dropped."""
    return {
        **shared(rows),
        "near_train": nearness(rows, vectors)["test"],
    }


def as_seedbed_splits(rows: pd.DataFrame, vectors: np.ndarray) -> dict[str, Any]:
    """The same after deduplicate (without label conflicts) and split, way given."""
    number = {row: place for place, row in enumerate(rows["id"])}
    copies = read_params("deduplicate", DeduplicateParams)
    rows = by_priority(rows, set(), "given")
    cause = first_kept(list(rows["text"]), copies.shingle_words, copies.min_jaccard)
    params = read_params("split", SplitParams).model_copy(update={"way": "given"})
    unique = rows[cause < 0].reset_index(drop=True)
    placed = assign_sides(unique, (), params)
    kept, dropped = drop_twins(
        placed, NearTexts(placed, params.shingle_words, params.twin_min_jaccard)
    )
    reasons = pd.Series([drop.reason for drop in dropped]).value_counts()
    return {
        "dropped_by_deduplicate": {
            side: int((rows["split"][cause >= 0] == side).sum()) for side in ("train", "test")
        },
        "dropped_by_split": {str(name): int(reasons[name]) for name in sorted(reasons.index)},
        **shared(kept),
        "validation_rows": int((kept["split"] == "validation").sum()),
        "near_train": nearness(kept, vectors[[number[row] for row in kept["id"]]]),
    }


def main() -> None:
    rows = given_rows(data_folder() / "banking77")
    vectors = vectors_of(list(rows["text"]))
    result = {
        "as_it_comes": as_it_comes(rows, vectors),
        "as_seedbed_splits": as_seedbed_splits(rows, vectors),
    }
    write_json(RESULT, result)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
