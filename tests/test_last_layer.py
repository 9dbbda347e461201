"""The last layer at the first token alone: the same logits and gradients as the stock model."""

import pytest
import torch
import transformers
from transformers import AutoModelForSequenceClassification as Stock

from seedbed.encoding.encoder import first_token_alone

TINY = {
    "vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 64, "max_position_embeddings": 40, "num_labels": 3,
}  # fmt: skip
IDS = torch.arange(5, 29).reshape(2, 12)
PADDED = (torch.arange(12) < 9).long().expand(2, 12)
MASKS = {"nothing padded": torch.ones_like(PADDED), "padded": PADDED}


def tiny(family: str, **changes) -> torch.nn.Module:
    quiet = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    config = getattr(transformers, f"{family}Config")(**TINY, **{**quiet, **changes})
    torch.manual_seed(0)
    return Stock.from_config(config, attn_implementation="sdpa").train()


def learned(model: torch.nn.Module, mask: torch.Tensor) -> tuple[torch.Tensor, dict]:
    logits = model(input_ids=IDS, attention_mask=mask).logits
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 2])).backward()
    return logits.detach(), {name: weight.grad for name, weight in model.named_parameters()}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("family", ["Bert", "Roberta", "XLMRoberta", "Camembert", "Electra"])
def test_logits_and_gradients_are_those_of_the_stock_model(family, mask):
    logits, gradients = learned(tiny(family), mask)
    model = first_token_alone(tiny(family))
    states: list[torch.Tensor] = []
    model.base_model.encoder.layer[-1].register_forward_hook(lambda *told: states.append(told[2]))
    ours, our_gradients = learned(model, mask)
    assert states[0].shape == (2, 1, 32)  # or the test would compare the stock model to itself
    torch.testing.assert_close(ours, logits, atol=1e-6, rtol=1e-5)
    for name, gradient in gradients.items():
        if gradient is not None:
            torch.testing.assert_close(our_gradients[name], gradient, atol=1e-6, rtol=1e-4)


def test_weights_keep_their_names(tmp_path):
    model = first_token_alone(tiny("Bert"))
    model.save_pretrained(tmp_path)
    again = Stock.from_pretrained(tmp_path).eval()
    torch.testing.assert_close(again(IDS).logits, model.eval()(IDS).logits)


@pytest.mark.parametrize(
    ("family", "changes"),
    [("DistilBert", {"dim": 32}), ("Bert", {"attention_probs_dropout_prob": 0.1})],
    ids=["a head and layers of another build", "dropout in attention"],
)
def test_any_other_model_is_left_as_it_is(family, changes):
    sizes = {"n_layers": 2, "n_heads": 2, "hidden_dim": 64} if family == "DistilBert" else {}
    model = first_token_alone(tiny(family, **changes, **sizes))
    assert not any("forward" in vars(module) for module in model.modules())
