"""Hugging Face's text-classification tutorial, with transformers' own Trainer.

https://huggingface.co/docs/transformers/tasks/sequence_classification: AutoModel with its dropout,
tokens cut, batches of 16 in random order padded to their longest (DataCollatorWithPadding), a
learning rate of 2e-5, weight decay .01. Only what speaks for it is changed: nothing is evaluated,
saved or reported between its steps.
"""

import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from seedbed.core.params import read_params
from seedbed.encoding.vectors import EncoderParams, encoder_folder

BATCH = 16


class EachStep(TrainerCallback):
    """Calls a function when training begins and after each of its steps."""

    def __init__(self, told: Callable[[], None]):
        self._told = told

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        """Training begins."""
        self._told()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """A step is over, gradient, clipping and schedule in it."""
        self._told()


def tutorial(
    texts: Sequence[str],
    labels: np.ndarray,
    classes: int,
    length: int,
    *,
    padded: bool = False,
    bf16: bool = False,
    epochs: int = 1,
    steps: int = -1,
    seed: int = 0,
    told: Callable[[], None] | None = None,
    counts: list[int] | None = None,
) -> Trainer:
    """The tutorial's Trainer, ready to train. `padded`: every text to `length` tokens, and not to
    the longest of its batch. `told` is called by EachStep; `counts` gets the tokens of each batch
    that is collated, without padding."""
    folder = encoder_folder(read_params("encoder", EncoderParams))
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    how = {"padding": "max_length"} if padded else {}
    encoded = tokenizer(list(texts), truncation=True, max_length=length, **how)
    rows = Dataset.from_dict({**encoded, "label": labels.tolist()})
    collate = DataCollatorWithPadding(tokenizer)

    def counted(features: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        batch = collate(features)
        if counts is not None:
            counts.append(int(batch["attention_mask"].sum()))
        return batch

    torch.manual_seed(seed)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=classes)
    wanted = TrainingArguments(
        output_dir=tempfile.mkdtemp(),  # nothing is saved there
        learning_rate=2e-5,
        per_device_train_batch_size=BATCH,
        weight_decay=0.01,
        num_train_epochs=epochs,
        max_steps=steps,
        seed=seed,
        use_cpu=True,
        bf16=bf16,
        eval_strategy="no",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    callbacks = [EachStep(told)] if told else []
    return Trainer(
        model,
        wanted,
        train_dataset=rows,
        data_collator=counted,
        processing_class=tokenizer,
        callbacks=callbacks,
    )


@torch.inference_mode()
def predicted(trainer: Trainer, texts: Sequence[str], length: int) -> np.ndarray:
    """Class numbers of texts, in float32: (texts,)."""
    model, tokenizer = trainer.model.eval(), trainer.processing_class
    order = np.argsort([len(text) for text in texts])
    found = np.empty(len(texts), np.int64)
    for batch in np.array_split(order, -(-len(texts) // 64)):
        some = [texts[place] for place in batch]
        inputs = tokenizer(
            some, truncation=True, max_length=length, padding=True, return_tensors="pt"
        )
        found[batch] = model(**inputs).logits.argmax(1).numpy()
    return found
