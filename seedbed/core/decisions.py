"""What people decided about rows: lines of JSON in data/decisions/<who>.jsonl, in git.

One line: {"id", "digest", "given", "decided", "who", "when", "note"}. `decided` is a label (a
whole set where a row has several), `<drop>`, `<ambiguous>`, or `<withdrawn>`: the person has no
decision on the row any more. In task `answer` a label is the row's category, which leaves the
answer as it is, and `<rewrite SHA256>` names another answer by the digest of its text. That text is
in REWRITES: private zone, ignored by git, the output of no stage and so never pushed.

Of one person's lines on one row the latest counts, of the same moment the last; so files are only
ever appended to, and git merges them by union in any order. A decision holds while the row's digest
is the same, that is, while its source text is the one that the person read.
"""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import regex
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from seedbed.core.errors import CLIP, SeedbedError
from seedbed.core.files import write_bytes
from seedbed.core.metrics import Metrics, RowCounts, WithUnused
from seedbed.core.params import Section

if TYPE_CHECKING:  # a command that only reads decisions starts a second sooner without it
    import pandas as pd

FOLDER = Path("data/decisions")
DECIDED = Path("data/ledger/decided.csv")  # the decisions in force, one a row, by id
REWRITES = Path("data/rewrites")  # SHA256.txt
REWRITE = re.compile(r"<rewrite ([0-9a-f]{64})>")
DROP, AMBIGUOUS, WITHDRAWN = "<drop>", "<ambiguous>", "<withdrawn>"
WHO = regex.compile(r"\w[\w\p{M}.-]{0,63}")  # also a file name, so nothing that a path is made of


def _name(value: str) -> str:
    if not WHO.fullmatch(value):
        raise ValueError(f"{value!r} is no name of letters, digits, - _ .")
    return value


def _moment(value: str) -> str:
    moment_of(value)
    return value


class Decision(BaseModel):
    """One line of a decisions file.

    `given` is the row's label before any decision, `when` a day or a moment in ISO 8601, UTC if it
    names no time zone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    digest: str
    given: str
    decided: str = Field(min_length=1)
    who: Annotated[str, AfterValidator(_name)]
    when: Annotated[str, AfterValidator(_moment)]
    note: str = ""


class DisagreementRule(Section):
    """How a row on which people disagree is settled: params.yaml section `apply_decisions`."""

    disagreement: Literal["keep_out", "majority", "arbiter"]
    arbiter: str

    @model_validator(mode="after")
    def _fits(self) -> "DisagreementRule":
        if (self.disagreement == "arbiter") != bool(self.arbiter):
            raise ValueError("`arbiter` names a person if disagreement is arbiter, else nobody")
        return self


class Settled(NamedTuple):
    """The decision that counts for a row, and the people who made it, sorted."""

    decided: str
    who: tuple[str, ...]


class InForce(NamedTuple):
    """The decisions that hold for given rows, and those that are void."""

    settled: dict[str, Settled]  # by row id
    disagreed: list[str]  # ids of rows on which people disagree
    unknown_id: list[Decision]  # void: no row has their id
    changed_text: list[Decision]  # void: the text of their row has changed
    votes: dict[str, list[Decision]]  # those that are not void, by row id


class SideDecisions(Metrics):
    """Rows of one side: settled, relabelled, rewritten (task answer), and those on which people
    disagree."""

    settled: int
    relabelled: int
    disagreed: int
    rewritten: int = 0


class ApplyDecisionsMetrics(WithUnused):
    """reports/metrics/apply_decisions.json."""

    rows: RowCounts
    decided_rows: int
    relabelled: int
    by_side: dict[str, SideDecisions]
    void_unknown_id: int
    void_changed_text: int
    rewritten: int = 0  # set in task answer alone


def moment_of(when: str) -> datetime:
    """Return the moment of a decision. Raises ValueError if it is not ISO 8601."""
    moment = datetime.fromisoformat(when)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_decisions(folder: Path) -> list[Decision]:
    """Read all lines of a folder, in the order of file name and line.

    Raises SeedbedError that names the file and line of one that cannot be read.
    """
    return [decision for _, decision in _with_places(folder)]


def place_of(decision: Decision, folder: Path) -> str:
    """Return file:line of a decision; the folder if no file has it."""
    places = (place for place, other in _with_places(folder) if other == decision)
    return next(places, str(folder))


def _with_places(folder: Path) -> Iterable[tuple[str, Decision]]:
    for file in sorted(folder.glob("*.jsonl")):
        # Lines that are not UTF-8 keep their number; the replacement is in no name.
        text = file.read_bytes().decode("utf-8", "surrogateescape")
        yield from _parsed_lines(text, str(file))


def parse_decisions(text: str, place: str) -> list[Decision]:
    """Parse the text of one file. Raises SeedbedError that names `place` and the line."""
    return [decision for _, decision in _parsed_lines(text, place)]


def _parsed_lines(text: str, place: str) -> Iterable[tuple[str, Decision]]:
    # Not splitlines(): a note may contain U+2028 and the like, which end no line in JSON.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield f"{place}:{number}", _parsed(line, f"{place}:{number}")


def _parsed(line: str, place: str) -> Decision:
    try:
        line.encode()
        return Decision.model_validate(json.loads(line))
    except ValidationError as error:
        first = error.errors()[0]
        problem = f"{'.'.join(map(str, first['loc']))}: {first['msg'][:CLIP]}"
    except UnicodeEncodeError:
        problem = "not UTF-8"
    except (ValueError, RecursionError):
        problem = "not JSON"
    expected = "a decision: id, digest, given, decided, who, when, note"
    raise SeedbedError(place, problem, expected, "fix the line")


def last_lines(decisions: Iterable[Decision]) -> dict[tuple[str, str], Decision]:
    """Return each person's current decision on each row, by (id, who); none if withdrawn."""
    last: dict[tuple[str, str], Decision] = {}
    for decision in sorted(decisions, key=lambda decision: moment_of(decision.when)):
        last[decision.id, decision.who] = decision
    return {key: decision for key, decision in last.items() if decision.decided != WITHDRAWN}


def in_force(
    decisions: Iterable[Decision], rows: "pd.DataFrame", rule: DisagreementRule
) -> InForce:
    """Return the decisions that hold for these rows (id, digest), settled by the rule."""
    digests = dict(zip(rows["id"], rows["digest"], strict=True))
    votes: dict[str, list[Decision]] = defaultdict(list)
    unknown, changed = [], []
    for _, decision in sorted(last_lines(decisions).items()):
        if decision.id not in digests:
            unknown.append(decision)
        elif digests[decision.id] != decision.digest:
            changed.append(decision)
        else:
            votes[decision.id].append(decision)
    settled, disagreed = {}, []
    for row, on_row in votes.items():
        if chosen := _chosen(on_row, rule):
            who = (vote.who for vote in on_row if vote.decided == chosen)
            settled[row] = Settled(chosen, tuple(who))
        else:
            disagreed.append(row)
    return InForce(settled, disagreed, unknown, changed, dict(votes))


def _chosen(votes: list[Decision], rule: DisagreementRule) -> str:
    """Return the decision that counts among the votes on one row, "" if none does."""
    decided, most = Counter(vote.decided for vote in votes).most_common(1)[0]
    if rule.disagreement == "arbiter" and most < len(votes):
        return next((vote.decided for vote in votes if vote.who == rule.arbiter), "")
    is_majority = rule.disagreement == "majority" and 2 * most > len(votes)
    return decided if is_majority or most == len(votes) else ""


def check_labels(decided: InForce, fault: Callable[[str], str], form: str, folder: Path) -> None:
    """Check that every label that was decided has no `fault`, which says in words what is wrong;
    `form` says how a label is written.

    Raises SeedbedError that names the file and line of one that has.
    """
    for vote in (vote for votes in decided.votes.values() for vote in votes):
        if vote.decided not in (DROP, AMBIGUOUS) and (problem := fault(vote.decided)):
            raise SeedbedError(
                place_of(vote, folder),
                problem,
                f"{form}, {DROP}, {AMBIGUOUS} or {WITHDRAWN}",
                "correct the label in the line, or add the new class to collect.labels",
            )


def rewrite_of(answer: str) -> str:
    """Return the decision that a row gets this answer; `keep_rewrite` has to keep its text."""
    return f"<rewrite {hashlib.sha256(answer.encode()).hexdigest()}>"


def digest_of(decided: str) -> str:
    """Return the digest of the answer that a decision gives a row; "" if it gives none."""
    match = REWRITE.fullmatch(decided)
    return match[1] if match else ""


def rewrite_file(digest: str) -> Path:
    """Return where the answer with this digest is."""
    return REWRITES / f"{digest}.txt"


def rewrites_of(made: Iterable[Decision]) -> set[Path]:
    """Return the texts here that decisions name."""
    files = {rewrite_file(digest) for one in made if (digest := digest_of(one.decided))}
    return {file for file in files if file.exists()}


def keep_rewrite(answer: str) -> None:
    """Write the text of `rewrite_of`, which only its owner can read, and hide its folder from git.

    Raises OSError if the disk does not take it.
    """
    REWRITES.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_bytes(REWRITES / ".gitignore", b"*\n")
    write_bytes(rewrite_file(digest_of(rewrite_of(answer))), answer.encode(), 0o600)


def read_rewrite(vote: Decision, folder: Path) -> str:
    """Return the answer that a decision of `folder` gives its row.

    Raises SeedbedError where its text is missing, or is not the one that was decided on.
    """
    file = rewrite_file(digest_of(vote.decided))
    place, again = place_of(vote, folder), "decide on the row again with `seedbed review`"
    if not file.exists():
        raise SeedbedError(
            str(file),
            f"no such file, and {place} names it",
            f"the answer that {vote.who} wrote for row {vote.id}; git and DVC do not have it",
            f"copy it from where {vote.who} wrote it, or {again}",
        )
    content = file.read_bytes()
    if (found := hashlib.sha256(content).hexdigest()) != file.stem:
        expected = f"the text that {place} decided on, with the digest in the file's name"
        step = f"restore the file from a copy, or {again}"
        raise SeedbedError(str(file), f"a text with the SHA-256 {found}", expected, step)
    return content.decode()
