"""Review on a terminal: one row at a time, one key a decision."""

import json
import os
import sys
from collections.abc import Callable
from typing import NamedTuple

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from seedbed.core.decisions import AMBIGUOUS, DROP
from seedbed.core.errors import SeedbedError
from seedbed.core.reasons import in_words
from seedbed.pages.escaping import for_terminal, in_one_line
from seedbed.reviewing.queues import Item
from seedbed.reviewing.session import Session
from seedbed.versions.explain import explain

SHOWN_CHARS = 4_000  # of a text, about two screens; key w shows the rest
NEAREST = 3
HELP = {
    "a": "accept the given label",
    "t": "take the suggested label",
    "o": "other label, out of a list",
    "d": "drop the row",
    "m": "ambiguous: no one label fits",
    "s": "skip, for later",
    "u": "undo the last decision",
    "n": "note, kept with the next decision",
    "i": "the row's life",
    "w": "the whole text",
    "q": "quit; all decisions are on the disk",
    "?": "this help",
}


class Person(NamedTuple):
    """Whom the terminal asks: `key` gives one character, `line` an answer to a question. Both raise
    EOFError where nobody is there any more."""

    key: Callable[[], str]
    line: Callable[[str], str]


def open_terminal(session: Session) -> None:
    """Review until the queue ends or the person quits."""
    console = Console(highlight=False, emoji=False)
    person = Person(_key_of_terminal if sys.stdin.isatty() else _key_of_line, input)
    Review(session, console, person).run()


class Review:
    """The loop: show the row, do what the key says."""

    def __init__(self, session: Session, console: Console, person: Person) -> None:
        self.session, self.console, self.person = session, console, person
        self.note = ""
        self._actions = {
            "a": lambda: self._decided(session.accept(self.note).decided),
            "t": lambda: self._decided(session.take_suggestion(self.note).decided),
            "o": self._other,
            "d": lambda: self._decided(session.decide(DROP, self.note).decided),
            "m": lambda: self._decided(session.decide(AMBIGUOUS, self.note).decided),
            "s": self._skip,
            "u": self._undo,
            "n": self._note,
            "i": self._life,
            "w": self._whole,
            "?": self._help,
        }

    def run(self) -> None:
        """Show rows and take keys until the end of the queue, q, or the end of the input."""
        self.say(f"{self.session.queue.title}. {self.session.queue.about} ? shows the keys.")
        shown = None
        try:
            while self.session.item or self._undo_at_the_end():
                if self.session.item is not shown:
                    shown = self.session.item
                    show(self.session, self.console)
                key = self.person.key()
                if key == "q":
                    break
                shown = None if self._do(key) else shown
        except EOFError:
            pass
        progress = self.session.progress
        self.say(
            f"{progress.decided} of {progress.total} decided, {progress.skipped} skipped. "
            f"The lines are in {self.session.workspace.folder}; now run `dvc repro` and commit."
        )

    def say(self, words: str, style: str = "dim") -> None:
        """One paragraph; nothing in it is markup."""
        self.console.print(Text(for_terminal(words), style))

    def _do(self, key: str) -> bool:
        """What the key says; whether the row is to be shown again."""
        if key not in self._actions:
            self.say(f"{key!r} is no key here; ? shows the keys")
            return False
        try:
            return bool(self._actions[key]())
        except SeedbedError as error:
            self.say(f"{error.found}; {error.next_step}", "yellow")
            return False

    def _decided(self, decided: str) -> None:
        self.say(f"decided: {decided}", "bold green")
        self.note = ""

    def _other(self) -> None:
        classes = self.session.workspace.classes
        for number, name in enumerate(classes, start=1):
            self.say(f"{number:>3} {name}", "")
        answer = self.person.line("number, nothing to go back: ").strip()
        if answer.isdecimal() and 1 <= int(answer) <= len(classes):
            self._decided(self.session.decide(classes[int(answer) - 1], self.note).decided)
        elif answer:
            self.say(f"{answer!r} is no number from 1 to {len(classes)}", "yellow")

    def _skip(self) -> None:
        self.session.skip()
        self.say("skipped")

    def _undo(self) -> bool:
        taken_back = self.session.undo()
        if taken_back is None:
            self.say("nothing to undo: this session has decided nothing yet", "yellow")
            return False
        self.say(f"undone: {taken_back.decided} on row {taken_back.id}", "bold yellow")
        return True

    def _undo_at_the_end(self) -> bool:
        """After the last row: whether there is a row again, since the last decision was undone."""
        if not self.session.progress.total:
            self.say("Nothing is in this queue.")
            return False
        self.say("The end of the queue. u undoes the last decision, any other key leaves.")
        return self.person.key() == "u" and self._undo()

    def _note(self) -> None:
        self.note = self.person.line("note: ").strip()

    def _life(self) -> None:
        if self.session.item.blind:
            self.say("not shown in a blind queue: it would tell what the models think", "yellow")
            return
        self.say("\n".join(explain(self.session.item.id)), "")

    def _whole(self) -> None:
        row = self.session.workspace.row(self.session.item.id)
        self.say("\n\n".join(filter(None, [row["text"], row["text_pair"]])), "")

    def _help(self) -> None:
        self.say("\n".join(f"  {key}  {what}" for key, what in HELP.items()))


def show(session: Session, console: Console) -> None:
    """The row to decide on: progress, text, label, why, nearest rows, where it came from."""
    item, progress = session.item, session.progress
    row = session.workspace.row(item.id)
    at = f"{progress.decided} decided, {progress.skipped} skipped, {progress.left} left"
    console.print(Rule(Text(f"{session.queue.title}: {at}"), align="left"))
    for text in filter(None, [row["text"], row["text_pair"]]):
        console.print(Text(_cut(for_terminal(text)) + "\n"))
    console.print(_labels(item))
    if said := session.decision:
        console.print(Text(for_terminal(f"you said  {said.decided} {said.note}"), "green"))
    if not item.blind:
        for line in _near(session, item):
            console.print(Text(line, "dim"), no_wrap=True, overflow="ellipsis")
    console.print(Text(for_terminal(_origin(row, item)), "dim"))
    keys = "[a]ccept [t]ake suggestion [o]ther [d]rop a[m]biguous [s]kip [u]ndo [n]ote [q]uit ?"
    console.print(Text(keys if item.suggested else keys.replace("[t]ake suggestion ", ""), "cyan"))


def _cut(text: str) -> str:
    more = len(text) - SHOWN_CHARS
    return f"{text[:SHOWN_CHARS]}… ({more:,} more characters: w)" if more > 0 else text


def _labels(item: Item) -> Text:
    text = Text.assemble("given     ", (for_terminal(item.given), "bold"))
    if item.suggested:
        text.append("\nsuggested ").append(for_terminal(item.suggested), "bold magenta")
    if item.reason:
        score = "" if item.score is None else f", label quality {item.score:.3f}"
        text.append(f"\nwhy       {for_terminal(in_words(item.reason))}{score}")
    return text


def _near(session: Session, item: Item) -> list[str]:
    """The nearest rows, those that find_label_errors names first, a line each."""
    workspace = session.workspace
    ids = [row for row in item.nearest if row in workspace] or workspace.nearest(item.id, NEAREST)
    rows = [workspace.row(row) for row in ids[:NEAREST]]
    return [
        f"near      {for_terminal(row['label'])}: {in_one_line(row['text'], 200)}" for row in rows
    ]


def _origin(row: dict, item: Item) -> str:
    from_ = json.loads(row["provenance"])
    place = f"{from_.get('file')}:{from_.get('line')}"
    date = f", {row['date']}" if row["date"] else ""
    side = f"{item.split}, " if item.split else ""
    return f"from      {place}, source {row['source']}, batch {row['batch']}{date}, {side}{item.id}"


def _key_of_line() -> str:
    """The first character of the next line, for input that is no terminal."""
    return input()[:1] or " "


def _key_of_terminal() -> str:
    """One key, without Enter. The end of the input and Ctrl-C leave."""
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        # Not flushed, as by default: keys that were typed ahead count. Not read by sys.stdin, which
        # would take more than one.
        tty.setcbreak(descriptor, termios.TCSADRAIN)
        key = os.read(descriptor, 1).decode("ascii", "replace")
    except KeyboardInterrupt:
        key = ""
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
    if key in ("", "\x04"):
        raise EOFError
    return key
