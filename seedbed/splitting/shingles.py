"""A text as the set of its shingles: every k adjacent words or signs, in scripts that write no
spaces every k adjacent characters (`seedbed/core/text_units.py`)."""

import unicodedata
from array import array
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from hashlib import blake2b
from itertools import count, pairwise

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from seedbed.core.stage_options import at_once
from seedbed.core.text_units import units_of
from seedbed.running.engine import UINT64, map_texts

TEXTS_AT_ONCE = 4096
TEXTS_IN_MEMORY = 50_000  # with their shingles as arrays of their own
HASHES_AT_ONCE = 2_000_000  # to look for those that repeat takes sixty bytes each
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: Knuth's multiplicative hash


def normalised(text: str) -> str:
    """Return what exact copies share: case and forms of letters folded (compatibility caseless
    match, Unicode Standard, D146), and white space reduced to single spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    text = unicodedata.normalize("NFD", text).casefold()
    text = unicodedata.normalize("NFKD", text).casefold()
    return " ".join(unicodedata.normalize("NFKD", text).split())


def content_of(text: str, text_pair: str) -> bytes:
    """Return a digest of what makes two rows the same text: both parts without case and spaces; of
    two that are empty it is empty, too."""
    content = normalised(text) + "\n" + normalised(text_pair)
    return digest_of(content) if content != "\n" else b""


def digest_of(content: str) -> bytes:
    """Return 16 bytes by which texts are compared in place of themselves."""
    return blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def repeated_shingle_sets(
    texts: Sequence[str], words: int, use_memo: bool = False
) -> tuple[np.ndarray, csr_array]:
    """Return the number of distinct shingles of each text, and its set as a 0/1 matrix: a row per
    text, a column per shingle that two or more texts have.

    Words are the units of `units_of`. A text of fewer than `words` units has one shingle, made of
    all of them, so that it matches only texts of exactly these units; a text of punctuation alone
    has none. Raises ValueError on `words` < 1. `use_memo`: look shingles up in the memo.

    In ordinary text half of all shingles occur once, and no two texts share them. Those that repeat
    are found for one range of hashes after the other, so that only the hashes themselves, and four
    bytes for each, are in memory together.
    """
    if words < 1:
        raise ValueError(f"a shingle of {words} words")
    work, step = partial(shingles_of, words=words), at_once(TEXTS_IN_MEMORY)
    sizes, blocks = np.zeros(len(texts), dtype=np.int64), []
    for start in range(0, len(texts), step):
        part = texts[start : start + step]
        found = map_texts(work, part, UINT64, batch=TEXTS_AT_ONCE) if use_memo else work(part)
        sizes[start : start + len(part)] = [*map(len, found)]
        blocks.append(np.concatenate(found))
    columns, count = _repeated(blocks)
    del blocks
    kept, lengths = [np.zeros(0, dtype=np.int32)], [np.zeros(1, dtype=np.int64)]
    for number, of_block in enumerate(columns):
        is_kept = of_block >= 0
        start = number * step
        ends = np.cumsum([0, *sizes[start : start + step]])
        lengths.append(np.diff(np.concatenate([[0], np.cumsum(is_kept)])[ends]))
        kept.append(of_block[is_kept])
    del columns
    indices = np.concatenate(kept)
    ones, row_ends = np.ones(len(indices), dtype=np.int32), np.cumsum(np.concatenate(lengths))
    return sizes, csr_array((ones, indices, row_ends), shape=(len(texts), count))


def _repeated(blocks: Sequence[np.ndarray]) -> tuple[list[np.ndarray], int]:
    """Return for each hash of blocks its column if it is in them more than once, else -1: int32;
    and how many columns there are."""
    bits = max(0, (sum(map(len, blocks)) // HASHES_AT_ONCE).bit_length())
    columns = [np.full(len(block), -1, dtype=np.int32) for block in blocks]
    count = 0
    for part in range(2**bits):
        # A shift by all 64 bits is undefined.
        places = [
            np.flatnonzero(block >> np.uint64(64 - bits) == part) if bits else slice(None)
            for block in blocks
        ]
        hashes = [block[place] for block, place in zip(blocks, places, strict=True)]
        # A hash table takes a third of a sort's time.
        codes, distinct = pd.factorize(np.concatenate([np.zeros(0, np.uint64), *hashes]))
        repeated = np.bincount(codes, minlength=len(distinct)) > 1
        column = np.full(len(distinct), -1, dtype=np.int32)
        column[repeated] = np.arange(count, count + repeated.sum(), dtype=np.int32)
        count += int(repeated.sum())
        ends = np.cumsum([0, *map(len, hashes)])
        for own, place, start, end in zip(columns, places, ends, ends[1:], strict=False):
            own[place] = column[codes[start:end]]
    return columns, count


def shingles_of(texts: Sequence[str], words: int) -> list[np.ndarray]:
    """Return the distinct shingles of each text as hashes, sorted: (shingles,) uint64 each.

    A shingle's hash is a polynomial modulo 2**64 with its words' hashes (BLAKE2b, 64 bits) as
    coefficients, so it is the same in every run. Among ten million shingles the probability that
    any two share a hash is 3 in a million.
    """
    codes, lengths, vocabulary = _word_codes(texts, words)
    if not len(codes):
        return [np.zeros(0, dtype=np.uint64) for _ in texts]
    encoded = (word.encode("utf-8", "surrogatepass") for word in vocabulary)
    digests = (blake2b(word, digest_size=8).digest() for word in encoded)
    # The hash of each word by its number; that of 0 is 0.
    hashes = np.frombuffer(bytes(8) + b"".join(digests), dtype="<u8").astype(np.uint64)[codes]
    polynomials = hashes[: len(codes) - words + 1].copy()
    for step in range(1, words):
        polynomials *= MULTIPLIER
        polynomials += hashes[step : step + len(polynomials)]
    starts = np.cumsum(lengths) - lengths
    stops = starts + np.maximum(lengths - words + 1, 0)
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        polynomials[start:stop].sort()  # a call of np.unique takes five times as long
    is_new = np.append(True, polynomials[1:] != polynomials[:-1])
    is_new[starts[lengths > 0]] = True
    # A shingle that begins in one text and ends in the next belongs to neither.
    is_new &= np.arange(len(is_new)) < np.repeat(stops, lengths)[: len(is_new)]
    ends = np.append(0, np.cumsum(is_new))[np.minimum([*starts, len(is_new)], len(is_new))]
    distinct = polynomials[is_new]
    return [distinct[start:end] for start, end in pairwise(ends.tolist())]


def _word_codes(texts: Sequence[str], words: int) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Return every word of every text as a number from 1, the words per text, and the numbers.

    Short texts are padded to `words` with 0, which is no word.
    """
    vocabulary: dict[str, int] = defaultdict(count(1).__next__)
    codes, lengths = array("i"), np.zeros(len(texts), dtype=np.int64)
    for row, text in enumerate(texts):
        own = list(map(vocabulary.__getitem__, units_of(text)))
        own += [0] * (words - len(own)) if own else []
        codes.extend(own)
        lengths[row] = len(own)
    return np.array(codes), lengths, vocabulary
