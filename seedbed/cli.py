"""The `seedbed` command: what people type. `dvc repro` stays the way to run the pipeline."""

import sys

import typer

from seedbed.commands.add import add
from seedbed.commands.check_lock import check_lock
from seedbed.commands.compare import compare
from seedbed.commands.diff import diff
from seedbed.commands.explain import explain
from seedbed.commands.forget import forget
from seedbed.commands.freeze import freeze
from seedbed.commands.memo import memo
from seedbed.commands.post_report import post_report
from seedbed.commands.pr_report import pr_report
from seedbed.commands.predict import predict
from seedbed.commands.promote import promote
from seedbed.commands.resolve import resolve
from seedbed.commands.review import review
from seedbed.commands.summary import summary
from seedbed.core.errors import SeedbedError

COMMANDS = (
    summary, add, review, diff, explain, freeze, predict, forget, compare, promote, pr_report,
    post_report, resolve, check_lock,
)  # fmt: skip

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
