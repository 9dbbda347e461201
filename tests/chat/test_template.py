"""Conversations as token ids: what is learned, what texts cannot do, what a template must keep."""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given, settings, strategies as st
from tiny_chat import MARKS, TEMPLATE, tiny_writer

from seedbed.collecting.collection import CollectParams, parse_source, read_all
from seedbed.collecting.conversations import Reading
from seedbed.core.errors import ModelError
from seedbed.core.turns import Dialogue, Turn, dialogue
from seedbed.tasks import load
from seedbed.training.chat.template import ChatTemplate, Encoded

FILE = ROOT / "tests/chat/conversations.jsonl"
LINES = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
FORMS = ("openai", "sharegpt", "alpaca")
DEFAULT = TEMPLATE.split("{{ '")[1].split("' }}")[0]  # the system text of conversations without one
NO_SYSTEM = TEMPLATE.replace("{{'<|im", "{% if message['role'] != 'system' %}{{'<|im").replace(
    "{% endfor %}", "{% endif %}{% endfor %}"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tiny_writer(tmp_path_factory.mktemp("tiny") / "writer")


@pytest.fixture(scope="module")
def template(folder) -> ChatTemplate:
    return ChatTemplate(folder)


@cache
def conversations() -> list[list[Dialogue]]:
    """Those of LINES as the readers of sources give them: a dialogue for each answer."""
    found: list[list[Dialogue]] = [[] for _ in LINES]
    params = CollectParams(labels=[], max_row_chars=10**4, max_quarantine_share=0, max_classes=9)
    with TemporaryDirectory() as folder:
        for form in FORMS:
            numbers = [number for number, line in enumerate(LINES) if line["form"] == form]
            file = Path(folder, f"{form}.jsonl")
            file.write_text("".join(json.dumps(LINES[one]["record"]) + "\n" for one in numbers))
            entry = {"name": form, "kind": "file", "path": file.as_posix(), "outside": True,
                     "batch": "2026-01", "licence": "x"}  # fmt: skip
            for row in read_all([parse_source(entry)], params, load("answer"), Reading())[0]:
                assert not row.reason
                found[numbers[row.line - 1]].append(dialogue(row.text, row.context, row.answer))
    return found


def visible(template: ChatTemplate, encoded: Encoded, row: int) -> str:
    """A row with what is learned in ⟦⟧."""
    pieces = template.pieces(encoded.ids[row], encoded.starts[row])
    learned = [piece.is_learned for piece in pieces]
    first = learned.index(True)
    assert all(learned[first:]), "what is learned is one run up to the end"
    texts = [piece.text for piece in pieces]
    return f"{''.join(texts[:first])}⟦{''.join(texts[first:])}⟧"


def check_masks(template: ChatTemplate) -> int:
    """Compare every conversation with what a person wrote down; the number of rows."""
    count = 0
    for line, rows in zip(LINES, conversations(), strict=True):
        encoded = template.encode(rows)
        assert encoded.fits.all()
        expected = [text.replace("@", DEFAULT, 1) for text in line["expected"]]
        assert [visible(template, encoded, row) for row in range(len(rows))] == expected
        for ids, row in zip(encoded.ids, rows, strict=True):
            marks = [mark for mark in ids.tolist() if mark in special(template)]
            turns = len(row.messages()) + (not any(turn.role == "system" for turn in row.context))
            assert len(marks) == 2 * turns, "no text of people is a mark"
        count += len(rows)
    return count


def special(template: ChatTemplate) -> set[int]:
    return {template.words.convert_tokens_to_ids(mark) for mark in MARKS}


def test_thirty_conversations_have_the_masks_that_a_person_wrote_down(template):
    assert Counter(line["form"] for line in LINES) == dict.fromkeys(FORMS, 10)
    assert check_masks(template) == 35


def test_without_marks_in_texts_the_ids_are_those_of_transformers(template):
    for rows in conversations():
        for row in rows:
            if not any(mark in message["content"] for mark in MARKS for message in row.messages()):
                stock = template.words.apply_chat_template(row.messages())["input_ids"]
                [ids] = template.encode([row]).ids
                assert stock[: len(ids)] == ids.tolist()
                assert template.decode(stock[len(ids) :]) == "\n"


texts = st.lists(st.one_of(st.sampled_from([*MARKS, "<|im_", "end|>", "\U000f0000"]),
                           st.text(st.characters(exclude_categories=["Cs"]), max_size=5)),
                 min_size=1, max_size=4).map("".join)  # fmt: skip


@settings(max_examples=60)
@given(texts, texts, texts)
def test_no_text_makes_a_mark_and_none_is_changed(template, system, question, answer):
    row = Dialogue((Turn("system", system),), question, answer)
    encoded = template.encode([row])
    if not answer.strip():
        assert encoded.reasons == ["no_answer"]
        return
    [ids] = encoded.ids
    assert sum(token in special(template) for token in ids.tolist()) == 6
    whole = template.words.decode(ids.tolist(), skip_special_tokens=False)
    assert whole == template.words.apply_chat_template(row.messages(), tokenize=False)[:-1]
    count = sum(text.count(mark) for text in (system, question, answer) for mark in MARKS)
    assert encoded.neutralised.tolist() == [count]
    [prompt] = template.prompts([row]).ids
    assert ids[: encoded.starts[0]].tolist() == prompt.tolist()
    assert template.decode(ids[encoded.starts[0] :]) == answer


def test_a_long_conversation_loses_its_earliest_turns_and_no_part_of_the_answer(folder):
    turns = [Turn("system", "Short."), *[Turn("user", "u" * 50), Turn("assistant", "a" * 50)] * 5]
    row = Dialogue(tuple(turns), "Now?", "Yes.")
    encoded = ChatTemplate(folder, max_length=300).encode([row])
    [ids] = encoded.ids
    shown = ChatTemplate(folder).words.decode(ids.tolist())
    assert encoded.fits.all()
    # 16 tokens of the system text, 121 of each pair of turns, 28 of question and answer.
    assert (len(ids), shown.count("u" * 50)) == (16 + 2 * 121 + 28, 2)
    assert encoded.lost.tolist() == [3 * 121]
    assert "Short." in shown
    assert shown.endswith("Now?<|im_end|>\n<|im_start|>assistant\nYes.<|im_end|>")


@pytest.mark.parametrize(
    ("row", "over_length", "reason"),
    [
        (Dialogue((), "Why?", "b" * 300), "drop_turns", "too_many_tokens"),
        (Dialogue((Turn("user", "u" * 200), Turn("assistant", "a")), "Why?", "b"), "refuse",
         "too_many_tokens"),
        (Dialogue((), "Why?", " \n"), "refuse", "no_answer"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_reason(folder, row, over_length, reason):
    encoded = ChatTemplate(folder, max_length=200, over_length=over_length).encode([row, row])
    assert encoded.reasons == [reason] * 2
    assert not encoded.fits.any()
    assert [len(ids) for ids in encoded.ids] == [0, 0]


def test_a_prompt_leaves_room_for_the_answer(folder):
    turns = [Turn("user", "u" * 60), Turn("assistant", "a" * 60)] * 3
    row = Dialogue(tuple(turns), "Now?", "")
    short = ChatTemplate(folder).prompts([row], room=150)
    assert short.fits.all()
    assert len(short.ids[0]) <= 362 < len(ChatTemplate(folder).prompts([row], room=20).ids[0])
    assert ChatTemplate(folder).prompts([row], room=500).reasons == ["too_many_tokens"]


def test_an_answer_alone_follows_what_begins_an_answer(template):
    encoded = template.without_question([Dialogue((), "Why?", "So."), Dialogue((), "Why?", "")])
    assert visible(template, encoded, 0) == "<|im_start|>assistant\n⟦So.<|im_end|>⟧"
    assert encoded.reasons == ["", "no_answer"]


def test_a_system_text_that_the_template_loses_is_an_error_or_goes_to_the_question(folder):
    with_system = Dialogue((Turn("system", "Be brief."),), "Why?", "So.")
    lossy = ChatTemplate(folder, NO_SYSTEM)
    assert not lossy.keeps_system
    assert lossy.encode([Dialogue((), "Why?", "So.")]).fits.all()
    with pytest.raises(ModelError, match="loses the system text .*chat.system: question"):
        lossy.encode([with_system])
    moved = ChatTemplate(folder, NO_SYSTEM, "question")
    shown = visible(moved, moved.encode([with_system]), 0)
    assert "<|im_start|>user\nBe brief.\n\nWhy?<|im_end|>" in shown


def test_roles_that_the_template_does_not_know_are_a_reason(folder):
    strict = TEMPLATE.replace(
        "{{'<|im", "{% if loop.first and message['role'] == 'assistant' %}"
        "{{ raise_exception('starts with an answer') }}{% endif %}{{'<|im",
    )  # fmt: skip
    row = Dialogue((Turn("assistant", "Hello!"),), "Hi", "How are you?")
    encoded = ChatTemplate(folder, strict).encode([row])
    assert encoded.reasons == ["refused_by_template"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda text: text.replace("'<|im_end|>' + '\n'", "'\n'"), "no special token ends"),
        (lambda text: text.replace("message['content']", "message['role']"), "loses the early"),
        (lambda text: text.replace("{% endfor %}", ""), "cannot be used"),
        (lambda text: "{{ messages[-1]['content'] + '<|im_end|>' }}", "loses the early"),
        (lambda text: text.replace("assistant\n' }}{% endif %}", "bot\n' }}{% endif %}"),
         "does not begin with the prompt"),
    ],
)  # fmt: skip
def test_a_template_that_loses_something_is_an_error_that_names_the_param(folder, change, found):
    with pytest.raises(ModelError, match=f"chat.template: .*{found}"):
        ChatTemplate(folder, change(TEMPLATE)).encode([Dialogue((), "Why?", "So.")])


def test_a_model_without_a_template_says_which_param_gives_one(tmp_path):
    folder = tiny_writer(tmp_path / "writer", template=None)
    with pytest.raises(
        ModelError, match="no chat template .*set chat.template to a Jinja template"
    ):
        ChatTemplate(folder)
    assert ChatTemplate(folder, TEMPLATE).encode([Dialogue((), "Why?", "So.")]).fits.all()


def test_a_limit_above_the_model_is_an_error(folder):
    with pytest.raises(ModelError, match="chat.max_length: 513 .*at most 512"):
        ChatTemplate(folder, max_length=513)


def test_another_template_has_another_digest(folder):
    digests = {ChatTemplate(folder).digest, ChatTemplate(folder, NO_SYSTEM).digest,
               ChatTemplate(folder, system="question").digest}  # fmt: skip
    assert len(digests) == 3
    assert ChatTemplate(folder).digest == ChatTemplate(folder, TEMPLATE).digest


def test_no_rows_are_no_ids(template):
    encoded = template.encode([])
    assert encoded.ids == []
    assert encoded.starts.dtype == np.int64
