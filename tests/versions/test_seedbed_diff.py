"""`seedbed diff` on two readable versions in git: what it tells, and what it must never show."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.errors import RevisionError, RowsError, SeedbedError
from seedbed.core.files import write_csv
from seedbed.pages.rendering import cell
from seedbed.versions.changes import changes

BASE = {
    "data/manifest/2026-01-post.csv": "id,digest,label,split\n"
    "a1,d1,letter,train\na2,d2,letter,test\na3,d3,parcel,train\na4,d4,parcel,validation\n",
    "data/ledger/deduplicate.csv": "id,reason,cause\na5,exact_duplicate,a1\n",
    "data/decisions/.gitkeep": "",
    "data/frozen_test.csv": "id,digest\n",
    "data/tombstones.csv": "id,digest\n",
    "reports/suspects.csv": "id,split,label,suggested,score,reason,nearest\n"
    "a2,test,letter,parcel,0.1,other_label_likelier,a4\n",
    "params.yaml": "sources:\n  - name: post\n    path: a.csv\nclean:\n  min_chars: 3\n",
    "dvc.lock": "schema: '2.0'\nstages:\n  clean:\n    deps:\n"
    "    - path: seedbed/cleaning/rules.py\n      hash: md5\n      md5: aaaa\n      size: 3\n",
}
HEAD = BASE | {
    "data/manifest/2026-01-post.csv": "id,digest,label,split\n"
    "a1,d1,letter,train\na2,d2,parcel,test\na4,e4,parcel,validation\n",
    "data/manifest/2026-02-post.csv": "id,digest,label,split\nb1,d9,letter,train\n",
    "data/ledger/clean.csv": "id,reason,cause\na3,too_short,\n",
    "data/decisions/ann.jsonl": '{"id": "a2", "digest": "d2", "given": "letter", "decided": '
    '"parcel", "who": "ann", "when": "2026-02-03", "note": "a | box <b>"}\n',
    "reports/suspects.csv": "id,split,label,suggested,score,reason,nearest\n",
    "params.yaml": BASE["params.yaml"].replace("3", "9"),
    "dvc.lock": BASE["dvc.lock"].replace("aaaa", "bbbb"),
}


def git(*arguments: str) -> None:
    name = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *name, *arguments], check=True, capture_output=True)


def write(files: dict[str, str]) -> None:
    for name, content in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(content)


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """BASE on main; HEAD on the branch `more`, which is checked out."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q", "-b", "main")
    for branch, files in (("main", BASE), ("more", HEAD)):
        if branch != "main":
            git("checkout", "-q", "-b", branch)
        write(files)
        git("add", ".")
        git("commit", "-q", "-m", branch)
    return tmp_path


def told(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["diff", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_markdown_tells_every_change_with_its_reason_and_who_decided(project) -> None:
    page = told()
    assert "1 added, 1 removed, 1 relabelled, 1 edited, 1 suspect gone, 1 decision made" in page
    assert "Changed too: 1 param, 1 stage by their code." in page
    assert "| parcel | 1 → 0 (-1) | 1 | 0 → 1 (+1) | 2 |" in page
    assert "| 2026-02-post | new | 0 → 1 (+1) |" in page
    assert "clean: its text has fewer characters than clean.min_chars (too_short)" in page
    assert "| letter | parcel | decided by ann, 2026-02-03, a \\| box &lt;b&gt; |" in page
    assert "| `a4` | validation | parcel | 2026-01-post | d4 | e4 |" in page
    assert "| clean.min_chars | 3 | 9 |" in page
    assert "| clean | seedbed/cleaning/rules.py |" in page
    assert "the texts of both versions are not here" in page


def test_json_is_complete(project) -> None:
    found = json.loads(told("--format", "json"))
    assert found["counts"]["added"] == 1
    assert found["changes"]["removed"] == [
        {"id": "a3", "batch": "2026-01-post", "label": "parcel", "split": "train",
         "fate": {"stage": "clean", "reason": "too_short", "cause": ""}, "said": []}
    ]  # fmt: skip
    assert found["changes"]["gone_suspects"][0]["why"] == "decided"
    assert found["rows"]["letter"]["test"] == {"before": 1, "after": 0}
    assert found["alarms"] == []
    assert found["params"] == [{"key": "clean.min_chars", "before": 3, "after": 9}]


def test_without_arguments_it_is_what_a_branch_and_the_workspace_have_that_main_has_not(
    project,
) -> None:
    write_csv(Path("data/tombstones.csv"), ["id", "digest"], [["a1", "d1"]])
    assert "1 new tombstone" in told()
    git("checkout", "-q", "-f", "main")
    page = told()
    assert "No row, suspect, decision or tombstone differs." in page
    assert "Name a BASE, such as HEAD~1, for older changes." in page.replace("\\~", "~")
    write({"data/tombstones.csv": "id,digest\na1,d1\n"})
    assert "1 new tombstone" in told()


def test_a_moved_row_is_an_error_in_words_and_in_json_and_no_exit_code(project) -> None:
    write({"data/manifest/2026-02-post.csv": "id,digest,label,split\nb1,d9,letter,test\n"})
    assert "**ERROR: 1 moved between splits: must be none.**" in told("HEAD")
    assert json.loads(told("HEAD", "--format", "json"))["alarms"] == [
        "1 moved between splits: must be none"
    ]


def test_what_is_left_out_is_said(project) -> None:
    page = told("main", "more", "--rows", "0")
    assert "1 more are not shown: --rows 1, or --format json for all." in page
    assert "`a3`" in told("main", "more")
    assert "`a3`" not in page
    assert json.loads(told("--format", "json", "--rows", "0"))["left_out"]["added"] == 1


def test_an_unknown_revision_a_broken_line_and_a_version_without_manifest_are_errors(project):
    with pytest.raises(RevisionError, match="no such revision here"):
        changes("nowhere")
    git("rm", "-rq", "data/manifest")
    git("commit", "-qm", "no manifest")
    with pytest.raises(RevisionError, match="from before there was a manifest"):
        changes("HEAD", "main")
    write({"data/manifest/2026-01-post.csv": "id,digest,label,split\na1,d1,letter\n"})
    with pytest.raises(RowsError, match=r"2026-01-post.csv:2: `a1,d1,letter` \(expected 4 cells"):
        changes("main")
    write({"data/manifest/2026-01-post.csv": "id,digest,label,split\n<<<<<<< HEAD\n"})
    with pytest.raises(RowsError, match="csv:2: a merge left both sides here"):
        changes("main")
    write({"data/manifest/2026-01-post.csv": "id,digest,label,split\na1,d1,letter,train\n"})
    write({"data/manifest/2026-02-post.csv": "id,digest,label,split\na1,d1,letter,train\n"})
    with pytest.raises(RowsError, match="1 ids are listed twice"):
        changes("main")


def test_files_that_a_merge_left_broken_are_named(project) -> None:
    for path, content in (
        ("reports/metrics/split.json", "<<<<<<< HEAD\n{}"),
        ("params.yaml", "a: [\n<<<<<<< HEAD\n"),
        ("data/manifest/2026-02-post.csv", "id,digest,label,split\nb1,d9,\udcff,train\n"),
    ):
        before = Path(path).read_bytes() if Path(path).exists() else b"{}"
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content.encode("utf-8", "surrogateescape"))
        with pytest.raises(SeedbedError, match=path):
            changes("HEAD")
        Path(path).write_bytes(before)


def test_a_first_run_adds_every_row_and_rows_in_quarantine_are_told(project) -> None:
    git("checkout", "-q", "--orphan", "empty")
    git("rm", "-rqf", ".")
    git("commit", "-q", "--allow-empty", "-m", "nothing yet")
    write(HEAD | {"reports/metrics/collect.json": '{"rows": {"kept": 4, "quarantined": 2}}'})
    page = told("empty")
    assert "4 added" in page
    assert "The base has no run in git, so every row counts as added." in page
    assert "Rows in quarantine: 0 → 2; data/quarantine.csv says why." in page


def test_a_shallow_clone_says_how_to_get_the_rest(project, tmp_path_factory, monkeypatch) -> None:
    git("checkout", "-q", "main")
    git("commit", "-q", "--allow-empty", "-m", "later")
    clone = tmp_path_factory.mktemp("shallow") / "clone"
    depth = ["--depth", "1", "--no-single-branch", "-b", "more"]
    git("clone", "-q", *depth, f"file://{project}", str(clone))
    monkeypatch.chdir(clone)
    with pytest.raises(RevisionError, match="git fetch --unshallow"):
        changes()


def test_the_web_page_is_one_file_that_runs_and_fetches_nothing(project) -> None:
    told("--format", "html", "--output", "out/changes.html")
    page = Path("out/changes.html").read_text()
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<link|<img|<iframe|\bsrc=|\bhref=|url\(|@import|\bon\w+=", page)
    assert "decided by ann, 2026-02-03, a | box &lt;b&gt;" in page
    assert "ERROR" not in page


def test_people_s_words_are_no_markup_in_a_cell() -> None:
    words = "# *a* | `b`\n<img src=x> [c](d) _e_ min_chars @ann #7 https://x.y"
    assert cell(words) == (
        "\\# \\*a\\* \\| \\`b\\` &lt;img src=x&gt; \\[c\\](d) \\_e\\_ min_chars @\u2060ann "
        "#\u20607 https:\u2060//x.y"
    )
    assert cell("a\x1b" + "b" * 400, 300) == f"a&lt;U+001B&gt;{'b' * 298} … (102 more characters)"
