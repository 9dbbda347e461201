"""Every stage gives the same bytes whatever variables, locale, time zone and threads it has."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Stages in one process, since starting torch 27 times would take a minute.
RUN = """
import os, runpy, sys
os.umask(0o077)
for stage in sys.argv[1].split():
    sys.argv[1:] = stage.split("@")[1:]
    runpy.run_module(f"stages.{stage.split('@')[0]}", run_name="__main__", alter_sys=True)
"""
APPROACHES = ("feature", "full", "lora", "prompt")
STAGES = (
    *("collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split", "embed", "cv"),
    *("find_label_errors", "augment", "balance", "ablate", "learning_curve", "tokenize", "adapt"),
    *(f"finetune@{name}" for name in APPROACHES),
    *(f"evaluate@{name}" for name in APPROACHES),
    *("select", "prioritize", "report", "cards"),
)
# The example's own run has HF_HUB_OFFLINE=1, and in `make test` one thread.
HOSTILE = {
    "LC_ALL": "C", "LANG": "tr_TR.ISO-8859-9", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
    "PYTHONIOENCODING": "ascii:backslashreplace", "PYTHONHASHSEED": "7", "TZ": "Pacific/Apia",
    "COLUMNS": "20", "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "4",
    "MKL_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "4", "TRANSFORMERS_VERBOSITY": "debug",
    "HF_HUB_DISABLE_TELEMETRY": "1", "SEEDBED_MEMO": "off",
}  # fmt: skip
DROPPED = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "PYTHONPATH", "SEEDBED_TRACE", "HF_HOME")
WRITTEN = ("data", "models", "reports")


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of every file that stages write, by path."""
    files = (file for name in WRITTEN for file in (folder / name).rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def elsewhere(example, tmp_path_factory) -> Path:
    """The example's project in another folder, after all stages in a hostile environment."""
    folder = tmp_path_factory.mktemp("elsewhere") / "a folder with spaces"
    shutil.copytree(example.folder, folder, symlinks=True, ignore=shutil.ignore_patterns(".dvc"))
    kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
    environment = {**kept, **HOSTILE, "HOME": str(folder.parent)}
    done = subprocess.run(
        [sys.executable, "-c", RUN, " ".join(STAGES)], cwd=folder, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("\n") == len(STAGES)
    return folder


def test_no_byte_depends_on_the_environment(example, elsewhere):
    before, after = contents(example.folder), contents(elsewhere)
    assert [path for path in before if before[path] != after.get(path)] == []
    assert sorted(after) == sorted(before)


def test_the_run_was_a_run_of_every_stage(elsewhere):
    from seedbed.core.stage import STAGES as TABLE, last_costs

    assert set(last_costs(elsewhere / ".seedbed/costs.jsonl")) >= set(STAGES)
    assert {name.partition("@")[0] for name in STAGES} == {stage.name for stage in TABLE}
