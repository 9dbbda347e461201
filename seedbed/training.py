"""The one training loop: every approach that trains by gradient brings a module and goes through.

AdamW (Loshchilov and Hutter, 2019), linear warm-up and decay, batches of like length by token
budget, row weights, label smoothing (Szegedy et al., 2016), clipping at norm 1, early stopping on
validation macro-F1; the best epoch's weights are the ones kept.
"""

import numpy as np
import torch
from pydantic import Field
from torch import nn

from seedbed.encoder import device, model_inputs, outputs
from seedbed.errors import ModelError
from seedbed.examples import Examples, token_budget_batches
from seedbed.params import Section
from seedbed.scoring import macro_f1_of
from seedbed.stage import progress


class TrainingParams(Section):
    """What every approach that goes through the loop can be told."""

    run: bool
    epochs: int = Field(gt=0)
    learning_rate: float = Field(gt=0)
    batch_tokens: int = Field(gt=0)
    warmup_share: float = Field(ge=0, lt=1)
    weight_decay: float = Field(ge=0)
    label_smoothing: float = Field(ge=0, lt=1)
    patience_epochs: int = Field(gt=0)


def fit(
    module: nn.Module,
    groups: list[dict],
    train: Examples,
    validation: Examples,
    params: TrainingParams,
    seed: int,
    dtype: torch.dtype,
    label: str,
) -> list[dict[str, float]]:
    """Train `module` in place and give its curve: one dict an epoch.

    `module(**model_inputs)` gives logits (windows, classes); `groups` are AdamW's
    parameter groups, a group without `lr` takes `params.learning_rate`. Raises ModelError when
    the loss is not a finite number.
    """
    torch.manual_seed(seed)
    shuffle = np.random.default_rng(seed)
    lengths = [len(row) for row in train.ids]
    epochs = [
        token_budget_batches(lengths, params.batch_tokens, shuffle) for _ in range(params.epochs)
    ]
    optimizer = torch.optim.AdamW(
        groups, lr=params.learning_rate, weight_decay=params.weight_decay, fused=True
    )
    schedule = _warmup_then_decay(optimizer, sum(map(len, epochs)), params.warmup_share)
    module.to(device())
    curve: list[dict[str, float]] = []
    best: dict[str, torch.Tensor] = {}
    for epoch, batches in enumerate(epochs, start=1):
        loss = _one_epoch(
            module,
            optimizer,
            schedule,
            train,
            batches,
            params.label_smoothing,
            dtype,
            f"{label} epoch {epoch}/{params.epochs}",
        )
        logits = validation.pooled(outputs(module, validation, dtype, f"{label} validation"))
        score = macro_f1_of(validation.row_labels, logits.argmax(1))
        curve.append({"epoch": epoch, "train_loss": loss, "validation_macro_f1": score})
        best_epoch = max(curve, key=lambda point: point["validation_macro_f1"])["epoch"]
        if best_epoch == epoch:
            best = {key: value.clone() for key, value in _trained(module).items()}
        elif epoch - best_epoch >= params.patience_epochs:
            break
    module.load_state_dict(best, strict=False)
    return curve


def _trained(module: nn.Module) -> dict[str, torch.Tensor]:
    weights = module.named_parameters()
    return {name: weight.detach() for name, weight in weights if weight.requires_grad}


def _warmup_then_decay(
    optimizer: torch.optim.Optimizer, steps: int, warmup_share: float
) -> torch.optim.lr_scheduler.LambdaLR:
    warmup = max(1, round(steps * warmup_share))

    def factor(step: int) -> float:
        rising = (step + 1) / warmup
        falling = (steps - step) / max(1, steps - warmup)
        return min(1.0, rising, falling)

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def _one_epoch(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
    train: Examples,
    batches: list[np.ndarray],
    label_smoothing: float,
    dtype: torch.dtype,
    label: str,
) -> float:
    """Train on each batch once; the mean loss a row."""
    where = device()
    module.train()
    total, rows = 0.0, 0
    for number, batch in enumerate(progress(batches, label, len(batches)), start=1):
        labels = torch.from_numpy(train.labels[batch]).to(where)
        weights = torch.from_numpy(train.weights[batch]).to(where)
        with torch.autocast(where.type, dtype, enabled=dtype != torch.float32):
            logits = module(**model_inputs(train, batch, where)).float()
        losses = nn.functional.cross_entropy(
            logits, labels, reduction="none", label_smoothing=label_smoothing
        )
        loss = (losses * weights).sum() / weights.sum()
        value = loss.item()
        if not np.isfinite(value):
            raise ModelError(
                f"{label}, step {number}",
                f"the loss is {value}",
                "a finite number",
                "lower the learning_rate of this approach, or set encoder.precision: float32",
            )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        total, rows = total + value * len(batch), rows + len(batch)
    return total / rows
