"""The view Map: every row as a point, rows of similar meaning close together, suspects ringed."""

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from threadpoolctl import threadpool_limits

from seedbed.pages.escaping import for_terminal
from seedbed.review_page.desk import current_workspace, signature
from seedbed.review_page.showing import COLOURS, STYLE
from seedbed.review_page.views import show_one
from seedbed.reviewing.queues import by_hash
from seedbed.reviewing.workspace import Workspace

MAX_POINTS = 2000  # t-SNE takes some seconds for them, and a browser draws them fast
START = 140  # characters of a text in a tooltip


def show_map() -> None:
    """Show the map, and the chosen row on the desk."""
    st.html(STYLE)
    workspace = current_workspace()
    st.subheader("Map", anchor=False)
    st.caption(
        "Rows by meaning (t-SNE of the encoder's vectors). Close rows are similar; distances "
        "between clusters mean little. Train suspects are ringed. Click a point to open the row."
    )
    points = _points(signature(), workspace)
    if not len(points):
        st.info("No row has a vector yet: run `dvc repro`.")
        return
    suspects = set(workspace.suspects["id"][workspace.suspects["split"] == "train"])
    points = points.assign(suspect=points["id"].isin(suspects - set(workspace.in_force().votes)))
    event = st.altair_chart(
        chart(points, workspace.classes), width="stretch", on_select="rerun", key="map"
    )
    chosen = event.selection.get("row", [])
    if chosen:
        show_one(chosen[0]["id"], workspace)


def chart(points: pd.DataFrame, classes: list[str]) -> alt.LayerChart:
    """Draw points (id, x, y, label, split, start, suspect) as circles; suspects on top, ringed."""
    select = alt.selection_point(name="row", fields=["id"], on="click", empty=False)
    inks = [ink for _, ink in COLOURS]
    colour = alt.Color(
        "label:N", title="label", scale=alt.Scale(range=inks, domain=classes),
        legend=alt.Legend(orient="right", symbolLimit=40),
    )  # fmt: skip
    axes = {
        "x": alt.X("x:Q", axis=None),
        "y": alt.Y("y:Q", axis=None),
        "color": colour,
        "tooltip": ["label:N", "split:N", "id:N", "start:N"],
    }
    base = alt.Chart(points).encode(**axes)
    rows = base.mark_circle(size=34, opacity=0.55).add_params(select)
    suspects = (
        base.transform_filter("datum.suspect")
        .mark_point(size=150, filled=False, strokeWidth=2.2, opacity=1)
        .encode(color=alt.value("#b91c1c"))
    )
    return (rows + suspects).properties(height=520).configure_view(strokeWidth=0)


def placed(vectors: np.ndarray) -> np.ndarray:
    """Place vectors (n, width) on a plane: (n, 2), the same each time.

    It is t-SNE (van der Maaten and Hinton, 2008) of their first 50 principal components, and the
    first two of these below 30 rows.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if len(vectors) < 2:
        return np.zeros((len(vectors), 2))
    parts = PCA(n_components=min(50, *vectors.shape), random_state=0).fit_transform(vectors)
    if len(vectors) < 30:
        return np.pad(parts, ((0, 0), (0, 2)))[:, :2]
    perplexity = min(30, len(vectors) / 4)
    return TSNE(perplexity=perplexity, max_iter=500, init="pca", random_state=0).fit_transform(
        parts
    )


@st.cache_data(show_spinner="Placing the rows on the map", max_entries=1)
def _points(signs: tuple[int, ...], _workspace: Workspace) -> pd.DataFrame:
    ids, vectors = _workspace.unit_vectors
    if not len(ids):
        return pd.DataFrame(columns=["id", "x", "y", "label", "split", "start"])
    index_of = {row: index for index, row in enumerate(ids)}
    chosen = by_hash("map", ids)[:MAX_POINTS]
    rows = pd.DataFrame([_workspace.row(row) for row in chosen])
    with threadpool_limits(1):  # on a busy machine its threads wait for each other for minutes
        plane = placed(vectors[[index_of[row] for row in chosen]])
    starts = rows["text"].str.slice(0, START).str.replace("\n", " ").map(for_terminal)
    return rows[["id", "label", "split"]].assign(x=plane[:, 0], y=plane[:, 1], start=starts)
