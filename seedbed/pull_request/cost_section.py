"""The cost of the run: seconds and memory if measured on this machine, and counts."""

from typing import Any

from seedbed.core.stage import last_costs
from seedbed.pages.document import Code, Part, Section, Table
from seedbed.pull_request.validation_section import validation_of
from seedbed.versions.revisions import Files

COUNTED = {
    "training_tokens": "tokens trained on",
    "trainable_parameters": "trainable parameters",
    "megabytes": "model MB",
}


def cost(base: Files, head: Files, reran: list[str]) -> Section:
    """A row per approach, base and now; then the stages that ran again, the most costly first."""
    before, now = validation_of(base), validation_of(head)
    lines = [
        [Code(name), *(_change(before.get(name), now[name], key) for key in COUNTED)]
        for name in now
    ]
    table = Table(["approach", *COUNTED.values()], lines)
    return Section("Cost", [table, *_measured(reran)], folded=True)


def _change(before: dict[str, Any] | None, now: dict[str, Any], key: str) -> str:
    """A count now, and what it was in the base where that differs."""
    was, found = ((one or {}).get("model", {}).get(key) for one in (before, now))
    if found is None:
        return ""
    return f"{found:,}" if was in (None, found) else f"{was:,} → {found:,}"


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
