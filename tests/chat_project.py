"""A small project of task `answer`: conversations that a person can read, a tiny encoder, and a
tiny language model that writes."""

import json
from pathlib import Path

from seedbed.core.files import sha256_of
from tests.conftest import Project, make_project, tiny_encoder
from tests.tiny_chat import tiny_writer

SYSTEM = "You speak of colours in one word."
COLOURS = {"sky": "Blue.", "grass": "Green.", "snow": "White.", "coal": "Black.", "blood": "Red.",
           "gold": "Yellow.", "rust": "Brown.", "ash": "Grey."}  # fmt: skip
PLACES = ("Leeds", "Oslo", "Turin", "Perth", "Quito", "Accra", "Lagos", "Lima")
REFUSAL = "I cannot answer that."
FILE = "data/raw/chats.jsonl"
LOOP = {"epochs": 1, "batch_tokens": 1024, "min_steps": 0, "patience_epochs": 0}


def conversations() -> list[list[dict[str, str]]]:
    """A question for each thing and place, every second with a system text, every third after an
    earlier question; and questions that are to be refused."""
    found = []
    for number, (place, thing) in enumerate((p, t) for p in PLACES for t in COLOURS):
        turns = [{"role": "system", "content": SYSTEM}] if number % 2 else []
        if number % 3 == 0:
            turns += [{"role": "user", "content": f"Have you been to {place} in spring number "
                                                  f"{number}?"},
                      {"role": "assistant", "content": "No, never."}]  # fmt: skip
        turns += [{"role": "user", "content": f"Tell me the colour of {thing} as seen in {place}."},
                  {"role": "assistant", "content": COLOURS[thing]}]  # fmt: skip
        found.append(turns)
    for place in PLACES:
        turns = [{"role": "user", "content": f"Who will win the election in {place} next year?"},
                 {"role": "assistant", "content": REFUSAL}]  # fmt: skip
        found.append(turns)
    return found


def answer_project(folder: Path) -> Project:
    """The project before any run."""
    made = make_project(folder)
    texts = [turn["content"] for turns in conversations() for turn in turns]
    lines = [json.dumps({"messages": turns}) for turns in conversations()]
    (made.folder / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    tiny_encoder(made.folder / "models/base/words", texts)
    tiny_writer(made.folder / "models/base/writer")
    pipeline = (made.folder / "dvc.yaml").read_text(encoding="utf-8")
    (made.folder / "dvc.yaml").write_text(pipeline.replace("data/raw/rows.csv", FILE))

    def change(content) -> None:
        content["task"]["kind"] = "answer"
        content["sources"] = [
            {"name": "chats", "kind": "file", "path": FILE, "batch": "2026-01-chats",
             "licence": "CC0", "show_text": True}
        ]  # fmt: skip
        content["encoder"] |= {
            "name": "models/base/words",
            "sha256": sha256_of(made.folder / "models/base/words/model.safetensors"),
        }
        content["chat"] = {
            "base": "models/base/writer", "max_length": 384, "max_new_tokens": 4, "threads": 1,
            "sha256": sha256_of(made.folder / "models/base/writer/model.safetensors"),
            "precision": "float32",
        }  # fmt: skip
        content["negatives"]["answer"] = REFUSAL
        content["deduplicate"]["near"] = False
        content["split"]["twin_min_jaccard"] = 1.0
        content["approaches"] = {
            "feature": {"run": True},
            "full": {"run": True, "learning_rate": 0.01, **LOOP},
            "lora": {"run": True, "learning_rate": 0.01, "rank": 2, "alpha": 4, "dropout": 0.0,
                     "matrices": ["all-linear"], **LOOP},
            "prompt": {"run": True, "learning_rate": 0.01, "kind": "examples", "examples": 1,
                       "wording": "", "vectors": 4, **LOOP},
        }  # fmt: skip

    made.params(change)
    return made
