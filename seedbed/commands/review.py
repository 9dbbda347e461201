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
    from seedbed.reviewing.queues import queue_named
    from seedbed.reviewing.session import Session, append
    from seedbed.reviewing.workspace import read_workspace

    asked = [terminal, status, export is not None, import_ is not None]
    if sum(asked) > 1:
        raise typer.BadParameter("one of --terminal, --status, --export, --import at a time")
    name = queue or "suspects"
    if status:
        from seedbed.pages.escaping import for_terminal
        from seedbed.reviewing.status import status as told

        print("\n".join(map(for_terminal, told(read_workspace()))))
    elif export:
        from seedbed.reviewing.csv_exchange import export as write_queue

        workspace = read_workspace()
        number = write_queue(queue_named(workspace, name), workspace, export)
        print(
            f"{export}: {number:,} rows of the queue {name}, with their texts: keep the file out "
            "of git. Fill in `decided`, then run `seedbed review --import FILE --who NAME`."
        )
    elif import_:
        from seedbed.reviewing.csv_exchange import read_back

        person = _person(who)
        decisions = read_back(import_, person, read_workspace())
        for decision in decisions:
            append(decision)
        print(
            f"{len(decisions):,} decisions of {person} taken. Now run `dvc repro`, and commit them."
        )
    elif terminal:
        from seedbed.reviewing.terminal import open_terminal

        person, workspace = _person(who), read_workspace()
        open_terminal(Session(workspace, queue_named(workspace, name), person))
    else:
        from seedbed.review_page.opening import open_page

        open_page(_person(who), port)


def _person(who: str) -> str:
    from seedbed.reviewing.session import checked_who, default_who

    return checked_who(who) if who else default_who()
