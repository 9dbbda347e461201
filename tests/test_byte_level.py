"""Cloze and masked-LM training on a RoBERTa: byte-level BPE, where a space belongs to its word."""

from pathlib import Path

import pytest
import torch
from conftest import small_training_data
from test_prompt import params_of

from seedbed.approaches import prompt
from seedbed.core.errors import ModelError, ParamsError
from seedbed.core.files import read_json, write_json
from seedbed.encoding.tokens import TextTokenizer, Truncation, longest_input
from seedbed.training.classifier import Classifier
from seedbed.training.loop import Run
from seedbed.training.models import AdaptationParams
from seedbed.training.objectives import Gap, adapt

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]  # in this order they are 0 to 4, as RoBERTa's
MORE = ["It is about soup. It is about rain.", "Topic: we talked", "we talked of storms", "soup"]
PLAIN = "{text} It is about {mask}."


def tiny_roberta(folder: Path, texts: list[str]) -> None:
    """A RoBERTa of two layers with a byte-level vocabulary of these texts, trained here."""
    from tokenizers import AddedToken, ByteLevelBPETokenizer
    from tokenizers.processors import RobertaProcessing
    from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaForMaskedLM

    words = ByteLevelBPETokenizer()
    words.train_from_iterator(
        [*texts, *MORE * 3], vocab_size=500, min_frequency=1, special_tokens=SPECIAL[:4],
        show_progress=False,
    )  # fmt: skip
    words.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    words._tokenizer.post_processor = RobertaProcessing(("</s>", 2), ("<s>", 0))
    names = dict(zip(("bos", "pad", "eos", "unk", "mask"), SPECIAL, strict=True))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words._tokenizer, cls_token="<s>", sep_token="</s>",
        **{f"{name}_token": token for name, token in names.items()},
    )  # fmt: skip
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=66, pad_token_id=1,
    )  # fmt: skip
    RobertaForMaskedLM(config).save_pretrained(folder)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return small_training_data(tmp_path_factory.mktemp("bytes"), tiny_roberta)


def gap_of(data, template: str = PLAIN, words: tuple[str, ...] = ("soup", "rain")) -> Gap:
    return Gap(data.encoder, Truncation(32), template, words)


def tokens_of(gap: Gap, ids) -> list[str]:
    return [gap._tokenizer.id_to_token(int(number)) for number in ids]


def filled(data, template: str, text: str) -> tuple[Gap, list[str]]:
    gap = gap_of(data, template)
    rows = TextTokenizer(data.encoder, Truncation(32))([text])
    return gap, tokens_of(gap, gap.filled(rows).ids[0])


@pytest.mark.parametrize(
    ("template", "tokens"),
    [
        (PLAIN, ["Ġsoup", "Ġrain"]),
        ("{text}{mask}", ["Ġsoup", "Ġrain"]),
        ("{mask}: {text}", ["soup", "Ġrain"]),
    ],
    ids=["behind a space", "behind the text", "at the start, and rain is no token there"],
)
def test_a_word_is_the_token_that_stands_at_the_gap(data, template, tokens):
    gap = gap_of(data, template)
    assert tokens_of(gap, gap.word_ids) == tokens


def test_a_word_of_several_tokens_either_way_is_refused(data):
    with pytest.raises(ParamsError, match=r"`onionsoup`, which is \d tokens of this encoder"):
        gap_of(data, words=("onionsoup", "rain"))


def test_the_filled_template_is_tokenized_as_the_whole_text_would_be(data):
    for template in (PLAIN, "Topic: {text} It is about {mask}.", "{mask}: {text}"):
        gap, tokens = filled(data, template, "we talked of rain")
        whole = template.replace("{text}", "we talked of rain").replace("{mask}", "<mask>")
        assert tokens == tokens_of(gap, gap._tokenizer.encode(whole).ids), template


def test_a_mask_token_in_a_text_is_no_second_gap(data):
    _, tokens = filled(data, PLAIN, "the <mask> of rain")
    assert tokens.count("<mask>") == 1
    assert "<unk>" in tokens


def test_it_learns_and_the_stock_pipeline_gives_the_same_shares(data, tmp_path):
    from transformers import pipeline

    words = {"cooking": "soup", "weather": "rain"}
    params = params_of(words=words, cloze=PLAIN, learning_rate=3e-3, epochs=20, patience_epochs=20)
    curve = prompt.fine_tune(data, params, 0, tmp_path)
    assert max(point["validation_macro_f1"] for point in curve) > 0.8
    ours = Classifier(tmp_path).probabilities(["we talked of rain"])[0]
    stock = pipeline("fill-mask", model=str(tmp_path))(
        "we talked of rain It is about <mask>.", targets=[" soup", " rain"]
    )
    scores = {one["token_str"].strip(): one["score"] for one in stock}
    assert ours[0] == pytest.approx(scores["soup"] / sum(scores.values()), abs=1e-4)


def test_it_is_adapted_by_masked_words(data, tmp_path):
    params = AdaptationParams(
        epochs=2, min_steps=0, learning_rate=1e-3, batch_tokens=256, warmup_share=0.1,
        weight_decay=0.01, mask_share=0.3, dropout=0.1, temperature=0.05,
    )  # fmt: skip
    texts = ["we talked of rain", "and then came the soup"] * 4
    tokens = TextTokenizer(data.encoder, Truncation(32))(texts)
    way, curve = adapt(data.encoder, tokens, Run("adapt", params, 0, torch.float32), tmp_path)
    assert way == "masked_lm"
    assert [point["epoch"] for point in curve] == [1, 2]
    assert gap_of(data).words == Gap(tmp_path, Truncation(32), PLAIN, ["soup", "rain"]).words


def test_positions_that_padding_keeps_back_are_not_counted_as_input(data, tmp_path):
    settings = read_json(data.encoder / "config.json")
    write_json(tmp_path / "config.json", settings)
    assert longest_input(tmp_path) == 64  # of 66: two come before the first position
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / file).write_bytes((data.encoder / file).read_bytes())
    with pytest.raises(ModelError, match="at most 64"):
        TextTokenizer(tmp_path, Truncation(66))
