"""A model run on edited texts and on plain cases; `behaviour` makes both and counts."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from seedbed.encoding.encoder import pooled_windows
from seedbed.scoring.behaviour import (
    drawn_places,
    edited,
    invariance,
    minimum_functionality,
    read_cases,
)
from seedbed.scoring.intervals import resampled_counts
from seedbed.training.classifier import Classifier


def classes_of(
    model: Classifier, texts: list[str], pairs: list[str] | None, dtype: torch.dtype, label: str
) -> np.ndarray:
    """Class numbers of texts that no stage has tokenized: (texts,)."""
    encoded = model.tokenizer(texts, pairs)
    return pooled_windows(model.logits(encoded, dtype, label), encoded.windows).argmax(1)


def invariance_of(
    model: Classifier,
    rows: pd.DataFrame,
    before: np.ndarray,
    units: np.ndarray,
    number: int,
    seed: int,
    dtype: torch.dtype,
) -> dict[str, Any]:
    """How many of the predictions `before` (rows,) stay when texts are edited, on `number` rows
    drawn by hash(seed, id); {} where that is 0. `rows` has ids as its index; of a pair the text
    alone is edited."""
    places = drawn_places(list(rows.index), number, seed)
    if not len(places):
        return {}
    rows, before = rows.iloc[places], before[places]
    texts, pairs = (np.array(rows[name], dtype=object) for name in ("text", "text_pair"))
    after, changed = {}, {}
    for name, versions in edited(list(texts), list(rows.index), seed).items():
        new = np.array(versions, dtype=object)
        changed[name], after[name] = new != texts, before.copy()
        if len(at := np.flatnonzero(changed[name])):
            found = classes_of(model, list(new[at]), list(pairs[at]), dtype, f"edited: {name}")
            after[name][at] = found
    units = np.unique(units[places], return_inverse=True)[1]
    return invariance(before, after, changed, resampled_counts(units), units)


def cases_of(model: Classifier, folder: Path, dtype: torch.dtype) -> dict[str, Any]:
    """The model on the plain cases in `folder`; cases of classes that it has not are counted and
    left out."""
    cases = read_cases(folder)
    known = [case for case in cases if case.label in model.classes]
    counts = {"of_other_classes": len(cases) - len(known)}
    if not known:
        return counts
    numbers = classes_of(model, [case.text for case in known], None, dtype, "plain cases")
    labels = [model.classes[number] for number in numbers]
    return counts | minimum_functionality(known, labels)
