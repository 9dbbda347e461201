"""The report's sections on data: rows, splits, diversity, labels, privacy.

Each is a pure function of the figures that stages wrote.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from seedbed.core.metrics import Metrics, RowCounts, check_chain
from seedbed.core.rows import SIDES
from seedbed.core.stage import ROW_STAGES
from seedbed.pages.document import Part, Prose, Section, Table
from seedbed.pages.escaping import quoted
from seedbed.pages.numbers import interval
from seedbed.scoring.metrics_files import Evaluation

Figures = dict[str, Any]
THIN_SHARE = 0.5  # of the median class's rows
SIGNIFICANT = 0.05  # of the test of order
MATRIX_CLASSES = 12  # with more, the confident joint is in the metrics file only
CLASSES = 30  # rows of a table by class
NAMED = 10  # classes in a sentence
WAYS = {
    "hash": "by hash of the row or its group",
    "time": "by date",
    "source": "by source",
    "given": "as the sources give it",
}


class DatasetVersion(Metrics):
    """reports/dataset.json: `version` is a digest of the manifest; rows in all and by batch."""

    version: str
    rows: int
    batches: dict[str, int]


def counted(counts: Mapping[str, int], before: str = "", limit: int = NAMED) -> str:
    """Counts with their names in a sentence, people's words escaped: 3 in train, 1 in test."""
    words = [f"{number:,}{before} {quoted(name)}" for name, number in counts.items()]
    more = f" and {len(words) - limit} more" if len(words) > limit else ""
    return ", ".join(words[:limit]) + more


def thin_classes(by_class: Mapping[str, int], min_share: float) -> dict[str, int]:
    """Return the classes with fewer rows than `min_share` of the median class, and how many each
    lacks."""
    wanted = math.ceil(min_share * float(np.median(list(by_class.values()))))
    return {label: wanted - n for label, n in sorted(by_class.items()) if n < wanted}


def rows_by_stage(stages: dict[str, Figures]) -> Section:
    """Rows read, made, kept and dropped with the reasons, stage by stage."""
    found = [(name, RowCounts.model_validate(stages[name]["rows"])) for name in ROW_STAGES]
    check_chain(found)
    rows = []
    for name, counts in found:
        reasons = dict(counts.dropped_by_reason)
        if counts.quarantined:
            reasons["in quarantine"] = counts.quarantined
        numbers = [f"{n:,}" for n in (counts.read, counts.made, counts.kept, counts.dropped)]
        rows.append([name, *numbers, Prose(counted(reasons))])
    header = ["stage", "read", "made", "kept", "dropped", "reasons"]
    note = "At each stage read + made = kept + dropped; each reads what the previous one kept."
    return Section("Rows", [Table(header, rows), note])


def splits(found: Figures, embedded: Figures) -> Section:
    """Rows by class and split, shares next to those expected, what to collect, the leak gate."""
    frozen = found["frozen_test_rows"]
    gate = ", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in found["leak_gate"].items())
    parts: list[Part] = [
        f"Rows are split {WAYS[found['way']]}."
        + (f" {frozen:,} test rows are frozen." if frozen else ""),
        *_by_class(found),
        f"Leak gate between splits: {gate}.",
        _near(embedded["near_train"]),
    ]
    if gone := found["classes_not_in_train"]:
        listed = ", ".join(f"{quoted(name)} ({number})" for name, number in gone.items())
        parts.append(
            Prose(
                f"**No row in train: {listed}.** These classes cannot be learned, so their rows in "
                "validation and test were dropped; collect more rows of them."
            )
        )
    if few := found["classes_with_few_test_rows"]:
        listed = "; ".join(
            f"collect about {number} more rows of {quoted(name)}"
            for name, number in list(few.items())[:NAMED]
        )
        more = f"; and {len(few) - NAMED} more classes" if len(few) > NAMED else ""
        parts.append(
            Prose(f"**Few test rows, so the figures of the class are imprecise:** {listed}{more}.")
        )
    return Section("Splits", parts)


def _by_class(found: Figures) -> list[Part]:
    shares, whole = found["shares_by_class"], found["by_side"]
    rows = [
        [name, *(counts[split] for split in SIDES), _share(shares[name]["test"])]
        for name, counts in found["by_class"].items()
    ]
    totals = [
        ["all", *(whole[split]["rows"] for split in SIDES), _share(whole["test"])],
        ["share of all", *(_share(whole[split]) for split in SIDES), ""],
    ]
    header = ["class", *SIDES, "share in test"]
    shown = [*totals, *rows] if len(rows) > CLASSES else [*rows, *totals]
    table = Table(header, shown, CLASSES + len(totals), "classes")
    if not any("expected_low" in whole[split] for split in SIDES):
        return [table]
    return [
        table,
        "In brackets: the range of the share in 95 of 100 cases by hashing of rows, and of whole "
        "groups, before near copies across splits are dropped.",
    ]


def _share(figure: Figures) -> str:
    """21.4% (18.3% to 21.7%)."""
    share = f"{figure['share']:.1%}"
    if "expected_low" not in figure:
        return share
    return f"{share} ({figure['expected_low']:.1%} to {figure['expected_high']:.1%})"


def _near(found: Figures) -> str:
    shares = {split: [one["at_least_0.90"], one["at_least_0.95"]] for split, one in found.items()}
    test, validation = shares["test"], shares["validation"]
    return (
        f"Similarity to train: {test[0]:.0%} of the test rows have a train row at a cosine of .90 "
        f"or more, {test[1]:.0%} at .95 or more (validation: {validation[0]:.0%} and "
        f"{validation[1]:.0%}). The higher these shares, the less the scores say about rows unlike "
        "those in train."
    )


def diversity(stages: dict[str, Figures]) -> Section:
    """How rows differ, class by class, and where more would help most."""
    collected, spread = stages["collect"], stages["embed"]
    rows = []
    for name, near in spread["by_class"].items():
        words = collected["distinct_ngrams"]["by_class"][name]
        rows.append(
            [
                name,
                f"{collected['by_class'][name]:,}",
                f"{collected['chars_by_class'][name]['p50']:,}",
                collected["age_by_class"][name].get("newest", ""),
                f"{words['distinct_1']:.2f}",
                f"{words['distinct_2']:.2f}",
                f"{near['mean_pairwise_distance']:.2f}",
                f"{near['mean_distance_to_nearest']:.2f}",
            ]
        )
    header = ["class", "rows collected", "median chars", "newest", "distinct-1", "distinct-2",
              "mean distance", "distance to the nearest 10"]  # fmt: skip
    isolated = ", ".join(f"{row['id']} ({quoted(row['label'])})" for row in spread["most_alone"])
    languages = stages["clean"]["rows_by_language"]
    return Section(
        "Diversity",
        [
            Prose(
                f"Rows by source: {counted(collected['by_source'])}; by language: "
                f"{counted(languages)}."
            ),
            Table(header, rows, CLASSES, "classes"),
            "Distances are cosine distances between the encoder's vectors in train + validation; a "
            "class with a large distance to the nearest rows is sparsely covered.",
            Prose(f"Collect next: {_sparse(spread, stages['split'])}"),
            Prose(f"Most isolated rows: {isolated}."),
        ],
    )


def _sparse(spread: Figures, split: Figures) -> str:
    """Classes with few rows, else the class whose rows are furthest from each other."""
    train = {name: counts["train"] for name, counts in split["by_class"].items()}
    if few := thin_classes(train, THIN_SHARE):
        listed = [f"{quoted(name)} (about {number:,} more)" for name, number in few.items()]
        more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
        return (
            f"rows of {', '.join(listed[:NAMED])}{more}, which have less than half as many rows as "
            "the median class."
        )
    distances = spread["by_class"]
    sparsest = max(distances, key=lambda name: distances[name]["mean_distance_to_nearest"])
    return f"no class is short of rows; {quoted(sparsest)} is covered most sparsely."


def labels(found: Figures, test: Evaluation) -> Section:
    """Suspected label errors: how many, where and why, the policy, the noise, and decisions."""
    by_split, why = counted(found["suspects_by_side"], " in"), counted(found["suspects_by_reason"])
    reasons = f": {why}" if why else ""
    parts: list[Part] = [
        Prose(
            f"{found['suspects']} suspected label errors, by models that never saw the row "
            f"({by_split}); policy for train: {found['policy']}. Labels in validation and test "
            f"change only by a person's decision; {found['verified_rows']} rows are verified. The "
            f"list is in reports/suspects.csv{reasons}."
        ),
        *_noise(found["noise"]),
        Prose(f"{_outliers(found)} {_order(found['non_iid_p'])}"),
        Prose(people(test)),
    ]
    if unjudged := found["not_judged_by_class"]:
        parts.append(
            Prose(
                "Rows whose class is in a single fold are not judged, because no model could know "
                f"the class: {counted(unjudged)}."
            )
        )
    return Section("Labels", parts)


def _noise(noise: Figures) -> list[Part]:
    """The share of wrong labels by class, and which label is given for which."""
    first = f"Share of wrong labels, by cleanlab's confident joint: {noise['wrong_share']:.1%}"
    if not noise["wrong_share"]:
        return [f"{first}: no row belongs to another class with confidence."]
    worst = sorted(noise["by_class"].items(), key=lambda item: (-item[1]["given_wrong"], item[0]))
    header = ["given label", "wrong", "true rows with another label"]
    rows: list[list[Any]] = [
        [name, *(f"{figures[key]:.1%}" for key in ("given_wrong", "true_missed"))]
        for name, figures in worst
    ]
    if len(worst) <= MATRIX_CLASSES:
        names, joint = sorted(noise["by_class"]), noise["confident_joint"]
        header += [f"likely {name}" for name in names]
        rows = [row + [joint[row[0]].get(name, 0) for name in names] for row in rows]
    limited = Table(header, rows, MATRIX_CLASSES, "classes with a smaller share")
    return [f"{first}, of the rows that no person has verified.", limited]


def _outliers(found: Figures) -> str:
    number = sum(found["outliers_by_side"].values())
    if not number:
        return "No row is far from all others."
    where = counted(found["outliers_by_side"], " in")
    return f"{number} rows are far from all others ({where}): reports/outliers.csv."


def _order(p: float | None) -> str:
    if p is None:
        return "There are too few rows to test their order."
    if p >= SIGNIFICANT:
        return f"Neighbouring rows of a file are not more similar than others (p {p:.2f})."
    return (
        f"Neighbouring rows of a file are similar (p {p:.2g}), as in a source that is sorted by "
        "class or changes over time; in the latter case consider `split.way: time`."
    )


def people(test: Evaluation) -> str:
    """The chosen model's test figures with and without people's decisions on test rows."""
    found = test.without_decisions
    if not (found.relabelled or found.dropped):
        verified = f" ({found.verified} were verified)" if found.verified else ""
        return f"No person has changed or dropped a test row{verified}."
    low, high = found.accuracy_range
    dropped = (
        f"; with the {found.dropped} dropped rows between {low:.3f} and {high:.3f}, because "
        "they have no prediction"
        if found.dropped
        else ""
    )
    return (
        f"People have relabelled {found.relabelled} test rows, dropped {found.dropped} and "
        f"verified {found.verified}. Test accuracy with their decisions "
        f"{interval(test['accuracy'])}, without {interval(found['accuracy'])}{dropped}; macro-F1 "
        f"with {interval(test['macro_f1'])}, without {interval(found['macro_f1'])}."
    )


def privacy(found: Figures) -> Section:
    """Personal values by kind: replaced, and what an independent scan of the output finds."""
    left = [
        f"{number} {kind.removeprefix('looks_like_').replace('_', ' ')}"
        for kind, number in found["residual_scan"].items()
        if number
    ]
    key = " The key is the public example key." if found["public_key"] else ""
    return Section(
        "Personal data",
        [
            f"Replaced in {found['rows_touched']} rows: "
            f"{counted(found['replaced_by_kind'], limit=99) or 'none'} (mode {found['mode']}). An "
            f"independent scan of the output finds "
            f"{', '.join(left) or 'nothing'} that looks personal.{key}"
        ],
    )
