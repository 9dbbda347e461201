"""The nearest rows in meaning, exactly: by cosine of their vectors, in blocks.

`nearest_lists` serves a set that grows batch by batch: the lists of all rows of the first batches
are kept in the memo under a digest of their vectors. A set that starts with the same batches
compares only its later rows with all; if a row of an old batch was removed or changed, the digest
differs and all lists are computed again.
"""

import hashlib
from collections.abc import Sequence
from functools import partial
from io import BytesIO

import numpy as np
import pandas as pd

from seedbed.core.rows import HELD_OUT
from seedbed.encoding.vectors import NearTrain
from seedbed.running.engine import Form, keyed
from seedbed.running.memo import Store, is_on

CELLS = 20_000_000  # cosines at once: 80 MB
GROUPS = 8  # per value that is looked for: the more, the fewer values are sorted in vain
KEPT_FROM = 5_000  # rows: with fewer, all lists take a fraction of a second
MAX_BYTES = 500 * 2**20  # of one value in the memo

Lists = tuple[np.ndarray, np.ndarray]  # indices (rows, count) and their cosines, nearest first


def nearest_rows(
    vectors: np.ndarray, others: np.ndarray, count: int, *, themselves: bool = False
) -> Lists:
    """Return the indices of the `count` nearest of `others` (m, width) to each vector (n, width),
    nearest first, and their cosines: (n, k) each, where k is at most the number of others.

    `themselves`: both are the same rows, and no row is its own neighbour. Equal cosines keep the
    order of `others`. O(n m width) time.
    """
    return _in_blocks(unit_length(vectors), unit_length(others), count, 0 if themselves else None)


def _in_blocks(vectors: np.ndarray, others: np.ndarray, count: int, first: int | None) -> Lists:
    """Return the nearest of `others` to each vector, both of length 1. `first` is the index of the
    first vector among the others, which the next ones follow; None: they are not among them."""
    k = max(0, min(count, len(others) - (first is not None)))
    indices, cosines = np.zeros((len(vectors), k), int), np.zeros((len(vectors), k), np.float32)
    step = max(1, CELLS // max(1, len(others)))
    for start in range(0, len(vectors) if k else 0, step):
        part = np.arange(start, min(start + step, len(vectors)))
        products = vectors[part] @ others.T
        if first is not None:
            products[np.arange(len(part)), first + part] = -np.inf
        indices[part], cosines[part] = nearest_of(products, k)
    return indices, cosines


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """Return the vectors with length 1, float32; one of length 0 is unchanged."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)


def nearest_of(cosines: np.ndarray, count: int) -> Lists:
    """Return the indices of the `count` greatest values of each row (or of all there are) and the
    values, greatest first and of equals the first: (rows, count) each.

    A value of -inf means no neighbour: where the result has it, the index has no meaning.
    """
    rows, width = cosines.shape
    if count * GROUPS >= width:
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
        return order, np.take_along_axis(cosines, order, 1)
    # At most `count` groups have a maximum above the row's count-th greatest value: so the count-th
    # greatest of these maxima is a lower bound, found in one vectorised pass.
    groups = count * GROUPS
    size = width // groups
    greatest = cosines[:, : size * groups].reshape(rows, size, groups).max(1)
    least = np.partition(greatest, groups - count, axis=1)[:, groups - count]
    least = np.maximum(least, np.finfo(cosines.dtype).min)  # few values in a row are few to sort
    row, index = np.divmod(np.flatnonzero(cosines >= least[:, None]), width)
    order = np.lexsort((-cosines[row, index], row))  # stable: equals keep the order of indices
    row, index = row[order], index[order]
    rank = np.arange(len(row)) - np.searchsorted(row, np.arange(rows))[row]
    row, index, rank = row[rank < count], index[rank < count], rank[rank < count]
    indices = np.zeros((rows, count), np.int64)
    values = np.full((rows, count), -np.inf, cosines.dtype)
    indices[row, rank], values[row, rank] = index, cosines[row, index]
    return indices, values


def nearest_cosines(vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the cosine of each vector (n, width) to the nearest of `others` (m, width), (n,); -1
    if there is no other."""
    if not len(others):
        return np.full(len(vectors), -1, dtype=np.float32)
    return nearest_rows(vectors, others, 1)[1][:, 0]


def mean_pairwise_distance(vectors: np.ndarray) -> float:
    """Mean cosine distance over all pairs of rows of an (n, d) matrix; 0 for fewer than two.

    For unit vectors the sum over all pairs follows from the length of their sum, so this takes
    O(n d). Floats may differ in the last bits between processors.
    """
    if len(vectors) < 2:
        return 0.0
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float64)
    total = unit.sum(axis=0)
    own = float((unit * unit).sum())  # below n where a vector is all zero
    similarity = (float(total @ total) - own) / (len(unit) * (len(unit) - 1))
    return float(np.clip(1 - similarity, 0, 2))


def neighbour_distances(vectors: np.ndarray, neighbours: int) -> np.ndarray:
    """Mean cosine distance of each row to its `neighbours` nearest other rows, shape (n,).

    Rows with a great one stand in thin regions: more like them is what to collect next. Fewer rows
    than neighbours are averaged as they are, and a single row has distance 0.
    """
    _, cosines = nearest_rows(vectors, vectors, neighbours, themselves=True)
    return 1 - cosines.mean(1) if cosines.shape[1] else np.zeros(len(vectors))


def nearness(rows: pd.DataFrame, vectors: np.ndarray) -> dict[str, NearTrain]:
    """Compare validation and test with train; `vectors` (rows, width) are in the rows' order."""
    side = rows["split"].to_numpy()
    train = vectors[side == "train"]
    result = {}
    for name in HELD_OUT:
        nearest = nearest_cosines(vectors[side == name], train)
        shares = {
            f"at_least_{limit:.2f}": float((nearest >= limit).mean()) if len(nearest) else 0.0
            for limit in (0.9, 0.95)
        }
        result[name] = NearTrain(rows=len(nearest), **shares)
    return result


def nearest_lists(vectors: np.ndarray, batches: Sequence[str], count: int) -> Lists:
    """Return the indices of the `count` nearest others of each vector, (rows, width) of length 1,
    or of all if there are fewer, and their cosines, nearest first; `batches` name each row's."""
    if len(vectors) < max(KEPT_FROM, count + 2) or not is_on():
        return nearest_rows(vectors, vectors, count, themselves=True)
    order = np.argsort(np.asarray(batches, dtype=object), kind="stable")
    _, sizes = np.unique(np.asarray(batches, dtype=str), return_counts=True)
    indices, cosines = _by_memo(vectors[order], np.cumsum(sizes), count)
    back = np.argsort(order)
    return order[indices][back], cosines[back]


def _by_memo(vectors: np.ndarray, ends: np.ndarray, count: int) -> Lists:
    """Return the lists of vectors sorted by batch; `ends` are the indices where batches end."""
    digest, digests = hashlib.blake2b(digest_size=20), []
    for batch in np.split(vectors, ends[:-1]):
        digest.update(np.ascontiguousarray(batch, dtype="<f4").tobytes())
        digests.append(digest.hexdigest())
    work = keyed(partial(_extended, count=count), digests, LISTS)
    known = None
    with Store() as store:
        for end, name in zip(ends[::-1], digests[::-1], strict=True):
            if end > count and (value := store.find([work.keys[name]])):
                known = LISTS.unpack(value[work.keys[name]])
                break
        if known is not None and end == len(vectors):
            return known
        lists = _extended(vectors, known, count=count)
        packed = LISTS.pack(lists)
        if len(packed) <= MAX_BYTES and work.version.is_current():
            store.keep(work.name, {work.keys[digests[-1]]: packed})
    return lists


def _extended(vectors: np.ndarray, known: Lists | None, count: int) -> Lists:
    """Return the lists of all vectors, given those of the first ones among themselves."""
    if known is None:
        return nearest_rows(vectors, vectors, count, themselves=True)
    old = len(known[0])
    later = nearest_rows(vectors[:old], vectors[old:], count)
    indices = np.concatenate([known[0], later[0] + old], 1)
    cosines = np.concatenate([known[1], later[1]], 1)
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
    before = np.take_along_axis(indices, order, 1), np.take_along_axis(cosines, order, 1)
    after = _in_blocks(vectors[old:], vectors, count, old)
    return np.concatenate([before[0], after[0]]), np.concatenate([before[1], after[1]])


def _pack(lists: Lists) -> bytes:
    indices, cosines = lists
    file = BytesIO()
    np.save(file, np.stack([indices.astype("<i4"), cosines.astype("<f4").view("<i4")]))
    return file.getvalue()


def _unpack(value: bytes) -> Lists:
    indices, cosines = np.load(BytesIO(value), allow_pickle=False)
    return indices.astype(np.int64), cosines.view("<f4")


LISTS = Form("lists", _pack, _unpack)
