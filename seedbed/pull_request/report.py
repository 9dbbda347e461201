"""The report of a pull request: one page of markdown for someone who sees nothing else.

It reads two versions out of git, the gate's verdict, and, where they are here, texts and costs.
Every section has an allowance of characters, and all of them together fit under the limit; what a
section cannot show is counted in it, with the command that shows all.
"""

from typing import NamedTuple

from seedbed.core.errors import SeedbedError
from seedbed.gate.compare import Comparison, compare
from seedbed.pipeline.freshness import freshness
from seedbed.pull_request import (
    cost_section,
    data_section,
    gate_section,
    labels_section,
    pipeline_graph,
    validation_section,
)
from seedbed.pull_request.comments import MARKER
from seedbed.pull_request.fitting import LIMIT, fitted, folded, unlinked
from seedbed.versions.changes import Changes, changes
from seedbed.versions.revisions import Files, base_revision

STALE = 5  # stages that are named
NO_FIGURES = "There are no figures on the same test rows of both models."


class Section(NamedTuple):
    """A part of the page: its heading, its text, at most so many characters, what shows all."""

    title: str
    text: str
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
        return f"Whether the run is whole cannot be told: {gate_section.name(error, 300)}"
    if not stale:
        return ""
    named = ", ".join(f"`{one}`" for one in stale[:STALE])
    more = f" and {len(stale) - STALE} more" if len(stale) > STALE else ""
    return (
        f"**The run is not whole: {named}{more} did not run on this code, these params and this "
        "data.** Figures that come after them are of an older run; `seedbed check-lock` tells why."
    )


def page(base: str, found: Changes, comparison: Comparison, stale: str = "") -> str:
    """The page; at most LIMIT characters. `stale`: see `staleness`."""
    before, now = Files(base), Files()
    sections = [_first(found, comparison, stale), *_sections(before, now, found, comparison)]
    share = 1.0
    while len(text := _made(sections, found, share)) > LIMIT:  # links taken apart made it longer
        share *= 0.9
    return text


def _made(sections: list[Section], found: Changes, share: float) -> str:
    """The page, each section within that share of its allowance."""
    shown = [one._replace(chars=int(one.chars * share)) for one in sections if one.text]
    return unlinked("\n\n".join([MARKER, *map(_shown, shown), _foot(found)])) + "\n"


def _shown(section: Section) -> str:
    title = f"{section.title}\n\n" if section.title else ""
    if section.text.startswith("<details>"):
        head, body = section.text.split("\n\n", 1)
        body = body.removesuffix("\n\n</details>")
        return f"{title}{head}\n\n{fitted(body, section.chars, section.command)}\n\n</details>"
    return title + fitted(section.text, section.chars, section.command)


def _first(found: Changes, comparison: Comparison, stale: str) -> Section:
    parts = [gate_section.verdict(comparison), data_section.in_one_line(found), stale]
    text = "\n\n".join(part for part in parts if part)
    return Section("", text, 5_000, "seedbed compare")


def _sections(before: Files, now: Files, found: Changes, comparison: Comparison) -> list[Section]:
    diff, gate = f"seedbed diff {before.commit[:9]}", f"seedbed compare {before.commit[:9]}"
    runs = pipeline_graph.runs(before, now)
    scores = data_section.suspect_scores(now)
    labels = labels_section.labels(found, before, now)
    leaks = labels_section.leak_gate(before, now)
    approaches = validation_section.approaches(before, now)
    lists = zip(data_section.rest(found), (4_000, 9_000, 3_000, 4_000), strict=True)
    return [
        Section("### Metrics", gate_section.figures(comparison) or NO_FIGURES, 3_000, gate),
        Section("", approaches, 3_000, "dvc metrics diff"),
        *(Section("", one, 3_000, gate) for one in gate_section.details(comparison)),
        Section("### Labels and leaks", f"{labels}\n\n{leaks}", 2_500, diff),
        Section("", folded("Decisions", [labels_section.decisions(found)]), 3_000, diff),
        Section("", data_section.telling_rows(found, scores), 11_000, diff),
        *(Section("", text, chars, diff) for text, chars in lists),
        Section("### Pipeline", pipeline_graph.graph(runs), 5_000, "dvc dag"),
        Section("", folded("Cost", [cost_section.cost(before, now, runs.reran)]), 3_000,
                "seedbed summary"),
    ]  # fmt: skip


def _foot(found: Changes) -> str:
    notes = " ".join(f"{gate_section.name(note, 300)}" for note in found.notes[:5])
    base, head = gate_section.name(found.base), gate_section.name(found.head)
    return f"<sub>Base: {base}; this: {head}. {notes} Made by `seedbed pr-report`.</sub>"
