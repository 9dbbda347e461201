"""Lists of nearest rows that grow with the set are those that are made of the whole set."""

from itertools import pairwise

import numpy as np
import pytest

from seedbed.encoding import nearest_rows as module
from seedbed.encoding.nearest_rows import nearest_lists, nearest_rows, unit_length

COUNT = 5
RANDOM = np.random.default_rng(0)
VECTORS = unit_length(RANDOM.normal(size=(400, 8)))
BATCH = np.array([f"2026-0{1 + number}-x" for number in RANDOM.integers(0, 4, 400)])


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    """A memo of its own, and lists that are kept however few rows there are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "KEPT_FROM", 0)
    monkeypatch.setattr(module, "CELLS", 3000)


@pytest.fixture
def compared(monkeypatch) -> list[tuple[int, int]]:
    """How many rows were compared with how many in each call."""
    calls: list[tuple[int, int]] = []
    inner = module.nearest_rows

    def counted(vectors, others, *args, **named):
        calls.append((len(vectors), len(others)))
        return inner(vectors, others, *args, **named)

    monkeypatch.setattr(module, "nearest_rows", counted)
    return calls


def lists(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return nearest_lists(VECTORS[inside], list(BATCH[inside]), COUNT)


def check(inside: np.ndarray) -> None:
    places, cosines = lists(inside)
    wanted = nearest_rows(VECTORS[inside], VECTORS[inside], COUNT, themselves=True)
    assert (places == wanted[0]).all()
    assert cosines == pytest.approx(wanted[1], abs=1e-6)


def test_batches_that_come_one_after_another_give_the_lists_of_all(compared):
    sizes = []
    for last in sorted(set(BATCH)):
        check(last >= BATCH)
        sizes.append(int((last >= BATCH).sum()))
    olds = [(before, after - before) for before, after in pairwise(sizes)]
    assert compared == [(sizes[0], sizes[0]), *olds]


def test_what_stands_there_already_is_not_worked_out_again(compared):
    every = np.ones(400, bool)
    first, second = lists(every), lists(every)
    assert compared == [(400, 400)]
    for one, other in zip(first, second, strict=True):
        assert (one == other).all()


def test_a_row_that_has_gone_makes_all_anew(compared):
    every = np.ones(400, bool)
    lists(every)
    fewer = every & (np.arange(400) != np.flatnonzero(BATCH == "2026-01-x")[0])
    check(fewer)
    assert compared == [(400, 400), (399, 399)]


def test_a_row_of_the_last_batch_that_has_gone_leaves_the_lists_before(compared):
    early = BATCH < "2026-04"
    lists(early)
    lists(np.ones(400, bool))
    fewer = np.arange(400) != np.flatnonzero(~early)[0]
    check(fewer)
    assert compared[2:] == [(early.sum(), (~early).sum() - 1)]


def test_a_changed_vector_is_another_set(monkeypatch, compared):
    every = np.ones(400, bool)
    lists(every)
    changed = VECTORS.copy()
    changed[7] = -changed[7]
    places, _ = nearest_lists(changed, list(BATCH), COUNT)
    assert (places == nearest_rows(changed, changed, COUNT, themselves=True)[0]).all()
    assert len(compared) == 2


def test_without_memo_and_for_few_rows_nothing_is_kept(monkeypatch, compared, tmp_path):
    every = np.ones(400, bool)
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    check(every)
    monkeypatch.delenv("SEEDBED_MEMO")
    monkeypatch.setattr(module, "KEPT_FROM", 401)
    check(every)
    assert compared == [(400, 400)] * 2
    assert not (tmp_path / ".seedbed").exists()


def test_lists_too_large_for_the_memo_are_made_each_time(monkeypatch, compared):
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    check(np.ones(400, bool))
    check(np.ones(400, bool))
    assert compared == [(400, 400)] * 2
