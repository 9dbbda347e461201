"""The memo: nothing is worked out twice, and what stands in it changes nothing but time."""

import os
import sqlite3
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, tiny_encoder
from hypothesis import given, strategies as st
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.errors import SeedbedError
from seedbed.encoding.tokens import Truncation
from seedbed.running import code_versions, engines, memo as memo_store
from seedbed.running.engine import FLOAT32, INT32, JSON, UINT16, UINT64, map_texts, plain
from seedbed.running.memo import MEMO, Store, clear

asked: list = []  # what `shouted` was called for


def shouted(texts, mark="!"):
    asked.extend(texts)
    return [(text.upper() + mark, len(text)) for text in texts]


def numbers(texts):
    asked.extend(texts)
    return np.array([[len(text), 0.1] for text in texts], dtype=np.float32)


def fails_on_stop(texts):
    asked.extend(texts)
    if "stop" in texts:
        raise RuntimeError("killed")
    return texts


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEDBED_MEMO", raising=False)
    monkeypatch.delenv("SEEDBED_MEMO_MB", raising=False)
    asked.clear()


def work_asked() -> list:
    """What was worked out since the last look."""
    found = list(asked)
    asked.clear()
    return found


def test_results_come_in_order_and_each_text_is_worked_out_once():
    assert map_texts(shouted, ["b", "a", "b"]) == [["B!", 1], ["A!", 1], ["B!", 1]]
    assert work_asked() == ["b", "a"]
    assert map_texts(shouted, ["c", "a"]) == [["C!", 1], ["A!", 1]]
    assert work_asked() == ["c"]


def test_another_param_is_another_result():
    map_texts(partial(shouted, mark="?"), ["a"])
    assert map_texts(partial(shouted, mark="."), ["a"]) == [["A.", 1]]
    assert work_asked() == ["a", "a"]


def test_a_text_and_a_pair_are_told_apart_however_they_are_cut():
    def key_count():
        with Store() as store:
            return sum(kept.results for kept in store.stats())

    map_texts(no_work, [("ab", "c"), ("a", "bc"), ("abc", ""), "abc"])
    assert key_count() == 4


def no_work(items):
    return [None for _ in items]


def test_another_version_of_a_library_is_another_result(monkeypatch):
    map_texts(shouted, ["a"], libraries=["spacy"])
    monkeypatch.setattr(code_versions, "_installed", lambda name: "another")
    map_texts(shouted, ["a"], libraries=["spacy"])
    assert work_asked() == ["a", "a"]


def test_what_was_edited_while_it_ran_is_not_kept(monkeypatch):
    monkeypatch.setattr(code_versions, "STARTED", Path(__file__).stat().st_mtime - 1)
    map_texts(shouted, ["a"])
    map_texts(shouted, ["a"])
    assert work_asked() == ["a", "a"]


def test_a_killed_run_keeps_the_batches_that_were_done():
    texts = ["a", "b", "c", "d", "stop", "e"]
    with pytest.raises(RuntimeError, match="killed"):
        map_texts(fails_on_stop, texts, batch=2, threads=engines.ALL)
    assert work_asked() == texts
    map_texts(fails_on_stop, ["a", "b", "c", "d"])
    assert work_asked() == []


def test_vectors_come_back_bit_for_bit():
    first = map_texts(numbers, ["a", "bb"], FLOAT32)
    again = map_texts(numbers, ["a", "bb"], FLOAT32)
    assert work_asked() == ["a", "bb"]
    assert np.array_equal(np.stack(first), np.stack(again))
    assert np.stack(again).dtype == np.float32


@given(st.text(st.characters(codec=None)))  # lone surrogates, too
def test_any_text_comes_back_as_it_was(text):
    assert JSON.unpack(JSON.pack([text])) == [text]


def test_the_vectors_of_an_encoder_do_not_need_it_again(monkeypatch):
    from seedbed.encoding import encoder

    folder = Path("tiny")
    texts = ["rain and wind", "a bicycle race", "rain"]
    tiny_encoder(folder, texts)
    work = partial(encoder.embed_texts, folder=folder, truncation=Truncation(32), dtype="float32")
    first = np.stack(map_texts(work, texts, FLOAT32))
    assert np.allclose(np.linalg.norm(first, axis=1), 1, atol=1e-5)
    monkeypatch.setattr(encoder, "load_model", None)
    monkeypatch.setattr(encoder, "TextTokenizer", None)
    assert np.array_equal(np.stack(map_texts(work, texts, FLOAT32)), first)
    (folder / "config.json").write_text("{}")  # another encoder under the same name
    with pytest.raises(TypeError):
        map_texts(work, texts, FLOAT32)


def test_off_leaves_no_file(monkeypatch):
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    assert map_texts(shouted, ["a"]) == [["A!", 1]]
    assert not MEMO.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [("SEEDBED_MEMO", "no"), ("SEEDBED_MEMO_MB", "2GB"), ("SEEDBED_MEMO_MB", "0")],
)
def test_a_setting_that_says_nothing_is_refused(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SeedbedError, match=f"{name}: `{value}`"):
        map_texts(shouted, ["a"])


def test_the_files_are_nobody_elses():
    map_texts(shouted, ["a"])
    with Store() as store:
        store.keep("one", {b"k": b"v"})
        files = sorted(MEMO.parent.iterdir())
        assert [file.name for file in files] == [
            "memo.sqlite", "memo.sqlite-shm", "memo.sqlite-wal",
        ]  # fmt: skip
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_neither_the_text_asked_for_nor_a_key_given_as_param_stands_in_the_file():
    map_texts(partial(keyed, key=b"very secret"), ["ann@shop.com"])
    content = MEMO.read_bytes()
    assert b"secret" not in content
    assert b"ann@shop.com" not in content


def keyed(texts, key):
    return ["<EMAIL>" for _ in texts]


def damage(statement: str) -> None:
    connection = sqlite3.connect(MEMO)
    with connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE results SET value = substr(value, 1, 8) || CAST('[\"WRONG\",1]' AS BLOB)",
        "UPDATE results SET value = x'00'",
        "DELETE FROM results",
    ],
)
def test_a_result_that_is_not_what_was_written_is_not_used(statement):
    map_texts(shouted, ["a"])
    damage(statement)
    assert map_texts(shouted, ["a"]) == [["A!", 1]]
    assert work_asked() == ["a", "a"]
    map_texts(shouted, ["a"])
    assert work_asked() == []


def test_a_file_that_is_no_database_is_told_and_costs_only_time(capfd):
    MEMO.parent.mkdir()
    MEMO.write_bytes(b"no database " * 1000)
    assert map_texts(shouted, ["a"]) == [["A!", 1]]
    told = capfd.readouterr().err
    assert "WARNING: .seedbed/memo.sqlite cannot be used (file is not a database)" in told
    assert "`seedbed memo clear`" in told
    clear()
    map_texts(shouted, ["a"])
    assert map_texts(shouted, ["a"]) == [["A!", 1]]
    assert work_asked() == ["a", "a"]


def test_what_was_used_least_recently_goes_first(monkeypatch):
    def keep(store, hour, *names):
        monkeypatch.setattr(memo_store, "hours", lambda: hour)
        store.keep("op", {name.encode(): bytes(10_000) for name in names})

    with Store(limit=204_800) as store:
        keep(store, 1, "old", "used")
        keep(store, 2, *(f"middle {number}" for number in range(10)))
        monkeypatch.setattr(memo_store, "hours", lambda: 3)
        assert set(store.find([b"used"])) == {b"used"}
        for number in range(8):
            keep(store, 4, f"new {number}")
        there = store.find([b"old", b"used", b"middle 0", b"new 7"])
    assert set(there) == {b"used", b"new 7"}
    assert MEMO.stat().st_size <= 204_800


def test_more_than_the_limit_holds_still_gives_every_result(monkeypatch):
    monkeypatch.setenv("SEEDBED_MEMO_MB", "1")
    texts = [f"{number} " * 500 for number in range(1500)]
    assert [one for one, _ in map_texts(shouted, texts)] == [f"{text.upper()}!" for text in texts]
    assert MEMO.stat().st_size <= 2**20


WRITER = """
import sys
from seedbed.running.memo import Store
with Store() as store:
    for step in range(30):
        names = [f"{number}".encode() for number in range(step * 10, step * 10 + 40)]
        found = store.find(names)
        assert all(value == name * 100 for name, value in found.items())
        store.keep("op", {name: name * 100 for name in names if name not in found})
"""


def test_processes_that_write_at_once_harm_nothing():
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER], env=environment, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for writer in writers:
        assert writer.communicate()[1] == b""
        assert writer.returncode == 0
    with Store() as store:
        assert store.stats()[0].results == 330
        assert store.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_stats_and_clear_tell_what_is_there():
    run = CliRunner().invoke
    assert "0.0 MB of at most 2,048 MB" in run(app, ["memo", "stats"]).output
    map_texts(shouted, ["first secret text", "b"])
    stats = run(app, ["memo", "stats"]).output
    assert "test_memo.shouted" in stats
    assert "secret" not in stats
    assert run(app, ["memo", "clear"]).output == ".seedbed/memo.sqlite: 2 results forgotten\n"
    left = b"".join(file.read_bytes() for file in MEMO.parent.iterdir())
    assert b"SECRET" not in left
    map_texts(shouted, ["b"])
    assert work_asked()[-1] == "b"


def test_params_are_equal_for_equal_values_only(tmp_path):
    assert plain(frozenset("abc")) == plain(frozenset("cba"))
    different = [1, True, "1", 1.0, None, b"1", ["1"], {"1"}, {"1": 1}, {1: "1"}]
    assert len({str(plain(one)) + type(one).__name__ for one in different}) == len(different)
    with pytest.raises(TypeError, match="object"):
        plain({"tool": object()})


def test_a_folder_as_param_is_what_its_files_hold(tmp_path):
    for name, content in (("a", "x"), ("b", "x"), ("c", "y")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model").write_text(content)
    assert plain(tmp_path / "a") == plain(tmp_path / "b") != plain(tmp_path / "c")


def test_a_file_of_an_older_layout_is_emptied(capfd):
    MEMO.parent.mkdir()
    damage("CREATE TABLE results (key BLOB NOT NULL PRIMARY KEY, used INTEGER, value BLOB)")
    damage("INSERT INTO results VALUES (x'00', 1, x'00')")
    map_texts(shouted, ["a"])
    assert map_texts(shouted, ["a"]) == [["A!", 1]]
    assert work_asked() == ["a"]
    assert capfd.readouterr().err == ""
    with Store() as store:
        assert [kept.results for kept in store.stats()] == [1]


def test_hits_an_hour_later_write_no_value_again(monkeypatch):
    values = {f"{number}".encode(): bytes(10_000) for number in range(50)}
    with Store() as store:
        store.keep("op", values)
        store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        later = memo_store.hours() + 1
        monkeypatch.setattr(memo_store, "hours", lambda: later)
        assert store.find(list(values)) == values
        assert MEMO.with_name(f"{MEMO.name}-wal").stat().st_size < 50_000  # of 500,000
        hours = store.connection.execute("SELECT DISTINCT hour FROM uses").fetchall()
        assert hours == [(later,)]


@pytest.mark.parametrize("numbers", [UINT16, INT32, UINT64])
def test_numbers_come_back_as_they_were(numbers):
    value = np.array([0, 1, 60_000], dtype=numbers.unpack(b"").dtype)
    assert np.array_equal(numbers.unpack(numbers.pack(value)), value)
    assert numbers.unpack(numbers.pack(value)).dtype == value.dtype
