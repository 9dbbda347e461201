"""The model in use: `seedbed predict`, `seedbed compare`, `seedbed promote`."""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from seedbed.core.errors import SeedbedError

BEST = Path("models/best")
Yes = Annotated[bool, typer.Option("--yes", help="do not ask")]


def end_by_verdict(work: Callable[[], int]) -> None:
    """End with the exit code that `work` gives, 2 where it fails: 1 says that a model is worse, and
    no mistake and no defect may look like that. Raises typer.Exit."""
    try:
        code = work()
    except SeedbedError as error:
        print(f"\nseedbed: {error}\n", file=sys.stderr)
        code = 2
    except Exception:
        traceback.print_exc()
        code = 2
    raise typer.Exit(code)


def predict(
    source: Annotated[Path, typer.Argument(metavar="IN", help="a table, as `add` takes it")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="CSV, TSV, JSONL or Parquet")],
    column: Annotated[str, typer.Option(help="the column that holds the text")] = "text",
    pair_column: Annotated[str, typer.Option(help="for a model of pairs: the second text")] = "",
    model: Annotated[Path, typer.Option(help="a folder that stage select wrote")] = BEST,
    prefix: Annotated[str, typer.Option(help="before the names of the new columns")] = "",
    chunk_rows: Annotated[int, typer.Option(min=1, help="rows in memory at a time")] = 2048,
) -> None:
    """Label the rows of a table: columns label, probability and, if the model can, out_of_scope."""
    from seedbed.serving.predicting import PredictColumns
    from seedbed.serving.predicting import predict as write_predictions

    counts, left_out = write_predictions(
        source, target, model, PredictColumns(column, pair_column, prefix), chunk_rows
    )
    others = {"out of scope": counts["out_of_scope"], "without text": counts["without_text"]}
    told = "".join(f", {number:,} {what}" for what, number in others.items() if number)
    print(f"{target}: {counts['rows']:,} rows{told}")
    if left_out:
        print(f"Rows that cannot be read are left out: {counts['left_out']:,}, the first of them:")
        print("\n".join(f"  {one}" for one in left_out))


def compare(
    base: Annotated[
        str, typer.Argument(help="a revision; the newest champion, else HEAD, if left out")
    ] = "",
    format: Annotated[
        Literal["text", "md", "json"], typer.Option(help="how it is printed")
    ] = "text",
    override: Annotated[bool, typer.Option("--override", help="let a failing model pass")] = False,
    who: Annotated[str, typer.Option(help="with --override: who lets it pass")] = "",
    why: Annotated[str, typer.Option(help="with --override: why")] = "",
) -> None:
    """Score the base's model and this one on the same test rows. Exit code: 0 pass, 1 fail, 2
    cannot be compared."""

    def compared() -> int:
        from seedbed.gate import page
        from seedbed.gate.compare import compare as gate_compare
        from seedbed.gate.compare import with_override

        found = gate_compare(base)
        if override:
            found = with_override(found, who, why)
        show = {"text": page.text, "md": page.as_markdown, "json": page.as_json}
        print(show[format](found))
        return found.exit_code

    end_by_verdict(compared)


def promote(
    yes: Yes = False,
    uncompared: Annotated[
        str, typer.Option(help="why a model that cannot be compared with the champion may follow")
    ] = "",
) -> None:
    """Tag this commit's data and model together as champion@vN.0.0, if the gate lets it pass."""
    from seedbed.gate.promotion import FIRST, carry_out, plan

    found = plan(uncompared)
    print(found.message)
    if found.tag == FIRST:
        print("No champion is known here. If there is one elsewhere, `git fetch --tags` first.")
    if not yes:
        typer.confirm(f"Tag {found.commit[:7]} so?", abort=True)
    carry_out(found)
    tag = found.tag
    print(f"Tagged. Now `dvc push` and `git push origin {tag}`; who has the repository gets the")
    print(f"model by `dvc artifacts get . champion --rev {tag.partition('@')[2]}`.")
