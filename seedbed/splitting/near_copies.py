"""Near copies, found by an exact set-similarity join.

Two texts are near if the Jaccard similarity of their sets of shingles reaches a threshold. The join
finds every such pair, not most of them as hashing does: it compares only texts that share a rare
shingle of their prefix, as near texts must (prefix filter: Chaudhuri, Ganti and Kaushik, ICDE 2006;
All-Pairs: Bayardo, Ma and Srikant, WWW 2007), and then counts exactly. Thresholds are compared as
integers, so a pair exactly at one is never lost to rounding.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, hstack

from seedbed.splitting.shingles import normalised, repeated_shingle_sets

BLOCK_COST = 10_000_000  # products in one block of the join, which takes about 200 MB
SMALL = 2_000  # rows joined at once when copies are dropped


class Pairs(NamedTuple):
    """Row indices i < j of near texts, sorted by (j, i), and the Jaccard similarity of each."""

    i: np.ndarray
    j: np.ndarray
    jaccard: np.ndarray


def near_pairs(
    texts: Sequence[str], words: int, min_jaccard: float, text_pairs: Sequence[str] = ()
) -> Pairs:
    """Return all pairs of texts whose word-shingle sets have a Jaccard similarity >= `min_jaccard`.

    With `text_pairs` (pair tasks) both parts must be near; a part without words is near only to
    the same part, and the similarity is that of both parts together. `min_jaccard` is read to six
    decimals. Raises ValueError if it is not in (0, 1].
    """
    everything = np.arange(len(texts))
    return Join(texts, words, min_jaccard, text_pairs).pairs(everything, everything)


def first_kept(
    texts: Sequence[str],
    words: int,
    min_jaccard: float,
    text_pairs: Sequence[str] = (),
    fixed: int = 0,
    use_memo: bool = False,
) -> np.ndarray:
    """Return for each text the first kept text that it is near to, or -1 if it is itself kept.

    Texts are sorted by priority, and the first `fixed` are always kept. Nearness is not transitive:
    a text is dropped only if it is near a kept text. So of a~b, b~c, but not a~c, texts a and c are
    kept; every cause is a kept text; and of two kept texts that are near, both are among the fixed.
    A template sent ten thousand times does not cost ten thousand squared pairs, because dropped
    texts are not compared again. `use_memo`: look shingles up in the memo.
    """
    join = Join(texts, words, min_jaccard, text_pairs, use_memo)
    return drop_copies(join, np.full(len(texts), "", dtype=object), fixed)[0]


def drop_copies(join: "Join", labels: np.ndarray, fixed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what `first_kept` does, where a text is dropped only for one of the same label; and
    the pairs of near kept texts of two labels, (pairs, 2), sorted, without those of fixed texts.

    `labels` (texts,): "" for a text that has none, which differs from no label.
    """
    cause = np.full(len(labels), -1, dtype=np.int64)
    conflicts = [np.zeros((0, 2), dtype=np.int64)]
    _drop_copies(join, np.arange(len(labels)), labels, fixed, cause, conflicts)
    pairs = np.concatenate(conflicts)
    return cause, np.unique(pairs[(cause[pairs] < 0).all(axis=1)], axis=0)


def _drop_copies(
    join: "Join",
    rows: np.ndarray,
    labels: np.ndarray,
    fixed: int,
    cause: np.ndarray,
    conflicts: list[np.ndarray],
) -> None:
    """Fill `cause` for `rows`, and add to `conflicts`: the first half, the kept rows of the first
    half against the second, and the remaining rows of the second half."""
    if len(rows) <= SMALL:
        pairs = join.pairs(rows, rows)
        of_two = _of_two_labels(labels, pairs.i, pairs.j)
        for i, j in zip(pairs.i[~of_two].tolist(), pairs.j[~of_two].tolist(), strict=True):
            if j >= fixed and cause[i] < 0 and cause[j] < 0:
                cause[j] = i
        conflicts.append(np.column_stack([pairs.i, pairs.j])[of_two & (pairs.j >= fixed)])
        return
    first, second = np.array_split(rows, 2)
    _drop_copies(join, first, labels, fixed, cause, conflicts)
    pairs = join.pairs(first[cause[first] < 0], second[second >= fixed])
    of_two = _of_two_labels(labels, pairs.i, pairs.j)
    conflicts.append(np.column_stack([pairs.i, pairs.j])[of_two])
    dropped, first_pair = np.unique(pairs.j[~of_two], return_index=True)
    cause[dropped] = pairs.i[~of_two][first_pair]
    _drop_copies(join, second[cause[second] < 0], labels, fixed, cause, conflicts)


def _of_two_labels(labels: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Whether both rows of each pair have a label, and not the same."""
    one, other = labels[i], labels[j]
    return ((one != other) & (one != "") & (other != "")).astype(bool)


class Sets(NamedTuple):
    """One part of each text as a set of shingles: its size, and those that another text has."""

    texts: Sequence[str]
    sizes: np.ndarray
    shared: csr_array


class Join:
    """Texts prepared for comparison: their sets, and the rare prefix of each. `use_memo`: look
    shingles up in the memo; `more`: parts besides `text_pairs`, all of which must be near."""

    def __init__(
        self,
        texts: Sequence[str],
        words: int,
        min_jaccard: float,
        text_pairs: Sequence[str] = (),
        use_memo: bool = False,
        more: Sequence[Sequence[str]] = (),
    ) -> None:
        # As it was written: 0.7 is 7/10, not the nearest float.
        self.threshold = Fraction(f"{min_jaccard:.6f}")
        if not 0 < self.threshold <= 1:
            raise ValueError(f"min_jaccard is {min_jaccard}, which is not in (0, 1]")
        parts = [texts, *filter(any, (text_pairs, *more))]
        sets = [repeated_shingle_sets(part, words, use_memo) for part in parts]
        if len(parts) > 1:
            # If all parts reach a Jaccard, so do they together: joining these loses no pair.
            sizes, matrices = zip(*sets, strict=True)
            parts.append(texts)
            sets.append((sum(sizes), csr_array(hstack(matrices, "csr"))))
        sets.reverse()  # each matrix is gone when the next one is made
        self.parts = [_sets(part, *sets.pop()) for part in parts]
        self.whole = self.parts[-1]
        self.prefixes = _prefixes(self.whole, self.threshold)

    def pairs(
        self, earlier: np.ndarray, later: np.ndarray, labels: np.ndarray | None = None
    ) -> Pairs:
        """Return every near pair i < j with i in the rows `earlier`, j in `later`; both sorted.
        With `labels` (texts,) only pairs that have two."""
        probes, index = self.prefixes[later], csr_array(self.prefixes[earlier].T)
        sizes = self.whole.sizes
        found = [Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
        for block in _blocks(probes, index):
            meets = (probes[block] @ index).tocoo()
            i, j = earlier[meets.coords[1]], later[meets.coords[0] + block.start]
            small, large = np.sort([sizes[i], sizes[j]], axis=0)
            possible = (i < j) & self._reaches(small, large)
            if labels is not None:
                possible &= _of_two_labels(labels, i, j)
            i, j = i[possible], j[possible]
            order = np.lexsort((i, j))
            found.append(self._verified(i[order], j[order]))
        return Pairs(*map(np.concatenate, zip(*found, strict=True)))

    def _verified(self, i: np.ndarray, j: np.ndarray) -> Pairs:
        """Return those of the pairs that are near, by exact counts."""
        near = np.ones(len(i), dtype=bool)
        for part in self.parts:  # the whole comes last
            shared = _shared_by(part.shared, i, j)
            union = part.sizes[i] + part.sizes[j] - shared
            of_part = self._reaches(shared, union)
            for pair in np.flatnonzero(union == 0):  # no word in either text: "" or ":-)"
                texts = part.texts[i[pair]], part.texts[j[pair]]
                of_part[pair] = normalised(texts[0]) == normalised(texts[1])
            near &= of_part
        return Pairs(i[near], j[near], shared[near] / union[near])

    def _reaches(self, part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        """Whether part / whole >= threshold, in integers."""
        return part * self.threshold.denominator >= whole * self.threshold.numerator


def _sets(texts: Sequence[str], sizes: np.ndarray, matrix: csr_array) -> Sets:
    """Order the shingles that two or more rows have, rarest first."""
    frequency = np.bincount(matrix.indices, minlength=matrix.shape[1])
    rank = np.empty(matrix.shape[1], dtype=matrix.indices.dtype)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(rank), dtype=rank.dtype)
    # One byte a shingle; products and sums of them count in 64 bits.
    ones = np.ones(matrix.nnz, dtype=bool)
    shared = csr_array((ones, rank[matrix.indices], matrix.indptr), shape=matrix.shape)
    shared.sort_indices()
    return Sets(texts, sizes, shared)


def _prefixes(sets: Sets, threshold: Fraction) -> csr_array:
    """Return the rarest |x| - ceil(t |x|) + 1 shingles of each row x that another row has, too.

    A row near to x shares at least ceil(t |x|) shingles with it, so at least one of these.
    """
    needed = -(-sets.sizes * threshold.numerator // threshold.denominator)
    in_shared = np.diff(sets.shared.indptr)
    alone = sets.sizes - in_shared  # rarer than all others, so first in the prefix
    length = np.clip(sets.sizes - needed + 1 - alone, 0, in_shared)
    ends = (sets.shared.indptr[:-1] + length).astype(sets.shared.indptr.dtype)
    kept = np.arange(sets.shared.nnz, dtype=ends.dtype) < np.repeat(ends, in_shared)
    row_ends = np.concatenate([[0], np.cumsum(length)])
    content = (sets.shared.data[kept], sets.shared.indices[kept], row_ends)
    return csr_array(content, shape=sets.shared.shape)


def _blocks(probes: csr_array, index: csr_array) -> Iterator[slice]:
    """Yield slices of rows whose products with the index cost about the same, and fit in memory."""
    frequency = np.diff(index.indptr).astype(np.int64)
    cost = np.concatenate([[0], np.cumsum(frequency[probes.indices])])[probes.indptr]
    start = 0
    while start < probes.shape[0]:
        stop = int(np.searchsorted(cost, cost[start] + BLOCK_COST, side="right")) - 1
        yield slice(start, max(stop, start + 1))
        start = max(stop, start + 1)


def _shared_by(sets: csr_array, i: np.ndarray, j: np.ndarray, step: int = 50_000) -> np.ndarray:
    """Return how many shingles rows i and j share, pair by pair."""
    shared = np.zeros(len(i), dtype=np.int64)
    for start in range(0, len(i), step):
        part = slice(start, start + step)
        shared[part] = sets[i[part]].multiply(sets[j[part]]).sum(axis=1)
    return shared
