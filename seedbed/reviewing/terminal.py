"""Review on a terminal: one row at a time, one key per decision."""

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from seedbed.core.decisions import AMBIGUOUS, DROP, Decision
from seedbed.core.errors import SeedbedError
from seedbed.core.reasons import in_words
from seedbed.core.text_units import for_terminal
from seedbed.core.turns import dialogue
from seedbed.pages.document import in_one_line
from seedbed.reviewing.queues import Item, decided_in_words, nearest_rows
from seedbed.reviewing.session import CONFIRM, KEYS, REWRITE, Session
from seedbed.tasks import Task
from seedbed.versions.explain import explain

if TYPE_CHECKING:
    import pandas as pd

SHOWN_CHARS = 4_000  # of a text, about two screens; key w shows the rest
NEAREST = 3
QUIT = "q"
END = "."  # the last line of an answer


def open_terminal(session: Session) -> None:
    """Review until the queue ends or the person quits."""
    key = _key_of_terminal if sys.stdin.isatty() else lambda: input()[:1] or " "
    Review(session, Console(highlight=False, emoji=False), key, input).run()


class Review:
    """The loop: show the row, carry out the command of a key.

    `key` returns one character of the reviewer, `line` the answer to a question. Both raise
    EOFError at the end of the input.
    """

    def __init__(
        self, session: Session, console: Console, key: Callable[[], str], line: Callable[[str], str]
    ) -> None:
        self.session, self.console, self.key, self.line = session, console, key, line
        self.note = ""

    def run(self) -> None:
        """Show rows and take keys until the end of the queue, q, or the end of the input."""
        self.print(f"{self.session.queue.title}. {self.session.queue.about} ? shows the keys.")
        visible: Item | None = None
        try:
            while self.session.item or self._undo_at_the_end():
                if self.session.item is not visible:
                    visible = self.session.item
                    show(self.session, self.console)
                key = self.key()
                if key == QUIT:
                    break
                visible = None if self._do(key) else visible
        except EOFError:
            pass
        progress = self.session.progress
        self.print(
            f"{progress.decided} of {progress.total} decided, {progress.skipped} skipped. "
            f"They are in {self.session.workspace.folder}; now run `dvc repro` and commit."
        )

    def print(self, words: str, style: str = "dim") -> None:
        """Print one paragraph; nothing in it is markup."""
        self.console.print(Text(for_terminal(words), style))

    def _do(self, key: str) -> bool:
        """Carry out the command of a key; return whether to show the row again."""
        commands = self._commands()
        if key not in commands:
            self.print(f"{key!r} is not a command; ? shows the keys")
            return False
        try:
            return bool(commands[key][1](self))
        except SeedbedError as error:
            self.print(f"{error.found}; {error.next_step}", "yellow")
            return False

    def _commands(self) -> dict[str, "Command"]:
        """The commands, and where a label may name several classes those that put it together; of
        answers those that leave labels alone."""
        task = self.session.workspace.task
        if task.TARGET == "answer":
            return OF_ANSWERS | {key: COMMANDS[key] for key in COMMANDS if key not in OF_LABELS}
        if not task.SETS:
            return COMMANDS
        names = zip(KEYS, self.session.workspace.classes, strict=False)
        toggles = {key: (f"add or take out {name}", _toggle(name)) for key, name in names}
        return {**COMMANDS, **OF_SETS, **toggles}

    def _decide(self, decided: str) -> None:
        self._decided(partial(self.session.decide, decided))

    def _decided(self, decide: Callable[[str], Decision]) -> None:
        words = decided_in_words(self.session.workspace.task, decide(self.note))
        self.print(f"decided: {words}", "bold green")
        self.note = ""

    def _rewrite(self) -> None:
        self.print(f"The whole answer, line by line; a line of {END} alone ends it.")
        lines: list[str] = []
        while (line := self.line("")) != END:
            lines.append(line)
        if lines:
            self._decided(partial(self.session.rewrite, "\n".join(lines)))
        else:
            self.print("nothing was written, and the answer stays", "yellow")

    def _choose(self, name: str) -> None:
        if self.session.workspace.task.SETS:
            self.session.choose(name)
            self.print(draft_of(self.session), "bold cyan")
        else:
            self._decide(name)

    def _other(self) -> None:
        classes = self.session.workspace.classes
        for number, name in enumerate(classes, start=1):
            self.print(f"{number:>3} {name}", "")
        answer = self.line("number, or Enter to go back: ").strip()
        if answer.isdecimal() and 1 <= int(answer) <= len(classes):
            self._choose(classes[int(answer) - 1])
        elif answer:
            self.print(f"{answer!r} is no number from 1 to {len(classes)}", "yellow")

    def _skip(self) -> None:
        self.session.skip()
        self.print("skipped")

    def _undo(self) -> bool:
        undone = self.session.undo()
        if undone is None:
            self.print("nothing to undo: no row was decided in this session", "yellow")
            return False
        decided = decided_in_words(self.session.workspace.task, undone)
        self.print(f"undone: {decided} on row {undone.id}", "bold yellow")
        return True

    def _undo_at_the_end(self) -> bool:
        """Whether, after the last row, there is a row again because a decision was undone."""
        if not self.session.progress.total:
            self.print("This queue is empty.")
            return False
        self.print("End of the queue. u undoes the last decision, any other key quits.")
        return self.key() == "u" and self._undo()

    def _write_note(self) -> None:
        self.note = self.line("note: ").strip()

    def _history(self) -> None:
        if self._item().blind:
            self.print("not shown in a blind queue: it would show what models suggest", "yellow")
        else:
            self.print("\n".join(explain(self._item().id)), "")

    def _item(self) -> Item:
        """Return the item that is shown: keys are read only while there is one."""
        assert self.session.item is not None
        return self.session.item

    def _whole(self) -> None:
        row = self.session.workspace.row(self._item().id)
        self.print("\n\n".join(texts_to_read(row)), "")

    def _help(self) -> None:
        self.print("\n".join(f"  {key}  {help_}" for key, (help_, _) in self._commands().items()))


def _toggle(name: str) -> Callable[[Review], None]:
    return lambda one: one._choose(name)


# The commands of the terminal: a line of help, and an action; true: show the row again.
Command = tuple[str, Callable[[Review], bool | None]]
COMMANDS: dict[str, Command] = {
    "a": ("accept the given label", lambda one: one._decided(one.session.accept)),
    "t": ("take the suggested label", lambda one: one._decided(one.session.take_suggestion)),
    "o": ("choose another label from a list", Review._other),
    "d": ("drop the row", lambda one: one._decide(DROP)),
    "m": ("ambiguous: no single label fits", lambda one: one._decide(AMBIGUOUS)),
    "s": ("skip, for later", Review._skip),
    "u": ("undo the last decision", Review._undo),
    "n": ("write a note for the next decision", Review._write_note),
    "i": ("show the history of the row", Review._history),
    "w": ("show the whole text", Review._whole),
    QUIT: ("quit; all decisions are saved", lambda _: None),
    "?": ("show this help", Review._help),
}
OF_SETS: dict[str, Command] = {
    CONFIRM: (
        "confirm the set as it was put together",
        lambda one: one._decided(one.session.confirm),
    ),
    "o": ("add or take out a label from a list", Review._other),
    "m": ("ambiguous: no set of labels fits", lambda one: one._decide(AMBIGUOUS)),
}
OF_LABELS = ("a", "t", "o", "m")
OF_ANSWERS: dict[str, Command] = {
    "a": ("keep the answer", lambda one: one._decided(one.session.accept)),
    REWRITE: ("rewrite the answer", Review._rewrite),
}


def texts_to_read(row: "pd.Series") -> list[str]:
    """Return the texts of a row, of a conversation each turn after its role."""
    if "answer" in row:
        turns = dialogue(row["text"], row["context"], row["answer"]).messages()
        return [f"{turn['role']}: {turn['content']}" for turn in turns]
    return [text for text in (row["text"], row["text_pair"]) if text]


def show(session: Session, console: Console) -> None:
    """Print the row to decide on: progress, text, label, reason, nearest rows, origin."""
    item, progress = session.item, session.progress
    assert item is not None
    row = session.workspace.row(item.id)
    counts = f"{progress.decided} decided, {progress.skipped} skipped, {progress.left} left"
    console.print(Rule(Text(f"{session.queue.title}: {counts}"), align="left"))
    for text in texts_to_read(row):
        console.print(Text(_cut(for_terminal(text)) + "\n"))
    task = session.workspace.task
    console.print(_labels(task, item))
    if decision := session.decision:
        line = f"decided   {decided_in_words(task, decision)} {decision.note}"
        console.print(Text(for_terminal(line), "green"))
    if not item.blind:
        for line in _near(session, item):
            console.print(Text(line, "dim"), no_wrap=True, overflow="ellipsis")
    console.print(Text(for_terminal(_origin(row, item)), "dim"))
    keys = "[a]ccept [t]ake suggestion [o]ther [d]rop a[m]biguous [s]kip [u]ndo [n]ote [q]uit ?"
    if task.TARGET == "answer":
        keys = f"[a] keep [{REWRITE}] rewrite [d]rop [s]kip [u]ndo [n]ote [q]uit ?"
    if task.SETS:
        console.print(Text(draft_of(session), "bold cyan"))
        keys = f"[{CONFIRM}]es, this set {keys}"
    console.print(Text(keys if item.suggested else keys.replace("[t]ake suggestion ", ""), "cyan"))


def draft_of(session: Session) -> str:
    """Return the set that is being put together: each label with its key, x where it is in."""
    task, classes = session.workspace.task, session.workspace.classes
    held = task.members(session.draft)
    keyed = [*zip(KEYS, classes, strict=False), *(("o", name) for name in classes[len(KEYS) :])]
    shown = [f"{key} [{'x' if name in held else ' '}] {name}" for key, name in keyed
             if key in KEYS or name in held]  # fmt: skip
    return for_terminal(f"set       {'   '.join(shown)}")


def _cut(text: str) -> str:
    more = len(text) - SHOWN_CHARS
    return f"{text[:SHOWN_CHARS]}… ({more:,} more characters: w)" if more > 0 else text


def _labels(task: Task, item: Item) -> Text:
    name = "category" if task.TARGET == "answer" else "given"
    text = Text.assemble(f"{name:<10}", (for_terminal(task.shown(item.given)), "bold"))
    if item.suggested:
        change = task.difference(item.given, item.suggested)
        words = f"{task.shown(item.suggested)}{f' ({change})' if change else ''}"
        text.append("\nsuggested ").append(for_terminal(words), "bold magenta")
    if item.reason:
        score = "" if item.score is None else f", {task.TARGET} quality {item.score:.3f}"
        text.append(f"\nreason    {for_terminal(in_words(item.reason))}{score}")
    return text


def _near(session: Session, item: Item) -> list[str]:
    lines = []
    for row in nearest_rows(session.workspace, item, NEAREST):
        label = for_terminal(session.workspace.task.shown(row["label"]))
        answer = f" -> {in_one_line(row['answer'], 100)}" if "answer" in row else ""
        lines.append(f"near      {label}: {in_one_line(row['text'], 200)}{answer}")
    return lines


def _origin(row: dict[str, Any], item: Item) -> str:
    origin = json.loads(row["provenance"])
    place = f"{origin.get('file')}:{origin.get('line')}"
    date = f", {row['date']}" if row["date"] else ""
    side = f"{item.split}, " if item.split else ""
    return f"from      {place}, source {row['source']}, batch {row['batch']}{date}, {side}{item.id}"


def _key_of_terminal() -> str:
    """Read one key, without Enter. Raises EOFError at the end of the input and on Ctrl-C."""
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        # TCSADRAIN, because the default drops keys that were typed ahead; os.read, because
        # sys.stdin would read more than one.
        tty.setcbreak(descriptor, termios.TCSADRAIN)
        key = os.read(descriptor, 1).decode("ascii", "replace")
    except KeyboardInterrupt:
        key = ""
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
    if key in ("", "\x04"):
        raise EOFError
    return key
