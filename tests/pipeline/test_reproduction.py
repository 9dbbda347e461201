"""`seedbed reproduce` tells a fault from the last bits of another processor."""

import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.files import read_json, write_json
from seedbed.pipeline import dvc
from seedbed.pipeline.reproduction import reproduction

SCORES = Path("reports/metrics/evaluate/full/test.json")
NAMED = ("-c", "user.name=ann", "-c", "user.email=ann@example.org")


@pytest.fixture(scope="module")
def committed(example, tmp_path_factory) -> Path:
    """A copy of the example's run, committed."""
    folder = tmp_path_factory.mktemp("committed") / "project"
    left_out = shutil.ignore_patterns("cache", "base")
    shutil.copytree(example.folder, folder, symlinks=True, ignore=left_out)
    (folder / ".gitignore").write_text(".seedbed/\ndata/raw/\n")
    for command in (["add", "--all"], [*NAMED, "commit", "--quiet", "-m", "a run"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


@pytest.fixture
def run(committed, monkeypatch):
    """That folder, put back afterwards; gives the lines and the exit code of the command."""
    monkeypatch.chdir(committed)

    def asked(*options: str) -> tuple[list[str], int]:
        done = CliRunner().invoke(app, ["reproduce", *options])
        return done.stdout.splitlines(), done.exit_code

    yield asked
    put_back()
    subprocess.run(["git", "checkout", "--quiet", "HEAD", "--", "."], check=True)


KEPT: dict[Path, bytes] = {}  # outputs that git does not hold, as they were


def put_back() -> None:
    for file, content in KEPT.items():
        file.write_bytes(content)
    KEPT.clear()


def give(path: str, content: bytes | None = None) -> None:
    """Let the run have given another output: these bytes, or a folder with one byte more, as has
    that of a stage which changed nothing."""
    lock = Path(dvc.LOCK).read_text()
    stages = dvc.parse_lock(lock).values()
    outputs = {name: digest for stage in stages for name, digest in stage.outputs.items()}
    if content is None:
        for other in (name for name, digest in outputs.items() if digest == outputs[path]):
            file = min(one for one in Path(other).rglob("*") if one.is_file())
            KEPT[file] = file.read_bytes()
            file.write_bytes(KEPT[file] + b"\n")
    else:
        Path(path).write_bytes(content)
    with dvc.opened_pipeline() as pipeline:
        new = pipeline.digest(path)
    Path(dvc.LOCK).write_text(lock.replace(outputs[path], new))


def change_params() -> None:
    text = Path("params.yaml").read_text()
    assert "min_jaccard: 0.7" in text
    Path("params.yaml").write_text(text.replace("min_jaccard: 0.7", "min_jaccard: 0.8", 1))


def other_score(value: float) -> bytes:
    content = read_json(SCORES)
    content["accuracy"]["mean"] = value
    write_json(SCORES, content)
    return SCORES.read_bytes()


def test_the_same_bytes_are_one_line(run):
    lines, code = run()
    assert code == 0
    assert len(lines) == 1
    assert lines[0].startswith("reproduced: all ")


def test_other_models_with_scores_inside_are_reproduced_and_can_be_put_back(run):
    give("models/full")
    known = read_json(SCORES)["accuracy"]
    give(SCORES.as_posix(), other_score((known["low"] + known["mean"]) / 2))
    lines, code = run()
    assert code == 0
    assert lines[0].startswith("reproduced: ")
    assert "2 of " in lines[0]
    assert lines[0].endswith("in floats, as on another processor")
    assert lines[1] == "2 files of git differ: git restore -- dvc.lock reports"
    subprocess.run(lines[1].partition(": ")[2].split(), check=True)
    put_back()
    assert run()[0][0].startswith("reproduced: all ")


def test_a_score_outside_of_its_interval_is_not_reproduced(run):
    give(SCORES.as_posix(), other_score(read_json(SCORES)["accuracy"]["low"] - 0.01))
    lines, code = run()
    assert code == 1
    assert lines[0].startswith("NOT reproduced: ")
    assert lines[1].startswith(f"{SCORES}: accuracy is ")
    assert "outside of [" in lines[1]


@pytest.mark.parametrize("path", ["data/collect", "data/split", "data/tokenize"])
def test_other_rows_are_not_reproduced(run, path):
    give(path)
    found = reproduction()
    assert path in found.differing_rows  # two stages may have the same bytes
    lines, code = run()
    assert code == 1
    assert f"{path}: other rows than in the commit" in lines


def test_scores_of_rows_may_differ(run):
    give("data/label_scores")
    assert reproduction().differing_rows == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (change_params, "stages have to run again, deduplicate first"),
        (lambda: Path(dvc.LOCK).unlink(), "stages have to run again"),
        (lambda: SCORES.write_text("{}"), "stages have to run again, evaluate@full first"),
    ],
)
def test_what_is_no_finished_run_is_not_compared(run, change, found):
    change()
    lines, code = run()
    assert code == 2
    assert found in lines[0]
    assert "run `dvc repro`" in lines[0]


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_outputs_of_another_run_are_not_compared(run, damage):
    """dvc.lock alone says that all is as in the commit."""
    file = min(one for one in Path("models/full").rglob("*") if one.is_file())
    KEPT[file] = file.read_bytes()
    file.write_bytes(KEPT[file] + b"x") if damage == "changed" else file.unlink()
    lines, code = run()
    assert code == 2
    assert "1 outputs in this folder are of another run, models/full first" in lines[0]


def test_other_inputs_are_named_and_not_compared(run):
    lock = Path(dvc.LOCK).read_text()
    before = dvc.parse_lock(lock)["collect"].deps["data/raw/rows.csv"]
    raw = Path("data/raw/rows.csv")
    kept = raw.read_bytes()
    raw.write_bytes(kept + b"w99,One more text about the weather of today.,weather\n")
    Path(dvc.LOCK).write_text(lock.replace(before, dvc.md5_of(raw)))
    lines, code = run()
    raw.write_bytes(kept)
    assert code == 2
    assert "other inputs than this run: data/raw/rows.csv" in lines[0]


def test_a_revision_that_git_does_not_know_is_not_compared(run):
    lines, code = run("--revision", "nowhere")
    assert code == 2
    assert "not compared with the commit" in lines[0]
