"""Cloze: a masked language model fills the gap in a template, and each word it may fill in means a
class (the verbaliser of PET, Schick and Schütze, 2021; LM-BFF, Gao et al., 2021).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn, TypeVar

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoModelForMaskedLM, PreTrainedModel

from seedbed.core.errors import ParamsError
from seedbed.core.files import read_json
from seedbed.encoding.encoder import load_options, loaded
from seedbed.encoding.examples import Examples
from seedbed.encoding.tokens import Encoded, Truncation

PLACE = "params.yaml: approaches.prompt"
TEXT, MASK = "{text}", "{mask}"
BYTE_OF_SPACE = "Ġ"  # how byte-level BPE (Radford et al., 2019) writes a space in its vocabulary

Rows = TypeVar("Rows", Encoded, Examples)


def is_masked_lm(folder: Path) -> bool:
    """Whether a checkpoint has the head of a masked language model."""
    names = read_json(folder / "config.json").get("architectures") or []
    return any(name.endswith("ForMaskedLM") for name in names)


def load_masked_lm(folder: Path, dropout: float = 0.0) -> PreTrainedModel:
    """Load the encoder with its head over the vocabulary."""
    return loaded(AutoModelForMaskedLM, folder, load_options(folder, dropout))


def mask_of(folder: Path) -> int:
    """The id of the mask token. Raises ParamsError where the tokenizer has none."""
    settings = folder / "tokenizer_config.json"
    name = read_json(settings).get("mask_token") if settings.exists() else None
    name = name["content"] if isinstance(name, dict) else name
    token = name and Tokenizer.from_file(str(folder / "tokenizer.json")).token_to_id(name)
    if not isinstance(token, int):
        raise ParamsError(
            f"{PLACE}.kind",
            "cloze, but the encoder has no mask token",
            "an encoder that was trained to fill in masks",
            "set approaches.prompt.kind: label_prompts, or name another encoder",
        )
    return token


class Gap:
    """A template and the words of the classes as token ids."""

    def __init__(self, folder: Path, truncation: Truncation, template: str, words: Sequence[str]):
        """Raises ParamsError where the template lacks a part, or a word is not in the encoder's
        vocabulary."""
        _check_template(template)
        self.template, self.words, self.truncation = template, list(words), truncation
        self.mask = mask_of(folder)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._glued = not template.partition(MASK)[0].endswith((" ", TEXT))
        self.word_ids = [self._word(word) for word in words]
        if len(set(self.word_ids)) < len(words):
            _refuse_words("the same word for two classes", "another word for each class")
        before, _, after = template.partition(TEXT)
        # In a byte-level tokenizer a space is part of the word after it, here the text's first.
        self._spaced = before.endswith(" ") and len(self._ids(" ")) > 0
        self._before, self._after = self._ids(before.rstrip(" ")), self._ids(after)
        whole = self._tokenizer.encode("a").ids
        bare = self._ids("a").tolist()
        self._head = next(n for n in range(len(whole)) if whole[n : n + len(bare)] == bare)
        self._tail = len(whole) - self._head - len(bare)

    def filled(self, rows: Rows) -> Rows:
        """Put the template around the rows' texts, which are cut to make room for it. A mask token
        in a text becomes an unknown token, so that there is one gap."""
        own = rows.segments or [np.zeros(len(ids), np.int8) for ids in rows.ids]
        both = [self._row(ids, kinds) for ids, kinds in zip(rows.ids, own, strict=True)]
        segments = [kinds for _, kinds in both] if rows.segments else None
        return replace(rows, ids=[ids for ids, _ in both], segments=segments)

    def _row(self, ids: np.ndarray, kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        end = len(ids) - self._tail
        room = self.truncation.max_length - self._head - self._tail
        room = max(0, room - len(self._before) - len(self._after))
        keep = slice(self._head, min(end, self._head + room))
        if self.truncation.keep == "tail":
            keep = slice(max(self._head, end - room), end)
        text = np.where(ids[keep] == self.mask, self._unknown, ids[keep])
        if self._spaced and len(text):
            text[0] = self._after_space(int(text[0]))
        first, last = kinds[:1], kinds[-1:]
        return (
            np.concatenate([ids[: self._head], self._before, text, self._after, ids[end:]]),
            np.concatenate(
                [
                    kinds[: self._head],
                    np.repeat(first, len(self._before)),
                    kinds[keep],
                    np.repeat(last, len(self._after)),
                    kinds[end:],
                ]
            ),
        )

    @property
    def mask_token(self) -> str:
        """The mask token as text."""
        return str(self._tokenizer.id_to_token(self.mask))

    @property
    def _unknown(self) -> int:
        for name in ("[UNK]", "<unk>", "[PAD]", "<pad>"):
            if (token := self._tokenizer.token_to_id(name)) is not None:
                return token
        return 0

    def _ids(self, text: str) -> np.ndarray:
        text = text.replace(MASK, self.mask_token)
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        return np.array(ids, dtype=np.int64)

    def _after_space(self, token: int) -> int:
        """The token of the same word after a space; the token itself where there is none."""
        name = self._tokenizer.id_to_token(token)
        spaced = self._tokenizer.token_to_id(f"{BYTE_OF_SPACE}{name}")
        return token if spaced is None else spaced

    def _word(self, word: str) -> int:
        """The token of a word at the gap, or with or without a space where it has none there: to a
        byte-level tokenizer (RoBERTa's) a word after a space is another one than at the start."""
        forms = [self._ids(space + word) for space in (("", " ") if self._glued else (" ", ""))]
        for ids in forms:
            if len(ids) == 1 and ids[0] != self._unknown:
                return int(ids[0])
        return _refuse_words(
            f"`{word}`, which is {len(forms[0])} tokens of this encoder",
            "a word that is one token of its vocabulary",
        )


def _check_template(template: str) -> None:
    if template.count(TEXT) != 1 or template.count(MASK) != 1:
        raise ParamsError(
            f"{PLACE}.cloze",
            repr(template),
            "a text with {text} and {mask} in it, once each",
            "put {text} where the row's text goes and {mask} where the word of the class goes",
        )


def _refuse_words(found: str, expected: str) -> NoReturn:
    step = "name such a word for the class in approaches.prompt.words"
    raise ParamsError(f"{PLACE}.words", found, expected, step)


class ClozeScorer(nn.Module):
    """Maps filled templates to the logits of the classes' words at the gap."""

    def __init__(self, model: PreTrainedModel, gap: Gap):
        super().__init__()
        self.model, self.mask = model, gap.mask
        self.register_buffer("words", torch.tensor(gap.word_ids))

    def forward(self, input_ids: torch.Tensor, **inputs: torch.Tensor) -> torch.Tensor:
        """(rows, tokens) int64 each -> logits (rows, classes)."""
        rows = torch.arange(len(input_ids), device=input_ids.device)
        gaps = (input_ids == self.mask).int().argmax(1)
        head = getattr(self.model, "cls", None) or getattr(self.model, "lm_head", None)
        if head is None:
            logits = self.model(input_ids=input_ids, **inputs).logits[rows, gaps]
        else:  # over the vocabulary at the gap alone, not at every token
            hidden = self.model.base_model(input_ids=input_ids, **inputs).last_hidden_state
            logits = head(hidden[rows, gaps])
        return logits[:, self.words]
