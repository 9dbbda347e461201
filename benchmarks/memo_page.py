"""The section of benchmarks/speed.md on what 1 % more rows cost."""

from typing import Any

from benchmarks.marks import met
from seedbed.reporting.page import table

MAX_SHARE, MAX_CLOCK = 0.05, 0.2  # of processor seconds; by the clock
HEADER = ("stage", "from nothing", "1 % more rows", "share", "without memo")
MEMO = """## One per cent more rows

Processor seconds of each prepare stage's own work (imports left out) on {rows:,} film reviews, of
which {more_rows} came later (`python -m benchmarks.memo`, after `make peers`):

{table}

{reach}

{same}
Embedding every review takes half an hour of a core, so its seconds from nothing are those of
{embedded_sample} reviews, scaled, and the vectors looked up are stand-ins of the same size; that
vectors come out the same is shown by the tests. The memo took {memo_mb:,.0f} MB.

find_label_errors is not among these: it judges each row by all others, so that there is nothing to
look up, and takes {whole_set:,.0f} s each time. With it the update costs {with_whole_set:.1%}
(at most {max_share:.0%}: {own_met}).

By the clock, every process from start to end and find_label_errors too, it costs {clock:.1%}
(reach: at most {max_clock:.0%}: {clock_met}). What DVC itself takes, some .2 s a stage, is not in
that."""


def memo_section(found: dict[str, Any]) -> str:
    """The section, or a word that it was not measured."""
    if not found:
        return "## One per cent more rows\n\nNot measured yet."
    whole_set = sum(cost["own"] for cost in found["of_the_whole_set"].values())
    own, clock = (with_whole_set(found, kind) for kind in ("own", "clock"))
    return MEMO.format(
        rows=found["rows"],
        more_rows=found["more_rows"],
        embedded_sample=found["embedded_sample"],
        memo_mb=found["memo_mb"],
        table=table(HEADER, lines(found)),
        reach=reach(found),
        same=same(found),
        whole_set=whole_set,
        with_whole_set=own,
        max_share=MAX_SHARE,
        own_met=met(own <= MAX_SHARE),
        clock=clock,
        max_clock=MAX_CLOCK,
        clock_met=met(clock <= MAX_CLOCK),
    )


def with_whole_set(found: dict[str, Any], kind: str) -> float:
    """What the update costs of what all cost from nothing, find_label_errors too."""
    more, nothing = (
        sum(cost[kind] for name in (run, "of_the_whole_set") for cost in found[name].values())
        for run in ("with_1_percent", "from_nothing")
    )
    return more / nothing


def lines(found: dict[str, Any]) -> list[list[object]]:
    """One line a stage, and their sums with embed and without."""
    runs = [found[name] for name in ("from_nothing", "with_1_percent", "without_memo")]
    stages = list(runs[0])
    sums = {"all": stages, "all but embed": [name for name in stages if name != "embed"]}
    shown = [_line(name, runs, [name]) for name in stages]
    return shown + [_line(name, runs, members) for name, members in sums.items()]


def _line(name: str, runs: list[dict[str, Any]], stages: list[str]) -> list[object]:
    sums = [
        sum(run[stage]["own"] for stage in stages) if set(stages) <= set(run) else None
        for run in runs
    ]
    cells = ["not run" if one is None else f"{one:,.1f} s" for one in sums]
    return [name, *cells[:2], f"{sums[1] / sums[0]:.1%}", cells[2]]


def reach(found: dict[str, Any]) -> str:
    """Whether the update costs 5 % at most."""
    own, all_of_it = found["share_own"], found["share_all"]
    return (
        f"Reach: at most {MAX_SHARE:.0%} of the own work. With embed {own['with_embed']:.1%} "
        f"({met(own['with_embed'] <= MAX_SHARE)}), without embed {own['without_embed']:.1%} "
        f"({met(own['without_embed'] <= MAX_SHARE)}).\nWith imports counted "
        f"{all_of_it['with_embed']:.1%} and {all_of_it['without_embed']:.1%}."
    )


def same(found: dict[str, Any]) -> str:
    """Whether both runs wrote the same."""
    if found["same_bytes_without_memo"]:
        return "All outputs but the vectors were the same bytes as those of a run without a memo."
    return "**The outputs were not the bytes of a run without a memo.**"
