"""One text through the rules: before and after, the order, the limits, and no second change."""

import re
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT, yaml
from hypothesis import given, settings, strategies as st

from seedbed.cleaning.rows import (
    clean_rows,
    clean_texts,
    drop_reason,
    letter_share,
    repeated_share,
)
from seedbed.cleaning.rules import (
    ASCII_RUN,
    RULE_NAMES,
    RULES,
    CleanParams,
    Limits,
    fix_encoding,
    fold_white_space,
    rewritten,
)
from seedbed.core.params import validated
from seedbed.core.reasons import Reason
from seedbed.core.text_units import language_of
from seedbed.core.turns import Turn, read_turns, write_turns

CASES = Path(__file__).parent / "stages" / "clean"
ALL = RULE_NAMES
VALUES = Limits(
    min_chars=3,
    max_chars=200,
    min_letter_share=0.25,
    max_repeated_share=0.6,
    languages=[],
    min_chars_for_language=40,
)


PARAMS = validated("clean", yaml.load(ROOT / "params.yaml")["clean"], CleanParams)


def unescaped(text: str) -> str:
    escape = r"\\u([0-9a-f]{4})|\\U([0-9a-f]{8})"
    return re.sub(escape, lambda found: chr(int(found[1] or found[2], 16)), text)


def cases():
    for file in sorted(CASES.glob("*.txt")):
        head, *parts = re.split(r"^\[case: (.*)\]\n", file.read_text(encoding="utf-8"), flags=re.M)
        rules = re.match(r"\[rules: (.*)\]", head)[1].split(", ")
        for name, body in zip(parts[::2], parts[1::2], strict=True):
            before, after = re.fullmatch(
                r"\[before\]\n(.*)\n\[after\]\n(.*?)\n*", body, re.S
            ).groups()
            yield pytest.param(
                rules, unescaped(before), unescaped(after), id=f"{file.stem}: {name}"
            )


@pytest.mark.parametrize(("rules", "before", "after"), list(cases()))
def test_before_and_after(rules, before, after):
    ordered = [rule for rule in ALL if rule in rules]
    assert rewritten(before, ordered)[0] == after
    assert rewritten(after, ordered) == (after, ())


def test_every_rule_has_a_before_and_after_file():
    named = " ".join(file.read_text(encoding="utf-8") for file in CASES.glob("[!a]*.txt"))
    assert all(rule in named for rule in ALL)


def test_the_order_of_the_rules():
    assert ALL == (
        "encoding",
        "entities",
        "tags",
        "control_characters",
        "nfc",
        "white_space",
        "quoted_reply",
        "confidentiality_notice",
        "mobile_signature",
        "signature",
    )


def test_rules_run_in_their_order_whatever_the_order_they_are_named_in():
    text = "&lt;p&gt;one&lt;/p&gt;"
    one_way = clean_texts([text], ALL, VALUES)
    assert clean_texts([text], ALL[::-1], VALUES) == one_way
    assert one_way[0].text == "one"


def test_the_rules_that_changed_a_text_are_named():
    cleaned = clean_texts(["Fish &amp; chips", "all well", "two  spaces"], ALL, VALUES)
    assert [one.touched for one in cleaned] == [("entities",), (), ("white_space",)]


# Pieces that make trouble together: halves of tags and entities, joiners, marks, line ends.
PIECES = st.sampled_from(
    ["&", "amp;", "lt;", "&#60;", "&#x3E;", "&semi;", "<", ">", "<b", "</p>", "<br/>", "<!--"]
    + ["-->", "<script>", "</script>", ' href="x"', "a", "é", "e\u0301", "Ã", "©", "â€™", "\x00"]
    + ["\u200b", "\u200d", "\u200c", "\u202e", "👩", "🏴", "\U000e0067", "\U000e007f", "\ufe0f"]
    + ["می", "ශ්", " ", "\n", "\n\n", "\r\n", "\t", "\xa0", "--\n", ">", "On a wrote:\n", "ﬁ"]
    + ["Sent from my iPhone", "This message is confidential and intended only", "\u2028", "\ud800"]
)


@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=30))
def test_cleaning_a_cleaned_text_changes_nothing(text):
    once, _ = rewritten(text, ALL)
    assert rewritten(once, ALL) == (once, ())


@given(st.text(max_size=30))
def test_a_cleaned_text_is_written_in_utf_8_and_has_no_control_characters(text):
    cleaned, _ = rewritten(text, ALL)
    cleaned.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\ufeff]", cleaned)


WHY = [
    ("ok", "too_short"),
    ("a whole sentence that ends here", ""),
    ("words " * 40, "too_long"),
    ("12-34 !!! ### 567 (a)", "low_letter_share"),
    ("buy now buy now buy now buy now buy now buy now", "repetitive"),
    ("ha" * 30, "repetitive"),
    ("no no no", ""),
    ("👍👍👍", ""),
    ("👍", ""),
    ("❤️", ""),
    ("👨‍👩‍👧‍👦", ""),
    ("差评", ""),
    ("最高", ""),
    ("네", ""),
    ("ดี", ""),
    ("né", "too_short"),
    ("10/10", ""),
    ("100%", ""),
    (":-)", ""),
    (":-) :-) !!!", ""),
    ("12345", "low_letter_share"),
    ("-----", "low_letter_share"),
    ("1-800-555-0199", "low_letter_share"),
    ("差评" * 34, "too_long"),
    ("नमस्ते दुनिया", ""),
    ("价格太高了，我不会再来这家店，服务也很差，等了一个小时才有人理我们，真的很失望。", ""),
]


@pytest.mark.parametrize(("text", "reason"), WHY)
def test_why_a_text_is_dropped(text, reason):
    assert drop_reason(text, VALUES) == reason


def test_a_limit_is_the_last_value_that_stays():
    assert drop_reason("abc", VALUES) == ""
    assert drop_reason("ab", VALUES) == "too_short"
    no_repeats = VALUES._replace(max_repeated_share=1)
    assert drop_reason("a" * 200, no_repeats) == ""
    assert drop_reason("a" * 201, no_repeats) == "too_long"


def test_letter_share_counts_letters_marks_and_emoji_among_all_but_white_space():
    assert letter_share("ab 12") == 0.5
    assert letter_share("कि") == 1
    assert letter_share("👍 1") == 0.5
    assert letter_share(" \n") == 0


def test_repeated_share_counts_three_words_in_a_row():
    assert repeated_share("one two three four five six seven eight nine ten") == 0
    assert repeated_share("a b c " * 4) == pytest.approx(0.7)


ENGLISH = "The parcel that I ordered last week has not arrived and nobody answers."
GERMAN = "Das Paket, das ich letzte Woche bestellt habe, ist noch nicht angekommen."


def test_language():
    assert language_of(ENGLISH) == "en"
    assert language_of(GERMAN) == "de"


def test_wrong_language_drops_long_texts_alone():
    english = VALUES._replace(languages=["en"])
    results = clean_texts([ENGLISH, GERMAN, "Danke schön"], ALL, english)
    assert [one.reason for one in results] == ["", "wrong_language", ""]
    assert [one.language for one in results] == ["en", "de", "unknown"]


def test_any_language_where_none_is_named():
    assert [one.reason for one in clean_texts([ENGLISH, GERMAN], ALL, VALUES)] == ["", ""]


@pytest.mark.parametrize(
    "unit",
    ["<", "<a ", "<!--", "<script>", "&amp;", "<b x=", "<a href='", "\u200d", ">\n", "--\n", " \n"]
    + ["On a\n", "é", "<p>", "&lt;", "-----Original Message----- "],
)
def test_time_is_linear_whatever_stands_in_a_text(unit):
    text = unit * (100_000 // len(unit))
    cleaned = clean_texts([text], ALL, VALUES)[0]
    assert cleaned.reason in {"too_long", "too_short"}


FTFY = {
    "unescape_html": False, "uncurl_quotes": False, "fix_character_width": False,
    "normalization": None,
}  # fmt: skip
MIXED = st.text(st.sampled_from(list("ab \n\té\x85\x92\x96\x81ü…œÃ©™\xa0д€ﬁ")), max_size=40)


@settings(max_examples=1000)
@given(MIXED)
def test_mending_in_short_is_what_ftfy_does(text):
    import ftfy

    if not text.isascii():
        assert fix_encoding(text) == ftfy.fix_text(text, ftfy.TextFixerConfig(**FTFY))


@given(st.text(st.characters(max_codepoint=127)), MIXED, st.text(st.characters(max_codepoint=127)))
def test_of_a_long_run_of_ascii_its_ends_say_all(before, text, after):
    from ftfy.badness import is_bad

    whole = before + text + after
    assert is_bad(ASCII_RUN.sub(r"\1\n\2", whole)) == is_bad(whole)
    assert not is_bad(before)


def test_what_ftfy_looks_for_fits_the_ends_that_are_kept():
    from re import _parser

    from ftfy.badness import BADNESS_RE

    assert _parser.parse(BADNESS_RE.pattern, BADNESS_RE.flags).getwidth()[1] <= 7


@given(st.text(st.sampled_from(list("ab1.! \n\t\x0b\x1c")), max_size=30))
def test_plain_text_is_judged_and_folded_like_any_other(text):
    lines = [" ".join(line.split()) for line in text.split("\n")]
    folded = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
    assert fold_white_space(text) == folded
    seen = "".join(text.split())
    letters = sum(letter.isalpha() for letter in seen)
    assert letter_share(text) == pytest.approx(letters / len(seen) if seen else 0.0)


def test_params_have_the_defaults_and_meanings_of_the_tables():
    section = yaml.load(ROOT / "params.yaml")["clean"]
    comments = {
        key: tokens[2].value.lstrip("# ").strip() for key, tokens in section.ca.items.items()
    }
    switches = [rule for rule in RULES if not rule.boilerplate]
    boilerplate = [rule for rule in RULES if rule.boilerplate]
    for rule in switches:
        assert section[rule.name] == rule.default, rule.name
        assert comments[rule.name].startswith(rule.sentence), rule.name
    assert {name: section[name] for name in Limits._fields} == Limits()._asdict()
    assert all(comments[name] for name in Limits._fields)
    assert section["boilerplate"] == [rule.name for rule in boilerplate if rule.default]
    assert comments["boilerplate"] == ", ".join(rule.name for rule in boilerplate)


def test_every_rule_and_every_reason_of_clean_has_cases():
    with_cases = {rule for case in cases() for rule in case.values[0]}
    assert with_cases == set(RULE_NAMES)
    reasons = {reason for _, reason in WHY if reason}
    names = list(Reason)
    of_clean = names[names.index(Reason.TOO_SHORT) : names.index(Reason.DROPPED_BY_PERSON)]
    assert reasons | {Reason.WRONG_LANGUAGE} == set(of_clean)


def test_conversations_are_cleaned_in_every_turn_and_answers_may_be_short():
    rows = pd.DataFrame(
        {
            "id": ["1", "2", "3"],
            "text": ["<b>What is 2 + 2?</b>", "How are  you today?", "What is it?"],
            "text_pair": "",
            "context": [
                write_turns([Turn("system", "Be&nbsp;kind.  "), Turn("user", "?")]),
                "",
                "",
            ],
            "answer": ["4", "<br>", "no way " * 30],
        }
    )
    kept, drops, metrics = clean_rows(rows, PARAMS)
    assert list(kept["text"]) == ["What is 2 + 2?"]
    assert read_turns(kept["context"].iloc[0]) == (Turn("system", "Be kind."), Turn("user", "?"))
    assert list(kept["answer"]) == ["4"]
    assert {drop.id: drop.reason for drop in drops} == {"2": "empty_answer", "3": "repetitive"}
    assert metrics.rows_touched_by_rule["tags"] == 2


def test_code_in_a_conversation_keeps_its_tags_and_its_indent():
    code = "```html\n<ul>\n    <li>&amp;</li>\n</ul>\n```"
    rows = pd.DataFrame(
        {"id": ["1"], "text": ["How do I write a list?"], "text_pair": "", "context": "",
         "answer": [f"<p>So:</p>\n\n{code}\n\n<i>Done</i>"]}
    )  # fmt: skip
    kept, _, _ = clean_rows(rows, PARAMS)
    assert list(kept["answer"]) == [f"So:\n\n{code}\n\nDone"]
    again, _, _ = clean_rows(kept, PARAMS)
    assert list(again["answer"]) == list(kept["answer"])
