"""Two versions: what differs in the data, whether the model may be promoted, the pull request's
report; and the life of one row."""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from seedbed.commands.data import Yes
from seedbed.core.errors import SeedbedError, say

Base = Annotated[
    str, typer.Argument(help="a git revision; where this branch left the main one, if not given")
]
Output = Annotated[Path | None, typer.Option(help="a file to write, instead of here")]


def diff(
    base: Base = "",
    head: Annotated[str, typer.Argument(help="a git revision; the workspace, if not given")] = "",
    format: Annotated[
        Literal["md", "json", "html"], typer.Option(help="markdown, JSON or a web page")
    ] = "md",
    rows: Annotated[
        int | None,
        typer.Option(min=0, help="entries of each list that are shown: 20, and all in JSON"),
    ] = None,
    output: Output = None,
    texts: Annotated[
        bool, typer.Option(help="join texts where they are here, for drift and to show them")
    ] = True,
) -> None:
    """What changed: rows added, removed, relabelled, edited; suspects, decisions, params, drift."""
    import gc

    from seedbed.pages.rendering import page_html, page_markdown
    from seedbed.versions.changes import as_json, changes
    from seedbed.versions.diff_sections import page

    gc.disable()  # or it walks all rows again and again while they are read
    try:
        found = changes(base, head, texts)
        if format == "json":
            written = as_json(found, rows)
        else:
            show = page_html if format == "html" else page_markdown
            written = show(page(found, 20 if rows is None else rows))
    finally:
        gc.enable()
    _put(written, output)


def _put(page: str, output: Path | None) -> None:
    if output is None:
        print(page, end="")
    else:
        from seedbed.core.files import write_text

        write_text(output, page)


def explain(
    row_id: Annotated[str, typer.Argument(help="a row id, or its first six or more digits")],
    rev: Annotated[str, typer.Option(help="a git revision; without it the workspace")] = "",
) -> None:
    """The life of one row through all stages, in plain words; never its text."""
    from seedbed.versions.explain import explain as lines_on

    say(*lines_on(row_id, rev))


def end_by_verdict(work: Callable[[], int]) -> None:
    """End with the exit code that `work` gives, 2 where it fails: 1 says that a model is worse, and
    no mistake and no defect may look like that. Raises typer.Exit."""
    try:
        code = work()
    except SeedbedError as error:
        print(f"\nseedbed: {error}\n", file=sys.stderr)
        code = 2
    except Exception:
        traceback.print_exc()
        code = 2
    raise typer.Exit(code)


def pr_report(
    base: Base = "",
    output: Output = None,
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
    _put(page, output)
    if output:
        print(f"{output}: {len(page):,} characters")
    return code


def post_report(
    file: Annotated[Path, typer.Argument(help="what `seedbed pr-report` wrote")],
    pr: Annotated[int, typer.Option(min=1, help="number of the pull request")],
    repo: Annotated[str, typer.Option(help="OWNER/NAME")],
    api: Annotated[str, typer.Option(help="of GitHub Enterprise")] = "https://api.github.com",
    way: Annotated[str, typer.Option(help="cml or own; else cml where it is installed")] = "",
) -> None:
    """Post a report to its pull request, or change the one it holds already.

    The token comes from GITHUB_TOKEN or GH_TOKEN and is never shown.
    """
    from seedbed.pull_request.posting import post

    say(post(file, pr, repo, api, way))


def compare(
    base: Annotated[
        str, typer.Argument(help="a revision; the newest champion, else HEAD, if left out")
    ] = "",
    format: Annotated[
        Literal["text", "md", "json"], typer.Option(help="how it is printed")
    ] = "text",
    override: Annotated[bool, typer.Option("--override", help="let a failing model pass")] = False,
    who: Annotated[str, typer.Option(help="with --override: who lets it pass")] = "",
    why: Annotated[str, typer.Option(help="with --override: why")] = "",
) -> None:
    """Score the base's model and this one on the same test rows. Exit code: 0 pass, 1 fail, 2
    cannot be compared."""

    def compared() -> int:
        from seedbed.gate import page
        from seedbed.gate.compare import compare as gate_compare, with_override

        found = gate_compare(base)
        if override:
            found = with_override(found, who, why)
        show = {"text": page.text, "md": page.as_markdown, "json": page.as_json}
        print(show[format](found))
        return found.exit_code

    end_by_verdict(compared)


def promote(
    yes: Yes = False,
    uncompared: Annotated[
        str, typer.Option(help="why a model that cannot be compared with the champion may follow")
    ] = "",
) -> None:
    """Tag this commit's data and model together as champion@vN.0.0, if the gate lets it pass."""
    from seedbed.gate.promotion import FIRST, carry_out, plan

    found = plan(uncompared)
    say(found.message)
    if found.tag == FIRST:
        print("No champion is known here. If there is one elsewhere, `git fetch --tags` first.")
    if not yes:
        typer.confirm(f"Tag {found.commit[:7]} so?", abort=True)
    carry_out(found)
    tag = found.tag
    print(f"Tagged. Now `dvc push` and `git push origin {tag}`; who has the repository gets the")
    print(f"model by `dvc artifacts get . champion --rev {tag.partition('@')[2]}`.")
