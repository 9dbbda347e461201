"""The report's sections on data: rows, splits, diversity, labels, privacy.

Each is a pure function of the figures that stages wrote.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from seedbed.cleaning.rows import CleanMetrics
from seedbed.collecting.diversity import CollectMetrics
from seedbed.core.decisions import ApplyDecisionsMetrics
from seedbed.core.metrics import Metrics, RowCounts, check_chain, read_metrics
from seedbed.core.rows import SIDES
from seedbed.encoding.vectors import EmbedMetrics, NearTrain
from seedbed.label_errors.ranking import LabelErrorMetrics
from seedbed.pages.document import Part, Prose, Section, Table, counted, interval, listed, quoted
from seedbed.private.kinds import AnonymizeMetrics
from seedbed.private.languages import LookedFor, in_other_languages
from seedbed.reporting.noise import label_noise
from seedbed.reporting.results import CLASSES, MATRIX_CLASSES, NAMED, thin_classes
from seedbed.scoring.metrics_files import Evaluation
from seedbed.splitting.deduplication import DeduplicateMetrics
from seedbed.splitting.sides import Share
from seedbed.splitting.splits import SplitMetrics
from seedbed.tasks import Task

SIGNIFICANT = 0.05  # of the test of order
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


class DataMetrics(Metrics):
    """The metrics files on the data, which its card is made from, too."""

    collect: CollectMetrics
    clean: CleanMetrics
    anonymize: AnonymizeMetrics
    apply_decisions: ApplyDecisionsMetrics
    deduplicate: DeduplicateMetrics
    split: SplitMetrics
    find_label_errors: LabelErrorMetrics

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read a file for each field. Raises PipelineError where one is missing or of another
        version of Seedbed."""
        models: dict[str, Any] = {
            name: field.annotation for name, field in cls.model_fields.items()
        }
        return cls(**{name: read_metrics(folder / f"{name}.json", models[name]) for name in models})


def rows_by_stage(stages: Mapping[str, RowCounts]) -> Section:
    """Rows read, made, kept and dropped with the reasons, stage by stage."""
    check_chain(list(stages.items()))
    rows = []
    for name, counts in stages.items():
        reasons = dict(counts.dropped_by_reason)
        if counts.quarantined:
            reasons["in quarantine"] = counts.quarantined
        numbers = [f"{n:,}" for n in (counts.read, counts.made, counts.kept, counts.dropped)]
        rows.append([name, *numbers, Prose(counted(reasons))])
    header = ["stage", "read", "made", "kept", "dropped", "reasons"]
    note = "At each stage read + made = kept + dropped; each reads what the previous one kept."
    return Section("Rows", [Table(header, rows), note])


def splits(found: SplitMetrics, near: Mapping[str, NearTrain], noun: str = "class") -> Section:
    """Rows by class and split, shares next to those expected, what to collect, the leak gate.
    `near`: of validation and test; `noun`: what the task calls a class."""
    frozen = f" {found.frozen_test_rows:,} test rows are frozen." if found.frozen_test_rows else ""
    gate = ", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in found.leak_gate)
    alone = ""
    if number := found.rows_without_words:
        alone = f" {number:,} rows of punctuation alone were compared as whole texts only."
    test, validation = near["test"], near["validation"]
    similar = (
        f"Similarity to train: {test.at_least_90:.0%} of the test rows have a train row at a "
        f"cosine of .90 or more, {test.at_least_95:.0%} at .95 or more (validation: "
        f"{validation.at_least_90:.0%} and {validation.at_least_95:.0%}). The higher these shares, "
        "the less the scores say about rows unlike those in train."
    )
    parts: list[Part] = [
        f"Rows are split {WAYS[found.way]}.{frozen}",
        *_by_class(found, noun),
        f"Leak gate between splits: {gate}.{alone}",
        similar,
    ]
    if gone := found.classes_not_in_train:
        names = ", ".join(f"{quoted(name)} ({number})" for name, number in gone.items())
        words = (
            f"**No row in train: {names}.** These classes cannot be learned, so their rows in "
            "validation and test were dropped; collect more rows of them."
        )
        parts.append(Prose(words))
    if few := found.classes_with_few_test_rows:
        wanted = [f"collect about {n} more rows of {quoted(name)}" for name, n in few.items()]
        named = listed(wanted, NAMED, "; ", "; and {} more classes")
        words = f"**Few test rows, so the figures of the class are imprecise:** {named}."
        parts.append(Prose(words))
    return Section("Splits", parts)


def _by_class(found: SplitMetrics, noun: str) -> list[Part]:
    whole = found.by_side
    rows: list[list[Any]] = [
        [name, *(counts[split] for split in SIDES), _share(found.shares_by_class[name]["test"])]
        for name, counts in found.by_class.items()
    ]
    totals: list[list[Any]] = [
        ["all", *(whole[split].rows or 0 for split in SIDES), _share(whole["test"])],
        ["share of all", *(_share(whole[split]) for split in SIDES), ""],
    ]
    header = [noun, *SIDES, "share in test"]
    shown = [*totals, *rows] if len(rows) > CLASSES else [*rows, *totals]
    table = Table(header, shown, CLASSES + len(totals), "classes")
    note = (
        "In brackets: the range of the share in 95 of 100 cases by hashing of rows, and of whole "
        "groups, before near copies across splits are dropped."
    )
    expected = any(whole[split].expected_low is not None for split in SIDES)
    return [table, note] if expected else [table]


def _share(figure: Share) -> str:
    """21.4% (18.3% to 21.7%)."""
    if figure.expected_low is None:
        return f"{figure.share:.1%}"
    return f"{figure.share:.1%} ({figure.expected_low:.1%} to {figure.expected_high:.1%})"


def diversity(task: Task, found: DataMetrics, spread: EmbedMetrics) -> Section:
    """How rows differ, class by class, and where more would help most."""
    collected, words = found.collect, found.collect.distinct_ngrams.by_class
    rows = [
        [
            name,
            f"{collected.by_class[name]:,}",
            f"{collected.chars_by_class[name]['p50']:,}",
            collected.age_by_class[name].newest,
            f"{words[name].distinct_1:.2f}",
            f"{words[name].distinct_2:.2f}",
            f"{near.mean_pairwise_distance:.2f}",
            f"{near.mean_distance_to_nearest:.2f}",
        ]
        for name, near in spread.by_class.items()
    ]
    header = [task.NOUN, "rows collected", "median chars", "newest", "distinct-1", "distinct-2",
              "mean distance", "distance to the nearest 10"]  # fmt: skip
    isolated = ", ".join(f"{row.id} ({quoted(task.shown(row.label))})" for row in spread.most_alone)
    origin = (
        f"Rows by source: {counted(collected.by_source)}; by language: "
        f"{counted(found.clean.rows_by_language)}."
    )
    note = (
        "Distances are cosine distances between the encoder's vectors in train + validation; a "
        "class with a large distance to the nearest rows is sparsely covered."
    )
    parts: list[Part] = [
        Prose(origin),
        Table(header, rows, CLASSES, "classes"),
        note,
        Prose(f"Collect next: {_sparse(spread, found.split.by_class)}"),
        Prose(f"Most isolated rows: {isolated}."),
    ]
    return Section("Diversity", parts)


def _sparse(spread: EmbedMetrics, by_class: Mapping[str, Mapping[str, int]]) -> str:
    """Classes with few rows, else the class whose rows are furthest from each other."""
    if few := thin_classes({name: counts["train"] for name, counts in by_class.items()}):
        wanted = [f"{quoted(name)} (about {number:,} more)" for name, number in few.items()]
        return (
            f"rows of {listed(wanted, NAMED)}, which have less than half as many rows as the "
            "median class."
        )
    distances = spread.by_class
    sparsest = max(distances, key=lambda name: distances[name].mean_distance_to_nearest)
    return f"no class is short of rows; {quoted(sparsest)} is covered most sparsely."


def labels(
    task: Task,
    found: LabelErrorMetrics,
    test: Evaluation,
    copies: DeduplicateMetrics,
    split: SplitMetrics,
) -> Section:
    """Suspected label errors: how many, where and why, the policy, the noise, and decisions; near
    copies with two labels."""
    by_split, why = counted(found.suspects_by_side, " in"), counted(found.suspects_by_reason)
    reasons = f": {why}" if why else ""
    suspects = (
        f"{found.suspects} suspected label errors, by models that never saw the row "
        f"({by_split}); policy for train: {found.policy}. Labels in validation and test "
        f"change only by a person's decision; {found.verified_rows} rows are verified. The "
        f"list is in reports/suspects.csv{reasons}."
    )
    outliers = "No row is far from all others."
    if number := sum(found.outliers_by_side.values()):
        where = counted(found.outliers_by_side, " in")
        outliers = f"{number} rows are far from all others ({where}): reports/outliers.csv."
    parts: list[Part] = [
        Prose(suspects),
        *(label_noise(task, found.noise, MATRIX_CLASSES) if found.noise else ()),
        Prose(f"{outliers} {_order(found.non_iid_p)}"),
        Prose(people(test)),
        *_near_conflicts(task, copies, split),
    ]
    if unjudged := found.not_judged_by_class:
        words = (
            "Rows whose class is in a single fold are not judged, because no model could know "
            f"the class: {counted(unjudged)}."
        )
        parts.append(Prose(words))
    return Section("Labels", parts)


def _near_conflicts(task: Task, found: DeduplicateMetrics, split: SplitMetrics) -> list[Part]:
    """Near copies whose labels differ: kept, or dropped, each as the ledger says; of sets also
    which labels differ."""
    parts: list[Part] = []
    if found.near_conflict_pairs:
        words = (
            f"**{found.near_conflict_rows:,} kept rows are near copies of a row with another "
            f"label** ({found.near_conflict_pairs:,} pairs): one of the labels may be wrong, or "
            "the classes differ in what the texts differ in. With "
            "`deduplicate.near_conflict: drop_both` none of them is kept."
        )
        header = ["row", "label", "near copy", "its label", *(["change"] if task.SETS else [])]
        rows = [
            [pair.id, task.shown(pair.label), pair.other_id, task.shown(pair.other_label),
             task.difference(pair.label, pair.other_label)][: len(header)]
            for pair in found.near_conflicts
        ]  # fmt: skip
        rest = found.near_conflict_pairs - len(rows)
        table = Table(header, rows)
        parts += [Prose(words), table, *([f"{rest:,} more pairs are not shown."] if rest else [])]
    if twins := split.twins_with_other_label:
        parts.append(
            f"{twins:,} of the rows that were dropped for a near copy in another split had another "
            "label than the copy; data/ledger/split.csv names both."
        )
    return parts


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
    dropped = ""
    if found.dropped:
        between = f"between {low:.3f} and {high:.3f}, because they have no prediction"
        dropped = f"; with the {found.dropped} dropped rows {between}"
    return (
        f"People have relabelled {found.relabelled} test rows, dropped {found.dropped} and "
        f"verified {found.verified}. Test accuracy with their decisions "
        f"{interval(test['accuracy'])}, without {interval(found['accuracy'])}{dropped}; macro-F1 "
        f"with {interval(test['macro_f1'])}, without {interval(found['macro_f1'])}."
    )


def privacy(found: AnonymizeMetrics) -> Section:
    """Personal values by kind: replaced, and what an independent scan of the output finds."""
    left = [
        f"{number} {kind.removeprefix('looks_like_').replace('_', ' ')}"
        for kind, number in found.residual_scan.items()
        if number
    ]
    key = " The key is the public example key." if found.public_key else ""
    words = (
        f"Replaced in {found.rows_touched} rows: "
        f"{counted(found.replaced_by_kind, limit=99) or 'none'} (mode {found.mode}). An "
        f"independent scan of the output finds {', '.join(left) or 'nothing'} that looks "
        f"personal.{key}"
    )
    return Section("Personal data", [words, *_looked_for(found.looked_for)])


def _looked_for(scope: LookedFor | None) -> list[Part]:
    if not scope:
        return []
    names = ", ".join(scope.names) or "none, because `anonymize.names` is off"
    parts: list[Part] = [
        f"Looked for: {', '.join(scope.kinds)}; by the model for names: {names}. National phone "
        f"numbers and identity numbers of {', '.join(scope.regions)}, and others where a word "
        "names them."
    ]
    other = in_other_languages(scope)
    return [*parts, f"{other[0].upper()}{other[1:]}."] if other else parts
