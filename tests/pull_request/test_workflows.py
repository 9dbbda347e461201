"""The workflows are safe to run for anyone's pull request, and what they run exists."""

import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet
import pytest
from conftest import ROOT
from ruamel.yaml import YAML

FOLDER = ROOT / ".github/workflows"
NAMES = ("ci.yml", "post-report.yml", "report.yml", "update.yml")
WORKFLOWS = {name: YAML(typ="safe").load(FOLDER / name) for name in NAMES}
JOBS = [(name, job) for name, flow in WORKFLOWS.items() for job in flow["jobs"]]
# The first majors on Node 24; GitHub's runners have no Node 20 since 2026-09-16.
ON_NODE_24 = {
    "checkout": 6, "setup-python": 6, "cache": 5, "upload-artifact": 7, "download-artifact": 8,
}  # fmt: skip
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


@pytest.mark.parametrize("name", NAMES)
def test_actions_are_pinned_by_commit_and_run_on_a_node_that_runners_have(name):
    used = re.findall(r"uses: (.*)", (FOLDER / name).read_text(encoding="utf-8"))
    assert used
    for line in used:
        found = re.fullmatch(r"actions/([a-z-]+)@[0-9a-f]{40} # v(\d+)\.\d+\.\d+", line)
        assert found, line
        assert int(found[2]) >= ON_NODE_24[found[1]], line


def cached() -> dict[str, list[str]]:
    """What each cache step of the workflows and of docs/how-to/gitlab.md takes."""
    page = (ROOT / "docs/how-to/gitlab.md").read_text(encoding="utf-8")
    gitlab = YAML(typ="safe").load(page.split("```yaml\n")[1].split("```")[0])
    found = {
        f"{name}, {job}": step["with"]["path"].split()
        for name, job in JOBS
        for step in steps(name, job)
        if step.get("uses", "").startswith("actions/cache@")
    }
    return found | {"gitlab": gitlab["default"]["cache"]["paths"]}


def test_caches_hold_what_was_pushed_and_packages():
    assert len(cached()) == 3
    for place, paths in cached().items():
        assert set(paths) <= {".ci-cache", ".pip"}, place


@pytest.mark.parametrize("planted", [False, True])
def test_no_text_from_before_anonymization_is_in_a_cache_of_ci(example, tmp_path, planted):
    """`make ci-keep` on a run: every file that the cache step would take is listed. Planted: the
    pipeline forgets to say that data/collect is private."""
    folder = tmp_path / "project"
    shutil.copytree(example.folder, folder, symlinks=True)
    project = replace(example, folder=folder)
    if planted:
        text = (folder / "dvc.yaml").read_text(encoding="utf-8")
        marked = re.sub(r"- data/collect:\n +push: false", "- data/collect", text, count=1)
        (folder / "dvc.yaml").write_text(marked, encoding="utf-8")
    (folder / ".venv").mkdir()
    (folder / ".venv/installed").touch()
    shutil.copy(ROOT / "Makefile", folder)
    done = project.run("make", "--assume-old=.venv/installed", "ci-keep")
    assert done.returncode == 0, done.stderr
    files = [file for file in (folder / ".ci-cache").rglob("*") if file.is_file()]
    outs = [
        (stage, out)
        for stage, entry in YAML(typ="safe").load(folder / "dvc.lock")["stages"].items()
        for out in entry.get("outs", ())
    ]
    kept = {file.parent.name + file.name for file in files}
    private = {out["md5"] for _, out in outs if out["path"] in ("data/collect", "data/clean")}
    raw = "storm.watch@example.com"
    assert any(raw in readable(file) for file in (folder / "data/collect").iterdir())
    shown = [file for file in files if raw in readable(file)]
    assert bool(kept & private or shown) is planted
    assert {out["md5"] for _, out in outs if out["path"] == "data/split"} <= kept


def readable(file: Path) -> str:
    """A file's content; Parquet, whose pages are compressed, as its cells."""
    content = file.read_bytes()
    if content[:4] == b"PAR1":
        return str(pyarrow.parquet.read_table(file).to_pylist())
    return content.decode("utf-8", "replace")


def test_the_update_pushes_with_the_token_of_its_last_step(tmp_path):
    """Checkout leaves no credentials behind; git asks gh, which reads GH_TOKEN."""
    (script,) = [text for text in scripts() if " push --force " in text]
    helper = re.search(r"git (-c credential\.helper='[^']+') push", script)
    (tmp_path / "gh").write_text(
        "#!/bin/sh\necho username=x-access-token\necho password=$GH_TOKEN\n"
    )
    (tmp_path / "gh").chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "GH_TOKEN": "abc",
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        ["bash", "-c", f"git {helper[1]} credential fill"], env=environment, text=True,
        input="protocol=https\nhost=github.com\n\n", capture_output=True, check=True,
    )  # fmt: skip
    assert "password=abc" in done.stdout
    for name, job in JOBS:
        for step in steps(name, job):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


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
