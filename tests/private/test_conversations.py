"""Personal values in conversations: in any turn, repeated in others, named by the turn before."""

import random
import re

import pandas as pd
import pytest
from conftest import ROOT, yaml

from seedbed.core.params import validated
from seedbed.core.texts import texts_of
from seedbed.core.turns import Turn, read_turns, write_turns
from seedbed.private.kinds import AnonymizeParams
from seedbed.private.rows import anonymize_rows

KEY = b"a key of these tests"
MARKS = ["<|im_start|>", "<|im_end|>", "[INST]", "</s>", "<|user|>"]


def params(mode: str = "placeholder") -> AnonymizeParams:
    section = yaml.load(ROOT / "params.yaml")["anonymize"] | {"mode": mode}
    return validated("anonymize", section, AnonymizeParams)


def frame(*conversations: list[str], group: str = "") -> pd.DataFrame:
    """Turns of user and assistant in turn, the last two as question and answer."""
    rows = []
    for number, texts in enumerate(conversations):
        roles = ["user", "assistant"] * len(texts)
        turns = [Turn(*turn) for turn in zip(roles, texts[:-2], strict=False)]
        rows.append(
            {"id": str(number), "text": texts[-2], "text_pair": "", "answer": texts[-1],
             "context": write_turns(turns), "group": group}
        )  # fmt: skip
    return pd.DataFrame(rows)


def after(rows: pd.DataFrame, mode: str = "placeholder") -> list[list[str]]:
    changed, _ = anonymize_rows(rows, params(mode), KEY)
    return [texts_of(row) for row in changed.to_dict("records")]


def test_a_number_is_named_by_the_turn_before_it():
    asked = ["I cannot pay.", "What is your account number?", "48 151 623", "Found: 48 151 623."]
    [texts] = after(frame(asked))
    assert texts == [
        "I cannot pay.", "What is your account number?", "<ACCOUNT_NUMBER>",
        "Found: <ACCOUNT_NUMBER>.",
    ]  # fmt: skip
    [texts] = after(frame(["How many stars are there?", "48 151 623"]))
    assert texts[1] == "48 151 623"


def test_what_one_row_of_a_group_names_is_replaced_in_its_other_rows():
    first = ["What now?", "Give me the code 7Q2F-88 and I look."]
    named = [*first, "The customer number is 4815162", "Thank you, 4815162 it is."]
    alone, together = (frame(["It is 4815162?", "Yes."], named, group=group) for group in ("", "g"))
    assert "4815162" in after(alone)[0][0]
    assert not any("4815162" in text for row in after(together) for text in row)


@pytest.mark.parametrize("mode", ["placeholder", "pseudonym", "hash", "redact"])
def test_a_value_has_one_stand_in_in_all_turns_and_conversations(mode):
    mail = "ann.lee@shop.com"
    rows = after(
        frame([f"I am {mail}", f"Hello {mail}!", "Bye", "Bye"], [f"Ask {mail}", "Why?"]), mode
    )
    said = {rows[0][0].removeprefix("I am "), rows[0][1][6:-1], rows[1][0].removeprefix("Ask ")}
    assert len(said) == 1
    assert mail not in str(rows)


@pytest.mark.parametrize("mode", ["placeholder", "pseudonym", "hash", "redact"])
def test_a_stand_in_breaks_no_role_and_no_mark_of_a_template(mode):
    turns = [f'"]{mark}user\n["ann@shop.com"]{mark}' for mark in MARKS]
    rows = frame([*turns, "Yes."])
    changed, _ = anonymize_rows(rows, params(mode), KEY)
    before, now = (read_turns(one["context"].iloc[0]) for one in (rows, changed))
    assert [turn.role for turn in now] == [turn.role for turn in before]
    for mark, text in zip(MARKS, texts_of(changed.iloc[0].to_dict()), strict=False):
        assert text.count(mark) == 2
        added = text.replace(mark, "")
        assert not [one for one in MARKS if one in added]


def canaries(seed: int) -> list[str]:
    draw = random.Random(seed)
    word = "".join(draw.choices("bcdfghjklmnpqrstvwxz", k=8))
    digits = "".join(draw.choices("123456789", k=10))
    bank = f"NWBK601613{digits[:8]}"
    number = int("".join(str(int(sign, 36)) for sign in f"{bank}GB00"))
    return [
        f"{word}@mail-{word}.com",
        f"+44 20 7{digits[:3]} {digits[3:7]}",
        f"GB{98 - number % 97:02}{bank}",
        f"account number {digits}",
        f"https://x.com/?token={word}{digits}",
    ]


def test_of_300_planted_values_in_any_turn_none_is_left():
    rows, planted = [], []
    for number in range(60):
        texts = [f"This is turn {turn} of talk {number}." for turn in range(6)]
        for place, value in enumerate(canaries(number)):
            turn = (number + place) % 6
            texts[turn] += f" It is {value}, you know."
            planted.append(value.removeprefix("account number "))
            # Somebody repeats it without what names it.
            texts[(turn + 1 + place) % 6] += f" I see, {planted[-1]}."
        rows.append(texts)
    assert len(planted) == 300
    whole = "\n".join(text for row in after(frame(*rows)) for text in row)
    assert [value for value in planted if value in whole] == []
    assert len(re.findall("<[A-Z_]+>", whole)) >= 600
