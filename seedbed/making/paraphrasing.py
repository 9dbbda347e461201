"""Texts paraphrased by a local model: text-to-text (such as T5) or causal (such as GPT-2).

The model is read from safetensors, checked by digest, and no code of it is run. Greedy and beam
search give one paraphrase per text. Sampling draws by the Gumbel-max trick (argmax of
log-probability plus Gumbel noise is a draw from the distribution) with noise from hash(seed, row,
copy), so that a row's draws do not depend on the rows it shares a batch with; the last bits of the
model's scores still do.
"""

import random
import re
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import Field

from seedbed.core.errors import ParamsError
from seedbed.core.files import hash_number
from seedbed.core.params import Section
from seedbed.encoding.examples import token_budget_batches
from seedbed.encoding.vectors import model_folder
from seedbed.running.engine import map_texts

BATCH_TOKENS = 2048
LIMIT = 100_000  # tokenizers have 10^30 if they know no limit


class ParaphraseParams(Section):
    """params.yaml section `augment.paraphrase`."""

    model: str
    revision: str
    sha256: str
    prompt: str = Field(pattern=r"\{text\}")
    max_new_tokens: int = Field(gt=0, le=100_000)
    beams: int = Field(gt=0, le=100)
    temperature: float = Field(ge=0, le=100)
    top_p: float = Field(gt=0, le=1)


class ToParaphrase(NamedTuple):
    """A text to paraphrase, and the seed of its draws."""

    text: str
    draws: str


def paraphrases(texts: Sequence[ToParaphrase], params: ParaphraseParams) -> list[tuple[str, str]]:
    """Return (paraphrase, "") for each text, or ("", reason): `too_long_to_paraphrase` if the text
    has more tokens than the model may write or read, `no_paraphrase` if it wrote nothing. Raises
    ModelError and ParamsError."""
    if params.temperature and params.beams > 1:
        raise ParamsError(
            "params.yaml: augment.paraphrase",
            f"beams {params.beams} and temperature {params.temperature:g}",
            "beam search or sampling",
            "set beams: 1 or temperature: 0.0",
        )
    folder = model_folder(
        params.model, params.revision, params.sha256, "augment.paraphrase", "model"
    )
    how = params.model_dump(exclude={"model", "revision", "sha256"})
    work = partial(paraphrase_texts, folder=folder, **how)
    items = [(text.text, text.draws if params.temperature else "") for text in texts]
    if not items:
        return []
    import torch  # the model needs it, and work on another machine as many threads as here

    threads = torch.get_num_threads()
    return [(text, reason) for text, reason in map_texts(work, items, threads=threads)]


def paraphrase_texts(
    items: Sequence[tuple[str, str]],
    folder: Path,
    prompt: str,
    max_new_tokens: int,
    beams: int,
    temperature: float,
    top_p: float,
) -> list[tuple[str, str]]:
    """Return the results of `paraphrases` for (text, seed of its draws)."""
    tokenizer, model = _loaded(folder)
    own = tokenizer([text for text, _ in items], add_special_tokens=False)["input_ids"]
    # A text that holds <|im_start|> or </s> ends no turn of the prompt, and begins none.
    marks = {*tokenizer.all_special_tokens, *tokenizer.get_added_vocab()} - {""}
    mark = re.compile("|".join(map(re.escape, sorted(marks, key=len, reverse=True))) or "(?!)")
    whole = [prompt.replace("{text}", mark.sub(" ", text)) for text, _ in items]
    ids = tokenizer(whole)["input_ids"]
    room = min(tokenizer.model_max_length, LIMIT)
    if not model.config.is_encoder_decoder:  # what it reads and writes share its window
        window = getattr(model.config, "max_position_embeddings", LIMIT)
        room = min(room, window) - max_new_tokens
    results = [("", "too_long_to_paraphrase")] * len(items)
    fitting = [
        index
        for index, (text, whole) in enumerate(zip(own, ids, strict=True))
        if len(text) <= max_new_tokens and len(whole) <= room
    ]
    for batch in token_budget_batches([len(ids[index]) for index in fitting], BATCH_TOKENS):
        indices = [fitting[number] for number in batch]
        draws = [items[index][1] for index in indices] if temperature else []
        written = _written(
            tokenizer,
            model,
            [ids[index] for index in indices],
            max_new_tokens,
            beams,
            _processors(draws, temperature, top_p),
        )
        for index, text in zip(indices, written, strict=True):
            results[index] = (text, "" if text else "no_paraphrase")
    return results


def _written(
    tokenizer: Any, model: Any, ids: list[list[int]], length: int, beams: int, processors: Any
) -> list[str]:
    """Return the continuation that the model writes for each input."""
    import torch

    from seedbed.encoding.encoder import device

    inputs = tokenizer.pad({"input_ids": ids}, return_tensors="pt", padding_side="left")
    with torch.inference_mode():
        out = model.to(device()).generate(
            input_ids=inputs["input_ids"].to(device()),
            attention_mask=inputs["attention_mask"].to(device()),
            pad_token_id=tokenizer.pad_token_id,
            logits_processor=processors,
            max_new_tokens=length,
            num_beams=beams,
            do_sample=False,
        )
    if not model.config.is_encoder_decoder:
        out = out[:, inputs["input_ids"].shape[1] :]
    return [text.strip() for text in tokenizer.batch_decode(out.cpu(), skip_special_tokens=True)]


def _processors(draws: list[str], temperature: float, top_p: float) -> Any:
    """Return processors that turn greedy search into sampling by each row's noise; none without
    draws."""
    from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopPLogitsWarper

    if not draws:
        return LogitsProcessorList()
    warpers = [TemperatureLogitsWarper(temperature)]
    warpers += [TopPLogitsWarper(top_p)] if top_p < 1 else []
    return LogitsProcessorList([*warpers, _RowNoise(draws)])


class _RowNoise:
    """Adds Gumbel noise to each row's scores, from that row's generator."""

    def __init__(self, draws: list[str]):
        bits = [random.Random(hash_number(f"0:{seed}:0")).getrandbits(64) for seed in draws]
        self.random = list(map(np.random.default_rng, bits))

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        import torch

        noise = np.stack([own.gumbel(size=scores.shape[1]) for own in self.random])
        return scores + torch.from_numpy(noise).to(scores)


@cache
def _loaded(folder: Path) -> tuple[Any, Any]:
    """Load tokenizer and model. A causal model without a padding token uses its end token."""
    import transformers

    options = {"local_files_only": True, "trust_remote_code": False}
    config = transformers.AutoConfig.from_pretrained(folder, **options)
    paired = config.is_encoder_decoder
    kind = transformers.AutoModelForSeq2SeqLM if paired else transformers.AutoModelForCausalLM
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **options)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    model = kind.from_pretrained(folder, use_safetensors=True, **options)
    return tokenizer, model.eval()
