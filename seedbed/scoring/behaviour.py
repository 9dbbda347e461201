"""Behaviour of a model when a text changes in a way that should not matter, and on plain cases.

Invariance and minimum functionality tests, after CheckList (Ribeiro et al., 2020). Edits are drawn
from hash(seed, row id), so they are the same on every machine. Edited texts stay in memory. The
model is passed in as a function, so that nothing here loads torch.
"""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import regex

from seedbed.core.edits import Words, generator, mistype, words_of
from seedbed.core.errors import RowsError
from seedbed.core.files import read_csv
from seedbed.private.kinds import STAND_IN
from seedbed.scoring.intervals import shares
from seedbed.scoring.metrics import Scored
from seedbed.scoring.metrics_files import CapabilityCases, Invariance, MinimumFunctionality
from seedbed.tasks import ClassTask

# Predictions for texts, or for texts and their pairs, (texts,); with the label of a progress bar.
Predict = Callable[[list[str], list[str] | None, str], np.ndarray]

TYPO_SHARE = 0.05  # of a text's words, at least one
PUNCTUATION = regex.compile(r"[^\P{P}#%&]+", regex.V1)  # not emoji and signs, which say something
# First names that are common in English texts, and are not other words too.
NAMES = (
    "Aisha Alice Amit Andrew Anna Anthony Barbara Brian Carlos Catherine Charles Chen Christopher "
    "Daniel David Deborah Dmitri Edward Elizabeth Emily Fatima Gary George Gordon Hannah Helen "
    "Ibrahim Ivan James Jane Jennifer Jessica John Jose Joseph Juan Karen Kevin Laura Linda Lucia "
    "Maria Martin Matthew Mehmet Michael Mohammed Nancy Natasha Nicholas Olga Patricia Paul Peter "
    "Priya Rachel Richard Robert Samantha Sarah Simon Stephen Steven Susan Thomas Tony Wei William "
    "Yuki"
).split()


def _case(text: Words, draw: random.Random) -> Words:
    """Change to lower case; to upper case if it was in lower case already."""
    lower = [word.lower() for word in text.words]
    return Words([word.upper() for word in lower] if lower == text.words else lower, text.gaps)


def _punctuation(text: Words, draw: random.Random) -> Words:
    """Remove punctuation at white space and the ends; within a word, 3.5 or and/or, it is
    spelling. Stand-ins of personal values are kept."""
    ends = (0, len(text.gaps) - 1)
    gaps = [
        PUNCTUATION.sub("", gap)
        if (index in ends or any(map(str.isspace, gap))) and not STAND_IN.search(gap)
        else gap
        for index, gap in enumerate(text.gaps)
    ]
    return Words(text.words, gaps if text.words else text.gaps)


def _names(text: Words, draw: random.Random) -> Words:
    """Replace each name of the list by another one, the same name by the same one."""
    present = [name for name in NAMES if name in text.words]
    others = {name: draw.choice([other for other in NAMES if other != name]) for name in present}
    return Words([others.get(word, word) for word in text.words], text.gaps)


EDITS: dict[str, Callable[[Words, random.Random], Words]] = {
    "case": _case,
    "punctuation": _punctuation,
    "typos": lambda text, draw: mistype(text, TYPO_SHARE, draw),
    "names": _names,
}


def edited(texts: Sequence[str], ids: Sequence[str], seed: int) -> dict[str, list[str]]:
    """Apply each edit to each text; a text that an edit does not apply to stays as it is."""
    return {
        name: [
            edit(words_of(text, STAND_IN), generator(seed, row, number)).text()
            for text, row in zip(texts, ids, strict=True)
        ]
        for number, (name, edit) in enumerate(EDITS.items())
    }


def drawn_indices(ids: Sequence[str], number: int, seed: int) -> np.ndarray:
    """Draw `number` rows by hash(seed, id): their indices, in the order of `ids`; all rows if there
    are fewer."""
    order = sorted(range(len(ids)), key=lambda index: generator(seed, ids[index], 0).random())
    return np.sort(np.array(order[:number], dtype=int))


def invariance_of(
    predict: Predict, rows: pd.DataFrame, before: Scored, number: int, seed: int
) -> dict[str, Invariance]:
    """Measure, for each edit, the share of the rows it changed whose prediction stays, on `number`
    rows drawn by hash(seed, id); {} if that is 0.

    `rows` has ids as its index, and `before` their predictions. Of a pair only the text is edited.
    """
    drawn = drawn_indices(list(rows.index), number, seed)
    if not len(drawn):
        return {}
    rows, predicted = rows.iloc[drawn], before.predicted[drawn]
    texts, pairs = (np.array(rows[name], dtype=object) for name in ("text", "text_pair"))
    clusters = np.unique(before.clusters[drawn], return_inverse=True)[1]
    result = {}
    for name, versions in edited(list(texts), list(rows.index), seed).items():
        new = np.array(versions, dtype=object)
        changed, stays = new != texts, np.ones(len(new), dtype=bool)
        if not changed.any():
            result[name] = Invariance(rows=0)
            continue
        after = predict(list(new[changed]), list(pairs[changed]), f"edited: {name}")
        stays[changed] = before.task.right(predicted[changed], after) == 1
        [share] = shares(stays, changed[None], clusters)
        result[name] = Invariance(
            stays=share.accuracy, low=share.low, high=share.high, rows=share.rows
        )
    return result


def read_cases(folder: Path) -> pd.DataFrame:
    """Read the cases of all CSV files of a folder, columns text, label and, optional, capability:
    a plain text, the label that it must get, what it is an example of, and its `file:line` (place).

    Raises RowsError if a column is missing or a cell is empty.
    """
    cases = []
    for file in sorted(folder.glob("*.csv")):
        for number, line in enumerate(read_csv(file), start=1):
            if not line.get("text") or not line.get("label"):
                raise RowsError(
                    f"{file}, row {number}",
                    "no text or no label",
                    "columns text and label, and optionally capability",
                    "complete the row or delete it",
                )
            capability = line.get("capability") or "general"
            cases.append((line["text"], line["label"], capability, f"{file.name}:{number}"))
    return pd.DataFrame(cases, columns=["text", "label", "capability", "place"], dtype=object)


def cases_of(
    predict: Predict, task: ClassTask, classes: list[str], folder: Path
) -> MinimumFunctionality:
    """Run a model on the plain cases in `folder`: count them, and those that got their label, by
    capability. Cases of classes that the model does not have are counted and left out.

    `failed` lists files and lines, because no figure holds a text.
    """
    cases = read_cases(folder)
    unknown = [set(task.members(label)) - set(classes) for label in cases["label"]]
    known, others = cases[[not names for names in unknown]], sorted(set().union(*unknown))
    left_out: dict[str, Any] = {"of_other_classes": len(cases) - len(known)}
    left_out |= {"other_classes": others} if others else {}
    if known.empty:
        return MinimumFunctionality(**left_out)
    predicted = predict(list(known["text"]), None, "plain cases")
    right = task.right(task.targets(known["label"], classes), predicted) == 1
    passed = pd.Series(right, known.index)
    return MinimumFunctionality(
        **left_out,
        rows=len(known),
        passed=int(passed.sum()),
        by_capability={
            name: CapabilityCases(rows=len(part), passed=int(part.sum()))
            for name, part in passed.groupby(known["capability"])
        },
        failed=list(known["place"][~passed]),
    )
