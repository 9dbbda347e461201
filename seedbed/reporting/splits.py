"""The report's section on sides: who stands where, what is missing, what is near train."""

from seedbed.core.rows import SIDES
from seedbed.pages.markdown import table
from seedbed.reporting.page import Figures

WAYS = {
    "hash": "by hash of the row or its group",
    "time": "by date",
    "source": "by source",
    "given": "as the sources give it",
}


def splits(found: Figures, embedded: Figures) -> str:
    """Rows by class and side, shares beside what hashing leads to expect, what to collect, what the
    leak gate counted, and how near validation and test are to train in meaning."""
    parts = [
        "## Splits",
        f"Sides are cut {WAYS[found['way']]}.{_frozen(found['frozen_test_rows'])}",
        _by_class(found),
        f"Leak gate between sides: {_gate(found['leak_gate'])}.",
        _near(embedded["near_train"]),
    ]
    if gone := found["classes_not_in_train"]:
        listed = ", ".join(f"{name} ({number})" for name, number in gone.items())
        parts.append(
            f"**No row in train: {listed}.** These classes cannot be learnt, so their rows in "
            "validation and test were dropped; collect more rows of them."
        )
    if few := found["classes_with_few_test_rows"]:
        listed = "; ".join(
            f"collect about {number} more rows of {name}" for name, number in few.items()
        )
        parts.append(f"**Few test rows, so that figures of the class say little:** {listed}.")
    return "\n\n".join(parts)


def _frozen(rows: int) -> str:
    return f" {rows:,} test rows are frozen." if rows else ""


def _by_class(found: Figures) -> str:
    shares = found["shares_by_class"]
    lines = [
        [name, *(sides[side] for side in SIDES), _share(shares[name]["test"])]
        for name, sides in found["by_class"].items()
    ]
    whole = found["by_side"]
    rows = [f"**{whole[side]['rows']}**" for side in SIDES]
    lines.append(["**all**", *rows, _share(whole["test"])])
    lines.append(["share of all", *(_share(whole[side]) for side in SIDES), ""])
    shown = table(["class", *SIDES, "share in test"], lines)
    if not any("expected_low" in whole[side] for side in SIDES):
        return shown
    return (
        f"{shown}\n\nIn brackets: where hashing of rows, and of whole groups, puts the share 95 "
        "times of 100, before twins are dropped."
    )


def _share(figure: Figures) -> str:
    """21.4% (18.3% to 21.7%)"""
    share = f"{figure['share']:.1%}"
    if "expected_low" not in figure:
        return share
    return f"{share} ({figure['expected_low']:.1%} to {figure['expected_high']:.1%})"


def _gate(counts: Figures) -> str:
    return ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in counts.items())


def _near(found: Figures) -> str:
    shares = {side: [one["at_least_0.90"], one["at_least_0.95"]] for side, one in found.items()}
    test, validation = shares["test"], shares["validation"]
    return (
        f"Near train in meaning: {test[0]:.0%} of the test rows have a train row at a cosine of "
        f".90 or more, {test[1]:.0%} at .95 or more (validation: {validation[0]:.0%} and "
        f"{validation[1]:.0%}). The higher these shares, the less the figures say about rows that "
        "are unlike those in train."
    )
