"""Questions that no intent is right for: told by a class of their own, or by a confidence.

DATA=FOLDER python -m benchmarks.out_of_scope -> benchmarks/results/out_of_scope.json

The train questions of banking77, cut by hash into train, validation and the part that is scored.
A tenth of the intents is left out and is out of scope, in domain; as many messages of sms_spam are
out of scope in general. The test file is not read. The frozen encoder with a logistic regression,
as the feature approach.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from benchmarks.public_sets import data_folder
from seedbed.core.files import write_json
from seedbed.core.params import read_params
from seedbed.core.rows import OUTSIDE
from seedbed.encoding.vectors import EncoderParams, embedded
from seedbed.scoring.confidence import detection
from seedbed.splitting.sides import side_of
from seedbed.tasks import class_task

RESULT = Path("benchmarks/results/out_of_scope.json")
SEEDS = (0, 1, 2, 3, 4)
LEFT_OUT = 10  # each tenth intent by name


def rows_of(data: Path) -> pd.DataFrame:
    """Questions and messages with their kind ("" in scope) and class number, OUTSIDE of scope."""
    questions = pd.read_csv(data / "banking77/train.csv", keep_default_na=False)
    intents = sorted(set(questions["label"]))
    kept = [name for place, name in enumerate(intents) if place % LEFT_OUT]
    number = {name: place for place, name in enumerate(kept)}
    questions["number"] = questions["label"].map(number).fillna(OUTSIDE).astype(int)
    questions["kind"] = np.where(questions["number"] == OUTSIDE, "in_domain", "")
    messages = pd.read_csv(next((data / "sms_spam").glob("*.csv")), keep_default_na=False)
    count = int((questions["kind"] == "in_domain").sum())
    messages = messages.sample(count, random_state=0).assign(number=OUTSIDE, kind="general")
    columns = ["text", "number", "kind"]
    return pd.concat([questions[columns], messages[columns]], ignore_index=True)


def measured(rows: pd.DataFrame, vectors: np.ndarray, seed: int) -> dict[str, dict]:
    """Figures of both ways on the scored part of one split."""
    side = np.array([side_of(seed, str(row), 0.2, 0.3) for row in rows.index])
    labels, kinds = rows["number"].to_numpy(), rows["kind"].to_numpy(dtype=object)
    classes = int(labels.max()) + 1
    found = {}
    for how in ("class", "threshold"):
        own = np.where(labels == OUTSIDE, classes, labels) if how == "class" else labels
        train = (side == "train") & (own != OUTSIDE)
        head = LogisticRegression(C=10.0, max_iter=2000).fit(vectors[train], own[train])
        given = {part: head.predict_proba(vectors[side == part]) for part in ("validation", "test")}
        outside, limits = classes if how == "class" else OUTSIDE, []
        if how == "threshold":
            limits = class_task.thresholds(labels[side == "validation"], given["validation"])
        part = side == "test"
        found[how] = detection(
            class_task,
            "out_of_scope",
            labels[part] == OUTSIDE,
            given["test"],
            outside,
            limits,
            kinds[part],
            np.arange(part.sum()),
        )
    return found


def main() -> None:
    rows = rows_of(data_folder())
    vectors = embedded(
        list(rows["text"]), read_params("encoder", EncoderParams), Path("data/split")
    )
    runs = [measured(rows, vectors, seed) for seed in SEEDS]
    lines = []
    for how in ("class", "threshold"):
        for kind in ("in_domain", "general"):
            of_kind = [run[how].by_kind[kind] for run in runs]
            figures = {
                "auroc": [found.auroc.mean for found in of_kind],
                "false_positive_rate_at_95_recall": [
                    found.false_positive_rate_at_95_recall for found in of_kind
                ],
                "recall": [found.recall for found in of_kind],
                "in_scope_flagged_share": [run[how].in_scope_flagged_share for run in runs],
            }
            means = {
                name: {"mean": float(np.mean(values)), "sd": float(np.std(values, ddof=1))}
                for name, values in figures.items()
            }
            lines.append({"how": how, "kind": kind, "rows": of_kind[0].rows, **means})
    write_json(RESULT, {"seeds": len(SEEDS), "lines": lines})
    for line in lines:
        print(line)


if __name__ == "__main__":
    main()
