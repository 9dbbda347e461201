"""Vectors of rows after embed: looked up where embed made them, else made and map_texts."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from seedbed.encoding.encoder_files import EncoderParams, encoder_folder
from seedbed.encoding.vectors import read_vectors
from seedbed.running.engine import FLOAT32, Item, map_texts

TEXTS_AT_ONCE = 2048  # enough that batches of one length come together


def embedded(items: Sequence[Item], params: EncoderParams, split: Path) -> np.ndarray:
    """Vectors of texts, or of texts and their pairs: (items, width) float32.

    `split` is the rows folder that `max_length: auto` is taken from.
    """
    from seedbed.encoding.encoder import (  # torch, which most runs do not need
        embed_texts,
        precision,
    )
    from seedbed.encoding.truncation import truncation_of

    folder = encoder_folder(params)
    work = partial(
        embed_texts,
        folder=folder,
        truncation=truncation_of(params, folder, split),
        dtype=str(precision(params.precision)).removeprefix("torch."),
    )
    return np.stack(map_texts(work, items, FLOAT32, batch=TEXTS_AT_ONCE))


def vectors_of(
    rows: pd.DataFrame, folder: Path | None, params: EncoderParams, split: Path
) -> np.ndarray:
    """Vectors of rows in their order, out of `folder` or, of rows made since, by the encoder; with
    None, which is for another encoder than embed's, all by the encoder."""
    paired = bool(rows["text_pair"].any())

    def made(new: pd.DataFrame) -> np.ndarray:
        texts = list(new["text"])
        items = list(zip(texts, new["text_pair"], strict=True)) if paired else texts
        return embedded(items, params, split)

    if folder is None:
        return made(rows)
    vectors, missing = read_vectors(folder, list(rows["id"]))
    if missing.any():
        vectors[missing] = made(rows[missing])
    return vectors
