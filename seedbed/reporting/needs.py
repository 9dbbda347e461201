"""reports/next.md: what the model needs next, in plain sentences; ids, labels and figures only."""

from typing import Any

import pandas as pd

from seedbed.collecting.diversity import thin_classes
from seedbed.pages.markdown import table
from seedbed.scoring.newest_batch import Newest
from seedbed.scoring.regions import Region
from seedbed.training.learning_curves import LearningCurveMetrics
from seedbed.versions.drift import psi_in_words

THIN_SHARE = 0.5  # of the median class
FEW_ROWS = 10  # a slice with fewer says nothing
SHOWN = 5
LISTED = 10


def page(
    approach: str,
    validation: dict[str, Any],
    train: dict[str, int],
    alone: list[tuple[str, str, float]],
    newest: Newest | None,
    ranked: pd.DataFrame,
    curve: LearningCurveMetrics | None,
) -> str:
    """The whole page. `train`: train rows by class; `alone`: id, class and distance of the rows
    that are farthest from all others; `ranked`: as reports/next.csv; `curve`: the learning curve's
    metrics."""
    sections = [
        "# What the model needs next\n\nFor `" + approach + "`, the approach that was chosen. All "
        "figures are of validation rows and of models that never saw the row they judge; no test "
        "row was looked at.",
        weakest(validation),
        thin(train, alone),
        arrived(newest),
        to_label(ranked),
        more_rows(curve),
    ]
    return "\n\n".join(sections) + "\n"


def weakest(validation: dict[str, Any]) -> str:
    """Classes by F1, with what they are taken for, and slices that are surely below the whole."""
    whole = validation["accuracy"]["mean"]
    lines = [
        f"- `{name}`: F1 {one['f1']:.3f} on {_rows(one['rows'])}{_taken_for(name, validation)}"
        for name, one in sorted(
            validation["per_class"].items(), key=lambda one: (one[1]["f1"], one[0])
        )[:SHOWN]
    ]
    below = sorted(
        (one["accuracy"], f"{column}, {value}", one)
        for column, values in validation["slices"].items()
        for value, one in values.items()
        if column != "class" and one["rows"] >= FEW_ROWS and one["high"] < whole
    )
    parts = [
        f"- {name}: accuracy {accuracy:.3f} [{one['low']:.3f}, {one['high']:.3f}] on "
        f"{_rows(one['rows'])}"
        for accuracy, name, one in below[:SHOWN]
    ] or [f"No slice with {FEW_ROWS} rows or more is surely below the whole, {whole:.3f}."]
    return "\n".join(
        ["## Where it is weakest", "", "Classes, the weakest first:", "", *lines, "",
         "Parts of the rows whose 95 % interval lies below the accuracy of all:", "", *parts]
    )  # fmt: skip


def _taken_for(name: str, validation: dict[str, Any]) -> str:
    wrong = sorted(
        ((rows, other) for other, rows in validation["confusion"].get(name, {}).items()
         if other != name and rows),
        key=lambda one: (-one[0], one[1]),
    )  # fmt: skip
    told = ", ".join(f"{rows} for `{other}`" for rows, other in wrong[:3])
    return f"; taken {told}" if told else ""


def thin(train: dict[str, int], alone: list[tuple[str, str, float]]) -> str:
    """Classes with few train rows, and rows with nothing like them."""
    few = thin_classes(train, THIN_SHARE)
    lines = [
        f"- `{name}` has {_rows(train[name])} in train: {lacking:,} more would make it half the "
        "median class."
        for name, lacking in few.items()
    ] or ["No class has fewer train rows than half the median class."]
    rows = [f"- row {row}, `{name}`, distance {distance:.3f}" for row, name, distance in alone]
    return "\n".join(
        ["## Where rows are thin", "", *lines, "",
         "The rows that lie farthest from their nearest in meaning (mean cosine distance): more "
         "like them would tell the model most about the edge of what it knows.", "", *rows]
    )  # fmt: skip


def arrived(newest: Newest | None) -> str:
    """The newest batch against those before it."""
    if newest is None:
        return (
            "## What the newest batch brought\n\nThere is one batch alone: nothing to compare it "
            "with. `seedbed add` brings the next."
        )
    told = "; ".join(
        f"{name} {'within chance' if value <= chance else psi_in_words(value)} (population "
        f"stability index {value:.2f}, by chance up to {chance:.2f})"
        for name, (value, chance) in newest.shifts.items()
    )
    apart = "can" if newest.p <= 0.05 else "cannot surely"
    lines = [
        "## What the newest batch brought",
        "",
        f"Batch {newest.batch}, {_rows(newest.rows)} of train and validation, against the "
        f"{newest.before:,} before it: {told}; words {newest.words:.2f} bits apart (Jensen-Shannon "
        f"divergence, 0 to 1). A classifier {apart} tell its texts from the others (AUC "
        f"{newest.auc:.2f}, p {newest.p:.3f}).",
        "",
        table(
            ["class", "share before", "in the newest batch"],
            [[name, f"{old:.1%}", f"{new:.1%}"] for name, (old, new) in newest.labels.items()],
        ),
        "",
        *(_grew(one) for one in newest.regions[:SHOWN]),
    ]
    if not newest.regions:
        lines.append("No region of meaning has grown by more than chance.")
    return "\n".join(lines)


def _grew(one: Region) -> str:
    return (
        f"- A region of {_rows(one.rows)}, most of them `{one.label}`, grew from {one.before:.1%} "
        f"to {one.newest:.1%} of the rows (p {one.p:.3f}, corrected for all regions); in its "
        f"middle: {', '.join(one.middle)}."
    )


def to_label(ranked: pd.DataFrame) -> str:
    """The head of reports/next.csv."""
    header = "## What to label next\n\n"
    if ranked.empty:
        return header + "Nothing: people have verified every train row."
    lines = [
        [row.id, row.label or "none", row.suggested, f"{row.priority:.4f}"]
        for row in ranked.head(LISTED).itertuples()
    ]
    return (
        header + "Doubtful rows with many like them in weak classes, from reports/next.csv; "
        "`seedbed review --terminal --queue next` goes through them.\n\n"
        + table(["row", "label", "the models say", "priority"], lines)
    )


def more_rows(curve: LearningCurveMetrics | None) -> str:
    """The gain that the learning curve predicts, or how to measure it."""
    header = "## What more rows would bring\n\n"
    if curve is None:
        return header + (
            "Not measured: set `learning_curve.run: true` in params.yaml and run `dvc repro`."
        )
    twice = curve.twice_the_rows
    gain = twice.gain
    doubt = "" if gain.low > 0 else ", which may be chance"
    return header + (
        f"Twice the train rows ({twice.rows:,.0f}) would bring {gain.difference:+.3f} "
        f"macro-F1 [{gain.low:+.3f}, {gain.high:+.3f}]{doubt}, by a power law fitted to "
        f"`{curve.approach}` on validation."
    )


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"
