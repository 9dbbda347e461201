"""One row: its text and its life through all stages."""

import streamlit as st

from seedbed.errors import RowsError
from seedbed.explain import explain
from seedbed.review_page.desk import near_of
from seedbed.review_page.reading import current_workspace
from seedbed.review_page.showing import STYLE, chip, facts, near_rows, text_block
from seedbed.reviewing.queues import item_of


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
    row = workspace.find(lines[0].split()[1].rstrip(","))
    left, right = st.columns([2.1, 1], gap="large")
    with left:
        st.code("\n".join(lines[2:]), language=None, wrap_lines=True)
        if row is not None:
            st.html(chip(row["label"]))
            with st.container(border=True):
                st.html(text_block(row))
    if row is not None:
        with right:
            st.caption("Nearest rows")
            near_rows(near_of(item_of(row["id"], workspace)._replace(nearest=()), workspace))
            st.html(facts(row))
