"""A text as the set of its word shingles: every k words that stand in a row."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from hashlib import blake2b
from itertools import count

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from seedbed.running.engine import UINT64, map_texts

WORD = re.compile(r"\w+")
NO_WORD = str.maketrans({chr(code): " " for code in range(128) if not WORD.match(chr(code))})
TEXTS_AT_ONCE = 4096
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
    return _matrix(*_shingles(texts, words, use_memo=False))


def repeated_shingle_sets(
    texts: Sequence[str], words: int, use_memo: bool = False
) -> tuple[np.ndarray, csr_array]:
    """How many distinct shingles each text has, and the sets of `shingle_sets` without most of
    the shingles that stand only once in all texts.

    Half of all shingles do in ordinary text, and no two texts share them. They are told by a
    count in buckets, two or more a shingle: alone in its bucket, a shingle stands only once for
    certain; the others are looked at one by one. `use_memo`: look shingles up in the memo.
    """
    shingles, row_ends = _shingles(texts, words, use_memo)
    bits = (2 * len(shingles)).bit_length()
    bucket = (shingles * MULTIPLIER) >> np.uint64(64 - bits)
    bucket = bucket.astype(np.int64)
    repeated = (np.bincount(bucket) > 1)[bucket]
    ends = np.concatenate([[0], np.cumsum(repeated)])[row_ends]
    alone = np.diff(row_ends) - np.diff(ends)
    sets = _matrix(shingles[repeated], ends)
    return alone + np.diff(sets.indptr), sets


def _matrix(shingles: np.ndarray, row_ends: np.ndarray) -> csr_array:
    columns, distinct = pd.factorize(shingles)  # by a hash table: a third of a sort's time
    ones = np.ones(len(columns), dtype=np.int32)
    return csr_array((ones, columns, row_ends), shape=(len(row_ends) - 1, len(distinct)))


def _shingles(texts: Sequence[str], words: int, use_memo: bool) -> tuple[np.ndarray, np.ndarray]:
    """The distinct shingles of every text in turn, and where each text's end."""
    if words < 1:
        raise ValueError(f"a shingle of {words} words")
    work = partial(shingles_of, words=words)
    found = map_texts(work, texts, UINT64, batch=TEXTS_AT_ONCE) if use_memo else work(texts)
    row_ends = np.cumsum([0, *map(len, found)])
    return np.concatenate([np.zeros(0, dtype=np.uint64), *found]), row_ends


def shingles_of(texts: Sequence[str], words: int) -> list[np.ndarray]:
    """The distinct shingles of each text as hashes, sorted: (shingles,) uint64 each.

    A shingle's hash is made of its words' (BLAKE2b, 64 bits) as the digits of a polynomial modulo
    2**64, so it is the same in every run. Among ten million shingles the odds that any two
    share one are 3 in a million.
    """
    codes, lengths, vocabulary = _word_codes(texts, words)
    if not len(codes):
        return [np.zeros(0, dtype=np.uint64) for _ in texts]
    hashes = _hashes(vocabulary)[codes]
    places = len(codes) - words + 1
    numbers = hashes[:places].copy()
    for step in range(1, words):
        numbers *= MULTIPLIER
        numbers += hashes[step : step + places]
    starts = np.cumsum(lengths) - lengths
    counts = np.maximum(lengths - words + 1, 0)
    return [
        np.unique(numbers[start : start + count])
        for start, count in zip(starts.tolist(), counts.tolist(), strict=True)
    ]


def _word_codes(texts: Sequence[str], words: int) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Every word of every text as a number from 1, how many each text has, and the numbers.

    Short texts are filled up to `words` with 0, which is no word.
    """
    vocabulary: dict[str, int] = defaultdict(count(1).__next__)
    number_of = vocabulary.__getitem__
    parts, lengths = [], np.zeros(len(texts), dtype=np.int64)
    for row, text in enumerate(texts):
        found = words_of(text)
        length = len(found) if len(found) >= words or not found else words
        part = np.zeros(length, dtype=np.int32)
        part[: len(found)] = np.fromiter(map(number_of, found), np.int32, len(found))
        parts.append(part)
        lengths[row] = length
    return np.concatenate([np.zeros(0, dtype=np.int32), *parts]), lengths, vocabulary


def _hashes(vocabulary: dict[str, int]) -> np.ndarray:
    """The hash of each word by its number; that of 0 is 0."""
    digests = (
        blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        for word in vocabulary
    )
    return np.frombuffer(bytes(8) + b"".join(digests), dtype="<u8").astype(np.uint64)
