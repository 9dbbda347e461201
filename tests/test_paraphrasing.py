"""Paraphrases by tiny models made here, text-to-text and causal: loaded safely, the same twice."""

from pathlib import Path

import pytest
import torch

from seedbed.core.errors import ModelError, ParamsError
from seedbed.core.files import sha256_of
from seedbed.making.paraphrasing import (
    ParaphraseParams,
    ToParaphrase,
    paraphrase_texts,
    paraphrases,
)

TEXTS = ["the storm broke three old trees", "fry the onion", "the dog slept"]


def tokenizer_for(folder: Path):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.BPE(unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Metaspace()
    words.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(
        vocab_size=120, special_tokens=["<pad>", "</s>", "<unk>"], show_progress=False
    )
    words.train_from_iterator([*TEXTS, "paraphrase:"], trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
        model_max_length=64,
    )  # fmt: skip
    tokenizer.save_pretrained(folder)
    return tokenizer


@pytest.fixture(scope="module", params=["text_to_text", "causal"])
def folder(request, tmp_path_factory) -> Path:
    from transformers import GPT2Config, GPT2LMHeadModel, T5Config, T5ForConditionalGeneration

    folder = tmp_path_factory.mktemp(request.param)
    size = len(tokenizer_for(folder))
    torch.manual_seed(0)
    ends = {"vocab_size": size, "pad_token_id": 0, "eos_token_id": 1}
    if request.param == "causal":
        config = GPT2Config(n_positions=64, n_embd=32, n_layer=2, n_head=2, bos_token_id=1, **ends)
        model = GPT2LMHeadModel(config)
    else:
        config = T5Config(
            d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2, decoder_start_token_id=0,
            **ends,
        )  # fmt: skip
        model = T5ForConditionalGeneration(config)
    with torch.no_grad():  # large weights, so that what it writes hangs on what it reads
        for weight in model.parameters():
            weight.mul_(3)
    model.save_pretrained(folder)
    return folder


def params(folder: Path, **more) -> ParaphraseParams:
    base = {"model": str(folder), "revision": "", "prompt": "paraphrase: {text}", "beams": 1,
            "sha256": sha256_of(folder / "model.safetensors"), "max_new_tokens": 20,
            "temperature": 0.0, "top_p": 1.0}  # fmt: skip
    return ParaphraseParams(**base | more)


def write(folder: Path, asked, **more) -> list[tuple[str, str]]:
    base = {"prompt": "paraphrase: {text}", "max_new_tokens": 20, "beams": 1,
            "temperature": 0.0, "top_p": 1.0}  # fmt: skip
    return paraphrase_texts(asked, folder, **base | more)


@pytest.mark.parametrize("beams", [1, 2])
def test_greedy_and_beams_write_the_same_twice_and_in_any_company(folder, beams):
    asked = [(text, "") for text in TEXTS]
    together = write(folder, asked, beams=beams)
    assert together == write(folder, asked, beams=beams)
    assert together[1:2] == write(folder, asked[1:2], beams=beams)
    assert any(text for text, _ in together)


def test_greedy_is_what_the_stock_library_writes(folder):
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    paired = AutoConfig.from_pretrained(folder).is_encoder_decoder
    kind = AutoModelForSeq2SeqLM if paired else AutoModelForCausalLM
    inputs = tokenizer("paraphrase: " + TEXTS[0], return_tensors="pt")["input_ids"]
    out = kind.from_pretrained(folder).generate(
        inputs, attention_mask=torch.ones_like(inputs), max_new_tokens=20, do_sample=False
    )
    stock = tokenizer.decode(out[0][0 if paired else inputs.shape[1] :], skip_special_tokens=True)
    assert write(folder, [(TEXTS[0], "")])[0][0] == stock.strip()


def test_each_row_draws_its_own_in_any_company(folder):
    asked = [(TEXTS[0], f"0:{row}:0") for row in "abc"] + [(TEXTS[1], "0:d:0")]
    together = write(folder, asked, temperature=1.5)
    assert len({text for text, _ in together[:3]}) == 3
    assert together[1:2] == write(folder, asked[1:2], temperature=1.5)
    assert together[::-1] == write(folder, asked[::-1], temperature=1.5)


def test_sampling_draws_from_the_probabilities():
    """The Gumbel-max trick on three tokens of known probability."""
    from seedbed.making.paraphrasing import _RowNoise

    wanted = torch.tensor([0.6, 0.3, 0.1])
    noise = _RowNoise([str(row) for row in range(4000)])
    drawn = noise(None, wanted.log().expand(4000, 3)).argmax(1)
    found = torch.bincount(drawn, minlength=3) / 4000
    assert found.tolist() == pytest.approx(wanted.tolist(), abs=0.03)


def test_a_text_that_is_too_long_is_left_out_and_said(folder):
    found = write(folder, [(TEXTS[1], ""), (" ".join(TEXTS * 9), "")], max_new_tokens=30)
    assert found[1] == ("", "too_long_to_paraphrase")
    assert found[0][1] != "too_long_to_paraphrase"


def test_the_memo_gives_what_the_model_wrote(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = [ToParaphrase(text, "0:a:0") for text in TEXTS]
    found = paraphrases(asked, params(folder))
    monkeypatch.setattr("seedbed.making.paraphrasing._written", None)
    assert paraphrases(asked, params(folder)) == found
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    with pytest.raises(TypeError):
        paraphrases(asked, params(folder))


def test_other_weights_and_other_formats_are_refused(folder, tmp_path):
    with pytest.raises(ModelError, match="augment.paraphrase.sha256"):
        paraphrases([ToParaphrase("x", "")], params(folder, sha256="0"))
    (tmp_path / "pytorch_model.bin").write_bytes(b"a pickle")
    with pytest.raises(ModelError, match=r"augment.paraphrase.model.*no model.safetensors"):
        paraphrases([ToParaphrase("x", "")], params(folder, model=str(tmp_path)))
    with pytest.raises(ModelError, match=r"augment.paraphrase.revision: empty"):
        paraphrases([ToParaphrase("x", "")], params(folder, model="hub:a/b"))


def test_beams_and_sampling_exclude_each_other(folder):
    with pytest.raises(ParamsError, match="beam search or sampling"):
        paraphrases([ToParaphrase("x", "")], params(folder, beams=4, temperature=1.0))
    with pytest.raises(ValueError, match="prompt"):
        params(folder, prompt="say it otherwise")
