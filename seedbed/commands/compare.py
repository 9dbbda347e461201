"""`seedbed compare`: whether this model may take the place of another."""

import sys
import traceback
from enum import StrEnum
from typing import Annotated

import typer

from seedbed.errors import SeedbedError


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
    # Exit code 1 says that a model is worse: no mistake and no defect may look like that.
    try:
        code = _compared(base, format, override, who, why)
    except SeedbedError as error:
        print(f"\nseedbed: {error}\n", file=sys.stderr)
        code = 2
    except Exception:
        traceback.print_exc()
        code = 2
    raise typer.Exit(code)


def _compared(base: str, format: Format, override: bool, who: str, why: str) -> int:
    from seedbed.gate import told
    from seedbed.gate.compare import compare as compared
    from seedbed.gate.compare import with_override

    found = compared(base)
    if override:
        found = with_override(found, who, why)
    show = {Format.TEXT: told.text, Format.MD: told.markdown, Format.JSON: told.as_json}
    print(show[format](found))
    return found.exit_code
