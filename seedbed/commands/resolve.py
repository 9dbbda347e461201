"""`seedbed resolve`: after `git merge`, one dataset out of two branches."""

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
