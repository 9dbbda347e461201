"""Review where a row has a set of labels: a key toggles a label, and the whole set is decided."""

import csv
import io
from pathlib import Path

import pytest
from reviewing.conftest import label_with_sets
from rich.console import Console

from seedbed.core.decisions import DisagreementRule, in_force, read_decisions
from seedbed.core.errors import SeedbedError
from seedbed.core.rows import read_rows
from seedbed.reviewing.csv_exchange import export, read_back
from seedbed.reviewing.queues import queues_of, read_workspace
from seedbed.reviewing.session import CONFIRM, KEYS, Session, append
from seedbed.reviewing.status import status
from seedbed.reviewing.terminal import COMMANDS, Review
from stages import apply_decisions


@pytest.fixture
def workspace(project):
    label_with_sets()
    return read_workspace()


def reviewed(workspace, keys: str, queue: str = "suspects", answers: tuple[str, ...] = ()) -> str:
    screen, keys_left, answers_left = io.StringIO(), iter([*keys, "q"]), iter(answers)
    console = Console(file=screen, width=300, highlight=False, force_terminal=False)
    session = Session(workspace, queues_of(workspace)[queue], "ann")
    Review(session, console, lambda: next(keys_left), lambda _: next(answers_left)).run()
    return screen.getvalue()


def decided(workspace) -> list[str]:
    return [one.decided for one in read_decisions(workspace.folder)]


def test_classes_are_those_in_the_sets(workspace):
    assert workspace.classes == ["bank", "post"]


def test_a_key_toggles_a_label_and_the_set_is_decided_when_it_is_confirmed(workspace):
    assert queues_of(workspace)["suspects"].items[0].given == "bank|post"
    screen = reviewed(workspace, "2121y")
    assert decided(workspace) == ["bank|post"]  # each label twice: as it was given
    for words in (
        "given     bank, post\n", "suggested bank (−post)", "set       1 [x] bank   2 [x] post",
        "set       1 [x] bank   2 [ ] post", "1 [ ] bank   2 [ ] post",
        "[y]es, this set [a]ccept", "1 of 5 decided",
    ):  # fmt: skip
        assert words in screen, words


def test_the_key_that_confirms_is_free_on_the_terminal_and_on_the_page():
    taken_by_streamlit = {"c", "r"}
    assert CONFIRM not in {*COMMANDS, *KEYS} | taken_by_streamlit


def test_nothing_at_all_is_a_set_and_a_draft_is_of_its_row_alone(workspace):
    second = queues_of(workspace)["suspects"].items[1]
    screen = reviewed(workspace, "12y" + "y" + "uu?")
    assert decided(workspace)[:2] == ["|", second.given]
    assert "decided: no label" in screen
    assert "1  add or take out bank" in screen
    assert "y  confirm the set as it was put together" in screen


def test_a_label_of_the_list_is_toggled_too_and_given_and_suggested_sets_have_their_keys(workspace):
    items = queues_of(workspace)["suspects"].items
    reviewed(workspace, "oy" + "a" + "t", answers=("1",))
    assert decided(workspace) == ["post", items[1].given, items[2].suggested]


def test_a_row_that_nobody_labelled_begins_with_the_empty_set(workspace):
    workspace.rows.loc["row01", "given"] = ""
    queue = queues_of(workspace)["audit"]
    unlabelled = next(item for item in queue.items if item.id == "row01")
    session = Session(workspace, queue._replace(items=[unlabelled]), "ann")
    with pytest.raises(SeedbedError, match="label ''"):
        session.accept()
    assert session.choose("post") is None
    assert session.draft == "post"
    assert session.confirm().decided == "post"


def test_copies_in_conflict_say_which_labels_differ(workspace):
    items = {item.id: item for item in queues_of(workspace)["conflicts"].items}
    assert items["copy1"].reason.endswith("(label_conflict): +bank, +post")
    assert items["copy2"].reason.endswith("(label_conflict): −bank, −post")


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("post|bank", "the set 'post|bank', which is written 'bank|post'"),
        ("bank|bank", "the set 'bank|bank', which is written 'bank'"),
        ("bank|loan", "label 'loan' in the set 'bank|loan'"),
        ("bank|", "label '' in the set 'bank|'"),
    ],
)
def test_a_set_that_is_not_in_its_form_is_refused_with_the_repair(
    workspace, said, tmp_path, wrong, problem
):
    session = Session(workspace, queues_of(workspace)["suspects"], "ann")
    with pytest.raises(SeedbedError) as error:
        session.decide(wrong)
    assert problem in str(error.value)
    assert "a set of bank, post: sorted names joined by |, or | alone for none" in str(error.value)
    (tmp_path / "q.csv").write_text(f"id,digest,decided\nrow01,drow01,{wrong}\n")
    with pytest.raises(SeedbedError) as error:
        read_back(tmp_path / "q.csv", "ann", workspace)
    assert f"q.csv:2: {problem}" in str(error.value)
    append(said("row01", wrong))
    with pytest.raises(SeedbedError) as error:
        apply_decisions.main()
    assert f"data/decisions/ann.jsonl:1: {problem}" in str(error.value)


def test_sets_go_out_as_they_are_written_and_come_back(workspace, tmp_path):
    queue, file = queues_of(workspace)["suspects"], tmp_path / "q.csv"
    export(queue, workspace, file)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        lines = list(csv.DictReader(opened))
    assert [line["suggested"] for line in lines] == [item.suggested for item in queue.items]
    sets = ["|", "post", "bank|post"]
    for line, label in zip(lines, sets, strict=False):
        line["decided"] = label
    with file.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.DictWriter(opened, lines[0])
        writer.writeheader()
        writer.writerows(lines)
    assert [one.decided for one in read_back(file, "bob", workspace)] == sets


def test_a_decided_set_is_the_rows_label_and_people_who_decide_two_sets_disagree(workspace, said):
    for one in (said("row01", "post"), said("row02", "|"), said("row02", "bank", "bob")):
        append(one)
    rows = read_rows(Path("data/anonymize"))
    rule = DisagreementRule(disagreement="keep_out", arbiter="")
    found = in_force(read_decisions(workspace.folder), rows, rule)
    kept, _ = apply_decisions.apply(rows, found, {"row01": "test", "row02": "test"})
    assert kept.set_index("id")["label"]["row01"] == "post"
    workspace.refresh()
    assert "  row02: ann no label, bob bank" in status(workspace)
