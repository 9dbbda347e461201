"""`seedbed post-report`: a report as a comment of its pull request."""

from pathlib import Path
from typing import Annotated

import typer


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
