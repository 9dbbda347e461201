"""Choose the approach by validation alone; of equals the one with the fewest trainable parameters.

models/APPROACH/, data/evaluate/APPROACH/validation/, reports/metrics/evaluate/APPROACH/
validation.json of each approach -> models/best/, reports/choice.json
"""

import shutil

from seedbed.approaches import NAMES
from seedbed.cleaning.rules import CleanParams, rules_wanted
from seedbed.core.errors import ModelError
from seedbed.core.files import BEST, MODELS, fresh_folder, write_text
from seedbed.core.metrics import CHOICE, EVALUATE, write_metrics
from seedbed.core.params import read_params
from seedbed.core.rows import PREDICTIONS
from seedbed.core.stage import script
from seedbed.private.kinds import AnonymizeParams
from seedbed.scoring.metrics_files import Validation, read_validation
from seedbed.scoring.predictions import choice, read_predictions
from seedbed.serving.model_folder import Serving, TextPreparation, model_readme, write_serving
from seedbed.tasks import ClassTask
from seedbed.tasks.named import read_class_task
from seedbed.training.models import read_card, write_digests


def serving_of(task: ClassTask, validation: Validation, classes: list[str]) -> Serving:
    """Collect what predictions need, from the chosen approach's figures and params.yaml."""
    outside = read_params("negatives.label", str)
    thresholds = validation.thresholds.get(validation.seed_shown, [])
    detects = outside in task.ruled_classes(classes, outside, thresholds)
    return Serving(
        paired=validation.paired,
        temperature=validation.calibration.temperature,
        outside=outside if detects else "",
        thresholds=thresholds,
        precision=read_params("encoder.precision", str),
        preparation=TextPreparation(
            rules=rules_wanted(read_params("clean", CleanParams)),
            anonymize=read_params("anonymize", AnonymizeParams),
        ),
    )


@script
def main() -> str:
    validations = {name: found for name in NAMES if (found := read_validation(name, EVALUATE))}
    if not validations:
        raise ModelError(
            "params.yaml: approaches",
            "every approach has run: false",
            "at least one with run: true",
            "set one to true",
        )
    folders = {name: PREDICTIONS / name / "validation" for name in validations}
    task = read_class_task()
    predictions = {name: read_predictions(folder, task) for name, folder in folders.items()}
    chosen = choice(validations, predictions)
    source = MODELS / chosen.approach / f"seed-{chosen.seed}"
    card = read_card(source)
    serving = serving_of(task, validations[chosen.approach], card.classes)
    with fresh_folder(BEST) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        write_serving(folder, serving)
        write_digests(folder)
        write_text(folder / "README.md", model_readme(card, chosen, serving))
    write_metrics(CHOICE, chosen)
    return chosen.why
