"""`seedbed freeze`: freeze the test rows."""

from typing import Annotated

import typer


def freeze(
    replace: Annotated[bool, typer.Option(help="remove rows that are no longer in test")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Freeze the present test rows: they stay in test, and may not be lost or changed."""
    from seedbed.splitting.frozen_test import plan_freeze, write_frozen

    planned = plan_freeze(replace)
    print("\n".join(planned.in_words()))
    if planned.is_new:
        if not yes:
            typer.confirm("Freeze these rows?", abort=True)
        write_frozen(planned.rows)
        print("Written. Now run `dvc repro`, and commit data/frozen_test.csv with its results.")
