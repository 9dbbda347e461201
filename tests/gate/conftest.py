"""A repository of git and DVC with rows, a manifest and a model whose mistakes a test names."""

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, yaml

from seedbed.core.files import read_json, write_csv, write_json
from seedbed.core.rows import write_rows
from seedbed.private.kinds import AnonymizeParams
from seedbed.serving.model_folder import Serving, TextPreparation, write_serving
from seedbed.splitting.sides import write_frozen
from seedbed.tasks import class_task
from seedbed.training.models import write_digests

CLASSES = ("rain", "snow", "sun")
TEST_ROWS, TRAIN_ROWS = 240, 30
BEST = Path("models/best")
PIPELINE = {
    "stages": {"select": {"cmd": "python -c pass", "outs": ["models/best"]}},
    "artifacts": {"champion": {"path": "models/best", "type": "model"}},
}
ASKED = AnonymizeParams(key_fingerprint="0" * 12, kinds=("email",))


class StandIn:
    """A model that knows every row's label, which its text says, but for the rows it has wrong."""

    task = class_task

    def __init__(self, folder):
        card = read_json(folder / "seedbed.json")
        self.classes, self.wrong = card["classes"], set(card["wrong"])

    def tokenizer(self, texts, pairs):
        return SimpleNamespace(windows=np.ones(len(texts), int), texts=texts)

    def logits(self, encoded, dtype, label):
        numbers = []
        for text in encoded.texts:
            name, row = text.split()
            right = self.classes.index(name)
            numbers.append((right + (int(row) in self.wrong)) % len(self.classes))
        return np.eye(len(self.classes), dtype=np.float32)[numbers]


def write_model(wrong=(), classes=CLASSES, rules=("white_space",)) -> None:
    """models/best, which has the test rows of these numbers wrong."""
    shutil.rmtree(BEST, ignore_errors=True)
    BEST.mkdir(parents=True)
    card = {"approach": "full", "kind": "sequence_classifier", "classes": list(classes),
            "truncation": {"max_length": 8, "keep": "head"}, "trainable_parameters": 1,
            "wrong": list(wrong)}  # fmt: skip
    write_json(BEST / "seedbed.json", card)
    preparation = TextPreparation(rules=list(rules), anonymize=ASKED)
    write_serving(
        BEST,
        Serving(
            paired=False, temperature=1.0, outside="", thresholds=[], precision="float32",
            preparation=preparation,
        ),
    )  # fmt: skip
    write_digests(BEST)


def write_split(sides: dict[int, str] | None = None, labels: dict[int, str] | None = None) -> None:
    """data/split and data/manifest; row 7 is in test unless `sides` says otherwise."""
    numbers = range(TEST_ROWS + TRAIN_ROWS)
    default = ["test" if number < TEST_ROWS else "train" for number in numbers]
    names = [(labels or {}).get(number, CLASSES[number % 3]) for number in numbers]
    rows = pd.DataFrame(
        {
            "id": [f"{number:016x}" for number in numbers],
            "digest": [f"{number:016d}" for number in numbers],
            "text": [f"{CLASSES[number % 3]} {number}" for number in numbers],
            "label": names,
            "source": "s", "batch": "2026-01-a", "provenance": "{}",
            "split": [(sides or {}).get(number, side) for number, side in enumerate(default)],
        }
    )  # fmt: skip
    write_rows(Path("data/split"), rows)
    columns = ["id", "digest", "label", "split"]
    write_csv(Path("data/manifest/2026-01-a.csv"), columns, rows[columns].to_numpy())


def run(*command: str) -> str:
    """Run a command of git or DVC that must not fail."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def commit(message: str = "a run") -> None:
    """Lock models/best and commit everything."""
    dvc("commit", "--force", "--quiet")
    run("git", "add", "--all")
    run("git", "commit", "--quiet", "--message", message)


def dvc(*arguments: str) -> None:
    """Run DVC in this process: a new one takes seconds to import it."""
    from dvc.cli import main

    assert main(list(arguments)) == 0


@pytest.fixture(scope="session")
def first_version(tmp_path_factory) -> Path:
    """A repository with one commit, whose model has rows 0 to 4 wrong."""
    folder = tmp_path_factory.mktemp("gate") / "repository"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run("git", "init", "--quiet", "--initial-branch", "main")
        for key, value in (("name", "Ann"), ("email", "ann@example.org")):
            run("git", "config", f"user.{key}", value)
        dvc("init", "--quiet")
        dvc("config", "core.analytics", "false")
        with Path("params.yaml").open("w") as file:
            yaml.dump({"gate": yaml.load(ROOT / "params.yaml")["gate"]}, file)
        with Path("dvc.yaml").open("w") as file:
            yaml.dump(PIPELINE, file)
        Path(".gitignore").write_text("/data/split\n")
        write_split()
        write_frozen({})
        write_json(Path("reports/dataset.json"), {"version": "0123456789ab", "rows": 270})
        write_json(
            Path("reports/choice.json"),
            {
                "approach": "full", "seed": "0", "why": "`full` is chosen.",
                "measured_on": "validation", "measure": "macro_f1", "candidates": {},
                "per_budget": {"training": [], "megabytes": [], "in_words": []},
            },
        )  # fmt: skip
        write_model(range(5))
        commit("the first run")
    return folder


@pytest.fixture
def repository(first_version, tmp_path, monkeypatch) -> Path:
    """A copy of it to change, entered; models are stand-ins."""
    folder = tmp_path / "repository"
    shutil.copytree(first_version, folder, symlinks=True)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("seedbed.training.classifier.Classifier", StandIn)
    return folder
