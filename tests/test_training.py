"""The training loop: what is kept, what stops it, what goes on after a kill, what it refuses."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT
from torch import nn

from seedbed.core.errors import ModelError
from seedbed.encoding.examples import Examples
from seedbed.training.loop import Run, Work, _warmup_then_decay, train
from seedbed.training.models import TrainingParams

PARAMS = TrainingParams(
    run=True, epochs=4, min_steps=0, learning_rate=0.05, batch_tokens=16, warmup_share=0.1,
    weight_decay=0.01, label_smoothing=0.0, patience_epochs=4,
)  # fmt: skip


class Words(nn.Module):
    """The sum of a number a word and class: enough to learn by."""

    def __init__(self, dropout: float = 0.0):
        super().__init__()
        torch.manual_seed(1)
        self.words, self.dropout = nn.Embedding(12, 2), nn.Dropout(dropout)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        found = self.dropout(self.words(input_ids))
        return (found * attention_mask.unsqueeze(-1)).sum(1)


def rows(weights: tuple[float, float] = (1.0, 1.0)) -> Examples:
    """Words 2..6 say class 0, words 7..11 class 1; 24 rows of three words."""
    draw = np.random.default_rng(0)
    labels = np.arange(24) % 2
    ids = [draw.integers(2 + 5 * label, 7 + 5 * label, 3) for label in labels]
    weight = np.array(weights, np.float32)[labels]
    return Examples(ids, None, labels, weight, [f"{row:016x}" for row in range(24)])


def work_of(module: nn.Module, score=None, patience: int = 4) -> Work:
    def losses(model, inputs, labels):
        return nn.functional.cross_entropy(model(**inputs), labels, reduction="none")

    return Work(module, [{"params": list(module.parameters())}], losses, score, patience)


def fitted(work: Work, params=PARAMS, seed=0, checkpoints=None, examples=None) -> list[dict]:
    parts = {"train": examples or rows()}
    return train(work, parts, Run("words", params, seed, torch.float32, checkpoints))


def in_turn(scores: list[float], seen: list[torch.Tensor]):
    """A score that gives these in turn and notes the weights it was asked at."""
    waiting = iter(scores)

    def score(module: nn.Module) -> float:
        seen.append(module.words.weight.detach().clone())
        return next(waiting)

    return score


def test_the_best_epoch_is_kept_and_not_the_last():
    module, seen = Words(), []
    curve = fitted(work_of(module, in_turn([0.1, 0.9, 0.5, 0.9], seen)))
    assert [point["validation_macro_f1"] for point in curve] == [0.1, 0.9, 0.5, 0.9]
    assert torch.equal(module.words.weight, seen[1])
    assert not torch.equal(seen[1], seen[3])


@pytest.mark.parametrize(("patience", "epochs"), [(1, 2), (2, 3), (3, 4)])
def test_training_stops_after_epochs_without_a_better_score(patience, epochs):
    module = Words()
    curve = fitted(work_of(module, in_turn([0.5, 0.4, 0.3, 0.2], []), patience))
    assert len(curve) == epochs


def test_without_a_score_the_last_epoch_is_kept():
    longer, shorter = Words(), Words()
    assert [point["epoch"] for point in fitted(work_of(longer))] == [1, 2, 3, 4]
    fitted(work_of(shorter), PARAMS.model_copy(update={"epochs": 1}))
    assert not torch.equal(longer.words.weight, shorter.words.weight)


def test_with_patience_0_the_last_epoch_is_kept_whatever_it_scores():
    module, seen = Words(), []
    curve = fitted(work_of(module, in_turn([0.9, 0.1, 0.1, 0.1], seen), patience=0))
    assert len(curve) == 4
    assert torch.equal(module.words.weight, seen[3])


def test_with_few_rows_there_are_more_epochs_and_none_stops_them_early():
    more = PARAMS.model_copy(update={"min_steps": 38})  # five steps an epoch
    curve = fitted(work_of(Words(), in_turn([0.5] * 8, []), patience=1), more)
    assert len(curve) == 8


def test_the_learning_rate_rises_and_then_falls_to_nothing():
    rate = _warmup_then_decay(steps=20, warmup_share=0.2)
    found = [rate(step) for step in range(20)]
    assert found[:4] == [0.25, 0.5, 0.75, 1.0]
    assert found[4:] == sorted(found[4:], reverse=True)
    assert 0 < found[-1] <= 1 / 16


def test_the_weight_of_a_row_is_its_share_of_the_loss():
    """Of rows that contradict each other the heavier class wins."""
    both = rows((5.0, 1.0))
    same = Examples([np.array([3, 3, 3])] * 24, None, both.labels, both.weights, both.rows)
    module = Words()
    fitted(work_of(module), PARAMS.model_copy(update={"epochs": 20}), examples=same)
    first, second = module(torch.tensor([[3, 3, 3]]), torch.ones(1, 3))[0].softmax(0).tolist()
    assert first == pytest.approx(5 / 6, abs=0.02)
    assert second == pytest.approx(1 / 6, abs=0.02)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    weights = []
    for seed in (0, 0, 1):
        module = Words(dropout=0.5)
        fitted(work_of(module), seed=seed)
        weights.append(module.words.weight)
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def run_killed(folder: Path, step: int) -> int:
    command = [sys.executable, str(ROOT / "tests/killed_training.py"), str(folder), str(step)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def test_a_training_that_was_killed_goes_on_and_ends_with_the_same_bits(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    assert run_killed(whole, 0) == 0
    assert run_killed(killed, 13) == -9  # five steps an epoch: in the third
    assert len(list((killed / "checkpoints").glob("*.safetensors"))) == 1
    assert run_killed(killed, 0) == 0
    weights = [(folder / "weights.safetensors").read_bytes() for folder in (whole, killed)]
    assert weights[0] == weights[1]


def test_what_was_done_is_not_done_again(tmp_path):
    fitted(work_of(Words()), checkpoints=tmp_path)
    steps = []
    work = work_of(Words())
    again = work._replace(losses=lambda *batch: steps.append(1) or work.losses(*batch))
    module = again.module
    curve = fitted(again, checkpoints=tmp_path)
    assert (len(curve), steps) == (4, [])
    anew = Words()
    fitted(work_of(anew))
    assert torch.equal(module.words.weight, anew.words.weight)


@pytest.mark.parametrize("what", ["seed", "params", "rows", "module"])
def test_another_run_does_not_go_on_from_a_checkpoint(tmp_path, what):
    fitted(work_of(Words()), checkpoints=tmp_path)
    slower = PARAMS.model_copy(update={"learning_rate": 0.01})
    heavier = rows((2.0, 1.0)) if what == "rows" else None
    fitted(
        work_of(Words(0.5 if what == "module" else 0.0)),
        slower if what == "params" else PARAMS,
        1 if what == "seed" else 0,
        tmp_path,
        heavier,
    )
    assert len(list(tmp_path.glob("*.safetensors"))) == 2


def test_a_damaged_checkpoint_is_as_good_as_none(tmp_path):
    first, second = Words(), Words()
    fitted(work_of(first), checkpoints=tmp_path)
    file = next(tmp_path.glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:100])
    fitted(work_of(second), checkpoints=tmp_path)
    assert torch.equal(first.words.weight, second.words.weight)


def test_a_loss_that_is_no_number_stops_says_where_and_keeps_the_last_good_epoch(tmp_path):
    module, steps, seen = Words(), [], []
    work = work_of(module, in_turn([0.5] * 4, seen))

    def losses(*batch) -> torch.Tensor:
        steps.append(1)
        return work.losses(*batch) * (float("nan") if len(steps) == 8 else 1.0)

    with pytest.raises(ModelError) as error:
        fitted(work._replace(losses=losses), checkpoints=tmp_path)
    file = next(tmp_path.glob("*.safetensors"))
    assert "words epoch 2/4, step 3: the loss or its gradient is nan" in str(error.value)
    assert "lower the learning_rate of `words`" in str(error.value)
    assert f"epoch 1 is kept in {file}" in str(error.value)
    from safetensors.torch import load_file

    assert torch.equal(load_file(file)["weight.words.weight"], seen[0])
    assert torch.isfinite(module.words.weight).all()


def test_too_little_memory_says_which_params_to_lower():
    work = work_of(Words())._replace(losses=lambda *_: torch.empty(2**56))
    with pytest.raises(ModelError) as error:
        fitted(work)
    assert "training `words`" in str(error.value)
    assert "lower batch_tokens in `training` or encoder.max_length" in str(error.value)


def test_another_error_is_not_taken_for_one_of_memory():
    work = work_of(Words())._replace(losses=lambda *_: torch.ones(2) @ torch.ones(3))
    with pytest.raises(RuntimeError, match="inconsistent tensor size"):
        fitted(work)
