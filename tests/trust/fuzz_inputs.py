"""Sound files of every kind that Seedbed reads, and their mutants, the same each time."""

import bz2
import gzip
import io
import json
import lzma
import random
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
WHOLE_PARAMS_EVERY = 20
TEXTS = ("süß und gut", 'no, thanks; "bad" one', "今日は雨です", "line\nbreak", "=1+1", "a\tb", "")
ROWS = [
    {"id": str(n), "text": TEXTS[n % 7] + f" {n}", "label": "ab"[n % 2], "date": f"2026-01-{n:02}"}
    for n in range(1, 20)
]
# Sets of labels: in a text with a separator, in a list, a column a label, and a row a label.
SETS = [["a", "b"], ["b"], [], ["a"], ["c", "a", "b"]]
NAMES = ["a", "b", "c"]
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
ODD_JSON = (None, True, -1, 10**30, 1e308, [], {}, [[[]]], {"a": {"b": 1}}, "\u2028", "\ud800",
            "\0")  # fmt: skip


DECISION = {
    "id": "0123456789abcdef", "digest": "0123456789abcdef", "given": "a", "decided": "b",
    "who": "ann", "when": "2026-01-01", "note": "sure",
}  # fmt: skip
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
MAP_OF_SETS = """task:
  kind: labels
sources:
  - name: films
    kind: file
    path: data/raw/films.csv
    batch: 2026-11
    licence: x
    label_separator: "/"
    empty_label: none
    label_map:
      'pos': good
      'neg': null
    columns:
      text: body
      label: stars
  - name: flags
    kind: file
    path: data/raw/flags.csv
    batch: 2026-11
    licence: x
    columns:
      text: body
      label: [pos, neg]
"""


def _csv(separator: str, rows: list[dict[str, str]] = ROWS) -> bytes:
    import csv

    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()


def _of_sets() -> dict[str, bytes]:
    """Sound files of rows with sets of labels; what stands before the first dot is the way."""
    sets = [SETS[number % len(SETS)] for number in range(len(ROWS))]
    pairs = list(zip(ROWS, sets, strict=True))
    cells = {name: [row[name] for row in ROWS] for name in ("id", "text", "date")}
    flags = [
        {**row, "label": "x"} | {f"topic_{name}": str(int(name in held)) for name in NAMES}
        for row, held in pairs
    ]
    return {
        "sets.csv": _csv(",", [row | {"label": "|".join(held)} for row, held in pairs]),
        "sets.jsonl": "\n".join(json.dumps(row | {"label": held}) for row, held in pairs).encode(),
        "sets.parquet": _table(cells | {"label": sets}),
        "listed.csv": _csv(",", [row | {"label": json.dumps(held)} for row, held in pairs]),
        "flags.csv": _csv(",", flags),
        "parts.csv": _csv(",", [row | {"label": name} for row, held in pairs for name in held]),
    }


def _parquet(compression: str) -> bytes:
    import pyarrow as pa

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
    return _table({name: [row[name] for row in ROWS] for name in ROWS[0]} | columns, compression)


def _table(columns: dict[str, Any], compression: str = "snappy") -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, compression=compression)
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
    } | _of_sets()


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


@cache
def sections() -> dict[str, str]:
    """The lines of each section of params.yaml."""
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    starts = [*(found.start() for found in re.finditer(r"^\w+:", text, re.MULTILINE)), len(text)]
    parts = (text[start:end] for start, end in pairwise(starts))
    found = {part.partition(":")[0]: part for part in parts}
    answers = (ROOT / "examples/answers/params.yaml").read_text(encoding="utf-8")
    [found["chat"]] = re.findall(r"^chat:.*?(?=^\w)", answers, re.MULTILINE | re.DOTALL)
    return found


def own_files(turn: int = 0) -> dict[str, bytes]:
    """A sound file of each kind of ours; params are another section each turn, or all of them."""
    line = json.dumps(DECISION) + "\n" + json.dumps(DECISION | {"decided": "a|b"}) + "\n"
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
        "label map of sets": (MAP_OF_SETS + of["collect"]).encode(),
        "decisions": (line * 2).encode(),
        "tombstones": stones.encode(),
    }


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
