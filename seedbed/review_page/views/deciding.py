"""Decide: the queues, one row at a time."""

import streamlit as st

from seedbed.review_page.desk import KEYS_TOLD, desk, session_on
from seedbed.review_page.reading import current_workspace
from seedbed.review_page.showing import STYLE
from seedbed.reviewing.quarantined import quarantined
from seedbed.reviewing.queues import queues_of

QUARANTINE = "quarantine"


def show() -> None:
    """The chosen queue's present row, or the rows in quarantine."""
    st.html(STYLE)
    workspace = current_workspace()
    queues = queues_of(workspace)
    bad = quarantined()
    titles = {name: f"{one.title} ({len(one.items)})" for name, one in queues.items()}
    titles[QUARANTINE] = f"In quarantine ({len(bad)})"
    with st.sidebar:
        chosen = st.radio("Queue", list(titles), format_func=titles.get, key="queue")
        st.caption(KEYS_TOLD)
    if chosen == QUARANTINE:
        show_quarantine(bad)
        return
    queue = queues[chosen]
    st.subheader(queue.title, anchor=False)
    st.caption(queue.about)
    desk(session_on(queue, workspace, st.session_state.who), workspace)


def show_quarantine(bad: list) -> None:
    """Rows that could not be read: where, why, and what to do. They have no id to decide on."""
    st.subheader("In quarantine", anchor=False)
    st.caption("Rows that collect could not take. Mend them where they stand, then `dvc repro`.")
    if bad:
        st.dataframe([one._asdict() for one in bad], hide_index=True, width="stretch")
    else:
        st.success("Nothing is in quarantine.", icon=":material/check:")
