"""The wrong thing typed: one paragraph with place, found, expected and next step; exit code 1; and
nothing half written."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, yaml

CSV = "text,label\nRain fell all night.,weather\nFry the onion slowly.,cooking\n"


@pytest.fixture
def project(tmp_path):
    """A folder with params.yaml, one source, and nothing else."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "rows.csv").write_text(CSV)
    (tmp_path / "data").mkdir()
    shutil.copy(ROOT / "data/tombstones.csv", tmp_path / "data")
    return tmp_path


def run(folder: Path, stage: str = "collect", **source) -> subprocess.CompletedProcess:
    """Run one stage on one source, described as params.yaml would."""
    content = yaml.load(folder / "params.yaml")
    described = {"name": "mine", "kind": "file", "path": "rows.csv", "batch": "2026-11-mine",
                 "licence": "CC0", "columns": {"text": "text", "label": "label"}}  # fmt: skip
    content["sources"] = [described | source]
    yaml.dump(content, folder / "params.yaml")
    command = [sys.executable, "-m", f"stages.{stage}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def assert_refused(done: subprocess.CompletedProcess, folder: Path, *words: str) -> None:
    assert done.returncode == 1
    paragraph = done.stderr.strip()
    assert "Traceback" not in paragraph
    assert len(paragraph.splitlines()) <= 12
    assert "(expected " in paragraph
    for word in words:
        assert word in paragraph
    files = [path for path in (folder / "data").rglob("*") if path.is_file()]
    assert files == [folder / "data/tombstones.csv"]


def test_a_good_source_is_collected(project):
    done = run(project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("collect: 2 rows kept")


def test_an_empty_source(project):
    (project / "rows.csv").write_text("")
    assert_refused(run(project), project, "rows.csv")


def test_a_missing_column(project):
    done = run(project, columns={"text": "body", "label": "label"})
    assert_refused(done, project, "body", "text")


def test_a_wrong_path(project):
    assert_refused(run(project, path="row.csv"), project, "row.csv")


def test_an_unknown_key_of_a_source(project):
    assert_refused(run(project, licens="CC0"), project, "unknown key `licens`")


def test_an_unknown_key_of_a_section(project):
    text = (project / "params.yaml").read_text()
    text = text.replace("max_classes: 1000", "max_clases: 1000")
    (project / "params.yaml").write_text(text)
    assert_refused(run(project), project, "unknown key `max_clases`", "max_classes")


def test_an_unknown_section(project):
    with (project / "params.yaml").open("a") as file:
        file.write("augmnt:\n  copies: 1\n")
    assert_refused(run(project), project, "unknown section `augmnt`; there is `augment`")


def test_a_single_class(project):
    (project / "rows.csv").write_text("text,label\nRain.,weather\nSnow.,weather\n")
    assert_refused(run(project), project, "weather")


def test_a_package_that_is_not_installed(project):
    done = run(project, kind="package", package="no_such_corpus", version="1", path="data")
    assert_refused(done, project, "no_such_corpus")


def test_another_key_than_the_one_that_made_the_data(project, monkeypatch):
    monkeypatch.setenv("SEEDBED_PII_KEY", "another key")
    assert_refused(run(project), project, "anonymize.key_fingerprint")


def test_a_stage_without_its_input(project):
    assert_refused(run(project, "split"), project, "data/deduplicate", "dvc repro")


def test_a_killed_stage_leaves_what_was_there(project):
    assert run(project).returncode == 0
    before = {path: path.read_bytes() for path in (project / "data/collect").iterdir()}
    (project / "rows.csv").write_text("")
    assert run(project).returncode == 1
    assert {path: path.read_bytes() for path in (project / "data/collect").iterdir()} == before
