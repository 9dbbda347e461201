"""Apply what people decided, in every split: relabel, drop, verify.

data/anonymize/, data/decisions/ -> data/apply_decisions/, data/ledger/apply_decisions.csv,
reports/metrics/apply_decisions.json
"""

from pathlib import Path

import pandas as pd

from seedbed.decisions import AMBIGUOUS, DROP, FOLDER, InForce, in_force, read_decisions
from seedbed.errors import DecisionError
from seedbed.files import write_json
from seedbed.ledger import Drop, settle, write_ledger
from seedbed.rows import read_rows, write_rows
from seedbed.stage import run

SOURCE = Path("data/anonymize")
ROWS = Path("data/apply_decisions")
LEDGER = Path("data/ledger/apply_decisions.csv")
METRICS = Path("reports/metrics/apply_decisions.json")


def apply(rows: pd.DataFrame, decided: InForce) -> tuple[pd.DataFrame, list[Drop]]:
    """Rows with the decided labels, and the drops: `dropped_by_person`, `ambiguous`,
    `people_disagree`. Raises DecisionError for a label that no row has."""
    known = set(rows["label"])
    reasons = dict.fromkeys(decided.disagreed, "people_disagree")
    labels = {}
    for row, choice in decided.settled.items():
        if choice in (DROP, AMBIGUOUS):
            reasons[row] = "dropped_by_person" if choice == DROP else "ambiguous"
        elif choice in known:
            labels[row] = choice
        else:
            raise DecisionError(
                f"data/decisions/: the decision on row {row}",
                f"label {choice!r}",
                f"one of {', '.join(sorted(known))}, {DROP} or {AMBIGUOUS}",
                "correct the label in the line",
            )
    kept = rows[~rows["id"].isin(reasons)]
    decided_labels = [
        labels.get(row, given) for row, given in zip(kept["id"], kept["label"], strict=True)
    ]
    kept = kept.assign(label=pd.Series(decided_labels, index=kept.index, dtype="str"))
    return kept, [Drop(row, reason) for row, reason in reasons.items()]


def main() -> str:
    rows = read_rows(SOURCE)
    decided = in_force(read_decisions(FOLDER), rows)
    kept, dropped = apply(rows, decided)
    counts = settle("apply_decisions", rows["id"], kept["id"], dropped)
    before = rows.set_index("id")["label"].reindex(kept["id"]).to_numpy()
    relabelled = int((before != kept["label"].to_numpy()).sum())
    metrics = {
        "rows": counts,
        "decided_rows": len(decided.settled) + len(decided.disagreed),
        "relabelled": relabelled,
        "void_unknown_id": decided.unknown_id,
        "void_changed_text": decided.changed_text,
    }
    write_rows(ROWS, kept)
    write_ledger(LEDGER, dropped)
    write_json(METRICS, metrics)
    void = decided.unknown_id + decided.changed_text
    return f"{len(decided.settled)} decisions in force, {void} void, {relabelled} rows relabelled"


if __name__ == "__main__":
    run("apply_decisions", main)
