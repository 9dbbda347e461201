"""Files of answers: what is written is read, and a damaged one is one paragraph."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from answers.conftest import predictions, written
from hypothesis import given, settings, strategies as st

from seedbed.core.errors import DamagedError
from seedbed.scoring.answers.predictions import NAME, read_answers, write_answers

ROWS = predictions(
    ["Paris", "東京\nです"],
    {"0": written(["Rome", ""], ended=[True, False], loss=[1.5, np.nan], reasons=["", "too_long"]),
     "1": ["Paris", "Kyoto"]},
    groups=["g", ""],
)  # fmt: skip


def test_what_is_written_is_read(tmp_path):
    write_answers(tmp_path / "out", ROWS)
    found = read_answers(tmp_path / "out")
    assert (found.ids, found.groups, found.sources) == (ROWS.ids, ROWS.groups, ROWS.sources)
    assert (found.questions, found.targets) == (ROWS.questions, ROWS.targets)
    assert list(found.by_seed) == ["0", "1"]
    for seed, one in ROWS.by_seed.items():
        other = found.by_seed[seed]
        assert (other.texts, other.reasons) == (one.texts, one.reasons)
        for part in ("ended", "loss", "tokens"):
            np.testing.assert_array_equal(getattr(other, part), getattr(one, part))
    assert found.clusters().tolist() == ROWS.clusters().tolist()
    before = (tmp_path / "out" / NAME).read_bytes()
    write_answers(tmp_path / "out", found)
    assert (tmp_path / "out" / NAME).read_bytes() == before


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4))
def test_any_text_is_read_as_it_was_written(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("answers")
    write_answers(folder / "out", predictions(texts, {"0": texts}))
    found = read_answers(folder / "out")
    assert found.targets == found.by_seed["0"].texts == texts


def test_a_damaged_file_is_one_paragraph(tmp_path):
    write_answers(tmp_path, ROWS)
    file = tmp_path / NAME
    whole = file.read_bytes()
    table = pq.read_table(file)
    text = table["0/text"].to_pylist()
    empty = pa.array([None, *text[1:]], pa.string())
    damaged = {
        "no such file": None,
        "cannot be read": whole[: len(whole) // 2],
        "has empty cells": table.set_column(5, "0/text", empty),
        "the columns id": table.drop_columns(["1/loss"]),
        "the columns group": table.drop_columns(["id"]),
        "the columns id, group": table.set_column(6, "0/ended", pa.array([1, 0])),
    }
    for message, content in damaged.items():
        file.unlink(missing_ok=True)
        if isinstance(content, bytes):
            file.write_bytes(content)
        elif content is not None:
            pq.write_table(content, file)
        with pytest.raises(DamagedError, match=message) as error:
            read_answers(tmp_path)
        assert "\n" not in str(error.value)
        assert NAME in str(error.value)
