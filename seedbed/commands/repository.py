"""The state of the repository: `seedbed resolve`, `seedbed check-lock`, `seedbed freeze`."""

from itertools import groupby
from typing import Annotated

import typer


def resolve(
    no_run: Annotated[bool, typer.Option("--no-run", help="do not run `dvc repro`")] = False,
) -> None:
    """After `git merge`: both branches' sources, decisions and frozen rows, and a run on them."""
    from seedbed.merging import resolve as merging

    found = merging.resolve()
    for path in found.merged:
        print(f"{path}: merged, with what both branches added")
    for path in found.repaired:
        print(f"{path}: lines that the union had twice are taken out")
    if found.put_back:
        print(f"{found.put_back} files that stages write: put back to one side, to be made anew")
    if no_run:
        print("Now run `dvc repro`, `git add` what it changes, and commit.")
        return
    merging.rerun(merging.shown_on_the_terminal)
    if found.is_merging:
        print("Resolved and run. Look at `git diff --cached`, then `git commit`.")
    else:
        print("No merge is under way; the run is that of this folder. Commit what it changed.")


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


def freeze(
    replace: Annotated[bool, typer.Option(help="remove rows that are no longer in test")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Freeze the present test rows: they stay in test, and may not be lost or changed."""
    from seedbed.splitting.frozen_test import plan_freeze, write_frozen

    planned = plan_freeze(replace)
    print("\n".join(planned.in_words))
    if planned.is_new:
        if not yes:
            typer.confirm("Freeze these rows?", abort=True)
        write_frozen(planned.rows)
        print("Written. Now run `dvc repro`, and commit data/frozen_test.csv with its results.")
