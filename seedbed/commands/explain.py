"""`seedbed explain`: the life of one row."""

from typing import Annotated

import typer


def explain(
    row_id: Annotated[str, typer.Argument(help="a row id, or its first six or more digits")],
    rev: Annotated[str, typer.Option(help="a git revision; without it the workspace")] = "",
) -> None:
    """The life of one row through all stages, in plain words; never its text."""
    from seedbed.versions.explain import explain as lines_on

    print("\n".join(lines_on(row_id, rev)))
