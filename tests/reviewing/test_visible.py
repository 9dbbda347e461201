"""A text shows as text: nothing in it moves the cursor, colours, hides or turns around."""

import unicodedata

import pytest
from hypothesis import given, strategies as st

from seedbed.core.text_units import for_terminal
from seedbed.pages.document import in_one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\rb\x00\x9b\x7f", "a\\rb\\x00\\x9b\\x7f"),
        ("\u202egnp.exe\u200b", "\\u202egnp.exe\\u200b"),
        ("half \udce9", "half \\udce9"),
        ("Zürich 東京 👩\u200d🚀\n\tnext", "Zürich 東京 👩\u200d🚀\n\tnext"),
    ],
)
def test_what_is_not_seen_is_written_out(text, shown):
    assert for_terminal(text) == shown


@given(st.text())
def test_no_control_character_is_left(text):
    left = set(for_terminal(text)) - {"\n", "\t"}
    assert not {one for one in left if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")}


def test_one_line_is_folded_and_cut():
    assert in_one_line("a\n b\t\tc", 10) == "a b c"
    assert in_one_line("x" * 20, 5) == "xxxx…"
