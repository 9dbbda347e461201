"""`seedbed pr-report`: what a reviewer of a pull request sees."""

from pathlib import Path
from typing import Annotated

import typer

from seedbed.commands.verdict_exit import end_by_verdict


def pr_report(
    base: Annotated[
        str,
        typer.Argument(help="a git revision; where this branch left the main one, if not given"),
    ] = "",
    output: Annotated[Path | None, typer.Option(help="a file to write, instead of here")] = None,
    exit_code: Annotated[
        bool,
        typer.Option("--exit-code", help="end as `seedbed compare` does: 0 pass, 1 fail, 2 "
                     "cannot be compared"),
    ] = False,
) -> None:  # fmt: skip
    """One markdown page for a pull request: verdict, metrics, data, labels, cost; under 60,000
    characters. Texts stand in it only of sources with `show_text: true`."""
    if exit_code:
        end_by_verdict(lambda: _written(base, output))
    _written(base, output)


def _written(base: str, output: Path | None) -> int:
    """The exit code of the report's verdict."""
    from seedbed.pull_request.report import pr_report as made

    page, code = made(base)
    if output is None:
        print(page, end="")
    else:
        from seedbed.core.files import write_text

        write_text(output, page)
        print(f"{output}: {len(page):,} characters")
    return code
