"""Make new train rows from existing ones: augmented copies and negatives. Off by default.

data/find_label_errors/, data/embed/, data/split/ -> data/augment/, reports/metrics/augment.json
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import Field

from seedbed.core import edits
from seedbed.core.labels import unmatched, unused_in_words
from seedbed.core.metrics import settle
from seedbed.core.params import Section, Seed, read_params
from seedbed.core.rows import EMBED, FIND_LABEL_ERRORS, SPLIT, read_rows, write_results
from seedbed.core.stage import script
from seedbed.core.text_units import is_spaced
from seedbed.encoding.vectors import EncoderParams, embedded, vectors_of
from seedbed.making.back_translation import back_translations
from seedbed.making.balancing import AugmentMetrics
from seedbed.making.made_rows import CheckParams, Made, Row, as_rows, checked, counts_made, parents
from seedbed.making.negatives import WORDS_NOT_APART, NegativesParams, negatives
from seedbed.making.paraphrasing import ParaphraseParams, ToParaphrase, paraphrases
from seedbed.private.kinds import STAND_IN
from seedbed.splitting.splits import gate_after_split, made_near_another_side
from seedbed.tasks import Task
from seedbed.tasks.counting import strata
from seedbed.tasks.named import read_task

Method = Literal[
    "swap", "delete", "insert", "synonyms", "punctuate", "mistype", "paraphrase", "back_translate"
]  # fmt: skip


class Params(Section):
    """params.yaml section `augment`."""

    seed: Seed
    copies: int = Field(ge=0, le=1000)
    methods: list[Method]
    edit_share: float = Field(gt=0, le=1)
    only_classes_below: int = Field(ge=0, le=10**9)
    wordnet_folder: str
    paraphrase: ParaphraseParams
    check: CheckParams


def chosen(train: pd.DataFrame, params: Params, task: Task) -> list[tuple[Row, int, str]]:
    """Return the copies to make, (row, number of the copy, method), sorted by id."""
    if not params.methods or not params.copies:
        return []
    if params.only_classes_below:
        train = train.reset_index(drop=True)
        classes = strata(train["label"], task)
        rarest = classes.map(classes.value_counts()).groupby(level=0).min()
        train = train[rarest < params.only_classes_below]
    return [
        (row, copy, edits.method_of(params.methods, params.seed, row.id, copy))
        for row in as_rows(train.sort_values("id"))
        for copy in range(params.copies)
    ]


def augmented(rows: pd.DataFrame, params: Params, task: Task) -> tuple[pd.DataFrame, Counter[str]]:
    """Return copies of the train rows by the methods in turn, and the refused ones by reason."""
    planned = chosen(parents(rows), params, task)
    if not planned:
        return rows.iloc[:0], Counter()
    written = _written(planned, params)
    known = dict(edits.EDITS)
    if {method for _, _, method in planned} & set(edits.OF_SYNONYMS):
        synonyms = edits.read_synonyms(Path(params.wordnet_folder))
        known |= {name: partial(edit, synonyms) for name, edit in edits.OF_SYNONYMS.items()}
    made = Made(rows)
    for row, copy, method in planned:
        if method == "delete" and not is_spaced(row.text):
            made.refused[WORDS_NOT_APART] += 1
            continue
        if method in known:
            draw = edits.generator(params.seed, row.id, copy)
            text = known[method](edits.words_of(row.text, STAND_IN), params.edit_share, draw).text()
        else:
            text, refused = written[row.id, copy]
            if refused:
                made.refused[refused] += 1
                continue
        made.add(row, f"a{copy}", "augmented", method, text=text)
    return made.frame(), made.refused


def _written(
    planned: list[tuple[Row, int, str]], params: Params
) -> dict[tuple[str, int], tuple[str, str]]:
    """Return what a model wrote for the copies that are paraphrases, by row and number."""
    texts = {
        (row.id, copy): ToParaphrase(row.text, f"{params.seed}:{row.id}:{copy}")
        for row, copy, method in planned
        if method == "paraphrase"
    }
    results = paraphrases(list(texts.values()), params.paraphrase) if texts else []
    there = {(row.id, copy): row.text for row, copy, how in planned if how == "back_translate"}
    back = back_translations(list(there.values())) if there else []
    return dict(zip([*texts, *there], [*results, *back], strict=True))


def joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return rows and those made of them; where none was made the rows as they are, because a copy
    of all texts takes their memory once more."""
    return pd.concat(parts) if any(map(len, parts[1:])) else parts[0]


@script
def main() -> str:
    params, task = read_params("augment", Params), read_task()
    negative = read_params("negatives", NegativesParams)
    encoder = read_params("encoder", EncoderParams)
    # The thresholds are split's: a made row must pass the gate that split's rows passed.
    words = read_params("split.shingle_words", int)
    jaccard = read_params("split.twin_min_jaccard", float)
    rows = read_rows(FIND_LABEL_ERRORS)
    copies, refused = augmented(rows, params, task)
    if params.check.is_on() and len(copies):
        train = parents(rows)
        of_copies, of_train = (vectors_of(part, EMBED, encoder, SPLIT) for part in (copies, train))
        copies, failed = checked(copies, of_copies, train, of_train, params.check, task)
        refused += failed
    embed = partial(embedded, params=encoder, split=SPLIT)
    # A copy of a text of two words may be its word salad, too, which is no text of both.
    wrong, not_made = negatives(joined([rows, copies]), negative, embed, task)
    every = joined([rows, copies, wrong])
    near = {made for made, _ in made_near_another_side(every, words, jaccard)}
    refused["near_another_side"] += len(near)
    copies, wrong = (part[~part["id"].isin(near)] for part in (copies, wrong))
    after = joined([rows, copies, wrong])
    gate_after_split(after, words, jaccard)
    made = [*copies["id"], *wrong["id"]]
    by_method, by_class = counts_made([copies, wrong], task)
    metrics = AugmentMetrics(
        rows=settle("augment", rows["id"], after["id"], [], made),
        by_origin=dict(sorted(Counter(after["origin"]).items())),
        made_by_method=by_method,
        made_by_class=by_class,
        refused_by_reason=dict(sorted((refused + not_made).items())),
    )
    pairs = negative.random_pair or negative.hard_pair  # else no pair is made, nor positive
    named = () if pairs else (*negative.positive_labels, *filter(None, [negative.pair_label]))
    unused = unmatched("negatives: positive_labels, pair_label", named, (), ())
    if params.only_classes_below and not chosen(parents(rows), params, task):
        unused |= unmatched("augment.only_classes_below", [str(params.only_classes_below)], ())
    write_results("augment", metrics.naming(unused), after)
    line = f"{len(copies)} copies and {len(wrong)} negatives made"
    if not made and not metrics.refused_by_reason:
        line = "off, no row made"
    not_done = ", ".join(f"{n} {why}" for why, n in metrics.refused_by_reason.items() if n)
    lacking = f"; not made: {not_done}" if not_done else ""
    return line + lacking + unused_in_words(unused)
