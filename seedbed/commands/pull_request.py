"""The report for a pull request, and posting it: `seedbed pr-report`, `seedbed post-report`."""

from pathlib import Path
from typing import Annotated

import typer

from seedbed.commands.models import end_by_verdict


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


def post_report(
    file: Annotated[Path, typer.Argument(help="what `seedbed pr-report` wrote")],
    pr: Annotated[int, typer.Option(min=1, help="number of the pull request")],
    repo: Annotated[str, typer.Option(help="OWNER/NAME")],
    api: Annotated[str, typer.Option(help="of GitHub Enterprise")] = "https://api.github.com",
    way: Annotated[str, typer.Option(help="cml, gh or own; else the first there is")] = "",
) -> None:
    """Post a report to its pull request, or change the one it holds already.

    The token comes from GITHUB_TOKEN or GH_TOKEN and is never shown.
    """
    from seedbed.pull_request.posting import post

    print(post(file, pr, repo, api, way))
