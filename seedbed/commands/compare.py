"""`seedbed compare`: whether this model may take the place of another."""

from enum import StrEnum
from typing import Annotated

import typer

from seedbed.commands.verdict_exit import end_by_verdict


class Format(StrEnum):
    """How a comparison is printed."""

    TEXT = "text"
    MD = "md"
    JSON = "json"


def compare(
    base: Annotated[
        str, typer.Argument(help="a revision; the newest champion, else HEAD, if left out")
    ] = "",
    format: Annotated[Format, typer.Option(help="how it is printed")] = Format.TEXT,
    override: Annotated[bool, typer.Option("--override", help="let a failing model pass")] = False,
    who: Annotated[str, typer.Option(help="with --override: who lets it pass")] = "",
    why: Annotated[str, typer.Option(help="with --override: why")] = "",
) -> None:
    """Score the base's model and this one on the same test rows. Exit code: 0 pass, 1 fail, 2
    cannot be compared."""
    end_by_verdict(lambda: _compared(base, format, override, who, why))


def _compared(base: str, format: Format, override: bool, who: str, why: str) -> int:
    from seedbed.gate import page
    from seedbed.gate.compare import compare as compared
    from seedbed.gate.compare import with_override

    found = compared(base)
    if override:
        found = with_override(found, who, why)
    show = {Format.TEXT: page.text, Format.MD: page.as_markdown, Format.JSON: page.as_json}
    print(show[format](found))
    return found.exit_code
