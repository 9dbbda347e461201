"""Champion against challenger: the model of a base revision and this one, on the same test rows.

What stops the comparison is a verdict of its own and never a pass: `compare` raises no
SeedbedError.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from seedbed.core.errors import GateError, SeedbedError
from seedbed.core.files import rounded
from seedbed.core.params import read_params
from seedbed.gate.base_model import BEST, base_model, locked_model
from seedbed.gate.limits import GateParams
from seedbed.gate.reasons import beyond_but_unsure, broken, what_it_sees
from seedbed.gate.records import Override, default_base, override_of, write_override
from seedbed.gate.same_rows import (
    Asked,
    ComparedRows,
    answers_of,
    check_none_lost,
    check_run,
    check_same_ids,
    checked_model,
    honest_rows,
    read_test_side,
)
from seedbed.gate.verdict import Judgement, judged
from seedbed.pages.numbers import points
from seedbed.versions.revisions import Files
from seedbed.versions.row_records import read_records

Verdict = Literal["pass", "fail", "cannot be compared"]
PASS: Verdict = "pass"
FAIL: Verdict = "fail"
CANNOT: Verdict = "cannot be compared"
EXIT_CODES = {PASS: 0, FAIL: 1, CANNOT: 2}


@dataclass
class Comparison:
    """The verdict, and all that it rests on.

    `measured` is what the rows say; `verdict` differs from it where a person has let a failing
    model pass (`override`). `reasons` say why, `notes` what else a reader must know. `rows`
    counts the test rows that both models answered, `left_out` those that the base had learnt from.
    `figures` are those of `seedbed.gate.verdict.judged`, with `limits`; empty where nothing was
    measured.
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
    figures: dict[str, Any] = field(default_factory=dict)
    override: Override | None = None

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 2 cannot be compared."""
        return EXIT_CODES[self.verdict]

    def as_json(self) -> dict[str, Any]:
        """All of it, floats at six decimals."""
        override = self.override._asdict() if self.override else None
        return rounded(asdict(self) | {"override": override})


def compare(base: str = "") -> Comparison:
    """Compare this model with that of `base`, a revision of git; see `default_base`."""
    found = Comparison(base or "")
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
    params = read_params("gate", GateParams)
    files, here = Files(found.base), Files()
    found.base_commit, found.dataset = files.commit, dataset_of(here)
    head = checked_model(BEST)
    found.head_model = head.digest
    side = _rows(files, here)
    found.rows, found.left_out = len(side.rows), len(side.left_out)
    locked_model(files)
    with base_model(files) as folder:
        base = checked_model(folder)
        found.base_model = base.digest
        answers = answers_of(side.rows, base, head)
    judgement = judged(answers, params)
    check_it_could_fail(judgement, params, found.rows)
    _decide(found, judgement, params)
    found.notes = _notes(side, base, head) + what_it_sees(judgement, answers, params)


def dataset_of(files: Files) -> str:
    """The dataset's version as reports/dataset.json has it, "" where there is none."""
    return json.loads(files.read("reports/dataset.json") or "{}").get("version", "")


def _rows(files: Files, here: Files) -> ComparedRows:
    test = read_test_side()
    now, before = read_records(here), read_records(files)
    check_run(test, now.manifest)
    check_none_lost(test, set(before.frozen))
    check_same_ids(before.manifest, now.manifest)
    return honest_rows(test, before.manifest)


def check_it_could_fail(judgement: Judgement, params: GateParams, rows: int) -> None:
    """Raises GateError where no limit is on, or the rows could not show a drop of the size that
    they must be able to show: passing would say nothing."""
    if not judgement.checked:
        raise GateError("params.yaml: gate", "every limit is off", "at least one limit", "set one")
    if judgement.sees > params.must_see_drop or judgement.sees >= 1:
        raise GateError(
            f"the test side of {rows} rows",
            f"the smallest drop in accuracy that it shows is {points(judgement.sees)}",
            f"at most {points(params.must_see_drop)} (gate.must_see_drop)",
            "label more test rows",
        )


def _decide(found: Comparison, judgement: Judgement, params: GateParams) -> None:
    failed = judgement.failed
    found.measured = found.verdict = FAIL if failed else PASS
    found.reasons = [broken(one, judgement.figures) for one in failed]
    if not failed:
        found.reasons = ["No limit is broken.", *beyond_but_unsure(judgement)]
    limits = [
        {**one.limit._asdict(), "found": one.found, "p_holm": one.p_holm, "fails": one.fails,
         "sees": one.sees}
        for one in judgement.checked
    ]  # fmt: skip
    found.figures = {**judgement.figures, "limits": limits}
    found.figures |= {"sees": judgement.sees, "fails_from": judgement.fails_from}
    if failed:
        found.override = override_of(found.base_model, found.head_model)
        found.verdict = PASS if found.override else FAIL


def _notes(side: ComparedRows, base: Asked, head: Asked) -> list[str]:
    notes = []
    if base.digest == head.digest:
        notes.append("Both are the same model, byte for byte.")
    if side.left_out:
        notes.append(
            f"{len(side.left_out)} test rows are left out, because the base had them in train or "
            "validation."
        )
    if base.serving.preparation != head.serving.preparation:
        notes.append(
            "The base was trained on texts that were cleaned or anonymized by other rules; it is "
            "asked about the texts of this version."
        )
    return notes
