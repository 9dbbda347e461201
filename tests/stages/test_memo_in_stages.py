"""clean and anonymize give the same bytes with a memo, without one, and with any part of one."""

import hashlib
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT, copy_project
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedbed.memo.store import MEMO
from seedbed.rows import read_rows, write_rows
from stages import anonymize, clean

TEXTS = [
    "<p>The parcel that I ordered has&nbsp;not arrived, and nobody answers.</p>",
    "Das Paket, das ich letzte Woche bestellt habe, ist leider nicht angekommen.",
    "Write to ann@shop.com or call 020 7946 0958, please.",
    "Write to ANN@shop.com, please!",
    "schÃ¶n, danke \U0001f44d\U0001f3fd",
    "--- 12 / 34 ---",
    "no",
    "Click here click here click here click here click here",
]
PLACES = ("data/clean", "data/anonymize", "data/ledger", "reports/metrics")


def use(texts: list[str]) -> None:
    """Make the texts the rows of two batches; every third row has a pair."""
    rows = [
        {"id": f"{number:016x}", "digest": "d", "text": text, "label": "x", "source": "s",
         "text_pair": texts[-number] if number % 3 == 0 else "", "provenance": "{}",
         "batch": "2026-01-a" if number % 2 else "2026-02-b"}
        for number, text in enumerate(texts)
    ]  # fmt: skip
    write_rows(Path("data/collect"), pd.DataFrame(rows), private=True)


def run() -> dict[str, str]:
    """Both stages; the digests of all they wrote."""
    for place in PLACES:
        shutil.rmtree(place, ignore_errors=True)
    clean.main()
    anonymize.main()
    files = [file for place in PLACES for file in sorted(Path(place).rglob("*")) if file.is_file()]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("SEEDBED_MEMO", "SEEDBED_MEMO_MB", "SEEDBED_PII_KEY"):
        monkeypatch.delenv(name, raising=False)
    shutil.copy(ROOT / "params.yaml", "params.yaml")


def forget_every_other_result() -> None:
    with closing(sqlite3.connect(MEMO)) as connection, connection:
        connection.execute("DELETE FROM results WHERE rowid % 2")


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.sampled_from(TEXTS), max_size=4), max_size=3),
    st.lists(st.sampled_from(TEXTS), max_size=4),
)
def test_any_history_gives_the_bytes_of_a_run_from_nothing(workspace, history, elsewhere):
    kept = TEXTS[:1]
    MEMO.unlink(missing_ok=True)
    use([TEXTS[0], *elsewhere])  # what another branch left in the memo
    run()
    for batch in history:
        kept = [*kept, *batch]
        use(kept)
        incremental = run()
        forget_every_other_result()
        assert run() == incremental
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("SEEDBED_MEMO", "off")
            assert run() == incremental
        MEMO.unlink()
        assert run() == incremental


def test_a_second_run_works_nothing_out(workspace):
    use(TEXTS)
    first = run()

    def results() -> list[tuple]:
        with closing(sqlite3.connect(MEMO)) as connection:
            return connection.execute("SELECT rowid, key FROM results").fetchall()

    before = results()
    assert run() == first
    assert results() == before  # what is worked out again is written again


def test_another_key_is_another_result(workspace, monkeypatch):
    from seedbed.keys import fingerprint_of

    use(TEXTS)
    params = Path("params.yaml")
    params.write_text(params.read_text().replace("mode: placeholder", "mode: pseudonym"))
    first = run()
    old = read_rows(Path("data/anonymize"))["text"].tolist()
    monkeypatch.setenv("SEEDBED_PII_KEY", "another key")
    fingerprint = fingerprint_of(b"another key")
    params.write_text(params.read_text().replace("e8df671da7bb", fingerprint))
    assert run()["data/clean/2026-01-a.parquet"] == first["data/clean/2026-01-a.parquet"]
    new = read_rows(Path("data/anonymize"))["text"].tolist()
    changed = [one[:8] for one, other in zip(old, new, strict=True) if one != other]
    assert changed == ["Write to"]  # the other one with an address has a pair of no letters


def test_a_changed_rule_never_meets_an_old_result(workspace, tmp_path):
    """In a copy of the project the rule that decodes entities is edited between two runs."""
    project = tmp_path / "project"
    project.mkdir()
    copy_project(project)
    use(TEXTS[:1])
    shutil.copytree("data/collect", project / "data/collect")

    def cleaned() -> str:
        command = [sys.executable, "-m", "stages.clean"]
        subprocess.run(command, cwd=project, check=True, capture_output=True)
        return read_rows(project / "data/clean")["text"].item()

    assert cleaned() == "The parcel that I ordered has not arrived, and nobody answers."
    file = project / "seedbed/cleaning/markup.py"
    source = file.read_text(encoding="utf-8")
    file.write_text(source.replace('    if "&" not in text:', '    if "&" in text:'))
    assert cleaned() == "The parcel that I ordered has&nbsp;not arrived, and nobody answers."
