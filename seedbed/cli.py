"""The `seedbed` command: what people type. `dvc repro` stays the way to run the pipeline."""

import sys

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
        app()
    except Exception as error:
        told = error if isinstance(error, SeedbedError) else of_the_machine(error)
        if told is None:
            raise
        print(f"\nseedbed: {told}\n", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
