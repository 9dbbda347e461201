"""`seedbed freeze`: the test side, kept as it is."""

from typing import Annotated

import typer


def freeze(
    replace: Annotated[bool, typer.Option(help="take out rows that are not in test now")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Freeze the present test side: its rows stay in test, and may not be lost or changed."""
    from seedbed.splitting.freezing import carry_out, plan, told

    found = plan(replace)
    print("\n".join(told(found)))
    if found.is_new:
        if not yes:
            typer.confirm("Freeze this?", abort=True)
        carry_out(found)
        print("Written. Now run `dvc repro`, and commit data/frozen_test.csv with what it changes.")
