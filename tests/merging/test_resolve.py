"""What `seedbed resolve` does to each kind of file in conflict, in a small project."""

import subprocess
from pathlib import Path

import pytest

from seedbed.core.errors import RevisionError, SeedbedError
from seedbed.merging.resolve import repaired, rerun, resolve

FILES = {
    "dvc.yaml": "stages:\n  count:\n    cmd: count\n    deps: [a.py]\n    outs:\n"
                "      - counts:\n          cache: false\n      - data/all\n",
    "dvc.lock": "schema: '2.0'\nstages:\n  count: {cmd: count}\n",
    "params.yaml": "sources:\n  - name: first\nepochs: 2\n",
    "counts/all.csv": "label,rows\na,1\n",
    "notes.md": "first\n",
    ".gitattributes": "decided.jsonl merge=union\n",
    "decided.jsonl": '{"row": 1}\n',
}  # fmt: skip


def git(*arguments: str, fails: bool = False) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode != 0) is fails, done.stdout + done.stderr
    return done.stdout


def write(files: dict[str, str]) -> None:
    for path, text in files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Gives a function: the changes of both branches, which are then merged, in conflict."""
    from dvc.repo import Repo

    monkeypatch.chdir(tmp_path)
    git("init", "-q", "-b", "main")
    git("config", "user.name", "ann")
    git("config", "user.email", "ann@example.org")
    Repo.init().close()
    write(FILES)
    git("add", "-A")
    git("commit", "-qm", "base")

    def branches(left: dict[str, str], right: dict[str, str]) -> None:
        for name, files in (("left", left), ("right", right)):
            git("checkout", "-q", "-b", name, "main")
            write(files)
            git("add", "-A")
            git("commit", "-qm", name)
        git("checkout", "-q", "left")
        git("merge", "right", fails=True)

    return branches


def with_source(name: str, epochs: int = 2) -> str:
    return f"sources:\n  - name: first\n  - name: {name}\nepochs: {epochs}\n"


def test_what_stages_wrote_is_put_back_to_one_side_whole(project):
    lock = {one: FILES["dvc.lock"].replace("cmd: count", f"cmd: {one}") for one in ("two", "three")}
    project(
        {"counts/all.csv": "label,rows\na,2\n", "dvc.lock": lock["two"]},
        {"counts/all.csv": "label,rows\na,3\n", "dvc.lock": lock["three"],
         "counts/new.csv": "label,rows\nb,1\n"},
    )  # fmt: skip
    found = resolve()
    assert found.is_merging
    assert found.put_back == 3
    assert Path("counts/all.csv").read_text() == "label,rows\na,2\n"
    assert not Path("counts/new.csv").exists()  # a run makes it again
    assert Path("dvc.lock").read_text() == lock["two"]
    assert git("ls-files", "--unmerged") == ""


def test_what_people_wrote_is_merged(project):
    project(
        {"params.yaml": with_source("left"), "decided.jsonl": '{"row": 1}\n{"row": 2}\n'},
        {"params.yaml": with_source("right"), "decided.jsonl": '{"row": 1}\n{"row": 3}\n'},
    )
    assert resolve().merged == ["params.yaml"]
    names = [line for line in Path("params.yaml").read_text().splitlines() if "name" in line]
    assert names == ["  - name: first", "  - name: left", "  - name: right"]
    assert Path("decided.jsonl").read_text() == '{"row": 1}\n{"row": 2}\n{"row": 3}\n'


def test_what_a_stopped_run_has_repaired_is_in_the_next_commit(project):
    both = FILES["decided.jsonl"] + '{"row": 2}\n'
    project({"decided.jsonl": both, "params.yaml": with_source("left")},
            {"decided.jsonl": FILES["decided.jsonl"] + '{"row": 3}\n{"row": 2}\n',
             "params.yaml": with_source("right")})  # fmt: skip
    repaired("decided.jsonl")  # the run ended behind this, and before `git add`
    resolve()
    assert git("show", ":decided.jsonl") == Path("decided.jsonl").read_text()
    assert git("diff", "--name-only") == ""


def test_a_lock_that_a_killed_git_left_is_named(project):
    project({"params.yaml": with_source("left")}, {"params.yaml": with_source("right")})
    Path(".git/index.lock").touch()
    with pytest.raises(RevisionError, match=r"index\.lock'.*; if there are none, delete that file"):
        resolve()
    Path(".git/index.lock").unlink()
    assert resolve().merged == ["params.yaml"]


def test_a_value_that_both_changed_stops_it_before_anything_is_written(project):
    project(
        {"params.yaml": with_source("left", 3), "counts/all.csv": "label,rows\na,2\n"},
        {"params.yaml": with_source("right", 4), "counts/all.csv": "label,rows\na,3\n"},
    )
    before = Path("counts/all.csv").read_text()
    with pytest.raises(SeedbedError, match=r"params\.yaml: epochs: `3` in ours, `4` in theirs"):
        resolve()
    assert Path("counts/all.csv").read_text() == before
    assert "<<<<<<<" in Path("params.yaml").read_text()
    write({"params.yaml": with_source("left", 4)})  # a person chooses
    git("add", "params.yaml")
    assert resolve().merged == []
    assert Path("counts/all.csv").read_text() == "label,rows\na,2\n"


def test_a_conflict_that_is_no_business_of_the_pipeline_is_named(project):
    project({"notes.md": "left\n", "params.yaml": with_source("left")},
            {"notes.md": "right\n", "params.yaml": with_source("right")})  # fmt: skip
    with pytest.raises(SeedbedError, match=r"in conflict: notes\.md"):
        resolve()
    assert "name: right" in Path("params.yaml").read_text()  # the rest is done already


def test_a_lock_that_was_committed_in_conflict_is_dropped(project, tmp_path):
    write({"dvc.lock": "<<<<<<< HEAD\nstages:\n=======\n>>>>>>> right\n"})
    git("commit", "-qam", "oops")
    found = resolve()
    assert (found.is_merging, found.put_back) == (False, 1)
    assert not Path("dvc.lock").exists()


def test_the_run_is_asked_for_data_that_is_missing_and_its_error_is_told(project, monkeypatch):
    project({"params.yaml": with_source("left")}, {"params.yaml": with_source("right")})
    resolve()
    write({"raw.csv.dvc": "outs:\n- md5: 0123456789abcdef0123456789abcdef\n  path: raw.csv\n"})
    asked: list[list[str]] = []

    def run(command) -> int:
        asked.append(list(command)[2:])
        return 1

    monkeypatch.setattr("subprocess.call", run)
    with pytest.raises(SeedbedError, match="dvc repro: ended with an error"):
        rerun()
    assert asked == [["dvc", "checkout", "raw.csv"], ["dvc", "pull", "raw.csv"], ["dvc", "repro"]]
    monkeypatch.setattr("subprocess.call", lambda _: 0)
    rerun()
    assert git("status", "--porcelain", "dvc.lock", "counts") == ""
