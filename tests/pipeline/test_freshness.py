"""`seedbed check-lock` finds each kind of staleness, in a small project whose stages DVC ran."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.errors import PipelineError
from seedbed.pipeline.freshness import freshness

# `dvc add` asks a library in a way that the library warns of.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")

PIPELINE = """\
stages:
  count:
    cmd: cp code.py data/counted && cp code.py counts.csv
    deps: [code.py, raw.csv, words]
    params: [count.least, names]
    outs:
      - data/counted
      - counts.csv:
          cache: false
  tell:
    matrix:
      tongue: [en, fr]
    cmd: cp data/counted told_${item.tongue}.md
    deps: [data/counted, counts.csv]
    outs:
      - told_${item.tongue}.md:
          cache: false
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> dict[str, bytes]:
    """The files of a project after a run, without data and cache: what git holds."""
    folder = tmp_path_factory.mktemp("ran")
    (folder / "words").mkdir()
    for name, text in {
        "dvc.yaml": PIPELINE, "params.yaml": "count:\n  least: 3\nnames: [ann]\nother: 1\n",
        "code.py": "print()\n", "raw.csv": "a\n1\n", "words/stop.txt": "the\n",
    }.items():  # fmt: skip
        (folder / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        _repositories()
        from dvc.repo import Repo

        with Repo() as repo:
            repo.add("raw.csv")
            repo.reproduce()
    names = ("dvc.yaml", "dvc.lock", "params.yaml", "code.py", "raw.csv.dvc", "words/stop.txt",
             "counts.csv", "told_en.md", "told_fr.md")  # fmt: skip
    return {name: (folder / name).read_bytes() for name in names}


def _repositories() -> None:
    from dvc.repo import Repo

    subprocess.run(["git", "init", "-q"], check=True)
    Path("data").mkdir()
    Repo.init().close()


@pytest.fixture
def project(ran, tmp_path, monkeypatch) -> Path:
    """A clone of that project: no data, no cache."""
    monkeypatch.chdir(tmp_path)
    _repositories()
    for name, content in ran.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def change(file: str, old: str, new: str) -> None:
    text = Path(file).read_text()
    assert old in text
    Path(file).write_text(text.replace(old, new, 1))


def told() -> list[str]:
    return [f"{one.stage}: {one.what}" for one in freshness().stale]


def test_a_clone_without_data_is_fresh(project):
    found = freshness()
    assert found.stale == []
    assert found.stages == 3
    assert found.compared == 3 + 2 + 1 + 2 * (2 + 1)  # deps, params and outputs in git


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("code.py", "print()", "print(1)", ["count: dependency code.py has changed"]),
        ("words/stop.txt", "the", "a", ["count: dependency words has changed"]),
        ("params.yaml", "least: 3", "least: 4", ["count: param count.least has changed"]),
        ("params.yaml", "[ann]", "[ann, bob]", ["count: param names has changed"]),
        ("params.yaml", "names", "people", ["count: param names is not in params.yaml"]),
        ("params.yaml", "other: 1", "other: 2", []),
        ("told_fr.md", "print()", "imprime()", ["tell@fr: output told_fr.md has changed"]),
        ("dvc.yaml", "cp data/counted told", "cp counts.csv told", [
            "tell@en: its command was `cp data/counted told_en.md`",
            "tell@fr: its command was `cp data/counted told_fr.md`",
        ]),
        ("dvc.yaml", "[code.py, ", "[dvc.yaml, code.py, ", [
            "count: dependency dvc.yaml is not in dvc.lock",
        ]),
        ("dvc.yaml", ", words]", "]", [
            "count: dependency words is in dvc.lock, but not in dvc.yaml",
        ]),
        ("dvc.yaml", "count.least, names", "count.least", [
            "count: param names is in dvc.lock, but not in dvc.yaml",
        ]),
        ("dvc.yaml", "count.least, names", "count.least, names, other", [
            "count: param other is not in dvc.lock",
        ]),
        ("dvc.yaml", "[en, fr]", "[en, fr, de]", [
            "tell@de: is not in dvc.lock: it has not run",
        ]),
        ("dvc.yaml", "[en, fr]", "[en]", ["tell@fr: is in dvc.lock, but not in dvc.yaml"]),
    ],
)  # fmt: skip
def test_each_kind_of_staleness_is_found_and_named(project, file, old, new, expected):
    change(file, old, new)
    assert told() == expected


def test_an_output_in_git_edited_by_hand_is_stale_for_its_maker_and_its_reader(project):
    change("counts.csv", "print()", "print(2)")
    assert told() == [
        "count: output counts.csv has changed",
        "tell@en: dependency counts.csv has changed",
        "tell@fr: dependency counts.csv has changed",
    ]


def test_a_stage_that_is_not_in_the_lock_is_named(project):
    text = Path("dvc.lock").read_text()
    Path("dvc.lock").write_text(text[: text.index("  tell@fr:")])
    assert told() == ["tell@fr: is not in dvc.lock: it has not run"]


def test_a_lock_patched_together_from_two_runs_is_stale(project):
    """Data is not here; yet what a stage read must be what the stage before wrote."""
    digest = hashlib.md5(b"print()\n").hexdigest()
    text = Path("dvc.lock").read_text()
    at = text.index("path: data/counted", text.index("tell@en:"))
    Path("dvc.lock").write_text(text[:at] + text[at:].replace(digest, "0" * 32, 1))
    assert told() == ["tell@en: dependency data/counted has changed by another run"]


def test_new_raw_data_is_told_by_its_dvc_file(project):
    digest = hashlib.md5(b"a\n1\n").hexdigest()
    change("raw.csv.dvc", digest, hashlib.md5(b"a\n2\n").hexdigest())
    assert told() == ["count: dependency raw.csv has changed by another run"]


def test_a_file_that_is_gone_is_told(project):
    Path("code.py").unlink()
    Path("told_en.md").unlink()
    assert told() == [
        "count: dependency code.py is not here, and no `.dvc` file names its digest",
        "tell@en: output told_en.md is not here, and no `.dvc` file names its digest",
    ]


def test_no_lock_at_all_means_no_stage_has_run(project):
    Path("dvc.lock").unlink()
    assert [one.stage for one in freshness().stale] == ["count", "tell@en", "tell@fr"]


def test_a_lock_in_conflict_is_one_paragraph(project):
    Path("dvc.lock").write_text("<<<<<<< HEAD\nstages:\n=======\n>>>>>>> other\n")
    with pytest.raises(PipelineError, match=r"dvc\.lock:\d+: .* run `make resolve`"):
        freshness()


def test_the_command_ends_with_its_verdict(project):
    fresh = CliRunner().invoke(app, ["check-lock"])
    assert (fresh.exit_code, fresh.stdout.split(":")[0]) == (0, "dvc.lock is fresh")
    Path("dvc.lock").unlink()
    stale = CliRunner().invoke(app, ["check-lock"])
    assert stale.exit_code == 1
    assert "count: is not in dvc.lock" in stale.stdout
    assert "dvc.lock is not fresh: 3 of 3 stages" in stale.stdout
