"""The pipeline as a Mermaid graph: which stages ran again, and of which the outputs changed.

Both versions' dvc.lock say it, so no data is needed. Stages with a matrix are one box each; arrows
that follow from others are left out.
"""

import re
from typing import NamedTuple

from seedbed.pipeline.dvc import LOCK, LockedStage, parse_lock
from seedbed.versions.revisions import Files

MAX_STAGES = 60
MAX_CHARS = 4_500
TOO_LARGE = "The graph is too large to draw here: `dvc dag` draws it."
COLOURS = {
    "changed": "fill:#fff3cd,stroke:#b58900,color:#000",
    "ran": "fill:#e7f0fa,stroke:#4a7fb5,color:#000",
    "same": "fill:#f6f6f6,stroke:#999,color:#000",
}


class Runs(NamedTuple):
    """Stages of head: those whose inputs differ from the base's, and those whose outputs do."""

    head: dict[str, LockedStage]
    reran: list[str]
    changed: list[str]


def runs(base: Files, head: Files) -> Runs:
    """Compare what both locks record of each stage."""
    before, after = (
        parse_lock(files.read(LOCK) or "", files.place + LOCK) for files in (base, head)
    )
    reran = [name for name, stage in after.items() if before.get(name) != stage]
    changed = [
        name for name in reran
        if name not in before or before[name].outputs != after[name].outputs
    ]  # fmt: skip
    return Runs(after, reran, changed)


def graph(found: Runs) -> str:
    """The graph, and a line that reads it."""
    boxes = list(dict.fromkeys(map(_box, found.head)))
    if not boxes:
        return "dvc.lock has no stage: the pipeline has not run."
    reran, changed = ({_box(name) for name in names} for names in (found.reran, found.changed))
    counts = len(found.reran), len(found.head), len(found.changed)
    said = "{} of {} stages ran again, {} gave other outputs.".format(*counts)
    if len(boxes) > MAX_STAGES:
        return f"{said} {TOO_LARGE}"
    lines = [f"  {box}" for box in boxes]
    lines += [f"  {one} --> {other}" for one, other in _arrows(found.head, boxes)]
    for kind, style in COLOURS.items():
        if members := [box for box in boxes if _kind(box, reran, changed) == kind]:
            lines += [f"  classDef {kind} {style}", f"  class {','.join(members)} {kind}"]
    drawn = "\n".join(["```mermaid", "flowchart LR", *lines, "```"])
    if len(drawn) > MAX_CHARS:
        return f"{said} {TOO_LARGE}"
    key = "Yellow: other outputs; blue: ran again with the same; grey: as in the base."
    return f"{said} {key}\n\n{drawn}"


def _box(stage: str) -> str:
    """A name that Mermaid takes; `end` is a word of its own there."""
    box = re.sub(r"\W", "_", stage.split("@")[0])
    return f"{box}_" if box.lower() in ("end", "graph", "subgraph", "class", "style") else box


def _kind(box: str, reran: set[str], changed: set[str]) -> str:
    return "changed" if box in changed else "ran" if box in reran else "same"


def _arrows(stages: dict[str, LockedStage], boxes: list[str]) -> list[tuple[str, str]]:
    """Who reads whose outputs, less what follows from other arrows, in the order of the boxes."""
    makers = {path: _box(name) for name, one in stages.items() for path in one.outputs}
    after: dict[str, set[str]] = {box: set() for box in boxes}
    for name, one in stages.items():
        for path in one.deps:
            if (maker := makers.get(path, "")) and maker != _box(name):
                after[maker].add(_box(name))
    reached: dict[str, set[str]] = {}

    def below(box: str) -> set[str]:
        if box not in reached:
            reached[box] = set()  # ends a circle, which DVC itself refuses
            reached[box] = after[box].union(*(below(one) for one in after[box]))
        return reached[box]

    place = {box: number for number, box in enumerate(boxes)}
    return [
        (box, one)
        for box in boxes
        for one in sorted(after[box], key=place.__getitem__)
        if not any(one in below(other) for other in after[box] - {one})
    ]
