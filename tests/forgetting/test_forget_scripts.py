"""Persons are forgotten end to end in every script: the row goes, and the same search finds nothing
afterwards."""

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import copy_project, yaml
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.errors import SeedbedError
from seedbed.core.rows import read_rows
from stages import clean, collect

ROWS = """id,text,label
zh1,我叫王小明请帮我退款,refund
zh2,我叫Anna谢谢你们的帮助,refund
ja1,山田太郎です。返金をお願いします,refund
ko1,안녕하세요 김철수입니다 환불해 주세요,refund
th1,ชื่อสมชายค่ะขอคืนเงิน,refund
en1,My name is Bob Sample and I want a refund,refund
zh3,快递三天了还没有到帮我查一下行李,parcel
en2,Where is my parcel it is three days late in Savannah,parcel
ko2,택배가 아직 안 왔어요,parcel
ja2,荷物がまだ届きません,parcel
zh4,"我的快递丢了,单号SF1234567890请查",parcel
ar1,وصل الطرد لأحمد نموذجي بالخطأ,parcel
he1,החבילה הגיעה לרחל לדוגמה בטעות,parcel
tr1,İsmail Örnek'in paketi gelmedi,parcel
tr2,Ayşe Numunenin paketi gelmedi,parcel
ru1,Посылку Ивана Примерова потеряли,parcel
hi1,मेरा नाम राम नमूना है,refund
zh5,"{""to"": ""\\u6b27\\u9633\\u6d4b\\u8bd5""} 要退款",refund
fw1,ＢＥＡ　ＳＡＭＰＬＥ の荷物が届きません,parcel
ph1,電話は０９０ー１２３４ー５６７８です,parcel
li1,收件人:李,parcel
"""
SOURCE = {"name": "n", "kind": "file", "path": "data/raw/rows.csv", "batch": "2026-01-n",
          "licence": "CC0", "columns": {"id": "id", "text": "text", "label": "label"}}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A project with these rows, collected and cleaned."""
    folder = tmp_path_factory.mktemp("scripts") / "project"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        monkeypatch.delenv("SEEDBED_PII_KEY", raising=False)
        copy_project(folder)
        Path("data/raw").mkdir(exist_ok=True)
        Path("data/raw/rows.csv").write_text(ROWS, encoding="utf-8")
        content = yaml.load(Path("params.yaml"))
        content["sources"] = [SOURCE]
        yaml.dump(content, Path("params.yaml"))
        pipeline = yaml.load(Path("dvc.yaml"))
        pipeline["stages"]["collect"]["deps"].append(SOURCE["path"])
        yaml.dump(pipeline, Path("dvc.yaml"))
        run_stages()
    return folder


@pytest.fixture
def project(made, tmp_path, monkeypatch) -> Path:
    shutil.copytree(made, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.delenv("SEEDBED_PII_KEY", raising=False)
    return tmp_path / "project"


def run_stages() -> None:
    collect.main()
    clean.main()


def forget(value: str, *options: str) -> str:
    done = CliRunner().invoke(app, ["forget", "--yes", *options], input=f"{value}\n")
    if done.exception:
        raise done.exception
    return done.output


def keys() -> list[str]:
    lines = Path("data/raw/rows.csv").read_text(encoding="utf-8").splitlines()[1:]
    return [line.split(",")[0] for line in lines]


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("王小明", "zh1"),
        ("Anna", "zh2"),
        ("山田太郎", "ja1"),
        ("김철수", "ko1"),
        ("สมชาย", "th1"),
        ("SF1234567890", "zh4"),
        ("أحمد نموذجي", "ar1"),
        ("רחל לדוגמה", "he1"),
        ("ISMAIL ÖRNEK", "tr1"),
        ("राम नमूना", "hi1"),
        ("欧阳测试", "zh5"),
        ("Bea Sample", "fw1"),
        ("090-1234-5678", "ph1"),
        ("李", "li1"),
    ],
)
def test_the_row_goes_and_the_same_search_finds_nothing_afterwards(project, value, key) -> None:
    before = keys()
    output = forget(value)
    assert value.casefold() not in output.casefold()
    assert keys() == [one for one in before if one != key]
    run_stages()
    assert len(read_rows(Path("data/clean"))) == len(before) - 1
    with pytest.raises(SeedbedError, match=r"not in the sources|whole in none"):
        forget(value)


@pytest.mark.parametrize(("value", "key"), [("Ayşe Numune", "tr2"), ("Иван", "ru1"), ("行", "zh3")])
def test_what_may_be_meant_is_shown_and_goes_only_when_asked_for(project, value, key) -> None:
    before = keys()
    with pytest.raises(SeedbedError, match=r"whole in none.*--inside"):
        forget(value)
    assert keys() == before
    output = forget(value, "--inside")
    assert "data/raw/rows.csv: 1 rows" in output
    assert keys() == [one for one in before if one != key]
    run_stages()
    with pytest.raises(SeedbedError, match="not in the sources"):
        forget(value, "--inside")


def test_files_that_people_must_edit_are_named_by_the_same_search(project) -> None:
    Path("notes.txt").write_text("call Savannah")
    Path("letter.txt").write_text("我叫Anna谢谢")
    left = [line for line in forget("Anna").splitlines() if line.startswith("still holds it")]
    assert any(line.endswith(" letter.txt") for line in left)
    assert not any(line.endswith(" notes.txt") for line in left)
    Path("letter.txt").unlink()
    left = [line for line in forget("Anna", "--inside").splitlines() if "still holds" in line]
    assert any(line.endswith(" notes.txt") for line in left)


def test_whole_values_go_and_doubtful_ones_are_counted(project) -> None:
    output = forget("Anna")
    assert "data/raw/rows.csv: 1 rows, in words of 8 letters" in output
    assert "`--inside` forgets them" in output
    assert "Savannah" not in output
    assert "zh2" not in keys()
    assert "en2" in keys()


@pytest.mark.parametrize(("answer", "gone"), [("y\ny\n", {"zh2", "en2"}), ("n\ny\n", {"zh2"}),
                                              ("y\nn\n", set())])  # fmt: skip
def test_at_a_terminal_doubtful_places_are_a_question_of_their_own(
    project, monkeypatch, answer, gone
) -> None:
    monkeypatch.setattr("seedbed.commands.data._value", lambda yes: "Anna")
    before = set(keys())
    done = CliRunner().invoke(app, ["forget"], input=answer)
    assert "Forget these rows, too? [y/N]" in done.output
    assert before - set(keys()) == gone


def test_nowhere_is_said_of_what_is_nowhere(project) -> None:
    with pytest.raises(SeedbedError, match="not in the sources"):
        forget("欧阳询问")
    with pytest.raises(SeedbedError, match="too short"):
        forget("Bob")


def test_decisions_the_cache_and_files_of_other_encodings(project) -> None:
    row = read_rows(Path("data/collect")).iloc[0]
    decision = {"id": row["id"], "digest": row["digest"], "given": "parcel", "decided": "parcel",
                "who": "ann", "when": "2026-11-23", "note": "王小明打过电话"}  # fmt: skip
    Path("data/decisions/ann.jsonl").write_text(json.dumps(decision) + "\n", encoding="utf-8")
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, check=True, capture_output=True)
    cache = Path(".dvc/cache/files/md5/aa")
    cache.mkdir(parents=True)
    old = {
        "01": gzip.compress("text\n我叫王小明请\n".encode("gb18030")),
        "02": "text\n我叫王小明请\n".encode("utf-16"),
        "03": "text\n我叫欧阳测试请\n".encode(),
    }
    for name, content in old.items():
        (cache / name).write_bytes(content)
    assert "data/decisions/ann.jsonl: 1 lines" in forget("王小明", "--purge")
    assert Path("data/decisions/ann.jsonl").read_text() == ""
    assert sorted(path.name for path in cache.glob("0*")) == ["03"]
