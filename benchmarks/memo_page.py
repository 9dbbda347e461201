"""The section of benchmarks/speed.md on what 1 % more rows cost."""

from typing import Any

from benchmarks.marks import met
from seedbed.pages.rendering import table

MAX_SHARE, MAX_CLOCK = 0.05, 0.2  # of processor seconds; by the clock
HEADER = ("stage", "from nothing", "1 % more rows", "share", "without memo")
MEMO = """## One per cent more rows

Processor seconds of each prepare stage's own work (imports left out) on {rows:,} film reviews, of
which {more_rows} came later (`python -m benchmarks.memo [auto|float32]`, after `make peers`).

{parts}"""
PART = """Vectors in {precision}:

{table}

Of the own work from nothing the update costs {own:.1%} (reach: at most {max_share:.0%}:
{own_met}), {imported:.1%} with imports counted, and {clock:.1%} by the clock, every process from
start to end (reach: at most {max_clock:.0%}: {clock_met}). What DVC itself takes, some .2 s a
stage, is not in that. {same} The memo took {memo_mb:,.0f} MB."""


def memo_section(found: dict[str, Any]) -> str:
    """The section, or a word that it was not measured."""
    if not found:
        return "## One per cent more rows\n\nNot measured yet."
    parts = [part(precision, one) for precision, one in sorted(found.items())]
    return MEMO.format(**next(iter(found.values())), parts="\n\n".join(parts))


def part(precision: str, one: dict[str, Any]) -> str:
    """The table of a precision and what it says of the reaches."""
    own, clock = one["shares"]["own"], one["shares"]["clock"]
    return PART.format(
        precision=precision,
        table=table(HEADER, lines(one)),
        own=own,
        max_share=MAX_SHARE,
        own_met=met(own <= MAX_SHARE),
        imported=one["shares"]["all"],
        clock=clock,
        max_clock=MAX_CLOCK,
        clock_met=met(clock <= MAX_CLOCK),
        same=same(one),
        memo_mb=one["memo_mb"],
    )


def lines(one: dict[str, Any]) -> list[list[object]]:
    """One line a stage, and their sums, of all and of some."""
    runs = [one[name] for name in ("from_nothing", "with_1_percent", "without_memo")]
    stages = list(runs[0])
    by_text = [name for name in stages if name not in ("embed", "find_label_errors")]
    shown = [_line(name, runs, [name]) for name in stages]
    return [
        *shown,
        _line("all", runs, stages),
        _line("all but embed and find_label_errors", runs, by_text),
    ]


def _line(name: str, runs: list[dict[str, Any]], stages: list[str]) -> list[object]:
    sums = [
        sum(run[stage]["own"] for stage in stages) if set(stages) <= set(run) else None
        for run in runs
    ]
    cells = ["not run" if one is None else f"{one:,.1f} s" for one in sums]
    return [name, *cells[:2], f"{sums[1] / sums[0]:.1%}", cells[2]]


def same(one: dict[str, Any]) -> str:
    """Whether both runs wrote the same."""
    if not one["same_bytes_without_memo"]:
        return "**The outputs were not the bytes of a run without a memo.**"
    return (
        "All outputs were the same bytes as those of a run without a memo, but what rests on "
        f"vectors: of the suspects {one['suspects_that_differ']} were others."
    )
