"""`seedbed check-lock`: whether dvc.lock is that of this code and these params."""

from itertools import groupby
from typing import Annotated

import typer

SHOWN = 3


def check_lock(
    every: Annotated[bool, typer.Option("--all", help="all differences of a stage")] = False,
) -> None:
    """Whether dvc.lock is that of this code, these params and these files; needs no data.

    Exit code 0 where it is, 1 where a stage has to run again.
    """
    from seedbed.pipeline.freshness import freshness

    found = freshness()
    for stage, group in groupby(found.stale, key=lambda one: one.stage):
        whats = [one.what for one in group]
        shown = list(whats if every else whats[:SHOWN])
        if len(shown) < len(whats):
            shown.append(f"and {len(whats) - len(shown)} more (--all shows them)")
        print("\n".join(f"{stage}: {what}" for what in shown))
    if found.stale:
        print(
            f"dvc.lock is not fresh: {len(found.names)} of {found.stages} stages, and what follows "
            "from them; run `dvc repro` and commit dvc.lock with what it changes"
        )
        raise typer.Exit(1)
    print(f"dvc.lock is fresh: {found.stages} stages, {found.compared:,} digests and params")
