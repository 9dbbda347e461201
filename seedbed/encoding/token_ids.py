"""Token ids as the tokenizer gives them, before any cut: encoded in Rust, or from the memo; and the
special tokens around them."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tokenizers import Tokenizer

from seedbed.running.engine import INT32, UINT16, map_texts

TEXTS_AT_ONCE = 2048
SMALL = 2**16  # token ids below take two bytes


def load_tokenizer(file: Path) -> Tokenizer:
    """Load a tokenizer.json, without padding and truncation."""
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def id_type(tokenizer: Tokenizer) -> type:
    """Return the smaller of two integer types that holds the token ids."""
    return np.uint16 if tokenizer.get_vocab_size() <= SMALL else np.int32


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> list[np.ndarray]:
    """Return the token ids of each text, without special tokens."""
    kind = id_type(tokenizer)
    encodings = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    return [np.array(encoding.ids, dtype=kind) for encoding in encodings]


def token_ids(texts: Sequence[str], file: Path) -> list[np.ndarray]:
    """Return the same from the file of the tokenizer: the results that the memo keeps."""
    return encode(load_tokenizer(file), texts)


def ids_by_memo(texts: Sequence[str], file: Path, tokenizer: Tokenizer) -> list[np.ndarray]:
    """Return the token ids of each text, from the memo if it has them; `tokenizer` is `file`'s."""
    form = UINT16 if id_type(tokenizer) == np.uint16 else INT32
    return map_texts(partial(token_ids, file=file), texts, form, batch=TEXTS_AT_ONCE)


def unknown_token(tokenizer: Tokenizer) -> int:
    """Return the id of the unknown token, -1 for a tokenizer that knows every byte."""
    for name in (getattr(tokenizer.model, "unk_token", None), "[UNK]", "<unk>"):
        if name and (token := tokenizer.token_to_id(name)) is not None:
            return int(token)
    return -1


class Layout(NamedTuple):
    """The special tokens before, between and after the parts of an input, with their segments, and
    the segment of each part."""

    special: list[np.ndarray]  # parts + 1
    special_segments: list[np.ndarray]
    part_segments: list[int]

    @property
    def size(self) -> int:
        """The number of special tokens in one input."""
        return sum(map(len, self.special))

    @property
    def has_segments(self) -> bool:
        """Whether any token has another segment than 0."""
        return any(self.part_segments) or any(map(np.any, self.special_segments))

    def ids(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """Return the token ids of one input."""
        return _interleaved(self.special, parts)

    def segments(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """Return the segments of one input, int8."""
        segments = [
            np.full(len(part), segment, np.int8)
            for part, segment in zip(parts, self.part_segments, strict=True)
        ]
        return _interleaved(self.special_segments, segments)


def _interleaved(special: list[np.ndarray], parts: Sequence[np.ndarray]) -> np.ndarray:
    pieces = [special[0]]
    for part, after in zip(parts, special[1:], strict=True):
        pieces += [part, after]
    return np.concatenate(pieces)


def layout_of(tokenizer: Tokenizer, paired: bool) -> Layout:
    """Read the layout off the encoding of a probe."""
    probe = tokenizer.encode("a", "b" if paired else None)
    ids: np.ndarray = np.array(probe.ids, dtype=id_type(tokenizer))
    segments = np.array(probe.type_ids, dtype=np.int8)
    parts = [
        np.flatnonzero([part == number for part in probe.sequence_ids])
        for number in range(probe.n_sequences)
    ]
    edges = [0, *(edge for part in parts for edge in (part[0], part[-1] + 1)), len(ids)]
    around = list(zip(edges[::2], edges[1::2], strict=True))
    return Layout(
        [ids[start:end] for start, end in around],
        [segments[start:end] for start, end in around],
        [int(segments[part[0]]) for part in parts],
    )
