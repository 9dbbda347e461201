"""Where we stand: progress by queue, who decided what, disagreements, and the true error rate as
the audit sees it."""

import streamlit as st

from seedbed.review_page.reading import current_workspace
from seedbed.review_page.showing import STYLE
from seedbed.reviewing.audit import error_rate
from seedbed.reviewing.queues import queues_of
from seedbed.reviewing.status import status


def show() -> None:
    """The audit's estimate first, then the lines of `seedbed review --status`."""
    st.html(STYLE)
    workspace = current_workspace()
    st.subheader("Where we stand", anchor=False)
    found = error_rate(queues_of(workspace)["audit"], workspace.in_force())
    if found.share is not None:
        first, second, third = st.columns(3)
        first.metric("Wrong labels in the audit", f"{found.wrong} of {found.judged}")
        second.metric("Estimated share of wrong labels", f"{found.share:.1%}")
        third.metric("95 % interval (Wilson)", f"{found.low:.1%} to {found.high:.1%}")
    else:
        st.info("Decide rows of the audit queue to learn how many labels are truly wrong.")
    st.code("\n".join(status(workspace)), language=None, wrap_lines=True)
