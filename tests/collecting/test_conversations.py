"""Conversations of every form as rows, known by content; each that gives none with its reason."""

import json
import random
import zlib
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from seedbed.collecting.collection import CollectParams, parse_source, read_all
from seedbed.collecting.conversations import Reading
from seedbed.collecting.messages import Said, Unreadable, exchanges, is_cut_off
from seedbed.collecting.raw_rows import RawRow, identified
from seedbed.core.errors import ParamsError, SeedbedError, SourceError
from seedbed.core.turns import Turn, read_turns
from seedbed.tasks import load

ANSWER = load("answer")
PARAMS = CollectParams(labels=[], max_row_chars=10**4, max_quarantine_share=1, max_classes=100)
REFUSAL = "I cannot answer that."
TALK = ["Hi", "Hello!", "Who wrote Emma?", "Jane Austen."]


def openai(*texts: str, system: str = "") -> dict:
    first = [{"role": "system", "content": system}] if system else []
    roles = ["user", "assistant"] * len(texts)
    said = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]
    return {"messages": first + said}


def sharegpt(*texts: str) -> dict:
    roles = ["human", "gpt"] * len(texts)
    return {
        "conversations": [
            {"from": role, "value": text} for role, text in zip(roles, texts, strict=False)
        ]
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(name: str, content: object, turns: str = "all", **entry: object) -> list[RawRow]:
    """The rows of a file; of a list of objects as JSON Lines."""
    if isinstance(content, list):
        content = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in content)
    if isinstance(content, str):
        Path(name).write_text(content, encoding="utf-8", newline="")
    more = {"name": "talks", "kind": "file", "path": name, "batch": "2026-11", "licence": "x"}
    rows, *_ = read_all([parse_source(more | entry)], PARAMS, ANSWER, Reading(turns, REFUSAL))
    return rows


def shown(rows: list[RawRow]) -> list[tuple[str, str, str]]:
    """Context as roles and texts in one line, question, answer."""
    return [
        (" ".join(f"{turn.role[0]}:{turn.text}" for turn in read_turns(row.context)), row.text,
         row.answer)
        for row in rows
    ]  # fmt: skip


TWO = [("", "Hi", "Hello!"), ("u:Hi a:Hello!", "Who wrote Emma?", "Jane Austen.")]
ALPACA = {"instruction": "Add.", "input": "2 and 3", "output": "5"}
YAML = """categories:
- AI
conversations:
- - Hi
  - Hello!
  - Who wrote Emma?
  - Jane Austen.
- - 2?
  - 42
"""
BRIEF = [("s:Be brief.", *TWO[0][1:]), (f"s:Be brief. {TWO[1][0]}", *TWO[1][1:])]
OTHER = [("", "Eh?", "Oh.")]
EARLIER = [TWO[0], ("u:Hi a:Hello!", "Add.\n\n2 and 3", "5")]
ADDED = [("", "Add.\n\n2 and 3", "5"), ("", "Add.", "5")]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.jsonl", [openai(*TALK)] * 2, TWO * 2),
        ("a.txt", [openai(*TALK, system="Be brief.")] * 2, BRIEF * 2),
        ("a.csv", [sharegpt(*TALK)] * 2, TWO * 2),
        ("a.json", json.dumps([sharegpt(*TALK), sharegpt("Eh?", "Oh.")]), [*TWO, *OTHER]),
        ("a.json", json.dumps(openai(*TALK)), TWO),
        ("a.json", json.dumps(openai(*TALK)["messages"]), TWO),
        ("a.jsonl", [{"talk": TALK}] * 2, TWO * 2),
        ("a.jsonl", [{"chat": json.dumps(openai(*TALK)["messages"])}] * 2, TWO * 2),
        ("a.jsonl", [ALPACA, ALPACA | {"input": ""}], ADDED),
        ("a.jsonl", [ALPACA | {"history": [["Hi", "Hello!"]]}] * 2, EARLIER * 2),
        ("a.csv", "question,answer,stars\nHi,Hello!,3\n", [("", "Hi", "Hello!")]),
        ("a.csv", "Prompt;Response\nHi;Hello!\n", [("", "Hi", "Hello!")]),
        ("a.yml", YAML, [*TWO, ("", "2?", "42")]),
    ],
)  # fmt: skip
def test_forms_are_known_by_their_content(folder, name, content, expected):
    rows = read(name, content)
    assert shown(rows) == expected
    assert not any(row.reason for row in rows)


def test_parquet_holds_conversations_in_any_of_its_ways(folder):
    as_columns = {"from": ["human", "gpt"], "value": ["Hi", "Hello!"]}
    for cell in (openai(*TALK[:2])["messages"], as_columns):
        pd.DataFrame({"id": [1, 2], "messages": [cell, cell]}).to_parquet("a.parquet")
        rows = read("a.parquet", None, columns={"id": "id"})
        assert shown(rows) == TWO[:1] * 2
        assert [row.key for row in rows] == ["1#1", "2#1"]


def test_the_rows_of_a_conversation_are_one_group_and_the_last_may_be_alone(folder):
    talks = [openai(*TALK), openai("Eh?", "Oh.")]
    first, second, other = read("a.jsonl", talks)
    assert first.group == second.group != ""
    assert other.group not in ("", first.group)
    again = [
        openai("eh? ", "Ah."),
        openai("Eh?", "Oh.", system="Be brief."),
        openai("What?", "It."),
    ]
    groups = [row.group for row in read("a.jsonl", again)]
    assert groups[:2] == [other.group] * 2  # one question, whatever its answer
    assert groups[2] != other.group
    assert [row.line for row in (first, second, other)] == [1, 1, 2]
    assert shown(read("a.jsonl", talks, "last")) == [TWO[1], ("", "Eh?", "Oh.")]
    keyed = read("a.jsonl", [one | {"key": f"k{n}"} for n, one in enumerate(talks)],
                 columns={"id": "key"})  # fmt: skip
    assert [row.key for row in keyed] == ["k0#1", "k0#2", "k1#1"]
    assert keyed[0].group == "k0"


def test_a_category_is_a_column_or_the_source(folder):
    rows = [{"question": "Hi", "answer": "Hello!", "topic": "greeting"}] * 2
    assert {row.label for row in read("a.jsonl", rows)} == {"talks"}
    assert {row.label for row in read("a.jsonl", rows, columns={"label": "topic"})} == {"greeting"}
    assert {row.label for row in read("a.jsonl", rows, label="small talk")} == {"small talk"}


def test_an_answer_that_changes_keeps_the_id_and_not_the_digest(folder):
    rows = [{"question": "Hi", "answer": answer} for answer in ("Hello!", "Good day.")]
    (one,), (other,) = (identified(read("a.jsonl", [row] * 2)[:1], b"k") for row in rows)
    assert one.id == other.id
    assert one.digest != other.digest
    alone, after = identified(read("a.jsonl", [openai("Yes?", "No.", "Yes?", "No.")] * 2)[:2], b"k")
    assert alone.id != after.id


def test_named_columns_overrule_what_is_found(folder):
    rows = [{"messages": openai(*TALK)["messages"], "q": "Why?", "a": "Because.", "doc": "A text."}]
    columns = {"text": "q", "answer": "a", "context": "doc"}
    assert shown(read("a.jsonl", rows * 2, columns=columns))[0] == ("s:A text.", "Why?", "Because.")
    with pytest.raises(SourceError, match="no conversations in 2 columns"):
        read("b.jsonl", [{"q": "Why?", "a": "Because."}] * 2)


def test_answers_of_weight_0_are_context_alone(folder):
    talk = openai(*TALK)
    talk["messages"][1]["weight"] = 0
    assert shown(read("a.jsonl", [talk] * 2)) == TWO[1:] * 2


def test_negative_and_unlabelled_sources_need_no_answers(folder):
    rows = [openai(*TALK[:3]), openai("Eh?")]
    expected = [("u:Hi a:Hello!", "Who wrote Emma?", REFUSAL), ("", "Eh?", REFUSAL)]
    assert shown(read("a.jsonl", rows, negative="in_domain")) == expected
    assert [row.answer for row in read("a.jsonl", rows, unlabelled=True)] == ["", ""]
    source = parse_source({"name": "n", "kind": "file", "path": "a.jsonl", "batch": "2026-11",
                           "licence": "x", "negative": True})  # fmt: skip
    with pytest.raises(ParamsError, match=r"negatives.answer: nothing"):
        read_all([source], PARAMS, ANSWER, Reading())


def test_keys_of_conversations_need_task_answer(folder):
    Path("a.csv").write_text("text,label\nHi,x\n")
    for name in ("messages", "answer", "context"):
        entry = {"name": "n", "kind": "file", "path": "a.csv", "batch": "2026-11", "licence": "x",
                 "columns": {name: "text"}}  # fmt: skip
        with pytest.raises(ParamsError, match=rf"columns.{name}.*task answer"):
            read_all([parse_source(entry)], PARAMS, load("class"))


def changed(place: int, **message: object) -> dict:
    talk = openai(*TALK)
    talk["messages"][place] |= message
    return talk


TALKS = openai(*TALK)["messages"]
CODE = "Here it is:\n```python\nprint(1)"
BAD = {
    "messages_are_no_list": [{"messages": "Hi"}, {"messages": {"role": "user"}}, {"messages": [1]},
                             {"messages": "[{"}, changed(0, role=3), changed(1, content={"a": 1})],
    "role_order": [{"messages": openai(*TALK)["messages"] + openai(*TALK[:2])["messages"][1:]},
                   changed(0, role="assistant"), changed(2, role="system")],
    "unknown_role": [changed(1, role="narrator")],
    "calls_tools": [changed(1, role="tool"), changed(1, tool_calls=[{"id": "x"}], content=None)],
    "has_media": [changed(0, content=[{"type": "image_url", "image_url": {"url": "x"}}]),
                  openai(*TALK) | {"images": ["a.png"]}],
    "empty_answer": [changed(3, content=""), changed(3, content=None), openai("Hi")],
    "empty_turn": [changed(0, content=" ")],
    "answer_cut_off": [changed(3, content=CODE), changed(3, finish_reason="length"),
                       openai(*TALK) | {"finish_reason": "length"},
                       changed(3, content="The reasons are many, and the first of them is cost,")],
    "missing_text": [changed(2, content=""), {"messages": []}],
    "nothing_to_learn": [{"messages": [TALKS[0], TALKS[1] | {"weight": 0}]}],
    "lone_surrogate": [changed(1, content="\ud83d half")],
    "too_large": [changed(0, content="long " * 3000)],
}  # fmt: skip


@pytest.mark.parametrize("reason", BAD)
def test_what_gives_no_row_has_its_reason(folder, reason):
    for number, talk in enumerate(BAD[reason]):
        lines = [openai("Good?", "Good."), talk, openai("Bad?", "Bad.")]
        text = "".join(json.dumps(one) + "\n" for one in lines)
        rows = read(f"{number}.jsonl", text)
        assert reason in [row.reason for row in rows], talk
        assert [row.answer for row in rows if row.line != 2] == ["Good.", "Bad."]


@given(st.lists(st.sampled_from(["system", "user", "assistant"]), max_size=7), st.booleans())
@settings(max_examples=60)
def test_every_answer_of_an_accepted_order_is_one_exchange(roles, may_lack):
    turns = [Said(role, f"turn {number}") for number, role in enumerate(roles)]
    try:
        found = exchanges(turns, may_lack)
    except Unreadable:
        bare = roles[roles[:1] == ["system"] :]
        assert bare != (["user", "assistant"] * 4)[: len(bare)] or not bare
        return
    answers = [turn.text for turn in turns if turn.role == "assistant"]
    assert [one.answer for one in found if one.answer] == answers
    for one in found:
        assert len(one.context) + 1 == [turn.text for turn in turns].index(one.question) + 1
        assert one.context == tuple(turns[: len(one.context)])


def test_an_answer_is_cut_off_where_no_sentence_ends():
    long = "This is a sentence of more than forty characters"
    assert [is_cut_off(long + end) for end in (",", " (", ".", "", ":")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert not is_cut_off("Yes,")
    assert is_cut_off("```\nx = 1\n")
    assert not is_cut_off("```\nx = 1\n```\nDone")


PIECES = b'|null|[[|]}|"|\\ud800|\xff|{}|0|\n|{"role":"tool"}'.split(b"|")


def mutated(data: bytes, draw: random.Random) -> bytes:
    """A file with some of its bytes, lines or signs changed, cut, doubled or moved."""
    for _ in range(draw.randint(1, 4)):
        if not data:
            break
        start = draw.randrange(len(data))
        end = min(len(data), start + draw.choice((1, 2, 8, 60)))
        piece = draw.choice((*PIECES, data[start:end] * 2, bytes([draw.randrange(256)])))
        data = data[:start] + piece + data[end:]
    return data


def seeds() -> dict[str, bytes]:
    lines = [openai(*TALK, system="Be brief."), sharegpt(*TALK), ALPACA]
    files = {f"{n}.jsonl": json.dumps(one) + "\n" + json.dumps(one) for n, one in enumerate(lines)}
    files |= {f"{n}.json": json.dumps([one, one]) for n, one in enumerate(lines)}
    files |= {"a.csv": "question,answer\nHi,Hello!\n", "a.yml": YAML}
    return {name: text.encode() for name, text in files.items()}


def test_mutated_files_of_conversations_end_in_rows_or_one_paragraph(folder):
    """`SEEDBED_MUTATIONS=3000` runs as many as the issue asks for."""
    import os

    total = int(os.environ.get("SEEDBED_MUTATIONS", "240"))
    outcomes: Counter[str] = Counter()
    files = seeds()
    for number in range(total):
        name = list(files)[number % len(files)]
        draw = random.Random(zlib.crc32(f"{number}".encode()))
        Path(name).write_bytes(mutated(files[name], draw))
        try:
            rows = identified(read(name, None), b"k")
        except SeedbedError:
            outcomes["refused"] += 1
            continue
        outcomes["rows"] += any(not row.reason for row in rows)
        outcomes["quarantine"] += any(bool(row.reason) for row in rows)
        for row in rows:
            if not row.reason:
                assert row.text.strip()
                assert row.answer.strip()
                assert all(isinstance(turn, Turn) for turn in read_turns(row.context))
    assert min(outcomes[one] for one in ("refused", "rows", "quarantine")) > total // 20
