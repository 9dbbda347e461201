"""`seedbed memo`: what the memo of costly per-text results holds, and emptying it."""

import sys

import typer
from rich.console import Console
from rich.table import Table

from seedbed.running.memo import MEMO, Store, clear, is_on, limit_bytes

memo = typer.Typer(
    help="The memo of costly per-text results, .seedbed/memo.sqlite.", no_args_is_help=True
)


@memo.command()
def stats() -> None:
    """How many results are kept, by operation, and how large the file is."""
    table = Table("operation", "results", "MB", box=None)
    size = 0
    if MEMO.exists():
        size = MEMO.stat().st_size
        with Store() as store:
            for kept in store.stats():
                table.add_row(kept.operation, f"{kept.results:,}", f"{kept.bytes / 2**20:,.1f}")
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print(table)
    console.print(
        f"{MEMO}: {size / 2**20:,.1f} MB of at most {limit_bytes() / 2**20:,.0f} MB"
        + ("" if is_on() else "; SEEDBED_MEMO=off: not in use"),
        highlight=False,
    )


@memo.command(name="clear")
def clear_memo() -> None:
    """Forget all results; the next run works them out again and gives the same."""
    print(f"{MEMO}: {clear():,} results forgotten")
