"""The committed dvc.lock is that of this code and these params; no data is needed to see it."""

import hashlib
import json

import pytest
from conftest import ROOT, yaml

LOCK = yaml.load(ROOT / "dvc.lock")["stages"]
PARAMS = yaml.load(ROOT / "params.yaml")


@pytest.mark.parametrize("name", LOCK)
def test_code_and_files_in_git_have_the_digests_of_the_lock(name):
    entries = [*LOCK[name]["deps"], *LOCK[name]["outs"]]
    checked = 0
    for entry in entries:
        file = ROOT / entry["path"]
        in_git = entry["path"].endswith((".py", ".csv", ".json", ".md"))
        if in_git:
            assert hashlib.md5(file.read_bytes()).hexdigest() == entry["md5"], (
                f"{entry['path']} is not the one {name} ran with: run `dvc repro` and commit"
            )
            checked += 1
    assert checked > 2


@pytest.mark.parametrize("name", [name for name in LOCK if "params" in LOCK[name]])
def test_params_are_those_of_the_lock(name):
    for path, value in LOCK[name]["params"]["params.yaml"].items():
        found = PARAMS
        for key in path.split("."):
            found = found[key]
        assert json.dumps(found) == json.dumps(value), f"{path}: run `dvc repro` and commit"


def test_every_stage_is_locked():
    pipeline = yaml.load(ROOT / "dvc.yaml")["stages"]
    expected = {
        full
        for name, stage in pipeline.items()
        for full in (
            [f"{name}@{item}" for item in stage["matrix"]["approach"]]
            if "matrix" in stage
            else [name]
        )
    }
    assert set(LOCK) == expected
