"""Label errors on noise of real people, and on injected noise beside it.

DATA=FOLDER python -m benchmarks.label_errors -> benchmarks/results/label_errors.json

noisy_ag_news has the label that a person gave and the true one. Models see the given labels alone;
the true ones only count what was found. Mechanism and constants were chosen on the half of the rows
whose id is even (and on other sets); the other half confirms. The fine-tuned model's probabilities
are those of stage cv, kept in .seedbed/ once made (some 25 minutes on two cores). The clean test
half is read once, for the accuracy after policy drop.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from benchmarks.public_sets import data_folder
from seedbed.core.files import write_json
from seedbed.core.params import read_params
from seedbed.core.rows import DEFAULTS, read_rows
from seedbed.encoding.vectors import EncoderParams, embedded, vectors_of
from seedbed.label_errors.out_of_fold import MODELS, ensemble
from seedbed.label_errors.ranking import (
    PolicyParams,
    apply_policy,
    candidates,
    confident_joint,
    judge_labels,
    label_quality,
)
from seedbed.splitting.splits import stratified_folds
from seedbed.tasks import class_task
from seedbed.training.resampling import read_out_of_fold, write_out_of_fold
from stages.cv import Params as CvParams, out_of_fold

RESULT = Path("benchmarks/results/label_errors.json")
FINE_TUNED = Path(".seedbed/benchmarks/label_errors/full.parquet")
SPLIT, VECTORS = Path("data/split"), Path("data/embed")
FOLDS, SEEDS, REVIEWED, FLIPPED = 5, (0, 1, 2, 3, 4), 0.2, 0.05
DRAWN = 0.8  # of the train rows, a draw
STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
DEFAULT = [*MODELS]


def noisy_rows(file: Path) -> pd.DataFrame:
    """Rows sorted by id, with label (given), true, and fold; made as split makes them."""
    read = pd.read_csv(file, keep_default_na=False)
    rows = pd.DataFrame([DEFAULTS] * len(read)).drop(columns="fold")
    ids = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in read["text"]]
    rows = rows.assign(id=ids, text=read["text"], label=read["given_label"], split="train")
    rows = rows.assign(true=read["true_label"], batch="2026-01-news")
    rows = rows.sort_values("id", ignore_index=True)
    return rows.assign(fold=stratified_folds(rows, FOLDS, 0, class_task))


def encoded(texts: list[str]) -> np.ndarray:
    """Vectors by the encoder of params.yaml, (texts, width)."""
    return embedded(texts, read_params("encoder", EncoderParams), SPLIT)


def fine_tuned(rows: pd.DataFrame) -> np.ndarray:
    """Out-of-fold probabilities of approach full, as stage cv makes them: (rows, classes)."""
    classes = sorted(set(rows["label"]))
    if not FINE_TUNED.exists():
        from seedbed.training.trainer import ApproachTrainer, RowPool

        pool = RowPool(class_task, rows, read_params("encoder", EncoderParams), VECTORS, SPLIT)
        params = read_params("cv", CvParams)
        found = out_of_fold(rows, pool, ApproachTrainer("full"), classes, params)
        FINE_TUNED.parent.mkdir(parents=True, exist_ok=True)
        write_out_of_fold(FINE_TUNED, list(rows["id"]), found, classes)
    return read_out_of_fold(FINE_TUNED, list(rows["id"]), classes)


def numbers_of(labels: pd.Series) -> np.ndarray:
    """Class numbers, classes sorted by name."""
    return np.unique(labels.to_numpy(dtype=object), return_inverse=True)[1]


def doubt(labels: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """How doubtful each label is: 1 - its quality."""
    return 1 - quality[np.arange(len(labels)), labels]


def ranked(wrong: np.ndarray, doubts: np.ndarray, confirming: np.ndarray) -> dict[str, float]:
    """Average precision on all rows and on the confirming half, its 95 % bootstrap interval over
    rows, and recall where the most doubtful fifth is reviewed."""
    random, number = np.random.default_rng(0), len(wrong)
    draws = [random.integers(0, number, number) for _ in range(500)]
    low, high = np.quantile(
        [average_precision_score(wrong[draw], doubts[draw]) for draw in draws], [0.025, 0.975]
    )
    top = np.argsort(-doubts, kind="stable")[: int(REVIEWED * number)]
    return {
        "average_precision": float(average_precision_score(wrong, doubts)),
        "low": float(low),
        "high": float(high),
        "confirming_half": float(average_precision_score(wrong[confirming], doubts[confirming])),
        "recall": float(wrong[top].sum() / wrong.sum()),
    }


def real_noise(rows: pd.DataFrame, vectors: np.ndarray) -> list[dict[str, Any]]:
    """Each ranking on the given labels: Seedbed's, and cleanlab's scores of the same models."""
    from cleanlab.rank import get_label_quality_scores

    labels, folds = numbers_of(rows["label"]), rows["fold"].to_numpy()
    wrong = (rows["label"] != rows["true"]).to_numpy()
    confirming = np.array([int(row, 16) % 2 == 1 for row in rows["id"]])
    every, tuned = np.ones(len(rows), dtype=bool), fine_tuned(rows)
    parts = {name: ensemble(class_task, [name], rows, vectors) for name in DEFAULT} | {
        "full": tuned
    }
    lines = []

    def add(models: list[str], ranking: str, doubts: np.ndarray) -> None:
        figures = ranked(wrong, doubts, confirming)
        lines.append({"models": models, "ranking": ranking, **figures})

    for models in ([*DEFAULT], [*DEFAULT, "full"], ["full"], ["neighbours", "full"], ["linear"],
                   ["neighbours"], ["words"]):  # fmt: skip
        mean = np.mean([parts[name] for name in models], axis=0)
        for ranking in ("posterior", "self_confidence"):
            add(models, ranking, doubt(labels, label_quality(labels, mean, folds, every, ranking)))
    for method in ("self_confidence", "normalized_margin", "confidence_weighted_entropy"):
        scores = get_label_quality_scores(labels, parts["linear"] + 1e-9, method=method)
        add(["linear"], f"cleanlab {method}", 1 - scores)
    return lines


def head(vectors: np.ndarray, labels: np.ndarray) -> LogisticRegression:
    """Logistic regression, its strength chosen on folds of these rows by log-loss."""
    parts = list(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(vectors, labels))

    def loss(strength: float) -> float:
        model = LogisticRegression(C=strength, max_iter=500)
        found = cross_val_predict(model, vectors, labels, cv=parts, method="predict_proba")
        return log_loss(labels, found)

    return LogisticRegression(C=min(STRENGTHS, key=loss), max_iter=500).fit(vectors, labels)


def kept_by(rows: pd.DataFrame, vectors: np.ndarray) -> dict[str, np.ndarray]:
    """Which rows (bool) stay after policy drop with the share of params.yaml, and after
    cleanlab's own flags on the linear head."""
    from cleanlab.filter import find_label_issues

    labels, folds = numbers_of(rows["label"]), rows["fold"].to_numpy()
    classes, every = np.unique(rows["label"]), np.ones(len(rows), dtype=bool)
    probabilities = ensemble(class_task, DEFAULT, rows, vectors)
    quality = label_quality(labels, probabilities, folds, every, "posterior")
    joint = confident_joint(labels, probabilities, calibrated=True)
    found = judge_labels(class_task, labels, probabilities, quality, 0.5, every, joint)
    judged = rows[["id", "split", "label"]].assign(
        suggested=classes[found.suggested], score=found.score, reason=found.reason, nearest=""
    )
    params = PolicyParams(policy="drop", max_score=None, max_share=0.2, suspect_weight=1.0)
    after, _ = apply_policy(
        class_task, rows, candidates(judged.assign(judged=True), set(), params), params
    )
    flagged = find_label_issues(labels, ensemble(class_task, ["linear"], rows, vectors), n_jobs=1)
    return {"drop": rows["id"].isin(after["id"]).to_numpy(), "cleanlab": ~flagged}


def after_drop(rows: pd.DataFrame, vectors: np.ndarray, test: Path) -> dict[str, Any]:
    """Accuracy on clean rows of heads tuned on the noisy labels, on those that are left, and on the
    true labels: each draw's, and the share of the gap that is closed with its 95 % t interval."""
    clean = pd.read_csv(test, keep_default_na=False)
    texts, answers = encoded(list(clean["text"])), clean["true_label"].to_numpy(dtype=object)
    draws = []
    for seed in SEEDS:
        drawn = np.random.default_rng(seed).random(len(rows)) < DRAWN
        some, inputs = rows[drawn].reset_index(drop=True), vectors[drawn]
        given, true = (some[name].to_numpy(dtype=object) for name in ("label", "true"))
        scores = {
            name: float((head(inputs[part], labels[part]).predict(texts) == answers).mean())
            for name, labels, part in [
                ("noisy", given, np.ones(len(some), dtype=bool)),
                ("true", true, np.ones(len(some), dtype=bool)),
                *((name, given, part) for name, part in kept_by(some, inputs).items()),
            ]
        }
        draws.append(scores)
        print(json.dumps(scores), flush=True)
    closed = {}
    for name in ("drop", "cleanlab"):
        shares = [(one[name] - one["noisy"]) / (one["true"] - one["noisy"]) for one in draws]
        mean, spread = np.mean(shares), np.std(shares, ddof=1) / len(shares) ** 0.5
        half = student.ppf(0.975, len(shares) - 1) * spread
        closed[name] = {"mean": float(mean), "low": float(mean - half), "high": float(mean + half)}
    return {"rows": len(clean), "draws": draws, "closed": closed}


def injected(seed: int) -> dict[str, float]:
    """Average precision on BBC where a share of the labels is flipped to any other class."""
    rows = read_rows(SPLIT)
    vectors = vectors_of(rows, VECTORS, read_params("encoder", EncoderParams), SPLIT)
    classes, true = np.unique(rows["label"].to_numpy(dtype=object), return_inverse=True)
    random, labels = np.random.default_rng(seed), true.copy()
    hit = random.choice(len(rows), round(FLIPPED * len(rows)), replace=False)
    labels[hit] = (true[hit] + random.integers(1, len(classes), len(hit))) % len(classes)
    rows["label"] = classes[labels].astype(str)
    probabilities, every = (
        ensemble(class_task, DEFAULT, rows, vectors),
        np.ones(len(rows), dtype=bool),
    )
    return {
        ranking: float(
            average_precision_score(
                labels != true,
                doubt(
                    labels,
                    label_quality(labels, probabilities, rows["fold"].to_numpy(), every, ranking),
                ),
            )
        )
        for ranking in ("posterior", "self_confidence")
    }


def main() -> None:
    data = data_folder() / "noisy_ag_news"
    rows = noisy_rows(data / "train.csv")
    vectors = encoded(list(rows["text"]))
    result: dict[str, Any] = {
        "rows": len(rows),
        "wrong_share": float((rows["label"] != rows["true"]).mean()),
        "real": real_noise(rows, vectors),
        "injected": [injected(seed) for seed in SEEDS],
    }
    for line in result["real"]:
        print(json.dumps(line), flush=True)
    print(result["injected"], flush=True)
    result["after_drop"] = after_drop(rows, vectors, data / "test_clean.csv")
    write_json(RESULT, result)
    print(json.dumps(result["after_drop"]["closed"], indent=2))


if __name__ == "__main__":
    main()
