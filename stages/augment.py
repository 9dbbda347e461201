"""Make new train rows out of old ones, labelled by origin and parent. Off by default.

data/find_label_errors/ -> data/augment/, reports/metrics/augment.json
"""

from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import Field

from seedbed.augmentation import (
    EDITS,
    Edit,
    generator,
    read_wordnet,
    synonyms_edit,
    word_salad,
)
from seedbed.files import write_json
from seedbed.ledger import settle
from seedbed.params import Section, read_params
from seedbed.rows import read_rows, write_rows
from seedbed.splits import ancestry_gate
from seedbed.stage import run

SOURCE = Path("data/find_label_errors")
ROWS = Path("data/augment")
METRICS = Path("reports/metrics/augment.json")

Method = Literal["swap", "delete", "punctuate", "mistype", "synonyms"]


class Params(Section):
    """params.yaml section `augment`."""

    seed: int
    copies: int = Field(ge=0)
    methods: list[Method]
    edit_share: float = Field(gt=0, le=1)
    wordnet_folder: str
    negatives_share: float = Field(ge=0, le=1)
    negative_label: str


def augmented(train: pd.DataFrame, params: Params) -> pd.DataFrame:
    """`copies` edited copies of each train row, methods in turn; unchanged copies are left out."""
    edits = [_edit(method, params) for method in params.methods]
    made = []
    for row in train.to_dict("records"):
        for copy in range(params.copies if edits else 0):
            draw = generator(params.seed, row["id"], copy)
            words = row["text"].split()
            text = " ".join(edits[copy % len(edits)](words, params.edit_share, draw))
            if text != " ".join(words):
                made.append(_child(row, text, "augmented", f"a{copy}"))
    return pd.DataFrame(made, columns=train.columns)


def _edit(method: str, params: Params) -> Edit:
    if method == "synonyms":
        return synonyms_edit(read_wordnet(Path(params.wordnet_folder)))
    return EDITS[method]


def negatives(train: pd.DataFrame, params: Params) -> pd.DataFrame:
    """Word salad out of `negatives_share` of the train rows, under the negative label."""
    made = []
    for row in train.to_dict("records"):
        draw = generator(params.seed, row["id"], -1)
        if draw.random() < params.negatives_share:
            child = _child(row, word_salad(row["text"], draw), "negative", "n0")
            made.append(child | {"label": params.negative_label})
    return pd.DataFrame(made, columns=train.columns)


def _child(row: dict, text: str, origin: str, mark: str) -> dict:
    return row | {"id": f"{row['id']}-{mark}", "text": text, "origin": origin, "parent": row["id"]}


def main() -> str:
    params = read_params("augment", Params)
    rows = read_rows(SOURCE)
    train = rows[(rows["split"] == "train") & (rows["origin"] == "original")]
    made = pd.concat([augmented(train, params), negatives(train, params)])
    after = pd.concat([rows, made]).astype(rows.dtypes) if len(made) else rows
    ancestry_gate(after)
    counts = settle("augment", rows["id"], after["id"], [], made["id"])
    by_origin = after["origin"].value_counts().sort_index()
    write_rows(ROWS, after)
    write_json(METRICS, {"rows": counts, "by_origin": {k: int(n) for k, n in by_origin.items()}})
    return f"{len(made)} rows made" if len(made) else "off, no row made"


if __name__ == "__main__":
    run("augment", main)
