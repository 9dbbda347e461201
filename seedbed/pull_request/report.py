"""The report of a pull request: one page of markdown for someone who sees nothing else.

It reads two versions out of git, the gate's verdict, and, where they are here, texts and costs.
Every section has an allowance of characters, and all of them together fit under the limit; what a
section cannot show is counted in it, with the command that shows all.
"""

from typing import NamedTuple

from seedbed.core.errors import SeedbedError
from seedbed.gate import page as gate
from seedbed.gate.compare import Comparison, compare
from seedbed.pages.document import Prose, Section
from seedbed.pages.escaping import quoted, unlinked
from seedbed.pages.markdown import fitted, markdown
from seedbed.pipeline.freshness import freshness
from seedbed.pull_request import data_section, pipeline_graph, sections
from seedbed.pull_request.posting import MARKER
from seedbed.versions.changes import Changes, changes
from seedbed.versions.revisions import Files, base_revision

LIMIT = 60_000  # characters of a report; a GitHub comment holds 65,536
STALE = 5  # stages that are named
FIRST = "seedbed compare"  # what shows all of the first screen
NO_FIGURES = "There are no figures on the same test rows of both models."


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
    named = ", ".join(f"`{one}`" for one in stale[:STALE])
    more = f" and {len(stale) - STALE} more" if len(stale) > STALE else ""
    return (
        f"**The run is not complete: {named}{more} did not run on this code, these params and "
        "this data.** Later figures are from an older run; `seedbed check-lock` lists the reasons."
    )


def page(base: str, found: Changes, comparison: Comparison, stale: str = "") -> str:
    """The page; at most LIMIT characters. `stale`: see `staleness`."""
    before, now = Files(base), Files()
    parts = [_first(found, comparison, stale), *_sections(before, now, found, comparison)]
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


def _first(found: Changes, comparison: Comparison, stale: str) -> Allotted:
    verdict = gate.verdict(comparison)
    parts = [*verdict.parts, Prose(data_section.in_one_line(found)), Prose(stale)]
    return Allotted(Section(verdict.title, [part for part in parts if part]), 5_000, FIRST)


def _sections(before: Files, now: Files, found: Changes, comparison: Comparison) -> list[Allotted]:
    diff, compare_ = f"seedbed diff {before.commit[:9]}", f"seedbed compare {before.commit[:9]}"
    runs = pipeline_graph.runs(before, now)
    scores = data_section.suspect_scores(now)
    labels = sections.labels(found, before, now)
    leaks = sections.leak_gate(before, now)
    figures = gate.figures(comparison).parts or [NO_FIGURES]
    lists = zip(data_section.rest(found), (4_000, 9_000, 3_000, 4_000), strict=True)
    graph = Prose(pipeline_graph.graph(runs))
    return [
        Allotted(Section("Metrics", figures), 3_000, compare_),
        Allotted(sections.approaches(before, now), 3_000, "dvc metrics diff"),
        *(Allotted(section, 3_000, compare_) for section in gate.details(comparison)),
        Allotted(Section("Labels and leaks", [*labels, leaks]), 2_500, diff),
        Allotted(sections.decisions(found), 3_000, diff),
        Allotted(data_section.telling_rows(found, scores), 11_000, diff),
        *(Allotted(section, chars, diff) for section, chars in lists),
        Allotted(Section("Pipeline", [graph]), 5_000, "dvc dag"),
        Allotted(sections.cost(before, now, runs.reran), 3_000, "seedbed summary"),
    ]


def _foot(found: Changes) -> str:
    notes = " ".join(f"{quoted(note, 300)}" for note in found.notes[:5])
    base, head = quoted(found.base), quoted(found.head)
    return f"<sub>Base: {base}; this: {head}. {notes} Made by `seedbed pr-report`.</sub>"
