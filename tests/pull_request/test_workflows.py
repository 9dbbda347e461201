"""The workflows are safe to run for anyone's pull request, and what they run exists."""

import re
import subprocess

import pytest
from conftest import ROOT
from ruamel.yaml import YAML

FOLDER = ROOT / ".github/workflows"
NAMES = ("ci.yml", "post-report.yml", "report.yml", "update.yml")
WORKFLOWS = {name: YAML(typ="safe").load(FOLDER / name) for name in NAMES}
JOBS = [(name, job) for name, flow in WORKFLOWS.items() for job in flow["jobs"]]
MAY_WRITE = {  # what each job may write, and why it must
    ("post-report.yml", "post"): {"pull-requests"},
    ("update.yml", "update"): {"contents", "pull-requests"},
}


def steps(name: str, job: str) -> list[dict]:
    return WORKFLOWS[name]["jobs"][job]["steps"]


def scripts() -> list[str]:
    return [step["run"] for name, job in JOBS for step in steps(name, job) if "run" in step]


def commands(program: str) -> set[str]:
    pattern = rf"^\s*(?:if )?{program} ([a-z][\w-]*)"
    return {found for text in scripts() for found in re.findall(pattern, text, re.MULTILINE)}


def test_every_workflow_is_known_to_these_tests():
    assert sorted(file.name for file in FOLDER.glob("*.y*ml")) == sorted(NAMES)


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_a_job_has_its_permissions_its_time_and_its_turn(name, job):
    flow, found = WORKFLOWS[name], WORKFLOWS[name]["jobs"][job]
    assert flow["permissions"] in ({}, {"contents": "read"})
    written = {key for key, value in found["permissions"].items() if value != "read"}
    assert written == MAY_WRITE.get((name, job), set())
    assert 0 < found["timeout-minutes"] <= 120
    assert flow["concurrency"]["group"]


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_no_text_of_others_becomes_part_of_a_script(name, job):
    """`${{ }}` in a script is put in before the shell reads it: a branch may be called `$(...)`."""
    for step in steps(name, job):
        assert "${{" not in step.get("run", "")


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_actions_are_known_and_pinned_to_a_major_version(name, job):
    for step in steps(name, job):
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]), step["uses"]


def test_a_job_that_may_write_never_runs_code_of_a_pull_request():
    """With `workflow_run` and a plain checkout it is the main branch's code."""
    assert list(WORKFLOWS["post-report.yml"]["on"]) == ["workflow_run"]
    for name, job in MAY_WRITE:
        for step in steps(name, job):
            if step.get("uses", "").startswith("actions/checkout"):
                assert "ref" not in step.get("with", {})
                assert "repository" not in step.get("with", {})
        assert "pull_request" not in WORKFLOWS[name]["on"]
    for name, flow in WORKFLOWS.items():
        assert "pull_request_target" not in flow["on"], name


def test_the_history_is_there_where_versions_are_compared():
    (checkout,) = [step for step in steps("report.yml", "report")
                   if step.get("uses", "").startswith("actions/checkout")]  # fmt: skip
    assert checkout["with"]["fetch-depth"] == 0


@pytest.mark.parametrize(("verdict", "written"), [(0, True), (1, True), (2, True), (2, False)])
def test_the_report_is_kept_whatever_the_verdict_and_the_job_ends_by_it(tmp_path, verdict, written):
    """The script as it stands, with a `seedbed` that ends so; without a page it stops."""
    (made,) = [step["run"] for step in steps("report.yml", "report") if step.get("id") == "report"]
    last = steps("report.yml", "report")[-1]["run"]
    page = "echo page > out/report.md; " if written else ""
    for name, script in {"seedbed": f"{page}exit {verdict}", "git": "echo abc"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/activate").write_text(f"export PATH={tmp_path}:$PATH\n")
    outputs = tmp_path / "outputs"
    told = {"GITHUB_OUTPUT": str(outputs), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    environment = {"PATH": "/usr/bin:/bin", "BASE": "b", "NUMBER": "12", **told}

    def run(text: str, more: dict[str, str]) -> int:
        done = subprocess.run(["bash", "-e", "-c", text], cwd=tmp_path, env=environment | more,
                              check=False, capture_output=True)  # fmt: skip
        return done.returncode

    assert (run(made, {}) == 0) == written
    if written:
        assert (tmp_path / "summary").read_text() == "page\n"
        code = outputs.read_text().removeprefix("code=").strip()
        assert run(last, {"CODE": code}) == verdict


def test_every_make_target_and_command_exists():
    from typer.main import get_command

    from seedbed.cli import app

    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert commands("make") >= {"lint", "fresh", "test", "test-browser", "install", "update"}
    for target in commands("make"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    known = get_command(app).commands
    assert commands("seedbed") >= {"pr-report", "post-report"}
    for command in commands("seedbed"):
        assert command in known, command


def test_every_script_is_one_that_bash_reads():
    for text in scripts():
        done = subprocess.run(
            ["bash", "-n"], input=text, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("content", "fails"),
    [("12\n", False), ("12; id", True), ("$(id)", True), ("", True), ("-1", True), ("1\n2", False)],
)
def test_the_number_out_of_the_artifact_is_a_number(tmp_path, content, fails):
    """The first lines of the script that reads what a pull request's code wrote."""
    (script,) = [step["run"] for step in steps("post-report.yml", "post")
                 if step.get("id") == "pull_request"]  # fmt: skip
    (tmp_path / "out").mkdir()
    (tmp_path / "out/number").write_text(content)
    head = script[: script.index("head=")] + 'echo "number: $number"'
    done = subprocess.run(["bash", "-e", "-c", head], cwd=tmp_path, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert (done.returncode != 0) is fails
    assert fails or re.fullmatch(r"number: \d+\n", done.stdout)
