"""The prompt approach, by what kind of checkpoint there is: label prompts or cloze."""

import numpy as np
import pytest
import torch
from conftest import approach_params, small_training_data, tiny_masked_lm

from seedbed.approaches import prompt
from seedbed.core.errors import ParamsError
from seedbed.core.files import read_json, write_json
from seedbed.encoding.tokens import Encoded, TextTokenizer, Truncation
from seedbed.private.kinds import AnonymizeParams
from seedbed.scoring.metrics_files import Choice
from seedbed.serving.model_folder import Serving, TextPreparation, model_readme
from seedbed.tasks import class_task
from seedbed.training.classifier import Classifier
from seedbed.training.models import read_card
from seedbed.training.objectives import ClozeScorer, Gap, contrastive_losses, load_masked_lm

CLOZE = "{text} It is {mask}."


def params_of(**changes) -> prompt.Params:
    few = {"descriptions": {}, "template": "{label}", "epochs": 6, "min_steps": 0, "cloze": CLOZE}
    return approach_params("prompt", **few | changes)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return small_training_data(tmp_path_factory.mktemp("sentences"))


@pytest.fixture(scope="module")
def masked(tmp_path_factory):
    return small_training_data(tmp_path_factory.mktemp("masked"), tiny_masked_lm)


def test_the_checkpoint_says_which_kind_it_is_asked(data, masked):
    assert prompt.kind_of(class_task, data.encoder, params_of()) == "label_prompts"
    assert prompt.kind_of(class_task, masked.encoder, params_of()) == "cloze"
    asked = params_of(kind="label_prompts")
    assert prompt.kind_of(class_task, masked.encoder, asked) == "label_prompts"


def test_what_the_checkpoint_cannot_do_is_an_error(data, masked, tmp_path):
    with pytest.raises(ParamsError, match="no masked language model's head"):
        prompt.fine_tune(data, params_of(kind="cloze"), 0, tmp_path)
    settings = read_json(masked.encoder / "tokenizer_config.json")
    without = {key: value for key, value in settings.items() if key != "mask_token"}
    write_json(masked.encoder / "tokenizer_config.json", without)
    with pytest.raises(ParamsError, match="the encoder has no mask token"):
        prompt.fine_tune(masked, params_of(), 0, tmp_path)
    write_json(masked.encoder / "tokenizer_config.json", settings)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cloze": "It is {mask}."}, "a text with {text} and {mask} in it"),
        ({"cloze": "{text} is {mask} or {mask}."}, "once each"),
        ({"words": {"sport": "ball"}}, "no class sport in the data"),
        ({"words": {"cooking": "onionsoup"}}, "`onionsoup`, which is"),
        ({"words": {"cooking": "rain", "weather": "rain"}}, "the same word for two classes"),
    ],
)
def test_a_cloze_that_cannot_be_is_an_error(masked, tmp_path, changes, words):
    with pytest.raises(ParamsError) as error:
        prompt.fine_tune(masked, params_of(**{"words": WORDS} | changes), 0, tmp_path)
    assert words in str(error.value)


WORDS = {"cooking": "soup", "weather": "rain"}


def shown(masked, encoded: Encoded) -> list[str]:
    from transformers import AutoTokenizer

    return [AutoTokenizer.from_pretrained(masked.encoder).decode(ids) for ids in encoded.ids]


def test_the_template_stands_around_the_text_and_is_never_cut(masked):
    gap = Gap(masked.encoder, Truncation(12), "Look: {text} It is {mask}.", ["soup", "rain"])
    texts = ["we talked of rain", "rain " * 40, "the [MASK] of rain"]
    filled = gap.filled(TextTokenizer(masked.encoder, Truncation(12))(texts))
    found = shown(masked, filled)
    assert all(len(ids) <= 12 for ids in filled.ids)
    assert all(line.endswith("it is [MASK]. [SEP]") for line in found), found
    assert all(line.startswith("[CLS] look :") for line in found)
    assert [list(ids).count(gap.mask) for ids in filled.ids] == [1, 1, 1]


def test_of_a_long_text_the_end_stays_where_the_tail_is_kept(masked):
    cut = Truncation(12, "tail")
    gap = Gap(masked.encoder, cut, CLOZE, ["soup", "rain"])
    filled = gap.filled(TextTokenizer(masked.encoder, cut)(["fog " * 40 + "rain"]))
    assert "rain it is [MASK]" in shown(masked, filled)[0]


def test_pairs_are_filled_with_their_separator_and_segments(masked):
    gap = Gap(masked.encoder, Truncation(32), CLOZE, ["soup", "rain"])
    rows = TextTokenizer(masked.encoder, Truncation(32))(["rain"], ["fog"])
    filled = gap.filled(rows)
    assert "rain [SEP] fog it is [MASK]" in shown(masked, filled)[0]
    assert len(filled.segments[0]) == len(filled.ids[0])
    assert filled.segments[0][-1] == 1


def test_the_scores_are_those_of_the_stock_model_at_the_gap(masked):
    gap = Gap(masked.encoder, Truncation(32), CLOZE, ["soup", "rain"])
    rows = gap.filled(TextTokenizer(masked.encoder, Truncation(32))(["we talked of rain"]))
    model = load_masked_lm(masked.encoder).eval()
    ids = torch.from_numpy(rows.ids[0].astype(np.int64))[None]
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    with torch.inference_mode():
        ours = ClozeScorer(model, gap)(**inputs)
        stock = model(**inputs).logits[0, ids[0].tolist().index(gap.mask), gap.word_ids]
    assert ours[0].numpy() == pytest.approx(stock.numpy(), abs=1e-5)


@pytest.mark.parametrize("kind", ["label_prompts", "cloze"])
def test_either_kind_learns_and_tells_its_zero_shot_score(data, masked, tmp_path, kind):
    of_kind = masked if kind == "cloze" else data
    params = params_of(words=WORDS, learning_rate=1e-3, epochs=30, patience_epochs=30)
    curve = prompt.fine_tune(of_kind, params, 0, tmp_path)
    assert curve[0]["epoch"] == 0
    assert "train_loss" not in curve[0]
    assert max(point["validation_macro_f1"] for point in curve) > 0.8
    found = Classifier(tmp_path).probabilities(["and then came the rain", "and then came the pan"])
    assert found.sum(1) == pytest.approx([1, 1])


def test_a_cloze_folder_is_read_by_the_stock_fill_mask_pipeline(masked, tmp_path):
    from transformers import pipeline

    prompt.fine_tune(masked, params_of(words=WORDS), 0, tmp_path)
    ours = Classifier(tmp_path).probabilities(["we talked of rain"])[0]
    stock = pipeline("fill-mask", model=str(tmp_path))(
        "we talked of rain It is [MASK].", targets=list(WORDS.values())
    )
    card = read_card(tmp_path)
    asked = AnonymizeParams(key_fingerprint="0" * 12, mode="placeholder", kinds=("email",))
    serving = Serving(
        paired=False, temperature=1.0, outside="", thresholds=[], precision="auto",
        preparation=TextPreparation(rules=[], anonymize=asked),
    )  # fmt: skip
    choice = Choice.model_construct(approach="prompt", seed="0", why="It is the best.")
    shown = model_readme(card, choice, serving)
    assert 'forecast. It is [MASK].")' in shown
    scores = {one["token_str"]: one["score"] for one in stock}
    share = scores["soup"] / (scores["soup"] + scores["rain"])
    assert ours[0] == pytest.approx(share, abs=1e-4)


def test_with_few_rows_texts_are_paired_and_the_head_has_a_bias(data, tmp_path, monkeypatch):
    calls = []
    whole = prompt.PromptScorer.paired_losses

    def noted(*given):
        calls.append(1)
        return whole(*given)

    monkeypatch.setattr(prompt.PromptScorer, "paired_losses", noted)
    heads = {}
    for below in (0, 9):  # the data has eight rows a class
        (tmp_path / str(below)).mkdir()
        params = params_of(pairs_below=below, epochs=2)
        prompt.fine_tune(data, params, 0, tmp_path / str(below))
        heads[below] = (len(calls), Classifier(tmp_path / str(below)).module.head[0].bias)
    assert heads[0] == (0, None)
    assert heads[9][0] > 0
    assert heads[9][1] is not None


def test_the_contrastive_loss_by_hand():
    """Rows 0 and 1 are of class 0, row 2 of class 1; its one pair is prompt 1."""
    similar = torch.tensor([[9.0, 1.0, 0.0, 1.0, 0.0], [1.0, 9.0, 0.0, 1.0, 0.0],
                            [0.0, 0.0, 9.0, 0.0, 2.0]])  # fmt: skip
    labels, others = torch.tensor([0, 0, 1]), torch.tensor([0, 0, 1, 0, 1])
    e = np.exp(1)
    first = -np.log(e / (2 * e + 2))
    third = -np.log(np.exp(2) / (np.exp(2) + 3))
    found = contrastive_losses(similar, class_task.alike(labels, others)).tolist()
    assert found == pytest.approx([first, first, third])


def test_with_a_strong_prior_the_head_of_few_rows_is_the_prompts(data, tmp_path):
    """C near zero lets no row draw it away: only the biases are free."""
    heads = {}
    for prior in (0.0, 10.0):
        (tmp_path / str(prior)).mkdir()
        params = params_of(pairs_below=9, epochs=1, prompt_prior=prior, head_strength=1e-6)
        prompt.fine_tune(data, params, 0, tmp_path / str(prior))
        heads[prior] = Classifier(tmp_path / str(prior)).module.head[0].weight
    assert heads[0.0].abs().max() < 1e-3
    assert heads[10.0].norm(dim=1).tolist() == pytest.approx([10, 10], abs=1e-2)
