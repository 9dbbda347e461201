"""`steps_trl.py MODEL ROWS NAME BATCH RATE STEPS THREADS`: SFTTrainer of trl takes a step for each
line that it is sent, and prints wall seconds, processor seconds and tokens of it as JSON.

Runs in a virtual environment of its own; see benchmarks/answer_speed.py. NAME is full or lora. As
trl comes, in bfloat16, but for gradient checkpointing, which computes every layer twice.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer


class OnDemand(TrainerCallback):
    """Waits for a line before each step, and prints what the step took."""

    def __init__(self, tokens: list[int]):
        self._tokens, self._since = tokens, (0.0, 0.0)

    def on_train_begin(self, *_, **__) -> None:
        """Training begins."""
        self._wait()

    def on_step_end(self, *_, **__) -> None:
        """A step is over."""
        wall, cpu = self._since
        taken = [time.perf_counter() - wall, time.process_time() - cpu, self._tokens.pop(0)]
        print(json.dumps(taken), file=sys.__stdout__, flush=True)
        self._wait()

    def _wait(self) -> None:
        if not sys.stdin.readline():
            raise SystemExit
        self._since = time.perf_counter(), time.process_time()


def main(model: str, file: str, name: str, batch: int, rate: float, steps: int) -> None:
    tokens: list[int] = []
    wanted = SFTConfig(
        output_dir=tempfile.mkdtemp(),
        learning_rate=rate,
        per_device_train_batch_size=batch,
        weight_decay=0.01,
        max_steps=steps,
        use_cpu=True,
        bf16=True,
        gradient_checkpointing=False,
        completion_only_loss=True,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    lora = {"r": 8, "lora_alpha": 16, "lora_dropout": 0.05, "target_modules": "all-linear"}
    trainer = SFTTrainer(
        AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32),
        wanted,
        train_dataset=Dataset.from_list(json.loads(Path(file).read_text(encoding="utf-8"))),
        processing_class=AutoTokenizer.from_pretrained(model),
        peft_config=LoraConfig(task_type="CAUSAL_LM", **lora) if name == "lora" else None,
        callbacks=[OnDemand(tokens)],
    )
    collate = trainer.data_collator

    def counted(rows):
        tokens.append(sum(len(row["input_ids"]) for row in rows))
        return collate(rows)

    trainer.data_collator = counted
    trainer.train()


if __name__ == "__main__":
    sys.stdout = sys.stderr  # what libraries print is no figure
    base, rows, approach, size, learning_rate, number, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    main(base, rows, approach, int(size), float(learning_rate), int(number))
