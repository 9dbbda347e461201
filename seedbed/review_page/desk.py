"""Where a row is decided: its text, why it is here, and one key per decision.

The views Decide, Explore and Map all show their rows on this desk, over one workspace, which is
read again when a run has changed it.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import streamlit as st

from seedbed.core.decisions import AMBIGUOUS, DROP
from seedbed.core.errors import SeedbedError
from seedbed.review_page.showing import facts, near_rows, text_block, why
from seedbed.reviewing.queues import Item, Queue
from seedbed.reviewing.session import Session
from seedbed.reviewing.workspace import Workspace, read_workspace

SIGNS = ("dvc.lock", "reports/suspects.csv", "reports/next.csv", "data/quarantine.csv")
KEYS = "123456789"
NEAR = 4
TEXT_HEIGHT = 430
KEYS_HELP = (
    "**A** accept the given label · **T** take the suggestion · **1**-**9** another label · "
    "**D** drop the row · **M** ambiguous: no single label fits · **S** skip · **U** undo"
)


def current_workspace() -> Workspace:
    """Return the workspace of the last run, with the decisions of now."""
    workspace = _workspace(signature())
    workspace.refresh()
    return workspace


def signature() -> tuple[int, ...]:
    """Return when the files that a run writes were written; other times, another workspace."""
    return tuple(_changed(Path(name)) for name in SIGNS)


def _changed(file: Path) -> int:
    return file.stat().st_mtime_ns if file.exists() else 0


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
    _show_error()
    if len(session.queue.items) > 1:
        _progress(session)
    item = session.item
    if item is None:
        _finished(session)
        return
    row = workspace.row(item.id)
    left, right = st.columns([2.1, 1], gap="large")
    with left:
        st.html(why(item.given, item.suggested, item.score, item.reason))
        if decision := session.decision:
            st.caption(f"Your decision: {decision.decided}")
        _buttons(session, item, label_keys(item, workspace))
        with st.container(height=TEXT_HEIGHT, border=True):
            st.html(text_block(row))
        st.text_input(
            "Note", key=_note_key(item), placeholder="why, for the next reader (optional)"
        )
    with right:
        st.caption("Nearest rows with the suggested label" if item.nearest else "Nearest rows")
        near_rows([] if item.blind else near_of(item, workspace), item.blind)
        st.caption("Origin")
        st.html(facts(row))


def near_of(item: Item, workspace: Workspace) -> list[pd.Series]:
    """Return the nearest rows with the suggested label, if they are named, else the nearest."""
    ids = list(item.nearest) or workspace.nearest(item.id, NEAR)
    return [workspace.row(row) for row in ids[:NEAR] if row in workspace]


def label_keys(item: Item, workspace: Workspace) -> dict[str, str]:
    """Return a label per key.

    Up to nine classes have the same keys on every row, so that fingers learn them. Of more classes
    the nine most likely ones have: those of the nearest rows, then the largest.
    """
    if len(workspace.classes) <= len(KEYS):
        return dict(zip(KEYS, workspace.classes, strict=False))
    near = [] if item.blind else near_of(item, workspace)
    votes = Counter(row["label"] for row in near)
    sizes = workspace.rows["label"].value_counts()
    order = sorted(
        workspace.classes, key=lambda name: (-votes[name], -int(sizes.get(name, 0)), name)
    )
    others = [name for name in order if name not in (item.given, item.suggested)]
    return dict(zip(KEYS, others, strict=False))


def _buttons(session: Session, item: Item, keys: dict[str, str]) -> None:
    with st.container(horizontal=True):
        _button("Accept", "A", session.accept, item, primary=True, disabled=not item.given)
        blocked = not item.suggested or item.suggested == item.given
        _button("Take suggestion", "T", session.take_suggestion, item, disabled=blocked)
        _button("Drop", "D", _deciding(session, DROP), item)
        _button("Ambiguous", "M", _deciding(session, AMBIGUOUS), item)
        _plain("Skip", "S", session.skip)
        _plain("Undo", "U", session.undo)
    with st.container(horizontal=True):
        for key, label in keys.items():
            _button(label, key, _deciding(session, label), item)
        if len(session.workspace.classes) > len(keys):
            others = [name for name in session.workspace.classes if name not in keys.values()]
            st.selectbox(
                "Another label", others, index=None, key=f"other-{item.id}",
                placeholder="another label", label_visibility="collapsed",
                on_change=_other, args=(session, item),
            )  # fmt: skip


def _deciding(session: Session, decided: str) -> Callable[..., object]:
    return lambda note: session.decide(decided, note)


def _other(session: Session, item: Item) -> None:
    if decided := st.session_state.get(f"other-{item.id}"):
        _carried_out(session.decide, item, decided)


def _button(
    text: str, key: str, act: Callable[..., object], item: Item,
    primary: bool = False, disabled: bool = False,
) -> None:  # fmt: skip
    st.button(
        text, key=f"do-{key}", shortcut=key, on_click=_carried_out, args=(act, item),
        type="primary" if primary else "secondary", disabled=disabled,
    )  # fmt: skip


def _plain(text: str, key: str, act: Callable[[], object]) -> None:
    st.button(text, key=f"do-{key}", shortcut=key, on_click=act, type="tertiary")


def _carried_out(act: Callable[..., object], item: Item, *decided: str) -> None:
    try:
        act(*decided, note=st.session_state.get(_note_key(item), ""))
    except SeedbedError as error:
        st.session_state.error = str(error)


def _note_key(item: Item) -> str:
    return f"note-{item.id}"


def _progress(session: Session) -> None:
    done = session.progress
    share = done.decided / done.total if done.total else 1.0
    skipped = f", {done.skipped} skipped" if done.skipped else ""
    st.progress(share, text=f"{done.decided} of {done.total} decided{skipped}")


def _show_error() -> None:
    if error := st.session_state.pop("error", ""):
        st.error(error, icon=":material/error:")


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
            st.button(f"Show the {done.skipped} skipped rows again", on_click=_forget)
        _plain("Undo", "U", session.undo)


def _forget() -> None:
    """Start a new session on the same queue, which begins with the undecided rows."""
    st.session_state.session_key = None
