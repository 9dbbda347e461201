"""Label errors in sets of labels: planted ones, and those of a heuristic against people.

python -m benchmarks.label_error_sets -> benchmarks/results/label_error_sets.json

aclsum (`pip install --no-deps aclsum==0.1.2`): 250 papers whose sentences people marked as
challenge, approach and outcome, and the marks of a heuristic beside. Train and validation alone
are read; folds hold whole papers. Planted: every label of every row flipped with 5 % probability,
so that sets lack labels and have extra ones. `missing` ranks pairs of a row and a label that it
lacks, `extra` those of a row and a label that it has, `rows` whole rows; cleanlab's scores are of
the same out-of-fold probabilities. The form of the posterior and the power of the noise were chosen
on these figures, so they are not held out.
"""

import hashlib
import json
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from benchmarks.label_errors import DEFAULT, encoded
from seedbed.core.errors import SourceError
from seedbed.core.files import write_json
from seedbed.label_errors import sets
from seedbed.label_errors.out_of_fold import Near, ensemble, near_rows
from seedbed.label_errors.ranking import DIGITS
from seedbed.tasks import labels_task

RESULT = Path("benchmarks/results/label_error_sets.json")
ASPECTS = ("approach", "challenge", "outcome")
SIDES = ("train", "val")  # never test
FLIPPED, SEEDS, FOLDS = 0.05, (0, 1, 2), 5


class Sentences(NamedTuple):
    """Texts with paper, fold and batch; what people and the heuristic marked, (rows, 3) each."""

    rows: pd.DataFrame
    people: np.ndarray
    heuristic: np.ndarray


def aclsum() -> Path:
    """The folder of the data. Raises SourceError where the package is missing."""
    spec = find_spec("aclsum")
    if spec is None or not spec.submodule_search_locations:
        step = "run `pip install --no-deps aclsum==0.1.2`"
        raise SourceError("aclsum", "the package is not installed", "version 0.1.2", step)
    return Path(spec.submodule_search_locations[0]) / "dataset"


def sentences(folder: Path) -> Sentences:
    """Read train and validation; a paper's fold is by hash."""
    rows: list[tuple[str, str]] = []
    marks: dict[str, list[list[int]]] = {"highlights": [], "heuristic_highlights": []}
    for side in SIDES:
        for line in (folder / f"{side}.jsonl").read_text(encoding="utf-8").splitlines():
            paper = json.loads(line)
            for section, texts in paper["sentences"].items():
                rows += [(paper["id"], text) for text in texts]
                for kind, found in marks.items():
                    found += zip(*(paper[kind][name][section] for name in ASPECTS), strict=True)
    frame = pd.DataFrame(rows, columns=["paper", "text"])
    folds = [int(hashlib.sha256(one.encode()).hexdigest(), 16) % FOLDS for one in frame["paper"]]
    people, heuristic = (np.array(found, dtype=np.int8) for found in marks.values())
    return Sentences(frame.assign(text_pair="", batch="a", fold=folds), people, heuristic)


def cleanlab_scores(given: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """cleanlab's scores as they come: of each label (rows, labels), and of each row (rows,)."""
    from cleanlab.internal.multilabel_utils import onehot2int
    from cleanlab.multilabel_classification import get_label_quality_scores
    from cleanlab.multilabel_classification.rank import get_label_quality_scores_per_class

    labels = onehot2int(given)
    of_labels = get_label_quality_scores_per_class(labels, probabilities)
    return of_labels, get_label_quality_scores(labels, probabilities)


def average_precisions(
    wrong: np.ndarray, given: np.ndarray, scores: np.ndarray, of_rows: np.ndarray
) -> dict[str, float]:
    """Average precision of missing and of extra labels, and of rows with either."""
    kinds = {"missing": given == 0, "extra": given == 1}
    found = {
        kind: float(average_precision_score(wrong[among], 1 - scores[among]))
        for kind, among in kinds.items()
    }
    return found | {"rows": float(average_precision_score(wrong.any(1), 1 - of_rows))}


def ranked(found: Sentences, given: np.ndarray, vectors: np.ndarray, near: Near) -> dict[str, dict]:
    """Each ranking's figures where `given` is on the rows, and the numbers of wrong labels."""
    rows = found.rows.assign(label=labels_task.labels(given, ASPECTS))
    probabilities = ensemble(labels_task, DEFAULT, rows, vectors, near=near).round(DIGITS)
    folds, every, wrong = rows["fold"].to_numpy(), np.ones(len(rows), bool), given != found.people
    of_labels, of_rows = cleanlab_scores(given, probabilities)
    figures = {"cleanlab": average_precisions(wrong, given, of_labels, of_rows)}
    default = sets.NOISE_POWER
    for power in (default, 0.0, 1.0):
        sets.NOISE_POWER = power
        quality = sets.label_quality(given, probabilities, folds, every)
        scores = np.where(given == 1, quality, 1 - quality)
        name = "posterior" if power == default else f"posterior, noise to the power of {power:g}"
        figures[name] = average_precisions(wrong, given, scores, scores.prod(1))
    sets.NOISE_POWER = default
    counts = {"missing": (wrong & (given == 0)).sum(), "extra": (wrong & (given == 1)).sum()}
    return figures | {"wrong": {kind: int(count) for kind, count in counts.items()}}


def main() -> None:
    found = sentences(aclsum())
    vectors = encoded(list(found.rows["text"]))
    near = near_rows(vectors, list(found.rows["batch"]))
    planted = []
    for seed in SEEDS:
        flips = np.random.default_rng(seed).random(found.people.shape) < FLIPPED
        given = np.where(flips, 1 - found.people, found.people).astype(np.int8)
        planted.append(ranked(found, given, vectors, near))
        print(json.dumps(planted[-1]), flush=True)
    result = {
        "rows": len(found.rows),
        "flipped": FLIPPED,
        "planted": planted,
        "heuristic": ranked(found, found.heuristic, vectors, near),
    }
    write_json(RESULT, result)
    print(json.dumps(result["heuristic"], indent=2))


if __name__ == "__main__":
    main()
