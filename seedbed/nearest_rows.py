"""The nearest rows in meaning, exactly: by cosine of their vectors, in blocks."""

import numpy as np

BLOCK = 2048  # vectors against as many others: 16 MB of products


def nearest_rows(
    vectors: np.ndarray, others: np.ndarray, count: int, *, themselves: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Of each vector (n, width) the places of the `count` nearest of `others` (m, width), nearest
    first, and their cosines: two arrays (n, k), where k is the smaller of `count` and what there
    is. `themselves`: both are the same rows, and no row is its own neighbour.

    Equal cosines stand in the order of `others`. O(n m width) time, two blocks of memory.
    """
    k = max(0, min(count, len(others) - themselves))
    places, cosines = np.zeros((len(vectors), k), int), np.zeros((len(vectors), k), np.float32)
    if not k:
        return places, cosines
    found, against = _unit(vectors), _unit(others)
    for start in range(0, len(found), BLOCK):
        part = slice(start, min(start + BLOCK, len(found)))
        products = found[part] @ against.T
        if themselves:
            products[np.arange(len(products)), np.arange(part.start, part.stop)] = -np.inf
        best = np.argsort(-products, axis=1, kind="stable")[:, :k]
        places[part], cosines[part] = best, np.take_along_axis(products, best, axis=1)
    return places, cosines


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)
