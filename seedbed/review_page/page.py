"""The page itself, run by Streamlit: which views there are, and who is reviewing."""

import os

import streamlit as st

from seedbed.core.errors import SeedbedError
from seedbed.review_page.opening import WHO
from seedbed.review_page.reading import current_workspace
from seedbed.review_page.views import deciding, embedding_map, exploring, one_row, standing
from seedbed.reviewing.decision_lines import checked_who

VIEWS = {
    "Decide": (deciding.show, "decide", ":material/rule:"),
    "Explore": (exploring.show, "explore", ":material/search:"),
    "Map": (embedding_map.show, "map", ":material/scatter_plot:"),
    "One row": (one_row.show, "row", ":material/timeline:"),
    "Where we stand": (standing.show, "standing", ":material/leaderboard:"),
}


def main() -> None:
    """Draw the chosen view; a person's mistake is one paragraph, not a trace."""
    st.set_page_config(page_title="Seedbed review", page_icon="🌱", layout="wide")
    pages = [
        st.Page(show, title=title, url_path=path, icon=icon, default=path == "decide")
        for title, (show, path, icon) in VIEWS.items()
    ]
    chosen = st.navigation(pages)
    st.session_state.setdefault("who", os.environ.get(WHO, ""))
    with st.sidebar:
        st.text_input("You are", key="who_typed", value=st.session_state.who, on_change=_who)
    try:
        checked_who(st.session_state.who)
        current_workspace()
        chosen.run()
    except SeedbedError as error:
        st.error(str(error), icon=":material/error:")


def _who() -> None:
    st.session_state.who = st.session_state.who_typed.strip()


main()
