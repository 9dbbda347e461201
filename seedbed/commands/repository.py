"""The state of the repository: its last run, the memo behind it, dvc.lock, frozen rows, a merge."""

import sys
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from seedbed.approaches import NAMES
from seedbed.commands.data import Yes
from seedbed.core.errors import RowsError, SeedbedError, reading, say
from seedbed.core.files import read_json
from seedbed.core.metrics import CHOICE, EVALUATE, METRICS, read_metrics
from seedbed.core.stage import PREDICTION_COSTS, last_costs
from seedbed.pages.document import interval
from seedbed.pipeline.dvc import PIPELINE, read_yaml
from seedbed.running.memo import MEMO, Store, clear, is_on, limit_bytes
from seedbed.scoring.metrics_files import (
    MACRO_F1,
    AnswerEvaluation,
    Choice,
    ModelCosts,
    Validation,
    read_evaluation,
    read_test,
    read_validation,
)

REPORT = Path("reports/report.md")
SHOWN = 3
COSTS = {
    "training s": "training_seconds",
    "tokens/s": "training_tokens_a_second",
    "peak MB": "peak_mb",
    "model MB": "model_mb",
    "predictions/s": "predictions_a_second",
}


def summary() -> None:
    """The last run in short: rows, suspects, scores, cost, and where the report is."""
    if not REPORT.exists():
        raise RowsError(str(REPORT), "no report yet", "a finished run", "run `dvc repro`")
    console, choice = _console(), read_metrics(CHOICE, Choice)
    if choice.measure == MACRO_F1:
        classes = {name: read_validation(name, EVALUATE) for name in NAMES}
        scores = _scores_table(classes)
        ran = {name: found.model for name, found in classes.items() if found}
    else:
        answers = {name: read_evaluation(name, "validation", EVALUATE) for name in NAMES}
        scores = _answer_scores_table(answers)
        ran = {name: found.model for name, found in answers.items() if found}
    console.print(_rows_table(), scores, _costs_table(ran), sep="\n")
    console.print(choice.why, highlight=False)
    console.print(f"Report: {REPORT}")


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 110)


def _rows_table() -> Table:
    stages = last_costs()
    table = Table("stage", "rows kept", "dropped, by reason", "seconds", "peak MB", box=None)
    for name in _stage_names():
        file = METRICS / f"{name}.json"
        cost = stages.get(name, {})
        spent = [str(cost.get(key, "")) for key in ("seconds", "peak_mb")]
        with reading(file):
            found: dict[str, Any] = read_json(file) if file.exists() else {}
            rows = found.get("rows", {})
            dropped = rows.get("dropped_by_reason", {})
            reasons = ", ".join(f"{n:,} {why}" for why, n in dropped.items())
            if "suspects" in found:
                reasons = ", ".join(filter(None, [reasons, f"{found['suspects']} suspects"]))
            table.add_row(name, f"{rows['kept']:,}" if rows else "", reasons, *spent)
    return table


def _stage_names() -> list[str]:
    """The stages in the order of dvc.yaml, finetune@full and the like for those with a matrix."""
    names = []
    for name, stage in read_yaml(PIPELINE)["stages"].items():
        items = stage["matrix"]["approach"] if "matrix" in stage else []
        names += [f"{name}@{item}" for item in items] or [name]
    return names


def _scores_table(validations: Mapping[str, Validation | None]) -> Table:
    table = Table("approach", "validation macro-F1", "test accuracy", "test macro-F1", box=None)
    for name, validation in validations.items():
        test = read_test(name, EVALUATE)
        if not validation or not test:
            table.add_row(name, "off", "", "")
            continue
        scores = (validation["macro_f1"], test["accuracy"], test["macro_f1"])
        table.add_row(name, *map(interval, scores))
    return table


def _answer_scores_table(validations: Mapping[str, AnswerEvaluation | None]) -> Table:
    """What counts as right on validation, and on test every metric that approaches are compared
    by; nothing where one writes without probabilities."""
    from seedbed.scoring.answers.metrics import ANSWER_METRICS, answer_metrics_in

    right = next((found.right for found in validations.values() if found), "token_f1")
    metrics = answer_metrics_in("approaches")
    titles = [f"validation {ANSWER_METRICS[right].title}"]
    table = Table("approach", *titles, *(f"test {one.title}" for one in metrics), box=None)
    for name, validation in validations.items():
        test = read_evaluation(name, "test", EVALUATE)
        if not validation or not test:
            table.add_row(name, "off")
            continue
        found = [test.estimates.get(one.name) for one in metrics]
        shown = (interval(one) if one else "" for one in found)
        table.add_row(name, interval(validation[right]), *shown)
    return table


def _costs_table(models: dict[str, ModelCosts]) -> Table:
    """What each approach cost on this machine; training counts its whole stage."""
    table = Table("approach", *COSTS, box=None)
    for name, cost in costs(models).items():
        table.add_row(name, *(f"{cost[key]:,}" if key in cost else "" for key in COSTS.values()))
    return table


def costs(models: dict[str, ModelCosts]) -> dict[str, dict[str, float]]:
    """Collect, by approach, what was measured on this machine.

    That is training seconds (of the whole stage, with start-up and validation), tokens per second
    in them, peak megabytes, the model's megabytes, and predictions per second.
    """
    stages, predicted = last_costs(), last_costs(PREDICTION_COSTS)
    result = {}
    for name, model in models.items():
        cost: dict[str, float] = {"model_mb": model.megabytes}
        if spent := stages.get(f"finetune@{name}"):
            cost |= {"training_seconds": spent["seconds"], "peak_mb": spent["peak_mb"]}
            if model.training_tokens and spent["seconds"]:
                rate = model.training_tokens / spent["seconds"]
                cost["training_tokens_a_second"] = round(rate)
        if (last := predicted.get(name)) and last["seconds"]:
            cost["predictions_a_second"] = round(last["rows"] / last["seconds"])
        result[name] = cost
    return result


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
    console = _console()
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


def resolve(
    no_run: Annotated[bool, typer.Option("--no-run", help="do not run `dvc repro`")] = False,
) -> None:
    """After `git merge`: both branches' sources, decisions and frozen rows, and a run on them."""
    from seedbed.merging import resolve as merging

    found = merging.resolve()
    for path in found.merged:
        say(f"{path}: merged, with what both branches added")
    for path in found.repaired:
        say(f"{path}: lines that the union had twice are taken out")
    if found.put_back:
        print(f"{found.put_back} files that stages write: put back to one side, to be made anew")
    if no_run:
        print("Now run `dvc repro`, `git add` what it changes, and commit.")
        return
    merging.rerun()
    if found.is_merging:
        print("Resolved and run. Look at `git diff --cached`, then `git commit`.")
    else:
        print("No merge is under way; the run is that of this folder. Commit what it changed.")


def check_lock(
    every: Annotated[bool, typer.Option("--all", help="all differences of a stage")] = False,
) -> None:
    """Whether dvc.lock is that of this code, these params and these files; needs no data.

    Exit code 0 where it is, 1 where a stage has to run again.
    """
    from seedbed.pipeline.freshness import freshness

    found = freshness()
    for stage, group in groupby(found.stale, key=lambda one: one.stage):
        whats = [one.what for one in group]
        shown = list(whats if every else whats[:SHOWN])
        if len(shown) < len(whats):
            shown.append(f"and {len(whats) - len(shown)} more (--all shows them)")
        say(*(f"{stage}: {what}" for what in shown))
    if found.stale:
        print(
            f"dvc.lock is not fresh: {len(found.names)} of {found.stages} stages, and what follows "
            "from them; run `dvc repro` and commit dvc.lock with what it changes"
        )
        raise typer.Exit(1)
    print(f"dvc.lock is fresh: {found.stages} stages, {found.compared:,} digests and params")


def reproduce(
    revision: Annotated[str, typer.Option(help="what to compare the run with")] = "HEAD",
) -> None:
    """Whether the last run gave what is committed: the same rows, and scores in their intervals.

    Exit code 0 where it did, 1 where it did not, 2 where the two cannot be compared.
    """
    from seedbed.pipeline.reproduction import reproduction

    try:
        found = reproduction(revision)
    except SeedbedError as error:
        print(f"not compared with the commit: {error}")
        raise typer.Exit(2) from None
    say(found.verdict, *found.details)
    raise typer.Exit(0 if found.is_reproduced else 1)


def scan(
    every: Annotated[
        bool, typer.Option("--all", help="every file in git, not what is staged")
    ] = False,
) -> None:
    """Whether what `git commit` would take holds secrets or, in data/, reports/ and params.yaml,
    personal data. Exit code 1 if it does. Values are never shown."""
    from seedbed.core.git import git_paths
    from seedbed.private.staged import ALLOW_MARK, ALLOWED, findings, staged

    paths = git_paths("ls-files", "-z") if every else staged()
    found = list(findings(paths))
    for one in found:
        say(f"{one.path}:{one.line}: {one.kind}")
    if found:
        print(
            f"{len(found):,} values that should not be in git: remove them, then `git add` the "
            f"file; where they are nobody's, write `{ALLOW_MARK}` in the line, or the path into "
            f"{ALLOWED}"
        )
        raise typer.Exit(1)
    print(f"{len(paths):,} files: no secrets and no personal data found")


def freeze(
    replace: Annotated[bool, typer.Option(help="remove rows that are no longer in test")] = False,
    yes: Yes = False,
) -> None:
    """Freeze the present test rows: they stay in test, and may not be lost or changed."""
    from seedbed.splitting.sides import plan_freeze, write_frozen

    planned = plan_freeze(replace)
    print("\n".join(planned.in_words))
    if planned.is_new:
        if not yes:
            typer.confirm("Freeze these rows?", abort=True)
        write_frozen(planned.rows)
        print("Written. Now run `dvc repro`, and commit data/frozen_test.csv with its results.")
