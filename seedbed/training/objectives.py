"""What trains an encoder beyond a new head on it: prompts for an approach, and domain-adaptive
training on texts without labels.

Label prompts: one vector a class, and the encoder is tuned contrastively so that a text lies
nearest to the prompt of its class (Radford et al., 2021). Where there are few rows, texts are also
pulled towards texts of their class and away from others: SetFit's pairs (Tunstall et al., 2022),
all those of a batch at once (Khosla et al., 2020).

Cloze: a masked language model fills the gap in a template, and each word it may fill in means a
class (the verbaliser of PET, Schick and Schütze, 2021; LM-BFF, Gao et al., 2021).

Adaptation: masked-LM training where the checkpoint has that head (Gururangan et al., 2020), else
SimCSE (Gao et al., 2021): a text and the same text under other dropout are a positive pair, all
other texts of the batch are negatives.
"""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AutoModelForMaskedLM, PreTrainedModel

from seedbed.core.errors import ParamsError
from seedbed.core.files import read_json
from seedbed.encoding.encoder import SentenceEncoder, load_model, model_inputs, pooling_of
from seedbed.encoding.examples import Examples
from seedbed.encoding.tokens import Encoded, Layout, Truncation, load_tokenizer
from seedbed.tasks import ClassTask
from seedbed.training.loop import Curve, Group, RowLosses, Run, Work, train
from seedbed.training.models import AdaptationParams

PLACE = "params.yaml: approaches.prompt"
TEXT, MASK = "{text}", "{mask}"
BYTE_OF_SPACE = "Ġ"  # how byte-level BPE (Radford et al., 2019) writes a space in its vocabulary
NOT_MASKED = -100
SMALL_FILES = ("*.json", "*.txt", "*.model", "*/config.json")  # every file that holds no weights

Rows = TypeVar("Rows", Encoded, Examples)


class PromptScorer(nn.Module):
    """Maps token ids to `scale` times the cosine with the prompt of each class."""

    def __init__(self, encoder: SentenceEncoder, prompts: Encoded, scale: float):
        super().__init__()
        self.encoder, self.scale = encoder, scale
        indices = np.arange(len(prompts.ids))
        for name, tensor in model_inputs(prompts, indices, torch.device("cpu")).items():
            self.register_buffer(f"prompt_{name}", tensor)
        self.bias: nn.Parameter | None = None
        self._frozen: Tensor | None = None

    def start_at(self, bias: np.ndarray | None) -> None:
        """Add a number to the score of each class, which is trained, too: (classes,), or None."""
        self.bias = None if bias is None else nn.Parameter(torch.from_numpy(bias).float())

    def train(self, mode: bool = True) -> "PromptScorer":
        """In training the prompts change with the encoder; otherwise they are encoded once."""
        self._frozen = None
        return super().train(mode)

    def prompt_vectors(self) -> Tensor:
        """One vector of length 1 for each class: (classes, width) float32."""
        if self._frozen is not None:
            return self._frozen
        ids, mask = self.prompt_input_ids, self.prompt_attention_mask
        vectors = self.encoder(input_ids=ids, attention_mask=mask).float()
        self._frozen = None if self.training else vectors
        return vectors

    def forward(self, **inputs: Tensor) -> Tensor:
        """(rows, tokens) int64 each -> logits (rows, classes) float32."""
        return self._scores(self.encoder(**inputs).float(), self.prompt_vectors())

    def _scores(self, texts: Tensor, prompts: Tensor) -> Tensor:
        found = self.scale * texts @ prompts.T
        return found if self.bias is None else found + self.bias

    def paired_losses(
        self,
        task: ClassTask,
        inputs: dict[str, Tensor],
        labels: Tensor,
        of_prompts: Tensor,
        prompt_weight: float,
        row_losses: RowLosses,
    ) -> Tensor:
        """The loss of each row against the prompts, times `prompt_weight`, and against the batch's
        other texts and the prompts together: (rows,). `of_prompts`: the target of each prompt;
        `row_losses`: of logits and targets, (rows,)."""
        texts, prompts = self.encoder(**inputs).float(), self.prompt_vectors()
        to_prompts = row_losses(self._scores(texts, prompts), labels)
        others = torch.cat([labels, of_prompts.to(labels.device)])
        similar = self.scale * texts @ torch.cat([texts, prompts]).T
        return prompt_weight * to_prompts + contrastive_losses(similar, task.alike(labels, others))


def contrastive_losses(similar: Tensor, alike: Tensor) -> Tensor:
    """For each row the mean of -log softmax over all that is of its class, weighted by how alike
    both are: (rows,). Both are (rows, others); the first of these are the rows themselves, and no
    row is its own pair."""
    itself = torch.eye(*similar.shape, dtype=torch.bool, device=similar.device)
    log_shares = similar.masked_fill(itself, -torch.inf).log_softmax(1).masked_fill(itself, 0.0)
    alike = alike * ~itself
    return -(log_shares * alike).sum(1) / alike.sum(1).clamp(min=1)


def is_masked_lm(folder: Path) -> bool:
    """Whether a checkpoint has the head of a masked language model."""
    names = read_json(folder / "config.json").get("architectures") or []
    return any(name.endswith("ForMaskedLM") for name in names)


def load_masked_lm(folder: Path, dropout: float = 0.0) -> PreTrainedModel:
    """Load the encoder with its head over the vocabulary."""
    return load_model(folder, dropout, AutoModelForMaskedLM)


def mask_of(folder: Path) -> int:
    """The id of the mask token. Raises ParamsError where the tokenizer has none."""
    settings = folder / "tokenizer_config.json"
    name = read_json(settings).get("mask_token") if settings.exists() else None
    name = name["content"] if isinstance(name, dict) else name
    token = name and load_tokenizer(folder / "tokenizer.json").token_to_id(name)
    if not isinstance(token, int):
        found = "cloze, but the encoder has no mask token"
        expected = "an encoder that was trained to fill in masks"
        step = "set approaches.prompt.kind: label_prompts, or name another encoder"
        raise ParamsError(f"{PLACE}.kind", found, expected, step)
    return token


class Gap:
    """A template and the words of the classes as token ids."""

    def __init__(self, folder: Path, truncation: Truncation, template: str, words: Sequence[str]):
        """Raises ParamsError where the template lacks a part, or a word is not in the encoder's
        vocabulary."""
        if template.count(TEXT) != 1 or template.count(MASK) != 1:
            expected = "a text with {text} and {mask} in it, once each"
            step = (
                "put {text} where the row's text goes and {mask} where the word of the class goes"
            )
            raise ParamsError(f"{PLACE}.cloze", repr(template), expected, step)
        self.template, self.words, self.truncation = template, list(words), truncation
        self.mask = mask_of(folder)
        self._tokenizer = load_tokenizer(folder / "tokenizer.json")
        self._glued = not template.partition(MASK)[0].endswith((" ", TEXT))
        self.word_ids = [self._word(word) for word in words]
        if len(set(self.word_ids)) < len(words):
            _refuse_words("the same word for two classes", "another word for each class")
        before, _, after = template.partition(TEXT)
        # In a byte-level tokenizer a space is part of the word after it, here the text's first.
        self._spaced = before.endswith(" ") and len(self._ids(" ")) > 0
        self._before, self._after = self._ids(before.rstrip(" ")), self._ids(after)
        self._head, _, self._tail = map(len, Layout(self._tokenizer, paired=False).pieces)

    def filled(self, rows: Rows) -> Rows:
        """Put the template around the rows' texts, which are cut to make room for it. A mask token
        in a text becomes an unknown token, so that there is one gap."""
        own = rows.segments or [np.zeros(len(ids), np.int8) for ids in rows.ids]
        both = [self._row(ids, kinds) for ids, kinds in zip(rows.ids, own, strict=True)]
        segments = [kinds for _, kinds in both] if rows.segments else None
        return replace(rows, ids=[ids for ids, _ in both], segments=segments)

    def _row(self, ids: np.ndarray, kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Token ids and segments of one filled template; it has the segments of its ends."""
        before, after, end = self._before, self._after, len(ids) - self._tail
        room = self.truncation.max_length - self._head - self._tail - len(before) - len(after)
        start, stop = self._head, min(end, self._head + max(0, room))
        if self.truncation.keep == "tail":
            start, stop = max(self._head, end - max(0, room)), end
        text = np.where(ids[start:stop] == self.mask, self._unknown, ids[start:stop])
        if self._spaced and len(text):
            text[0] = self._after_space(int(text[0]))
        first, last = np.repeat(kinds[:1], len(before)), np.repeat(kinds[-1:], len(after))
        return (
            np.concatenate([ids[: self._head], before, text, after, ids[end:]]),
            np.concatenate([kinds[: self._head], first, kinds[start:stop], last, kinds[end:]]),
        )

    @property
    def mask_token(self) -> str:
        """The mask token as text."""
        return str(self._tokenizer.id_to_token(self.mask))

    @property
    def _unknown(self) -> int:
        names = ("[UNK]", "<unk>", "[PAD]", "<pad>")
        tokens = map(self._tokenizer.token_to_id, names)
        return next((token for token in tokens if token is not None), 0)

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


def _refuse_words(found: str, expected: str) -> NoReturn:
    step = "name such a word for the class in approaches.prompt.words"
    raise ParamsError(f"{PLACE}.words", found, expected, step)


class ClozeScorer(nn.Module):
    """Maps filled templates to the logits of the classes' words at the gap."""

    def __init__(self, model: PreTrainedModel, gap: Gap):
        super().__init__()
        self.model, self.mask = model, gap.mask
        self.register_buffer("words", torch.tensor(gap.word_ids))

    def forward(self, input_ids: Tensor, **inputs: Tensor) -> Tensor:
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


def adapt(encoder: Path, texts: Encoded, run: Run, folder: Path) -> tuple[str, Curve]:
    """Adapt the encoder to tokenized texts and write it to `folder`.

    Gives the method, "masked_lm" or "simcse", and the loss of each epoch.
    """
    params = cast(AdaptationParams, run.params)
    method = "masked_lm" if is_masked_lm(encoder) else "simcse"
    torch.manual_seed(run.seed)
    if method == "masked_lm":
        model = load_masked_lm(encoder, params.dropout)
        module: nn.Module = MaskedWords(model, mask_of(encoder), params.mask_share)
    else:
        model = load_model(encoder, params.dropout)
        module = TwiceDropped(SentenceEncoder(model, pooling_of(encoder)), params.temperature)
    groups = [Group(params=list(module.parameters()))]
    # Both modules give their losses themselves, without labels.
    losses, is_across = (lambda module, inputs, _: module(**inputs)), method == "simcse"
    work = Work(module, groups, losses, score=None, across_rows=is_across)
    curve = train(work, {"train": _rows(texts)}, run)
    for pattern in SMALL_FILES:
        for file in encoder.glob(pattern):
            target = folder / file.relative_to(encoder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    model.cpu().save_pretrained(folder)
    return method, curve


def _rows(texts: Encoded) -> Examples:
    """The texts as rows of weight 1; their class indices mean nothing."""
    labels = np.zeros(len(texts.ids), np.int64)
    names = list(map(str, range(len(labels))))
    return Examples(texts.ids, texts.segments, labels, np.ones(len(labels), np.float32), names)


class TwiceDropped(nn.Module):
    """The SimCSE loss of each text: (rows,)."""

    def __init__(self, encoder: SentenceEncoder, temperature: float):
        super().__init__()
        self.encoder, self.temperature = encoder, temperature

    def forward(self, **inputs: Tensor) -> Tensor:
        """(rows, tokens) int64 each -> losses (rows,)."""
        once, again = self.encoder(**inputs).float(), self.encoder(**inputs).float()
        similar = once @ again.T / self.temperature
        itself = torch.arange(len(once), device=once.device)
        return nn.functional.cross_entropy(similar, itself, reduction="none")


class MaskedWords(nn.Module):
    """The masked-LM loss of each text, (rows,): of the chosen tokens four fifths are masked, a
    tenth is replaced by another token and a tenth stays (Devlin et al., 2019)."""

    def __init__(self, model: nn.Module, mask: int, share: float):
        super().__init__()
        self.model, self.mask, self.share = model, mask, share

    def forward(self, input_ids: Tensor, **inputs: Tensor) -> Tensor:
        """(rows, tokens) int64 each -> losses (rows,)."""
        hidden, targets = self.hide(input_ids, inputs["attention_mask"])
        logits = self.model(input_ids=hidden, **inputs).logits.float()
        losses = nn.functional.cross_entropy(
            logits.transpose(1, 2), targets, ignore_index=NOT_MASKED, reduction="none"
        )
        return losses.sum(1) / (targets != NOT_MASKED).sum(1).clamp(min=1)

    def hide(self, ids: Tensor, attention: Tensor) -> tuple[Tensor, Tensor]:
        """The tokens with some of them hidden, and the hidden ones, NOT_MASKED elsewhere. The first
        and the last token, which are special, and padding are never chosen."""
        lengths = attention.sum(1, keepdim=True)
        positions = torch.arange(ids.shape[1], device=ids.device)[None, :]
        inner = (positions > 0) & (positions < lengths - 1)
        draw, kind = torch.rand(2, *ids.shape).to(ids.device)
        chosen = inner & (draw < self.share)
        others = torch.randint(0, self.model.config.vocab_size, ids.shape).to(ids.device)
        hidden = torch.where(chosen & (kind < 0.8), self.mask, ids)
        hidden = torch.where(chosen & (kind >= 0.9), others, hidden)
        return hidden, torch.where(chosen, ids, NOT_MASKED)
