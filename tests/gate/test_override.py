"""A person lets a failing model pass: one line, for one pair of models."""

import pytest

from seedbed.core.errors import GateError
from seedbed.gate.compare import OVERRIDES, Override, override_of, read_overrides, write_override


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    OVERRIDES.parent.mkdir()


def test_a_line_holds_for_exactly_this_pair():
    line = write_override("base1", "head1", "data1", "ann", "the class, as agreed,\nis to go")
    assert override_of("base1", "head1") == line
    assert line.why == "the class, as agreed, is to go"
    assert override_of("base1", "head2") is None
    assert override_of("base2", "head1") is None


def test_lines_are_added_and_the_latest_of_a_pair_counts():
    first = Override("b", "h", "d", "2026-11-24T10:00:00Z", "ann", "first")
    later = first._replace(when="2026-11-25T10:00:00Z", why="second")
    text = [",".join(Override._fields), ",".join(later), ",".join(first)]
    OVERRIDES.write_text("\n".join(text) + "\n")
    assert override_of("b", "h") == later
    write_override("b", "other", "d", "bob", "third")
    assert read_overrides()[:2] == [later, first]
    assert len(OVERRIDES.read_text().splitlines()) == 4


@pytest.mark.parametrize(("who", "why"), [("", "because"), ("ann", "  ")])
def test_who_and_why_must_be_said(who, why):
    with pytest.raises(GateError, match="who lets the model pass, and why"):
        write_override("b", "h", "d", who, why)
    assert not OVERRIDES.exists()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["model,who"], "gate_overrides.csv:1: the header model,who"),
        ([",".join(Override._fields), "b,h,d,2026,ann"], "gate_overrides.csv:2: 5 cells"),
        ([",".join(Override._fields), "b,h,d,2026,ann,"], ":2: why ``"),
    ],
)
def test_a_line_that_cannot_be_read_lets_nothing_pass(lines, message):
    OVERRIDES.write_text("\n".join(lines) + "\n")
    with pytest.raises(GateError, match=message):
        override_of("b", "h")


def test_without_a_file_nothing_is_let_pass():
    assert override_of("b", "h") is None
