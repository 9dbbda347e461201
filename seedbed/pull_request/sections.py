"""Sections of the report on models, labels and cost, from the metrics of base and head in git."""

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from seedbed.approaches import NAMES
from seedbed.core.metrics import Metrics
from seedbed.core.rows import SIDES
from seedbed.core.stage import last_costs
from seedbed.pages.document import Cell, Code, Part, Prose, Section, Table, interval
from seedbed.pages.escaping import quoted
from seedbed.versions import diff_sections
from seedbed.versions.changes import Changes
from seedbed.versions.diff_words import WHY_NOT_DOUBTED
from seedbed.versions.revisions import Files

FOLDER = "reports/metrics/evaluate"
CHOICE = "reports/choice.json"
COVERAGES = ("80%", "90%")


class Known(Metrics, extra="ignore"):
    """Base of what is read of a metrics file here.

    The file of the base may be that of another version of Seedbed, so that other keys are ignored
    and missing ones have a default. A test compares the keys with those of the full models.
    """


class KnownScore(Known):
    """A metric and its 95 % interval."""

    mean: float
    low: float
    high: float


class KnownCosts(Known):
    """What a model cost."""

    training_tokens: int | None = None
    trainable_parameters: int | None = None
    megabytes: float | None = None


class KnownError(Known):
    """Calibration of one set of probabilities."""

    expected_calibration_error: float | None = None


class KnownCalibration(Known):
    """Calibration after temperature scaling."""

    after: KnownError = KnownError()


class KnownValidation(Known):
    """validation.json; `risk_coverage` has more than numbers."""

    run: bool = False
    rows: int = 0
    macro_f1: KnownScore | None = None
    model: KnownCosts = KnownCosts()
    risk_coverage: dict[str, object] = {}
    calibration: KnownCalibration = KnownCalibration()


class KnownChoice(Known):
    """choice.json."""

    approach: str = ""
    why: str = ""


class KnownLabels(Known):
    """find_label_errors.json."""

    suspects_by_side: dict[str, int] = {}


class KnownSplit(Known):
    """split.json."""

    leak_gate: dict[str, int] | None = None


AnyKnown = TypeVar("AnyKnown", bound=Known)


def read_known(files: Files, path: str, model: type[AnyKnown]) -> AnyKnown:
    """Read a metrics file of a version; all defaults if it has none."""
    return model.model_validate_json(files.read(path) or "{}")


def validation_of(files: Files) -> dict[str, KnownValidation]:
    """Read the validation.json of each approach that ran."""
    found = {
        name: read_known(files, f"{FOLDER}/{name}/validation.json", KnownValidation)
        for name in NAMES
    }
    return {name: figures for name, figures in found.items() if figures.run}


def approaches(base: Files, head: Files) -> Section:
    """A row per approach: macro-F1 before and now, which was chosen, risk, calibration."""
    before, now = validation_of(base), validation_of(head)
    if not now:
        return Section("", ["No validation figures are in git: the pipeline has not run."])
    chosen = [read_known(files, CHOICE, KnownChoice).approach for files in (base, head)]
    lines = [
        [Prose(f"`{one}`{_mark(one, chosen)}"), _macro(before.get(one)), _macro(now.get(one)),
         _change(before.get(one), now.get(one)), *_risks(now.get(one)), _error(now.get(one))]
        for one in NAMES
        if one in before or one in now
    ]  # fmt: skip
    header = ["on validation", "macro-F1 in the base", "macro-F1 now", "change",
              *(f"risk at {one}" for one in COVERAGES), "calibration error"]  # fmt: skip
    rows = [next(iter(version.values()), KnownValidation()).rows for version in (before, now)]
    return Section("", [Table(header, lines), _note(rows), _why(head, chosen)])


def _mark(one: str, chosen: list[str]) -> str:
    if one == chosen[1]:
        return " (chosen)"
    return " (chosen in the base)" if one == chosen[0] else ""


def _macro(figures: KnownValidation | None) -> str:
    return interval(figures.macro_f1) if figures and figures.macro_f1 else "—"


def _change(before: KnownValidation | None, now: KnownValidation | None) -> str:
    if not (before and before.macro_f1 and now and now.macro_f1):
        return ""
    return f"{now.macro_f1.mean - before.macro_f1.mean:+.3f}"


def _risks(figures: KnownValidation | None) -> list[str]:
    risks = figures.risk_coverage if figures else {}
    return [_decimals(risks.get(f"risk_at_{coverage}")) for coverage in COVERAGES]


def _error(figures: KnownValidation | None) -> str:
    return _decimals(figures.calibration.after.expected_calibration_error if figures else None)


def _decimals(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else ""


def _note(rows: list[int]) -> str:
    sides = f"the base's has {rows[0]:,} rows, this one {rows[1]:,}"
    return (
        f"Each version on its own validation split ({sides}): the change is not paired. Risk: the "
        "error rate among the most confident predictions, at that share of all rows."
    )


def _why(head: Files, chosen: list[str]) -> Prose:
    why = quoted(read_known(head, CHOICE, KnownChoice).why.replace("`", ""), 600)
    changed = "" if chosen[0] in ("", chosen[1]) else "**Another approach than in the base.** "
    return Prose(changed + why)


METRICS = "reports/metrics"
ROWS = 20
PAIRS = {
    "exact_pairs": "exact copies",
    "near_pairs": "near copies",
    "group_pairs": "rows of a group",
}


def labels(changes: Changes, base: Files, head: Files) -> list[Part]:
    """How many labels are suspected, how many of those are new or gone, and new decisions."""
    before, now = (
        read_known(files, f"{METRICS}/find_label_errors.json", KnownLabels)
        for files in (base, head)
    )
    rows = changes.rows
    gone = Counter(suspect.why for suspect in rows.gone_suspects)
    reasons = ", ".join(f"{number:,} since {WHY_NOT_DOUBTED[why]}" for why, number in gone.items())
    lines: list[Sequence[Cell]] = [
        [side, before.suspects_by_side.get(side, 0), now.suspects_by_side.get(side, 0),
         sum(suspect.split == side for suspect in rows.new_suspects),
         sum(suspect.split == side for suspect in rows.gone_suspects)]
        for side in SIDES
    ]  # fmt: skip
    parts: list[Part] = [Table(["suspected label errors", "base", "now", "new", "gone"], lines)]
    return [*parts, *([f"Gone: {reasons}."] if reasons else []), Prose(_decided(changes))]


def _decided(changes: Changes) -> str:
    made = Counter(one.who for one in changes.rows.decisions_made)
    if not made and not changes.rows.decisions_withdrawn:
        return "No new decisions."
    each = ", ".join(f"{quoted(who)} {number:,}" for who, number in sorted(made.items()))
    text = f"New decisions: {sum(made.values()):,}" + (f" ({each})" if each else "")
    if withdrawn := len(changes.rows.decisions_withdrawn):
        text += f"; withdrawn: {withdrawn:,}"
    test = [one for one in changes.rows.relabelled if one.split == "test" and one.by == "decision"]
    if test:
        text += f". **{len(test):,} labels of test rows were changed by people**"
    return f"{text}."


def decisions(changes: Changes) -> Section:
    """The lines themselves, for those who want to read them."""
    return Section("Decisions", diff_sections.decisions(changes, ROWS).parts, folded=True)


def leak_gate(base: Files, head: Files) -> str:
    """Pairs of rows in two splits: none, or the run would have ended."""
    before, now = (
        read_known(files, f"{METRICS}/split.json", KnownSplit).leak_gate for files in (base, head)
    )
    if now is None:
        return "Leak gate: `split` has not run."
    pairs = ", ".join(f"{now[key]:,} {word}" for key, word in PAIRS.items() if key in now)
    same = "as in the base" if before == now else "the base has other figures"
    return f"Leak gate: {pairs} across splits; {same}."


COUNTED = {
    "training_tokens": "tokens trained on",
    "trainable_parameters": "trainable parameters",
    "megabytes": "model MB",
}


def cost(base: Files, head: Files, reran: list[str]) -> Section:
    """A row per approach, base and now; then the stages that ran again, the most costly first."""
    before, now = validation_of(base), validation_of(head)
    lines: list[Sequence[Cell]] = [
        [Code(name), *(_count_change(before.get(name), now[name], key) for key in COUNTED)]
        for name in now
    ]
    table = Table(["approach", *COUNTED.values()], lines)
    return Section("Cost", [table, *_measured(reran)], folded=True)


def _count_change(before: KnownValidation | None, now: KnownValidation, key: str) -> str:
    """A count now, and that of the base if it differs."""
    was = getattr(before.model, key) if before else None
    count = getattr(now.model, key)
    if count is None:
        return ""
    return f"{count:,}" if was in (None, count) else f"{was:,} → {count:,}"


def _measured(reran: list[str]) -> list[Part]:
    costs = last_costs()
    found = [
        (costs[name]["seconds"], costs[name]["peak_mb"], name) for name in reran if name in costs
    ]
    if not found:
        return ["Seconds and memory were not measured where this report was made."]
    found.sort(key=lambda one: (-one[0], one[2]))
    lines = [[Code(name), f"{seconds:,.1f}", f"{peak:,}"] for seconds, peak, name in found]
    total = sum(one[0] for one in found)
    return [
        f"The {len(found)} stages that ran again took {total:,.0f} s in total and "
        f"{max(one[1] for one in found):,} MB at most, on the machine that made this report.",
        Table(["stage", "seconds", "peak MB"], lines),
    ]
