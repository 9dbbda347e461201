"""Where a row is decided: its text, why it is here, and one key per decision.

The views Decide, Explore and Map all show their rows on this desk, over one workspace, which is
read again when a run has changed it. Every text goes through `escape`, so that nothing in it runs.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path

import pandas as pd
import streamlit as st

from seedbed.core.decisions import AMBIGUOUS, DROP
from seedbed.core.errors import SeedbedError
from seedbed.core.reasons import in_words
from seedbed.core.text_units import for_terminal
from seedbed.core.turns import dialogue
from seedbed.pages.document import for_streamlit
from seedbed.reviewing.queues import (
    Item,
    Queue,
    Workspace,
    decided_in_words,
    nearest_rows,
    read_workspace,
)
from seedbed.reviewing.session import CONFIRM, KEYS, REWRITE, Session
from seedbed.tasks import Task

SIGNS = ("dvc.lock", "reports/suspects.csv", "reports/next.csv", "data/quarantine.csv")
NEAR = 4
TEXT_HEIGHT = 430
# Background and ink, distinct in hue and readable in print.
COLOURS = [
    ("#dbeafe", "#1e3a8a"), ("#dcfce7", "#14532d"), ("#fef3c7", "#78350f"), ("#fce7f3", "#831843"),
    ("#ede9fe", "#4c1d95"), ("#cffafe", "#164e63"), ("#ffedd5", "#7c2d12"), ("#e2e8f0", "#1e293b"),
]  # fmt: skip
STYLE = """<style>
.row-text {font-family: Georgia, 'Times New Roman', serif; font-size: 1.08rem; line-height: 1.55;
  white-space: pre-wrap; overflow-wrap: anywhere; max-width: 72ch; color: #1c1917}
.row-text.small {font-size: .88rem; line-height: 1.4; color: #44403c}
.pair-mark {font-size: .75rem; color: #78716c; margin: .8rem 0 .2rem; text-transform: uppercase}
.chip {display: inline-block; padding: .12rem .6rem; border-radius: .6rem; font-weight: 600;
  font-size: .95rem; margin-right: .3rem; overflow-wrap: anywhere}
.fact {color: #57534e; font-size: .86rem; line-height: 1.5; overflow-wrap: anywhere}
.life {display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem;
  font-size: .92rem; overflow-wrap: anywhere; margin-bottom: 1rem}
.life .whole {grid-column: 1 / -1; border-left: 3px solid #d6d3d1; padding-left: .7rem}
.block-container {padding-top: 2.2rem; max-width: 1240px}
</style>"""


def current_workspace() -> Workspace:
    """Return the workspace of the last run, with the decisions of now."""
    workspace = _workspace(signature())
    workspace.refresh()
    return workspace


def signature() -> tuple[int, ...]:
    """Return when the files that a run writes were written; other times, another workspace."""
    files = map(Path, SIGNS)
    return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)


@st.cache_resource(show_spinner="Reading the rows", max_entries=1)
def _workspace(signs: tuple[int, ...]) -> Workspace:
    return read_workspace()


def session_on(queue: Queue, workspace: Workspace, who: str, again: bool = False) -> Session:
    """Return this person's session on a queue.

    It is kept while they stay on the queue and no run changes the rows, so its items stay where
    they are while decided rows leave the queue. `again`: show its first row even if this person has
    decided on it.
    """
    first = queue.items[0].id if again and queue.items else ""
    key = (who, queue.name, first, signature())
    if st.session_state.get("session_key") != key:
        session = Session(workspace, queue, who)
        if again and session.item is None and first:
            session.go_to(first)
        st.session_state.session_key, st.session_state.session = key, session
    session = st.session_state.session
    assert isinstance(session, Session)
    return session


def desk(session: Session, workspace: Workspace) -> None:
    """Show the current row of a session with its buttons, or the end of the queue."""
    if error := st.session_state.pop("error", ""):
        st.error(for_streamlit(error), icon=":material/error:")
    done = session.progress
    if done.total > 1:
        skipped = f", {done.skipped} skipped" if done.skipped else ""
        text = f"{done.decided} of {done.total} decided{skipped}"
        st.progress(done.decided / done.total, text=text)
    item = session.item
    if item is None:
        _finished(session)
        return
    row = workspace.row(item.id)
    left, right = st.columns([2.1, 1], gap="large")
    with left:
        st.html(why(workspace.task, item))
        if decision := session.decision:
            decided = decided_in_words(workspace.task, decision)
            st.caption(f"Your decision: {for_streamlit(decided)}")
        if "answer" in row:
            _buttons_of_answer(session, item)
        else:
            _buttons(session, item, label_keys(item, workspace))
        with st.container(height=TEXT_HEIGHT, border=True):
            st.html(text_block(row))
        if "answer" in row:
            st.text_area(
                "Another answer", value=row["answer"], key=f"answer-{item.id}",
                help=f"{REWRITE.upper()} rewrites the answer to this text. Personal values in it "
                "are replaced. It stays in data/rewrites/ on this machine; git has its digest.",
            )  # fmt: skip
        st.text_input(
            "Note", key=f"note-{item.id}", placeholder="why, for the next reader (optional)"
        )
    with right:
        with_label = item.nearest and "answer" not in row
        st.caption("Nearest rows with the suggested label" if with_label else "Nearest rows")
        near_rows(item, workspace)
        st.caption("Origin")
        st.html(facts(row))


def near_rows(item: Item, workspace: Workspace) -> None:
    """Show rows of similar meaning, each with its label."""
    if item.blind:
        st.caption("Not shown in a blind queue: they would hint at the suggestion.")
        return
    rows = nearest_rows(workspace, item, NEAR)
    for row in rows:
        with st.container(border=True):
            st.html(chips(workspace.task, row["label"]) + text_block(row, small=True, limit=220))
    if not rows:
        st.caption("None.")


def label_keys(item: Item, workspace: Workspace) -> dict[str, str]:
    """Return a label per key.

    Up to nine classes have the same keys on every row, so that fingers learn them. Of more classes
    the nine most likely ones have: those of the nearest rows, then the largest; where a label has
    one class, not the given and the suggested one, which have keys of their own.
    """
    if len(workspace.classes) <= len(KEYS):
        return dict(zip(KEYS, workspace.classes, strict=False))
    near = [] if item.blind else nearest_rows(workspace, item, NEAR)
    members = workspace.task.members
    votes = Counter(name for row in near for name in members(row["label"]))
    sizes: Counter[str] = Counter()
    for cell, rows in workspace.rows["label"].value_counts().items():
        sizes.update(dict.fromkeys(members(cell), rows))
    order = sorted(workspace.classes, key=lambda name: (-votes[name], -sizes[name], name))
    others = [name for name in order if name not in (item.given, item.suggested)]
    if workspace.task.SETS:
        shown = [name for cell in (item.given, item.suggested) for name in members(cell)]
        others = list(dict.fromkeys([*shown, *order]))
    return dict(zip(KEYS, others, strict=False))


def _buttons(session: Session, item: Item, keys: dict[str, str]) -> None:
    task = session.workspace.task
    with st.container(horizontal=True):
        _button("Accept", "A", session.accept, item, primary=True, disabled=not item.given)
        blocked = not item.suggested or item.suggested == item.given
        _button("Take suggestion", "T", session.take_suggestion, item, disabled=blocked)
        if task.SETS:
            _button("Confirm set", CONFIRM.upper(), session.confirm, item)
        _button("Drop", "D", partial(session.decide, DROP), item)
        _button("Ambiguous", "M", partial(session.decide, AMBIGUOUS), item)
        _plain("Skip", "S", session.skip)
        _plain("Undo", "U", session.undo)
    with st.container(horizontal=True):
        held = task.members(session.draft) if task.SETS else ()
        for key, name in keys.items():
            mark = ("☑ " if name in held else "☐ ") if task.SETS else ""
            _button(f"{mark}{for_streamlit(name)}", key, partial(session.choose, name), item)
        if len(session.workspace.classes) > len(keys):
            others = [name for name in session.workspace.classes if name not in keys.values()]
            st.selectbox(
                "Another label", others, index=None, key=f"other-{item.id}",
                format_func=for_terminal,
                placeholder="another label", label_visibility="collapsed",
                on_change=_other, args=(session, item),
            )  # fmt: skip
    if task.SETS:
        st.html(f'<div class="fact">The set so far: {chips(task, session.draft)}</div>')


def _buttons_of_answer(session: Session, item: Item) -> None:
    with st.container(horizontal=True):
        _button("Keep", "A", session.accept, item, primary=True)
        _button("Rewrite", REWRITE.upper(), partial(_rewrite, session, item), item)
        _button("Drop", "D", partial(session.decide, DROP), item)
        _plain("Skip", "S", session.skip)
        _plain("Undo", "U", session.undo)


def _rewrite(session: Session, item: Item, note: str) -> None:
    session.rewrite(st.session_state.get(f"answer-{item.id}", ""), note)


def _other(session: Session, item: Item) -> None:
    if decided := st.session_state.get(f"other-{item.id}"):
        _carried_out(partial(session.choose, decided), item)
        if session.workspace.task.SETS:  # so that the same label can be taken out again
            st.session_state[f"other-{item.id}"] = None


def _button(
    text: str, key: str, act: Callable[[str], object], item: Item,
    primary: bool = False, disabled: bool = False,
) -> None:  # fmt: skip
    st.button(
        text, key=f"do-{key}", shortcut=key, on_click=_carried_out, args=(act, item),
        type="primary" if primary else "secondary", disabled=disabled,
    )  # fmt: skip


def _plain(text: str, key: str, act: Callable[[], object]) -> None:
    st.button(text, key=f"do-{key}", shortcut=key, on_click=act, type="tertiary")


def _carried_out(act: Callable[[str], object], item: Item) -> None:
    try:
        act(st.session_state.get(f"note-{item.id}", ""))
    except SeedbedError as error:
        st.session_state.error = str(error)


def _finished(session: Session) -> None:
    done = session.progress
    if not done.total:
        st.success("This queue is empty.", icon=":material/check:")
        return
    st.success(
        f"Done: {done.decided} of {done.total} rows decided. `dvc repro` applies the decisions; "
        "commit data/decisions.",
        icon=":material/check:",
    )
    with st.container(horizontal=True):
        if done.skipped:
            # A new session on the same queue begins with the undecided rows.
            again = f"Show the {done.skipped} skipped rows again"
            st.button(again, on_click=st.session_state.pop, args=("session_key", None))
        _plain("Undo", "U", session.undo)


def chip(label: str) -> str:
    """Return a label as a coloured chip; the same label has the same colour everywhere."""
    number = int(hashlib.sha256(label.encode()).hexdigest(), 16) % len(COLOURS)
    back, ink = COLOURS[number]
    return (
        f'<span class="chip" style="background:{back};color:{ink}">'
        f"{escape(for_terminal(label)) or 'no label'}</span>"
    )


def chips(task: Task, label: str) -> str:
    """Return a chip for each class of a label, or one that says that there is none."""
    return "".join(map(chip, task.members(label))) or chip(task.shown(label))


def text_block(row: pd.Series, small: bool = False, limit: int = 0) -> str:
    """Return the text of a row, its second text in pair tasks, and of a conversation its turns
    under their roles, as HTML.

    `limit`: the most characters of each, on one line, of a conversation its last question and its
    answer; 0: all.
    """
    style = "row-text small" if small else "row-text"
    if "answer" in row:
        turns = dialogue(row["text"], row["context"], row["answer"]).messages()
        return "".join(
            f'<div class="pair-mark">{turn["role"]}</div>'
            f'<div class="{style}" dir="auto">{_safe(turn["content"], limit)}</div>'
            for turn in turns[-2 if limit else 0 :]
        )
    blocks = [f'<div class="{style}" dir="auto">{_safe(row["text"], limit)}</div>']
    if row["text_pair"]:
        blocks.append('<div class="pair-mark">second text</div>')
        blocks.append(f'<div class="{style}" dir="auto">{_safe(row["text_pair"], limit)}</div>')
    return "".join(blocks)


def _safe(text: str, limit: int) -> str:
    if limit:  # a preview, so its lines are joined
        text = " ".join(text.split())
        text = f"{text[:limit]} …" if len(text) > limit else text
    return escape(for_terminal(text))


def facts(row: pd.Series) -> str:
    """Return where a row comes from, one fact per line, as HTML."""
    origin = json.loads(row["provenance"] or "{}")
    place = f"{origin.get('file', '?')}:{origin.get('line', origin.get('key', '?'))}"
    lines = [
        f"row {row['id']}",
        f"source {row['source']}, batch {row['batch']}, {row['date'] or 'no date'}",
        place,
        f"licence {origin.get('licence') or 'not given'}",
    ]
    lines += [f"{key} {value}" for key, value in json.loads(row["meta"] or "{}").items()]
    return f'<div class="fact">{"<br>".join(escape(for_terminal(line)) for line in lines)}</div>'


def why(task: Task, item: Item) -> str:
    """Return the given and the suggested label, and why the given one is suspected, as HTML."""
    noun = task.TARGET
    parts = [f"{'category' if noun == 'answer' else 'given'} {chips(task, item.given)}"]
    if item.suggested and item.suggested != item.given:
        change = task.difference(item.given, item.suggested)
        parts.append(f"suggested {chips(task, item.suggested)}{escape(for_terminal(change))}")
    line = " ".join(parts)
    if item.reason:
        score = item.score
        quality = (
            f"; {noun} quality {score:.3f} (lower: more likely wrong)" if score is not None else ""
        )
        line += f'<div class="fact">{escape(in_words(item.reason))}{quality}</div>'
    return line
