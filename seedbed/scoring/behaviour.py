"""What a model does when a text changes in a way that should not matter, and on plain cases.

Invariance and minimum functionality tests, after CheckList (Ribeiro et al., 2020). Edits are drawn
from hash(seed, row id), so they are the same on every machine. Edited texts stay in memory.
"""

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from seedbed.core.errors import RowsError
from seedbed.core.files import read_csv
from seedbed.making.augmentation import Words, generator, mistype, words_of
from seedbed.private.stand_ins import STAND_IN
from seedbed.scoring.intervals import shares

TYPO_SHARE = 0.05  # of a text's words, at least one
MARKS = re.compile(r"[^\w\s]+")
# First names that are common in English texts and no plain words.
NAMES = (
    "Aisha Alice Amit Andrew Anna Anthony Barbara Brian Carlos Catherine Charles Chen Christopher "
    "Daniel David Deborah Dmitri Edward Elizabeth Emily Fatima Gary George Gordon Hannah Helen "
    "Ibrahim Ivan James Jane Jennifer Jessica John Jose Joseph Juan Karen Kevin Laura Linda Lucia "
    "Maria Martin Matthew Mehmet Michael Mohammed Nancy Natasha Nicholas Olga Patricia Paul Peter "
    "Priya Rachel Richard Robert Samantha Sarah Simon Stephen Steven Susan Thomas Tony Wei William "
    "Yuki"
).split()


def _case(text: Words, draw: random.Random) -> Words:
    """All in small letters; in capitals where it was in small letters already."""
    lower = [word.lower() for word in text.words]
    return Words([word.upper() for word in lower] if lower == text.words else lower, text.gaps)


def _punctuation(text: Words, draw: random.Random) -> Words:
    """Without punctuation at white space or the ends; within a word, 3.5 or and/or, it is
    spelling. What stands in for personal values stays."""
    inner = [_bare(gap) if re.search(r"\s", gap) else gap for gap in text.gaps[1:-1]]
    ends = [_bare(gap) for gap in (text.gaps[0], text.gaps[-1])]
    return Words(text.words, [ends[0], *inner, ends[1]] if text.words else text.gaps)


def _bare(gap: str) -> str:
    return gap if STAND_IN.search(gap) else MARKS.sub("", gap)


def _typos(text: Words, draw: random.Random) -> Words:
    return mistype(text, TYPO_SHARE, draw)


def _names(text: Words, draw: random.Random) -> Words:
    """Each name of the list becomes another one; the same name the same other one."""
    found = [name for name in NAMES if name in text.words]
    others = {name: draw.choice([one for one in NAMES if one != name]) for name in found}
    return Words([others.get(word, word) for word in text.words], text.gaps)


EDITS: dict[str, Callable[[Words, random.Random], Words]] = {
    "case": _case,
    "punctuation": _punctuation,
    "typos": _typos,
    "names": _names,
}


def edited(texts: Sequence[str], ids: Sequence[str], seed: int) -> dict[str, list[str]]:
    """Each text under each edit; a text that an edit has nothing to do with stays as it is."""
    return {
        name: [
            edit(words_of(text), generator(seed, row, place)).text()
            for text, row in zip(texts, ids, strict=True)
        ]
        for place, (name, edit) in enumerate(EDITS.items())
    }


def drawn_places(ids: Sequence[str], number: int, seed: int) -> np.ndarray:
    """The places of `number` rows, by hash(seed, id), in the order of the ids; all where there are
    fewer."""
    order = sorted(range(len(ids)), key=lambda place: generator(seed, ids[place], 0).random())
    return np.sort(np.array(order[:number], dtype=int))


def invariance(
    before: np.ndarray,
    after: dict[str, np.ndarray],
    changed: dict[str, np.ndarray],
    samples: np.ndarray,
    units: np.ndarray,
) -> dict[str, Any]:
    """For each edit, of the rows that it changed, the share whose prediction stays, with its 95 %
    interval. `before` and `after`: class numbers (rows,); `changed` (rows,) bool."""
    result = {}
    for name, found in after.items():
        if not changed[name].any():
            result[name] = {"rows": 0}
            continue
        [share] = shares(found == before, changed[name][None], samples, units)
        result[name] = {"stays": share.pop("accuracy"), **share}
    return result


class Case(NamedTuple):
    """A plain text, the label that it must get, what it is an example of, and `file:line`."""

    text: str
    label: str
    capability: str
    place: str


def read_cases(folder: Path) -> list[Case]:
    """The cases of all CSV files of a folder: columns text, label and, if wanted, capability.

    Raises RowsError where a column is missing or a cell empty.
    """
    cases = []
    for file in sorted(folder.glob("*.csv")):
        for number, line in enumerate(read_csv(file), start=1):
            if not line.get("text") or not line.get("label"):
                raise RowsError(
                    f"{file}, row {number}",
                    "no text or no label",
                    "columns text,label and, if wanted, capability",
                    "complete the row or delete it",
                )
            capability = line.get("capability") or "general"
            cases.append(Case(line["text"], line["label"], capability, f"{file.name}:{number}"))
    return cases


def minimum_functionality(cases: Sequence[Case], predicted: Sequence[str]) -> dict[str, Any]:
    """Cases and how many got their label, by capability; `failed` names row numbers of files, since
    no figure holds a text. `predicted`: labels, in the order of the cases."""
    passed = {case.place: case.label == label for case, label in zip(cases, predicted, strict=True)}
    by_capability = {
        name: {
            "rows": sum(case.capability == name for case in cases),
            "passed": sum(passed[case.place] for case in cases if case.capability == name),
        }
        for name in sorted({case.capability for case in cases})
    }
    return {
        "rows": len(cases),
        "passed": sum(passed.values()),
        "by_capability": by_capability,
        "failed": [place for place, is_right in passed.items() if not is_right],
    }
