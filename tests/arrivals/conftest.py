"""A small project on which the stages up to split have run, without an encoder."""

import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, copy_project, yaml

from stages import anonymize, apply_decisions, clean, collect, deduplicate, split


@pytest.fixture(scope="session")
def split_project(tmp_path_factory) -> Path:
    """tests/example/rows.csv under a source with keys, after split; git and DVC are there."""
    folder = tmp_path_factory.mktemp("arrivals") / "project"
    folder.mkdir()
    copy_project(folder)
    (folder / "data/raw").mkdir()
    shutil.copy(ROOT / "data/raw/.gitignore", folder / "data/raw")
    shutil.copy(ROOT / "tests/example/rows.csv", folder / "data/raw/rows.csv")
    params = yaml.load(folder / "params.yaml")
    params["sources"] = [
        {
            "name": "letters", "kind": "file", "path": "data/raw/rows.csv",
            "columns": {"id": "key"}, "batch": "2026-01-letters", "licence": "CC0",
        }
    ]  # fmt: skip
    params["split"] |= {"validation_share": 0.2, "test_share": 0.25, "folds": 3}
    yaml.dump(params, folder / "params.yaml")
    text = (folder / "dvc.yaml").read_text()
    first = "      - data/tombstones.csv\n"
    (folder / "dvc.yaml").write_text(text.replace(first, "      - data/raw/rows.csv\n" + first, 1))
    with pytest.MonkeyPatch.context() as here:
        here.chdir(folder)
        here.delenv("SEEDBED_PII_KEY", raising=False)
        for command in (["git", "init", "-q"], ["dvc", "init", "-q"]):
            subprocess.run(command, check=True)
        for stage in (collect, clean, anonymize, apply_decisions, deduplicate, split):
            stage.main()
    return folder


@pytest.fixture
def project(split_project, tmp_path, monkeypatch) -> Path:
    """A copy of it to change."""
    folder = tmp_path / "project"
    shutil.copytree(split_project, folder)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("SEEDBED_PII_KEY", raising=False)
    return folder
