"""One person going through one queue. Nothing is kept but the lines: a session that was killed goes
on where it was, at the first row on which this person has not decided."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from seedbed.core.decisions import AMBIGUOUS, DROP, WITHDRAWN, Decision, last_lines, moment_of
from seedbed.core.errors import DecisionError
from seedbed.reviewing.decision_lines import append, checked_who
from seedbed.reviewing.queues import DISAGREEMENTS, Item, Queue
from seedbed.reviewing.workspace import Workspace


class Progress(NamedTuple):
    """How many items of a queue this person has decided, skipped in this session, and has left;
    decided + skipped + left = total."""

    decided: int
    skipped: int
    left: int
    total: int


def now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)


class Session:
    """Takes the decisions of `who` on the items of `queue`, and writes each at once."""

    def __init__(
        self, workspace: Workspace, queue: Queue, who: str, clock: Callable[[], datetime] = now
    ) -> None:
        self.workspace, self.queue, self.who = workspace, queue, checked_who(who)
        self._clock = clock
        self._undoable: list[tuple[int, Decision, Decision | None]] = []  # place, said, before it
        self._skipped: set[str] = set()
        # People who disagree are asked again for what they have decided.
        self._again = queue.name == DISAGREEMENTS
        self._decided = set() if self._again else set(self._mine())
        self._place = 0
        self._to_next()

    @property
    def item(self) -> Item | None:
        """The item to decide on; None at the end of the queue."""
        return self.queue.items[self._place] if self._place < len(self.queue.items) else None

    @property
    def progress(self) -> Progress:
        """How far this person is."""
        ids = {item.id for item in self.queue.items}
        decided = len(ids & self._decided)
        skipped = len(ids & self._skipped - self._decided)
        return Progress(decided, skipped, len(ids) - decided - skipped, len(ids))

    @property
    def decision(self) -> Decision | None:
        """What this person has said of the current item, if anything."""
        return self._mine().get(self.item.id) if self.item else None

    def decide(self, decided: str, note: str = "") -> Decision:
        """Write a decision on the current item and go on to the next. `decided`: a class, DROP or
        AMBIGUOUS. Raises DecisionError for anything else, and where no item is left."""
        item = self._current()
        if decided not in (*self.workspace.classes, DROP, AMBIGUOUS):
            raise DecisionError(
                f"row {item.id}",
                f"label {decided!r}",
                f"one of {', '.join(self.workspace.classes)}, {DROP} or {AMBIGUOUS}",
                "choose one of them; a new class is named in collect.labels first",
            )
        before = self._mine().get(item.id)
        said = self._write(item.id, item.digest, item.given, decided, note)
        self._undoable.append((self._place, said, before))
        self._decided.add(item.id)
        self._skipped.discard(item.id)
        self._to_next()
        return said

    def accept(self, note: str = "") -> Decision:
        """The given label is right."""
        return self.decide(self._current().given, note)

    def take_suggestion(self, note: str = "") -> Decision:
        """The suggested label is right. Raises DecisionError where none is shown."""
        item = self._current()
        if not item.suggested:
            found = "a blind queue shows none" if item.blind else "nothing suggests a label"
            step = "accept the given label, or choose another"
            raise DecisionError(f"row {item.id}", found, "a suggestion", step)
        return self.decide(item.suggested, note)

    def skip(self) -> None:
        """Leave the current item for later, without a line."""
        item = self._current()
        if item.id not in self._decided:
            self._skipped.add(item.id)
        self._place += 1
        self._to_next()

    def undo(self) -> Decision | None:
        """Take back the last decision of this session and return to its item: what the person had
        said before, if anything, holds again. Gives the decision taken back, None without one."""
        if not self._undoable:
            return None
        self._place, said, before = self._undoable.pop()
        again, note = (before.decided, before.note) if before else (WITHDRAWN, "")
        digest, given = (before or said).digest, (before or said).given
        self._write(said.id, digest, given, again, note)
        if before is None or self._again:
            self._decided.discard(said.id)
        return said

    def back(self) -> None:
        """Show the item before, decided or not; nothing is withdrawn."""
        self._place = max(0, self._place - 1)

    def go_to(self, row_id: str) -> None:
        """Show an item of the queue. Raises DecisionError where it is not in it."""
        places = [place for place, item in enumerate(self.queue.items) if item.id == row_id]
        if not places:
            raise DecisionError(
                f"row {row_id}", f"not in the queue {self.queue.name}", "a row of it", "choose one"
            )
        self._place = places[0]

    def _current(self) -> Item:
        if self.item is None:
            raise DecisionError(
                f"queue {self.queue.name}", "no row is left", "a row", "choose another queue"
            )
        return self.item

    def _mine(self) -> dict[str, Decision]:
        """What this person says now, by row, of the texts that stand in the queue."""
        digests = {item.id: item.digest for item in self.queue.items}
        ours = (one for one in self.workspace.decisions if one.who == self.who)
        return {
            row: one for (row, _), one in last_lines(ours).items() if digests.get(row) == one.digest
        }

    def _write(self, row: str, digest: str, given: str, decided: str, note: str) -> Decision:
        note = note.encode("utf-8", "replace").decode()  # a terminal may give lone surrogates
        when = self._later_than_before(row).isoformat(timespec="microseconds")
        said = Decision(
            id=row, digest=digest, given=given, decided=decided, who=self.who,
            when=when.replace("+00:00", "Z"), note=note,
        )  # fmt: skip
        append(said, self.workspace.folder)
        self.workspace.decisions.append(said)
        return said

    def _later_than_before(self, row: str) -> datetime:
        """Now, or just after the person's last line on the row, should the clock have gone back:
        the latest line counts, in whatever order git has merged them."""
        ours = [
            moment_of(one.when) + timedelta(microseconds=1)
            for one in self.workspace.decisions
            if one.id == row and one.who == self.who
        ]
        return max([self._clock().astimezone(UTC), *ours])

    def _to_next(self) -> None:
        """From the present place on to the first item that is neither decided nor skipped."""
        done = self._decided | self._skipped
        items = self.queue.items
        while self._place < len(items) and items[self._place].id in done:
            self._place += 1
