"""Two versions of sets of labels: what was added to a row and taken from it; a change of task."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.errors import ParamsError
from seedbed.pages.rendering import markdown
from seedbed.pull_request import sections
from seedbed.tasks import class_task, labels_task
from seedbed.versions.changes import changes
from seedbed.versions.explain import explain
from seedbed.versions.revisions import Files
from seedbed.versions.row_records import task_of

BASE = {
    "params.yaml": "task:\n  kind: labels\n",
    "data/manifest/2026-01-post.csv": "id,digest,label,split\n"
    "a1a1a1,d1,letter|urgent,train\na2a2a2,d2,|,test\na3a3a3,d3,parcel,train\n",
    "data/tombstones.csv": "id,digest\n",
    "dvc.lock": "schema: '2.0'\nstages: {}\n",
    "reports/suspects.csv": "id,split,label,suggested,score,reason,nearest\n",
}
HEAD = BASE | {
    "data/manifest/2026-01-post.csv": "id,digest,label,split\n"
    "a1a1a1,d1,letter|parcel,train\na2a2a2,d2,urgent,test\na3a3a3,d3,parcel,train\n"
    "a4a4a4,d4,parcel|van,train\n",
    "data/decisions/ann.jsonl": '{"id": "a2a2a2", "digest": "d2", "given": "|", "decided": '
    '"urgent", "who": "ann", "when": "2026-02-03", "note": ""}\n',
    "data/ledger/decided.csv": "id,side,given,decided,people\na2a2a2,test,|,urgent,ann\n",
    "reports/suspects.csv": "id,split,label,suggested,score,reason,nearest\n"
    "a3a3a3,train,parcel,parcel|urgent,0.1,lacks_label,a2a2a2\n",
}


def git(*arguments: str) -> None:
    name = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *name, *arguments], check=True, capture_output=True)


def project(folder: Path, *versions: dict[str, str]) -> None:
    git("init", "-q", "-b", "main")
    for files in versions:
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)
        git("add", "-A")
        git("commit", "-q", "-m", "a version")


@pytest.fixture
def versions(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    project(tmp_path, BASE, HEAD)


def told(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["diff", "HEAD~1", "HEAD", *arguments])
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def test_labels_that_were_added_to_a_row_and_taken_from_it(versions):
    page = told("--format", "md")
    assert (
        "| `a1a1a1` | train | 2026-01-post | letter, urgent | letter, parcel | +parcel, −urgent |"
        in page
    )
    assert "| `a2a2a2` | test | 2026-01-post | no label | urgent | +urgent | decided by ann" in page
    assert "| parcel | 1 | 0 | | urgent | 1 | 1 |" in page  # added to rows, taken from rows
    assert "| `a3a3a3` | train | parcel | parcel, urgent | +urgent |" in page
    assert "by class: parcel 1, van 1" in page


def test_a_row_counts_in_each_of_its_classes_and_once_among_all(versions):
    page = told("--format", "md")
    assert "| parcel | 1 → 3 (+2) | 0 | 0 | 1 → 3 (+2) |" in page
    assert "| no label | 0 | 0 | 1 → 0 (-1) | 1 → 0 (-1) |" in page
    assert "| all | 2 → 3 (+1) | 0 | 1 | 3 → 4 (+1) |" in page


def test_json_has_the_cells_and_the_change(versions):
    relabelled = json.loads(told("--format", "json"))["changes"]["relabelled"]
    assert [(one["before"], one["after"], one["change"]) for one in relabelled] == [
        ("letter|urgent", "letter|parcel", "+parcel, −urgent"), ("|", "urgent", "+urgent")
    ]  # fmt: skip


def test_the_life_of_a_row_tells_its_set(versions):
    lines = "\n".join(explain("a3a3a3"))
    assert "parcel is suspected, parcel, urgent suggested (+urgent)" in lines
    assert "nearest rows with +urgent: a2a2a2" in lines
    assert "Decision: no label -> urgent, by ann" in "\n".join(explain("a2a2a2"))


def test_the_pull_request_shows_sets_as_people_read_them(versions):
    found = changes("HEAD~1", "HEAD", with_texts=False)
    page = markdown(sections.telling_rows(found, Files("HEAD")))
    assert "no label → urgent (+urgent)" in page
    assert "parcel, or +urgent?" in page
    rows = {one.row.id: one.kind for one in sections.telling(found, {})}
    assert rows["a4a4a4"] == "of a new class"  # van


def test_a_change_of_task_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    single = BASE["data/manifest/2026-01-post.csv"].replace("letter|urgent", "letter")
    older = BASE | {"data/manifest/2026-01-post.csv": single.replace(",|,", ",parcel,")}
    del older["params.yaml"]  # from before params.yaml named a task
    project(tmp_path, older, HEAD)
    assert (task_of(Files("HEAD~1")), task_of(Files("HEAD"))) == (class_task, labels_task)
    assert "ERROR: the task has changed, class → labels" in told()
    assert "the task has changed" in json.loads(told("--format", "json"))["alarms"][0]
    found = changes("HEAD~1", "HEAD", with_texts=False)
    assert "**ERROR: the task has changed, class → labels" in sections.in_one_line(found)
    assert changes("HEAD", "HEAD", with_texts=False).alarms == []


def test_a_task_that_this_version_has_not_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("task:\n  kind: spans\n")
    with pytest.raises(ParamsError, match="task `spans`"):
        task_of(Files())


SETS = st.sets(st.sampled_from("abcd")).map(labels_task.label_of)


@given(SETS, SETS)
def test_the_difference_of_two_sets_leads_from_one_to_the_other(before, after):
    words = [word for word in labels_task.difference(before, after).split(", ") if word]
    assert sorted(word[1:] for word in words) == [*labels_task.differing(before, after)]
    assert all(word[1:] in labels_task.members(after) for word in words if word[0] == "+")
    found = before
    for word in words:
        found = labels_task.toggled(found, word[1:])
    assert found == after
