"""`seedbed predict`: a table labelled by the model in use."""

from pathlib import Path
from typing import Annotated

import typer

BEST = Path("models/best")


def predict(
    source: Annotated[Path, typer.Argument(metavar="IN", help="a table: CSV, TSV, JSONL, Parquet")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="what is written, likewise")],
    column: Annotated[str, typer.Option(help="the column that holds the text")] = "text",
    pair_column: Annotated[str, typer.Option(help="for a model of pairs: the second text")] = "",
    model: Annotated[Path, typer.Option(help="a folder that stage select wrote")] = BEST,
    prefix: Annotated[str, typer.Option(help="before the names of the new columns")] = "",
    chunk_rows: Annotated[int, typer.Option(min=1, help="rows in memory at a time")] = 2048,
) -> None:
    """Label the rows of a table: columns label, probability and, if the model can, out_of_scope."""
    from seedbed.serving.predicting import PredictColumns
    from seedbed.serving.predicting import predict as write_predictions

    counts = write_predictions(
        source, target, model, PredictColumns(column, pair_column, prefix), chunk_rows
    )
    others = {"out of scope": counts["out_of_scope"], "without text": counts["without_text"]}
    told = "".join(f", {number:,} {what}" for what, number in others.items() if number)
    print(f"{target}: {counts['rows']:,} rows{told}")
