"""Mutated files through every reader, mutated params and other files of ours through theirs.

A reader gives rows, each of them usable, dropped or with a reason, or one paragraph (SeedbedError).
Batches run in a process of their own, whose memory and time end; what it was at when it died is
named. Most mutated params are one section, which its own model reads: a whole file takes twenty
times as long, and stops at the first of its sections that is wrong.
"""

import bz2
import gzip
import io
import json
import lzma
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil

from seedbed.pages.document import Table
from tests.trust.outcome import Outcome

ROOT = Path(__file__).parents[2]
SECONDS, MEMORY = 10, 1 << 30  # of one input; more is a hang, or too much
BATCH = 2_500  # a process needs some seconds to load the libraries
WHOLE_PARAMS_EVERY = 20
PLANT = "pass"  # code that tests run before a batch
INPUTS = 10_000  # of each of the two kinds, at scale 1
TEXTS = ("süß und gut", 'no, thanks; "bad" one', "今日は雨です", "line\nbreak", "=1+1", "a\tb", "")
ROWS = [
    {"id": str(n), "text": TEXTS[n % 7] + f" {n}", "label": "ab"[n % 2], "date": f"2026-01-{n:02}"}
    for n in range(1, 20)
]
OUTSIDE = [
    "0",
    "7",
    "0.3",
    "word",
    "[word]",
    "false",
    "2026-13-01",
    "true",
    "null",
    "~",
    "[a, b]",
    "{a: b}",
    "9" * 5_000,
    "0x" + "f" * 9_000,
    "-1",
    ".nan",
    ".inf",
    "1e400",
    "'" + "x" * 30_000 + "'",
    '"\\0"',
    '"\\ud800"',
    "!!binary aGk=",
    "!!set {a}",
    "*a",
    "&a [*a]",
    "../../etc/passwd",
    "/dev/zero",
    "rot13",
    "punycode",
    "2147483648",
    "''",
    "{? [a] : b}",
    "18446744073709551616",
    "-0.5",
    "!!python/object:os.system x",
    "[" * 300,
    "|\n  text",
    "<<",
    "%d %d",
]
ODD_JSON = (
    None,
    True,
    -1,
    10**30,
    1e308,
    [],
    {},
    [[[]]],
    {"a": {"b": 1}},
    "\u2028",
    "\ud800",
    "\0",
)


def _csv(separator: str) -> bytes:
    import csv

    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(ROWS[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(ROWS)
    return buffer.getvalue().encode()


def _parquet(compression: str) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    days = [date(2026, 1, row % 28 + 1) for row in range(len(ROWS))]
    columns = {
        "when": pa.array(days),
        "at": pa.array([datetime(2026, 1, 1)] * len(ROWS)),
        "long": pa.array([timedelta(1)] * len(ROWS)),
        "money": pa.array([Decimal("1.5")] * len(ROWS)),
        "bytes": pa.array([b"\xff"] * len(ROWS), pa.large_binary()),
        "list": pa.array([["a"]] * len(ROWS)),
        "class": pa.array(["a"] * len(ROWS)).dictionary_encode(),
    }
    buffer = io.BytesIO()
    table = pa.table({name: [row[name] for row in ROWS] for name in ROWS[0]} | columns)
    pq.write_table(table, buffer, compression=compression)
    return buffer.getvalue()


def _xlsx() -> bytes:
    from workbooks import xlsx

    return xlsx(rows=[list(ROWS[0]), *(list(row.values()) for row in ROWS)])


def _zip(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.csv", data)
    return buffer.getvalue()


def seeds() -> dict[str, bytes]:
    """A sound file of every kind that a source reads, by its ending."""
    plain = _csv(",")
    lines = "\n".join(map(json.dumps, ROWS)).encode()
    return {
        "csv": plain,
        "tsv": _csv("\t"),
        "semicolon.csv": _csv(";"),
        "utf16.csv": plain.decode().encode("utf-16"),
        "latin.csv": plain.decode().encode("latin-1", "ignore"),
        "jsonl": lines,
        "json": json.dumps(ROWS).encode(),
        "columns.json": json.dumps({"data": ROWS}).encode(),
        "parquet": _parquet("snappy"),
        "zstd.parquet": _parquet("zstd"),
        "xlsx": _xlsx(),
        "csv.gz": gzip.compress(plain, mtime=0),
        "csv.xz": lzma.compress(plain),
        "csv.bz2": bz2.compress(plain),
        "csv.zip": _zip(plain),
        "jsonl.gz": gzip.compress(lines, mtime=0),
        "txt": "süß und gut".encode(),
        "html": b"<!doctype html><html><body><table><tr><td>text</td></tr></table></body></html>",
    }


ODD_BYTES = (
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b'"',
    b"\\",
    b"\r",
    b"\n\n",
    b"\xe2\x80\xa8",
    b"[" * 2_000,
    b"{" * 2_000,
    b"9" * 5_000,
    b"1e400",
    b"NaN",
    b"\\ud800",
    b"\x1f\x8b\x08",
    b"PK\x03\x04",
    b"PAR1",
    b",",
    b"\t",
    b";",
    b"'",
    b"x" * 200_000,
    b"\xed\xa0\x80",
    b"-Infinity",
    b'"text":',
    b"=HYPERLINK(1)",
    b"\x1b[31m",
)


def mutated(data: bytes, draw: random.Random) -> bytes:
    """Some bytes changed, cut, doubled, put in or swapped."""
    result = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 3, 8))):
        start = draw.randrange(len(result) + 1)
        end = min(len(result), start + draw.choice((1, 2, 8, 64, 512)))
        way = draw.randrange(7)
        if way == 0 and result:
            result[min(start, len(result) - 1)] ^= 1 << draw.randrange(8)
        elif way == 1:
            del result[start:end]
        elif way == 2:
            result[start:start] = result[start:end] * draw.choice((1, 2, 50))
        elif way == 3:
            result[start:start] = draw.choice(ODD_BYTES)
        elif way == 4:
            result[start:end] = draw.randbytes(end - start)
        elif way == 5:
            del result[start:]
        else:
            result[start:end] = bytes(end - start)
    return bytes(result)


def read_source(kind: str, data: bytes) -> str:
    """Read a file as collect does. Raises what its readers raise."""
    from seedbed.collecting.collection import CollectParams, parse_source, read_all

    path = Path("raw", "a", f"in.{kind}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    params = CollectParams(
        labels=[], max_row_chars=10**6, max_quarantine_share=1, max_classes=100, join_labels=True
    )
    entry: dict[str, object] = {"name": "s", "batch": "2026-01", "licence": "x", "kind": "file"}
    entry |= {"path": path.as_posix(), "columns": {"id": "id", "date": "date"}}
    if kind in ("txt", "html"):
        entry |= {"kind": "folder", "path": "raw", "pattern": f"*.{kind}", "columns": {}}
    try:
        rows, *_ = read_all([parse_source(entry)], params)
    finally:
        path.unlink()
    bad = sum(bool(row.reason) for row in rows)
    assert all(row.text.strip() for row in rows if not row.reason), "a row without text"
    return "all rows usable" if not bad else "rows and quarantine"


def mutated_line(text: str, draw: random.Random) -> str:
    """A file of ours with values of some lines replaced, or mutated as bytes are."""
    if draw.random() < 0.3:
        return mutated(text.encode(), draw).decode("utf-8", "surrogateescape")
    lines = text.split("\n")
    for _ in range(draw.choice((1, 1, 1, 2))):
        number = draw.randrange(len(lines))
        lines[number] = _other_value(lines[number], draw)
    return "\n".join(lines)


def _other_value(line: str, draw: random.Random) -> str:
    """A line of JSON, YAML or CSV with another value in one place."""
    other = draw.choice(OUTSIDE)
    if line.startswith('{"id": ') and line.endswith("}"):  # not what has replaced it
        values = json.loads(line)
        return json.dumps(values | {draw.choice(list(values)): draw.choice((other, *ODD_JSON))})
    key, colon, _ = line.partition(":")
    if colon:
        return f"{key}{colon} {other}"
    cells = line.split(",")
    cells[draw.randrange(len(cells))] = other
    return ",".join(cells)


def read_params_file(_: str, data: bytes) -> str:
    """Read the sections that a params.yaml has as stages and commands do; the file of a source that
    is there is read, too."""
    import seedbed.approaches as approaches
    from seedbed.collecting.collection import CollectParams, read_all, read_entries, read_sources
    from seedbed.core import params
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
    if any(source.kind == "file" for source in read_entries()):
        read_all(sources, params.read_params("collect", CollectParams))
    return "read"


@cache
def section_models() -> dict[str, Any]:
    """The typed model of each section but `sources` and `approaches`, which are read otherwise."""
    from seedbed.core.params import SECTIONS
    from seedbed.encoding.vectors import EncoderParams
    from seedbed.gate.verdict import GateParams
    from seedbed.making.negatives import NegativesParams
    from seedbed.tasks.named import TaskParams
    from seedbed.training.models import SharedParams

    models: dict[str, Any] = {
        "encoder": EncoderParams,
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


DECISION = {
    "id": "0123456789abcdef",
    "digest": "0123456789abcdef",
    "given": "a",
    "decided": "b",
    "who": "ann",
    "when": "2026-01-01",
    "note": "sure",
}
MAP = """sources:
  - name: films
    kind: file
    path: data/raw/films.csv
    batch: 2026-11
    licence: x
    date: 2026-11-03
    label_map:
      'pos': good
      'neg': null
    columns:
      text: body
      label: stars
      meta: [length]
    encoding: utf-8
    separator: ","
"""
FILMS = "body,stars,length\nRain all day,pos,3\nSun at last,neg,4\nFog,?,5\nNothing,,\n"


@cache
def sections() -> dict[str, str]:
    """The lines of each section of params.yaml."""
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    starts = [*(found.start() for found in re.finditer(r"^\w+:", text, re.MULTILINE)), len(text)]
    parts = (text[start:end] for start, end in pairwise(starts))
    return {part.partition(":")[0]: part for part in parts}


def own_files(turn: int = 0) -> dict[str, bytes]:
    """A sound file of each kind of ours; params are another section each turn, or all of them."""
    line = json.dumps(DECISION) + "\n"
    stones = "id,digest\n" + "".join(f"{n:016x},{n + 9:016x}\n" for n in range(9))
    of = sections()
    names = [name for name in of if name != "sources"]
    name = names[turn % len(names)]
    params = of[name] + (of["training"] if name == "approaches" else "")
    if turn % WHOLE_PARAMS_EVERY == 0:
        params = "".join(of.values())
    return {
        "params": params.encode(),
        "label map": (MAP + of["collect"]).encode(),
        "decisions": (line * 3).encode(),
        "tombstones": stones.encode(),
    }


READERS: dict[str, Callable[[str, bytes], str]] = {
    "params": read_params_file,
    "label map": read_params_file,
    "decisions": read_decisions_file,
    "tombstones": read_tombstones_file,
}


SOUND = dict(READERS)


def inputs(what: str, seed: int, numbers: range) -> Iterator[tuple[int, str, bytes]]:
    """(number, kind, content) of each input, the same each time."""
    sound = seeds() if what == "files" else own_files()
    for number in numbers:
        draw = random.Random(f"{what} {seed} {number}")
        if what == "ours":
            sound = own_files(number // len(sound))
        kind = list(sound)[number % len(sound)]
        data = sound[kind]
        if what == "files":
            yield number, kind, mutated(data, draw)
        else:
            yield number, kind, mutated_line(data.decode(), draw).encode("utf-8", "surrogateescape")


class HangError(BaseException):
    """An input that takes too long."""


def _alarm(*_: object) -> None:
    raise HangError


def run_batch(what: str, seed: int, first: int, end: int) -> None:
    """Read each input; print a line before, and what happened after."""
    from seedbed.core.errors import SeedbedError

    sys.path.insert(0, str(ROOT / "tests"))
    process, most = psutil.Process(), resource.getrlimit(resource.RLIMIT_AS)[1]
    signal.signal(signal.SIGALRM, _alarm)
    for kind, data in (seeds() if what == "files" else own_files()).items():
        with suppress(Exception):  # libraries are loaded
            SOUND.get(kind, read_source)(kind, data)
    for number, kind, data in inputs(what, seed, range(first, end)):
        print(json.dumps([number, kind]), flush=True)
        # What libraries and inputs before have mapped is not of this one.
        resource.setrlimit(resource.RLIMIT_AS, (process.memory_info().vms + MEMORY, most))
        signal.alarm(SECONDS)
        try:
            happened = READERS.get(kind, read_source)(kind, data)
        except SeedbedError as error:
            happened = "one paragraph" if len(str(error)) < 5_000 else "a long message"
        except HangError:
            happened = f"more than {SECONDS} s"
        except BaseException as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(frame.filename).name} {frame.name}"
            happened = f"TRACEBACK {type(error).__name__} {place}"
        signal.alarm(0)
        print(json.dumps(happened), flush=True)


def found_in(what: str, seed: int, number: int) -> Iterator[tuple[int, str, str]]:
    """(number, kind, what happened) of the first inputs, a process a batch."""
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
        for (at, kind), happened in zip(lines[::2], lines[1::2], strict=False):
            yield at, kind, happened
        if len(lines) % 2:
            yield *lines[-1], "the process died"
        elif not lines:
            yield first, what, f"no input was read: {done.stderr[-300:]}"
            return
        first = lines[-1 - (1 - len(lines) % 2)][0] + 1


GOOD = ("all rows usable", "rows and quarantine", "read", "one paragraph")


def measure(scale: float, seed: int) -> Outcome:
    """Read mutated inputs, 10,000 of each of both kinds at scale 1."""
    number = max(1, round(INPUTS * scale))
    counts: dict[str, Counter[str]] = {}
    missed: Counter[str] = Counter()
    kinds = ("files", "ours")
    with ThreadPoolExecutor(len(kinds)) as pool:  # each a process
        found = pool.map(lambda what: list(found_in(what, seed, number)), kinds)
    for what, happenings in zip(kinds, found, strict=True):
        for at, kind, happened in happenings:
            counts.setdefault(kind, Counter())[happened if happened in GOOD else "missed"] += 1
            if happened not in GOOD:
                missed[f"{kind}: {happened}"] += 1
                print(f"{what} {seed} {at} {kind}: {happened}", file=sys.stderr)
    header = ["kind of file", "inputs", *GOOD, "missed"]
    lines = [
        [kind, of.total(), *(of[name] for name in (*GOOD, "missed"))] for kind, of in counts.items()
    ]
    told = (
        f"{number:,} mutated files through the readers of sources and {number:,} mutated params, "
        f"label maps, decisions and tombstones (seed {seed}), each with {SECONDS} s and "
        f"{MEMORY >> 30} GB at most."
    )
    return Outcome(
        "Mutated files and params",
        told,
        Table(header, lines),
        [f"{n} x {one}" for one, n in missed.items()],
    )
