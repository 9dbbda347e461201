"""The `seedbed` command: what people type. `dvc repro` stays the way to run the pipeline."""

import sys
from contextlib import nullcontext, redirect_stdout
from io import StringIO

import typer

from seedbed.commands.data import add, forget, predict, review
from seedbed.commands.repository import (
    check_lock,
    freeze,
    memo,
    reproduce,
    resolve,
    scan,
    summary,
)
from seedbed.commands.versions import compare, diff, explain, post_report, pr_report, promote
from seedbed.core.errors import SeedbedError, of_the_machine
from seedbed.core.stage import launched, rank

COMMANDS = (
    summary, add, review, diff, explain, freeze, predict, forget, compare, promote, pr_report,
    post_report, resolve, check_lock, reproduce, scan,
)  # fmt: skip

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)
for command in COMMANDS:
    app.command()(command)
app.add_typer(memo, name="memo")


def main() -> None:
    """Run a command; a person's mistake ends in one paragraph and exit code 1."""
    try:
        _run()
    except Exception as error:
        told = error if isinstance(error, SeedbedError) else of_the_machine(error)
        if told is None:
            raise
        print(f"\nseedbed: {told}\n", file=sys.stderr)
        sys.exit(1)


def _run() -> None:
    """Run the command; predict on all processes that a launcher started, of which one speaks."""
    if launched() == 1:
        app()
        return
    if sys.argv[1:2] != ["predict"]:
        found, step = f"{launched()} processes", "start it without `accelerate launch`"
        raise SeedbedError("accelerate launch", found, "one process (or `seedbed predict`)", step)
    from seedbed.training.together import joined

    with joined(), redirect_stdout(StringIO()) if rank() else nullcontext():
        app()


if __name__ == "__main__":
    main()
