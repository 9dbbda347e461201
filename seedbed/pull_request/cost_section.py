"""What the run cost: seconds and memory where this machine measured them, else what was counted."""

from typing import Any

from seedbed.core.stage import last_costs
from seedbed.pull_request.validation_section import validation_of
from seedbed.reporting.page import table
from seedbed.versions.revisions import Files

COUNTED = {
    "training_tokens": "tokens trained on",
    "trainable_parameters": "trainable parameters",
    "megabytes": "model MB",
}


def cost(base: Files, head: Files, reran: list[str]) -> str:
    """A line an approach, base and now; then the stages that ran again, the dearest first."""
    before, now = validation_of(base), validation_of(head)
    lines = [
        [f"`{name}`", *(_change(before.get(name), now[name], key) for key in COUNTED)]
        for name in now
    ]
    return "\n\n".join([table(["approach", *COUNTED.values()], lines), _measured(reran)])


def _change(before: dict[str, Any] | None, now: dict[str, Any], key: str) -> str:
    """A count now, and what it was in the base where that differs."""
    was, found = ((one or {}).get("model", {}).get(key) for one in (before, now))
    if found is None:
        return ""
    return f"{found:,}" if was in (None, found) else f"{was:,} → {found:,}"


def _measured(reran: list[str]) -> str:
    costs = last_costs()
    found = [
        (costs[name]["seconds"], costs[name]["peak_mb"], name) for name in reran if name in costs
    ]
    if not found:
        return "Seconds and memory were not measured where this report was made."
    found.sort(key=lambda one: (-one[0], one[2]))
    lines = [[f"`{name}`", f"{seconds:,.1f}", f"{peak:,}"] for seconds, peak, name in found]
    total = sum(one[0] for one in found)
    return "\n\n".join(
        [
            f"The {len(found)} stages that ran again took {total:,.0f} s in all, "
            f"{max(one[1] for one in found):,} MB at most, on the machine that made this report.",
            table(["stage", "seconds", "peak MB"], lines),
        ]
    )
