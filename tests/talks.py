"""Conversations in the four forms that readers know, with the same questions and answers."""

import csv
import json
from pathlib import Path
from typing import Any

NOUNS = "river bridge castle garden window kettle violin ladder hammer candle".split()
OTHERS = "thread pepper basket mirror saddle".split()
PAIRS = [
    (f"How do I {verb} the {noun} with a {other}?", f"First you {verb} {other} {n} times, slowly.")
    for n, (verb, noun, other) in enumerate(
        (verb, noun, OTHERS[place % 5])
        for verb in ("paint", "carry")
        for place, noun in enumerate(NOUNS)
    )
]
Rows = list[dict[str, Any]]


def openai(pairs: list[tuple[str, str]] = PAIRS) -> Rows:
    """Two turns each: a greeting with the system text before it, and the pair."""
    first = [
        ("system", "Be kind, and answer in whole sentences."),
        ("user", "Good day to you."),
        ("assistant", "How can I help you on this fine day?"),
    ]
    return [
        {"messages": [{"role": role, "content": text}
                      for role, text in (*first, ("user", question), ("assistant", answer))]}
        for question, answer in pairs
    ]  # fmt: skip


def sharegpt(pairs: list[tuple[str, str]] = PAIRS) -> Rows:
    return [
        {"id": f"talk {n}", "conversations": [
            {"from": "human", "value": question}, {"from": "gpt", "value": answer}]}
        for n, (question, answer) in enumerate(pairs)
    ]  # fmt: skip


def alpaca(pairs: list[tuple[str, str]] = PAIRS) -> Rows:
    return [
        {"instruction": question, "input": f"Case {n}.", "output": answer}
        for n, (question, answer) in enumerate(pairs)
    ]


def columns(pairs: list[tuple[str, str]] = PAIRS) -> Rows:
    return [
        {"question": question, "answer": answer, "topic": ("home", "away")[n % 2]}
        for n, (question, answer) in enumerate(pairs)
    ]


FORMS = {"openai": openai, "sharegpt": sharegpt, "alpaca": alpaca, "columns": columns}
ENDINGS = {"openai": "jsonl", "sharegpt": "json", "alpaca": "jsonl", "columns": "csv"}


def write(file: Path, rows: Rows) -> Path:
    """Write rows as the ending says."""
    if file.suffix == ".csv":
        with file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.DictWriter(opened, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        return file
    text = json.dumps(rows, ensure_ascii=False)
    if file.suffix == ".jsonl":
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    file.write_text(text, encoding="utf-8")
    return file
