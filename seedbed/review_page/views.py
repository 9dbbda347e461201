"""The views of the page: each has a function that shows it.

The map has every row as a point, rows of similar meaning close together, suspects ringed.
"""

from html import escape

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from threadpoolctl import threadpool_limits

from seedbed.core.errors import RowsError
from seedbed.core.files import by_hash
from seedbed.core.rows import SIDES
from seedbed.core.stage import ROW_STAGES
from seedbed.core.text_units import for_terminal
from seedbed.core.texts import columns_of
from seedbed.pages.document import for_streamlit
from seedbed.review_page.desk import (
    COLOURS,
    chips,
    current_workspace,
    desk,
    facts,
    near_rows,
    session_on,
    signature,
    text_block,
)
from seedbed.reviewing.queues import Queue, Workspace, item_of, queues_of
from seedbed.reviewing.status import error_rate, read_quarantined, status
from seedbed.tasks import Task
from seedbed.versions.explain import WIDTH, explain

QUARANTINE = "quarantine"
KEYS_HELP = (
    "**A** accept the given label · **T** take the suggestion · **1**-**9** another label · "
    "**D** drop the row · **M** ambiguous: no single label fits · **S** skip · **U** undo"
)
KEYS_HELP_OF_SETS = (
    "**1**-**9** add or take out a label · **Y** confirm the set · **A** accept the given set · "
    "**T** take the suggestion · **D** drop the row · **M** ambiguous: no set of labels fits · "
    "**S** skip · **U** undo"
)
KEYS_HELP_OF_ANSWERS = (
    "**A** keep the answer · **E** rewrite it as the box below the row says · **D** drop the row · "
    "**S** skip · **U** undo"
)
MAX_LISTED = 500
MAX_POINTS = 2000  # t-SNE takes some seconds for them, and a browser draws them fast


def keys_help(task: Task) -> str:
    """Return what the keys do."""
    if task.TARGET == "answer":
        return KEYS_HELP_OF_ANSWERS
    return KEYS_HELP_OF_SETS if task.SETS else KEYS_HELP


def show_queues() -> None:
    """Show the current row of the chosen queue, or the rows in quarantine."""
    workspace = current_workspace()
    queues = queues_of(workspace)
    quarantined = read_quarantined()
    titles = {name: f"{queue.title} ({len(queue.items)})" for name, queue in queues.items()}
    titles[QUARANTINE] = f"In quarantine ({len(quarantined)})"
    with st.sidebar:
        chosen = st.radio("Queue", list(titles), format_func=titles.__getitem__, key="queue")
        st.caption(keys_help(workspace.task))
    if chosen == QUARANTINE:
        st.subheader("In quarantine", anchor=False)
        st.caption("Rows that could not be read. Fix them in their source, then run `dvc repro`.")
        if quarantined:
            lines = [row._asdict() for row in quarantined]
            st.dataframe(lines, hide_index=True, width="stretch")
        else:
            st.success("No row is in quarantine.", icon=":material/check:")
        return
    queue = queues[chosen]
    st.subheader(queue.title, anchor=False)
    st.caption(queue.about)
    desk(session_on(queue, workspace, st.session_state.who), workspace)


def matching(
    task: Task, rows: pd.DataFrame, labels: list[str], sources: list[str], sides: list[str],
    search: str, only: set[str] | None,
) -> pd.DataFrame:  # fmt: skip
    """Return the rows that pass every filter; an empty filter passes all. A row with several
    classes needs one of `labels`.

    `search` is looked for in all texts and at the start of ids, in any case; `only`: row ids.
    """
    fits = pd.Series(True, index=rows.index)
    if labels:
        fits &= rows["label"].map(lambda label: not {*labels}.isdisjoint(task.members(label)))
    for column, wanted in (("source", sources), ("split", sides)):
        if wanted:
            fits &= rows[column].isin(wanted)
    if search:
        low = search.lower()
        matches = rows["id"].str.startswith(low)
        for column in columns_of(rows.columns):
            matches |= rows[column].str.lower().str.contains(low, regex=False)
        fits &= matches
    if only is not None:
        fits &= rows["id"].isin(only)
    return rows[fits]


def show_all_rows() -> None:
    """Show filters, a table, and the chosen row on the desk."""
    workspace = current_workspace()
    rows = workspace.rows
    st.subheader("Explore", anchor=False)
    first, second, third, fourth = st.columns(4)
    name = "Category" if workspace.task.TARGET == "answer" else "Class"
    labels = first.multiselect(name, workspace.classes, format_func=for_terminal)
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
    chosen = matching(workspace.task, rows, labels, sources, sides, search, only)
    cut = f"; the first {MAX_LISTED} are listed" if len(chosen) > MAX_LISTED else ""
    st.caption(f"{len(chosen):,} of {len(rows):,} rows{cut}")
    listed = chosen.head(MAX_LISTED)[["label", "split", "source", "id"]]
    listed["label"] = listed["label"].map(workspace.task.shown)
    listed.insert(0, "text", _starts(chosen.head(MAX_LISTED), 160))
    event = st.dataframe(
        listed, hide_index=True, width="stretch", height=300, on_select="rerun",
        selection_mode="single-row", key="explored",
        column_config={"text": st.column_config.TextColumn(width="large")},
    )  # fmt: skip
    selected = event.selection.rows
    if selected and selected[0] < len(listed):
        show_one(listed.iloc[selected[0]]["id"], workspace)


def show_one(row_id: str, workspace: Workspace) -> None:
    """Show a row on the desk, even if this person has decided on it."""
    queue = Queue("one row", "One row", "", [item_of(workspace, row_id)])
    desk(session_on(queue, workspace, st.session_state.who, again=True), workspace)


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
    st.subheader("One row", anchor=False)
    row_id = st.text_input("Row", placeholder="a row id, or its first six or more digits").strip()
    if not row_id:
        st.caption("Ids are next to every row, in suspects.csv, in ledgers and in the manifest.")
        return
    try:
        lines = explain(row_id)
    except RowsError as error:
        st.error(for_streamlit(error), icon=":material/error:")
        return
    workspace = current_workspace()
    row_id = lines[0].split()[1].rstrip(",")
    row = workspace.row(row_id) if row_id in workspace else None
    left, right = st.columns([2.1, 1], gap="large")
    with left:
        st.html(life(lines[2:]))
        if row is not None:
            st.html(chips(workspace.task, row["label"]))
            with st.container(border=True):
                st.html(text_block(row))
    if row is not None:
        with right:
            st.caption("Nearest rows")
            near_rows(item_of(workspace, row["id"]), workspace)
            st.html(facts(row))


def show_status() -> None:
    """Show the audit's estimate, then the lines of `seedbed review --status`."""
    workspace = current_workspace()
    st.subheader("Status", anchor=False)
    audit = error_rate(queues_of(workspace)["audit"], workspace.in_force())
    noun = workspace.task.TARGET
    if audit.share is not None:
        first, second, third = st.columns(3)
        first.metric(f"Wrong {noun}s in the audit", f"{audit.wrong} of {audit.judged}")
        second.metric(f"Estimated share of wrong {noun}s", f"{audit.share:.1%}")
        third.metric("95 % interval (Wilson)", f"{audit.low:.1%} to {audit.high:.1%}")
    else:
        st.info(f"Decide rows of the audit queue to estimate how many {noun}s are wrong.")
    st.code("\n".join(status(workspace)), language=None, wrap_lines=True)


def show_map() -> None:
    """Show the map, and the chosen row on the desk."""
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
    drawn = chart(points, sorted({*workspace.classes, *points["label"]}))
    event = st.altair_chart(drawn, width="stretch", on_select="rerun", key="map")
    if chosen := event.selection.get("row", []):
        show_one(chosen[0]["id"], workspace)


def chart(points: pd.DataFrame, classes: list[str]) -> alt.LayerChart:
    """Draw points (id, x, y, label, split, start, suspect) as circles; suspects on top, ringed."""
    select = alt.selection_point(name="row", fields=["id"], on="click", empty=False)
    scale = alt.Scale(range=[ink for _, ink in COLOURS], domain=classes)
    legend = alt.Legend(orient="right", symbolLimit=40)
    base = alt.Chart(points).encode(
        x=alt.X("x:Q", axis=None),
        y=alt.Y("y:Q", axis=None),
        color=alt.Color("label:N", title="label", scale=scale, legend=legend),
        tooltip=["label:N", "split:N", "id:N", "start:N"],
    )
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
    chosen = by_hash("map", ids)[:MAX_POINTS]
    with threadpool_limits(1):  # on a busy machine its threads wait for each other for minutes
        plane = placed(vectors[pd.Index(ids).get_indexer(chosen)])
    rows = _workspace.rows.loc[chosen]
    starts = _starts(rows, 140)
    labels = rows["label"].map(_workspace.task.shown)
    return rows[["id", "split"]].assign(label=labels, x=plane[:, 0], y=plane[:, 1], start=starts)


def _starts(rows: pd.DataFrame, chars: int) -> pd.Series:
    return rows["text"].str.slice(0, chars).str.replace("\n", " ").map(for_terminal)
