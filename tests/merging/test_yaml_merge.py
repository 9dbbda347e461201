"""params.yaml and dvc.yaml of two branches, merged by what they say."""

import pytest
from conftest import ROOT

from seedbed.core.errors import SeedbedError
from seedbed.merging.yaml_merge import merged_yaml

BASE = """\
sources:                         # where rows come from
  - name: bbc                    # never rename it
    batch: 2005-07-bbc
    path: bbc.csv

split:
  seed: 0                        # never change it
  shares: [0.2, 0.1]
approaches:
  full:
    epochs: 2
"""
TICKETS = """\
  - name: tickets                # from the desk
    batch: 2026-11-tickets
    path: tickets.csv
"""
MAILS = """\
  - name: mails
    batch: 2026-12-mails
    path: mails.csv
"""


def with_source(text: str) -> str:
    return BASE.replace("    path: bbc.csv\n", f"    path: bbc.csv\n{text}")


def merged(ours: str, theirs: str, base: str = BASE) -> str:
    return merged_yaml("params.yaml", base, ours, theirs)


def test_two_sources_at_the_same_place_are_both_there():
    found = merged(with_source(TICKETS), with_source(MAILS))
    names = [line.split("#")[0].strip() for line in found.splitlines() if "- name:" in line]
    assert names == ["- name: bbc", "- name: tickets", "- name: mails"]
    for comment in ("# where rows come from", "# never rename it", "# from the desk"):
        assert comment in found
    for batch in ("2026-11-tickets", "2026-12-mails"):
        assert f"    batch: {batch}\n" in found


def test_both_sides_may_give_the_same_source():
    found = merged(with_source(TICKETS), with_source(TICKETS))
    assert found.count("name: tickets") == 1


def test_two_batches_of_one_source_are_both_there():
    later = TICKETS.replace("2026-11", "2026-12").replace("path: tickets", "path: december")
    base = with_source(TICKETS)
    november = TICKETS.replace("2026-11-t", "2026-11-20-t")
    found = merged(base + "", with_source(TICKETS + later), base=base)
    assert found.count("name: tickets") == 2
    both = merged(with_source(TICKETS + november), with_source(TICKETS + later), base=base)
    assert both.count("name: tickets") == 3


def test_what_one_side_took_out_stays_out():
    found = merged(with_source(TICKETS), BASE.replace("name: bbc ", "name: cnn "))
    assert "name: bbc" not in found
    assert "name: tickets" in found
    assert "name: cnn" in found


def test_different_values_changed_on_two_sides_both_count():
    found = merged(BASE.replace("epochs: 2", "epochs: 3"), BASE.replace("seed: 0", "seed: 5"))
    assert "epochs: 3" in found
    assert "seed: 5 " in found


def test_the_same_change_on_both_sides_is_no_conflict():
    changed = BASE.replace("epochs: 2", "epochs: 3")
    assert merged(changed, changed) == changed


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        ("epochs: 3", "epochs: 4", "approaches.full.epochs: `3` in ours, `4` in theirs"),
        ("epochs: 3", None, "approaches.full.epochs: `3` in ours, missing in theirs"),
    ],
)
def test_a_value_that_both_changed_is_left_to_a_person(ours, theirs, told):
    other = BASE.replace("epochs: 2", theirs) if theirs else BASE.replace("epochs: 2", "more: 1")
    with pytest.raises(SeedbedError) as error:
        merged(BASE.replace("epochs: 2", ours), other)
    assert told in str(error.value)
    assert "git add params.yaml" in str(error.value)


def test_a_source_that_both_changed_is_named():
    ours, theirs = BASE.replace("bbc.csv", "a.csv"), BASE.replace("bbc.csv", "b.csv")
    with pytest.raises(
        SeedbedError, match=r"sources\[bbc, 2005-07-bbc\]\.path: `a.csv` in ours, `b.csv` in theirs"
    ):
        merged(ours, theirs)


def test_a_list_of_numbers_that_both_changed_is_no_union():
    ours, theirs = BASE.replace("[0.2,", "[0.3,"), BASE.replace("[0.2,", "[0.4,")
    with pytest.raises(
        SeedbedError, match=r"split\.shares: `\[0.3, 0.1\]` in ours, `\[0.4, 0.1\]` in theirs"
    ):
        merged(ours, theirs)


def test_every_conflict_is_told_at_once():
    ours = BASE.replace("epochs: 2", "epochs: 3").replace("seed: 0", "seed: 1")
    theirs = BASE.replace("epochs: 2", "epochs: 4").replace("seed: 0", "seed: 2")
    with pytest.raises(SeedbedError, match=r"split\.seed: .*; approaches\.full\.epochs: "):
        merged(ours, theirs)


def test_a_file_that_one_side_deleted_is_left_to_a_person():
    with pytest.raises(SeedbedError, match="one side deleted it"):
        merged_yaml("params.yaml", BASE, BASE, None)


def test_a_side_that_is_no_yaml_is_told_with_its_line():
    with pytest.raises(SeedbedError, match=r"params\.yaml:\d+: a side of the merge is not YAML"):
        merged(BASE, "sources: [\nsplit: 1\n")


CHANGES = {
    "params.yaml": (
        ("max_row_chars: 1000000 ", "max_row_chars: 2000000 "),
        ("min_chars: 3 ", "min_chars: 4 "),
    ),
    "dvc.yaml": (
        ("      - stages/collect.py\n", "      - stages/collect.py\n      - data/raw/a.csv\n"),
        ("      - stages/clean.py\n", "      - stages/clean.py\n      - data/raw/b.csv\n"),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_projects_own_files_keep_every_byte_but_what_was_merged(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    ours, theirs = (text.replace(*change, 1) for change in CHANGES[name])
    expected = text
    for old, new in CHANGES[name]:
        assert text.count(old) == 1
        expected = expected.replace(old, new)
    found = merged_yaml(name, text, ours, theirs)
    assert sorted(found.splitlines()) == sorted(expected.splitlines())
