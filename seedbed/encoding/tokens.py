"""Texts to token ids: Rust encodes, a few thousand texts at a time, and what is too long is cut.

Cutting is done here and not in the tokenizer, so that one pass gives the full length of a text as
well as every way to cut it, and no text's cut-off part is kept in memory. Head and tail give what
stock tokenizers give.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from tokenizers import Tokenizer

from seedbed.core.errors import ModelError
from seedbed.core.files import read_json
from seedbed.encoding.token_ids import (
    SMALL,
    TEXTS_AT_ONCE,
    encode,
    id_type,
    load_tokenizer,
    remembered_ids,
)

HEAD_OF_BOTH = 0.25  # share of the head under head_tail: 128 of 512 tokens (Sun et al., 2019)
PROBE = ("a", "b")
# Their first position is the padding token's id and one more, so the last ones are out of reach.
COUNTS_FROM_PADDING = ("roberta", "xlm-roberta", "camembert")

Keep = Literal["head", "tail", "head_tail", "windows"]


class Truncation(NamedTuple):
    """What becomes of a text of more than `max_length` tokens, special ones included.

    `keep`: its head, its tail, both, or windows of max_length tokens of which each shares
    `overlap` tokens with the one before, at most `max_windows`.
    """

    max_length: int
    keep: Keep = "head"
    overlap: int = 0
    max_windows: int = 1


@dataclass(frozen=True)
class Encoded:
    """Texts as token ids, one entry a window; all but `keep: windows` give one window a text.

    `segments` says of each token whether it belongs to the text (0) or to its pair (1); None
    where the tokenizer makes no difference. By text: `windows`, `lengths` before truncation with
    special tokens, `lost` tokens that stand in no window, `unknown` tokens. All int64.
    """

    ids: list[np.ndarray]
    segments: list[np.ndarray] | None
    windows: np.ndarray
    lengths: np.ndarray
    lost: np.ndarray
    unknown: np.ndarray

    def take(self, texts: np.ndarray) -> "Encoded":
        """Some of the texts, by their places, in that order."""
        starts = np.cumsum(self.windows) - self.windows
        windows = [
            place
            for start, number in zip(starts[texts], self.windows[texts], strict=True)
            for place in range(start, start + number)
        ]
        return Encoded(
            [self.ids[place] for place in windows],
            None if self.segments is None else [self.segments[place] for place in windows],
            *(part[texts] for part in (self.windows, self.lengths, self.lost, self.unknown)),
        )


class _Layout(NamedTuple):
    """What stands before, between and after the parts of an input: special tokens, and the
    segments of these and of the parts."""

    special: list[np.ndarray]  # parts + 1
    special_segments: list[np.ndarray]
    part_segments: list[int]

    @property
    def size(self) -> int:
        """Special tokens of one input."""
        return sum(map(len, self.special))

    def ids(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """One input's token ids."""
        return _interleaved(self.special, parts)

    def segments(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """One input's segments, int8."""
        own = [
            np.full(len(part), kind, np.int8)
            for part, kind in zip(parts, self.part_segments, strict=True)
        ]
        return _interleaved(self.special_segments, own)

    @property
    def knows_segments(self) -> bool:
        """Whether any place has another segment than 0."""
        return any(self.part_segments) or any(map(np.any, self.special_segments))


def _interleaved(special: list[np.ndarray], parts: Sequence[np.ndarray]) -> np.ndarray:
    pieces = [special[0]]
    for part, after in zip(parts, special[1:], strict=True):
        pieces += [part, after]
    return np.concatenate(pieces)


class TextTokenizer:
    """The fast tokenizer of an encoder folder, and how it cuts."""

    def __init__(self, folder: Path, truncation: Truncation, remember: bool = False):
        """`remember`: look token ids up in the memo, as stages do; what is asked of a model in use
        is kept nowhere. Raises ModelError where the folder has no tokenizer.json, or the model
        takes fewer tokens."""
        file = folder / "tokenizer.json"
        if not file.exists():
            raise ModelError(
                str(folder), "no tokenizer.json", "a fast tokenizer", "save it with save_pretrained"
            )
        longest = longest_input(folder)
        if truncation.max_length > longest:
            raise ModelError(
                "params.yaml: encoder.max_length",
                str(truncation.max_length),
                f"at most {longest}, the longest input of this encoder",
                "lower it, or set `auto`",
            )
        self.truncation = truncation
        self._file, self._remember = file, remember
        self._tokenizer = load_tokenizer(file)
        self._unknown = _unknown_token(self._tokenizer)
        self._type = id_type(self._tokenizer)

    def __call__(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> Encoded:
        """Encode texts, or each text with its pair; pairs that are all "" are none."""
        paired = pairs is not None and any(pairs)
        layout = self._layout(paired)
        knows_segments = layout.knows_segments
        ids: list[np.ndarray] = []
        segments: list[np.ndarray] = []
        counts = np.zeros((4, len(texts)), dtype=np.int64)
        for place, parts in enumerate(self._encoded(texts, pairs if paired else None)):
            windows, lost = self._cut(parts, layout.size)
            ids += [layout.ids(window) for window in windows]
            if knows_segments:
                segments += [layout.segments(window) for window in windows]
            length = sum(map(len, parts)) + layout.size
            unknown = sum(int((part == self._unknown).sum()) for part in parts)
            counts[:, place] = len(windows), length, lost, unknown
        return Encoded(ids, segments or None, *counts)

    def lengths(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> np.ndarray:
        """Tokens of each text (and its pair) before any cut, special ones included: (texts,)."""
        paired = pairs is not None and any(pairs)
        size = self._layout(paired).size
        parts = self._encoded(texts, pairs if paired else None)
        return np.array([sum(map(len, some)) + size for some in parts], dtype=np.int64)

    def _encoded(
        self, texts: Sequence[str], pairs: Sequence[str] | None
    ) -> Iterator[tuple[np.ndarray, ...]]:
        columns = [texts] if pairs is None else [texts, pairs]
        if self._remember:
            found = [remembered_ids(column, self._file, self._tokenizer) for column in columns]
            yield from zip(*found, strict=True)
            return
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            end = start + TEXTS_AT_ONCE
            found = [encode(self._tokenizer, column[start:end]) for column in columns]
            yield from zip(*found, strict=True)

    def _layout(self, paired: bool) -> _Layout:
        """Read off what the tokenizer makes of a probe."""
        probe = self._tokenizer.encode(*PROBE[: 2 if paired else 1])
        ids = np.array(probe.ids, dtype=self._type)
        segments = np.array(probe.type_ids, dtype=np.int8)
        parts = [
            np.flatnonzero([part == number for part in probe.sequence_ids])
            for number in range(probe.n_sequences)
        ]
        edges = [0, *(edge for part in parts for edge in (part[0], part[-1] + 1)), len(ids)]
        around = list(zip(edges[::2], edges[1::2], strict=True))
        return _Layout(
            [ids[start:end] for start, end in around],
            [segments[start:end] for start, end in around],
            [int(segments[part[0]]) for part in parts],
        )

    def _cut(
        self, parts: tuple[np.ndarray, ...], special: int
    ) -> tuple[list[tuple[np.ndarray, ...]], int]:
        """The windows of one text, and how many of its tokens stand in none."""
        keep, room = self.truncation.keep, self.truncation.max_length - special
        total = sum(map(len, parts))
        if total <= room:
            return [parts], 0
        if keep != "windows":
            rooms = _longest_first([len(part) for part in parts], room)
            cut = tuple(_shortened(part, n, keep) for part, n in zip(parts, rooms, strict=True))
            return [cut], total - room
        # The last part slides; a text before it stays whole, or half the room of its head.
        fixed = tuple(part[: room // 2] for part in parts[:-1])
        room -= sum(map(len, fixed))
        sliding = parts[-1]
        step = max(1, room - self.truncation.overlap)
        starts = range(0, max(1, len(sliding) - self.truncation.overlap), step)
        starts = starts[: self.truncation.max_windows]
        windows = [(*fixed, sliding[start : start + room]) for start in starts]
        end = min(len(sliding), starts[-1] + room)
        return windows, total - sum(map(len, fixed)) - end


def _longest_first(lengths: list[int], room: int) -> list[int]:
    """Tokens that each of one or two parts keeps: the longer one is cut first, then both alike
    (what transformers calls longest_first)."""
    if len(lengths) == 1:
        return [room]
    short = min(min(lengths), room // 2)
    # Of two that are both too long, the first gets the smaller half where they are alike.
    if lengths[0] <= lengths[1]:
        return [short, room - short]
    return [room - short, short]


def _shortened(part: np.ndarray, room: int, keep: Keep) -> np.ndarray:
    if len(part) <= room:
        return part
    if keep == "head":
        return part[:room]
    if keep == "tail":
        return part[len(part) - room :]
    head = int(room * HEAD_OF_BOTH)
    return np.concatenate([part[:head], part[len(part) - (room - head) :]])


def _unknown_token(tokenizer: Tokenizer) -> int:
    """The id of the unknown token, -1 for a tokenizer that knows every byte."""
    for name in (getattr(tokenizer.model, "unk_token", None), "[UNK]", "<unk>"):
        if name and (found := tokenizer.token_to_id(name)) is not None:
            return found
    return -1


def longest_input(folder: Path) -> int:
    """Most tokens that an encoder takes, by its config and its tokenizer's."""
    config = read_json(folder / "config.json")
    found = [config.get("max_position_embeddings")]
    if found[0] and config.get("model_type") in COUNTS_FROM_PADDING:
        found[0] -= config.get("pad_token_id", 1) + 1
    settings = folder / "tokenizer_config.json"
    if settings.exists():
        found.append(read_json(settings).get("model_max_length"))
    known = [int(number) for number in found if number and number > 0]
    return min(known, default=SMALL)


def auto_max_length(lengths: np.ndarray, longest: int, kept_share: float = 0.99) -> int:
    """The smallest max_length that keeps `kept_share` of the tokens under truncation, at most
    `longest`. `lengths`: tokens a text, special ones included."""
    ordered = np.sort(lengths)
    # Tokens kept at each candidate: whole shorter texts, and that many of each longer one.
    upto = np.cumsum(ordered)
    sizes = np.arange(1, int(ordered[-1]) + 1)
    shorter = np.searchsorted(ordered, sizes, side="right")
    whole = np.where(shorter > 0, upto[shorter - 1], 0)
    kept = whole + (len(ordered) - shorter) * sizes
    return int(min(sizes[np.argmax(kept >= kept_share * upto[-1])], longest))
