"""`seedbed forget`: one person or row, everywhere."""

import sys
from typing import Annotated

import typer

from seedbed.core.errors import ForgetError


def forget(
    row_id: Annotated[str, typer.Option("--id", help="forget this row, not a value")] = "",
    purge: Annotated[
        bool, typer.Option(help="delete old versions in DVC's cache, remotes")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Forget one person or row everywhere. The value is asked for, or read from stdin."""
    from seedbed.forgetting.dvc_remotes import check_purged, check_within_reach
    from seedbed.forgetting.forget import carry_out, plan, told, told_after

    found = plan(row_id=row_id) if row_id else plan(value=_value(yes))
    print("\n".join(told(found, purge)))
    if purge:
        check_within_reach(found.remotes)
    if not yes:
        typer.confirm("Forget this?", abort=True)
    failed = carry_out(found, purge)
    print("\n".join(told_after(found)))
    if purge:
        check_purged(found.remotes, failed)


def _value(yes: bool) -> str:
    """From a prompt that does not show it, or a pipe; never an argument, which other users of the
    machine and the shell's history would see."""
    if sys.stdin.isatty():
        return typer.prompt("Value to forget", hide_input=True)
    if not yes:
        raise ForgetError(
            "stdin", "a value, and nobody to ask", "a terminal, or `--yes`", "add `--yes`"
        )
    return sys.stdin.read().strip()
