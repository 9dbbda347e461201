"""The report's section on labels: what is doubted, how the labels err, and what lies far off."""

from typing import Any

from seedbed.pages.markdown import table
from seedbed.pages.numbers import interval
from seedbed.reporting.page import Figures

MOST_SHOWN = 12  # classes; of more the noisiest, and the joint stands in the metrics alone
SIGNIFICANT = 0.05  # of the test of order


def labels(found: Figures) -> str:
    """How many labels are doubted, where and why, what was done about them, and the noise."""
    by_side, why = _listed(found["suspects_by_side"], " in"), _listed(found["suspects_by_reason"])
    first = (
        f"{found['suspects']} labels are doubted by models that never saw the row ({by_side}); "
        f"policy for train: {found['policy']}. Validation and test labels change only by a "
        f"person's decision; {found['verified_rows']} rows are decided. The list is "
        f"reports/suspects.csv{f': {why}' if why else ''}.{_not_judged(found)}"
    )
    return "\n\n".join(
        ["## Labels", first, *_noise(found["noise"]), f"{_outliers(found)} {_order(found)}"]
    )


def people(test: Figures) -> str:
    """The chosen model's test figures with and without what people decided on test rows."""
    found = test["without_decisions"]
    if not (found["relabelled"] or found["dropped"]):
        verified = f" ({found['verified']} were verified)" if found["verified"] else ""
        return (
            f"No person has changed a label of a test row, or taken one out{verified}: the test "
            "figures are those of the labels as they came."
        )
    low, high = found["accuracy_range"]
    out = (
        f"; with the {found['dropped']} rows that are out, between {low:.3f} and {high:.3f}, as "
        "nobody has predicted them"
        if found["dropped"]
        else ""
    )
    return (
        f"People have relabelled {found['relabelled']} test rows, taken out {found['dropped']} and "
        f"verified {found['verified']}. Test accuracy with their decisions "
        f"{interval(test['accuracy'])}, without {interval(found['accuracy'])}{out}; macro-F1 with "
        f"{interval(test['macro_f1'])}, without {interval(found['macro_f1'])}."
    )


def _listed(counts: dict[str, int], after: str = "") -> str:
    return ", ".join(f"{count}{after} {name}" for name, count in counts.items())


def _not_judged(found: Figures) -> str:
    if not found["not_judged_by_class"]:
        return ""
    listed = ", ".join(
        f"{name} ({number})" for name, number in found["not_judged_by_class"].items()
    )
    return (
        f" Not judged are rows whose class stands in one fold alone, so that no model could know "
        f"it: {listed}."
    )


def _noise(noise: Figures) -> list[str]:
    """The share of wrong labels by class, and which are given for which."""
    said = (
        f"Labels that cleanlab's confident joint estimates to be wrong: {noise['wrong_share']:.1%}"
    )
    if not noise["wrong_share"]:
        return [f"{said}: no row belongs with confidence to another class than its own."]
    worst = sorted(noise["by_class"].items(), key=lambda one: (-one[1]["given_wrong"], one[0]))
    shown = worst[:MOST_SHOWN]
    header: list[Any] = ["given", "wrong", "of its true rows called otherwise"]
    lines = [
        [name, *(f"{one[key]:.1%}" for key in ("given_wrong", "true_missed"))]
        for name, one in shown
    ]
    if len(worst) <= MOST_SHOWN:
        names, joint = sorted(noise["by_class"]), noise["confident_joint"]
        header += [f"likely {name}" for name in names]
        lines = [line + [joint[line[0]].get(name, 0) for name in names] for line in lines]
    more = "" if len(worst) <= MOST_SHOWN else f" The {MOST_SHOWN} classes with most:"
    return [f"{said}, of the rows that no person has verified.{more}", table(header, lines)]


def _outliers(found: Figures) -> str:
    number = sum(found["outliers_by_side"].values())
    if not number:
        return "No row lies far from all others."
    where = _listed(found["outliers_by_side"], " in")
    return f"{number} rows lie far from all others ({where}): reports/outliers.csv."


def _order(found: Figures) -> str:
    p = found["non_iid_p"]
    if p is None:
        return "There are too few rows to test their order."
    if p >= SIGNIFICANT:
        return f"Rows that came together are no more alike than others (p {p:.2f})."
    return (
        f"Rows that came together, by file and line, are alike (p {p:.2g}), as they are where a "
        "source is sorted by class or changes over time; if it is the latter, look at `split.way: "
        "time`."
    )
