"""Put the run's figures into one page for a reviewer, and name the dataset's version.

reports/metrics/, data/evaluate/APPROACH/, reports/plots/learning/, reports/choice.json,
data/manifest/ -> reports/report.md, reports/dataset.json
"""

import hashlib
from pathlib import Path
from typing import Any

import seedbed.reporting.page as page
import seedbed.reporting.scores as scores
import seedbed.reporting.training as training
from seedbed.approaches import NAMES
from seedbed.core.files import read_csv, read_json, write_json, write_text
from seedbed.core.metrics import read_if_run, read_metrics
from seedbed.core.rows import SIDES
from seedbed.core.stage import run
from seedbed.core.stages import METRIC_STAGES
from seedbed.making.ablation import AblateMetrics, AdaptMetrics
from seedbed.reporting.labels import labels, people
from seedbed.reporting.splits import splits
from seedbed.scoring.intervals import resampled_counts
from seedbed.scoring.paired_tests import pairs_with
from seedbed.scoring.predictions import read_predictions
from seedbed.training.cross_validation import CvMetrics
from seedbed.training.learning_curves import LearningCurveMetrics

METRICS = Path("reports/metrics")
PREDICTIONS = Path("data/evaluate")
CURVES = Path("reports/plots/learning")
CHOICE = Path("reports/choice.json")
MANIFEST = Path("data/manifest")
COUNTS = "counts.csv"  # what split writes in place of too many rows
REPORT = Path("reports/report.md")
DATASET = Path("reports/dataset.json")


def dataset_version(manifest: Path) -> dict[str, Any]:
    """The dataset's version: a digest of the manifest, with rows and batches."""
    digest = hashlib.sha256()
    batches = {}
    for file in sorted(manifest.glob("*.csv")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
        lines = read_csv(file)
        if file.name == COUNTS:
            batches = {one["batch"]: sum(int(one[side]) for side in SIDES) for one in lines}
        else:
            batches[file.stem] = len(lines)
    return {"version": digest.hexdigest()[:12], "rows": sum(batches.values()), "batches": batches}


def pairs_on(
    side: str, found: dict[str, dict[str, Any]], choice: dict[str, Any]
) -> tuple[str, dict[str, dict[str, Any]]]:
    """The reference, which is the chosen approach, and every other approach beside it."""
    predictions = {name: read_predictions(PREDICTIONS / name / side) for name in found}
    reference = choice["approach"]
    samples = resampled_counts(predictions[reference].units())
    seeds = {name: one["seed_shown"] for name, one in found.items()}
    return reference, pairs_with(reference, predictions, seeds, samples)


def main() -> str:
    stages = {name: read_json(METRICS / f"{name}.json") for name in METRIC_STAGES}
    found = {
        side: {
            name: one
            for name in NAMES
            if (one := read_json(METRICS / "evaluate" / name / f"{side}.json"))["run"]
        }
        for side in ("validation", "test")
    }
    choice, dataset = read_json(CHOICE), dataset_version(MANIFEST)
    chosen = choice["approach"]
    references, pairs = {}, {}
    for side, one in found.items():
        references[side], pairs[side] = pairs_on(side, one, choice)
    tests = found["test"]
    sections = [
        page.verdict(choice, tests, dataset),
        scores.approaches(found["validation"], tests, pairs, references),
        scores.budgets(choice),
        scores.chosen_model(chosen, tests[chosen]),
        scores.behaviour(chosen, found["validation"][chosen]["behaviour"]),
        training.out_of_scope(tests),
        page.rows_by_stage(stages),
        splits(stages["split"], stages["embed"]),
        page.diversity(stages),
        labels(stages["find_label_errors"]),
        people(tests[chosen]),
        training.cross_validation(read_if_run(METRICS / "cv.json", CvMetrics)),
        training.balance(stages["augment"], stages["balance"]),
        training.ablation(read_metrics(METRICS / "ablate.json", AblateMetrics)),
        scores.learning_curve(read_if_run(METRICS / "learning_curve.json", LearningCurveMetrics)),
        training.adaptation(read_if_run(METRICS / "adapt.json", AdaptMetrics)),
        page.privacy(stages["anonymize"]),
        page.tokens(stages["tokenize"]),
        scores.curves({name: read_csv(CURVES / f"{name}.csv") for name in tests}),
    ]
    write_json(DATASET, dataset)
    write_text(REPORT, "\n\n".join(section for section in sections if section) + "\n")
    return f"dataset {dataset['version']}, {REPORT}"


if __name__ == "__main__":
    run("report", main)
