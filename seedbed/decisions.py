"""What people decided about rows: lines of JSON in data/decisions/<who>.jsonl, in git.

One line: {"id", "digest", "given", "decided", "who", "when", "note"}. `decided` is a label, or
`<drop>`, or `<ambiguous>`. Of one person's lines on one row the last counts. A decision holds
while the row's digest stands, that is, while its source text is the one the person read.
"""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from seedbed.errors import DecisionError

FOLDER = Path("data/decisions")
DROP, AMBIGUOUS = "<drop>", "<ambiguous>"


class Decision(BaseModel):
    """One line of a decisions file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    digest: str
    given: str
    decided: str
    who: str
    when: str
    note: str = ""


class InForce(NamedTuple):
    """Decisions by row id: settled ones (`decided`), rows on which people disagree, and how many
    decisions are void: the row is gone, or its text has changed."""

    settled: dict[str, str]
    disagreed: list[str]
    unknown_id: int
    changed_text: int


def read_decisions(folder: Path) -> list[Decision]:
    """All decisions of a folder, in the order of file name and line.

    Raises DecisionError with file and line where one cannot be read.
    """
    decisions = []
    for file in sorted(folder.glob("*.jsonl")):
        decisions += parse_decisions(file.read_text(encoding="utf-8"), str(file))
    return decisions


def parse_decisions(text: str, place: str) -> list[Decision]:
    """The decisions of one file's text. Raises DecisionError with `place` and line."""
    lines = enumerate(text.splitlines(), start=1)
    return [_parsed(line, f"{place}:{number}") for number, line in lines if line.strip()]


def _parsed(line: str, place: str) -> Decision:
    try:
        return Decision.model_validate(json.loads(line))
    except ValidationError as error:
        first = error.errors()[0]
        found = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except ValueError:
        found = "not JSON"
    raise DecisionError(
        place, found, "a decision: id, digest, given, decided, who, when, note", "mend the line"
    )


def in_force(decisions: Iterable[Decision], rows: pd.DataFrame) -> InForce:
    """The decisions that hold for these rows; more than half of the people settle a row."""
    digests = dict(zip(rows["id"], rows["digest"], strict=True))
    last: dict[tuple[str, str], Decision] = {}
    for decision in decisions:
        last[decision.id, decision.who] = decision
    unknown = [one for one in last.values() if one.id not in digests]
    changed = [one for one in last.values() if digests.get(one.id, one.digest) != one.digest]
    votes: dict[str, Counter[str]] = {}
    for one in last.values():
        if digests.get(one.id) == one.digest:
            votes.setdefault(one.id, Counter())[one.decided] += 1
    settled, disagreed = {}, []
    for row, counts in sorted(votes.items()):
        decided, most = counts.most_common(1)[0]
        if 2 * most > counts.total():
            settled[row] = decided
        else:
            disagreed.append(row)
    return InForce(settled, disagreed, len(unknown), len(changed))
