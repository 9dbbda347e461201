"""What people decided: the last line counts, and it holds while the text stands."""

import json

import pandas as pd
import pytest

from seedbed.decisions import in_force, read_decisions
from seedbed.errors import DecisionError

ROWS = pd.DataFrame({"id": ["a", "b", "c"], "digest": ["1", "2", "3"]})


def line(row: str, decided: str, who: str = "ann", digest: str = "1", **more) -> str:
    content = {"id": row, "digest": digest, "given": "ham", "decided": decided, "who": who,
               "when": "2026-11-23T10:00:00Z"}  # fmt: skip
    return json.dumps(content | more)


def decided(tmp_path, *lines: str):
    (tmp_path / "ann.jsonl").write_text("\n".join(lines) + "\n")
    return in_force(read_decisions(tmp_path), ROWS)


def test_the_last_line_of_one_person_counts(tmp_path):
    found = decided(tmp_path, line("a", "spam"), line("a", "ham"))
    assert found.settled == {"a": "ham"}


def test_more_than_half_settle_and_a_tie_is_a_disagreement(tmp_path):
    two = [line("a", "spam", "ann"), line("a", "spam", "bob")]
    assert decided(tmp_path, *two, line("a", "ham", "eve")).settled == {"a": "spam"}
    tie = decided(tmp_path, line("a", "spam", "ann"), line("a", "ham", "bob"))
    assert (tie.settled, tie.disagreed) == ({}, ["a"])


def test_a_decision_on_another_text_or_no_row_is_void_and_counted(tmp_path):
    found = decided(tmp_path, line("b", "spam", digest="old"), line("gone", "spam"))
    assert (found.settled, found.changed_text, found.unknown_id) == ({}, 1, 1)


@pytest.mark.parametrize(
    ("bad", "found"), [("{", "not JSON"), (line("a", "spam", wh0="x"), "wh0"), ("{}", "id: Field")]
)
def test_a_line_that_cannot_be_read_is_named(tmp_path, bad, found):
    with pytest.raises(DecisionError) as error:
        decided(tmp_path, line("a", "spam"), bad)
    assert "ann.jsonl:2" in str(error.value)
    assert found in str(error.value)
