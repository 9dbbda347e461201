"""The page, run by Streamlit: its views, and the name of the reviewer."""

import os

import streamlit as st

from seedbed.core.errors import SeedbedError
from seedbed.pages.document import for_streamlit
from seedbed.review_page import views
from seedbed.review_page.desk import STYLE, current_workspace
from seedbed.review_page.opening import PROJECT, WHO
from seedbed.reviewing.session import checked_who

VIEWS = {
    "Decide": (views.show_queues, "decide", ":material/rule:"),
    "Explore": (views.show_all_rows, "explore", ":material/search:"),
    "Map": (views.show_map, "map", ":material/scatter_plot:"),
    "One row": (views.show_life, "row", ":material/timeline:"),
    "Status": (views.show_status, "status", ":material/leaderboard:"),
}


def main() -> None:
    """Draw the chosen view; an error of the reviewer is one paragraph, not a trace."""
    os.chdir(os.environ[PROJECT])
    st.set_page_config(page_title="Seedbed review", page_icon="🌱", layout="wide")
    pages = [
        st.Page(show, title=title, url_path=path, icon=icon, default=path == "decide")
        for title, (show, path, icon) in VIEWS.items()
    ]
    chosen = st.navigation(pages)
    st.session_state.setdefault("who", os.environ.get(WHO, ""))
    with st.sidebar:
        st.text_input("Your name", key="who_typed", value=st.session_state.who, on_change=_who)
    try:
        checked_who(st.session_state.who)
        current_workspace()
        st.html(STYLE)
        chosen.run()
    except SeedbedError as error:
        st.error(for_streamlit(error), icon=":material/error:")


def _who() -> None:
    st.session_state.who = st.session_state.who_typed.strip()


main()
