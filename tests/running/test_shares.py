"""Work that machines share through a folder: `--shard K/N` and `--gather`."""

import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT, copy_project

from seedbed.core import parquet, stage_options
from seedbed.core.errors import DamagedError, SeedbedError
from seedbed.core.files import sha256_of
from seedbed.core.rows import row_chunks, write_rows
from seedbed.core.stage_options import EndOfShare, Run, Share, share_of, without_options
from seedbed.running import engine, processes
from seedbed.running.engine import cut, map_texts
from seedbed.running.shares import owned
from stages import clean
from tests.running import works

TEXTS = [f"<p>Text&nbsp;{number} for ann{number}@shop.com</p>" for number in range(1300)]
ROWS = [
    {"id": f"{number:016x}", "digest": "d", "text": text, "label": "x", "source": "s",
     "text_pair": "", "provenance": "{}", "batch": "2026-01-a"}
    for number, text in enumerate(TEXTS)
]  # fmt: skip


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEDBED_SHARED", raising=False)
    monkeypatch.setattr(Run, "share", None)
    monkeypatch.setattr(Run, "round", 0)
    monkeypatch.setattr(Run, "gathered", [])


def as_worker(number: int, count: int, work=works.shouted, texts=TEXTS, batch=100) -> str:
    """What a worker says at its end."""
    Run.share, Run.round = Share(number, count), 0
    with pytest.raises(EndOfShare) as end:
        map_texts(work, texts, batch=batch)
    return str(end.value)


def gathered(work=works.shouted, texts=TEXTS, batch=100) -> list:
    Run.share, Run.round = Share(0, 0), 0
    Run.gathered.clear()
    return map_texts(work, texts, batch=batch)


def test_workers_share_the_shards_and_the_results_are_those_of_one_process(workspace):
    assert as_worker(2, 3).endswith("shouted: 1 of 3 shares are written")
    assert as_worker(1, 3).endswith("2 of 3 shares are written")
    assert "its own share is written already, 2 of 3" in as_worker(1, 3)
    assert as_worker(3, 3).endswith("run `--gather`, or the next round if it asks for one")
    assert gathered() == [text.upper() for text in TEXTS]
    assert not Path(".seedbed/memo.sqlite").exists() or gathered() == [t.upper() for t in TEXTS]
    files = list(Path(".seedbed/shards").rglob("*"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in files if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files if path.is_file()} == {0o600}
    assert stat.S_IMODE(Path(".seedbed/shards").stat().st_mode) == 0o700


@pytest.mark.parametrize(("shards", "workers"), [(1, 1), (13, 3), (2, 5), (100, 7)])
def test_each_shard_has_one_worker(shards, workers):
    every = [at for number in range(1, workers + 1) for at in owned(Share(number, workers), shards)]
    assert every == list(range(shards))


def test_a_worker_has_no_memo_and_the_gather_needs_no_share_of_what_the_memo_has(workspace):
    map_texts(works.shouted, TEXTS, batch=100)
    as_worker(1, 2)
    assert len(list(Path(".seedbed/shards").rglob("1-of-2"))) == 1
    shutil.rmtree(".seedbed/shards")
    assert gathered() == [text.upper() for text in TEXTS]
    with pytest.raises(SeedbedError, match=r"round 1, works\.shouted: no share of this work"):
        gathered(texts=[*TEXTS, "another text"])


def test_small_work_needs_no_share(workspace):
    for share in (Share(1, 2), Share(0, 0)):
        Run.share = share
        assert map_texts(works.shouted, ["a", "b"], batch=2) == ["A", "B"]
    assert not Path(".seedbed/shards").exists()


def test_a_missing_share_is_named(workspace):
    as_worker(1, 3)
    with pytest.raises(
        SeedbedError, match=r"no share 2/3, 3/3 in .*run `--shard 2/3`, then gather"
    ):
        gathered()


def test_a_second_map_is_a_second_round(workspace):
    def stage() -> list:
        first = map_texts(works.shouted, TEXTS, batch=100)
        return map_texts(works.slow, [f"{text}!" for text in first], batch=700)

    for turn in (1, 2):
        for number in (1, 2):
            Run.share, Run.round = Share(number, 2), 0
            with pytest.raises(EndOfShare, match=f"round {turn}, works"):
                stage()
        if turn == 1:
            Run.share, Run.round = Share(0, 0), 0
            with pytest.raises(SeedbedError, match="round 2.*another round is needed"):
                stage()
    Run.share, Run.round, Run.gathered = Share(0, 0), 0, []
    assert stage() == [f"{text}!".upper() for text in TEXTS]
    assert len(Run.gathered) == 2, "also of the first round, whose results the memo has by now"
    stage_options.forget_shares()
    assert not list(Path(".seedbed/shards").rglob("*-of-*"))


def test_rows_of_several_row_groups_are_one_round(workspace, monkeypatch):
    monkeypatch.setattr(parquet, "ROWS_AT_ONCE", 500)
    write_rows(Path("data/collect"), pd.DataFrame(ROWS))
    assert [len(chunk) for chunk in row_chunks(Path("data/collect"))] == [500, 500, 300]
    Run.share = Share(1, 2)
    assert [len(chunk) for chunk in row_chunks(Path("data/collect"))] == [1300]


def test_shares_of_other_texts_or_versions_are_refused(workspace, monkeypatch):
    as_worker(1, 1)
    with pytest.raises(SeedbedError, match="but of other rows or params"):
        gathered(texts=TEXTS[1:])
    with monkeypatch.context() as patch:
        patch.setattr("platform.python_version", lambda: "3.99.0")
        with pytest.raises(SeedbedError, match="but of another version of the code"):
            gathered()


@pytest.mark.parametrize("spoil", ["cut", "head", "bits"])
def test_a_share_that_is_not_whole_is_refused(workspace, spoil):
    as_worker(1, 1)
    (file,) = Path(".seedbed/shards").rglob("1-of-1")
    whole = file.read_bytes()
    other = {"cut": whole[:-5], "head": b"{" + whole[9:], "bits": whole[:-1] + b"\0"}
    file.write_bytes(other[spoil])
    with pytest.raises(DamagedError, match="1-of-1: .*delete it, run its `--shard` once more"):
        gathered()


def test_a_shared_folder_that_is_not_there_is_refused(workspace, monkeypatch):
    monkeypatch.setenv("SEEDBED_SHARED", "nowhere")
    Run.share = Share(1, 2)
    with pytest.raises(SeedbedError, match="SEEDBED_SHARED: no folder nowhere .*mode 0700"):
        map_texts(works.shouted, TEXTS, batch=100)
    Path("nowhere").mkdir()
    as_worker(1, 1)
    assert len(list(Path("nowhere").rglob("1-of-1"))) == 1


@pytest.mark.parametrize("value", ["5/4", "x", "0/4", "1/0", "-1/4", "1/1000001", "1", "1/4/2", ""])
def test_a_share_that_makes_no_sense_is_refused(value):
    with pytest.raises(SeedbedError, match=f"--shard: `{value}` .*1 <= K <= N"):
        share_of(value)


def test_options_are_not_arguments(workspace, monkeypatch):
    monkeypatch.setattr(sys, "addaudithook", lambda hook: None)
    monkeypatch.setenv("SEEDBED_ENGINE", "serial")
    assert without_options(["full", "--engine", "processes:3", "--shard=2/5"]) == ["full"]
    assert os.environ["SEEDBED_ENGINE"] == "processes:3"
    assert Run.share == Share(2, 5)
    for wrong, message in (
        (["--gather"], "both, or one twice"),
        (["--shard"], "--shard: no value"),
        (["--engin", "ray"], "option --engin: unknown"),
        (["--gather=3"], "option --gather: unknown"),
    ):
        with pytest.raises(SeedbedError, match=message):
            without_options(wrong)


def stage(folder: Path, *options: str, name: str = "clean") -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", f"stages.{name}", *options], cwd=folder, capture_output=True,
        text=True, check=False, env={**os.environ, "SEEDBED_MEMO": "off"},
    )  # fmt: skip


def outputs(folder: Path) -> dict[str, str]:
    files = [*(folder / "data").rglob("*"), *(folder / "reports").rglob("*")]
    return {
        str(file.relative_to(folder)): sha256_of(file)
        for file in sorted(files)
        if file.is_file() and "collect" not in file.parts
    }


def by_helpers(folder: Path, monkeypatch) -> None:
    """Clean with two helpers that do most of the work, as small as it is."""
    own, taken = processes._own, []

    def later(function, shard):
        time.sleep(0.5)
        taken.append(len(shard))
        return own(function, shard)

    with monkeypatch.context() as patch:
        patch.setattr(processes, "WORTH_SECONDS", 0.0)
        patch.setattr(processes, "_own", later)
        patch.setattr(
            engine, "cut", lambda items, keys, _, in_order: cut(items, keys, 64, in_order)
        )
        patch.setenv("SEEDBED_ENGINE", "processes:3")
        patch.chdir(folder)
        clean.main()
    processes.end_helpers()
    assert 0 < sum(taken) < len(TEXTS)


def test_a_stage_by_every_engine_and_by_shares_writes_the_same_files(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    copy_project(tmp_path / "one")
    write_rows(tmp_path / "one/data/collect", pd.DataFrame(ROWS), private=True)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    shutil.copytree(tmp_path / "one", tmp_path / "three")
    shutil.copytree(tmp_path / "one", tmp_path / "four")
    before = outputs(tmp_path / "three")
    assert stage(tmp_path / "one", "--engine", "serial").returncode == 0
    assert stage(tmp_path / "two", "--engine=processes:2").returncode == 0
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    by_helpers(tmp_path / "four", monkeypatch)
    for number in (1, 2, 3):
        done = stage(tmp_path / "three", f"--shard={number}/3")
        assert done.returncode == 0, done.stderr
        assert f"{number} of 3 shares" in done.stdout or "all 3 shares" in done.stdout
        assert outputs(tmp_path / "three") == before
    again = stage(tmp_path / "three", "--shard=1/3")
    assert "needs the share of no worker any more; nothing of its outputs" in again.stdout
    assert outputs(tmp_path / "three") == before
    assert stage(tmp_path / "three", "--gather").returncode == 0
    expected = outputs(tmp_path / "one")
    assert "data/clean/2026-01-a.parquet" in expected
    for name in ("two", "three", "four"):
        assert outputs(tmp_path / name) == expected
    assert not list((tmp_path / "three").rglob("*-of-*"))


def test_a_worker_of_a_stage_that_shares_nothing_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    copy_project(tmp_path / "one")
    write_rows(tmp_path / "one/data/anonymize", pd.DataFrame(ROWS[:5]), private=True)
    before = outputs(tmp_path / "one")
    done = stage(tmp_path / "one", "--shard", "1/2", name="apply_decisions")
    assert "it has no work to share; nothing of its outputs was written" in done.stdout
    assert done.returncode == 0, done.stderr
    assert outputs(tmp_path / "one") == before
    wrong = stage(tmp_path / "one", "--shard", "5/4", name="apply_decisions")
    assert wrong.returncode == 1
    assert wrong.stderr.strip() == (
        "seedbed: apply_decisions: --shard: `5/4` (expected K/N with 1 <= K <= N <= 100,000, such "
        "as 3/16); start one worker for each K"
    )


def test_the_engine_is_no_param_of_a_stage(tmp_path, monkeypatch):
    from seedbed.pipeline.freshness import freshness

    for name in ("params.yaml", "dvc.yaml", "dvc.lock", ".dvcignore"):
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["dvc", "init", "-q"], check=True)
    before = freshness()
    text = Path("params.yaml").read_text(encoding="utf-8")
    assert "\nengine: processes" in text
    Path("params.yaml").write_text(text.replace("\nengine: processes", "\nengine: ray"))
    assert freshness() == before
    other = text.replace("min_chars: 3 ", "min_chars: 4 ", 1)
    Path("params.yaml").write_text(other, encoding="utf-8")
    assert freshness() != before
    assert "engine" not in Path("dvc.lock").read_text(encoding="utf-8")
