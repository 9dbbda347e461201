"""One row: its text and its life through all stages."""

from html import escape

import streamlit as st

from seedbed.core.errors import RowsError
from seedbed.core.stages import ROW_STAGES
from seedbed.pages.escaping import for_terminal
from seedbed.review_page.desk import near_of
from seedbed.review_page.reading import current_workspace
from seedbed.review_page.showing import STYLE, chip, facts, near_rows, text_block
from seedbed.reviewing.queues import item_of
from seedbed.versions.explain import WIDTH, explain


def life(lines: list[str]) -> str:
    """The lines of `seedbed explain` as HTML: the stage, then what it did, apart."""
    cells = []
    for line in lines:
        stage, words = line[:WIDTH].strip(), line[WIDTH:].strip()
        if stage in ROW_STAGES or line.startswith("  "):
            cells.append(f"<b>{escape(stage)}</b><span>{escape(for_terminal(words))}</span>")
        elif line:
            cells.append(f'<span class="whole">{escape(for_terminal(line))}</span>')
    return f'<div class="life">{"".join(cells)}</div>'


def show() -> None:
    """Asks for an id, or the first digits of one; shows the row where it still has a text."""
    st.html(STYLE)
    st.subheader("One row", anchor=False)
    wanted = st.text_input("Row", placeholder="a row id, or its first six or more digits").strip()
    if not wanted:
        st.caption("Ids stand beside every row, in suspects.csv, in ledgers and in the manifest.")
        return
    try:
        lines = explain(wanted)
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
