"""The stages of the pipeline, and how one runs: errors as one paragraph, costs, progress.

STAGES is the one list of them, in order: sections of params.yaml, the chain of rows in the report,
the graph, the reference and tests are made from it. dvc.yaml wires the same stages, and a test
compares.

No stage output contains a clock reading. The cost of a stage goes to `.seedbed/costs.jsonl`, the
speed of a model's predictions to `.seedbed/prediction_costs.jsonl`; `seedbed summary` shows both.
Warnings of libraries go to `.seedbed/warnings.jsonl`. None of them is in git or DVC.
"""

import gc
import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from seedbed.core.errors import SeedbedError, of_the_machine, say
from seedbed.core.stage_options import EndOfShare, forget_shares, without_options

COSTS = Path(".seedbed/costs.jsonl")
PREDICTION_COSTS = Path(".seedbed/prediction_costs.jsonl")
WARNINGS = Path(".seedbed/warnings.jsonl")

Item = TypeVar("Item")
Main = TypeVar("Main", bound=Callable[..., str])


class StageEntry(NamedTuple):
    """A stage of the pipeline."""

    name: str  # of the script in stages/, in dvc.yaml, and of the section in params.yaml
    about: str  # one sentence: what it does
    passes_rows: bool = False  # part of the chain in which each stage reads what the last one kept
    has_section: bool = True  # whether params.yaml has a section of its name
    has_metrics: bool = True  # whether it writes reports/metrics/NAME.json


STAGES = (
    StageEntry("collect", "Read all sources into rows.", passes_rows=True),
    StageEntry("clean", "Clean the texts, and drop those not worth keeping.", passes_rows=True),
    StageEntry("anonymize", "Replace personal values in the texts.", passes_rows=True),
    StageEntry("apply_decisions", "Apply people's decisions to the labels.", passes_rows=True),
    StageEntry("deduplicate", "Drop exact and near copies.", passes_rows=True),
    StageEntry("split", "Split the rows, and prove that nothing leaks.", passes_rows=True),
    StageEntry("embed", "Compute a vector for each text.", has_section=False),
    StageEntry("cv", "Cross-validate approaches on the folds."),
    StageEntry("find_label_errors", "Rank suspected label errors.", passes_rows=True),
    StageEntry("augment", "Make more train rows, and negatives.", passes_rows=True),
    StageEntry("balance", "Balance classes by caps and weights.", passes_rows=True),
    StageEntry("ablate", "Measure the gain of augmentation, negatives and balancing."),
    StageEntry("learning_curve", "Estimate the gain of more rows."),
    StageEntry("tokenize", "Turn texts into token ids.", passes_rows=True, has_section=False),
    StageEntry("adapt", "Adapt the encoder to unlabelled texts."),
    StageEntry("finetune", "Fine-tune a model by one approach.", has_metrics=False),
    StageEntry("evaluate", "Score the models of one approach.", has_metrics=False),
    StageEntry(
        "select", "Choose the best model on validation.", has_section=False, has_metrics=False
    ),
    StageEntry("prioritize", "List the rows to label next.", has_metrics=False),
    StageEntry("report", "Write the report.", has_section=False, has_metrics=False),
    StageEntry(
        "cards", "Write the cards of dataset and model.", has_section=False, has_metrics=False
    ),
)
STAGE_NAMES = tuple(stage.name for stage in STAGES)
ROW_STAGES = tuple(stage.name for stage in STAGES if stage.passes_rows)
METRIC_STAGES = tuple(stage.name for stage in STAGES if stage.has_metrics)
# What all processes meet the main one reports; its end ends the others within these seconds.
SPOKEN = 3
TOGETHER = ("finetune", "evaluate")  # stages that several processes can run together


def script(main: Main) -> Main:
    """Run `main` if its module is what `python -m stages.NAME [APPROACH] [OPTIONS]` started, else
    nothing. seedbed/core/stage_options.py has the options.

    It has to be the last function of the module: what is below it does not exist when it runs.
    """
    if main.__module__ == "__main__":
        name = Path(sys.argv[0]).stem
        try:
            arguments = without_options(sys.argv[1:])
        except SeedbedError as error:
            sys.exit(f"\nseedbed: {name}: {error}\n")
        run("@".join([name, *arguments]), lambda: main(*arguments))
    return main


def launched() -> int:
    """Return how many processes a launcher such as `accelerate launch` started together."""
    return int(os.environ.get("WORLD_SIZE") or 1)


def rank() -> int:
    """Return which of these this process is: 0 is the main one, which alone writes and reports."""
    return int(os.environ.get("RANK") or 0) if launched() > 1 else 0


def _check_launched(name: str) -> None:
    if launched() > 1 and name.partition("@")[0] not in TOGETHER:
        expected = f"one process (several can run only {' and '.join(TOGETHER)})"
        step = f"start it without `accelerate launch`: python -m stages.{name.replace('@', ' ')}"
        raise SeedbedError("accelerate launch", f"{launched()} processes", expected, step)


def run(name: str, main: Callable[[], str]) -> None:
    """Run a stage's `main`, which returns one line on what it did.

    Exit with 1 and one paragraph on a SeedbedError; any other error keeps its traceback.
    """
    import psutil  # which those who read the table of stages need not load

    gc.freeze()
    gc.enable()
    os.environ.setdefault("PYTHONWARNINGS", "ignore")  # of processes that libraries start
    try:
        _check_launched(name)
        with warnings.catch_warnings(record=True) as caught:
            line = main()
        forget_shares()
    except EndOfShare as end:
        say(f"{name}: {end}; nothing of its outputs was written")
        return
    except Exception as error:
        told = error if isinstance(error, SeedbedError) else of_the_machine(error)
        if told is None:
            raise
        which = f" (process {rank()} of {launched()})" if rank() else ""
        time.sleep(SPOKEN if rank() else 0)
        print(f"\nseedbed: {name}{which}: {told}\n", file=sys.stderr)
        sys.exit(1)
    finally:
        gc.freeze()  # or the interpreter walks every object of torch once more before it ends
    if rank():
        return
    _note_warnings(name, caught)
    seconds = time.time() - psutil.Process().create_time()  # imports are part of the cost
    usage = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    megabytes = usage / (2**20 if sys.platform == "darwin" else 2**10)
    several = {"processes": launched()} if launched() > 1 else {}
    _note(COSTS, stage=name, seconds=round(seconds, 1), peak_mb=round(megabytes), **several)
    spent = f"{seconds:.1f} s, {megabytes:,.0f} MB"
    say(f"{name}: {line} ({spent}{f' in each of {launched()} processes' if several else ''})")


def _note_warnings(stage: str, caught: list[warnings.WarningMessage]) -> None:
    """Note what libraries warned of, which is meant for those who call them; print a count."""
    kinds = {(one.category.__name__, str(one.message), one.filename) for one in caught}
    for category, message, file in sorted(kinds):
        _note(WARNINGS, stage=stage, category=category, message=message, module=file)
    if kinds:
        few = (
            "a warning of a library is"
            if len(kinds) == 1
            else f"{len(kinds)} warnings of libraries are"
        )
        print(f"{stage}: {few} in {WARNINGS}", file=sys.stderr)


def note_predictions(approach: str, rows: int, tokens: int, seconds: float) -> None:
    """Note how long a loaded model took for these rows."""
    seconds = round(seconds, 3)
    _note(PREDICTION_COSTS, approach=approach, rows=rows, tokens=tokens, seconds=seconds)


def _note(file: Path, **cost: str | float) -> None:
    """Add a line; a disk that does not take it ends no stage whose outputs are whole."""
    if rank():
        return
    try:
        file.parent.mkdir(exist_ok=True)
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(cost) + "\n")
    except OSError as error:
        print(f"seedbed: {file}: {error.strerror}; this line is left out", file=sys.stderr)


def last_costs(file: Path = COSTS) -> dict[str, dict[str, float]]:
    """Return the last cost of each stage on this machine, seconds and peak megabytes; or, of
    PREDICTION_COSTS, that of each approach's model: rows, tokens and seconds."""
    if not file.exists():
        return {}
    lines = {}
    for text in file.read_text(encoding="utf-8", errors="replace").split("\n"):
        with suppress(ValueError):  # a run that was killed left half a line
            line = json.loads(text)
            lines[next(iter(line.values()))] = line
    return lines


def progress(items: Iterable[Item], label: str, total: int | None = None) -> Iterator[Item]:
    """Yield the items; on a terminal show a bar with the count and the time left.

    An empty label shows no bar, for work inside that of another bar.
    """
    if not label or rank() or not sys.stderr.isatty():
        yield from items
        return
    from rich import progress as bars
    from rich.console import Console

    columns = (
        bars.TextColumn(label),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield from bar.track(items, total=total)
