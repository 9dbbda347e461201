"""`seedbed review`: which way of reviewing is opened."""

from pathlib import Path
from typing import Annotated

import typer


def review(
    terminal: Annotated[bool, typer.Option(help="review here, not on a web page")] = False,
    queue: Annotated[str, typer.Option(help="which queue, with --terminal or --export")] = "",
    who: Annotated[str, typer.Option(help="who decides; else git's user.name")] = "",
    port: Annotated[int, typer.Option(help="of the web page, on this machine only")] = 8501,
    status: Annotated[bool, typer.Option(help="how far review is, and what is void")] = False,
    export: Annotated[Path | None, typer.Option(help="write a queue as CSV")] = None,
    import_: Annotated[
        Path | None, typer.Option("--import", help="take decisions out of a filled-in CSV")
    ] = None,
) -> None:
    """Decide on doubted labels: on a local web page, here on the terminal, or in a CSV file."""
    asked = [terminal, status, export is not None, import_ is not None]
    if sum(asked) > 1:
        raise typer.BadParameter("one of --terminal, --status, --export, --import at a time")
    if status:
        _status()
    elif export:
        _export(export, queue or "suspects")
    elif import_:
        _import(import_, who)
    elif terminal:
        _terminal(queue or "suspects", who)
    else:
        _page(who, port)


def _page(who: str, port: int) -> None:
    from seedbed.review_page.opening import open_page
    from seedbed.reviewing.session import checked_who, default_who

    open_page(checked_who(who) if who else default_who(), port)


def _terminal(name: str, who: str) -> None:
    from seedbed.reviewing.queues import queue_named
    from seedbed.reviewing.session import Session, checked_who, default_who
    from seedbed.reviewing.terminal import open_terminal
    from seedbed.reviewing.workspace import read_workspace

    who = checked_who(who) if who else default_who()
    workspace = read_workspace()
    open_terminal(Session(workspace, queue_named(workspace, name), who))


def _status() -> None:
    from seedbed.pages.escaping import for_terminal
    from seedbed.reviewing.status import status
    from seedbed.reviewing.workspace import read_workspace

    print("\n".join(for_terminal(line) for line in status(read_workspace())))


def _export(file: Path, name: str) -> None:
    from seedbed.reviewing.csv_exchange import export
    from seedbed.reviewing.queues import queue_named
    from seedbed.reviewing.workspace import read_workspace

    workspace = read_workspace()
    number = export(queue_named(workspace, name), workspace, file)
    print(
        f"{file}: {number:,} rows of the queue {name}, with their texts: keep the file out of git. "
        "Fill in `decided`, then run `seedbed review --import FILE --who NAME`."
    )


def _import(file: Path, who: str) -> None:
    from seedbed.reviewing.csv_exchange import read_back
    from seedbed.reviewing.session import append, checked_who, default_who
    from seedbed.reviewing.workspace import read_workspace

    who = checked_who(who) if who else default_who()
    decisions = read_back(file, who, read_workspace())
    for decision in decisions:
        append(decision)
    print(f"{len(decisions):,} decisions of {who} taken. Now run `dvc repro`, and commit them.")
