"""Fine-tuning on sets of labels: every approach beside one-vs-rest regressions and a heuristic.

python -m benchmarks.sets -> benchmarks/results/sets.json

aclsum (see benchmarks/label_error_sets.py) goes through the stages as a project of its own in a
temporary worktree of HEAD: sides as the corpus gives them, groups are papers, three seeds, all
parameters as they come but the template of prompts. References see the same rows: on the vectors of
the frozen encoder and on TF-IDF, a regression a label that predicts from one half, its C by
validation macro-F1; and the labels of the corpus's heuristic. Which approach and which reference
are compared, validation says. Test rows are read once a run (benchmarks/test_reads.csv).
"""

import json
import os
import subprocess
import sys
from collections.abc import Collection
from contextlib import chdir
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from ruamel.yaml import YAML
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain

from benchmarks.label_error_sets import ASPECTS, aclsum
from benchmarks.one_source import make_project
from benchmarks.speed_between import checked_out
from seedbed.approaches import NAMES
from seedbed.core.files import read_json, write_json
from seedbed.core.metrics import EVALUATE
from seedbed.core.rows import CURVES, EMBED, PREDICTIONS, SPLIT, read_rows
from seedbed.core.stage import STAGES
from seedbed.encoding.vectors import read_vectors
from seedbed.scoring.intervals import headline, paired_difference
from seedbed.scoring.metrics import Scored, clusters_of, macro_f1
from seedbed.scoring.predictions import Predictions, read_predictions
from seedbed.scoring.significance import mcnemar
from seedbed.tasks import labels_task

RESULT = Path("benchmarks/results/sets.json")
SIDES = {"train": "train", "val": "validation", "test": "test"}
SEEDS = [0, 1, 2]
STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
SHOWN = ("macro_f1", "micro_f1", "exact_match")
FILE = "data/raw/aclsum.jsonl"
TEMPLATE = "This sentence tells the {label} of a paper."


def written(folder: Path, file: Path) -> list[list[str]]:
    """Write the sentences as a source, and give the heuristic's labels of each line."""
    heuristic = []
    with open(file, "w", encoding="utf-8") as out:
        for name, side in SIDES.items():
            for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
                paper = json.loads(line)
                for section, texts in paper["sentences"].items():
                    for place, text in enumerate(texts):
                        people, others = (
                            [one for one in ASPECTS if paper[kind][one][section][place]]
                            for kind in ("highlights", "heuristic_highlights")
                        )
                        row = {"text": text, "topics": people, "paper": paper["id"], "side": side}
                        out.write(json.dumps(row) + "\n")
                        heuristic.append(others)
    return heuristic


def prepared(tree: Path) -> list[list[str]]:
    """Make the worktree a project of these sentences; give what `written` does."""

    def change(content: dict[str, Any]) -> None:
        content["task"]["kind"] = labels_task.NAME
        content["split"] |= {"way": "given", "validation_share": 0.0}
        content["finetune"]["seeds"] = SEEDS
        content["approaches"]["prompt"] |= {"template": TEMPLATE, "descriptions": {}}

    columns = {"text": "text", "label": "topics", "group": "paper", "split": "side"}
    source = {"name": "aclsum", "kind": "file", "path": FILE, "columns": columns,
              "batch": "2024-03-aclsum", "licence": "MIT"}  # fmt: skip
    make_project(tree, source, change)
    return written(aclsum(), tree / FILE)


def run(tree: Path) -> None:
    """Run every stage up to the choice of an approach, in order."""
    for stage in STAGES:
        if stage.name in ("finetune", "evaluate"):
            for approach in NAMES:
                run_stage(tree, stage.name, approach)
        else:
            run_stage(tree, stage.name)
        if stage.name == "select":
            return


def run_stage(tree: Path, *command: str) -> None:
    """Run a stage with its arguments in the worktree."""
    line = [sys.executable, "-m", f"stages.{command[0]}", *command[1:]]
    environment = os.environ | {"PYTHONPATH": str(tree)}
    subprocess.run(line, cwd=tree, env=environment, check=True)


class Rows(NamedTuple):
    """The rows of one side with their vectors, targets, clusters, and lines of the source."""

    texts: list[str]
    vectors: np.ndarray
    targets: np.ndarray
    clusters: np.ndarray
    lines: list[int]

    @classmethod
    def of(cls, rows: pd.DataFrame, vectors: np.ndarray) -> "Rows":
        """Take rows of a folder, and their vectors."""
        return cls(
            list(rows["text"]),
            vectors,
            labels_task.targets(rows["label"], ASPECTS),
            clusters_of(list(rows["id"]), list(rows["group"])),
            [json.loads(one)["line"] - 1 for one in rows["provenance"]],
        )

    def scored(self, predicted: np.ndarray) -> Scored:
        """These rows with the predictions."""
        return Scored.of(labels_task, self.targets, predicted, None, self.clusters)


def vectors_of(rows: dict[str, Rows]) -> dict[str, np.ndarray]:
    """The vectors of each side."""
    return {side: one.vectors for side, one in rows.items()}


def best_of(
    kind: type, features: dict[str, Any], rows: dict[str, Rows], **settings: Any
) -> tuple[float, np.ndarray]:
    """The validation macro-F1 and the test predictions of scikit-learn's regressions, which predict
    from one half, of the C that is best on validation."""
    best = (-1.0, np.empty(0))
    for strength in STRENGTHS:
        model = kind(LogisticRegression(C=strength, max_iter=2000), **settings)
        model.fit(features["train"], rows["train"].targets)
        said = rows["validation"].scored(model.predict(features["validation"]).astype(np.int8))
        score = float(macro_f1(said)[0])
        if score > best[0]:
            best = (score, model.predict(features["test"]).astype(np.int8))
    return best


def chains(rows: dict[str, Rows]) -> dict[str, float]:
    """Validation macro-F1 of independent regressions, and of chains of them in a drawn order, by
    the best C and thresholds of each there."""
    train, held_out = rows["train"], rows["validation"]

    def best(kind: type, **settings: Any) -> float:
        scores = []
        for strength in STRENGTHS:
            model = kind(LogisticRegression(C=strength, max_iter=2000), **settings)
            given = model.fit(train.vectors, train.targets).predict_proba(held_out.vectors)
            cuts = labels_task.thresholds(held_out.targets, given)
            said = labels_task.decode(labels_task.ruled(given, cuts))
            scores.append(float(macro_f1(held_out.scored(said))[0]))
        return max(scores)

    found = {"independent": best(OneVsRestClassifier)}
    for seed in SEEDS:
        found[f"chain {seed}"] = best(ClassifierChain, order="random", random_state=seed)
    return found


def positive_weights(tree: Path) -> dict[str, float]:
    """Validation macro-F1 of `full` with each kind of positive weights, of the first seed."""
    yaml, params, found = YAML(), tree / "params.yaml", {}
    content = yaml.load(params)
    content["finetune"]["seeds"] = SEEDS[:1]
    for how in ("none", "sqrt", "inverse"):
        content["training"]["positive_weights"] = how
        yaml.dump(content, params)
        run_stage(tree, "finetune", "full")
        curve = pd.read_csv(tree / CURVES / "full.csv")
        found[how] = float(curve["validation_macro_f1"].max())
    return found


def references(
    rows: dict[str, Rows], heuristic: list[list[str]]
) -> dict[str, tuple[float, np.ndarray]]:
    """The validation macro-F1 and the test predictions of each reference."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    words.fit(rows["train"].texts)
    counted = {side: words.transform(one.texts) for side, one in rows.items()}
    marked = {
        side: labels_task.targets(
            [labels_task.label_of(heuristic[line]) for line in one.lines], ASPECTS
        )
        for side, one in rows.items()
    }
    score = float(macro_f1(rows["validation"].scored(marked["validation"]))[0])
    return {
        "one-vs-rest, vectors": best_of(OneVsRestClassifier, vectors_of(rows), rows),
        "one-vs-rest, TF-IDF": best_of(OneVsRestClassifier, counted, rows),
        "heuristic": (score, marked["test"]),
    }


def figures(by_seed: Collection[Scored]) -> dict[str, Any]:
    """The figures that the page shows, with their intervals."""
    found = headline({str(number): one for number, one in enumerate(by_seed)})
    return {name: found[name].model_dump() for name in SHOWN}


def difference(one: Collection[Scored], other: Collection[Scored]) -> dict[str, Any]:
    """The differences of what is shown, and the p-value of random signs of the rows' differences of
    right, the mean over seeds."""
    of_labels = [[scored._replace(probabilities=None) for scored in part] for part in (one, other)]
    found = paired_difference(of_labels[0], of_labels[1])
    right = [np.mean([scored.right for scored in part], axis=0) for part in (one, other)]
    test = mcnemar(right[0], right[1])
    return {name: found[name].model_dump() for name in SHOWN} | {"p": test.p}


def at_one_half(ruled: Predictions, thresholds: dict[str, list[float]]) -> list[Scored]:
    """What each seed predicts without thresholds: where the rule has put one half."""
    found = []
    for seed, scored in ruled.scored().items():
        half = labels_task.ruled(np.full((1, len(ASPECTS)), 0.5), thresholds[seed])
        predicted = (ruled.probabilities[seed] >= half).astype(np.int8)
        found.append(scored._replace(predicted=predicted, probabilities=None))
    return found


def compared(tree: Path, heuristic: list[list[str]]) -> dict[str, Any]:
    """Figures of every approach and reference on the test rows, and the paired differences."""
    with chdir(tree):
        of: dict[str, dict[str, Predictions]] = {
            approach: {
                side: read_predictions(PREDICTIONS / approach / side, labels_task)
                for side in ("validation", "test")
            }
            for approach in NAMES
        }
        rows = read_rows(SPLIT).set_index("id", drop=False)
        train = rows[rows["split"] == "train"]
        parts = {"train": train} | {
            side: rows.loc[found.ids] for side, found in of[NAMES[0]].items()
        }  # in the order of the predictions
        sides = {
            side: Rows.of(part, read_vectors(EMBED, list(part["id"]))[0])
            for side, part in parts.items()
        }
    found_by = references(sides, heuristic)
    others = {name: [sides["test"].scored(said)] for name, (_, said) in found_by.items()}
    result: dict[str, Any] = {"rows": {side: len(one.texts) for side, one in sides.items()}}
    result["chains, validation macro-F1"] = chains(sides)
    result["references"] = {
        name: {"test": figures(scored), "validation": found_by[name][0]}
        for name, scored in others.items()
    }
    result["positive_weights"] = YAML().load(tree / "params.yaml")["training"]["positive_weights"]
    result["approaches"] = {}
    for approach, found in of.items():
        ruled = found["test"].scored().values()  # evaluate applies the rule before it writes
        validation = read_json(tree / EVALUATE / approach / "validation.json")
        plain = at_one_half(found["test"], validation["thresholds"])
        result["approaches"][approach] = {
            "test": figures(ruled),
            "at one half": figures(plain),
            "thresholds against one half": difference(ruled, plain),
            "validation": figures(found["validation"].scored().values()),
            "against": {name: difference(ruled, scored) for name, scored in others.items()},
        }
    return result


def main() -> None:
    with checked_out("HEAD") as tree:
        heuristic = prepared(tree)
        run(tree)
        result = compared(tree, heuristic)
        write_json(RESULT, result)
        result["positive weights, validation macro-F1 of full"] = positive_weights(tree)
    write_json(RESULT, result)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
