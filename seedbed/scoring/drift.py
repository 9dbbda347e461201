"""How far two samples of rows are apart: labels, lengths, words. Pure functions.

`expected` is the sample from before, `observed` the new one. No function depends on the order of
rows.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from seedbed.core.text_units import units_of

Counts = Mapping[str, float] | Sequence[float]

MODERATE, LARGE = 0.1, 0.25  # the usual reading of PSI (Siddiqi 2006, Credit Risk Scorecards)
PSEUDO_COUNT = 0.5  # of each bin, or an empty one would make PSI infinite
BUCKETS = 2**12  # of hashed words
FOLDS = 5
MOST_WORDS = 1000  # of the vocabulary: rarer words come and go by chance


class TwoSample(NamedTuple):
    """A classifier two-sample test: cross-fitted ROC AUC (.5: no better than a coin), the share
    of random relabellings that do as well, and the rows of each sample that were used."""

    auc: float
    p: float
    base_rows: int
    head_rows: int


def psi(expected_counts: Counts, observed_counts: Counts) -> float:
    """Compute the population stability index of two histograms over the same bins, or names.

    Sum over bins of (o - e) ln(o / e), e and o as shares, half a row added to each bin. Raises
    ValueError if a sample has no rows, or the bins differ in number.
    """
    expected, observed = _shares(expected_counts, observed_counts, PSEUDO_COUNT)
    return float(((observed - expected) * np.log(observed / expected)).sum())


def psi_by_chance(bins: int, expected_rows: int, observed_rows: int, level: float = 0.95) -> float:
    """Compute the PSI that two independent samples of the same population stay below in `level` of
    all draws.

    PSI / (1/n + 1/m) is about chi-squared with bins - 1 degrees of freedom (Yurdakul 2018,
    Statistical properties of the population stability index): with few rows .25 means nothing. The
    quantile is that of Wilson and Hilferty (1931), 3 % off at most, since scipy starts slowly.
    """
    if bins < 2:
        return 0.0
    freedom, deviate = bins - 1, NormalDist().inv_cdf(level)
    spread = 2 / (9 * freedom)
    quantile = freedom * (1 - spread + deviate * spread**0.5) ** 3
    return quantile * (1 / expected_rows + 1 / observed_rows)


def psi_and_chance(expected: Counts, observed: Counts) -> tuple[float, float]:
    """Compute the population stability index, and what it stays below by chance."""
    counts = [part.values() if isinstance(part, Mapping) else part for part in (expected, observed)]
    names = {*expected, *observed} if isinstance(expected, Mapping) else expected
    return psi(expected, observed), psi_by_chance(len(names), *(int(sum(n)) for n in counts))


def shifts(
    labels: tuple[Counter[str], Counter[str]], texts: tuple[Sequence[str], Sequence[str]]
) -> dict[str, tuple[float, float]]:
    """Compute `psi_and_chance` of labels and of lengths, of two samples each: before, now. Without
    `texts` of both that of labels alone."""
    found = {"labels": psi_and_chance(*labels)}
    if all(texts):
        lengths = length_counts([*map(len, texts[0])], [*map(len, texts[1])])
        found["lengths"] = psi_and_chance(*lengths)
    return found


def psi_in_words(value: float) -> str:
    """Name the usual reading: stable below .1, moderate below .25, large from there on."""
    return "stable" if value < MODERATE else "moderate" if value < LARGE else "large"


def jensen_shannon(p: Counts, q: Counts) -> float:
    """Compute the Jensen-Shannon divergence (Lin 1991) in bits: 0 if the shares are the same, 1 if
    nothing is shared. Takes counts or shares; it is not the distance, which is its square root.

    Raises ValueError if a sample has no rows, or the bins differ in number.
    """
    shares = np.stack(_shares(p, q))
    middle, entropies = shares.mean(0), 0.0
    for part in shares:
        seen = part > 0
        entropies += float((part[seen] * np.log2(part[seen] / middle[seen])).sum())
    return max(0.0, entropies / 2)


def length_counts(
    expected: Sequence[int], observed: Sequence[int], bins: int = 10
) -> tuple[list[int], list[int]]:
    """Count rows of both samples by length, in bins that hold about equal shares of `expected`."""
    ordered = np.sort(np.asarray(expected))
    edges = np.unique([ordered[-(-len(ordered) * part // bins) - 1] for part in range(1, bins)])
    first, second = (
        np.bincount(np.searchsorted(edges, np.asarray(part)), minlength=len(edges) + 1).tolist()
        for part in (expected, observed)
    )
    return first, second


def word_counts(texts: Iterable[str]) -> Counter[str]:
    """Count each word and sign of the texts, in lower case."""
    return Counter(word for text in texts for word in units_of(text))


def word_divergence(before: Iterable[str], after: Iterable[str]) -> float:
    """Compute the Jensen-Shannon divergence of the words of two samples of texts, in bits, over the
    thousand most frequent of both; 0 if a sample has none of them."""
    old, new = word_counts(before), word_counts(after)
    words = [word for word, _ in sorted((old + new).items(), key=lambda item: (-item[1], item[0]))]
    first, second = ([counts[word] for word in words[:MOST_WORDS]] for counts in (old, new))
    return jensen_shannon(first, second) if sum(first) and sum(second) else 0.0


def two_sample_test(
    base: Sequence[str], head: Sequence[str], permutations: int = 199, max_rows: int = 1500
) -> TwoSample:
    """Test whether a classifier that never saw a text detects which sample it is from (Lopez-Paz
    and Oquab 2017, arXiv:1610.06545), by its hashed words and length.

    Naive Bayes on words, cross-fitted on folds by hash of the text, so that copies share one. The
    p-value is that of a permutation test on the AUC, exact at any number of rows: the classifier is
    linear in the sample's counts, so that all permutations are a few matrix products. Rows of one
    author or thread count as independent, which makes p too small if there are many of them. At
    most `max_rows` a sample, by hash.

    Raises ValueError if a sample has no rows.
    """
    if not len(base) or not len(head):
        raise ValueError("a sample has no rows")
    pooled = [
        keyed
        for in_head, sample in ((False, base), (True, head))
        for keyed in sorted((_hash(text, 8), in_head, text) for text in sample)[:max_rows]
    ]
    keys, in_heads, texts = zip(*sorted(pooled), strict=True)
    features, is_head = _hashed_words(texts), np.array(in_heads)
    generator = np.random.default_rng(0)
    drawn = [generator.permutation(is_head) for _ in range(permutations)]
    labels = np.column_stack([is_head, *drawn]).astype(float)
    folds = np.array([int(key[:8], 16) % FOLDS for key in keys])
    scores = np.zeros_like(labels)
    for fold in range(FOLDS):
        inside, outside = folds == fold, folds != fold
        if inside.any() and outside.any():
            scores[inside] = features[inside] @ _word_weights(features[outside], labels[outside])
    auc = _auc(scores, labels)  # the first column is the sample, the others its permutations
    p = (1 + int((auc[1:] >= auc[0] - 1e-12).sum())) / (1 + permutations)
    return TwoSample(float(auc[0]), p, int((~is_head).sum()), int(is_head.sum()))


def _shares(p: Counts, q: Counts, added: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """The share of each bin in two samples, with `added` rows more in each bin."""
    if isinstance(p, Mapping) and isinstance(q, Mapping):
        names = sorted({*p, *q})
        p, q = [p.get(name, 0) for name in names], [q.get(name, 0) for name in names]
    first, second = np.asarray(p, dtype=float), np.asarray(q, dtype=float)
    if first.shape != second.shape:
        raise ValueError(f"{len(first)} bins and {len(second)}: not the same bins")
    if not first.sum() > 0 or not second.sum() > 0:
        raise ValueError("a sample has no rows")
    first, second = first + added, second + added
    return first / first.sum(), second / second.sum()


def _hash(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


def _hashed_words(texts: Sequence[str]) -> Any:
    """Rows of a sparse matrix: 1 / size at each different word of a text, and at its length."""
    from scipy.sparse import csr_array

    number: dict[str, int] = {}
    columns, starts = [], [0]
    for text in texts:
        words = {*units_of(text), f" {len(text).bit_length()} "}
        for word in words - number.keys():
            number[word] = int(_hash(word, 4), 16) % BUCKETS
        columns.append(np.unique([number[word] for word in words]))
        starts.append(starts[-1] + len(columns[-1]))
    values = np.concatenate([np.full(len(words), 1 / len(words)) for words in columns])
    return csr_array((values, np.concatenate(columns), starts), shape=(len(texts), BUCKETS))


def _word_weights(features: Any, labels: np.ndarray) -> np.ndarray:
    """Log ratios of smoothed word shares of the two samples, (words, permutations)."""
    present = features.astype(bool).astype(float)
    head = present.T @ labels
    base = np.asarray(present.sum(axis=0))[:, None] - head
    rates = [np.log((words + 1) / (words.sum(axis=0) + BUCKETS)) for words in (head, base)]
    return rates[0] - rates[1]


def _auc(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """ROC AUC of each column, ties counted half."""
    import pandas as pd  # which pages that name a reading need not wait for

    head = labels.sum(axis=0)
    ranks = pd.DataFrame(np.round(scores, 12)).rank().to_numpy()
    wins = (ranks * labels).sum(axis=0) - head * (head + 1) / 2
    return wins / (head * (len(labels) - head))
