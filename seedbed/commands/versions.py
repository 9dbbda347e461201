"""The difference between two versions of the data, and the life of one row."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from seedbed.versions.changes import Changes


class Format(StrEnum):
    """How it is written."""

    md = "md"
    json = "json"
    html = "html"


def diff(
    base: Annotated[
        str,
        typer.Argument(help="a git revision; where this branch left the main one, if not given"),
    ] = "",
    head: Annotated[str, typer.Argument(help="a git revision; the workspace, if not given")] = "",
    format: Annotated[Format, typer.Option(help="markdown, JSON or a web page")] = Format.md,
    rows: Annotated[
        int | None,
        typer.Option(min=0, help="entries of each list that are shown: 20, and all in JSON"),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="a file to write, instead of here")] = None,
    texts: Annotated[
        bool, typer.Option(help="join texts where they are here, for drift and to show them")
    ] = True,
) -> None:
    """What changed: rows added, removed, relabelled, edited; suspects, decisions, params, drift."""
    import gc

    from seedbed.versions.changes import changes

    gc.disable()  # or it walks all rows again and again while they are read
    try:
        page = _page(changes(base, head, texts), format, rows)
    finally:
        gc.enable()
    if output is None:
        print(page, end="")
    else:
        from seedbed.core.files import write_text

        write_text(output, page)


def _page(found: "Changes", format: Format, rows: int | None) -> str:
    if format == Format.json:
        from seedbed.versions.changes import as_json

        return as_json(found, rows)
    from seedbed.pages.html import page_html
    from seedbed.pages.markdown import page_markdown
    from seedbed.versions.diff_sections import page

    shown = 20 if rows is None else rows
    if format == Format.html:
        return page_html(page(found, shown))
    return page_markdown(page(found, shown))


def explain(
    row_id: Annotated[str, typer.Argument(help="a row id, or its first six or more digits")],
    rev: Annotated[str, typer.Option(help="a git revision; without it the workspace")] = "",
) -> None:
    """The life of one row through all stages, in plain words; never its text."""
    from seedbed.versions.explain import explain as lines_on

    print("\n".join(lines_on(row_id, rev)))
