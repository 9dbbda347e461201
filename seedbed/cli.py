"""The `seedbed` command: what people type. `dvc repro` stays the way to run the pipeline."""

import sys

import typer

from seedbed.commands.add import add
from seedbed.commands.diff import diff
from seedbed.commands.explain import explain
from seedbed.commands.forget import forget
from seedbed.commands.freeze import freeze
from seedbed.commands.memo import memo
from seedbed.commands.predict import predict
from seedbed.commands.review import review
from seedbed.commands.summary import summary
from seedbed.errors import SeedbedError

COMMANDS = (summary, add, review, diff, explain, freeze, predict, forget)

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)
for command in COMMANDS:
    app.command()(command)
app.add_typer(memo, name="memo")


def main() -> None:
    """Run a command; a person's mistake ends in one paragraph and exit code 1."""
    try:
        app()
    except SeedbedError as error:
        print(f"\nseedbed: {error}\n", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
