"""The report's sections on training: its rows, what they gain, cross-validation, curves, tokens;
and on what configures it: entries that match nothing, and labels that may be meant as one class.

Each is a pure function of the figures that stages wrote. A stage has what of its own section of
params.yaml matched nothing as `unused` in its metrics.
"""

from collections.abc import Collection, Mapping, Sequence

from seedbed.collecting.diversity import CollectMetrics
from seedbed.core.labels import Unused, unmatched
from seedbed.encoding.tokens import TokenizeMetrics
from seedbed.making import balancing
from seedbed.pages.document import (
    Alarm,
    Cell,
    Code,
    Part,
    Prose,
    Section,
    Table,
    counted,
    difference,
    interval,
    listed,
    quoted,
)
from seedbed.reporting.results import CLASSES
from seedbed.scoring.metrics_files import MinimumFunctionality
from seedbed.training.resampling import CvMetrics, LearningCurveMetrics

KEPT = {"head": "the first", "tail": "the last", "head_tail": "the first and last"}
VERDICTS = {"gain": "**gain**", "loss": "**loss**", "no gain": "no gain"}


def cross_validation(found: CvMetrics | None) -> Section:
    """Scores over the folds, and what a grid chose; nothing if it is off."""
    if found is None:
        return Section("Cross-validation")
    rows = []
    for name, approach in found.approaches.items():
        for point in approach.points:
            chosen = len(approach.points) > 1 and point.params == approach.chosen
            both = (point.macro_f1, point.accuracy)
            scores = [f"{score.mean:.3f} (sd {score.sd:.3f})" for score in both]
            folds = ", ".join(f"{value:.3f}" for value in point.macro_f1.by_fold.values())
            tried = ", ".join(f"{key} {value}" for key, value in point.params.items())
            rows.append([Code(name), tried, *scores, folds, "chosen" if chosen else ""])
    header = ["approach", "params", "macro-F1", "accuracy", "macro-F1 by fold", ""]
    note = (
        f"{found.rows_scored:,} train and validation rows, each scored by a model of the other "
        f"{found.folds - 1} folds. finetune uses the params that a grid chose here."
    )
    return Section("Cross-validation", [Table(header, rows), note])


def learning_curve(found: LearningCurveMetrics | None) -> Section:
    """What more train rows would gain; nothing if it is off."""
    if found is None:
        return Section("Learning curve")
    rows = [
        [f"{one.share:.0%}", f"{one.rows:,.0f}", interval(one.macro_f1), f"{one.fitted:.3f}"]
        for one in found.points
    ]
    twice, exponent = found.twice_the_rows, found.exponent
    header = ["share of train", "rows", "validation macro-F1", "fitted"]
    first = (
        f"**Twice the rows ({twice.rows:,.0f}) would gain {difference(twice.gain)} macro-F1**, to "
        f"{interval(twice.macro_f1)}."
    )
    note = (
        f"Approach `{found.approach}`, mean over {found.seeds} seeds, each of which draws other "
        "rows; 95 % intervals by a bootstrap over seeds and validation rows. The error is fitted "
        f"as a power of the rows, exponent {-exponent.mean:.2f} [{-exponent.high:.2f}, "
        f"{-exponent.low:.2f}], without a floor, which is too optimistic if labels are wrong or "
        "texts are ambiguous. Without the last point the fit predicts "
        f"{found.check.fitted_without_it:.3f} there; measured: {found.check.measured:.3f}."
    )
    return Section("Learning curve", [Prose(first), Table(header, rows), Prose(note)])


def curves(points: Mapping[str, Sequence[Mapping[str, str]]], score: str) -> Section:
    """The validation score, called `score`, by epoch of each approach that trains in epochs."""
    rows = [
        [
            f"{name}, seed {point['seed']}",
            point["epoch"],
            f"{float(point['train_loss']):.3f}" if point["train_loss"] else "",
            f"{float(point['validation']):.3f}" if point["validation"] else "",
        ]
        for name, found in points.items()
        for point in found
    ]
    header = ["model", "epoch", "train loss", score]
    note = "Epoch 0 is the state before training."
    return Section("Training by epoch", [Table(header, rows), note], folded=True)


def training_rows(
    augmented: balancing.AugmentMetrics, balanced: balancing.BalanceMetrics, noun: str = "class"
) -> Section:
    """Train rows and their share of the weight, before and after, by class, which the task calls
    `noun`, and by source."""
    made, refused = counted(augmented.made_by_method), counted(augmented.refused_by_reason)
    parts: list[str | Table] = [
        Prose(f"Rows made: {made or 'none'}." + (f" Not made: {refused}." if refused else "")),
        f"Balance: {balanced.asked}.",
    ]
    for what, found in ((noun, balanced.train_by_class), ("source", balanced.train_by_source)):
        before = [(one.rows_before, one.weight_share_before) for one in found.values()]
        if len(found) < 2 or before == [(one.rows, one.weight_share) for one in found.values()]:
            continue
        rows = [
            [name, f"{one.rows_before:,}", f"{one.rows:,}", f"{one.weight_share_before:.1%}",
             f"{one.weight_share:.1%}"]
            for name, one in found.items()
        ]  # fmt: skip
        header = [what, "rows before", "rows", "share of the weight before", "after"]
        parts.append(Table(header, rows, CLASSES, "more"))
    return Section("Training rows", parts)


def ablation(found: balancing.AblateMetrics) -> Section:
    """What each option that is on gains, and whether that may be chance."""
    title = "Augmentation and balancing"
    if not found.measured:
        return Section(title, [f"Nothing to measure: {found.off} off."])
    rows = [
        [option, size, f"{one.rows_without:,.0f}", f"{one.rows_with:,.0f}", *_gain(one)]
        for option, sizes in found.measured.items()
        for size, one in sizes.items()
    ]
    header = ["option", "rows per class", "rows without", "rows with", "macro-F1 without",
              "macro-F1 with", "gain", "verdict"]  # fmt: skip
    off = f" Off: {found.off}." if found.off else ""
    note = Prose(
        f"Validation macro-F1 of approach `{found.approach}`, mean over {found.seeds} seeds, "
        "each of which draws other train rows (all: a bootstrap sample; for balance the number is "
        "that of the smallest class, with shares kept). The gain is paired; its 95 % t interval is "
        f"over the seeds, on the same validation rows.{off}"
    )
    return Section(title, [Table(header, rows), note])


def _gain(one: balancing.Gain) -> list[str]:
    return [
        f"{one.without:.3f}",
        f"{one.with_it:.3f}",
        Prose(f"{one.gain:+.3f} [{one.low:+.3f}, {one.high:+.3f}]"),
        Prose(VERDICTS[one.verdict]),
    ]


def adaptation(found: balancing.AdaptMetrics | None) -> Section:
    """What adapting the encoder to unlabelled texts gains on validation; nothing if it is off."""
    if found is None:
        return Section("Adaptation")
    texts = found.texts
    header = ["rows per class", "macro-F1 before", "adapted", "gain", "verdict"]
    rows = [[size, *_gain(one)] for size, one in found.measured.items()]
    words = (
        f"The encoder was adapted by {found.way} to {texts['train']:,} train texts and "
        f"{texts['unlabelled']:,} unlabelled ones. Validation, frozen encoder with a linear "
        "head, 95 % intervals:"
    )
    return Section("Adaptation", [words, Table(header, rows)])


def tokens(found: TokenizeMetrics) -> Section:
    """Token lengths by class, and the cost of truncation and padding."""
    items = [*found.lengths.by_class.items()]
    everything = ("all", found.lengths.all)
    items = [everything, *items] if len(items) > CLASSES else [*items, everything]
    rows: list[list[Cell]] = [
        [
            name,
            *one.tokens_p5_p50_p95_p99,
            f"{one.rows_cut_share:.0%}",
            f"{one.tokens_cut_share:.0%}",
            f"{one.unknown_token_share:.2%}",
        ]
        for name, one in items
    ]
    header = ["class", "5 %", "median", "95 %", "99 %", "rows cut", "tokens cut", "unknown tokens"]
    cut, padding = found.truncation, found.padding_share
    kept = (
        f"{KEPT[cut.keep]} {cut.max_length} tokens"
        if cut.keep in KEPT
        else f"up to {cut.max_windows} windows of {cut.max_length} tokens, which overlap by "
        f"{cut.overlap},"
    )
    words = (
        f"Of a longer text {kept} are kept. Share of padding in batches by token budget: "
        f"{padding.token_budget:.1%} (shuffled batches padded to their longest text: "
        f"{padding.longest_of_batch:.0%}; everything padded to {cut.max_length}: "
        f"{padding.max_length:.0%})."
    )
    return Section("Tokens", [Table(header, rows, CLASSES + 1, "classes"), words])


UNUSED = 30  # entries in a table


def unused_cases(found: MinimumFunctionality, classes: Collection[str]) -> Unused:
    """Labels of the cases in tests/model that are no class any more."""
    return unmatched("tests/model", found.other_classes, (), classes)


def matches_nothing(unused: Unused) -> Section:
    """The entries, and which name each of them is near to."""
    rows: list[list[Cell]] = [
        [Code(place), entry, near]
        for place, entries in unused.items()
        for entry, near in entries.items()
    ]
    what = "1 entry matches" if len(rows) == 1 else f"{len(rows):,} entries match"
    alarm = Alarm(f"{what} nothing in the data; correct or delete what has no effect.")
    table = Table(["where", "entry", "near"], rows, UNUSED, "entries")
    return Section("Configuration that matches nothing", [alarm, table] if rows else [])


def labels_alike(found: CollectMetrics) -> Section:
    """Labels that differ from another one in form alone: those that may be meant as one class, and
    those that have become one."""
    parts: list[Part] = []
    if found.alike:
        names: list[list[Cell]] = [
            [old, found.by_class.get(old, 0), new, found.by_class.get(new, 0)]
            for old, new in found.alike.items()
        ]
        words = (
            "Only case, width, unseen characters, punctuation, or a plural separates these labels. "
            "If two of them are one class, rename one by `label_map`, or set "
            "`collect.join_labels: true` for all of them."
        )
        parts += [Prose(words), Table(["label", "rows", "like", "rows"], names, UNUSED, "labels")]
    if found.joined:
        pairs = [f"{quoted(old)} = {quoted(new)}" for old, new in found.joined.items()]
        parts.append(Prose(f"Joined by `collect.join_labels`: {listed(pairs, UNUSED, '; ')}."))
    return Section("Labels that differ in form alone", parts)
