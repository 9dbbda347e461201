"""Rows in and out, decisions on them, predictions for others: add, forget, review, predict."""

import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from seedbed.core.errors import SeedbedError, say
from seedbed.core.files import BEST

if TYPE_CHECKING:  # `--help` needs no pandas
    from seedbed.arrivals.entry import Asked, Negative
    from seedbed.collecting.table_forms import TableForm

Said = Annotated[str, typer.Option()]
Left = Annotated[str | None, typer.Option(help='"": none')]
# How a table is written, for every command that reads one. What is not said is found.
Separator = Annotated[str, typer.Option(help="of CSV; tab for a tab")]
Quote = Annotated[str | None, typer.Option(help='of CSV; "": quotes are characters')]
Escape = Annotated[str | None, typer.Option(help="of CSV: the sign before a quote in a cell")]
Header = Annotated[
    bool | None, typer.Option("--header/--no-header", help="whether CSV begins with its columns")
]
LabelSeparator = Annotated[
    str | None, typer.Option(help='of labels in a cell; "": one name a cell')
]
Renamed = Annotated[list[str] | None, typer.Option("--map", help="OLD=NEW, or OLD= to drop it")]
TABS = {"tab": "\t", r"\t": "\t"}
Encoding = Annotated[str, typer.Option(help="of the text")]
Sheet = Annotated[str, typer.Option(help="of a workbook")]
Yes = Annotated[bool, typer.Option("--yes", help="do not ask")]


def add(
    file: Annotated[str, typer.Argument(help="a table, or a folder of texts")] = "",
    url: Annotated[str, typer.Option(help="fetched by DVC instead; `dvc update` renews it")] = "",
    source: Annotated[str, typer.Option(help="its name, part of its rows' ids for good")] = "",
    batch: Annotated[str, typer.Option(help="of this arrival; else DATE-SOURCE")] = "",
    date: Annotated[str, typer.Option(help="YYYY-MM-DD, of rows without a date")] = "",
    licence: Annotated[str, typer.Option(help="what the texts may be used for")] = "",
    text_column: Said = "",
    text_pair_column: Left = None,
    answer_column: Left = None,
    messages_column: Left = None,
    context_column: Left = None,
    label_column: Said = "",
    id_column: Left = None,
    date_column: Left = None,
    date_format: Annotated[str, typer.Option(help="day_first, epoch ..., or strptime's")] = "",
    group_column: Left = None,
    meta_column: Annotated[list[str] | None, typer.Option(help="kept as it is; repeat it")] = None,
    label: Annotated[str, typer.Option(help="one class for every row")] = "",
    label_separator: LabelSeparator = None,
    empty_label: Annotated[str, typer.Option(help="none or missing: what an empty set is")] = "",
    map_: Renamed = None,
    new_label: Annotated[list[str] | None, typer.Option(help="a label that is a new class")] = None,
    negative: Annotated[str, typer.Option(help="in_domain or general: no class is right")] = "",
    unlabelled: Annotated[bool, typer.Option("--unlabelled", help="rows without labels")] = False,
    separator: Separator = "",
    quote: Quote = None,
    escape: Escape = None,
    header: Header = None,
    encoding: Encoding = "",
    sheet: Sheet = "",
    pattern: Annotated[str, typer.Option(help="which files of a folder are rows")] = "",
    outside: Annotated[bool, typer.Option("--outside", help="data/raw may be elsewhere")] = False,
    yes: Yes = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="tell, and change nothing")] = False,
) -> None:
    """Add a batch: check it, show what it would change, copy, track and register it."""
    from seedbed.arrivals import adding, entry

    if bool(file) == bool(url):
        raise typer.BadParameter("a FILE or a --url, one of both")
    _check_one_of("--negative", negative, "in_domain", "general")
    _check_one_of("--empty-label", empty_label, "none", "missing")
    columns = {
        "text": text_column or None, "text_pair": text_pair_column, "label": label_column or None,
        "id": id_column, "date": date_column, "group": group_column, "answer": answer_column,
        "messages": messages_column, "context": context_column,
    }  # fmt: skip
    with adding.alone(), adding.fetched(file or url, bool(url)) as path:
        if adding.undo():
            print("An addition that was cut off has been undone.")
        asked = entry.Asked(
            str(path), source, batch, date, licence,
            {field: name for field, name in columns.items() if name is not None},
            tuple(meta_column or ()), label, label_separator, empty_label, _mapped(map_ or []),
            tuple(new_label or ()), cast("Negative", negative), unlabelled,
            table_form(encoding, separator, quote, escape, header, sheet), pattern, date_format,
            bool(url), outside or _may_be_outside(yes or dry_run),
        )  # fmt: skip
        _carry_out(asked, adding.as_dvc_says(url), yes, dry_run)


def _check_one_of(option: str, value: str, *allowed: str) -> None:
    if value and value not in allowed:
        raise typer.BadParameter(f"{option} is {' or '.join(allowed)}")


def table_form(
    encoding: str,
    separator: str,
    quote: str | None,
    escape: str | None,
    header: bool | None,
    sheet: str,
) -> "TableForm":
    """Return what the options say of a table. Raises BadParameter."""
    from seedbed.collecting.table_forms import TableForm
    from seedbed.collecting.text_files import is_encoding

    separator = TABS.get(separator, separator)
    for name, sign in {"separator": separator, "quote": quote, "escape": escape}.items():
        if len(sign or "") > 1:
            raise typer.BadParameter(f"--{name} {sign}: one character")
    if encoding and not is_encoding(encoding):
        raise typer.BadParameter(f"--encoding {encoding}: no encoding that Python has for texts")
    return TableForm(encoding, separator, quote, escape, header, sheet)


def _may_be_outside(nobody_to_ask: bool) -> bool:
    """Whether rows may be stored elsewhere, which is asked where data/raw is a link out of here."""
    from seedbed.arrivals.entry import RAW
    from seedbed.core.files import is_inside

    if is_inside(RAW):
        return False
    if nobody_to_ask or not sys.stdin.isatty():
        raise SeedbedError(
            str(RAW), f"a link out of the repository, to {RAW.resolve()}", "a folder in it",
            "add `--outside` if that is meant: the entry gets `outside: true`",
        )  # fmt: skip
    return typer.confirm(f"{RAW} is {RAW.resolve()}, outside. Read it from there?", abort=True)


def _mapped(pairs: list[str]) -> dict[str, str | None]:
    from seedbed.core.labels import read_map

    labels: dict[str, str | None] = {}
    for pair in pairs:
        if (found := read_map(unicodedata.normalize("NFC", pair))) is None:
            raise typer.BadParameter(f"--map {pair}: OLD=NEW, or OLD= to drop its rows")
        labels[found[0]] = found[1] or None
    return labels


def _carry_out(asked: "Asked", url: str, yes: bool, dry_run: bool) -> None:
    """Tell, ask, and put it in. `url`: as DVC takes it; "" for a path on this machine."""
    from datetime import date

    from seedbed.arrivals import adding
    from seedbed.arrivals.plan import plan
    from seedbed.arrivals.telling import told
    from seedbed.collecting.text_files import is_workbook
    from seedbed.core.files import read_text, sha256_of

    found = plan(asked, date.today().isoformat())
    say(*told(found))
    if dry_run:
        print("Nothing was changed (--dry-run).")
        return
    if not yes:
        typer.confirm("Add this batch?", abort=True)
    path, target = Path(asked.path), Path(found.source.path)
    is_sheet = path.is_file() and is_workbook(path)
    adding.add(
        url or (adding.sheet_as_csv(path, asked.form.sheet) if is_sheet else path),
        target,
        adding.with_source(read_text(adding.PARAMS), found.entry),
        adding.with_dep(read_text(adding.PIPELINE), found.source.path),
        sha256_of(path) if path.is_file() else "",
    )
    say(*adding.told_after(target))


def forget(
    row_id: Annotated[str, typer.Option("--id", help="forget this row, not a value")] = "",
    purge: Annotated[
        bool, typer.Option(help="delete old versions in DVC's cache, remotes")
    ] = False,
    inside: Annotated[
        bool, typer.Option("--inside", help="also where the value is part of a longer word")
    ] = False,
    yes: Yes = False,
) -> None:
    """Forget one person or row everywhere. The value is asked for, or read from stdin."""
    from seedbed.forgetting.dvc_stores import check_purged, check_within_reach
    from seedbed.forgetting.forget import (
        carry_out,
        nothing_whole,
        plan,
        told,
        told_after,
        told_of_doubt,
    )

    value = "" if row_id else _value(yes)
    found = plan(value, row_id, inside)
    if doubt := told_of_doubt(found):
        say(*doubt)
        if not yes and typer.confirm("Forget these rows, too?"):
            found = plan(value, row_id, inside=True)
        elif found.changes_nothing():
            raise nothing_whole(found)
        else:
            print("These are left; `--inside` forgets them, too.")
    say(*told(found, purge))
    if purge:
        check_within_reach(found.remotes)
    if not yes:
        typer.confirm("Forget this?", abort=True)
    failed = carry_out(found, purge)
    say(*told_after(found))
    if purge:
        check_purged(found.remotes, failed)


def _value(yes: bool) -> str:
    """From a prompt that does not show it, or a pipe; never an argument, which other users of the
    machine and the shell's history would see."""
    if sys.stdin.isatty():
        return typer.prompt("Value to forget", hide_input=True)
    if not yes:
        raise SeedbedError(
            "stdin", "a value, and nobody to ask", "a terminal, or `--yes`", "add `--yes`"
        )
    return sys.stdin.read().strip()


def review(
    terminal: Annotated[bool, typer.Option(help="review here, not on a web page")] = False,
    queue: Annotated[str, typer.Option(help="which queue, with --terminal or --export")] = "",
    who: Annotated[str, typer.Option(help="who decides; else git's user.name")] = "",
    port: Annotated[int, typer.Option(help="of the web page, on this machine only")] = 8501,
    status: Annotated[bool, typer.Option(help="how far review is, and what is void")] = False,
    export: Annotated[Path | None, typer.Option(help="write a queue as CSV")] = None,
    import_: Annotated[
        Path | None, typer.Option("--import", help="take decisions out of a filled-in table")
    ] = None,
    separator: Separator = "",
    quote: Quote = None,
    escape: Escape = None,
    encoding: Encoding = "",
    sheet: Sheet = "",
) -> None:
    """Decide on doubted labels: on a local web page, here on the terminal, or in a CSV file."""
    from seedbed.reviewing.queues import queue_named, read_workspace
    from seedbed.reviewing.session import Session, append

    asked = [terminal, status, export is not None, import_ is not None]
    if sum(asked) > 1:
        raise typer.BadParameter("one of --terminal, --status, --export, --import at a time")
    name = queue or "suspects"
    if status:
        from seedbed.reviewing.status import status as told

        say(*told(read_workspace()))
    elif export:
        from seedbed.reviewing.csv_exchange import export as write_queue

        workspace = read_workspace()
        number = write_queue(queue_named(workspace, name), workspace, export)
        print(
            f"{export}: {number:,} rows of the queue {name}, with their texts: keep the file out "
            "of git. Fill in `decided`, then run `seedbed review --import FILE --who NAME`."
        )
    elif import_:
        from seedbed.reviewing.csv_exchange import read_back

        person = _person(who)
        form = table_form(encoding, separator, quote, escape, None, sheet)
        decisions = read_back(import_, person, read_workspace(), form)
        for decision in decisions:
            append(decision)
        print(
            f"{len(decisions):,} decisions of {person} taken. Now run `dvc repro`, and commit them."
        )
    elif terminal:
        from seedbed.reviewing.terminal import open_terminal

        person, workspace = _person(who), read_workspace()
        open_terminal(Session(workspace, queue_named(workspace, name), person))
    else:
        from seedbed.review_page.opening import open_page

        open_page(_person(who), port)


def _person(who: str) -> str:
    from seedbed.reviewing.session import checked_who, default_who

    return checked_who(who) if who else default_who()


def predict(
    source: Annotated[Path, typer.Argument(metavar="IN", help="a table, as `add` takes it")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="CSV, TSV, JSONL or Parquet")],
    column: Annotated[
        str, typer.Option(help="of the texts, else text; of questions or messages, else as found")
    ] = "",
    pair_column: Annotated[str, typer.Option(help="for a model of pairs: the second text")] = "",
    model: Annotated[Path, typer.Option(help="a folder that stage select wrote")] = BEST,
    prefix: Annotated[str, typer.Option(help="before the names of the new columns")] = "",
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="add the probability of each class or label")
    ] = False,
    separator: Separator = "",
    quote: Quote = None,
    escape: Escape = None,
    header: Header = None,
    encoding: Encoding = "",
    sheet: Sheet = "",
    chunk_rows: Annotated[int, typer.Option(min=1, help="rows in memory at a time")] = 2048,
    max_new_tokens: Annotated[
        int, typer.Option(min=0, max=10**6, help="of an answer; 0: as the model was evaluated")
    ] = 0,
    stream: Annotated[
        bool, typer.Option("--stream", help="print each answer here while it is written, too")
    ] = False,
) -> None:
    """Label the rows of a table (columns label, probability, out_of_scope), or answer the last
    question of each conversation of a file (answer, ended); reason says why a row has neither."""
    from seedbed.serving.answering import AnswerOptions, answer, printed
    from seedbed.serving.model_folder import check_options, holds_answers
    from seedbed.serving.predicting import PredictColumns, predict as write_predictions

    form = table_form(encoding, separator, quote, escape, header, sheet)
    if holds_answers(model):
        unfit = {"--pair-column": pair_column, "--probabilities": probabilities}
        check_options(model, "answers", unfit)
        options = AnswerOptions(column, prefix, max_new_tokens, printed if stream else None)
        say(*answer(source, target, model, options, form, chunk_rows).in_words(target, prefix))
        return
    check_options(model, "labels", {"--max-new-tokens": max_new_tokens, "--stream": stream})
    columns = PredictColumns(column or "text", pair_column, prefix, probabilities)
    done = write_predictions(source, target, model, columns, form, chunk_rows)
    say(*done.in_words(target, prefix))
