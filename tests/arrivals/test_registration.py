"""Lines put into params.yaml and dvc.yaml: every other byte stands as it was."""

import difflib

import pytest
from conftest import ROOT, yaml
from hypothesis import given, strategies as st

from seedbed.arrivals.adding import with_dep, with_source
from seedbed.core.errors import SeedbedError

ENTRY = {
    "name": "tickets", "kind": "file", "path": "data/raw/2026-11-25-tickets.csv",
    "batch": "2026-11-25-tickets", "columns": {"text": "body", "meta": ["shop"]},
    "label_map": {"3": "post", "spam": None}, "licence": "internal: ours # not theirs",
}  # fmt: skip


def added(before: str, after: str) -> list[str]:
    """The lines that came; no line may have gone."""
    differences = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    assert not [line for line in differences if line.startswith("- ")]
    return [line[2:] for line in differences if line.startswith("+ ")]


def test_this_projects_params_get_the_entry_after_the_last_source():
    before = (ROOT / "params.yaml").read_text()
    after = with_source(before, ENTRY)
    lines = added(before, after)
    assert lines[0] == "  - name: tickets"
    assert "      text: body" in lines
    assert yaml.load(after)["sources"][-1] == ENTRY
    assert after.index("Greene and Cunningham") < after.index("tickets") < after.index("\ncollect:")


def test_this_projects_pipeline_gets_the_path_among_the_deps_of_collect():
    before = (ROOT / "dvc.yaml").read_text()
    after = with_dep(before, ENTRY["path"])
    assert added(before, after) == ["      - data/raw/2026-11-25-tickets.csv"]
    assert with_dep(after, ENTRY["path"]) == after


@pytest.mark.parametrize(
    "before",
    [
        "sources:\n- name: a  # first\n  kind: file\n# about collect\ncollect: {}\n",
        "sources:\n  - name: a\n    columns:\n      text: body\n      # more\n\ncollect: {}\n",
        "sources: []  # none yet\ncollect: {}\n",
        "collect: {}\nsources:\n    - {name: a, kind: file}  # on one line\n",
        "collect: {}\nsources:\n  - name: a\n    licence: |\n      two\n      lines\n",
        "collect: {}\nsources:\n  - name: a",
    ],
)
def test_whatever_the_shape_of_the_list(before):
    after = with_source(before, ENTRY)
    found = yaml.load(after)
    assert found["sources"][-1] == ENTRY
    found["sources"].pop()
    assert found == {**yaml.load(before), "sources": found["sources"]}
    if "[]" not in before:
        added(before, after)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_any_name_and_licence_come_back_as_they_were(text):
    before = "sources:\n  - name: a\n\ncollect: {}\n"
    entry = {"name": "b", "licence": text, "label_map": {text: None}}
    assert yaml.load(with_source(before, entry))["sources"][-1] == entry


@pytest.mark.parametrize("before", ["sources: [{name: a}]\n", "sources: a\n", "collect: {}\n", ""])
def test_a_file_of_another_shape_is_refused_and_said(before):
    with pytest.raises(SeedbedError, match="not a list in block style"):
        with_source(before, ENTRY)
