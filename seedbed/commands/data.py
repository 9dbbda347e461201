"""Rows in and out: `seedbed add`, `seedbed forget`."""

import sys
from pathlib import Path
from typing import Annotated, cast

import typer

from seedbed.arrivals.contents import Asked, Negative
from seedbed.core.errors import ForgetError

Said = Annotated[str, typer.Option()]


def add(
    file: Annotated[str, typer.Argument(help="a table, or a folder of texts")] = "",
    url: Annotated[str, typer.Option(help="fetched by DVC instead; `dvc update` renews it")] = "",
    source: Annotated[str, typer.Option(help="its name, part of its rows' ids for good")] = "",
    batch: Annotated[str, typer.Option(help="of this arrival; else DATE-SOURCE")] = "",
    date: Annotated[str, typer.Option(help="YYYY-MM-DD, of rows without a date")] = "",
    licence: Annotated[str, typer.Option(help="what the texts may be used for")] = "",
    text_column: Said = "",
    text_pair_column: Said = "",
    label_column: Said = "",
    id_column: Said = "",
    date_column: Said = "",
    group_column: Said = "",
    meta_column: Annotated[list[str] | None, typer.Option(help="kept as it is; repeat it")] = None,
    label: Annotated[str, typer.Option(help="one class for every row")] = "",
    map_: Annotated[
        list[str] | None, typer.Option("--map", help="OLD=NEW renames a label, OLD= drops it")
    ] = None,
    new_label: Annotated[list[str] | None, typer.Option(help="a label that is a new class")] = None,
    negative: Annotated[str, typer.Option(help="in_domain or general: no class is right")] = "",
    unlabelled: Annotated[bool, typer.Option("--unlabelled", help="rows without labels")] = False,
    separator: Annotated[str, typer.Option(help="of CSV, where it is found wrongly")] = "",
    encoding: Said = "",
    pattern: Annotated[str, typer.Option(help="which files of a folder are rows")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="tell, and change nothing")] = False,
) -> None:
    """Add a batch: check it, show what it would change, copy, track and register it."""
    from seedbed.arrivals.adding import alone, as_dvc_says, fetched, undo

    if bool(file) == bool(url):
        raise typer.BadParameter("a FILE or a --url, one of both")
    if negative not in ("", "in_domain", "general"):
        raise typer.BadParameter("--negative is in_domain or general")
    columns = {
        "text": text_column, "text_pair": text_pair_column, "label": label_column,
        "id": id_column, "date": date_column, "group": group_column,
    }  # fmt: skip
    with alone(), fetched(file or url, bool(url)) as path:
        if undo():
            print("An addition that was cut off has been undone.")
        asked = Asked(
            str(path), source, batch, date, licence,
            {field: name for field, name in columns.items() if name}, tuple(meta_column or ()),
            label, _mapped(map_ or []), tuple(new_label or ()), cast(Negative, negative),
            unlabelled, separator, encoding, pattern,
        )  # fmt: skip
        _carry_out(asked, as_dvc_says(url), yes, dry_run)


def _mapped(pairs: list[str]) -> dict[str, str | None]:
    for pair in pairs:
        if "=" not in pair:
            raise typer.BadParameter(f"--map {pair}: OLD=NEW, or OLD= to drop its rows")
    return {old: new or None for old, _, new in (pair.rpartition("=") for pair in pairs)}


def _carry_out(asked: Asked, url: str, yes: bool, dry_run: bool) -> None:
    """Tell, ask, and put it in. `url`: as DVC takes it; "" for a path on this machine."""
    from datetime import date

    from seedbed.arrivals.adding import PARAMS, PIPELINE, add, told_after
    from seedbed.arrivals.plan import plan
    from seedbed.arrivals.registration import with_dep, with_source
    from seedbed.arrivals.telling import told
    from seedbed.core.files import sha256_of

    found = plan(asked, date.today().isoformat())
    print("\n".join(told(found)))
    if dry_run:
        print("Nothing was changed (--dry-run).")
        return
    if not yes:
        typer.confirm("Add this batch?", abort=True)
    path, target = Path(asked.path), Path(found.entry["path"])
    add(
        url or path,
        target,
        with_source(PARAMS.read_text(encoding="utf-8"), found.entry),
        with_dep(PIPELINE.read_text(encoding="utf-8"), found.entry["path"]),
        sha256_of(path) if path.is_file() else "",
    )
    print("\n".join(told_after(target)))


def forget(
    row_id: Annotated[str, typer.Option("--id", help="forget this row, not a value")] = "",
    purge: Annotated[
        bool, typer.Option(help="delete old versions in DVC's cache, remotes")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Forget one person or row everywhere. The value is asked for, or read from stdin."""
    from seedbed.forgetting.dvc_stores import check_purged, check_within_reach
    from seedbed.forgetting.forget import carry_out, plan, told, told_after

    found = plan(row_id=row_id) if row_id else plan(value=_value(yes))
    print("\n".join(told(found, purge)))
    if purge:
        check_within_reach(found.remotes)
    if not yes:
        typer.confirm("Forget this?", abort=True)
    failed = carry_out(found, purge)
    print("\n".join(told_after(found)))
    if purge:
        check_purged(found.remotes, failed)


def _value(yes: bool) -> str:
    """From a prompt that does not show it, or a pipe; never an argument, which other users of the
    machine and the shell's history would see."""
    if sys.stdin.isatty():
        return typer.prompt("Value to forget", hide_input=True)
    if not yes:
        raise ForgetError(
            "stdin", "a value, and nobody to ask", "a terminal, or `--yes`", "add `--yes`"
        )
    return sys.stdin.read().strip()
