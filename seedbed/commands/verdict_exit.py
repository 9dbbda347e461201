"""Exit codes of a verdict: 0 pass, 1 fail, 2 cannot be compared, or an error."""

import sys
import traceback
from collections.abc import Callable

import typer

from seedbed.core.errors import SeedbedError


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
