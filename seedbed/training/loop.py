"""The one training loop: every approach that trains by gradient brings a module and goes through.

AdamW (Loshchilov and Hutter, 2019), linear warm-up and decay, batches of like length by token
budget, row weights, label smoothing (Szegedy et al., 2016), clipping at norm 1, early stopping on
validation macro-F1; the best epoch's weights are the ones kept. A training that was killed goes on
from its last epoch (seedbed/training/checkpoints.py).
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from seedbed.core.errors import ModelError
from seedbed.core.stage import progress
from seedbed.encoding.encoder import device, model_inputs, outputs
from seedbed.encoding.examples import Examples, token_budget_batches
from seedbed.running.code_versions import version_of
from seedbed.scoring.metrics import macro_f1_of
from seedbed.training.checkpoints import Curve, Point, digest_of, load_point, save_point, trained
from seedbed.training.loop_params import LoopParams, TrainingParams
from seedbed.training.task import Task

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")

Inputs = dict[str, torch.Tensor]
# A module, one batch's inputs and class numbers to the loss of each row: (rows,) float32.
Losses = Callable[[nn.Module, Inputs, torch.Tensor], torch.Tensor]


class Work(NamedTuple):
    """What is trained: a module, AdamW's parameter groups (one without `lr` takes
    `learning_rate`), the loss of each row, and the score of an epoch on rows that it did not learn
    from. The best epoch is kept, and after `patience_epochs` without a better one training stops;
    with 0, or without a score, it is the last."""

    module: nn.Module
    groups: list[dict]
    losses: Losses
    score: Callable[[nn.Module], float] | None
    patience_epochs: int = 0

    @property
    def keeps_best(self) -> bool:
        """Whether the best epoch is kept, and not the last."""
        return self.score is not None and self.patience_epochs > 0


def layer_groups(
    module: nn.Module, depth: int, params: LoopParams, layer_decay: float
) -> list[dict]:
    """One AdamW group a layer: the head at the full rate, each layer below it `layer_decay` times
    the one above (Howard and Ruder, 2018). Biases and layer norms are not decayed."""
    groups = []
    for name, weight in module.named_parameters():
        if ".layer." in name:
            below = depth - int(name.split(".layer.")[1].split(".")[0])
        else:
            below = depth + 1 if "embeddings" in name else 0
        groups.append(
            {
                "params": [weight],
                "lr": params.learning_rate * layer_decay**below,
                "weight_decay": params.weight_decay if weight.ndim > 1 else 0.0,
            }
        )
    return groups


def fit(
    module: nn.Module,
    groups: list[dict],
    task: Task,
    params: TrainingParams,
    seed: int,
    label: str,
    losses: Losses | None = None,
) -> Curve:
    """Train a classifier in place and give its curve: one dict an epoch.

    `module(**model_inputs)` gives logits (windows, classes). `losses` are the cross-entropy of
    these, if none are given. With `patience_epochs: 0` the last epoch is kept, not the best.
    Raises ModelError as `train` does.
    """

    def cross_entropy(model: nn.Module, inputs: Inputs, labels: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(
            model(**inputs).float(),
            labels,
            reduction="none",
            label_smoothing=params.label_smoothing,
        )

    def score(model: nn.Module) -> float:
        logits = outputs(model, task.validation, task.dtype, f"{label} validation")
        pooled = task.validation.pooled(logits)
        return macro_f1_of(task.validation.row_labels, pooled.argmax(1))

    work = Work(module, groups, losses or cross_entropy, score, params.patience_epochs)
    rows = {"train": task.train, "validation": task.validation}
    return train(work, rows, params, seed, task.dtype, label, task.checkpoints)


def train(
    work: Work,
    rows: dict[str, Examples],
    params: LoopParams,
    seed: int,
    dtype: torch.dtype,
    label: str,
    checkpoints: Path | None,
) -> Curve:
    """Train on `rows["train"]`; what else is in `rows` is what the score reads. With a folder
    `checkpoints` it goes on where the same training was killed.

    Raises ModelError when the loss is not a finite number, and when memory does not suffice.
    """
    module, examples = work.module, rows["train"]
    told = {"params": params.model_dump(), "seed": seed, "dtype": str(dtype), "label": label}
    file = checkpoints and checkpoints / f"{_name(module, rows, told)}.safetensors"
    torch.manual_seed(seed)
    shuffle = np.random.default_rng(seed)
    lengths = [len(row) for row in examples.ids]
    epochs: list[list[np.ndarray]] = []
    while len(epochs) < params.epochs or sum(map(len, epochs)) < params.min_steps:
        epochs.append(token_budget_batches(lengths, params.batch_tokens, shuffle))
    module.to(device())
    optimizer = torch.optim.AdamW(
        work.groups, lr=params.learning_rate, weight_decay=params.weight_decay, fused=True
    )
    full_rates = [group["lr"] for group in optimizer.param_groups]
    rate = _warmup_then_decay(sum(map(len, epochs)), params.warmup_share)
    point = (file and load_point(file, module, optimizer)) or Point([], 0, {})
    for epoch, batches in list(enumerate(epochs, start=1))[len(point.curve) :]:
        if point.steps >= params.min_steps and _is_over(point.curve, work):
            break
        place = f"{label} epoch {epoch}/{len(epochs)}"
        total, count, steps = 0.0, 0, point.steps
        module.train()
        with _memory_told(label):
            for number, batch in enumerate(progress(batches, place, len(batches)), start=1):
                for group, full in zip(optimizer.param_groups, full_rates, strict=True):
                    group["lr"] = full * rate(steps)
                value = _step(work, optimizer, examples, batch, dtype)
                if not math.isfinite(value):
                    raise _not_finite(f"{place}, step {number}", value, epoch - 1, file)
                total, count, steps = total + value * len(batch), count + len(batch), steps + 1
            point = _after(work, point, total / count, steps)
        if file:
            save_point(file, module, optimizer, point)
    module.load_state_dict(point.best, strict=False)
    return point.curve


def _name(module: nn.Module, rows: dict[str, Examples], told: dict) -> str:
    code = [version_of(train).digest, type(module).__qualname__]
    return digest_of(module, rows, {**told, "code": code, "device": device().type})


def _is_over(curve: Curve, work: Work) -> bool:
    if not curve or not work.keeps_best:
        return False
    best = max(curve, key=lambda point: point["validation_macro_f1"])["epoch"]
    return curve[-1]["epoch"] - best >= work.patience_epochs


def _after(work: Work, before: Point, loss: float, steps: int) -> Point:
    """Where training stands after one more epoch; the best weights are copied, they train on."""
    end: dict[str, float] = {"epoch": len(before.curve) + 1, "train_loss": loss}
    best = before.best
    if work.score is not None:
        end["validation_macro_f1"] = work.score(work.module)
    scores = [point.get("validation_macro_f1", 0.0) for point in before.curve]
    if not work.keeps_best or end["validation_macro_f1"] > max(scores, default=-1.0):
        best = {name: weight.clone() for name, weight in trained(work.module).items()}
    return Point([*before.curve, end], steps, best)


def _warmup_then_decay(steps: int, warmup_share: float) -> Callable[[int], float]:
    """The share of the full learning rate at each step."""
    warmup = max(1, round(steps * warmup_share))
    return lambda step: min(1.0, (step + 1) / warmup, (steps - step) / max(1, steps - warmup))


def _step(
    work: Work,
    optimizer: torch.optim.Optimizer,
    examples: Examples,
    batch: np.ndarray,
    dtype: torch.dtype,
) -> float:
    """Learn from one batch; its loss a row, or what is not finite of loss and gradient."""
    where, module = device(), work.module
    labels = torch.from_numpy(examples.labels[batch]).to(where)
    weights = torch.from_numpy(examples.weights[batch]).to(where)
    with torch.autocast(where.type, dtype, enabled=dtype != torch.float32):
        losses = work.losses(module, model_inputs(examples, batch, where), labels)
    loss = (losses * weights).sum() / weights.sum()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    value, size = torch.stack([loss.detach(), norm]).tolist()
    if not math.isfinite(value + size):
        return value + size  # without a step, so that the weights stay good
    optimizer.step()
    return value


def _not_finite(place: str, value: float, epochs: int, file: Path | None) -> ModelError:
    name = place.partition(" ")[0]
    kept = f"; epoch {epochs} is kept in {file}" if file and epochs else ""
    return ModelError(
        place,
        f"the loss or its gradient is {value}",
        "a finite number",
        f"lower the learning_rate of `{name}`, or set encoder.precision: float32{kept}",
    )


@contextmanager
def _memory_told(label: str) -> Iterator[None]:
    """An error of too little memory says which params to lower; every other one is passed on."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # CUDA's is a RuntimeError, too
        words = str(error).lower()
        if not isinstance(error, MemoryError) and not any(one in words for one in OUT_OF_MEMORY):
            raise
        raise ModelError(
            f"params.yaml: approaches.{label}",
            "a batch that the memory does not hold",
            "one that it holds",
            f"lower approaches.{label}.batch_tokens or encoder.max_length",
        ) from error
