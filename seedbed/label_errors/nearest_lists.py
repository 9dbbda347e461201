"""The nearest rows of every row of a growing set: what stood there before is looked up, and only
the rows that came since are compared with all.

Batches are put in order by name, and the lists of all rows of the first so many are kept in the
memo under a digest of their vectors. A set whose first batches are these goes on from there; where
a row of an old batch has gone or changed, the digest is another, and the lists are made anew.
"""

import hashlib
from collections.abc import Sequence
from functools import partial

import numpy as np

from seedbed.encoding.nearest_rows import CELLS, nearest_of, nearest_rows
from seedbed.running.engine import Form, Operation, keyed
from seedbed.running.memo import Store, is_on

REMEMBERED_FROM = 5_000  # rows: with fewer all lists are made in a fraction of a second
MAX_BYTES = 500 * 2**20  # of one value in the memo's file

Lists = tuple[np.ndarray, np.ndarray]  # places (rows, count) and their cosines, nearest first


def nearest_lists(vectors: np.ndarray, batches: Sequence[str], count: int) -> Lists:
    """Of each vector, (rows, width) of length 1, the `count` nearest others, or all where there
    are fewer: places and cosines, nearest first. `batches` name the batch of each."""
    number = len(vectors)
    if number < max(REMEMBERED_FROM, count + 2) or not is_on():
        return nearest_rows(vectors, vectors, count, themselves=True)
    order = np.argsort(np.asarray(batches, dtype=object), kind="stable")
    _, sizes = np.unique(np.asarray(batches, dtype=str), return_counts=True)
    places, cosines = _remembered(vectors[order], np.cumsum(sizes), count)
    back = np.argsort(order)
    return order[places][back], cosines[back]


def _remembered(vectors: np.ndarray, ends: np.ndarray, count: int) -> Lists:
    """As `nearest_lists`, of vectors by batch; `ends` are the places where each batch ends."""
    digest, digests, start = hashlib.blake2b(digest_size=20), [], 0
    for end in ends:
        digest.update(np.ascontiguousarray(vectors[start:end], dtype="<f4"))
        digests.append(digest.hexdigest())
        start = end
    work = keyed(partial(_extended, count=count), digests, LISTS)
    with Store() as store:
        for end, name in zip(ends[::-1], digests[::-1], strict=True):
            if end > count and (value := store.find([work.keys[name]])):
                known = LISTS.unpack(value[work.keys[name]])
                break
        else:
            end, known = 0, None
        if end == len(vectors):
            return known
        found = _extended(vectors, known, count=count)
        _keep(store, work, digests[-1], found)
    return found


def _keep(store: Store, work: Operation, digest: str, found: Lists) -> None:
    value = LISTS.pack(found)
    if len(value) <= MAX_BYTES and work.version.is_current():
        store.keep(work.name, {work.keys[digest]: value})


def _extended(vectors: np.ndarray, known: Lists | None, count: int) -> Lists:
    """The lists of all vectors, those of the first ones among themselves known."""
    if known is None:
        return nearest_rows(vectors, vectors, count, themselves=True)
    old = len(known[0])
    new = np.arange(old, len(vectors))
    parts = [_with_later(vectors[:old], vectors[old:], known, count)]
    step = max(1, CELLS // len(vectors))
    for start in range(0, len(new), step):
        part = new[start : start + step]
        cosines = vectors[part] @ vectors.T
        cosines[np.arange(len(part)), part] = -np.inf
        parts.append(nearest_of(cosines, count))
    places, cosines = zip(*parts, strict=True)
    return np.concatenate(places), np.concatenate(cosines)


def _with_later(vectors: np.ndarray, later: np.ndarray, known: Lists, count: int) -> Lists:
    """Lists of vectors, known among themselves, with the vectors that stand behind them."""
    places, cosines = nearest_rows(vectors, later, count)
    places = np.concatenate([known[0], places + len(vectors)], 1)
    cosines = np.concatenate([known[1], cosines], 1)
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(places, order, 1), np.take_along_axis(cosines, order, 1)


def _pack(lists: Lists) -> bytes:
    places, cosines = lists
    width = np.array([places.shape[1]], "<i4")
    return b"".join(
        np.ascontiguousarray(one, kind).tobytes()
        for one, kind in ((width, "<i4"), (places, "<i4"), (cosines, "<f4"))
    )


def _unpack(value: bytes) -> Lists:
    width = int(np.frombuffer(value, "<i4", 1)[0])
    half = (len(value) - 4) // 8
    places = np.frombuffer(value, "<i4", half, 4).reshape(-1, width)
    cosines = np.frombuffer(value, "<f4", half, 4 + 4 * half).reshape(-1, width)
    return places.astype(np.int64), cosines


LISTS = Form("lists", _pack, _unpack)
