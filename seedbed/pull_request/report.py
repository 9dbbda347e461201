"""The report of a pull request: one page of markdown for someone who sees nothing else.

It reads two versions out of git, the gate's verdict, and, where they are here, texts and costs.
Every section has an allowance of characters, and all of them together fit under the limit; what a
section cannot show is counted in it, with the command that shows all.

The pipeline is a Mermaid graph: which stages ran again, and of which the outputs changed. Both
versions' dvc.lock say it, so no data is needed. Stages with a matrix are one box each; arrows that
follow from others are left out.
"""

import re
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from seedbed.approaches import NAMES
from seedbed.core.errors import SeedbedError
from seedbed.core.stage import last_costs
from seedbed.gate import page as gate
from seedbed.gate.compare import Comparison, compare
from seedbed.pages.document import (
    Cell,
    Code,
    Part,
    Prose,
    Section,
    Table,
    listed,
    quoted,
    unlinked,
)
from seedbed.pages.rendering import fitted, markdown
from seedbed.pipeline.dvc import LOCK, LockedStage, mermaid_arrows, parse_lock
from seedbed.pipeline.freshness import freshness
from seedbed.pull_request import sections
from seedbed.pull_request.posting import MARKER
from seedbed.versions import diff_sections
from seedbed.versions.changes import Changes, changes
from seedbed.versions.revisions import Files, base_revision

LIMIT = 60_000  # characters of a report; a GitHub comment holds 65,536
STALE = 5  # stages that are named
FIRST = "seedbed compare"  # what shows all of the first screen
NO_FIGURES = "There are no figures on the same test rows of both models."
MAX_STAGES = 60  # of a graph
MAX_CHARS = 4_500
COUNTED = {
    "training_tokens": "tokens trained on",
    "trainable_parameters": "trainable parameters",
    "megabytes": "model MB",
}
COLOURS = {
    "changed": "fill:#fff3cd,stroke:#b58900,color:#000",
    "ran": "fill:#e7f0fa,stroke:#4a7fb5,color:#000",
    "same": "fill:#f6f6f6,stroke:#999,color:#000",
}


class Allotted(NamedTuple):
    """A part of the page, the characters it may take, and the command that shows all of it."""

    section: Section
    chars: int
    command: str


def pr_report(base: str = "") -> tuple[str, int]:
    """The page for this workspace against `base`, by default where the branch left the main one,
    and the exit code of its verdict.

    Raises RevisionError where git has no such version.
    """
    base = base or base_revision()
    comparison = compare(base)
    return page(base, changes(base), comparison, staleness()), comparison.exit_code


def staleness() -> str:
    """What a reader must know of a run that is not whole; "" where dvc.lock is fresh."""
    try:
        stale = freshness().names
    except SeedbedError as error:
        return f"Whether the run is complete is unknown: {quoted(error, 300)}"
    if not stale:
        return ""
    named = listed([f"`{one}`" for one in stale], STALE)
    return (
        f"**The run is not complete: {named} did not run on this code, these params and "
        "this data.** Later figures are from an older run; `seedbed check-lock` lists the reasons."
    )


def page(base: str, found: Changes, comparison: Comparison, stale: str = "") -> str:
    """The page; at most LIMIT characters. `stale`: see `staleness`."""
    before, now = Files(base), Files()
    verdict = gate.verdict(comparison)
    alarm = sections.outside(before, now)
    told = [*verdict.parts, Prose(sections.in_one_line(found)), Prose(alarm), Prose(stale)]
    first = Allotted(Section(verdict.title, list(filter(None, told))), 5_000, FIRST)
    parts = [first, *_sections(before, now, found, comparison)]
    share = 1.0
    while len(text := _made(parts, found, share)) > LIMIT:  # links taken apart made it longer
        share *= 0.9
    return text


def _made(parts: list[Allotted], found: Changes, share: float) -> str:
    """The page, each part within that share of its allowance."""
    shown = [text for part in parts if (text := _shown(part, int(part.chars * share)))]
    return unlinked("\n\n".join([MARKER, *shown, _foot(found)])) + "\n"


def _shown(part: Allotted, chars: int) -> str:
    text = markdown(part.section, 2 if part.command == FIRST else 3)
    if not part.section.folded or not text:
        return fitted(text, chars, part.command)
    head, body = text.split("\n\n", 1)
    body = body.removesuffix("\n\n</details>")
    return f"{head}\n\n{fitted(body, chars, part.command)}\n\n</details>"


def _sections(before: Files, now: Files, found: Changes, comparison: Comparison) -> list[Allotted]:
    diff, compare_ = f"seedbed diff {before.commit[:9]}", f"seedbed compare {before.commit[:9]}"
    graph, reran = pipeline(before, now)
    labels = sections.labels(found, before, now)
    leaks = sections.leak_gate(before, now)
    figures = gate.figures(comparison).parts or [NO_FIGURES]
    decided = diff_sections.decisions(found, sections.ROWS).parts
    rows = [diff_sections.classes(found), diff_sections.batches(found)]
    changed = diff_sections.row_lists(found, sections.ROWS)
    drift = diff_sections.drift(found).parts
    inputs = [diff_sections.params(found, sections.ROWS), diff_sections.code(found)]
    folded = partial(Section, folded=True)
    return [
        Allotted(Section("Metrics", figures), 3_000, compare_),
        Allotted(sections.approaches(before, now), 3_000, "dvc metrics diff"),
        *(Allotted(section, 3_000, compare_) for section in gate.details(comparison)),
        Allotted(Section("Labels and leaks", [*labels, leaks]), 2_500, diff),
        Allotted(folded("Decisions", decided), 3_000, diff),
        Allotted(sections.telling_rows(found, now), 11_000, diff),
        Allotted(folded(f"Rows by {found.task.NOUN} and split, and by batch", rows), 4_000, diff),
        Allotted(folded("Every kind of change, row by row", changed), 9_000, diff),
        Allotted(folded("Drift", drift), 3_000, diff),
        Allotted(folded("Params and code that changed", inputs), 4_000, diff),
        Allotted(Section("Pipeline", [Prose(graph)]), 5_000, "dvc dag"),
        Allotted(cost(before, now, reran), 3_000, "seedbed summary"),
    ]


def _foot(found: Changes) -> str:
    notes = " ".join(f"{quoted(note, 300)}" for note in found.notes[:5])
    base, head = quoted(found.base), quoted(found.head)
    return f"<sub>Base: {base}; this: {head}. {notes} Made by `seedbed pr-report`.</sub>"


def pipeline(base: Files, head: Files) -> tuple[str, list[str]]:
    """The graph, with a line that reads it; and the stages of head that ran again: those whose
    inputs or outputs differ from the base's."""
    before, after = (
        parse_lock(files.read(LOCK) or "", files.place + LOCK) for files in (base, head)
    )
    reran = [name for name, stage in after.items() if before.get(name) != stage]
    changed = [
        name for name in reran
        if name not in before or before[name].outputs != after[name].outputs
    ]  # fmt: skip
    if not after:
        return "dvc.lock has no stage: the pipeline has not run.", reran
    said = f"{len(reran)} of {len(after)} stages ran again, {len(changed)} gave other outputs."
    drawn = _graph(after, {*map(_box, reran)}, {*map(_box, changed)})
    if not drawn:
        return f"{said} The graph is too large to draw here: `dvc dag` draws it.", reran
    key = "Yellow: other outputs; blue: ran again with the same; grey: as in the base."
    return f"{said} {key}\n\n{drawn}", reran


def _graph(stages: dict[str, LockedStage], reran: set[str], changed: set[str]) -> str:
    """ "" where it would be too large."""
    boxes = list(dict.fromkeys(map(_box, stages)))
    if len(boxes) > MAX_STAGES:
        return ""
    lines = [f"  {box}" for box in boxes]
    lines += mermaid_arrows(_readers(stages, boxes), boxes)
    kinds = {"changed": changed, "ran": reran - changed, "same": {*boxes} - reran}
    for kind, style in COLOURS.items():
        if members := [box for box in boxes if box in kinds[kind]]:
            lines += [f"  classDef {kind} {style}", f"  class {','.join(members)} {kind}"]
    drawn = "\n".join(["```mermaid", "flowchart LR", *lines, "```"])
    return drawn if len(drawn) <= MAX_CHARS else ""


def _box(stage: str) -> str:
    """A name that Mermaid takes; `end` is a word of its own there."""
    box = re.sub(r"\W", "_", stage.split("@")[0])
    return f"{box}_" if box.lower() in ("end", "graph", "subgraph", "class", "style") else box


def _readers(stages: dict[str, LockedStage], boxes: list[str]) -> dict[str, set[str]]:
    """Who reads the outputs of each box."""
    makers = {path: _box(name) for name, one in stages.items() for path in one.outputs}
    after: dict[str, set[str]] = {box: set() for box in boxes}
    for name, one in stages.items():
        for maker in {makers[path] for path in one.deps if path in makers} - {_box(name)}:
            after[maker].add(_box(name))
    return after


def cost(base: Files, head: Files, reran: list[str]) -> Section:
    """A row per approach, base and now; then the stages that ran again, the most costly first."""
    before, now = sections.validation_of(base), sections.validation_of(head)
    lines: list[Sequence[Cell]] = [
        [Code(name), *(_count_change(before[name], now[name], key) for key in COUNTED)]
        for name in NAMES
        if now[name].run
    ]
    table = Table(["approach", *COUNTED.values()], lines)
    return Section("Cost", [table, *_measured(reran)], folded=True)


def _count_change(before: sections.KnownValidation, now: sections.KnownValidation, key: str) -> str:
    """A count now, and that of the base if it differs."""
    was, count = getattr(before, key), getattr(now, key)
    if count is None:
        return ""
    return f"{count:,}" if was in (None, count) else f"{was:,} → {count:,}"


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
