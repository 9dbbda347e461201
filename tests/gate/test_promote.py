"""`seedbed promote`: data and model tagged together, or the reason why not."""

import shutil
from pathlib import Path

import pytest
from gate.conftest import BEST, CLASSES, commit, dvc, run, write_model
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.errors import GateError
from seedbed.gate.compare import champions, default_base, write_override
from seedbed.gate.promotion import plan

pytestmark = pytest.mark.usefixtures("repository")
WORSE = range(40)


def promote(*options: str, answer: str = ""):
    return CliRunner().invoke(app, ["promote", *options], input=answer)


def refused(*options: str) -> str:
    before = run("git", "tag")
    done = promote("--yes", *options)
    assert isinstance(done.exception, GateError), done.output
    assert run("git", "tag") == before
    return str(done.exception)


def test_the_first_champion_is_an_annotated_tag_that_names_data_and_model():
    done = promote(answer="y\n")
    assert done.exit_code == 0
    assert run("git", "cat-file", "-t", "champion@v1.0.0").strip() == "tag"
    said = run("git", "tag", "--list", "--format=%(contents)", "champion@v1.0.0")
    assert said.splitlines()[:3] == [
        "champion@v1.0.0", "", "dataset 0123456789ab, 270 rows"
    ]  # fmt: skip
    assert "full, seed 0" in said
    assert "the first champion: compared with none" in said
    assert default_base() == "champion@v1.0.0"


def test_it_asks_first():
    promote(answer="n\n")
    assert champions() == []


def test_dvc_brings_the_model_of_a_tag(tmp_path):
    promote("--yes")
    write_model(range(4))
    commit("a better model")
    promote("--yes")
    dvc("artifacts", "get", ".", "champion", "--rev", "v1.0.0", "--out", str(tmp_path / "old"))
    dvc("artifacts", "get", ".", "champion", "--out", str(tmp_path / "new"))
    wrong = [(tmp_path / name / "seedbed.json").read_text().count(",") for name in ("old", "new")]
    assert wrong[0] == wrong[1] + 1  # one row more is wrong in the old one


def test_the_next_version_is_compared_with_the_champion():
    promote("--yes")
    write_model(range(4))
    commit("a better model")
    done = promote("--yes")
    assert "PASS: this model" in done.output
    assert champions() == ["champion@v1.0.0", "champion@v2.0.0"]


def test_a_worse_model_is_refused_until_a_person_lets_it_pass():
    promote("--yes")
    first = plan_digest()
    write_model(WORSE)
    commit("a worse model")
    assert "fail: Accuracy fell by" in refused()
    assert "fail" in refused("--uncompared", "no reason of this kind helps")
    write_override(first, plan_digest(), "0123456789ab", "Ann", "labels were wrong before")
    assert "1 files are not as HEAD has them: data/gate_overrides.csv" in refused()
    commit("an override")
    done = promote("--yes")
    assert "override by Ann" in done.output


def plan_digest() -> str:
    from seedbed.training.models import model_digest

    return model_digest(BEST)


def test_a_model_that_cannot_be_compared_needs_a_reason_which_the_tag_tells():
    promote("--yes")
    write_model(classes=(*CLASSES, "fog"))
    commit("a new class")
    assert "they differ (new: fog)" in refused()
    done = promote("--yes", "--uncompared", "fog is wanted now")
    assert "not compared with champion@v1.0.0: fog is wanted now" in done.output
    assert champions()[-1] == "champion@v2.0.0"


def test_nothing_new_is_not_promoted_twice():
    promote("--yes")
    assert "champion@v1.0.0 has the same model and dataset" in refused()


def test_what_is_not_committed_is_refused():
    Path("note.txt").write_text("here")
    assert "1 files are not as HEAD has them: note.txt" in refused()


def test_outputs_that_are_not_of_the_commit_are_refused():
    write_model(WORSE)
    assert "dvc.lock: not of this workspace: select: models/best" in refused()


def test_a_lock_of_another_pipeline_is_refused():
    file = Path("dvc.yaml")
    file.write_text(file.read_text().replace("python -c pass", "python -c 'pass'"))
    run("git", "commit", "--quiet", "--all", "--message", "another command")
    assert "select: changed command" in refused()


def test_outputs_that_are_not_here_are_no_staleness_but_the_model_is_needed():
    shutil.rmtree(BEST)
    done = promote("--yes")
    assert "no such folder" in str(done.exception)


def test_the_plan_changes_nothing():
    plan()
    assert run("git", "tag") == ""
    assert run("git", "status", "--porcelain") == ""
