"""reports/next.md: what the model needs next, in plain sentences; ids, labels and figures only."""

import pandas as pd

from seedbed.pages.document import (
    Bullets,
    Code,
    Page,
    Part,
    Prose,
    Section,
    Table,
    difference,
    interval,
)
from seedbed.pages.escaping import quoted
from seedbed.reporting.data import thin_classes
from seedbed.scoring.drift import psi_in_words
from seedbed.scoring.metrics_files import Validation
from seedbed.scoring.priorities import NewestBatch, Region
from seedbed.training.resampling import LearningCurveMetrics

THIN_SHARE = 0.5  # of the median class
FEW_ROWS = 10  # a slice with fewer rows is left out
SHOWN = 5
LISTED = 10
CLASSES = 30


def page(
    approach: str,
    validation: Validation,
    train: dict[str, int],
    isolated: list[tuple[str, str, float]],
    newest: NewestBatch | None,
    ranked: pd.DataFrame,
    curve: LearningCurveMetrics | None,
) -> Page:
    """The whole page.

    `train`: train rows by class; `isolated`: id, class and distance of the most isolated rows;
    `ranked`: as reports/next.csv; `curve`: the learning curve's metrics.
    """
    intro = Prose(
        f"For `{approach}`, the chosen approach. All figures come from validation rows and from "
        "models that never saw the row they judge; no test row was read."
    )
    return Page(
        "What the model needs next",
        [
            Section("", [intro]),
            weakest(validation),
            sparse(train, isolated),
            arrived(newest),
            to_label(ranked),
            more_rows(curve),
        ],
    )


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
    none = f"No slice of {FEW_ROWS} rows or more is significantly below the overall {whole:.3f}."
    return Section(
        "Where it is weakest",
        [
            "Classes with the lowest F1:",
            Bullets(classes),
            "Slices significantly below the overall accuracy (95 % interval):" if slices else none,
            *([Bullets(slices)] if slices else []),
        ],
    )


def _confused(name: str, validation: Validation) -> str:
    wrong = sorted(
        (-rows, other)
        for other, rows in validation.confusion.get(name, {}).items()
        if other != name and rows
    )
    listed = ", ".join(f"{-rows} as {quoted(other)}" for rows, other in wrong[:3])
    return f"; predicted {listed}" if listed else ""


def sparse(train: dict[str, int], isolated: list[tuple[str, str, float]]) -> Section:
    """Classes with few train rows, and the most isolated rows."""
    few = thin_classes(train, THIN_SHARE)
    classes: list[Part] = ["No class has fewer train rows than half the median class."]
    if few:
        points = [
            f"{name} has {_rows(train[name])} in train: {lacking:,} more would reach half the "
            "median class."
            for name, lacking in list(few.items())[:CLASSES]
        ]
        classes = [Bullets(points)]
    rows = [f"row {row}, {name}, distance {distance:.3f}" for row, name, distance in isolated]
    return Section(
        "Where rows are sparse",
        [
            *classes,
            "The most isolated rows, by mean cosine distance to their nearest: more rows like "
            "these would teach the model most about the edge of its knowledge.",
            Bullets(rows),
        ],
    )


def arrived(newest: NewestBatch | None) -> Section:
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
    labels = [[name, f"{old:.1%}", f"{new:.1%}"] for name, (old, new) in newest.labels.items()]
    grown = [_grew(region) for region in newest.regions[:SHOWN]]
    return Section(
        title,
        [
            f"Batch {newest.batch}, {_rows(newest.rows)} of train and validation, against the "
            f"{newest.before:,} earlier ones: {shifts}; Jensen-Shannon divergence of words "
            f"{newest.words:.2f} bits (0 to 1). A classifier {verdict} distinguish its texts from "
            f"the others (AUC {newest.auc:.2f}, p {newest.p:.3f}).",
            Table(["class", "share before", "in the newest batch"], labels, CLASSES, "classes"),
            Bullets(grown) if grown else "No region of meaning has grown by more than chance.",
        ],
    )


def _grew(region: Region) -> str:
    return (
        f"A region of {_rows(region.rows)}, mostly {region.label}, grew from {region.before:.1%} "
        f"to {region.newest:.1%} of the rows (p {region.p:.3f}, corrected for all regions); "
        f"central rows: {', '.join(region.middle)}."
    )


def to_label(ranked: pd.DataFrame) -> Section:
    """The head of reports/next.csv."""
    title = "What to label next"
    if ranked.empty:
        return Section(title, ["Nothing: people have verified every train row."])
    rows = [
        [Code(row.id), row.label or "none", row.suggested, f"{row.priority:.4f}"]
        for row in ranked.head(LISTED).itertuples()
    ]
    return Section(
        title,
        [
            Prose(
                "Uncertain rows with many similar ones in weak classes, from reports/next.csv; "
                "`seedbed review --terminal --queue next` goes through them."
            ),
            Table(["row", "label", "predicted", "priority"], rows),
        ],
    )


def more_rows(curve: LearningCurveMetrics | None) -> Section:
    """What the learning curve predicts, or how to measure it."""
    title = "What more rows would gain"
    if curve is None:
        return Section(
            title,
            [
                Prose(
                    "Not measured: set `learning_curve.run: true` in params.yaml and run "
                    "`dvc repro`."
                )
            ],
        )
    twice = curve.twice_the_rows
    chance = "" if twice.gain.low > 0 else ", which may be chance"
    return Section(
        title,
        [
            Prose(
                f"Twice the train rows ({twice.rows:,.0f}) would gain "
                f"{difference(twice.gain)} macro-F1{chance}, by a power law fitted to "
                f"`{curve.approach}` on validation."
            )
        ],
    )


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"
