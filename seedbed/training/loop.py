"""The one training loop, which every approach that trains by gradient hands its module to.

AdamW (Loshchilov and Hutter, 2019), linear warm-up and decay, batches of like length by token
budget, row weights, label smoothing (Szegedy et al., 2016), clipping at norm 1, early stopping on
validation macro-F1, which keeps the weights of the best epoch. A training that was killed continues
from its last epoch (seedbed/training/checkpoints.py).
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

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
from seedbed.training.params import LoopParams, TrainingParams
from seedbed.training.tasks import Task

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")

Inputs = dict[str, torch.Tensor]
Groups = list[dict[str, Any]]  # of AdamW: parameters, and what they have of their own
# From a module, one batch's inputs and class indices to the loss of each row: (rows,) float32.
Losses = Callable[[nn.Module, Inputs, torch.Tensor], torch.Tensor]


class Work(NamedTuple):
    """What is trained: a module, AdamW's parameter groups (a group without `lr` takes
    `learning_rate`), the loss of each row, and the score of an epoch on held-out rows.

    The best epoch is kept, and training stops after `patience_epochs` without a better one; with 0,
    or without a score, the last epoch is kept."""

    module: nn.Module
    groups: Groups
    losses: Losses
    score: Callable[[nn.Module], float] | None
    patience_epochs: int = 0

    @property
    def keeps_best(self) -> bool:
        """Whether the best epoch is kept rather than the last."""
        return self.score is not None and self.patience_epochs > 0


class Run(NamedTuple):
    """One training: the approach or stage that it is of, its parameters, its seed, the precision,
    and the folder of its checkpoints, or None to keep none."""

    name: str
    params: LoopParams
    seed: int
    dtype: torch.dtype
    checkpoints: Path | None = None


def layer_groups(module: nn.Module, depth: int, params: LoopParams, layer_decay: float) -> Groups:
    """One AdamW group for each weight: the head at the full rate, each layer below it at
    `layer_decay` times the rate of the one above (Howard and Ruder, 2018). Biases and layer norms
    get no weight decay."""
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
    groups: Groups,
    task: Task,
    params: TrainingParams,
    seed: int,
    approach: str,
    losses: Losses | None = None,
) -> Curve:
    """Train a classifier in place and give its curve: one dict an epoch.

    `module(**model_inputs)` gives logits (windows, classes); `losses` defaults to their
    cross-entropy. Raises ModelError as `train` does.
    """

    def cross_entropy(model: nn.Module, inputs: Inputs, labels: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(
            model(**inputs).float(),
            labels,
            reduction="none",
            label_smoothing=params.label_smoothing,
        )

    def score(model: nn.Module) -> float:
        logits = outputs(model, task.validation, task.dtype, f"{approach} validation")
        pooled = task.validation.pooled(logits)
        return macro_f1_of(task.validation.row_labels, pooled.argmax(1))

    work = Work(module, groups, losses or cross_entropy, score, params.patience_epochs)
    rows = {"train": task.train, "validation": task.validation}
    return train(work, rows, Run(approach, params, seed, task.dtype, task.checkpoints))


def train(work: Work, rows: dict[str, Examples], run: Run) -> Curve:
    """Train on `rows["train"]`; the score may read what else is in `rows`. With a folder of
    checkpoints it continues where the same training was killed.

    Raises ModelError when the loss is not a finite number, and when memory runs out.
    """
    module, examples, params = work.module, rows["train"], run.params
    file = run.checkpoints and run.checkpoints / f"{_name(module, rows, run)}.safetensors"
    torch.manual_seed(run.seed)
    epochs = _batches(examples, params, run.seed)
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
        place = f"{run.name} epoch {epoch}/{len(epochs)}"
        total, count, steps = 0.0, 0, point.steps
        module.train()
        with _memory_explained(run.name):
            for number, batch in enumerate(progress(batches, place, len(batches)), start=1):
                for group, full in zip(optimizer.param_groups, full_rates, strict=True):
                    group["lr"] = full * rate(steps)
                value = _step(work, optimizer, examples, batch, run.dtype)
                if not math.isfinite(value):
                    raise _not_finite(f"{place}, step {number}", value, epoch - 1, file)
                total, count, steps = total + value * len(batch), count + len(batch), steps + 1
            point = _after(work, point, total / count, steps)
        if file:
            save_point(file, module, optimizer, point)
    module.load_state_dict(point.best, strict=False)
    return point.curve


def _batches(examples: Examples, params: LoopParams, seed: int) -> list[list[np.ndarray]]:
    """The batches of each epoch: `epochs` of them, and more until there are `min_steps` batches."""
    shuffle = np.random.default_rng(seed)
    lengths = [len(row) for row in examples.ids]
    epochs: list[list[np.ndarray]] = []
    while len(epochs) < params.epochs or sum(map(len, epochs)) < params.min_steps:
        epochs.append(token_budget_batches(lengths, params.batch_tokens, shuffle))
    return epochs


def _name(module: nn.Module, rows: dict[str, Examples], run: Run) -> str:
    facts = {
        "label": run.name,
        "params": run.params.model_dump(),
        "seed": run.seed,
        "dtype": str(run.dtype),
        "device": device().type,
        "code": [version_of(train).digest, type(module).__qualname__],
    }
    return digest_of(module, rows, facts)


def _is_over(curve: Curve, work: Work) -> bool:
    if not curve or not work.keeps_best:
        return False
    best = max(curve, key=lambda point: point["validation_macro_f1"])["epoch"]
    return curve[-1]["epoch"] - best >= work.patience_epochs


def _after(work: Work, before: Point, loss: float, steps: int) -> Point:
    """The state after one more epoch; the best weights are copied, since training changes them."""
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
    """Take one step and give the mean loss of the batch's rows; where loss or gradient is not
    finite, give that and take no step."""
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
        return value + size  # no step, so that the weights stay valid
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
def _memory_explained(name: str) -> Iterator[None]:
    """Turn an out-of-memory error into a ModelError that names the parameters to lower."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # CUDA's is a RuntimeError, too
        words = str(error).lower()
        if not isinstance(error, MemoryError) and not any(part in words for part in OUT_OF_MEMORY):
            raise
        raise ModelError(
            f"training `{name}`",
            "a batch does not fit into memory",
            "batches that fit",
            "lower batch_tokens in `training` or encoder.max_length in params.yaml",
        ) from error
