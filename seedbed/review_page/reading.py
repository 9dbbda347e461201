"""What the page has read: the workspace, read anew when a run has changed it."""

from pathlib import Path

import streamlit as st

from seedbed.reviewing.workspace import Workspace, read_workspace

SIGNS = ("dvc.lock", "reports/suspects.csv", "reports/next.csv", "data/quarantine.csv")


def current_workspace() -> Workspace:
    """The workspace of the last run, with the decisions as they stand now."""
    workspace = _read(signature())
    workspace.refresh()
    return workspace


def signature() -> tuple[int, ...]:
    """When the files that a run writes were last written; others mean another workspace."""
    return tuple(_changed(Path(name)) for name in SIGNS)


def _changed(file: Path) -> int:
    return file.stat().st_mtime_ns if file.exists() else 0


@st.cache_resource(show_spinner="Reading the rows", max_entries=1)
def _read(signs: tuple[int, ...]) -> Workspace:
    return read_workspace()
