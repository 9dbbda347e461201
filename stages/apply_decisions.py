"""Apply people's decisions in every split: relabel, drop, verify, and in task answer rewrite.

data/anonymize/, data/decisions/, data/frozen_test.csv -> data/apply_decisions/,
data/ledger/apply_decisions.csv, data/ledger/decided.csv, reports/metrics/apply_decisions.json

A row on which people disagree, and which the rule in params does not settle, is dropped from train.
In validation and test it keeps its given label: no machine edits a test set.

The text of a rewritten answer is in data/rewrites/, under the digest that its decision names. So
data/decisions/ alone determines what is read there, and dvc.yaml does not list it: who has not the
private zone can still verify and pull the outputs.
"""

from collections import Counter
from functools import partial

import pandas as pd

from seedbed.core import decisions
from seedbed.core.decisions import DECIDED, FOLDER, DisagreementRule as Params
from seedbed.core.files import write_csv
from seedbed.core.labels import unmatched, unused_in_words
from seedbed.core.metrics import Drop, RowCounts, settle
from seedbed.core.params import read_params
from seedbed.core.reasons import Reason
from seedbed.core.rows import ANONYMIZE, DECIDING, SIDES, read_rows, updated, write_results
from seedbed.core.stage import script
from seedbed.splitting.sides import FROZEN, SideParams, assign_sides, read_frozen
from seedbed.tasks.named import read_task

HEADER = ["id", "side", "given", "decided", "people"]


def rewritten_answers(decided: decisions.InForce) -> dict[str, str]:
    """Return the answers that people wrote, by row. Raises SeedbedError for a missing text."""
    return {
        row: decisions.read_rewrite(vote, FOLDER)
        for row, (choice, _) in decided.settled.items()
        for vote in decided.votes[row]
        if vote.decided == choice and decisions.digest_of(choice)
    }


def apply(
    rows: pd.DataFrame,
    decided: decisions.InForce,
    side: dict[str, str],
    answers: dict[str, str] | None = None,
) -> tuple[pd.DataFrame, list[Drop]]:
    """Return the rows with the decided labels, and with `answers` by id, and the drops.

    `side`: of every row with a decision, by id. `people_disagree` drops rows of train alone.
    """
    reasons = {row: Reason.PEOPLE_DISAGREE for row in decided.disagreed if side[row] == "train"}
    labels = {}
    for row, (choice, _) in decided.settled.items():
        if choice in (decisions.DROP, decisions.AMBIGUOUS):
            reasons[row] = (
                Reason.DROPPED_BY_PERSON if choice == decisions.DROP else Reason.AMBIGUOUS
            )
        elif not decisions.digest_of(choice):
            labels[row] = choice
    kept = rows[~rows["id"].isin(reasons)]
    label = [labels.get(row, given) for row, given in zip(kept["id"], kept["label"], strict=True)]
    kept = kept.assign(label=label)
    if answers:
        pairs = zip(kept["id"], kept["answer"], strict=True)
        kept = kept.assign(answer=[answers.get(row, given) for row, given in pairs])
    return kept, [Drop(row, reason) for row, reason in reasons.items()]


def metrics_of(
    counts: RowCounts,
    lines: list[list[str]],
    decided: decisions.InForce,
    side: dict[str, str],
    answers: dict[str, str] | None = None,
) -> decisions.ApplyDecisionsMetrics:
    """Count settled, relabelled and disputed rows by side, and void decisions; rewritten ones, too,
    unless `answers` are None."""
    relabelled = Counter(
        side
        for _, side, given, choice, _ in lines
        if choice not in (given, decisions.DROP, decisions.AMBIGUOUS)
        and not decisions.digest_of(choice)
    )
    rewritten = Counter(side[row] for row in answers or {})
    settled = Counter(line[1] for line in lines)
    disputed = Counter(side[row] for row in decided.disagreed)
    metrics = decisions.ApplyDecisionsMetrics(
        rows=counts,
        decided_rows=len(decided.votes),
        relabelled=relabelled.total(),
        by_side={
            name: decisions.SideDecisions(
                settled=settled[name],
                relabelled=relabelled[name],
                disagreed=disputed[name],
                **({} if answers is None else {"rewritten": rewritten[name]}),
            )
            for name in SIDES
        },
        void_unknown_id=len(decided.unknown_id),
        void_changed_text=len(decided.changed_text),
    )
    if answers is None:
        return metrics
    return metrics.model_copy(update={"rewritten": rewritten.total()})


@script
def main() -> str:
    params = read_params("apply_decisions", Params)
    rows = read_rows(ANONYMIZE, (*DECIDING, "answer"))
    everyone = decisions.read_decisions(FOLDER)
    decided = decisions.in_force(everyone, rows, params)
    task = read_task()
    known = {*task.classes(rows["label"]), *read_params("collect.labels", list[str])}
    fault, form = partial(task.fault, known), task.form(sorted(known))
    decisions.check_labels(decided, fault, form, FOLDER)
    side: dict[str, str] = {}
    if decided.votes:
        with_sides = assign_sides(rows, read_frozen(FROZEN), read_params("split", SideParams))
        with_sides = with_sides[with_sides["id"].isin(decided.votes)]
        side = dict(zip(with_sides["id"], with_sides["split"], strict=True))
    answers = rewritten_answers(decided) if task.TARGET == "answer" else None
    kept, dropped = apply(rows, decided, side, answers)
    given = dict(zip(rows["id"], rows["label"], strict=True))
    lines = [
        [row, side[row], given[row], settled.decided, " ".join(settled.who)]
        for row, settled in sorted(decided.settled.items())
    ]
    counts = settle("apply_decisions", rows["id"], kept["id"], dropped)
    metrics = metrics_of(counts, lines, decided, side, answers)
    arbiters = [params.arbiter] if params.arbiter else []
    people = {decision.who for decision in everyone}
    unused = unmatched("apply_decisions.arbiter", arbiters, people)
    changed = [name for name in ("id", "label", "answer") if name in kept]
    made = updated(ANONYMIZE, kept[changed])
    write_results("apply_decisions", metrics.naming(unused), made, dropped)
    write_csv(DECIDED, HEADER, lines)
    summary = f"{len(decided.settled)} rows decided, {metrics.relabelled} of them relabelled"
    if answers is not None:
        summary += f", {metrics.rewritten} rewritten"
    if decided.disagreed:
        summary += f"; people disagree on {len(decided.disagreed)}"
    if void := metrics.void_unknown_id + metrics.void_changed_text:
        summary += f"; {void} decisions are void, as `seedbed review --status` lists"
    return summary + unused_in_words(unused)
