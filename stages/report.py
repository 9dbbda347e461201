"""Put the run's figures into one page for a reviewer, and name the dataset's version.

reports/metrics/, data/evaluate/APPROACH/, reports/plots/learning/, reports/choice.json,
data/manifest/ -> reports/report.md, reports/dataset.json
"""

import hashlib
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from pathlib import Path

from seedbed.approaches import NAMES
from seedbed.core.files import read_csv, read_json, write_text
from seedbed.core.labels import Unused, unused_in_words
from seedbed.core.metrics import (
    CHOICE,
    EVALUATE,
    METRICS,
    RowCounts,
    WithUnused,
    read_if_run,
    read_metrics,
    write_metrics,
)
from seedbed.core.rows import (
    COLUMNS,
    COUNTS,
    CURVES,
    DATASET,
    HELD_OUT,
    MANIFEST,
    PREDICTIONS,
    SIDES,
)
from seedbed.core.stage import ROW_STAGES, script
from seedbed.encoding.tokens import TokenizeMetrics
from seedbed.encoding.vectors import EmbedMetrics
from seedbed.making.balancing import AblateMetrics, AdaptMetrics, AugmentMetrics, BalanceMetrics
from seedbed.pages.document import Section
from seedbed.pages.rendering import page_markdown
from seedbed.reporting import data, results, training
from seedbed.scoring.metrics_files import (
    Choice,
    Evaluation,
    read_test,
    read_validation,
)
from seedbed.scoring.predictions import Pair, pairs_with, read_predictions
from seedbed.tasks.named import read_class_task, read_task
from seedbed.training.resampling import CvMetrics, LearningCurveMetrics

REPORT = Path("reports/report.md")


class AnyStageMetrics(data.DataMetrics):
    """The metrics files of stages that pass rows on, but for tokenize, and of embed."""

    embed: EmbedMetrics
    augment: AugmentMetrics
    balance: BalanceMetrics

    def unused(self) -> list[Unused]:
        """What of its configuration each stage saw match nothing."""
        found = [getattr(self, name) for name in type(self).model_fields]
        return [metrics.unused for metrics in found if isinstance(metrics, WithUnused)]

    def rows(self) -> dict[str, RowCounts]:
        """The rows of each stage."""
        return {name: getattr(self, name).rows for name in ROW_STAGES}


class StageMetrics(AnyStageMetrics):
    """Those of a task of classes."""

    tokenize: TokenizeMetrics


def dataset_version(manifest: Path) -> data.DatasetVersion:
    """The dataset's version: a digest of the manifest, with rows and batches."""
    digest = hashlib.sha256()
    batches = {}
    for file in sorted(manifest.glob("*.csv")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
        if file.name == COUNTS:
            lines = read_csv(file, COLUMNS[MANIFEST / COUNTS], dict.fromkeys(SIDES, "[0-9]+"))
            batches = {one["batch"]: sum(int(one[side]) for side in SIDES) for one in lines}
        else:
            batches[file.stem] = len(read_csv(file, COLUMNS[MANIFEST]))
    version = digest.hexdigest()[:12]
    return data.DatasetVersion(version=version, rows=sum(batches.values()), batches=batches)


def pairs_on(split: str, figures: Mapping[str, Evaluation], reference: str) -> dict[str, Pair]:
    """Every approach but the reference, compared with it on one split."""
    task = read_class_task()
    predictions = {name: read_predictions(PREDICTIONS / name / split, task) for name in figures}
    seeds = {name: evaluation.seed_shown for name, evaluation in figures.items()}
    return pairs_with(reference, predictions, seeds)


def class_sections(choice: Choice) -> tuple[list[Section], Unused]:
    """The report's sections where models predict classes, and what of the configuration matches
    nothing."""
    stages, task, chosen = StageMetrics.read(METRICS), read_class_task(), choice.approach
    validations = {name: found for name in NAMES if (found := read_validation(name, EVALUATE))}
    tests = {name: test for name in NAMES if (test := read_test(name, EVALUATE))}
    pairs = {
        "validation": pairs_on("validation", validations, chosen),
        "test": pairs_on("test", tests, chosen),
    }
    cases = validations[chosen].behaviour.minimum_functionality
    unused = training.unused_cases(cases, sorted(stages.balance.train_by_class))
    known = stages.unused()
    known.append(read_json(METRICS / "cv.json").get("unused", {}))  # of approaches that are off
    sections = [
        results.verdict(choice, tests),
        training.matches_nothing(reduce(or_, [*known, unused])),
        results.approaches(validations, tests, pairs, chosen),
        results.budgets(choice),
        results.chosen_model(task, chosen, tests[chosen]),
        results.behaviour(chosen, validations[chosen].behaviour),
        results.out_of_scope(tests),
        data.rows_by_stage(stages.rows()),
        data.splits(stages.split, stages.embed.near_train, task.NOUN),
        data.diversity(task, stages, stages.embed),
        data.labels(
            task, stages.find_label_errors, tests[chosen], stages.deduplicate, stages.split
        ),
        training.labels_alike(stages.collect),
        training.cross_validation(read_if_run(METRICS / "cv.json", CvMetrics)),
        training.training_rows(stages.augment, stages.balance, task.NOUN),
        training.ablation(read_metrics(METRICS / "ablate.json", AblateMetrics)),
        training.learning_curve(read_if_run(METRICS / "learning_curve.json", LearningCurveMetrics)),
        training.adaptation(read_if_run(METRICS / "adapt.json", AdaptMetrics)),
        data.privacy(stages.anonymize),
        training.tokens(stages.tokenize),
        training.curves(curves_of(tests), "validation macro-F1"),
    ]
    return sections, unused


def curves_of(approaches: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """The learning curves of approaches."""
    return {name: read_csv(CURVES / f"{name}.csv", COLUMNS[CURVES]) for name in approaches}


def answer_sections(choice: Choice) -> tuple[list[Section], Unused]:
    """The same where models answer."""
    from seedbed.reporting import answers
    from seedbed.scoring.answers import evaluation
    from seedbed.scoring.metrics_files import read_evaluation
    from seedbed.training.chat import approaches, datasets

    class ChatStageMetrics(AnyStageMetrics):
        tokenize: datasets.ChatTokenizeMetrics

    stages, task, chosen = ChatStageMetrics.read(METRICS), read_task(), choice.approach
    found, predictions, pairs = {}, {}, {}
    for side in HELD_OUT:
        read = {name: read_evaluation(name, side, EVALUATE) for name in approaches.NAMES}
        found[side] = {name: figures for name, figures in read.items() if figures}
        predictions[side] = evaluation.with_base(found[side], PREDICTIONS, side)
        pairs[side] = evaluation.pairs_of(chosen, found[side], predictions[side])
    tests, shown = found["test"], stages.collect.show_text
    validations, tested = (evaluation.and_base(found[side]) for side in HELD_OUT)
    seeds = {name: figures.seed_shown for name, figures in tested.items()}
    masked = datasets.read_masked_rows(PREDICTIONS / chosen / "validation" / datasets.MASKED)
    sections = [
        answers.answer_verdict(choice.why, chosen, tests),
        answers.base_untouched(chosen, tests[chosen].right, pairs["test"]),
        training.matches_nothing(reduce(or_, stages.unused(), {})),
        answers.answer_approaches(validations, tested, pairs, chosen),
        results.budgets(choice),
        answers.chosen_answers(chosen, tests[chosen]),
        answers.answers_side_by_side(evaluation.side_by_side(predictions["test"], seeds, shown)),
        data.rows_by_stage(stages.rows()),
        data.splits(stages.split, stages.embed.near_train, task.NOUN),
        data.diversity(task, stages, stages.embed),
        answers.suspected_answers(stages.find_label_errors),
        training.labels_alike(stages.collect),
        training.training_rows(stages.augment, stages.balance, task.NOUN),
        data.privacy(stages.anonymize),
        answers.conversations(stages.tokenize),
        answers.masks(masked, shown),
        training.curves(curves_of(tests), "validation loss a token"),
    ]
    return sections, {}


@script
def main() -> str:
    choice, dataset = read_metrics(CHOICE, Choice), dataset_version(MANIFEST)
    is_chat = read_task().TARGET == "answer"
    sections, unused = (answer_sections if is_chat else class_sections)(choice)
    write_metrics(DATASET, dataset)
    page = Section(f"Report on dataset {dataset.version}", sections)
    write_text(REPORT, page_markdown(page))
    return f"dataset {dataset.version}, {REPORT}{unused_in_words(unused)}"
