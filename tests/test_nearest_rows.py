"""The nearest rows by cosine, exactly, whatever the block."""

import numpy as np
import pytest

from seedbed.encoding import nearest_rows as module
from seedbed.encoding.nearest_rows import nearest_of, nearest_rows

VECTORS = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9], [-1, 0]], dtype=np.float32)


def test_a_row_is_not_its_own_neighbour():
    places, cosines = nearest_rows(VECTORS, VECTORS, 1, themselves=True)
    assert places[:, 0].tolist() == [1, 0, 3, 2, 2]
    assert cosines[0, 0] == pytest.approx(0.9 / np.hypot(0.9, 0.1), abs=1e-6)


def test_among_others_the_same_vector_is_the_nearest_and_equals_keep_their_order():
    places, cosines = nearest_rows(VECTORS[:1], np.vstack([VECTORS, VECTORS[:1] * 3]), 3)
    assert places.tolist() == [[0, 5, 1]]
    assert cosines[0, :2].tolist() == [1, 1]


def test_fewer_others_than_asked_for_and_none():
    assert nearest_rows(VECTORS, VECTORS[:2], 9)[0].shape == (5, 2)
    assert nearest_rows(VECTORS[:1], VECTORS[:1], 9, themselves=True)[0].shape == (1, 0)
    assert nearest_rows(VECTORS, VECTORS[:0], 9)[1].shape == (5, 0)


def test_blocks_change_nothing(monkeypatch):
    random = np.random.default_rng(0)
    vectors = random.normal(size=(57, 8)).astype(np.float32)
    whole = nearest_rows(vectors, vectors, 5, themselves=True)
    monkeypatch.setattr(module, "CELLS", 400)
    parts = nearest_rows(vectors, vectors, 5, themselves=True)
    assert (whole[0] == parts[0]).all()
    np.testing.assert_allclose(whole[1], parts[1], rtol=1e-6)


def test_a_zero_vector_is_near_to_nothing_and_no_error():
    _, cosines = nearest_rows(np.zeros((1, 2), np.float32), VECTORS, 2)
    assert cosines.tolist() == [[0, 0]]


@pytest.mark.parametrize("width", [3, 24, 25, 100, 1001])
def test_of_equal_values_the_first_are_taken(width):
    values = np.random.default_rng(width).integers(0, 9, (20, width)).astype(np.float32)
    places, greatest = nearest_of(values, 3)
    wanted = np.argsort(-values, axis=1, kind="stable")[:, :3]
    assert (places == wanted).all()
    assert (greatest == np.take_along_axis(values, wanted, 1)).all()


@pytest.mark.parametrize("there", [0, 1, 3, 40])
def test_where_a_line_has_few_values_they_alone_are_sorted(there):
    random = np.random.default_rng(0)
    values = np.full((30, 2000), -np.inf, np.float32)
    for line in values:
        line[random.choice(2000, there, replace=False)] = random.random(there)
    places, greatest = nearest_of(values, 3)
    wanted = -np.sort(-values, axis=1)[:, :3]
    assert (greatest == wanted).all()
    real = greatest > -np.inf
    assert real.sum() == 30 * min(3, there)
    assert (np.take_along_axis(values, places, 1)[real] == greatest[real]).all()
