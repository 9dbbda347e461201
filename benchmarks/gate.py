"""What the gate lets pass and what it stops, over many draws of models and rows.

DATA=FOLDER python -m benchmarks.gate [bbc] [banking77] -> benchmarks/results/gate.json

The rows that stand in for a test side are drawn from train and validation rows: no test row is
read. Models are the feature approach's perceptrons on the encoder's vectors, each on a bootstrap
sample of the rows that are left. Two are equal but for chance where another seed trains on the same
sample, or where the sample is another. params.yaml section `gate` is the rule.
"""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.public_sets import data_folder
from seedbed.approaches import feature
from seedbed.core.errors import GateError
from seedbed.core.files import read_json, write_json
from seedbed.core.params import read_params
from seedbed.core.rows import read_rows
from seedbed.encoding.encoder import embed_texts
from seedbed.encoding.tokens import Truncation
from seedbed.encoding.vectors import EncoderParams, encoder_folder
from seedbed.gate.same_rows import check_classes
from seedbed.gate.verdict import Answers, GateParams, look, sees_in_accuracy
from seedbed.scoring.metrics import Scored
from seedbed.tasks import class_task
from seedbed.training.trainer import ApproachTrainer

RESULT = Path("benchmarks/results/gate.json")
STRENGTH = 10.0  # C of the heads
EQUAL = ("another seed", "another sample")
SHUFFLED = 0.3  # share of the train labels that are shuffled among themselves
PLANTED = (0.01, 0.02, 0.03, 0.05)  # drops in accuracy, of 1
DRAWS = 100
HELD = {"bbc": 425, "banking77": 2000}  # rows that stand in for the test side
MAX_TRAIN = 3000  # of the rows that are left; ten thousand would take hours


def bbc() -> pd.DataFrame:
    rows = read_rows(Path("data/split"))
    return rows[rows["split"] != "test"]


def banking77() -> pd.DataFrame:
    return pd.read_csv(data_folder() / "banking77/train.csv", keep_default_na=False)


SETS: dict[str, Callable[[], pd.DataFrame]] = {"bbc": bbc, "banking77": banking77}


def vectors_of(rows: pd.DataFrame) -> np.ndarray:
    """One vector a text by the project's encoder."""
    folder = encoder_folder(read_params("encoder", EncoderParams))
    return embed_texts(list(rows["text"]), folder, Truncation(128), "float32")


def shuffled(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The labels with a share of them dealt out anew among their rows."""
    chosen = random.random(len(labels)) < SHUFFLED
    labels = labels.copy()
    labels[chosen] = random.permutation(labels[chosen])
    return labels


def said(
    vectors: np.ndarray, labels: np.ndarray, sample: np.ndarray, held: np.ndarray, seed: int
) -> np.ndarray:
    """What a model that learnt from a sample of rows says of the held-out rows."""
    params = ApproachTrainer("feature", head="mlp").params
    rows = feature.Rows(vectors[sample], labels[sample], np.ones(len(sample)), sample)
    head = feature.fitted_head(class_task, rows, STRENGTH, params, seed)
    return head.predict(vectors[held])


def planted(
    answers: Answers, head: np.ndarray, drop: float, random: np.random.Generator
) -> np.ndarray:
    """The head's answers with so large a share of all rows, right before, given a wrong class."""
    right = np.flatnonzero(head == answers.head.labels)
    spoilt = random.choice(right, round(drop * len(head)), replace=False)
    head = head.copy()
    others = random.integers(1, len(answers.classes), len(spoilt))
    head[spoilt] = (head[spoilt] + others) % len(answers.classes)
    return head


class Draw(NamedTuple):
    """Class numbers (rows,): labels of the rows held out, what the base says of them, and what each
    challenger says."""

    labels: np.ndarray
    base: np.ndarray
    heads: dict[str, np.ndarray]


def draw(vectors: np.ndarray, numbers: np.ndarray, held: int, seed: int) -> Draw:
    """One draw of rows and models."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(numbers))
    test, train = order[:held], order[held : held + MAX_TRAIN]
    one, other = (random.choice(train, len(train)) for _ in range(2))
    heads = {
        "another seed": said(vectors, numbers, one, test, 1),
        "another sample": said(vectors, numbers, other, test, 1),
        "shuffled": said(vectors, shuffled(numbers, random), one, test, 1),
    }
    return Draw(numbers[test], said(vectors, numbers, one, test, 0), heads)


def judged_draw(
    one: Draw, classes: list[str], params: GateParams, seed: int
) -> tuple[dict[str, bool], dict[str, float]]:
    """Which challengers fail, and what was measured."""
    random = np.random.default_rng([seed, 1])
    alike, heads = one.heads["another sample"], dict(one.heads)
    answers = Answers(
        classes, *(Scored.of(class_task, one.labels, said) for said in (one.base, alike))
    )
    for share in PLANTED:
        heads[f"planted {share}"] = planted(answers, alike, share, random)
    fails, facts = {}, {"accuracy": float((one.base == one.labels).mean())}
    for name, head in heads.items():
        found = answers._replace(head=head)
        fails[name] = any(limit.fails for limit in look(found, params))
        facts[f"{name} drop"] = float(found.lost.mean())
        facts[f"{name} differs"] = float((one.base != head).mean())
    facts["sees"] = sees_in_accuracy(answers, params)
    even = params.model_copy(update={"power": 0.5})
    facts["fails from"] = sees_in_accuracy(answers, even)
    return fails, facts


def differing_classes(classes: list[str]) -> str:
    """What is said where the challenger has lost a class."""
    try:
        check_classes(set(classes), set(classes[1:]))
    except GateError:
        return "cannot be compared"
    return "compared"


def draws_of(name: str) -> tuple[list[str], list[Draw]]:
    """The classes of a set, and all its draws."""
    rows = SETS[name]()
    classes, numbers = np.unique(rows["label"].to_numpy(dtype=str), return_inverse=True)
    vectors, found = vectors_of(rows), []
    with threadpool_limits(1):
        for seed in range(DRAWS):
            found.append(draw(vectors, numbers, HELD[name], seed))
            print(name, seed + 1, flush=True)
    return classes.tolist(), found


def summary(classes: list[str], draws: list[Draw], params: GateParams) -> dict[str, Any]:
    """How many challengers fail, and the means of what was measured."""
    fails: Counter[str] = Counter()
    facts = []
    for seed, one in enumerate(draws):
        failed, found = judged_draw(one, classes, params, seed)
        fails.update({key: int(value) for key, value in failed.items()})
        facts.append(found)
    table = pd.DataFrame(facts)
    return {
        "rows": len(draws[0].labels),
        "classes": len(classes),
        "draws": len(draws),
        "shuffled_share": SHUFFLED,
        "fails": dict(fails),
        "means": {key: float(value) for key, value in table.mean().items()},
        "drop_sd": {name: float(table[f"{name} drop"].std()) for name in EQUAL},
        "classes_differ": differing_classes(classes),
        "limits": params.model_dump(),
    }


def main(names: list[str]) -> None:
    params = read_params("gate", GateParams)
    for name in names:
        found = summary(*draws_of(name), params)
        before = read_json(RESULT) if RESULT.exists() else {}
        write_json(RESULT, {**before, name: found})


if __name__ == "__main__":
    main(sys.argv[1:] or list(SETS))
