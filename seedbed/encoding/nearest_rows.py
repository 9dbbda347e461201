"""The nearest rows in meaning, exactly: by cosine of their vectors, in blocks.

`nearest_lists` serves a set that grows batch by batch: the lists of all rows of the first batches
are kept in the memo under a digest of their vectors. A set that starts with the same batches
compares only its later rows with all; if a row of an old batch was removed or changed, the digest
differs and all lists are computed again.
"""

import hashlib
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from seedbed.core.rows import HELD_OUT
from seedbed.encoding.metrics import NearTrain
from seedbed.running.engine import Form, Operation, keyed
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
    k = max(0, min(count, len(others) - themselves))
    indices, cosines = np.zeros((len(vectors), k), int), np.zeros((len(vectors), k), np.float32)
    if not k:
        return indices, cosines
    units, against = unit_length(vectors), unit_length(others)
    step = max(1, CELLS // len(others))
    for start in range(0, len(units), step):
        part = np.arange(start, min(start + step, len(units)))
        products = units[part] @ against.T
        if themselves:
            products[np.arange(len(part)), part] = -np.inf
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


def nearness(rows: pd.DataFrame, vectors: np.ndarray) -> dict[str, NearTrain]:
    """Compare validation and test with train; `vectors` (rows, width) are in the rows' order."""
    side = rows["split"].to_numpy()
    train = vectors[side == "train"]
    result = {}
    for name in HELD_OUT:
        nearest = nearest_cosines(vectors[side == name], train)
        shares = [
            float((nearest >= limit).mean()) if len(nearest) else 0.0 for limit in (0.9, 0.95)
        ]
        result[name] = NearTrain(rows=len(nearest), at_least_90=shares[0], at_least_95=shares[1])
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
    digest, digests, start = hashlib.blake2b(digest_size=20), [], 0
    for end in ends:
        digest.update(np.ascontiguousarray(vectors[start:end], dtype="<f4").tobytes())
        digests.append(digest.hexdigest())
        start = end
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
        _keep(store, work, digests[-1], lists)
    return lists


def _keep(store: Store, work: Operation, digest: str, lists: Lists) -> None:
    value = LISTS.pack(lists)
    if len(value) <= MAX_BYTES and work.version.is_current():
        store.keep(work.name, {work.keys[digest]: value})


def _extended(vectors: np.ndarray, known: Lists | None, count: int) -> Lists:
    """Return the lists of all vectors, given those of the first ones among themselves."""
    if known is None:
        return nearest_rows(vectors, vectors, count, themselves=True)
    old = len(known[0])
    new = np.arange(old, len(vectors))
    parts = [_with_later(vectors[:old], vectors[old:], known, count)]
    step = max(1, CELLS // len(vectors))
    for start in range(0, len(new), step):
        part = new[start : start + step]
        products = vectors[part] @ vectors.T
        products[np.arange(len(part)), part] = -np.inf
        parts.append(nearest_of(products, count))
    indices, cosines = zip(*parts, strict=True)
    return np.concatenate(indices), np.concatenate(cosines)


def _with_later(vectors: np.ndarray, later: np.ndarray, known: Lists, count: int) -> Lists:
    """Add the vectors that follow to lists of vectors that are known among themselves."""
    indices, cosines = nearest_rows(vectors, later, count)
    indices = np.concatenate([known[0], indices + len(vectors)], 1)
    cosines = np.concatenate([known[1], cosines], 1)
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(indices, order, 1), np.take_along_axis(cosines, order, 1)


def _pack(lists: Lists) -> bytes:
    indices, cosines = lists
    width = np.array([indices.shape[1]], "<i4")
    return b"".join(
        np.ascontiguousarray(array, kind).tobytes()
        for array, kind in ((width, "<i4"), (indices, "<i4"), (cosines, "<f4"))
    )


def _unpack(value: bytes) -> Lists:
    width = int(np.frombuffer(value, "<i4", 1)[0])
    half = (len(value) - 4) // 8
    indices = np.frombuffer(value, "<i4", half, 4).reshape(-1, width)
    cosines = np.frombuffer(value, "<f4", half, 4 + 4 * half).reshape(-1, width)
    return indices.astype(np.int64), cosines


LISTS = Form("lists", _pack, _unpack)
