"""Mutated files through every reader, mutated params and other files of ours through theirs.

A reader gives rows, each of them usable, dropped or with a reason, or one paragraph (SeedbedError).
Batches run in a process of their own, whose memory and time end; what it was at when it died is
named. Most mutated params are one section, which its own model reads: a whole file takes twenty
times as long, and stops at the first of its sections that is wrong.
"""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil

from seedbed.pages.document import Table
from tests.trust import fuzz_talks
from tests.trust.fuzz_inputs import inputs, own_files, seeds
from tests.trust.outcome import Outcome

ROOT = Path(__file__).parents[2]
SECONDS, MEMORY = 10, 1 << 30  # of one input; more is a hang, or too much
BATCH = 2_500  # a process needs some seconds to load the libraries
PLANT = "pass"  # code that tests run before a batch
# At scale 1: files of rows, files of ours (params and the like), files of conversations.
INPUTS = {"files": 10_000, "ours": 10_000, "talks": 3_000}


# Columns of files of rows with sets of labels, by what precedes the ending of their kind.
SETS: dict[str, dict[str, str]] = {
    "sets": {},
    "listed": {},
    "flags": {"label": "topic_*"},
    "parts": {},
}


def read_source(kind: str, data: bytes) -> str:
    """Read a file as collect does. Raises what its readers raise."""
    from seedbed.collecting.collection import CollectParams, parse_source, read_all
    from seedbed.tasks import load

    path = Path("raw", "a", f"in.{kind}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    params = CollectParams(
        labels=[], max_row_chars=10**6, max_quarantine_share=1, max_classes=100, join_labels=True
    )
    entry: dict[str, object] = {"name": "s", "batch": "2026-01", "licence": "x", "kind": "file"}
    way = kind.partition(".")[0]
    task = load("labels" if way in SETS else "class")
    columns = {"id": "id", "date": "date"} | SETS.get(way, {})
    entry |= {"path": path.as_posix(), "columns": columns}
    if kind in ("txt", "html"):
        entry |= {"kind": "folder", "path": "raw", "pattern": f"*.{kind}", "columns": {}}
    try:
        rows, *_ = read_all([parse_source(entry)], params, task)
    finally:
        path.unlink()
    bad = sum(bool(row.reason) for row in rows)
    for row in rows:
        if not row.reason:
            assert row.text.strip(), "a row without text"
            assert row.label == task.label_of(task.members(row.label)), "a label of another form"
    return "all rows usable" if not bad else "rows and quarantine"


FILMS = "body,stars,length\nRain all day,pos,3\nSun at last,neg,4\nFog,?,5\nNothing,,\n"
FLAGS = "body,pos,neg\nRain all day,1,0\nSun at last,1,1\nFog,0,0\nNothing,2,\n"


def read_params_file(_: str, data: bytes) -> str:
    """Read the sections that a params.yaml has as stages and commands do; the file of a source that
    is there is read, too."""
    import seedbed.approaches as approaches
    from seedbed.collecting.collection import CollectParams, read_all, read_entries, read_sources
    from seedbed.core import params
    from seedbed.tasks import load
    from seedbed.tasks.named import read_task
    from seedbed.training.trainer import ApproachTrainer

    Path("params.yaml").write_bytes(data)
    there = set(re.findall(r"^(\w+):", data.decode("utf-8", "replace"), re.MULTILINE))
    models = section_models()
    for section in sorted(there & models.keys()) or ["collect"]:
        params.read_params(section, models[section])
    if "approaches" in there:
        for name in approaches.NAMES:
            ApproachTrainer(name)
    if "sources" not in there:
        return "read"
    sources = read_sources()
    Path("data/raw").mkdir(parents=True, exist_ok=True)
    Path("data/raw/films.csv").write_text(FILMS)
    Path("data/raw/flags.csv").write_text(FLAGS)
    task = read_task() if "task" in there else load("class")
    if any(source.kind == "file" for source in read_entries()):
        read_all(sources, params.read_params("collect", CollectParams), task)
    return "read"


@cache
def section_models() -> dict[str, Any]:
    """The typed model of each section but `sources` and `approaches`, which are read otherwise."""
    from seedbed.core.params import SECTIONS
    from seedbed.encoding.vectors import EncoderParams
    from seedbed.gate.verdict import GateParams
    from seedbed.making.negatives import NegativesParams
    from seedbed.tasks.named import TaskParams
    from seedbed.training.chat.bases import ChatParams
    from seedbed.training.models import SharedParams

    models: dict[str, Any] = {
        "encoder": EncoderParams,
        "engine": str,
        "chat": ChatParams,
        "gate": GateParams,
        "negatives": NegativesParams,
        "task": TaskParams,
        "training": SharedParams,
        "adapt": dict[str, Any],  # beside `training`, which it names what differs from
    }
    for section in set(SECTIONS) - models.keys() - {"sources", "approaches"}:
        models[section] = import_module(f"stages.{section}").Params
    return models


def read_decisions_file(_: str, data: bytes) -> str:
    """Read a folder of decisions."""
    from seedbed.core.decisions import read_decisions

    Path("decisions").mkdir(exist_ok=True)
    Path("decisions/ann.jsonl").write_bytes(data)
    read_decisions(Path("decisions"))
    return "read"


def read_tombstones_file(_: str, data: bytes) -> str:
    """Read tombstones."""
    from seedbed.collecting.raw_rows import read_tombstones

    Path("tombstones.csv").write_bytes(data)
    read_tombstones(Path("tombstones.csv"))
    return "read"


Reader = Callable[[str, bytes], str]
READERS: dict[str, Reader] = {
    "talks": fuzz_talks.read_talks,
    "params": read_params_file,
    "label map": read_params_file,
    "label map of sets": read_params_file,
    "decisions": read_decisions_file,
    "tombstones": read_tombstones_file,
}


SOUND = dict(READERS)


def reader_of(kind: str, readers: Mapping[str, Reader]) -> Reader:
    """The reader of a kind of input."""
    return readers.get("talks" if kind.startswith("talks ") else kind, read_source)


class HangError(BaseException):
    """An input that takes too long."""


def _alarm(*_: object) -> None:
    raise HangError


def run_batch(what: str, seed: int, first: int, end: int) -> None:
    """Read each input; print a line before, and its result after."""
    from seedbed.core.errors import SeedbedError

    sys.path.insert(0, str(ROOT / "tests"))
    process, most = psutil.Process(), resource.getrlimit(resource.RLIMIT_AS)[1]
    signal.signal(signal.SIGALRM, _alarm)
    sound = {"files": seeds, "ours": own_files, "talks": fuzz_talks.seeds}[what]()
    for kind, data in sound.items():
        with suppress(Exception):  # libraries are loaded
            reader_of(kind if what != "talks" else f"talks {kind}", SOUND)(kind, data)
    numbers = range(first, end)
    given = fuzz_talks.inputs(seed, numbers) if what == "talks" else inputs(what, seed, numbers)
    for number, kind, data in given:
        print(json.dumps([number, kind]), flush=True)
        # What libraries and inputs before have mapped is not of this one.
        resource.setrlimit(resource.RLIMIT_AS, (process.memory_info().vms + MEMORY, most))
        signal.alarm(SECONDS)
        try:
            result = reader_of(kind, READERS)(kind, data)
        except SeedbedError as error:
            result = "one paragraph" if len(str(error)) < 5_000 else "a long message"
        except HangError:
            result = f"more than {SECONDS} s"
        except BaseException as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(frame.filename).name} {frame.name}"
            result = f"TRACEBACK {type(error).__name__} {place}"
        signal.alarm(0)
        print(json.dumps(result), flush=True)


def found_in(what: str, seed: int, number: int) -> Iterator[tuple[int, str, str]]:
    """(number, kind, result) of the first inputs, a process a batch."""
    first = 0
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}",
        "MALLOC_ARENA_MAX": "2",
    }
    while first < number:
        end = min(number, first + BATCH)
        call = f"fuzz.run_batch({what!r}, {seed}, {first}, {end})"
        code = f"from tests.trust import fuzz; {PLANT}; {call}"
        command = [sys.executable, "-W", "ignore", "-c", code]
        with tempfile.TemporaryDirectory() as folder:
            try:
                done = subprocess.run(
                    command,
                    cwd=folder,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=BATCH * SECONDS,
                )
                output = done.stdout
            except subprocess.TimeoutExpired as error:
                output = (error.stdout or b"").decode()
        lines = [json.loads(line) for line in output.splitlines()]
        for (at, kind), result in zip(lines[::2], lines[1::2], strict=False):
            yield at, kind, result
        if len(lines) % 2:
            yield *lines[-1], "the process died"
        elif not lines:
            yield first, what, f"no input was read: {done.stderr[-300:]}"
            return
        first = lines[-1 - (1 - len(lines) % 2)][0] + 1


GOOD = ("all rows usable", "rows and quarantine", "read", "one paragraph")


def reported(what: str, seed: int, number: int) -> Iterator[tuple[str, str]]:
    """(kind, result) of each input; one that breaks a promise is printed at once."""
    for at, kind, result in found_in(what, seed, number):
        if result not in GOOD:
            print(f"fuzz: {what} {seed} {at} {kind}: {result}", file=sys.stderr, flush=True)
        yield kind, result


def measure(scale: float, seed: int) -> Outcome:
    """Read mutated inputs, as many as INPUTS says at scale 1."""
    numbers = {what: max(1, round(number * scale)) for what, number in INPUTS.items()}
    counts: dict[str, Counter[str]] = {}
    missed: Counter[str] = Counter()
    with ThreadPoolExecutor(len(numbers)) as pool:  # each a process
        results = pool.map(lambda one: list(reported(one[0], seed, one[1])), numbers.items())
    for kind, result in (pair for pairs in results for pair in pairs):
        counts.setdefault(kind, Counter())[result if result in GOOD else "missed"] += 1
        if result not in GOOD:
            missed[f"{kind}: {result}"] += 1
    header = ["kind of file", "inputs", *GOOD, "missed"]
    lines = [
        [kind, of.total(), *(of[name] for name in (*GOOD, "missed"))] for kind, of in counts.items()
    ]
    summary = (
        f"{numbers['files']:,} mutated files through the readers of sources, {numbers['ours']:,} "
        f"mutated params, label maps, decisions and tombstones, and {numbers['talks']:,} mutated "
        f"files of conversations (seed {seed}), each with {SECONDS} s and {MEMORY >> 30} GB at "
        "most. Of conversations rows are counted apart from the readers: each record of a file is "
        "at least one row, kept, dropped or in quarantine, and each answer one."
    )
    return Outcome(
        "Mutated files and params",
        summary,
        Table(header, lines),
        [f"{count} x {what}" for what, count in missed.items()],
    )
