"""`few_rows_setfit.py ROWS ENCODER MAX_LENGTH SEED`: SetFit with its defaults, run to the end.

Prints accuracy on the test rows and the seconds of training, by wall and by processor. Runs in a
virtual environment of its own; see benchmarks/fine_tuning.py.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from datasets import Dataset
from setfit import SetFitModel, Trainer, TrainingArguments


def main(file: str, encoder: str, max_length: int, seed: int) -> dict[str, float]:
    rows = json.loads(Path(file).read_text(encoding="utf-8"))
    model = SetFitModel.from_pretrained(encoder, labels=sorted(set(rows["train"]["label"])))
    model.model_body.max_seq_length = max_length
    with tempfile.TemporaryDirectory() as folder:
        wanted = TrainingArguments(
            output_dir=folder, seed=seed, report_to="none", save_strategy="no"
        )
        trainer = Trainer(model, wanted, train_dataset=Dataset.from_dict(rows["train"]))
        start, cpu = time.perf_counter(), time.process_time()
        trainer.train()
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    found = [str(label) for label in model.predict(rows["test"]["text"])]
    right = [one == other for one, other in zip(found, rows["test"]["label"], strict=True)]
    return {"accuracy": sum(right) / len(right), "seconds": seconds, "cpu_seconds": cpu}


if __name__ == "__main__":
    file, encoder, max_length, seed = sys.argv[1:]
    print(json.dumps(main(file, encoder, int(max_length), int(seed))))
