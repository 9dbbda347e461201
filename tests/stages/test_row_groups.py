"""Stages read and write rows in row groups: how many there are changes no byte, and no stage holds
more texts than it has to."""

import hashlib
import random
import shutil
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from memory import peak_of

from seedbed.cleaning.rows import clean_rows
from seedbed.cleaning.rules import CleanParams
from seedbed.core import parquet
from seedbed.core.params import read_params
from seedbed.core.rows import COLLECT, DEFAULTS, read_rows, updated, write_rows
from seedbed.core.texts import TextColumn
from seedbed.splitting.near_copies import Join
from seedbed.splitting.shingles import content_of, repeated_shingle_sets
from seedbed.splitting.sides import write_frozen
from stages import anonymize, apply_decisions, augment, balance, clean, deduplicate, split

WORDS = [f"word{number}" for number in range(400)]
STAGES = (clean, anonymize, apply_decisions, deduplicate, split, augment, balance)


def made_rows(count: int = 90) -> pd.DataFrame:
    """Rows of two batches: a fifth are near copies, some are too short, some have an address."""
    draw = random.Random(0)
    texts: list[str] = []
    for number in range(count):
        words = draw.sample(WORDS, 12)
        text = " ".join(words) + (f" ann{number}@shop.com" if number % 7 == 0 else "")
        if number % 5 == 4:
            text = f"{texts[number - 3]} {words[0]}"
        texts.append("no" if number % 20 == 19 else text)
    frame = pd.DataFrame({"text": texts, "id": [f"{draw.getrandbits(64):016x}" for _ in texts]})
    batches = ["2026-01-a", "2026-01-a-b"]  # which files do not sort as their names do
    more = {
        "label": ["cat", "dog"] * (count // 2),
        "batch": [batches[n % 3 > 0] for n in range(count)],
    }
    return frame.assign(**DEFAULTS | more, digest="d", source="s", provenance="{}")


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    shutil.copy(ROOT / "dvc.yaml", "dvc.yaml")
    write_frozen({})


def groups(folder: Path) -> list[int]:
    files = sorted(folder.glob("*.parquet"), key=lambda file: file.stem)
    return [pq.ParquetFile(file).num_row_groups for file in files]


def run() -> dict[str, str]:
    """All stages; what they wrote."""
    for stage in STAGES:
        if stage is augment:  # without suspects find_label_errors passes rows on as they are
            shutil.copytree("data/split", "data/find_label_errors", dirs_exist_ok=True)
        stage.main()
    files = [file for name in ("data", "reports") for file in Path(name).rglob("*")]
    return {
        str(file): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file() and not file.is_relative_to(COLLECT)
    }


def test_every_stage_gives_the_same_bytes_for_rows_in_several_row_groups(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(parquet, "ROWS_AT_ONCE", 7)
        write_rows(COLLECT, made_rows(), private=True)
    assert min(groups(COLLECT)) > 3
    several = run()
    shutil.rmtree("data/collect")
    write_rows(COLLECT, made_rows(), private=True)
    assert groups(COLLECT) == [1, 1]
    assert run() == several


def test_rows_are_the_same_after_stages_that_write_several_row_groups(monkeypatch):
    write_rows(COLLECT, made_rows(), private=True)
    run()
    expected = read_rows(Path("data/balance"))
    monkeypatch.setattr(parquet, "ROWS_AT_ONCE", 5)
    run()
    assert min(groups(Path("data/balance"))) > 3
    pd.testing.assert_frame_equal(read_rows(Path("data/balance")), expected)


@pytest.mark.parametrize("rows_at_once", [1, 4, 90])
def test_a_row_group_ends_where_the_rows_say_whatever_chunks_they_come_in(
    tmp_path, monkeypatch, rows_at_once
):
    monkeypatch.setattr(parquet, "ROWS_AT_ONCE", 9)
    ordered = made_rows().sort_values(["batch", "id"])
    steps = range(0, len(ordered), rows_at_once)
    write_rows(tmp_path / "one", ordered)
    write_rows(tmp_path / "two", (ordered.iloc[at : at + rows_at_once] for at in steps))
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()
    assert groups(tmp_path / "one") == [4, 7]


def test_long_texts_end_a_row_group_early(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "BYTES_AT_ONCE", 1000)
    texts = ["x" * 400, "y" * 400, "z" * 5000, "end"]
    write_rows(tmp_path / "rows", made_rows(4).assign(batch="2026-01-a", text=texts, id=[*"abcd"]))
    [file] = (tmp_path / "rows").iterdir()
    found = pq.ParquetFile(file).metadata
    sizes = [found.row_group(number).num_rows for number in range(found.num_row_groups)]
    assert sizes == [2, 1, 1]


def test_chunks_that_are_not_in_order_are_refused_and_nothing_changes(tmp_path):
    write_rows(tmp_path / "rows", made_rows())
    before = {file.name: file.read_bytes() for file in (tmp_path / "rows").iterdir()}
    ordered = made_rows().sort_values(["batch", "id"])
    with pytest.raises(ValueError, match="not sorted"):
        write_rows(tmp_path / "rows", iter([ordered.iloc[50:], ordered.iloc[:50]]))
    assert {file.name: file.read_bytes() for file in (tmp_path / "rows").iterdir()} == before


def test_updated_rows_are_those_named_with_what_they_are_given(monkeypatch, tmp_path):
    monkeypatch.setattr(parquet, "ROWS_AT_ONCE", 4)
    write_rows(tmp_path / "rows", made_rows())
    rows = read_rows(tmp_path / "rows")
    some = rows.loc[rows.index % 3 == 0, ["id"]].assign(label="other", fold=2)
    after = pd.concat(updated(tmp_path / "rows", some)).sort_values("id")
    assert list(after["id"]) == list(some["id"])
    assert set(after["label"]) == {"other"}
    assert list(after["text"]) == list(rows["text"][some.index])


def test_some_columns_are_those_of_all_in_their_order(tmp_path):
    write_rows(tmp_path / "rows", made_rows())
    rows = read_rows(tmp_path / "rows")
    some = read_rows(tmp_path / "rows", ("text", "fold", "answer"))
    pd.testing.assert_frame_equal(some, rows[["id", "text", "fold"]])


def test_shingles_that_repeat_are_the_same_in_one_range_of_hashes_and_in_many(monkeypatch):
    texts = list(made_rows()["text"])
    sizes, sets = repeated_shingle_sets(texts, 3)
    monkeypatch.setattr("seedbed.splitting.shingles.HASHES_AT_ONCE", 10)
    monkeypatch.setattr("seedbed.splitting.shingles.TEXTS_IN_MEMORY", 8)
    of_parts, more = repeated_shingle_sets(texts, 3)
    assert of_parts.tolist() == sizes.tolist()
    assert more.nnz == sets.nnz > 0
    assert (more @ more.T != sets @ sets.T).nnz == 0


def test_the_texts_of_a_folder_are_never_pythons_own_all_at_once(monkeypatch):
    """Python's own objects are traced, not the columns of Arrow."""
    draw = random.Random(0)
    texts = [" ".join(draw.choices(WORDS, k=120)) for _ in range(4_000)]
    rows = pd.DataFrame({"text": texts, "id": [f"{n:016x}" for n in range(len(texts))]})
    rows = rows.assign(**DEFAULTS, batch="2026-01-a", label="x", digest="d", source="s")
    monkeypatch.setattr(parquet, "BYTES_AT_ONCE", 2**17)
    write_rows(COLLECT, rows.assign(provenance="{}"), private=True)
    size = sum(map(len, texts))
    del texts, rows
    clean.main()  # what it imports and reads once is not counted
    assert peak_of(clean.main) < size / 2
    whole = partial(clean_rows, read_rows(COLLECT), read_params("clean", CleanParams))
    assert peak_of(whole) > size


def test_texts_are_compared_without_being_pythons_own_all_at_once(monkeypatch):
    draw = random.Random(0)
    texts = pd.Series([" ".join(draw.choices(WORDS, k=120)) for _ in range(4_000)])
    size = texts.str.len().sum()
    monkeypatch.setattr("seedbed.core.texts.TEXTS_AT_ONCE", 200)
    monkeypatch.setattr("seedbed.splitting.shingles.TEXTS_IN_MEMORY", 200)
    monkeypatch.setattr("seedbed.splitting.shingles.HASHES_AT_ONCE", 20_000)
    column = TextColumn(texts)
    # A hash of eight bytes for a word of eight characters, and its column; it was six times that.
    assert peak_of(lambda: Join(column, 3, 0.5)) < 3 * size
    assert peak_of(lambda: [content_of(text, "") for text in column]) < size / 2
    assert peak_of(lambda: list(column)) > size


def test_pages_inside_a_row_group_do_not_depend_on_chunks_either(tmp_path):
    """Parquet cuts a column into pages where an array ends, too."""
    draw = random.Random(0)
    texts = [draw.randbytes(100).hex() for _ in range(20_000)]
    rows = pd.DataFrame({"text": texts, "id": [f"{n:016x}" for n in range(len(texts))]})
    rows = rows.assign(**DEFAULTS, batch="2026-01-a", label="x", digest="d", source="s")
    rows = rows.assign(provenance="{}")
    write_rows(tmp_path / "one", rows)
    write_rows(tmp_path / "two", (rows.iloc[at : at + 777] for at in range(0, len(rows), 777)))
    [one, two] = (tmp_path / name / "2026-01-a.parquet" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
