"""The one training loop, which every approach that trains by gradient hands its module to.

AdamW (Loshchilov and Hutter, 2019), linear warm-up and decay, batches of like length by token
budget, row weights, label smoothing (Szegedy et al., 2016), clipping at norm 1, early stopping on
validation macro-F1, which keeps the weights of the best epoch.

After each epoch the state is kept, and a training that was killed continues from it. Such a
checkpoint is named by a digest of everything that determines its run: the code of the loop, the
module as it starts, the rows, the parameters, the seed. So only the same run finds it, and a run
that continues from it ends with the same bits as one that was never stopped. Never a pickle.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple, TypedDict

import numpy as np
import torch
from torch import nn
from torch.optim import AdamW

from seedbed.core.errors import ModelError
from seedbed.core.stage import progress
from seedbed.encoding.encoder import check_tokens, device, model_inputs
from seedbed.encoding.examples import Examples, token_budget_batches
from seedbed.running.code_versions import version_of
from seedbed.training import together
from seedbed.training.models import LoopParams

# A folder per stage or approach, deleted when it has written its models: not among a stage's
# outputs, since DVC clears these.
CHECKPOINTS = Path(".seedbed/checkpoints")
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")

Curve = list[dict[str, float]]
Inputs = dict[str, torch.Tensor]
# From a module, one batch's inputs and class indices to the loss of each row: (rows,) float32.
Losses = Callable[[nn.Module, Inputs, torch.Tensor], torch.Tensor]
# From logits (rows, classes) and targets to the loss of each row: (rows,).
RowLosses = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
# From rows, the indices of a batch and a device to what the module takes.
Collate = Callable[[Examples, np.ndarray, torch.device], Inputs]
# From lengths, the token budget and a generator to the batches of an epoch.
Batches = Callable[[Sequence[int], int, np.random.Generator], list[np.ndarray]]
ScoreName = Literal["validation_macro_f1", "validation_loss"]
MACRO_F1: ScoreName = "validation_macro_f1"
LOSS: ScoreName = "validation_loss"


class Group(TypedDict, total=False):
    """Parameters of AdamW, and what they have of their own."""

    params: list[nn.Parameter]
    lr: float
    weight_decay: float


class Work(NamedTuple):
    """What is trained: a module, AdamW's parameter groups (a group without `lr` takes
    `learning_rate`), the loss of each row, and the score of an epoch on held-out rows.

    The best epoch is kept, and training stops after `patience_epochs` without a better one; with 0,
    or without a score, the last epoch is kept. `score_name` is the score's name in the curve; of
    losses the lowest is the best. `collate` and `batches` are other ones for rows that share lines,
    as packed conversations do. `across_rows`: the loss of a row reads other rows of its batch."""

    module: nn.Module
    groups: list[Group]
    losses: Losses
    score: Callable[[nn.Module], float] | None
    patience_epochs: int = 0
    score_name: ScoreName = MACRO_F1
    collate: Collate = model_inputs
    batches: Batches = token_budget_batches
    across_rows: bool = False

    @property
    def keeps_best(self) -> bool:
        """Whether the best epoch is kept rather than the last."""
        return self.score is not None and self.patience_epochs > 0


class Run(NamedTuple):
    """One training: the approach or stage that it is of, its parameters, its seed, the precision,
    the folder of its checkpoints, or None to keep none, the function whose code a checkpoint is
    bound to, if not `train` alone, and the section of params.yaml that has the model's precision
    and max_length."""

    name: str
    params: LoopParams
    seed: int
    dtype: torch.dtype
    checkpoints: Path | None = None
    code: Callable[..., Curve] | None = None
    section: Literal["encoder", "chat"] = "encoder"


class Point(NamedTuple):
    """The state of a training: the curve of the epochs done, the steps taken, the weights of the
    best epoch."""

    curve: Curve
    steps: int
    best: dict[str, torch.Tensor]


def layer_groups(
    module: nn.Module, depth: int, params: LoopParams, layer_decay: float
) -> list[Group]:
    """One AdamW group for each weight: the head at the full rate, each layer below it at
    `layer_decay` times the rate of the one above (Howard and Ruder, 2018). Biases and layer norms
    get no weight decay."""
    groups = []
    for name, weight in module.named_parameters():
        if ".layer." in name:
            below = depth - int(name.split(".layer.")[1].split(".")[0])
        else:
            below = depth + 1 if "embeddings" in name else 0
        rate = params.learning_rate * layer_decay**below
        decay = params.weight_decay if weight.ndim > 1 else 0.0
        groups.append(Group(params=[weight], lr=rate, weight_decay=decay))
    return groups


def train(work: Work, rows: dict[str, Examples], run: Run) -> Curve:
    """Train on `rows["train"]`; the score may read what else is in `rows`. With a folder of
    checkpoints it continues where the same training was killed.

    Raises ModelError when the loss is not a finite number, when memory runs out, and for a token
    that the model does not know.
    """
    module, examples, params = work.module, rows["train"], run.params
    check_tokens(module, examples, f"training `{run.name}`")
    file = run.checkpoints and run.checkpoints / f"{_digest(module, rows, run)}.safetensors"
    torch.manual_seed(run.seed)
    epochs = _batches(work.batches, examples, params, run.seed)
    module.to(device())
    together.same_weights(_trained(module).values())
    rate, decay = params.learning_rate, params.weight_decay
    optimizer = AdamW(work.groups, lr=rate, weight_decay=decay, fused=True)
    full_rates = [group["lr"] for group in optimizer.param_groups]
    share_at = _warmup_then_decay(sum(map(len, epochs)), params.warmup_share)
    point = (file and _load_point(file, module, optimizer)) or Point([], 0, {})
    for epoch, batches in list(enumerate(epochs, start=1))[len(point.curve) :]:
        is_over = work.keeps_best and _epochs_since_best(work, point.curve) >= work.patience_epochs
        if is_over and point.steps >= params.min_steps:
            break
        place = f"{run.name} epoch {epoch}/{len(epochs)}"
        total, count, steps = 0.0, 0, point.steps
        together.draw_apart(run.seed, epoch)
        module.train()
        with _memory_explained(run):
            for number, batch in enumerate(progress(batches, place, len(batches)), start=1):
                for group, full in zip(optimizer.param_groups, full_rates, strict=True):
                    group["lr"] = full * share_at(steps)
                value = _step(work, optimizer, examples, batch, run.dtype)
                if not math.isfinite(value):
                    found = f"the loss or its gradient is {value}"
                    step = f"lower the learning_rate of `{run.name}`"
                    step += f", or set {run.section}.precision: float32"
                    if file and epoch > 1:
                        step += f"; epoch {epoch - 1} is kept in {file}"
                    raise ModelError(f"{place}, step {number}", found, "a finite number", step)
                total, count, steps = total + value * len(batch), count + len(batch), steps + 1
            point = _after(work, point, total / count, steps)
        if file and together.group().is_main:
            _save_point(file, module, optimizer, point)
    module.load_state_dict(point.best, strict=False)
    return point.curve


def _batches(
    batches: Batches, examples: Examples, params: LoopParams, seed: int
) -> list[list[np.ndarray]]:
    """The batches of each epoch: `epochs` of them, and more until there are `min_steps` batches."""
    shuffle = np.random.default_rng(seed)
    lengths = [len(row) for row in examples.ids]
    epochs: list[list[np.ndarray]] = []
    while len(epochs) < params.epochs or sum(map(len, epochs)) < params.min_steps:
        epochs.append(batches(lengths, params.batch_tokens, shuffle))
    return epochs


def _digest(module: nn.Module, rows: dict[str, Examples], run: Run) -> str:
    """32 hex digits of a module's weights and shape, of its rows, and of what else determines its
    run."""
    code = version_of(run.code or train).digest, type(module).__qualname__, repr(module)
    how = run.dtype, device().type, torch.get_num_threads()
    facts = run.name, run.params.model_dump(), run.seed, how, code
    digest = hashlib.sha256(repr((*facts, *together.group().facts().items())).encode())
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode() + tensor.cpu().numpy().tobytes())
    for name, part in sorted(rows.items()):
        digest.update(f"{name} {list(part.rows)!r} {list(map(len, part.ids))}".encode())
        for column in (part.labels, part.weights, *part.ids, *(part.segments or [])):
            digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()[:32]


def _trained(module: nn.Module) -> dict[str, torch.Tensor]:
    """The weights that training may change, by name."""
    weights = module.named_parameters()
    return {name: weight.detach() for name, weight in weights if weight.requires_grad}


def _save_point(file: Path, module: nn.Module, optimizer: AdamW, point: Point) -> None:
    """Write all that the next epoch needs: whole, or not at all."""
    from safetensors.torch import save_file

    tensors = {f"weight.{name}": tensor for name, tensor in _trained(module).items()}
    tensors |= {f"best.{name}": tensor for name, tensor in point.best.items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{key}": tensor for key, tensor in state.items()}
    tensors["random"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random_cuda"] = torch.cuda.get_rng_state()
    metadata = {"curve": json.dumps(point.curve), "steps": str(point.steps)}
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.partial")
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, partial, metadata)
    partial.replace(file)


def _load_point(file: Path, module: nn.Module, optimizer: AdamW) -> Point | None:
    """Restore module, optimizer and random generators; None where there is no checkpoint. The main
    process reads it for all."""
    found = _read_point(file) if together.group().is_main else None
    metadata = together.from_main(found and found[0])
    if metadata is None:
        return None
    tensors = together.tensors_from_main(found[1] if found else {}, device())
    module.load_state_dict(_under("weight.", tensors), strict=False)
    states: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in _under("optimizer.", tensors).items():
        number, _, name = key.partition(".")
        states.setdefault(int(number), {})[name] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": states})
    torch.set_rng_state(tensors["random"].cpu())
    if "random_cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random_cuda"].cpu())
    return Point(json.loads(metadata["curve"]), int(metadata["steps"]), _under("best.", tensors))


def _read_point(file: Path) -> tuple[dict[str, str], dict[str, torch.Tensor]] | None:
    """The metadata and tensors of a checkpoint. A file that cannot be read counts as none, and the
    training starts anew."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "pt") as content:
            tensors = {key: content.get_tensor(key) for key in content.keys()}  # noqa: SIM118
            return content.metadata(), tensors
    except (FileNotFoundError, SafetensorError):
        return None


def _under(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors whose names have a prefix, by the rest of their names."""
    found = (key for key in tensors if key.startswith(prefix))
    return {key.removeprefix(prefix): tensors[key] for key in found}


def _epochs_since_best(work: Work, curve: Curve) -> int:
    best = min if work.score_name == LOSS else max
    scores = [point[work.score_name] for point in curve]
    return len(scores) - 1 - scores.index(best(scores)) if scores else 0


def _after(work: Work, before: Point, loss: float, steps: int) -> Point:
    """The state after one more epoch; the best weights are copied, since training changes them."""
    curve, best = [*before.curve, {"epoch": len(before.curve) + 1, "train_loss": loss}], before.best
    if work.score is not None:
        curve[-1][work.score_name] = together.from_main(work.score(work.module))
    if not work.keeps_best or _epochs_since_best(work, curve) == 0:
        best = {name: weight.clone() for name, weight in _trained(work.module).items()}
    return Point(curve, steps, best)


def _warmup_then_decay(steps: int, warmup_share: float) -> Callable[[int], float]:
    """The share of the full learning rate at each step."""
    warmup = max(1, round(steps * warmup_share))
    return lambda step: min(1.0, (step + 1) / warmup, (steps - step) / max(1, steps - warmup))


def _step(
    work: Work, optimizer: AdamW, examples: Examples, batch: np.ndarray, dtype: torch.dtype
) -> float:
    """Take one step and give the mean loss of the batch's rows; where loss or gradient is not
    finite, give that and take no step."""
    where, module = device(), work.module
    optimizer.zero_grad(set_to_none=True)
    whole = _weight_of(examples, batch, where)
    total = torch.zeros((), device=where)
    for rows in together.shares(batch, work.across_rows):
        labels = torch.from_numpy(examples.labels[rows]).to(where)
        weights = torch.from_numpy(examples.weights[rows]).to(where)
        with torch.autocast(where.type, dtype, enabled=dtype != torch.float32):
            losses = work.losses(module, work.collate(examples, rows, where), labels)
        loss = (losses * weights).sum() / whole
        loss.backward()
        total += loss.detach()
    total = together.summed(total, module.parameters())
    norm = nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    value, size = torch.stack([total, norm]).tolist()
    if not math.isfinite(value + size):
        return value + size  # no step, so that the weights stay valid
    optimizer.step()
    return value


def _weight_of(examples: Examples, batch: np.ndarray, where: torch.device) -> torch.Tensor:
    """The weight of a batch, by which the losses of all its shares are divided."""
    return torch.from_numpy(examples.weights[batch]).to(where).sum()


@contextmanager
def _memory_explained(run: Run) -> Iterator[None]:
    """Turn an out-of-memory error into a ModelError that names the parameters to lower."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # CUDA's is a RuntimeError, too
        words = str(error).lower()
        if not isinstance(error, MemoryError) and not any(part in words for part in OUT_OF_MEMORY):
            raise
        found = "a batch does not fit into memory"
        step = f"lower batch_tokens in `training` or {run.section}.max_length in params.yaml"
        raise ModelError(f"training `{run.name}`", found, "batches that fit", step) from error
