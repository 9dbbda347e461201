"""The nearest rows in meaning, exactly: by cosine of their vectors, in blocks."""

import numpy as np

CELLS = 20_000_000  # cosines at once: 80 MB, and twice that for the places of the nearest


def nearest_rows(
    vectors: np.ndarray, others: np.ndarray, count: int, *, themselves: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Of each vector (n, width) the places of the `count` nearest of `others` (m, width), nearest
    first, and their cosines: two arrays (n, k), where k is the smaller of `count` and what there
    is. `themselves`: both are the same rows, and no row is its own neighbour.

    Equal cosines stand in the order of `others`. O(n m width) time.
    """
    k = max(0, min(count, len(others) - themselves))
    places, cosines = np.zeros((len(vectors), k), int), np.zeros((len(vectors), k), np.float32)
    if not k:
        return places, cosines
    found, against = unit_length(vectors), unit_length(others)
    step = max(1, CELLS // len(others))
    for start in range(0, len(found), step):
        part = np.arange(start, min(start + step, len(found)))
        products = found[part] @ against.T
        if themselves:
            products[np.arange(len(part)), part] = -np.inf
        places[part], cosines[part] = nearest_of(products, k)
    return places, cosines


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """The vectors with length 1, float32; one of length 0 stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)


def nearest_of(cosines: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the `count` greatest of each line and their values, greatest first, of equals the
    first: (rows, count) each."""
    if count < cosines.shape[1]:
        places = np.sort(np.argpartition(-cosines, count - 1, axis=1)[:, :count], axis=1)
    else:
        places = np.tile(np.arange(cosines.shape[1]), (len(cosines), 1))
    found = np.take_along_axis(cosines, places, 1)
    order = np.argsort(-found, axis=1, kind="stable")
    return np.take_along_axis(places, order, 1), np.take_along_axis(found, order, 1)
