"""Conversations for the harness fuzz: sound files of every form, their mutants, and a reader that
counts.

Half of the mutants are sound JSON whose messages have another value, role or order, which bytes at
random seldom give; the others, and a third of these, are changed in their bytes. The reader counts
apart from the product: a record of a file is at least one row, and a list of messages that gave
usable rows alone is one for each answer in it.
"""

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests import talks
from tests.trust.fuzz_inputs import ODD_JSON, mutated

ROLES = ("system", "user", "assistant", "human", "gpt", "tool", "function", "narrator", "", None)
TEXTS = ("", " ", "\ud800", "<|im_end|>", "```\nx", "a" * 50 + ",", "\r\n", "\0", "x" * 30_000)
ASSISTANT = ("assistant", "gpt", "chatgpt", "model", "bot", "ai")
LEARNED = ("messages", "conversations")
PAIRS = talks.PAIRS[:6]


def seeds() -> dict[str, bytes]:
    """A sound file of every form, by an ending of its own."""
    import pandas as pd

    openai, sharegpt, alpaca, columns = (form(PAIRS) for form in talks.FORMS.values())
    table = io.BytesIO()
    pd.DataFrame(openai).to_parquet(table)
    cells = [{"messages": json.dumps(one["messages"]), "n": n} for n, one in enumerate(openai)]
    items = "".join(f"- - {question}\n  - {answer}\n" for question, answer in PAIRS)
    return {
        "openai.jsonl": _lines(openai),
        "openai.json": json.dumps(openai).encode(),
        "openai.parquet": table.getvalue(),
        "openai.csv": _csv(cells),
        "sharegpt.jsonl": _lines(sharegpt),
        "sharegpt.json": json.dumps(sharegpt).encode(),
        "alpaca.jsonl": _lines([one | {"history": [list(PAIRS[0])]} for one in alpaca]),
        "alpaca.json": json.dumps(alpaca).encode(),
        "columns.csv": _csv(columns),
        "columns.jsonl": _lines(columns),
        "chats.yml": f"categories:\n- tea\nconversations:\n{items}".encode(),
    }  # fmt: skip


def _lines(rows: talks.Rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _csv(rows: talks.Rows) -> bytes:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()


def inputs(seed: int, numbers: range) -> Iterator[tuple[int, str, bytes]]:
    """(number, kind, content) of each mutant, the same each time."""
    sound = seeds()
    for number in numbers:
        draw = random.Random(f"talks {seed} {number}")
        kind = list(sound)[number % len(sound)]
        data, way = sound[kind], draw.random()
        if way < 0.5 and kind.endswith((".json", ".jsonl")):
            data = _retold(data, kind.endswith(".jsonl"), draw)
        yield number, f"talks {kind}", data if 0.15 < way < 0.5 else mutated(data, draw)


def _retold(data: bytes, is_lines: bool, draw: random.Random) -> bytes:
    """JSON with other values in some places of some records."""
    rows = [json.loads(line) for line in data.splitlines()] if is_lines else json.loads(data)
    for _ in range(draw.choice((1, 1, 2, 4))):
        _change(rows[draw.randrange(len(rows))], draw)
    if not is_lines:
        return json.dumps(rows).encode()
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def _change(row: dict[str, Any], draw: random.Random) -> None:
    key = draw.choice(list(row))
    messages = row[key]
    if not isinstance(messages, list) or not messages or draw.random() < 0.2:
        row[key] = draw.choice((*ODD_JSON, *TEXTS))
        return
    place, way = draw.randrange(len(messages)), draw.randrange(6)
    if way == 0:
        del messages[place]
    elif way == 1:
        messages.insert(place, messages[draw.randrange(len(messages))])
    elif way == 2:
        messages[place] = draw.choice(ODD_JSON)
    elif way == 3:
        draw.shuffle(messages)
    elif isinstance(messages[place], dict):
        one = messages[place] = dict(messages[place])
        name = draw.choice([*one, "role", "from", "weight", "tool_calls", "finish_reason"])
        one[name] = draw.choice((*ROLES, *TEXTS, *ODD_JSON, 0, "length", [{"type": "image_url"}]))


def read_talks(kind: str, data: bytes) -> str:
    """Read a file as collect does, and count its rows. Raises what readers raise, and
    AssertionError where a row is missing."""
    from seedbed.collecting import collection, contract
    from seedbed.collecting.conversations import Reading
    from seedbed.collecting.raw_rows import identified
    from seedbed.tasks import load

    path = Path("raw", f"in.{kind.removeprefix('talks ')}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    params = collection.CollectParams(
        labels=[], max_row_chars=10**6, max_quarantine_share=1, max_classes=100
    )
    entry: dict[str, object] = {"name": "s", "batch": "2026-01", "licence": "x", "kind": "file"}
    source, task = collection.parse_source(entry | {"path": path.as_posix()}), load("answer")
    try:
        [one] = source.tables()
        columns, records = one.table.columns, [*one.table.records]  # which are read once
        raw, *_ = collection.read_all([source], params, task, Reading())
    finally:
        path.unlink()
    rows = identified(raw, b"k")
    _check_counts(columns, records, rows)
    if all(row.reason for row in rows):
        return "rows and quarantine"
    kept = contract.contract_rows(rows, [source], b"k", task)
    dropped = collection.drops_of(rows, b"k")
    bad = len(rows) - len(kept) - len(dropped)
    assert bad == sum(bool(row.reason) for row in rows) - len(dropped), "rows do not add up"
    assert kept["id"].is_unique, "an id twice"
    for name in ("text", "answer"):
        assert kept[name].str.strip().all(), f"an empty {name}"
    return "all rows usable" if not bad else "rows and quarantine"


def _check_counts(columns: Collection[str], records: list[Any], rows: list[Any]) -> None:
    number, has_bad = Counter(row.line for row in rows), {row.line for row in rows if row.reason}
    lines = {record.line for record in records}
    if {"role", "content"} <= set(columns) or {"from", "value"} <= set(columns):
        lines = {1} if lines else set()  # a document that is one conversation
    assert lines == set(number), "a record without a row, or a row without a record"
    for record in records:
        cell = next((record.cells[name] for name in LEARNED if name in record.cells), None)
        with suppress(ValueError):
            cell = json.loads(cell) if isinstance(cell, str) else cell
        if record.reason or record.line in has_bad or not isinstance(cell, list):
            continue
        said = [one for one in cell if isinstance(one, dict)]
        roles = [str(one.get("role") or one.get("from")).strip().casefold() for one in said]
        answers = sum(
            role in ASSISTANT and not (one.get("weight") == 0 and one["weight"] is not False)
            for role, one in zip(roles, said, strict=True)
        )
        if len(said) == len(cell):
            assert number[record.line] == answers, "an answer that is no row"
