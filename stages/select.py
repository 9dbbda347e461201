"""Choose the approach by validation alone; of equals the one with the fewest trainable parameters.

models/APPROACH/, data/evaluate/APPROACH/validation/, reports/metrics/evaluate/APPROACH/
validation.json of each approach -> models/best/, reports/choice.json
"""

import shutil
from pathlib import Path
from typing import NamedTuple

from seedbed.approaches import NAMES
from seedbed.cleaning.rules import CleanParams, rules_wanted
from seedbed.core.errors import ModelError, RowsError
from seedbed.core.files import BEST, MODELS, fresh_folder, write_text
from seedbed.core.metrics import CHOICE, EVALUATE, write_metrics
from seedbed.core.params import read_params
from seedbed.core.rows import PREDICTIONS
from seedbed.core.stage import script
from seedbed.private.kinds import AnonymizeParams
from seedbed.scoring.answers.evaluation import judged, judging_of
from seedbed.scoring.answers.predictions import read_answers
from seedbed.scoring.choice import choice, of_answers, of_labels
from seedbed.scoring.metrics_files import (
    AnswerEvaluation,
    Choice,
    Validation,
    read_evaluation,
    read_validation,
)
from seedbed.scoring.predictions import read_predictions
from seedbed.serving.model_folder import (
    AnswerServing,
    Serving,
    TextPreparation,
    answer_readme,
    model_readme,
    write_serving,
)
from seedbed.tasks import ClassTask
from seedbed.tasks.named import read_class_task, read_task
from seedbed.training.models import SavedModel, read_card, write_digests


class Chosen(NamedTuple):
    """The choice, and of the chosen model what its folder gets besides."""

    choice: Choice
    serving: Serving | AnswerServing
    readme: str


def preparation() -> TextPreparation:
    """Read from params.yaml how texts were prepared for training."""
    return TextPreparation(
        rules=rules_wanted(read_params("clean", CleanParams)),
        anonymize=read_params("anonymize", AnonymizeParams),
    )


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
        preparation=preparation(),
    )


def answer_serving(card: SavedModel, validation: AnswerEvaluation) -> AnswerServing:
    """Collect what answering needs, from the model's card, its figures and params.yaml."""
    return AnswerServing(
        refusal=validation.refusal,
        max_new_tokens=int(str(card.settings["max_new_tokens"])),
        right=validation.right,
        min_language_chars=validation.min_language_chars,
        precision=str(card.settings["precision"]),
        preparation=preparation(),
    )


def source_of(chosen: Choice) -> Path:
    """The folder of the chosen model."""
    return MODELS / chosen.approach / f"seed-{chosen.seed}"


def chosen_of_labels() -> Chosen:
    """Choose among models of classes."""
    validations = {name: found for name in NAMES if (found := read_validation(name, EVALUATE))}
    check_any(validations)
    folders = {name: PREDICTIONS / name / "validation" for name in validations}
    task = read_class_task()
    predictions = {name: read_predictions(folder, task) for name, folder in folders.items()}
    chosen = choice(of_labels(validations, predictions))
    card = read_card(source_of(chosen))
    serving = serving_of(task, validations[chosen.approach], card.classes)
    return Chosen(chosen, serving, model_readme(card, chosen, serving))


def chosen_of_answers() -> Chosen:
    """Choose among models that answer. Raises RowsError where they answered different rows."""
    validations = {
        name: found for name in NAMES if (found := read_evaluation(name, "validation", EVALUATE))
    }
    check_any(validations)
    answers = {name: read_answers(PREDICTIONS / name / "validation") for name in validations}
    if len({tuple(one.ids) for one in answers.values()}) > 1:
        differ, expected = "approaches answered different rows", "the same rows"
        raise RowsError(str(PREDICTIONS), differ, expected, "run `dvc repro`")
    by_approach = {
        name: judged(one, judging_of(validations[name])) for name, one in answers.items()
    }
    clusters = next(iter(answers.values())).clusters()
    chosen = choice(of_answers(validations, by_approach, clusters))
    card = read_card(source_of(chosen))
    serving = answer_serving(card, validations[chosen.approach])
    return Chosen(chosen, serving, answer_readme(card, chosen, serving))


def check_any(validations: object) -> None:
    """Raise ModelError where no approach has run."""
    if not validations:
        raise ModelError(
            "params.yaml: approaches",
            "every approach has run: false",
            "at least one with run: true",
            "set one to true",
        )


@script
def main() -> str:
    found = chosen_of_answers() if read_task().TARGET == "answer" else chosen_of_labels()
    with fresh_folder(BEST) as folder:
        shutil.copytree(source_of(found.choice), folder, dirs_exist_ok=True)
        write_serving(folder, found.serving)
        write_digests(folder)
        write_text(folder / "README.md", found.readme)
    write_metrics(CHOICE, found.choice)
    return found.choice.why
