"""Task `answer`: every row is a question in a conversation, and an assistant's answer to it.

What is learned is the column `answer`. The label is the row's category: the cell of its category
column, or the name of its source. Rows are counted, balanced and spread over folds by it, and no
model predicts it. For what calls each function, see `Task` in seedbed/tasks/__init__.py.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import numpy as np

from seedbed.core.decisions import digest_of
from seedbed.core.errors import ParamsError
from seedbed.core.text_units import units_of
from seedbed.tasks import class_cells
from seedbed.tasks.class_cells import (
    classes as classes,
    difference as difference,
    differing as differing,
    drawn_by as drawn_by,
    folds as folds,
    is_kept as is_kept,
    is_storable as is_storable,
    label_of as label_of,
    members as members,
    names_in as names_in,
    predicted_by as predicted_by,
    renamed as renamed,
    separator_in as separator_in,
    strata as strata,
    toggled as toggled,
)

NAME = "answer"
TARGET = "answer"
NOUN = "category"
PLURAL = "categories"
SETS = False
ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def nothing_to_learn(labels: Collection[str]) -> str:
    """Return how many answers there are, if these are fewer than two; `labels` are answers."""
    known = len(set(labels) - {""})
    return f"{known} different answer{'s' if known != 1 else ''}" if known < 2 else ""


def negative(label: str, used_as: str) -> str:
    """Return `negatives.label`, the category of questions to be refused. Raises ParamsError for a
    threshold, which answers have none of."""
    if used_as != "class":
        raise ParamsError(
            "params.yaml: negatives.as",
            f"`{used_as}`, and task {NAME}",
            "`class`: a model learns to write the refusal",
            "set as: class",
        )
    return label


def shown(label: str) -> str:
    """Return the category itself, or in words that a person wrote another answer."""
    digest = digest_of(label)
    return f"rewritten answer {digest[:8]}" if digest else label


def fault(classes: Collection[str], label: str) -> str:
    """Return the label, if it is neither a category nor a rewritten answer."""
    return "" if digest_of(label) else class_cells.fault(classes, label)


def form(classes: Iterable[str]) -> str:
    """Return the first categories, and how a rewritten answer is named."""
    return f"{class_cells.form(classes)}, <rewrite SHA256>"


def right(targets: Sequence[str], predicted: Sequence[str]) -> np.ndarray:
    """Return the token F1 of each answer with the true one (SQuAD; Rajpurkar et al., 2016), in
    [0, 1]: (rows,) float64. Case, punctuation and English articles do not count."""
    pairs = zip(targets, predicted, strict=True)
    return np.array([token_f1(*pair) for pair in pairs], dtype=np.float64)


def token_f1(target: str, predicted: str) -> float:
    """Return the harmonic mean of the precision and recall of the words of an answer; of two
    answers without words 1."""
    one, other = Counter(_tokens(target)), Counter(_tokens(predicted))
    if not one or not other:
        return float(one == other)
    return 2 * (one & other).total() / (one.total() + other.total())


def is_same(target: str, predicted: str) -> bool:
    """Return whether two answers have the same words in the same order."""
    return _tokens(target) == _tokens(predicted)


def _tokens(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return units_of(ARTICLES.sub(" ", "".join(map(_without_marks, folded))))


def _without_marks(character: str) -> str:
    return "" if unicodedata.category(character)[0] == "P" else character
