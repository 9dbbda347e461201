"""On any machine the prepare stages give the hashes that the committed dvc.lock has.

The vectors are replaced by noise on purpose: under the default params no row, side or token may
depend on a float.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, copy_project, yaml

BEFORE = ["collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split"]
AFTER = ["find_label_errors", "augment", "balance", "tokenize"]
FLOATS = {  # what holds scores of this machine
    "data/label_scores",
    "reports/outliers.csv",
    "reports/suspects.csv",
    "reports/metrics/find_label_errors.json",
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    from seedbed.core.rows import read_rows
    from seedbed.encoding.vectors import write_vectors

    folder = tmp_path_factory.mktemp("prepared")
    copy_project(folder)
    (folder / "dvc.yaml").write_text((ROOT / "dvc.yaml").read_text())

    def run(names: list[str]) -> None:
        for name in names:
            command = [sys.executable, "-m", f"stages.{name}"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr

    run(BEFORE)
    rows = read_rows(folder / "data/split")
    noise = np.random.default_rng(0).normal(size=(len(rows), 8)).astype(np.float32)
    write_vectors(folder / "data/embed", rows, noise)
    run(AFTER)
    return folder


def digest(path: Path) -> str:
    """The MD5 that DVC gives a file, or a folder."""
    if path.is_file():
        return hashlib.md5(path.read_bytes()).hexdigest()
    files = sorted(file for file in path.rglob("*") if file.is_file())
    listed = [{"md5": digest(file), "relpath": file.relative_to(path).as_posix()} for file in files]
    listed.sort(key=lambda entry: entry["relpath"])
    return hashlib.md5(json.dumps(listed, sort_keys=True).encode()).hexdigest() + ".dir"


@pytest.mark.parametrize("stage", BEFORE + AFTER)
def test_a_stage_gives_the_bytes_that_the_lock_names(prepared, stage):
    outs = yaml.load(ROOT / "dvc.lock")["stages"][stage]["outs"]
    compared = [out for out in outs if out["path"] not in FLOATS]
    assert compared
    for out in compared:
        assert digest(prepared / out["path"]) == out["md5"], out["path"]


def test_about_a_hundred_exact_duplicates_are_in_the_ledger(prepared):
    from seedbed.core.metrics import read_ledger

    drops = read_ledger(prepared / "data/ledger/deduplicate.csv")
    exact = [drop for drop in drops if drop.reason == "exact_duplicate"]
    assert 95 <= len(exact) <= 105
    assert all(drop.cause and drop.cause != drop.id for drop in drops)
