"""Class names: as a terminal shows and takes them, which are alike, which entries match none."""

import shlex
import subprocess

import pytest
from hypothesis import example, given, strategies as st

from seedbed.core.labels import (
    alike,
    in_line,
    map_option,
    nearest,
    option,
    pasted,
    read_map,
    shown,
    unmatched,
    unused_in_words,
)

LABELS = [
    "Money transfer, virtual currency, or money service", "R&D", "C++", "C#", "Won't fix (EU)",
    'the "other" one', "$HOME", "`id`", "$(id)", "a;b", "a|b", "-x", "--yes", "a=b", "back\\slash",
    "a\\=b", "*", "~", "#1", "!x", "日本語", "café", "bill\u200bing", "it\u202e's", "é\u00a0x",
    "👩\u200d💻",
]  # fmt: skip


def taken(command: str) -> list[str]:
    """The words that bash makes of a command."""
    done = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {command}"], capture_output=True, check=True,
        env={"LC_ALL": "C.UTF-8", "HOME": "/nowhere"},
    )  # fmt: skip
    return done.stdout.decode().split("\0")[:-1]


@pytest.mark.parametrize("label", LABELS)
def test_an_option_works_as_it_is_pasted(label):
    for words, value in (
        (option("--new-label", label), label),
        (map_option(label, "CLASS"), "CLASS"),
        (map_option("CLASS", label), label),
    ):
        *name, last = taken(words)
        assert len(name) <= 1
        written = last if name else last.split("=", 1)[1]
        if words.startswith(("--new-label", "'--new-label", "$'--new-label")):
            assert written == value
        else:
            assert value in (read_map(written) or ())


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
       st.text(st.sampled_from("ab\\= '-"), max_size=6))  # fmt: skip
@example("a\\", "=b")
def test_any_pair_of_labels_is_read_back(old, new):
    word = shlex.split(map_option(old, new))[-1] if pasted(old) == shlex.quote(old) else ""
    if word:
        assert read_map(word.removeprefix("--map=")) == (old, new)


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        ("a=b", ("a", "b")), ("a=", ("a", "")), ("a=b=c", ("a=b", "c")),
        ("1.0=bad", ("1.0", "bad")),
        (r"a=b\=c", ("a", "b=c")), ("a", None), (r"a\n=b", (r"a\n", "b")),
        (r"C:\\=x", ("C:\\", "x")),
    ],
)  # fmt: skip
def test_the_last_equals_sign_separates_the_labels(written, labels):
    assert read_map(written) == labels


@pytest.mark.parametrize(
    ("label", "seen"),
    [
        ("R&D", "R&D"), ("日本語", "日本語"), ("bill\u200bing", "bill\\u200bing"),
        ("a\x1b[31mb", "a\\x1b[31mb"), ("a\u202eb", "a\\u202eb"), ("a\nb", "a\\nb"),
        ("a\u00a0b", "a\\xa0b"), ("\ud800", "\\ud800"), ("👩\u200d💻", "👩\u200d💻"),
        ("x" * 100, "x" * 100), ("x" * 101, "x" * 100 + "…"),
    ],
)  # fmt: skip
def test_a_label_is_shown_as_it_is_what_is_not_seen_as_an_escape(label, seen):
    assert shown(label) == seen


def test_seven_hundred_labels_make_a_short_line():
    line = in_line(f"a class with a long name, number {number}" for number in range(700))
    assert len(line) < 600
    assert line.endswith(" and 690 more")
    assert line.startswith('"a class with a long name, number 0", "a class')
    assert in_line(["C++", "R&D"]) == "C++, R&D"


@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        ("case", ["billing", "Billing", "BILLING"]),
        ("width", ["billing", "ｂｉｌｌｉｎｇ"]),
        ("width of Kana", ["カード", "ｶｰﾄﾞ"]),
        ("unseen characters", ["billing", "bill\u200bing", "\ufeffbilling", "bill\u00ading"]),
        ("normal form", ["caf\u00e9", "cafe\u0301"]),
        ("variation selectors", ["❤", "❤\ufe0f"]),
        ("plural in -s", ["refund", "refunds"]),
        ("plural in -es", ["box", "boxes"]),
        ("plural of a word in -us", ["status", "statuses"]),
        ("plural in -ies", ["query", "queries"]),
        ("plural inside", ["account problem", "accounts problem"]),
        ("punctuation around", ["spam", '"spam"', "spam.", "(spam)", "spam!", "¿spam?"]),
        ("between words", ["out_of_scope", "out-of-scope", "Out of scope", "out  of\u00a0scope"]),
        ("written together", ["e-mail", "email", "E mail"]),
        ("Hangul of parts", ["환불", "\u1112\u116a\u11ab\u1107\u116e\u11af"]),
        ("German", ["STRASSE", "straße"]),
        ("Cyrillic", ["Возврат", "возврат"]),
        ("all together", ["Sign-Ups", "ｓｉｇｎ＿ｕｐ"]),
    ],
)
def test_labels_that_differ_in_form_alone_are_one(kind, labels):
    rows = {label: 10 - number for number, label in enumerate(labels)}
    assert alike(rows) == dict.fromkeys(labels[1:], labels[0]), kind


@pytest.mark.parametrize(
    "labels",
    [
        ["C", "C++", "C#"], ["-1", "0", "1", "+1"], ["1-5", "15", "1.5"], ["👍", "👎"], ["*", "**"],
        ["spam", "!spam"], ["5 %", "5"], ["+5 %", "-5 %"], ["café", "cafe"], ["a", "as"],
        ["0.1", "01", "1"], ["positive", "negative"], ["今日", "今日は"], ["sport", "transport"],
        ["कल", "काल"], ["1 0", "10"], ["R&D", "RD"],
    ],
)  # fmt: skip
def test_labels_of_another_meaning_stay_apart(labels):
    assert alike(dict.fromkeys(labels, 1)) == {}


def test_the_most_frequent_spelling_stands_for_all_of_equal_ones_the_first():
    assert alike({"Spam": 1, "spam": 3, "SPAM": 2}) == {"Spam": "spam", "SPAM": "spam"}
    assert alike({"Spam": 2, "spam": 2}) == {"spam": "Spam"}
    assert alike({"spam": 2, "Spam": 2}) == {"Spam": "spam"}
    assert alike({"Spam": 1, "spam": 3}, first=["Spam"]) == {"spam": "Spam"}


@given(st.dictionaries(st.text("aAsS _-.\u200b1", max_size=5), st.integers(1, 3), max_size=8))
def test_what_stands_for_others_stands_for_itself(rows):
    found = alike(rows)
    assert set(found) <= set(rows)
    assert not set(found.values()) & set(found)


def test_the_nearest_label_is_found_past_case_and_form():
    assert nearest("bilingg", ["login", "billing", "refund"]) == "billing"
    assert nearest("OUT-OF-SCOPE", ["out_of_scope", "scope"]) == "out_of_scope"
    assert nearest("xyz", ["billing"]) == ""


def test_an_entry_that_matches_nothing_is_named_with_what_it_is_near_to():
    unused = unmatched("collect.labels", ["bilingg", "login", "zzz"], ["billing", "login"])
    assert unused == {"collect.labels": {"bilingg": "billing", "zzz": ""}}
    assert unused_in_words(unused) == (
        "; matches nothing: collect.labels: bilingg (near billing), zzz"
    )
    assert unmatched("collect.labels", ["login"], ["login"]) == {}
    assert unused_in_words({}) == ""
    many = unmatched("x", [f"label {number}" for number in range(700)], ["y"])
    assert len(unused_in_words(many)) < 200
