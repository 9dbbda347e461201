"""Make new train rows out of old ones: copies and negatives, by origin and parent. Off by default.

data/find_label_errors/, data/embed/, data/split/ -> data/augment/, reports/metrics/augment.json
"""

from collections import Counter
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.core.files import write_json
from seedbed.core.ledger import settle
from seedbed.core.params import Section, read_params
from seedbed.core.rows import read_rows, write_rows
from seedbed.core.stage import run
from seedbed.encoding.encoder_files import EncoderParams
from seedbed.encoding.vectors import embedded, vectors_of
from seedbed.making.augmentation import EDITS, OF_SYNONYMS, Edit, generator, method_of, words_of
from seedbed.making.copy_check import CheckParams, checked
from seedbed.making.made_rows import Made, Row, child, figures, parents
from seedbed.making.negatives import negatives
from seedbed.making.out_of_scope import NegativesParams
from seedbed.making.paraphrasing import Asked, ParaphraseParams, paraphrases
from seedbed.making.wordnet import read_synonyms
from seedbed.splitting.splits import gate_after_split, made_near_another_side

SOURCE = Path("data/find_label_errors")
VECTORS = Path("data/embed")
SPLIT = Path("data/split")
ROWS = Path("data/augment")
METRICS = Path("reports/metrics/augment.json")

Method = Literal["swap", "delete", "insert", "synonyms", "punctuate", "mistype", "paraphrase"]


class Params(Section):
    """params.yaml section `augment`."""

    seed: int
    copies: int = Field(ge=0)
    methods: list[Method]
    edit_share: float = Field(gt=0, le=1)
    only_classes_below: int = Field(ge=0)
    wordnet_folder: str
    paraphrase: ParaphraseParams
    check: CheckParams


def chosen(train: pd.DataFrame, params: Params) -> list[tuple[Row, int, str]]:
    """What to make: (row, number of the copy, method), sorted by id."""
    if not params.methods or not params.copies:
        return []
    if params.only_classes_below:
        rows = train["label"].map(train["label"].value_counts())
        train = train[rows < params.only_classes_below]
    return [
        (row, copy, method_of(params.methods, params.seed, row["id"], copy))
        for row in train.sort_values("id").to_dict("records")
        for copy in range(params.copies)
    ]


def augmented(rows: pd.DataFrame, params: Params) -> tuple[pd.DataFrame, Counter[str]]:
    """Copies of the train rows by the methods in turn, and how many were not made, by reason."""
    wanted = chosen(parents(rows), params)
    if not wanted:
        return rows.iloc[:0], Counter()
    written = _written(wanted, params)
    edits = _edits({method for _, _, method in wanted}, params)
    made = Made.beside(rows)
    for row, copy, method in wanted:
        if method in edits:
            draw = generator(params.seed, row["id"], copy)
            text = edits[method](words_of(row["text"]), params.edit_share, draw).text()
        else:
            text, refused = written[row["id"], copy]
            if refused:
                made.refuse(refused)
                continue
        made.add(child(row, f"a{copy}", "augmented", method, text=text), row)
    return made.frame(rows), made.refused


def _edits(methods: set[str], params: Params) -> dict[str, Edit]:
    edits = {name: edit for name, edit in EDITS.items() if name in methods}
    if methods & set(OF_SYNONYMS):
        synonyms = read_synonyms(Path(params.wordnet_folder))
        edits |= {name: make(synonyms) for name, make in OF_SYNONYMS.items()}
    return edits


def _written(
    wanted: list[tuple[Row, int, str]], params: Params
) -> dict[tuple[str, int], tuple[str, str]]:
    """What a model wrote for the copies that are paraphrases, by row and number."""
    asked = [(row, copy) for row, copy, method in wanted if method == "paraphrase"]
    if not asked:
        return {}
    texts = [Asked(row["text"], f"{params.seed}:{row['id']}:{copy}") for row, copy in asked]
    found = paraphrases(texts, params.paraphrase)
    return {(row["id"], copy): one for (row, copy), one in zip(asked, found, strict=True)}


def main() -> str:
    params = read_params("augment", Params)
    negative = read_params("negatives", NegativesParams)
    encoder = read_params("encoder", EncoderParams)
    words, jaccard = (
        read_params("split.shingle_words", int),
        read_params("split.twin_min_jaccard", float),
    )
    rows = read_rows(SOURCE)
    copies, refused = augmented(rows, params)
    if params.check.is_on() and len(copies):
        train = parents(rows)
        found = [vectors_of(part, VECTORS, encoder, SPLIT) for part in (copies, train)]
        copies, failed = checked(copies, found[0], train, found[1], params.check)
        refused += failed

    def embed(texts: list[str]) -> np.ndarray:
        return embedded(texts, encoder, SPLIT)

    wrong, not_made = negatives(rows, negative, embed)
    near = {
        made for made, _ in made_near_another_side(pd.concat([rows, copies, wrong]), words, jaccard)
    }
    refused["near_another_side"] += len(near)
    copies, wrong = (part[~part["id"].isin(near)] for part in (copies, wrong))
    after = pd.concat([rows, copies, wrong])
    gate_after_split(after, words, jaccard)
    made = [*copies["id"], *wrong["id"]]
    counts = settle("augment", rows["id"], after["id"], [], made)
    by_origin = after["origin"].value_counts().sort_index()
    write_rows(ROWS, after)
    metrics = {
        "rows": counts.model_dump(exclude_unset=True),
        "by_origin": {k: int(n) for k, n in by_origin.items()},
    }
    write_json(METRICS, metrics | figures([copies, wrong], [refused, not_made]))
    if not made and not +refused and not not_made:
        return "off, no row made"
    return f"{len(copies)} copies and {len(wrong)} negatives made"


if __name__ == "__main__":
    run("augment", main)
