"""Texts as token ids, uncut and without special tokens: encoded in Rust, or looked up."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from seedbed.running.engine import INT32, UINT16, map_texts

TEXTS_AT_ONCE = 2048
SMALL = 2**16  # token ids below take two bytes


def load_tokenizer(file: Path) -> Tokenizer:
    """The tokenizer of a tokenizer.json, which neither pads nor cuts."""
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def id_type(tokenizer: Tokenizer) -> type:
    """The smallest of two kinds of numbers that holds its token ids."""
    return np.uint16 if tokenizer.get_vocab_size() <= SMALL else np.int32


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> list[np.ndarray]:
    """The token ids of each text."""
    numbers = id_type(tokenizer)
    found = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    return [np.array(one.ids, dtype=numbers) for one in found]


def token_ids(texts: Sequence[str], file: Path) -> list[np.ndarray]:
    """The same by the file of the tokenizer: what the memo keeps."""
    return encode(load_tokenizer(file), texts)


def remembered_ids(texts: Sequence[str], file: Path, tokenizer: Tokenizer) -> list[np.ndarray]:
    """The token ids of each text, worked out or looked up. `tokenizer` is that of `file`."""
    form = UINT16 if id_type(tokenizer) == np.uint16 else INT32
    return map_texts(partial(token_ids, file=file), texts, form, batch=TEXTS_AT_ONCE)
