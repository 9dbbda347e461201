"""Texts as token ids: encoded in Rust, several thousand texts at a time, or looked up in the memo,
and long inputs are truncated.

Truncation is done here and not in the tokenizer, so that one pass gives the full length of a text
as well as every way to cut it, and no cut part stays in memory. Head and tail give the same tokens
as stock tokenizers. The metrics file of tokenize is here, too; nothing imports torch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import PlainSerializer
from tokenizers import Tokenizer

from seedbed.core.errors import ModelError
from seedbed.core.files import read_json
from seedbed.core.metrics import Metrics, RowCounts
from seedbed.core.rows import read_rows
from seedbed.core.stage_options import at_once
from seedbed.core.texts import TEXTS_AT_ONCE as TEXTS_OF_A_COLUMN, TextColumn
from seedbed.encoding.vectors import TEXTS_AT_ONCE, EncoderParams, Keep
from seedbed.running.engine import INT32, UINT16, map_texts
from seedbed.running.engines import ALL

SMALL = 2**16  # token ids below take two bytes
HEAD_OF_BOTH = 0.25  # share of the head under head_tail: 128 of 512 tokens (Sun et al., 2019)
# Their first position is the padding token's id and one more, so the last ones are out of reach.
COUNTS_FROM_PADDING = ("roberta", "xlm-roberta", "camembert")
AUTO_KEEPS = 0.99  # share of the tokens that `max_length: auto` keeps


class Truncation(NamedTuple):
    """How an input of more than `max_length` tokens, special ones included, is cut.

    `keep`: its head, its tail, both, or windows of max_length tokens, at most `max_windows`, each
    of which shares `overlap` tokens with the previous one.
    """

    max_length: int
    keep: Keep = "head"
    overlap: int = 0
    max_windows: int = 1


# The field of a model for a truncation, which is an object in JSON and not a list.
InJson = Annotated[Truncation, PlainSerializer(Truncation._asdict)]


class Lengths(Metrics):
    """Token counts of texts before truncation, and what truncation removes."""

    tokens_p5_p50_p95_p99: list[int]
    rows_cut_share: float
    tokens_cut_share: float
    unknown_token_share: float
    windows_a_row: float


class LengthsByClass(Metrics):
    """Lengths over all rows and by class."""

    all: Lengths
    by_class: dict[str, Lengths]


class Padding(Metrics):
    """The share of padding in one epoch: in batches of similar length by token budget, as the
    training loop makes them; in shuffled batches padded to their longest; padded to max_length."""

    token_budget: float
    longest_of_batch: float
    max_length: float


class TokenizeMetrics(Metrics):
    """reports/metrics/tokenize.json."""

    rows: RowCounts
    by_side: dict[str, int]
    truncation: InJson  # with the length that `auto` gives
    lengths: LengthsByClass
    padding_share: Padding


@dataclass(frozen=True)
class Encoded:
    """Texts as token ids, one entry per window; only `keep: windows` gives several per text.

    `segments` has 0 for each token of a text and 1 for each of its pair; None if the tokenizer does
    not distinguish them. By text: `windows`, `lengths` before truncation with special tokens,
    `lost` tokens that are in no window, `unknown` tokens. All int64.
    """

    ids: list[np.ndarray]
    segments: list[np.ndarray] | None
    windows: np.ndarray
    lengths: np.ndarray
    lost: np.ndarray
    unknown: np.ndarray

    def take(self, texts: np.ndarray) -> "Encoded":
        """Return the texts at these indices, in that order."""
        by_text = np.split(np.arange(len(self.ids)), np.cumsum(self.windows)[:-1])
        windows = [index for text in texts for index in by_text[text]]
        return Encoded(
            [self.ids[index] for index in windows],
            None if self.segments is None else [self.segments[index] for index in windows],
            *(part[texts] for part in (self.windows, self.lengths, self.lost, self.unknown)),
        )


class Layout:
    """The special tokens before, between and after the parts of an input, read off the encoding of
    a probe. Of its `pieces`, token ids and segments, every second is a part."""

    def __init__(self, tokenizer: Tokenizer, paired: bool):
        probe = tokenizer.encode("a", "b" if paired else None)
        edges: list[int] = []
        for number in range(probe.n_sequences):
            part = np.flatnonzero([owner == number for owner in probe.sequence_ids])
            edges += [part[0], part[-1] + 1]
        self.pieces: list[np.ndarray] = np.split(
            np.array(probe.ids, dtype=id_type(tokenizer)), edges
        )
        self._segments = np.split(np.array(probe.type_ids, dtype=np.int8), edges)
        self.size = sum(map(len, self.pieces[::2]))  # special tokens in one input
        self.has_segments = any(map(np.any, self._segments))  # another one than 0

    def ids(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """Return the token ids of one input."""
        pieces = list(self.pieces)
        pieces[1::2] = parts
        return np.concatenate(pieces)

    def segments(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """Return the segments of one input, int8."""
        pieces, of_parts = list(self._segments), self._segments[1::2]
        pieces[1::2] = [np.full(len(part), of[0]) for part, of in zip(parts, of_parts, strict=True)]
        return np.concatenate(pieces)


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


class TextTokenizer:
    """The fast tokenizer of an encoder folder, with truncation."""

    def __init__(self, folder: Path, truncation: Truncation, use_memo: bool = False):
        """`use_memo`: look token ids up in the memo, as stages do; nothing that a model in use is
        asked for is kept. Raises ModelError if the folder has no tokenizer.json, or the model takes
        fewer tokens."""
        file = folder / "tokenizer.json"
        if not file.exists():
            step = "save it with save_pretrained"
            raise ModelError(str(folder), "no tokenizer.json", "a fast tokenizer", step)
        longest = longest_input(folder)
        if truncation.max_length > longest:
            place, found = "params.yaml: encoder.max_length", str(truncation.max_length)
            expected = f"at most {longest}, the longest input of this encoder"
            raise ModelError(place, found, expected, "lower it, or set `auto`")
        self.truncation = truncation
        self._file, self._use_memo = file, use_memo
        self._tokenizer = load_tokenizer(file)
        names = filter(None, (getattr(self._tokenizer.model, "unk_token", None), "[UNK]", "<unk>"))
        tokens = map(self._tokenizer.token_to_id, names)
        # -1 for a tokenizer that knows every byte.
        self._unknown = next((token for token in tokens if token is not None), -1)

    def __call__(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> Encoded:
        """Encode texts, or each text with its pair; pairs that are all "" count as none."""
        columns = [texts] if pairs is None or not any(pairs) else [texts, pairs]
        layout = Layout(self._tokenizer, paired=len(columns) > 1)
        ids: list[np.ndarray] = []
        segments: list[np.ndarray] = []
        counts = np.zeros((4, len(texts)), dtype=np.int64)
        for index, parts in enumerate(self._encoded(columns)):
            windows, lost = self._cut(parts, layout.size)
            ids += [layout.ids(window) for window in windows]
            if layout.has_segments:
                segments += [layout.segments(window) for window in windows]
            length = sum(map(len, parts)) + layout.size
            unknown = sum(int((part == self._unknown).sum()) for part in parts)
            counts[:, index] = len(windows), length, lost, unknown
        return Encoded(ids, segments or None, *counts)

    def _encoded(self, columns: list[Sequence[str]]) -> Iterator[tuple[np.ndarray, ...]]:
        form = UINT16 if id_type(self._tokenizer) == np.uint16 else INT32
        work = partial(token_ids, file=self._file)
        step = at_once(TEXTS_OF_A_COLUMN) if self._use_memo else TEXTS_AT_ONCE
        for start in range(0, len(columns[0]), step):
            parts = [column[start : start + step] for column in columns]
            ids = [
                map_texts(work, part, form, batch=TEXTS_AT_ONCE, threads=ALL)
                if self._use_memo
                else encode(self._tokenizer, part)
                for part in parts
            ]
            yield from zip(*ids, strict=True)

    def _cut(
        self, parts: tuple[np.ndarray, ...], special: int
    ) -> tuple[list[tuple[np.ndarray, ...]], int]:
        """Return the windows of one input, and how many of its tokens are in none."""
        keep, room = self.truncation.keep, self.truncation.max_length - special
        total = sum(map(len, parts))
        if total <= room:
            return [parts], 0
        if keep != "windows":
            rooms = _longest_first([len(part) for part in parts], room)
            cut = tuple(_shortened(part, n, keep) for part, n in zip(parts, rooms, strict=True))
            return [cut], total - room
        # The last part slides; a text before it stays whole, or keeps half the room of its head.
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
    """Return the tokens that each of one or two parts keeps: the longer one is cut first, then both
    alike (longest_first of transformers)."""
    if len(lengths) == 1:
        return [room]
    short = min(min(lengths), room // 2)
    # If both are too long and the room is odd, the longer one keeps one token more.
    return [short, room - short] if lengths[0] <= lengths[1] else [room - short, short]


def _shortened(part: np.ndarray, room: int, keep: Keep) -> np.ndarray:
    if len(part) <= room:
        return part
    head = {"head": room, "tail": 0}.get(keep, int(room * HEAD_OF_BOTH))
    return np.concatenate([part[:head], part[len(part) - (room - head) :]])


def longest_input(folder: Path) -> int:
    """Return the most tokens that an encoder takes, by its config and its tokenizer's."""
    config = read_json(folder / "config.json")
    positions = config.get("max_position_embeddings")
    if positions and config.get("model_type") in COUNTS_FROM_PADDING:
        positions -= config.get("pad_token_id", 1) + 1
    settings = folder / "tokenizer_config.json"
    length = read_json(settings).get("model_max_length") if settings.exists() else None
    return min((int(limit) for limit in (positions, length) if limit and limit > 0), default=SMALL)


def truncation_of(params: EncoderParams, folder: Path, split: Path) -> Truncation:
    """Return the truncation that params.yaml asks for: the same in embed and in tokenize.

    `max_length: auto` is the smallest length that keeps 99 % of the tokens of the train rows in the
    rows folder `split`, which is read for nothing else. Raises ModelError.
    """
    longest = longest_input(folder)
    truncation = Truncation(longest, params.truncation)
    if params.truncation == "windows":  # else a param without effect would change the memo's keys
        truncation = truncation._replace(
            overlap=params.window_overlap, max_windows=params.max_windows
        )
    max_length = params.max_length
    if max_length == "auto":
        rows = read_rows(split, ("split", "text", "text_pair"))
        train = rows[rows["split"] == "train"]
        tokenizer = TextTokenizer(folder, truncation, use_memo=True)
        encoded = tokenizer(TextColumn(train["text"]), TextColumn(train["text_pair"]))
        max_length = auto_max_length(encoded.lengths, longest)
    truncation = truncation._replace(max_length=max_length)
    if truncation.overlap * 4 >= max_length:  # the text of a pair may take half of the room
        place = "params.yaml: encoder.window_overlap"
        found = f"{truncation.overlap} tokens of a window of {max_length}"
        raise ModelError(place, found, "less than a quarter", "lower it, or raise max_length")
    return truncation


def auto_max_length(lengths: np.ndarray, longest: int) -> int:
    """Return the smallest max_length that keeps AUTO_KEEPS of the tokens, at most `longest`.

    `lengths`: tokens per text, special ones included.
    """
    at_least = np.bincount(lengths)[::-1].cumsum()[::-1]  # texts of that many tokens and more
    kept = at_least[1:].cumsum()  # tokens, with a max_length of 1, 2, ...
    return min(int(np.argmax(kept >= AUTO_KEEPS * kept[-1])) + 1, longest)
