"""`killed_training.py FOLDER STEP`: trains a small module that ends its own process at a step; with
step 0 it trains to the end and writes its weights to FOLDER/weights.safetensors."""

import os
import signal
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from test_training import PARAMS, Words, rows, work_of

from seedbed.training.loop import Run, train


def main(folder: Path, step: int) -> None:
    module = Words(dropout=0.5)
    work, taken = work_of(module), []

    def losses(*batch) -> torch.Tensor:
        taken.append(1)
        if len(taken) == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return work.losses(*batch)

    parts = {"train": rows(), "validation": rows()}
    run = Run("words", PARAMS, 0, torch.float32, folder / "checkpoints")
    train(work._replace(losses=losses) if step else work, parts, run)
    save_file(module.state_dict(), folder / "weights.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
