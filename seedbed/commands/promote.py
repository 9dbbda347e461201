"""`seedbed promote`: this model becomes the champion."""

from typing import Annotated

import typer


def promote(
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    uncompared: Annotated[
        str, typer.Option(help="why a model that cannot be compared with the champion may follow")
    ] = "",
) -> None:
    """Tag this commit's data and model together as champion@vN.0.0, if the gate lets it pass."""
    from seedbed.gate.promotion import FIRST, carry_out, plan

    found = plan(uncompared)
    print(found.message)
    if found.champion == FIRST:
        print("No champion is known here. If there is one elsewhere, `git fetch --tags` first.")
    if not yes:
        typer.confirm(f"Tag {found.commit[:7]} so?", abort=True)
    carry_out(found)
    tag = found.champion.tag
    print(f"Tagged. Now `dvc push` and `git push origin {tag}`; who has the repository gets the")
    print(f"model by `dvc artifacts get . champion --rev {tag.partition('@')[2]}`.")
