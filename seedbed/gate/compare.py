"""Champion against challenger: the model of a base revision and this one, on the same test rows.

What stops the comparison is a verdict of its own and never a pass: `compare` raises no
SeedbedError. Champions are tags in git, and what lets a failing model pass is a line of a file.
"""

import json
import math
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from seedbed.core.errors import DamagedError, GateError, SeedbedError, reading
from seedbed.core.files import BEST, read_csv, write_csv
from seedbed.core.git import git
from seedbed.core.params import read_params
from seedbed.core.rows import DATASET
from seedbed.gate import same_rows
from seedbed.gate.same_rows import Asked
from seedbed.gate.verdict import (
    Answers,
    Checked,
    GateParams,
    Judgement,
    Sensitivity,
    judged,
    rows_for,
)
from seedbed.pages.document import listed, points
from seedbed.serving.model_folder import AnswerServing
from seedbed.versions.revisions import Files
from seedbed.versions.row_records import read_records

Verdict = Literal["pass", "fail", "cannot be compared"]
PASS: Verdict = "pass"
FAIL: Verdict = "fail"
CANNOT: Verdict = "cannot be compared"
EXIT_CODES = {PASS: 0, FAIL: 1, CANNOT: 2}
SHOWN = 5
AND_MORE = ", and {} more"
ONE_POINT = 0.01
OVERRIDES = Path("data/gate_overrides.csv")
ARTIFACT = "champion"
TAG = re.compile(ARTIFACT + r"@v(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}")


def champions() -> list[str]:
    """The tag of every champion of this repository, the newest last; none outside of git."""
    tags = git("tag", "--list", f"{ARTIFACT}@v*").split()
    return sorted(filter(TAG.fullmatch, tags), key=version)


def version(tag: str) -> list[int]:
    """Major, minor and patch of a champion's tag."""
    return [int(number) for number in re.findall(r"\d+", tag)]


def default_base() -> str:
    """Return the default base: the newest champion, else the last commit."""
    return ["HEAD", *champions()][-1]


class Override(NamedTuple):
    """Who let which model pass against which, when, why, and on which dataset that was."""

    base_model: str
    head_model: str
    dataset: str
    when: str
    who: str
    why: str


def read_overrides() -> list[Override]:
    """Every line, in the order of the file. Raises GateError on one that cannot be read, or that
    says nothing of who or why."""
    if not OVERRIDES.exists():
        return []
    try:
        lines = read_csv(OVERRIDES, Override._fields, dict.fromkeys(("who", "why"), r"(?s).*\S.*"))
    except DamagedError as error:
        raise GateError(
            error.place,
            error.found,
            f"the columns {','.join(Override._fields)}, who and why filled in",
            "correct the line, or write it by `seedbed compare --override --who NAME --why TEXT`",
        ) from None
    return [Override(**line) for line in lines]


def override_of(base_model: str, head_model: str) -> Override | None:
    """The latest line for this pair of models, if any."""
    found = [one for one in read_overrides() if one[:2] == (base_model, head_model)]
    return max(found, key=lambda one: (one.when, one.who, one.why), default=None)


def write_override(base_model: str, head_model: str, dataset: str, who: str, why: str) -> Override:
    """Add a line. Raises GateError where it would say nothing of who or why."""
    who, why = (" ".join(part.split()) for part in (who, why))
    if not who or not why:
        raise GateError(
            "--override", "no --who or no --why", "who lets the model pass, and why", "add both"
        )
    when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    line = Override(base_model, head_model, dataset, when, who, why)
    write_csv(OVERRIDES, Override._fields, [*read_overrides(), line])
    return line


@dataclass
class Comparison:
    """The verdict, and all that it rests on.

    `measured` is what the rows say; `verdict` differs from it where a person has let a failing
    model pass (`override`). `reasons` say why, `notes` what else a reader must know. `rows`
    counts the test rows that both models answered, `left_out` those that the base had learnt from.
    `figures` is None where nothing was measured.
    """

    base: str
    verdict: Verdict = CANNOT
    measured: Verdict = CANNOT
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    base_commit: str = ""
    base_model: str = ""
    head_model: str = ""
    dataset: str = ""
    rows: int = 0
    left_out: int = 0
    figures: Judgement | None = None
    override: Override | None = None

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 2 cannot be compared."""
        return EXIT_CODES[self.verdict]


def compare(base: str = "") -> Comparison:
    """Compare this model with that of `base`, a revision of git; see `default_base`."""
    found = Comparison(base)
    try:
        found.base = base or default_base()
        _compare(found)
    except SeedbedError as error:
        found.verdict = found.measured = CANNOT
        found.reasons = [str(error)]
    return found


def with_override(found: Comparison, who: str, why: str) -> Comparison:
    """Write the line that lets a failing model pass, and give the comparison with it.

    Raises GateError where there is no fail to override: what cannot be compared stays so.
    """
    if found.measured != FAIL:
        raise GateError(
            "--override", f"the verdict is: {found.measured}. {' '.join(found.reasons)}",
            "a comparison that fails", "leave --override out; nothing was written",
        )  # fmt: skip
    line = write_override(found.base_model, found.head_model, found.dataset, who, why)
    note = "data/gate_overrides.csv has a new line: commit it, or it counts here alone."
    return replace(found, verdict=PASS, override=line, notes=[*found.notes, note])


def _compare(found: Comparison) -> None:
    files, here = Files(found.base), Files()
    found.base_commit, found.dataset = files.commit, dataset_of(here)
    head = same_rows.checked_model(BEST)
    found.head_model = head.digest
    test = same_rows.read_test_side()
    now, before = read_records(here), read_records(files)
    same_rows.check_run(test, now.manifest)
    same_rows.check_none_lost(test, set(before.frozen))
    same_rows.check_same_ids(before.manifest, now.manifest)
    rows, left_out = same_rows.honest_rows(test, before.manifest)
    found.rows, found.left_out = len(rows), len(left_out)
    with same_rows.base_model(files) as folder:
        base = same_rows.checked_model(folder)
        found.base_model = base.digest
        same_rows.check_same_task(base, head)
        if isinstance(head.serving, AnswerServing):
            from seedbed.gate.answers import compare_models  # which imports this module

            compare_models(found, rows, base, head)
            found.notes = _notes(found.left_out, base, head) + found.notes
            return
        params = read_params("gate", GateParams)
        answers = same_rows.answers_of(rows, base, head)
    judgement = judged(answers, params)
    conclude(found, judgement, params)
    found.notes = _notes(found.left_out, base, head) + what_it_sees(judgement, answers, params)


def conclude(found: Comparison, judgement: Judgement, params: Sensitivity) -> None:
    """Set verdict, reasons and the override in force by what the rows say, of any task.

    Raises GateError where passing would say nothing.
    """
    check_it_could_fail(judgement, params, found.rows)
    found.figures = judgement
    found.measured = found.verdict = FAIL if judgement.failed else PASS
    found.reasons = ["No limit is broken.", *beyond_but_unsure(judgement)]
    if judgement.failed:
        found.reasons = [broken(one, judgement) for one in judgement.failed]
        found.override = override_of(found.base_model, found.head_model)
        found.verdict = PASS if found.override else FAIL


def dataset_of(files: Files) -> str:
    """The dataset's version as reports/dataset.json has it, "" where there is none.

    Raises DamagedError.
    """
    with reading(DATASET):
        return json.loads(files.read(str(DATASET)) or "{}").get("version", "")


def check_it_could_fail(judgement: Judgement, params: Sensitivity, rows: int) -> None:
    """Raises GateError where no limit is on, or the rows could not show a drop of the size that
    they must be able to show: passing would say nothing."""
    if not judgement.limits:
        raise GateError("params.yaml: gate", "every limit is off", "at least one limit", "set one")
    if judgement.sees > params.must_see_drop or judgement.sees >= 1:
        raise GateError(
            f"the test side of {rows} rows",
            f"the smallest drop in {judgement.seen_in} that it shows is {points(judgement.sees)}",
            f"at most {points(params.must_see_drop)} (gate.must_see_drop)",
            "label more test rows",
        )


def _notes(left_out: int, base: Asked, head: Asked) -> list[str]:
    notes = {
        "Both are the same model, byte for byte.": base.digest == head.digest,
        f"{left_out} test rows are left out, because the base had them in train or validation.": (
            left_out > 0
        ),
        "The base was trained on texts that were cleaned or anonymized by other rules; it is asked "
        "about the texts of this version.": base.serving.preparation != head.serving.preparation,
    }
    return [note for note, holds in notes.items() if holds]


def broken(one: Checked, figures: Judgement) -> str:
    """A limit that failed: what was found, what was allowed, and how sure that is."""
    sure = f"p = {one.p_holm:.2g}" if one.p_holm >= 0.0001 else "p < 0.0001"
    if one.kind == "least":
        return (
            f"{_subject(one)} is {one.found:.3f}, below the least that is allowed, "
            f"{one.value:.3f} ({sure})."
        )
    before, after = figures.of_both(one)
    return (
        f"{_subject(one)} fell by {points(one.found)}, from {before:.3f} to {after:.3f}; "
        f"{_allowed(one)} allowed ({sure})."
    )


def beyond_but_unsure(judgement: Judgement) -> list[str]:
    """Limits that the figures alone would break, though that may be chance; worst first."""
    drops = [
        f"{_subject(one)} is {one.found:.3f} (at least {one.value:.3f})"
        if one.kind == "least"
        else f"{_subject(one)} fell by {points(one.found)} ({_allowed(one)} allowed)"
        for one in sorted(judgement.limits, key=lambda one: one.p_holm)
        if one.is_beyond and not one.fails
    ]
    more = listed(drops, SHOWN, "; ", AND_MORE)
    return [f"Within what chance would bring: {more}."] if drops else []


def what_it_sees(judgement: Judgement, answers: Answers, params: GateParams) -> list[str]:
    """What this test side can show, and how many rows would show a drop of one point."""
    wanted = (getattr(params, "max_drop_accuracy", None) or 0.0) + ONE_POINT
    rows = rows_for(wanted, answers, params)
    notes = [smallest_seen(judgement, len(answers.head.labels), params, wanted, rows)]
    blind = [
        f"`{one.name}` ({points(one.sees)})"
        for one in judgement.limits
        if one.measure == "recall" and one.sees is not None and one.sees > 0.5
    ]
    if blind:
        notes.append(
            "Classes with too few rows to show the loss of half of their recall: "
            f"{listed(blind, SHOWN, more=AND_MORE)}."
        )
    return notes


def smallest_seen(
    judgement: Judgement, rows: int, params: Sensitivity, wanted: float, rows_needed: int
) -> str:
    """Which drop these rows can show, and how many rows would show one as small as `wanted`."""
    note = (
        f"On {rows:,} rows a measured drop in {judgement.seen_in} fails from about "
        f"{points(judgement.fails_from)} on; a true one of {points(judgement.sees)} is seen in "
        f"{params.power:.0%} of the cases, a smaller one may pass unseen."
    )
    if judgement.sees <= wanted:
        return note
    more = _about(rows_needed)
    return f"{note} To see one of {points(wanted)} it would take about {more:,} rows."


def _about(number: int) -> int:
    """Rounded up to two digits: 2,730 is 2,800."""
    scale = 10 ** max(0, len(str(number)) - 2)
    return math.ceil(number / scale) * scale


def _subject(one: Checked) -> str:
    return one.subject[0].upper() + one.subject[1:]


def _allowed(one: Checked) -> str:
    return f"{points(one.value)} are" if one.value else "nothing is"
