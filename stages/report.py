"""Put the run's figures into one page for a reviewer, and name the dataset's version.

reports/metrics/, data/evaluate/APPROACH/test/, reports/plots/learning/, reports/choice.json,
data/manifest/ -> reports/report.md, reports/dataset.json
"""

import hashlib
from pathlib import Path
from typing import Any

from seedbed import report as page
from seedbed import report_of_training as training
from seedbed.approaches import NAMES
from seedbed.files import read_csv, read_json, write_json, write_text
from seedbed.predictions import Predictions, read_predictions
from seedbed.scoring import holm, mcnemar, paired_difference
from seedbed.split_report import splits
from seedbed.stage import run

STAGES = (
    "collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split", "embed",
    "find_label_errors", "augment", "balance", "tokenize",
)  # fmt: skip
METRICS = Path("reports/metrics")
PREDICTIONS = Path("data/evaluate")
CURVES = Path("reports/plots/learning")
CHOICE = Path("reports/choice.json")
MANIFEST = Path("data/manifest")
REPORT = Path("reports/report.md")
DATASET = Path("reports/dataset.json")


def dataset_version(manifest: Path) -> dict[str, Any]:
    """The dataset's version: a digest of the manifest, with rows and batches."""
    digest = hashlib.sha256()
    batches = {}
    for file in sorted(manifest.glob("*.csv")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
        batches[file.stem] = len(read_csv(file))
    return {"version": digest.hexdigest()[:12], "rows": sum(batches.values()), "batches": batches}


def pairs_with(
    reference: str, predictions: dict[str, Predictions], seeds: dict[str, str]
) -> dict[str, dict[str, Any]]:
    """For every approach but the reference: paired differences, McNemar's p, and p after Holm."""
    base = predictions[reference]
    pairs = {}
    for name, found in predictions.items():
        if name != reference:
            one, other = found.predicted(), base.predicted()
            pairs[name] = paired_difference(
                base.labels, list(one.values()), list(other.values()), base.units()
            )
            pairs[name]["mcnemar"] = mcnemar(base.labels, one[seeds[name]], other[seeds[reference]])
    corrected = holm({name: pair["mcnemar"]["p"] for name, pair in pairs.items()})
    return {name: pair | {"p_holm": corrected[name]} for name, pair in pairs.items()}


def main() -> str:
    stages = {name: read_json(METRICS / f"{name}.json") for name in STAGES}
    validations, tests = (
        {
            name: found
            for name in NAMES
            if (found := read_json(METRICS / "evaluate" / name / f"{side}.json"))["run"]
        }
        for side in ("validation", "test")
    )
    choice = read_json(CHOICE)
    reference = "feature" if "feature" in tests else min(tests)
    predictions = {name: read_predictions(PREDICTIONS / name / "test") for name in tests}
    pairs = pairs_with(
        reference, predictions, {name: found["seed_shown"] for name, found in tests.items()}
    )
    dataset = dataset_version(MANIFEST)
    sections = [
        page.verdict(choice, tests, dataset),
        page.approaches(validations, tests, pairs, reference),
        page.chosen_model(choice["approach"], tests[choice["approach"]]),
        training.out_of_scope(tests),
        page.rows_by_stage(stages),
        splits(stages["split"], stages["embed"]),
        page.diversity(stages),
        page.labels(stages["find_label_errors"]),
        training.cross_validation(read_json(METRICS / "cv.json")),
        training.balance(stages["augment"], stages["balance"]),
        training.ablation(read_json(METRICS / "ablate.json")),
        training.adaptation(read_json(METRICS / "adapt.json")),
        page.privacy(stages["anonymize"]),
        page.tokens(stages["tokenize"]),
        page.curves({name: read_csv(CURVES / f"{name}.csv") for name in tests}),
    ]
    write_json(DATASET, dataset)
    write_text(REPORT, "\n\n".join(section for section in sections if section) + "\n")
    return f"dataset {dataset['version']}, {REPORT}"


if __name__ == "__main__":
    run("report", main)
