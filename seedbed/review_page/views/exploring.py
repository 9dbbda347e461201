"""Explore: rows by class, source, side and search; any of them can be decided."""

import pandas as pd
import streamlit as st

from seedbed.core.rows import SIDES
from seedbed.pages.escaping import for_terminal
from seedbed.review_page.desk import desk, session_on
from seedbed.review_page.reading import current_workspace
from seedbed.review_page.showing import STYLE
from seedbed.reviewing.queues import Queue, item_of

SHOWN = 500
START = 160  # characters of a text in the table


def matching(
    rows: pd.DataFrame, labels: list[str], sources: list[str], sides: list[str], search: str,
    only: set[str] | None,
) -> pd.DataFrame:  # fmt: skip
    """Rows that fit every filter; an empty one lets all through. `search` is looked for in both
    texts and as the beginning of an id, without regard to case; `only` are row ids."""
    fits = pd.Series(True, index=rows.index)
    for column, wanted in (("label", labels), ("source", sources), ("split", sides)):
        if wanted:
            fits &= rows[column].isin(wanted)
    if search:
        low = search.lower()
        found = rows["id"].str.startswith(low)
        for column in ("text", "text_pair"):
            found |= rows[column].str.lower().str.contains(low, regex=False)
        fits &= found
    if only is not None:
        fits &= rows["id"].isin(only)
    return rows[fits]


def show() -> None:
    """Filters, a table, and the chosen row on the desk."""
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
    found = matching(rows, labels, sources, sides, search, only)
    st.caption(f"{len(found):,} of {len(rows):,} rows" + _cut(len(found)))
    place = _table(found.head(SHOWN))
    if place is not None:
        row = found.iloc[place]
        queue = Queue("explore", "One row", "", [item_of(workspace, row["id"])])
        desk(session_on(queue, workspace, st.session_state.who, again=True), workspace)


def _cut(found: int) -> str:
    return f"; the first {SHOWN} are listed" if found > SHOWN else ""


def _table(rows: pd.DataFrame) -> int | None:
    listed = rows[["label", "split", "source", "id"]].copy()
    starts = rows["text"].str.slice(0, START).str.replace("\n", " ")
    listed.insert(0, "text", starts.map(for_terminal))
    event = st.dataframe(
        listed, hide_index=True, width="stretch", height=300, on_select="rerun",
        selection_mode="single-row", key="explored",
        column_config={"text": st.column_config.TextColumn(width="large")},
    )  # fmt: skip
    chosen = event.selection.rows
    return chosen[0] if chosen and chosen[0] < len(rows) else None
