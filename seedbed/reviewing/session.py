"""One person's decisions: a session on a queue, and the lines that it appends.

Nothing is kept but the lines in data/decisions/<who>.jsonl, so a session that was killed goes on at
the first row on which this person has not decided. A line is whole and on the disk, or not in the
file: any number of processes may append at once, each under a lock, with one write at the end of
the file, and waits until the disk has it.
"""

import fcntl
import json
import os
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import regex

from seedbed.core.decisions import (
    AMBIGUOUS,
    DROP,
    FOLDER,
    WHO,
    WITHDRAWN,
    Decision,
    keep_rewrite,
    last_lines,
    moment_of,
    rewrite_of,
)
from seedbed.core.errors import SeedbedError
from seedbed.core.files import load_key
from seedbed.core.git import git_answer
from seedbed.core.params import read_params
from seedbed.reviewing.queues import DISAGREEMENTS, Item, Queue, Workspace

KEYS = "123456789"  # a class each, or as many as there are keys
CONFIRM = "y"  # of a set; Streamlit takes c and r for itself
REWRITE = "e"  # an answer


def append(decision: Decision, folder: Path = FOLDER) -> None:
    """Add one line to the file of `decision.who`, which is created if it is new.

    Raises OSError if the disk does not take the line.
    """
    folder.mkdir(parents=True, exist_ok=True)
    line = (json.dumps(decision.model_dump(), ensure_ascii=False) + "\n").encode()
    file = folder / f"{checked_who(decision.who)}.jsonl"
    descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        # A process that was killed, or an editor, may have left a line without its end.
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line
        if os.write(descriptor, line) < len(line):
            os.ftruncate(descriptor, size)
            raise OSError(f"{file}: the disk took half a line, which was removed again")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)  # releases the lock


def checked_who(who: str) -> str:
    """Return the name if a file can have it. Raises SeedbedError."""
    if not WHO.fullmatch(who):
        raise SeedbedError(
            "who decides",
            f"{who!r}" if who else "nobody",
            "a name of letters, digits, - _ . that begins with a letter or digit",
            "give one with --who NAME",
        )
    return who


def default_who() -> str:
    """Return git's user.name as such a name: `Ann Lee` is `ann-lee`. Raises SeedbedError."""
    user = git_answer("config", "user.name")
    name = regex.sub(r"[^\w\p{M}.-]+", "-", user.lower()).strip("-.")[:64]
    return checked_who(name)


class Progress(NamedTuple):
    """Items of a queue that this person decided, skipped in this session, and has left.

    decided + skipped + left = total.
    """

    decided: int
    skipped: int
    left: int
    total: int


def now() -> datetime:
    """Return the current moment, UTC."""
    return datetime.now(UTC)


def decision_on(
    row: Item | Decision, decided: str, who: str, moment: datetime, note: str
) -> Decision:
    """Return a decision on a row, made at a moment in UTC."""
    when = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return Decision(
        id=row.id,
        digest=row.digest,
        given=row.given,
        decided=decided,
        who=who,
        when=when,
        note=note,
    )


def rewritten(row: pd.Series, answer: str) -> str:
    """Return the answer that a person wrote in place of a row's, as it is kept: without personal
    values, for which it is looked at in its conversation.

    Raises SeedbedError for an empty answer, for the one that the row has, and in other tasks.
    """
    if "answer" not in row:
        found, expected = "a rewrite, and rows without answers", "task answer"
        raise SeedbedError(f"row {row['id']}", found, expected, "choose a label")
    from seedbed.private.kinds import AnonymizeParams  # takes .2 s
    from seedbed.private.rows import anonymize_rows

    # Terminals may send lone surrogates.
    text = unicodedata.normalize("NFC", answer.encode("utf-8", "replace").decode())
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    params = read_params("anonymize", AnonymizeParams)
    rows = pd.DataFrame([row.to_dict() | {"answer": text}])
    text = str(anonymize_rows(rows, params, load_key(params.key_fingerprint))[0]["answer"].iloc[0])
    if not text or text == row["answer"]:
        found = "the answer that it has" if text else "an empty answer"
        step = "write another one, or keep or drop the row"
        raise SeedbedError(f"row {row['id']}", found, "another answer", step)
    return text


class Session:
    """Takes the decisions of `who` on the items of `queue`, and writes each at once."""

    def __init__(self, workspace: Workspace, queue: Queue, who: str) -> None:
        self.workspace, self.queue, self.who = workspace, queue, checked_who(who)
        self._undoable: list[tuple[int, Decision, Decision | None]] = []  # index, new, before it
        self._skipped: set[str] = set()
        self._draft = ("", "")  # row, label
        # People who disagree are asked again about rows that they have decided.
        self._again = queue.name == DISAGREEMENTS
        self._decided = set() if self._again else set(self._mine())
        self._index = 0
        self._to_next()

    @property
    def item(self) -> Item | None:
        """The item to decide on; None at the end of the queue."""
        return self.queue.items[self._index] if self._index < len(self.queue.items) else None

    @property
    def progress(self) -> Progress:
        """Progress of this person on the queue."""
        ids = {item.id for item in self.queue.items}
        decided = len(ids & self._decided)
        skipped = len(ids & self._skipped - self._decided)
        return Progress(decided, skipped, len(ids) - decided - skipped, len(ids))

    @property
    def decision(self) -> Decision | None:
        """This person's decision on the current item, if any."""
        return self._mine().get(self.item.id) if self.item else None

    def decide(self, decided: str, note: str = "") -> Decision:
        """Write a decision on the current item and go on to the next.

        `decided`: a label, DROP or AMBIGUOUS. Raises SeedbedError for anything else, and if no
        item is left.
        """
        item = self._current()
        if fault := self.workspace.fault(decided):
            raise SeedbedError(
                f"row {item.id}",
                fault,
                f"{self.workspace.task.form(self.workspace.classes)}, {DROP} or {AMBIGUOUS}",
                "choose one of them, or add a new class to collect.labels first",
            )
        before = self._mine().get(item.id)
        decision = self._write(item, decided, note)
        self._undoable.append((self._index, decision, before))
        self._decided.add(item.id)
        self._skipped.discard(item.id)
        self._to_next()
        return decision

    def accept(self, note: str = "") -> Decision:
        """Decide that the given label is correct."""
        return self.decide(self._current().given, note)

    def take_suggestion(self, note: str = "") -> Decision:
        """Decide that the suggested label is correct. Raises SeedbedError if none is shown."""
        item = self._current()
        if not item.suggested:
            problem = "a blind queue shows none" if item.blind else "no model suggests a label"
            step = "accept the given label, or choose another"
            raise SeedbedError(f"row {item.id}", problem, "a suggestion", step)
        return self.decide(item.suggested, note)

    def rewrite(self, answer: str, note: str = "") -> Decision:
        """Decide that this is the answer; its text goes to the private zone. Raises SeedbedError as
        `rewritten` does."""
        text = rewritten(self.workspace.row(self._current().id), answer)
        keep_rewrite(text)  # first, so that no line names a text that is nowhere
        return self.decide(rewrite_of(text), note)

    @property
    def draft(self) -> str:
        """The set that is being put together on the current item: at first the given one, of a row
        that nobody has labelled the empty one."""
        item, task = self._current(), self.workspace.task
        row, draft = self._draft
        return draft if row == item.id else task.label_of(task.members(item.given))

    def choose(self, name: str, note: str = "") -> Decision | None:
        """Decide a class; where a label may name several, toggle it in the draft instead."""
        label = self.workspace.task.toggled(self.draft, name)
        if not self.workspace.task.SETS:
            return self.decide(label, note)
        self._draft = self._current().id, label
        return None

    def confirm(self, note: str = "") -> Decision:
        """Decide the draft."""
        return self.decide(self.draft, note)

    def skip(self) -> None:
        """Leave the current item for later, without a line."""
        item = self._current()
        if item.id not in self._decided:
            self._skipped.add(item.id)
        self._index += 1
        self._to_next()

    def undo(self) -> Decision | None:
        """Undo the last decision of this session and return to its item.

        The person's previous decision on the row, if any, holds again. Returns the decision that
        was undone, None if there is none.
        """
        if not self._undoable:
            return None
        self._index, undone, before = self._undoable.pop()
        if before:
            self._write(before, before.decided, before.note)
        else:
            self._write(undone, WITHDRAWN, "")
        if before is None or self._again:
            self._decided.discard(undone.id)
        return undone

    def go_to(self, row_id: str) -> None:
        """Show an item of the queue. Raises SeedbedError if the queue does not have it."""
        indices = [index for index, item in enumerate(self.queue.items) if item.id == row_id]
        if not indices:
            raise SeedbedError(
                f"row {row_id}", f"not in the queue {self.queue.name}", "a row of it", "choose one"
            )
        self._index = indices[0]

    def _current(self) -> Item:
        if self.item is None:
            raise SeedbedError(
                f"queue {self.queue.name}", "no row is left", "a row", "choose another queue"
            )
        return self.item

    def _mine(self) -> dict[str, Decision]:
        """Return this person's current decisions, by row, on the texts of the queue."""
        digests = {item.id: item.digest for item in self.queue.items}
        ours = (decision for decision in self.workspace.decisions if decision.who == self.who)
        return {
            row: decision
            for (row, _), decision in last_lines(ours).items()
            if digests.get(row) == decision.digest
        }

    def _write(self, row: Item | Decision, decided: str, note: str) -> Decision:
        """Append a line, later than the person's others on the row even if the clock went back.

        The latest line counts, in whatever order git has merged them.
        """
        note = note.encode("utf-8", "replace").decode()  # terminals may send lone surrogates
        before = [
            moment_of(other.when) + timedelta(microseconds=1)
            for other in self.workspace.decisions
            if other.id == row.id and other.who == self.who
        ]
        decision = decision_on(row, decided, self.who, max([now(), *before]), note)
        append(decision, self.workspace.folder)
        self.workspace.decisions.append(decision)
        return decision

    def _to_next(self) -> None:
        """Go on to the first item that is neither decided nor skipped."""
        done = self._decided | self._skipped
        while self.item and self.item.id in done:
            self._index += 1
