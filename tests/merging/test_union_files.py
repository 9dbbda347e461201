"""Files that git merges by union: what a union leaves behind is repaired."""

import json
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

from seedbed.core.errors import SeedbedError
from seedbed.merging.resolve import is_merging, merged_by_union, repaired


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("data/decisions").mkdir(parents=True)
    return tmp_path


def written(path: str, text: str) -> str:
    Path(path).write_text(text)
    return path


def test_a_second_header_and_a_second_line_go_and_rows_are_sorted(folder):
    path = written("data/frozen_test.csv", "id,digest\nbb,2\nid,digest\naa,1\nbb,2\n")
    assert repaired(path)
    assert Path(path).read_text() == "id,digest\naa,1\nbb,2\n"
    assert not repaired(path)


def test_a_row_frozen_with_two_texts_is_left_to_a_person(folder):
    path = written("data/frozen_test.csv", "id,digest\naa,1\naa,2\n")
    with pytest.raises(
        SeedbedError, match=r"frozen_test.csv:3: row aa is frozen with two digests, 1"
    ):
        repaired(path)
    assert Path(path).read_text() == "id,digest\naa,1\naa,2\n"


def test_a_row_forgotten_with_two_texts_keeps_both_tombstones(folder):
    path = written("data/tombstones.csv", "id,digest\naa,2\naa,1\n")
    assert repaired(path)
    assert Path(path).read_text() == "id,digest\naa,1\naa,2\n"


def test_a_line_of_another_form_is_named(folder):
    path = written("data/tombstones.csv", "id,digest\naa,1\nbb\n")
    with pytest.raises(SeedbedError, match=r"tombstones.csv:3: 1 cells"):
        repaired(path)


def test_lines_that_are_no_ids_keep_their_order(folder):
    path = written(
        "data/gate_overrides.csv", "base_model,why\nz,late\nbase_model,why\na,x\nz,late\n"
    )
    assert repaired(path)
    assert Path(path).read_text() == "base_model,why\nz,late\na,x\n"


def decision(row: str, when: str) -> str:
    return json.dumps({"id": row, "digest": "1", "given": "a", "decided": "b", "who": "ann",
                       "when": when}) + "\n"  # fmt: skip


def test_a_decision_of_both_branches_is_there_once(folder):
    one, two = decision("aa", "2026-11-01"), decision("bb", "2026-11-02")
    path = written("data/decisions/ann.jsonl", one + two + one)
    assert repaired(path)
    assert Path(path).read_text() == one + two


def test_a_broken_decision_is_named_with_its_line(folder):
    path = written("data/decisions/ann.jsonl", decision("aa", "2026-11-01") + "{oops\n")
    with pytest.raises(SeedbedError, match=r"ann.jsonl:2: not JSON"):
        repaired(path)


def test_a_file_that_is_not_there_needs_no_repair(folder):
    assert not repaired("data/decisions/bob.jsonl")


def test_the_files_are_those_that_gitattributes_names(folder):
    for command in (["git", "init", "-q"],):
        subprocess.run(command, check=True)
    written(".gitattributes", (ROOT / ".gitattributes").read_text())
    for path in ("data/decisions/ann.jsonl", "data/frozen_test.csv", "data/tombstones.csv",
                 "data/quarantine.csv"):  # fmt: skip
        written(path, "")
    subprocess.run(["git", "add", "."], check=True)
    assert {"data/decisions/ann.jsonl", "data/frozen_test.csv", "data/tombstones.csv"} == set(
        merged_by_union()
    )
    assert not is_merging()
