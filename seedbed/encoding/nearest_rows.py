"""The nearest rows in meaning, exactly: by cosine of their vectors, in blocks."""

import numpy as np

CELLS = 20_000_000  # cosines at once: 80 MB
GROUPS = 8  # for each value that is looked for: the more, the fewer values are sorted in vain


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
    """Places of the `count` greatest of each line (or of all there are) and their values, greatest
    first, of equals the first: (rows, count) each. A value of -inf is none: where it stands in the
    result, its place means nothing."""
    rows, width = cosines.shape
    if count * GROUPS >= width:
        found = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
        return found, np.take_along_axis(cosines, found, 1)
    # No more than `count` groups have a greatest value above the line's count-th greatest: so the
    # count-th of these is a bound from below, found by one pass that the processor does in steps.
    groups = count * GROUPS
    size = width // groups
    greatest = cosines[:, : size * groups].reshape(rows, size, groups).max(1)
    least = np.partition(greatest, groups - count, axis=1)[:, groups - count]
    least = np.maximum(least, np.finfo(cosines.dtype).min)  # few values in a line are few to sort
    row, place = np.divmod(np.flatnonzero(cosines >= least[:, None]), width)
    order = np.lexsort((-cosines[row, place], row))  # stable: equals stay in the order of places
    row, place = row[order], place[order]
    rank = np.arange(len(row)) - np.searchsorted(row, np.arange(rows))[row]
    row, place, rank = row[rank < count], place[rank < count], rank[rank < count]
    places = np.zeros((rows, count), np.int64)
    values = np.full((rows, count), -np.inf, cosines.dtype)
    places[row, rank], values[row, rank] = place, cosines[row, place]
    return places, values
