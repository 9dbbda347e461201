"""Every stage that looks results up gives the same bytes with a memo, without one, with any part of
one, and with one that another branch has filled."""

import hashlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, copy_project, tiny_encoder, yaml

from seedbed.core.files import sha256_of
from seedbed.core.rows import read_rows, write_rows
from seedbed.encoding.vectors import read_vectors
from seedbed.running.memo import MEMO
from stages import anonymize, augment, balance, clean, deduplicate, embed, split, tokenize

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
NO_MODEL = (clean, anonymize, deduplicate, split, augment, balance, tokenize)
# A label's words; a text takes six of its own and says where to write.
WORDS = {
    "rain": "wind fog hail cloud storm drizzle thunder frost snow sleet".split(),
    "bread": "flour yeast dough oven crust butter salt knead crumb loaf".split(),
}


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


def reviews(number: int, draw: random.Random) -> list[tuple[str, str]]:
    """Texts with their label: some with an address or markup, some copies and near copies."""
    made: list[tuple[str, str]] = []
    for _ in range(number):
        label = draw.choice(sorted(WORDS))
        text = f"{' and '.join(draw.sample(WORDS[label], 6))} by {draw.choice('abcdefgh')}@mail.com"
        if made and draw.random() < 0.2:
            text, label = draw.choice(made)
            text += draw.choice(["", "!", " indeed", " &amp; so on"])
        made.append((text, label))
    return made


def use_reviews(batches: list[list[tuple[str, str]]]) -> None:
    """Make them the rows, one batch after the other."""
    rows = [
        {"id": hashlib.sha256(f"{batch}:{place}".encode()).hexdigest()[:16], "digest": "d",
         "text": text, "label": label, "source": "s", "provenance": "{}",
         "batch": f"2026-{batch + 1:02}-x"}
        for batch, texts in enumerate(batches) for place, (text, label) in enumerate(texts)
    ]  # fmt: skip
    write_rows(Path("data/collect"), pd.DataFrame(rows), private=True)


def run_chain(stages: tuple = (*NO_MODEL[:4], embed, *NO_MODEL[4:])) -> dict[str, str]:
    """The stages one after the other; the digests of all they wrote but the vectors. Nobody has
    decided anything, and find_label_errors, which looks nothing up, doubts no label."""
    for place in ("data", "reports"):
        for folder in Path(place).iterdir() if Path(place).exists() else ():
            if folder.name not in ("collect", "frozen_test.csv"):
                shutil.rmtree(folder)
    for stage in stages:
        stage.main()
        if stage is anonymize:
            shutil.copytree("data/anonymize", "data/apply_decisions")
        if stage is split:
            shutil.copytree("data/split", "data/find_label_errors")
    return written()


def written() -> dict[str, str]:
    """Digests of all outputs but the vectors."""
    files = [file for place in ("data", "reports") for file in sorted(Path(place).rglob("*"))]
    return {
        str(file): sha256_of(file)
        for file in files
        if file.is_file() and "embed" not in file.as_posix()
    }


def vectors() -> np.ndarray:
    return read_vectors(Path("data/embed"), list(read_rows(Path("data/split"))["id"]))[0]


def small_params() -> None:
    """The params of the project with a tiny encoder and copies of train rows."""
    content = yaml.load(ROOT / "params.yaml")
    tiny_encoder(Path("tiny"), [text for text, _ in reviews(60, random.Random(0))])
    content["encoder"] |= {
        "name": "tiny", "max_length": "auto", "precision": "float32",
        "sha256": sha256_of(Path("tiny/model.safetensors")),
    }  # fmt: skip
    content["split"] |= {"validation_share": 0.2, "test_share": 0.25, "folds": 2}
    content["augment"]["copies"] = 1
    yaml.dump(content, Path("params.yaml"))
    Path("data").mkdir(exist_ok=True)
    shutil.copy(ROOT / "data/frozen_test.csv", "data/frozen_test.csv")


@pytest.mark.parametrize("seed", range(2))
def test_any_history_gives_the_bytes_of_a_run_from_nothing(workspace, monkeypatch, seed):
    """Vectors are compared as numbers: their last bits depend on what they are batched with."""
    small_params()
    draw = random.Random(seed)
    use_reviews([reviews(30, draw)])  # what another line of work left in the memo
    run_chain()
    batches = [reviews(40, draw)]
    for _ in range(2):
        batches.append(reviews(draw.choice([1, 5, 20]), draw))
        use_reviews(batches)
        incremental, ours = run_chain(), vectors()
        with monkeypatch.context() as environment:
            environment.setenv("SEEDBED_MEMO", "off")
            assert run_chain() == incremental
        assert np.allclose(vectors(), ours, atol=1e-6)
    forget_every_other_result()
    assert run_chain() == incremental
    assert np.allclose(vectors(), ours, atol=1e-6)
    assert {"data/augment/2026-01-x.parquet", "data/ledger/split.csv",
            "data/tokenize/train/data-00000-of-00001.arrow"} <= set(incremental)  # fmt: skip


# What another branch may do to the rules: decode no entities, name stand-ins otherwise, take texts
# for words, cut texts before they are encoded.
EDITS = {
    "seedbed/cleaning/markup.py": ('    if "&" not in text:', '    if "&" in text:'),
    "seedbed/private/kinds.py": ('f"<{kind.upper()}>"', 'f"<A_{kind.upper()}>"'),
    "seedbed/core/text_units.py": ("text = text.lower()\n    is", "return [text]\n    is"),
    "seedbed/encoding/tokens.py": ("list(texts), add", "[text[:9] for text in texts], add"),
}
RUN_ALL = """
import sys
sys.path += sys.argv[1:]
import test_memo_in_stages as test
test.run_chain(test.NO_MODEL)
"""


def test_what_another_branch_left_in_the_memo_is_never_met(workspace, tmp_path, monkeypatch):
    """All stages run, then those of a copy of the project whose rules were edited, on the same
    memo; then the first ones again, with more rows."""
    branch = tmp_path / "branch"
    branch.mkdir()
    copy_project(branch)
    for name, (old, new) in EDITS.items():
        source = (branch / name).read_text(encoding="utf-8")
        assert old in source, name
        (branch / name).write_text(source.replace(old, new), encoding="utf-8")
    small_params()
    draw = random.Random(7)
    batches = [reviews(40, draw)]
    use_reviews(batches)
    ours = run_chain(NO_MODEL)
    command = [sys.executable, "-c", RUN_ALL, str(ROOT / "tests"), str(ROOT / "tests/stages")]
    environment = {**os.environ, "PYTHONPATH": str(branch)}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    theirs = written()
    differing = {path.split("/")[1] for path in ours if ours[path] != theirs.get(path)}
    assert {"clean", "anonymize", "ledger", "tokenize"} <= differing  # so the edits are of use
    batches.append(reviews(5, draw))
    use_reviews(batches)
    mixed = run_chain(NO_MODEL)
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    assert mixed == run_chain(NO_MODEL)


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
    from seedbed.core.files import fingerprint_of

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
