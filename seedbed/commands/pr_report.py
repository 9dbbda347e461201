"""`seedbed pr-report`: what a reviewer of a pull request sees."""

from pathlib import Path
from typing import Annotated

import typer


def pr_report(
    base: Annotated[
        str,
        typer.Argument(help="a git revision; where this branch left the main one, if not given"),
    ] = "",
    output: Annotated[Path | None, typer.Option(help="a file to write, instead of here")] = None,
) -> None:
    """One markdown page for a pull request: verdict, metrics, data, labels, cost; under 60,000
    characters. Texts stand in it only of sources with `show_text: true`."""
    from seedbed.pull_request.report import pr_report as made

    page = made(base)
    if output is None:
        print(page, end="")
    else:
        from seedbed.files import write_text

        write_text(output, page)
        print(f"{output}: {len(page):,} characters")
