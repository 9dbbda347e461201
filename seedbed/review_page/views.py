"""The views of the page but the map: each has a function that shows it."""

from collections.abc import Sequence
from html import escape

import pandas as pd
import streamlit as st

from seedbed.core.errors import RowsError
from seedbed.core.rows import SIDES
from seedbed.core.stage import ROW_STAGES
from seedbed.pages.escaping import for_terminal
from seedbed.review_page.desk import KEYS_HELP, current_workspace, desk, near_of, session_on
from seedbed.review_page.showing import STYLE, chip, facts, near_rows, text_block
from seedbed.reviewing.queues import Queue, item_of, queues_of
from seedbed.reviewing.status import error_rate, status
from seedbed.reviewing.workspace import Quarantined, Workspace, read_quarantined
from seedbed.versions.explain import WIDTH, explain

QUARANTINE = "quarantine"
MAX_LISTED = 500
START = 160  # characters of a text in the table


def show_queues() -> None:
    """Show the current row of the chosen queue, or the rows in quarantine."""
    st.html(STYLE)
    workspace = current_workspace()
    queues = queues_of(workspace)
    quarantined = read_quarantined()
    titles = {name: f"{queue.title} ({len(queue.items)})" for name, queue in queues.items()}
    titles[QUARANTINE] = f"In quarantine ({len(quarantined)})"
    with st.sidebar:
        chosen = st.radio("Queue", list(titles), format_func=titles.__getitem__, key="queue")
        st.caption(KEYS_HELP)
    if chosen == QUARANTINE:
        show_quarantine(quarantined)
        return
    queue = queues[chosen]
    st.subheader(queue.title, anchor=False)
    st.caption(queue.about)
    desk(session_on(queue, workspace, st.session_state.who), workspace)


def show_quarantine(rows: Sequence[Quarantined]) -> None:
    """Show rows that could not be read: where, why, and what to do. They have no id."""
    st.subheader("In quarantine", anchor=False)
    st.caption("Rows that could not be read. Fix them in their source, then run `dvc repro`.")
    if rows:
        st.dataframe([row._asdict() for row in rows], hide_index=True, width="stretch")
    else:
        st.success("No row is in quarantine.", icon=":material/check:")


def matching(
    rows: pd.DataFrame, labels: list[str], sources: list[str], sides: list[str], search: str,
    only: set[str] | None,
) -> pd.DataFrame:  # fmt: skip
    """Return the rows that pass every filter; an empty filter passes all.

    `search` is looked for in both texts and at the start of ids, in any case; `only`: row ids.
    """
    fits = pd.Series(True, index=rows.index)
    for column, wanted in (("label", labels), ("source", sources), ("split", sides)):
        if wanted:
            fits &= rows[column].isin(wanted)
    if search:
        low = search.lower()
        matches = rows["id"].str.startswith(low)
        for column in ("text", "text_pair"):
            matches |= rows[column].str.lower().str.contains(low, regex=False)
        fits &= matches
    if only is not None:
        fits &= rows["id"].isin(only)
    return rows[fits]


def show_all_rows() -> None:
    """Show filters, a table, and the chosen row on the desk."""
    st.html(STYLE)
    workspace = current_workspace()
    rows = workspace.rows
    st.subheader("Explore", anchor=False)
    first, second, third, fourth = st.columns(4)
    labels = first.multiselect("Class", workspace.classes)
    sources = second.multiselect("Source", sorted(set(rows["source"])))
    sides = third.multiselect("Split", SIDES)
    which = fourth.selectbox("Rows", ["all", "train suspects", "decided", "not yet decided"])
    search = st.text_input("Search", placeholder="words in the text, or the start of an id")
    decided = set(workspace.in_force().votes)
    suspects = set(workspace.suspects["id"][workspace.suspects["split"] == "train"])
    only = {
        "all": None, "train suspects": suspects, "decided": decided,
        "not yet decided": set(rows["id"]) - decided,
    }[which]  # fmt: skip
    chosen = matching(rows, labels, sources, sides, search, only)
    cut = f"; the first {MAX_LISTED} are listed" if len(chosen) > MAX_LISTED else ""
    st.caption(f"{len(chosen):,} of {len(rows):,} rows{cut}")
    index = _table(chosen.head(MAX_LISTED))
    if index is not None:
        show_one(chosen.iloc[index]["id"], workspace)


def show_one(row_id: str, workspace: Workspace) -> None:
    """Show a row on the desk, even if this person has decided on it."""
    queue = Queue("one row", "One row", "", [item_of(workspace, row_id)])
    desk(session_on(queue, workspace, st.session_state.who, again=True), workspace)


def _table(rows: pd.DataFrame) -> int | None:
    listed = rows[["label", "split", "source", "id"]].copy()
    starts = rows["text"].str.slice(0, START).str.replace("\n", " ")
    listed.insert(0, "text", starts.map(for_terminal))
    event = st.dataframe(
        listed, hide_index=True, width="stretch", height=300, on_select="rerun",
        selection_mode="single-row", key="explored",
        column_config={"text": st.column_config.TextColumn(width="large")},
    )  # fmt: skip
    selected = event.selection.rows
    return selected[0] if selected and selected[0] < len(rows) else None


def life(lines: list[str]) -> str:
    """Return the lines of `seedbed explain` as HTML: the stage, then its effect."""
    cells = []
    for line in lines:
        stage, effect = line[:WIDTH].strip(), line[WIDTH:].strip()
        if stage in ROW_STAGES or line.startswith("  "):
            cells.append(f"<b>{escape(stage)}</b><span>{escape(for_terminal(effect))}</span>")
        elif line:
            cells.append(f'<span class="whole">{escape(for_terminal(line))}</span>')
    return f'<div class="life">{"".join(cells)}</div>'


def show_life() -> None:
    """Ask for an id, or the first digits of one, and show its history and its text."""
    st.html(STYLE)
    st.subheader("One row", anchor=False)
    row_id = st.text_input("Row", placeholder="a row id, or its first six or more digits").strip()
    if not row_id:
        st.caption("Ids are next to every row, in suspects.csv, in ledgers and in the manifest.")
        return
    try:
        lines = explain(row_id)
    except RowsError as error:
        st.error(str(error), icon=":material/error:")
        return
    workspace = current_workspace()
    row_id = lines[0].split()[1].rstrip(",")
    row = workspace.row(row_id) if row_id in workspace else None
    left, right = st.columns([2.1, 1], gap="large")
    with left:
        st.html(life(lines[2:]))
        if row is not None:
            st.html(chip(row["label"]))
            with st.container(border=True):
                st.html(text_block(row))
    if row is not None:
        with right:
            st.caption("Nearest rows")
            near_rows(near_of(item_of(workspace, row["id"])._replace(nearest=()), workspace))
            st.html(facts(row))


def show_status() -> None:
    """Show the audit's estimate, then the lines of `seedbed review --status`."""
    st.html(STYLE)
    workspace = current_workspace()
    st.subheader("Status", anchor=False)
    audit = error_rate(queues_of(workspace)["audit"], workspace.in_force())
    if audit.share is not None:
        first, second, third = st.columns(3)
        first.metric("Wrong labels in the audit", f"{audit.wrong} of {audit.judged}")
        second.metric("Estimated share of wrong labels", f"{audit.share:.1%}")
        third.metric("95 % interval (Wilson)", f"{audit.low:.1%} to {audit.high:.1%}")
    else:
        st.info("Decide rows of the audit queue to estimate how many labels are wrong.")
    st.code("\n".join(status(workspace)), language=None, wrap_lines=True)
