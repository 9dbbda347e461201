"""reports/next.md: what the model needs next, in plain sentences; ids, labels and figures only."""

import pandas as pd

from seedbed.pages.document import (
    Bullets,
    Code,
    Part,
    Prose,
    Section,
    Table,
    difference,
    interval,
    quoted,
)
from seedbed.reporting.results import CLASSES, thin_classes
from seedbed.scoring.drift import psi_in_words
from seedbed.scoring.metrics_files import Validation
from seedbed.scoring.priorities import NewestBatch
from seedbed.tasks import Task
from seedbed.training.resampling import LearningCurveMetrics

TITLE = "What the model needs next"
FEW_ROWS = 10  # a slice with fewer rows is left out
SHOWN = 5
LISTED = 10


def page(
    task: Task,
    approach: str,
    validation: Validation,
    train: dict[str, int],
    isolated: list[tuple[str, str, float]],
    newest: NewestBatch | None,
    ranked: pd.DataFrame,
    curve: LearningCurveMetrics | None,
) -> Section:
    """The whole page.

    `train`: train rows by class; `isolated`: id, class and distance of the most isolated rows;
    `ranked`: as reports/next.csv; `curve`: the learning curve's metrics.
    """
    intro = Prose(
        f"For `{approach}`, the chosen approach. All figures come from validation rows and from "
        "models that never saw the row they judge; no test row was read."
    )
    more = (arrived(task, newest), to_label(task, ranked), more_rows(curve))
    parts: list[Part] = [intro, weakest(validation), sparse(task, train, isolated), *more]
    return Section(TITLE, parts)


def page_without_classes() -> Section:
    """The whole page of a task whose rows have no classes."""
    words = (
        "No row is listed: which rows teach a model most is computed from its classes, and this "
        "task has none. Doubtful answers are in reports/suspects.csv; `seedbed review` shows them."
    )
    return Section(TITLE, [Prose(words)])


def weakest(validation: Validation) -> Section:
    """Classes by F1 with their confusions, and slices significantly below the overall score."""
    whole = validation["accuracy"].mean
    by_f1 = sorted(validation.per_class.items(), key=lambda item: (item[1].f1, item[0]))
    classes = [
        Prose(
            f"{quoted(name)}: F1 {figures.f1:.3f} on {_rows(figures.rows)}"
            f"{_confused(name, validation)}"
        )
        for name, figures in by_f1[:SHOWN]
    ]
    below = sorted(
        (figures.accuracy, f"{column}, {value}", figures)
        for column, values in validation.slices.items()
        for value, figures in values.items()
        if column != "class" and figures.rows >= FEW_ROWS and figures.high < whole
    )
    slices = [
        Prose(f"{quoted(name)}: accuracy {interval(figures, 'accuracy')} on {_rows(figures.rows)}")
        for _, name, figures in below[:SHOWN]
    ]
    words = f"No slice of {FEW_ROWS} rows or more is significantly below the overall {whole:.3f}."
    if slices:
        words = "Slices significantly below the overall accuracy (95 % interval):"
    first = "Classes with the lowest F1:"
    return Section("Where it is weakest", [first, Bullets(classes), words, Bullets(slices)])


def _confused(name: str, validation: Validation) -> str:
    wrong = sorted(
        (-rows, other)
        for other, rows in validation.confusion.get(name, {}).items()
        if other != name and rows
    )
    listed = ", ".join(f"{-rows} as {quoted(other)}" for rows, other in wrong[:3])
    return f"; predicted {listed}" if listed else ""


def sparse(task: Task, train: dict[str, int], isolated: list[tuple[str, str, float]]) -> Section:
    """Classes with few train rows, and the most isolated rows."""
    few = [
        f"{task.shown(name)} has {_rows(train[name])} in train: {lacking:,} more would reach half "
        "the median class."
        for name, lacking in thin_classes(train).items()
    ]
    none = "No class has fewer train rows than half the median class."
    rows = [
        f"row {row}, {task.shown(name)}, distance {distance:.3f}"
        for row, name, distance in isolated
    ]
    words = (
        "The most isolated rows, by mean cosine distance to their nearest: more rows like these "
        "would teach the model most about the edge of its knowledge."
    )
    classes = Bullets(few[:CLASSES]) if few else none
    return Section("Where rows are sparse", [classes, words, Bullets(rows)])


def arrived(task: Task, newest: NewestBatch | None) -> Section:
    """The newest batch against the earlier ones."""
    title = "Effect of the newest batch"
    if newest is None:
        return Section(title, [Prose("There is only one batch. `seedbed add` adds the next.")])
    shifts = "; ".join(
        f"{name} {'within chance' if value <= chance else psi_in_words(value)} (population "
        f"stability index {value:.2f}, by chance up to {chance:.2f})"
        for name, (value, chance) in newest.shifts.items()
    )
    verdict = "can" if newest.p <= 0.05 else "cannot reliably"
    labels = [
        [task.shown(name), f"{old:.1%}", f"{new:.1%}"] for name, (old, new) in newest.labels.items()
    ]
    words = (
        f"Batch {newest.batch}, {_rows(newest.rows)} of train and validation, against the "
        f"{newest.before:,} earlier ones: {shifts}; Jensen-Shannon divergence of words "
        f"{newest.words:.2f} bits (0 to 1). A classifier {verdict} distinguish its texts from "
        f"the others (AUC {newest.auc:.2f}, p {newest.p:.3f})."
    )
    table = Table(["class", "share before", "in the newest batch"], labels, CLASSES, "classes")
    grown = [
        f"A region of {_rows(region.rows)}, mostly {task.shown(region.label)}, grew from "
        f"{region.before:.1%} to {region.newest:.1%} of the rows (p {region.p:.3f}, corrected for "
        f"all regions); "
        f"central rows: {', '.join(region.middle)}."
        for region in newest.regions[:SHOWN]
    ]
    none = "No region of meaning has grown by more than chance."
    return Section(title, [words, table, Bullets(grown) if grown else none])


def to_label(task: Task, ranked: pd.DataFrame) -> Section:
    """The head of reports/next.csv."""
    title = "What to label next"
    if ranked.empty:
        return Section(title, ["Nothing: people have verified every train row."])
    rows = [
        [
            Code(row.id),
            task.shown(row.label) or "none",
            task.shown(row.suggested),
            f"{row.priority:.4f}",
        ]
        for row in ranked.head(LISTED).itertuples()
    ]
    words = (
        "Uncertain rows with many similar ones in weak classes, from reports/next.csv; "
        "`seedbed review --terminal --queue next` goes through them."
    )
    table = Table(["row", "label", "predicted", "priority"], rows)
    return Section(title, [Prose(words), table])


def more_rows(curve: LearningCurveMetrics | None) -> Section:
    """What the learning curve predicts, or how to measure it."""
    words = "Not measured: set `learning_curve.run: true` in params.yaml and run `dvc repro`."
    if curve:
        twice = curve.twice_the_rows
        chance = "" if twice.gain.low > 0 else ", which may be chance"
        words = (
            f"Twice the train rows ({twice.rows:,.0f}) would gain {difference(twice.gain)} "
            f"macro-F1{chance}, by a power law fitted to `{curve.approach}` on validation."
        )
    return Section("What more rows would gain", [Prose(words)])


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"
