"""Validation figures of every approach in base and head, out of the metrics that git holds."""

import json
from typing import Any

from seedbed.approaches import NAMES
from seedbed.pages.document import Prose, Section, Table
from seedbed.pages.escaping import quoted
from seedbed.pages.numbers import interval
from seedbed.versions.revisions import Files

FOLDER = "reports/metrics/evaluate"
CHOICE = "reports/choice.json"
COVERAGES = ("80%", "90%")

Figures = dict[str, Any]


def read_json(files: Files, path: str) -> Figures:
    """A JSON file of a version, empty where it has none."""
    return json.loads(files.read(path) or "{}")


def validation_of(files: Files) -> dict[str, Figures]:
    """validation.json of each approach that ran."""
    found = {one: read_json(files, f"{FOLDER}/{one}/validation.json") for one in NAMES}
    return {one: figures for one, figures in found.items() if figures.get("run")}


def approaches(base: Files, head: Files) -> Section:
    """A row per approach: macro-F1 before and now, which was chosen, risk, calibration."""
    before, now = validation_of(base), validation_of(head)
    if not now:
        return Section("", ["No validation figures are in git: the pipeline has not run."])
    chosen = [read_json(files, CHOICE).get("approach", "") for files in (base, head)]
    lines = [
        [Prose(f"`{one}`{_mark(one, chosen)}"), _macro(before.get(one)), _macro(now.get(one)),
         _change(before.get(one), now.get(one)), *_risks(now.get(one)), _error(now.get(one))]
        for one in NAMES
        if one in before or one in now
    ]  # fmt: skip
    header = ["on validation", "macro-F1 in the base", "macro-F1 now", "change",
              *(f"risk at {one}" for one in COVERAGES), "calibration error"]  # fmt: skip
    rows = [next(iter(side.values()), {}).get("rows", 0) for side in (before, now)]
    return Section("", [Table(header, lines), _note(rows), _why(head, chosen)])


def _mark(one: str, chosen: list[str]) -> str:
    if one == chosen[1]:
        return " (chosen)"
    return " (chosen in the base)" if one == chosen[0] else ""


def _macro(found: Figures | None) -> str:
    return interval(found["macro_f1"]) if found else "—"


def _change(before: Figures | None, now: Figures | None) -> str:
    if not before or not now:
        return ""
    return f"{now['macro_f1']['mean'] - before['macro_f1']['mean']:+.3f}"


def _risks(found: Figures | None) -> list[str]:
    risks = (found or {}).get("risk_coverage", {})
    values = [risks.get(f"risk_at_{one}") for one in COVERAGES]
    return ["" if value is None else f"{value:.3f}" for value in values]


def _error(found: Figures | None) -> str:
    after = (found or {}).get("calibration", {}).get("after", {})
    value = after.get("expected_calibration_error")
    return "" if value is None else f"{value:.3f}"


def _note(rows: list[int]) -> str:
    sides = f"the base's has {rows[0]:,} rows, this one {rows[1]:,}"
    return (
        f"Each version on its own validation split ({sides}): the change is not paired. Risk: the "
        "error rate among the most confident predictions, at that share of all rows."
    )


def _why(head: Files, chosen: list[str]) -> Prose:
    why = quoted(read_json(head, CHOICE).get("why", "").replace("`", ""), 600)
    changed = "" if chosen[0] in ("", chosen[1]) else "**Another approach than in the base.** "
    return Prose(changed + why)
