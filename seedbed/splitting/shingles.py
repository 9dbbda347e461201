"""A text as the set of its word shingles: every k words that stand in a row."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from itertools import count

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

WORD = re.compile(r"\w+")
NO_WORD = str.maketrans({chr(code): " " for code in range(128) if not WORD.match(chr(code))})
LARGEST = np.iinfo(np.int64).max
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: Knuth's multiplicative hash


def normalised(text: str) -> str:
    """What exact copies share: case and the forms of letters folded (compatibility caseless
    match, Unicode Standard, D146), and white space folded to single spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    text = unicodedata.normalize("NFD", text).casefold()
    text = unicodedata.normalize("NFKD", text).casefold()
    return " ".join(unicodedata.normalize("NFKD", text).split())


def words_of(text: str) -> list[str]:
    """The words of a text, in lower case: runs of `\\w`."""
    text = text.lower()
    if text.isascii():
        return text.translate(NO_WORD).split()  # the same in half the time
    return WORD.findall(text)


def shingle_sets(texts: Sequence[str], words: int) -> csr_array:
    """Sets of word shingles, as a 0/1 matrix: one row a text, one column a distinct shingle.

    Words are runs of `\\w` in lower case. A text of fewer than `words` words has one shingle, made
    of all its words, so that it meets only texts of the very same words; a text without any word
    has none. Raises ValueError on `words` < 1.
    """
    shingles, row_ends = _shingles(texts, words)
    return _matrix(shingles, row_ends)


def repeated_shingle_sets(texts: Sequence[str], words: int) -> tuple[np.ndarray, csr_array]:
    """How many distinct shingles each text has, and the sets of `shingle_sets` without most of
    the shingles that stand only once in all texts.

    Half of all shingles do in ordinary text, and no two texts share them. They are told by a
    count in buckets, two or more a shingle: alone in its bucket, a shingle stands only once for
    certain; the others are looked at one by one.
    """
    shingles, row_ends = _shingles(texts, words)
    bits = (2 * len(shingles)).bit_length()
    bucket = (shingles.view(np.uint64) * MULTIPLIER) >> np.uint64(64 - bits)
    bucket = bucket.astype(np.int64)
    repeated = (np.bincount(bucket) > 1)[bucket]
    ends = np.concatenate([[0], np.cumsum(repeated)])[row_ends]
    alone = np.diff(row_ends) - np.diff(ends)
    sets = _matrix(shingles[repeated], ends)
    return alone + np.diff(sets.indptr), sets


def _matrix(shingles: np.ndarray, row_ends: np.ndarray) -> csr_array:
    columns, distinct = pd.factorize(shingles)  # by a hash table: a third of a sort's time
    ones = np.ones(len(columns), dtype=np.int32)
    shape = (len(row_ends) - 1, len(distinct))
    sets = csr_array((ones, columns, row_ends), shape=shape, copy=True)  # changed in place below
    sets.sum_duplicates()
    sets.data[:] = 1
    return sets


def _shingles(texts: Sequence[str], words: int) -> tuple[np.ndarray, np.ndarray]:
    """One integer for every shingle of every text in turn, and where each text's end."""
    if words < 1:
        raise ValueError(f"a shingle of {words} words")
    codes, lengths = _word_codes(texts, words)
    starts = np.maximum(lengths - words + 1, 0)
    row_ends = np.concatenate([[0], np.cumsum(starts)])
    if not row_ends[-1]:
        return np.zeros(0, dtype=np.int64), row_ends
    # Counted back from its text's end, a word that starts a shingle is no nearer than `words`.
    to_end = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(codes))
    return _combined(codes, words)[to_end[: len(codes) - words + 1] >= words], row_ends


def _word_codes(texts: Sequence[str], words: int) -> tuple[np.ndarray, np.ndarray]:
    """Every word of every text as a number from 1, and how many each text has.

    Short texts are filled up to `words` with 0, which is no word.
    """
    number_of = defaultdict(count(1).__next__).__getitem__
    parts, lengths = [], np.zeros(len(texts), dtype=np.int64)
    for row, text in enumerate(texts):
        found = words_of(text)
        length = len(found) if len(found) >= words or not found else words
        part = np.zeros(length, dtype=np.int32)
        part[: len(found)] = np.fromiter(map(number_of, found), np.int32, len(found))
        parts.append(part)
        lengths[row] = length
    return np.concatenate([np.zeros(0, dtype=np.int32), *parts]), lengths


def _combined(codes: np.ndarray, words: int) -> np.ndarray:
    """One integer for the `words` codes from each place on; equal where the codes are.

    The codes are digits of the integer; where the next digit would not fit, the integers so far
    are renumbered first.
    """
    base, places = int(codes.max()) + 1, len(codes) - words + 1
    numbers, most = codes[:places].astype(np.int64), base
    for step in range(1, words):
        if most * base > LARGEST:
            distinct, numbers = np.unique(numbers, return_inverse=True)
            most = len(distinct)
        numbers *= base
        numbers += codes[step : step + places]
        most *= base
    return numbers
