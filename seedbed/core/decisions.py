"""What people decided about rows: lines of JSON in data/decisions/<who>.jsonl, in git.

One line: {"id", "digest", "given", "decided", "who", "when", "note"}. `decided` is a label,
`<drop>`, `<ambiguous>`, or `<withdrawn>`: the person has no decision on the row any more. Of one
person's lines on one row the latest counts, of the same moment the last; so files are only ever
appended to, and git merges them by union in any order. A decision holds while the row's digest
stands, that is, while its source text is the one the person read.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from seedbed.core.errors import DecisionError
from seedbed.core.params import Section

if TYPE_CHECKING:  # what reads decisions alone starts without it, a second sooner
    import pandas as pd

FOLDER = Path("data/decisions")
DROP, AMBIGUOUS, WITHDRAWN = "<drop>", "<ambiguous>", "<withdrawn>"
WHO = re.compile(r"\w[\w.-]{0,63}")  # also a file name, so nothing that a path is made of
EXPECTED = "a decision: id, digest, given, decided, who, when, note"


def _name(value: str) -> str:
    if not WHO.fullmatch(value):
        raise ValueError(f"{value!r} is no name of letters, digits, - _ .")
    return value


def _moment(value: str) -> str:
    moment_of(value)
    return value


class Decision(BaseModel):
    """One line of a decisions file. `given` is the row's label before any decision, `when` a day or
    a moment in ISO 8601, UTC where it does not say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    digest: str
    given: str
    decided: str = Field(min_length=1)
    who: Annotated[str, AfterValidator(_name)]
    when: Annotated[str, AfterValidator(_moment)]
    note: str = ""


class Rule(Section):
    """What settles a row on which people disagree: params.yaml section `apply_decisions`."""

    disagreement: Literal["keep_out", "majority", "arbiter"]
    arbiter: str

    @model_validator(mode="after")
    def _fits(self) -> "Rule":
        if (self.disagreement == "arbiter") != bool(self.arbiter):
            raise ValueError("`arbiter` names a person where, and only where, disagreement says so")
        return self


class Settled(NamedTuple):
    """What counts for a row, and the people who said so, sorted."""

    decided: str
    who: tuple[str, ...]


class InForce(NamedTuple):
    """Settled rows by id, the ids on which people disagree, the decisions that are void, since no
    row has their id or its text has changed; and those that are not, by row id."""

    settled: dict[str, Settled]
    disagreed: list[str]
    unknown_id: list[Decision]
    changed_text: list[Decision]
    votes: dict[str, list[Decision]]


def moment_of(when: str) -> datetime:
    """The moment of a decision. Raises ValueError where it is not ISO 8601."""
    moment = datetime.fromisoformat(when)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_decisions(folder: Path) -> list[Decision]:
    """All lines of a folder, in the order of file name and line.

    Raises DecisionError with file and line where one cannot be read.
    """
    return [one for _, one in _placed(folder)]


def place_of(decision: Decision, folder: Path) -> str:
    """file:line of a decision; the folder where it is in no file."""
    return next((place for place, one in _placed(folder) if one == decision), str(folder))


def _placed(folder: Path) -> Iterable[tuple[str, Decision]]:
    for file in sorted(folder.glob("*.jsonl")):
        # Lines that are not UTF-8 keep their place; the character that stands in is in no name.
        text = file.read_bytes().decode("utf-8", "surrogateescape")
        yield from _parsed_lines(text, str(file))


def parse_decisions(text: str, place: str) -> list[Decision]:
    """The decisions of one file's text. Raises DecisionError with `place` and line."""
    return [one for _, one in _parsed_lines(text, place)]


def _parsed_lines(text: str, place: str) -> Iterable[tuple[str, Decision]]:
    # Not splitlines(): a note may hold U+2028 and its like, at which JSON does not end a line.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield f"{place}:{number}", _parsed(line, f"{place}:{number}")


def _parsed(line: str, place: str) -> Decision:
    try:
        line.encode()
        return Decision.model_validate(json.loads(line))
    except ValidationError as error:
        first = error.errors()[0]
        found = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except UnicodeEncodeError:
        found = "not UTF-8"
    except ValueError:
        found = "not JSON"
    raise DecisionError(place, found, EXPECTED, "mend the line")


def last_lines(decisions: Iterable[Decision]) -> dict[tuple[str, str], Decision]:
    """What each person says of each row now, by (id, who): nothing where it was withdrawn."""
    last: dict[tuple[str, str], Decision] = {}
    for one in sorted(decisions, key=lambda one: moment_of(one.when)):
        last[one.id, one.who] = one
    return {key: one for key, one in last.items() if one.decided != WITHDRAWN}


def in_force(decisions: Iterable[Decision], rows: "pd.DataFrame", rule: Rule) -> InForce:
    """The decisions that hold for these rows (id, digest), settled by the rule."""
    digests = dict(zip(rows["id"], rows["digest"], strict=True))
    votes: dict[str, list[Decision]] = defaultdict(list)
    unknown, changed = [], []
    for _, one in sorted(last_lines(decisions).items()):
        if one.id not in digests:
            unknown.append(one)
        elif digests[one.id] != one.digest:
            changed.append(one)
        else:
            votes[one.id].append(one)
    settled, disagreed = {}, []
    for row, said in votes.items():
        if chosen := _chosen(said, rule):
            who = tuple(one.who for one in said if one.decided == chosen)
            settled[row] = Settled(chosen, who)
        else:
            disagreed.append(row)
    return InForce(settled, disagreed, unknown, changed, dict(votes))


def _chosen(said: list[Decision], rule: Rule) -> str:
    """What counts of what people said of one row, or "" where nothing does."""
    if len({one.decided for one in said}) == 1:
        return said[0].decided
    if rule.disagreement == "arbiter":
        return next((one.decided for one in said if one.who == rule.arbiter), "")
    if rule.disagreement == "majority":
        decided, most = Counter(one.decided for one in said).most_common(1)[0]
        return decided if 2 * most > len(said) else ""
    return ""


def check_labels(decided: InForce, known: Collection[str], folder: Path) -> None:
    """Raise DecisionError, with file and line, at a decision in force whose label no row has and
    params do not list."""
    for one in (one for said in decided.votes.values() for one in said):
        if one.decided not in (*known, DROP, AMBIGUOUS):
            raise DecisionError(
                place_of(one, folder),
                f"label {one.decided!r}",
                f"one of {', '.join(sorted(known))}, {DROP}, {AMBIGUOUS} or {WITHDRAWN}",
                "correct the label in the line, or name the new class in collect.labels",
            )
