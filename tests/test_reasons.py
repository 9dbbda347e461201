"""Every reason is one entry of seedbed/core/reasons.py, with a sentence, and the code gives it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

from seedbed.core.errors import LedgerError
from seedbed.core.metrics import Drop, settle
from seedbed.core.reasons import NAMES, Choice, Reason, in_words

CODE = [*sorted((ROOT / "stages").glob("*.py")), *sorted((ROOT / "seedbed").rglob("*.py"))]
# Words that name something else, too: a param, a key, what a person decides.
OTHER_MEANINGS = {"unlabelled", "ambiguous", "forgotten"}


def literals(source: str) -> Iterator[str]:
    """The string literals of a source, docstrings included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def spelt_out(files: list[Path]) -> set[str]:
    """Reasons that a file writes as a string instead of taking them from the table."""
    return {
        f"{file.name}: {text}"
        for file in files
        if file.name != "reasons.py"
        for text in literals(file.read_text(encoding="utf-8"))
        if text in NAMES - OTHER_MEANINGS
    }


def test_the_code_takes_reasons_from_the_table():
    assert not spelt_out(CODE)


def test_a_reason_that_is_spelt_out_is_found(tmp_path):
    file = tmp_path / "stage.py"
    file.write_text('drop = ("a", "too_short")\n')
    assert spelt_out([file]) == {"stage.py: too_short"}


def test_every_reason_is_given_somewhere():
    code = "".join(file.read_text() for file in CODE if file.name != "reasons.py")
    for reason in Reason:
        kind = re.sub(r"^(twin|group)_in_.*", "{kind}_in_{SIDES[rank]}", reason)
        assert f"Reason.{reason.name}" in code or kind in code, reason


def test_a_reason_without_a_sentence_is_refused():
    planted = (ROOT / "seedbed/core/reasons.py").read_text()
    planted = planted.replace('"its text repeats itself (clean.max_repeated_share)"', '""')
    with pytest.raises(ValueError, match="reason `repetitive` has no sentence"):
        exec(compile(planted, "reasons.py", "exec"), {"__name__": "planted"})


def test_a_stage_with_a_reason_that_is_not_in_the_table_is_refused():
    with pytest.raises(LedgerError, match=r"stage clean: reason `moonlight`.*reasons\.py"):
        settle("clean", ["a"], [], [Drop("a", "moonlight")])


def test_a_reason_is_its_name_and_has_a_sentence():
    assert Reason.TOO_SHORT == "too_short"
    assert f"{Reason.TOO_SHORT}" == "too_short"
    assert in_words("too_short") == (
        "its text has fewer characters than clean.min_chars (too_short)"
    )
    assert in_words("of_another_version") == "of_another_version"


def test_whose_choice_a_fate_was():
    people = {reason for reason in Reason if reason.choice == Choice.PERSON}
    assert people >= {"dropped_by_person", "ambiguous", "people_disagree", "forgotten"}
    assert "too_short" not in people


def test_every_reason_for_quarantine_says_how_to_repair_it():
    first_drop = list(Reason).index(Reason.LABEL_DROPPED)
    for reason in list(Reason)[:first_drop]:
        assert reason.repair, reason
