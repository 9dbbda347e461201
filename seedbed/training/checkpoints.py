"""The state of a training after each epoch, from which one that was killed continues.

A checkpoint is named by a digest of everything that determines its run: the code of the loop, the
module as it starts, the rows, the parameters, the seed. So only the same run finds it, and a run
that continues from it ends with the same bits as one that was never stopped. Never a pickle.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from seedbed.encoding.examples import Examples

FOLDER = Path(".seedbed/checkpoints")  # not among a stage's outputs: DVC clears these

Curve = list[dict[str, float]]


def folder_of(training: str) -> Path:
    """The checkpoints of one stage or approach, deleted when it has written its models."""
    return FOLDER / training


class Point(NamedTuple):
    """The state of a training: the curve of the epochs done, the steps taken, the weights of the
    best epoch."""

    curve: Curve
    steps: int
    best: dict[str, torch.Tensor]


def trained(module: nn.Module) -> dict[str, torch.Tensor]:
    """The weights that training may change, by name."""
    weights = module.named_parameters()
    return {name: weight.detach() for name, weight in weights if weight.requires_grad}


def digest_of(module: nn.Module, parts: Mapping[str, Examples], facts: Mapping[str, Any]) -> str:
    """32 hex digits of a module's weights and shape, of its rows, and of the facts that determine
    its run besides."""
    digest = hashlib.sha256(json.dumps(dict(facts), sort_keys=True, default=str).encode())
    digest.update(repr(module).encode())
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode() + _bytes(tensor.detach().cpu()))
    for name, part in sorted(parts.items()):
        digest.update(f"{name} {list(part.rows)!r} {[len(row) for row in part.ids]}".encode())
        columns = [np.concatenate(part.ids), part.labels, part.weights]
        for column in columns + ([np.concatenate(part.segments)] if part.segments else []):
            digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()[:32]


def _bytes(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes()


def save_point(
    file: Path, module: nn.Module, optimizer: torch.optim.Optimizer, point: Point
) -> None:
    """Write all that the next epoch needs: whole, or not at all."""
    from safetensors.torch import save_file

    tensors = {f"weight.{name}": tensor for name, tensor in trained(module).items()}
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


def load_point(file: Path, module: nn.Module, optimizer: torch.optim.Optimizer) -> Point | None:
    """Restore module, optimizer and random generators; None where there is no checkpoint. A file
    that cannot be read counts as none, and the training starts anew."""
    from safetensors import SafetensorError, safe_open

    if not file.exists():
        return None
    try:
        with safe_open(file, "pt") as content:
            metadata = content.metadata()
            tensors = {key: content.get_tensor(key) for key in content.keys()}  # noqa: SIM118
    except SafetensorError:
        return None
    module.load_state_dict(_under("weight.", tensors), strict=False)
    states: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in _under("optimizer.", tensors).items():
        number, _, name = key.partition(".")
        states.setdefault(int(number), {})[name] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": states})
    torch.set_rng_state(tensors["random"])
    if "random_cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random_cuda"])
    return Point(json.loads(metadata["curve"]), int(metadata["steps"]), _under("best.", tensors))


def _under(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {
        key.removeprefix(prefix): tensor
        for key, tensor in tensors.items()
        if key.startswith(prefix)
    }
