"""A small project with a tiny encoder, made once, on which a real `dvc repro` has run."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dvc  # noqa: F401  # its logger keeps the stdout of the test that imports it first
import pytest
from hypothesis import settings
from ruamel.yaml import YAML

if TYPE_CHECKING:  # torch, which most tests do not need
    from seedbed.training.classifier import TrainingData

# A busy machine is no reason to fail a property.
settings.register_profile("seedbed", deadline=None)
settings.load_profile("seedbed")

ROOT = Path(__file__).parent.parent
# No test starts processes, but those that ask for them.
os.environ.setdefault("SEEDBED_ENGINE", "serial")
yaml = YAML()
yaml.width = 200


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """No worker waits for the example's run, nor for the other's last long file."""
    from tests.once import in_turn  # scripts that tests start import this file without the folder

    waiting = {item.path for item in items if "example" in getattr(item, "fixturenames", ())}
    place = in_turn((item.path for item in items), waiting)
    items.sort(key=lambda item: place[item.path])


@dataclass(frozen=True)
class Project:
    """A copy of this project in a temporary folder, on rows a person can read."""

    folder: Path
    trace: Path
    output: str = ""

    def run(self, *command: str) -> subprocess.CompletedProcess:
        """Run a command in the project with this Python first on the path; no network."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {
            **os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "tests" / "tracing"),
            "SEEDBED_TRACE": str(self.trace), "HF_HUB_OFFLINE": "1", "DVC_NO_ANALYTICS": "1",
            "PYTHONDONTWRITEBYTECODE": "",  # 21 stages compile the project once
        }  # fmt: skip
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def params(self, change) -> None:
        """Rewrite params.yaml after `change(content)`."""
        file = self.folder / "params.yaml"
        content = yaml.load(file)
        change(content)
        yaml.dump(content, file)


def tiny_encoder(folder: Path, texts: list[str]) -> None:
    """A BERT of two layers and 32 numbers with a word-piece vocabulary of these texts."""
    from transformers import BertModel

    _tiny_bert(folder, vocabulary(texts), BertModel)


def tiny_masked_lm(folder: Path, texts: list[str]) -> None:
    """The same with the head of a masked language model."""
    from transformers import BertForMaskedLM

    words = vocabulary([*texts, "Look : It is This about ."])
    _tiny_bert(folder, words, BertForMaskedLM)


def vocabulary(texts: list[str]) -> dict[str, int]:
    """Word pieces of the texts: letters, and the most frequent words. Training word pieces breaks
    ties by chance, and a tiny model that learns with one vocabulary may not with another."""
    words = Counter(re.findall(r"\w+|[^\w\s]", " ".join(texts).lower()))
    letters = sorted(set("".join(words)))
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    whole = sorted((word for word in words if len(word) > 1), key=lambda word: (-words[word], word))
    pieces = [*special, *letters, *(f"##{letter}" for letter in letters), *whole]
    return {piece: number for number, piece in enumerate(pieces[:400])}


def _tiny_bert(folder: Path, vocab: dict[str, int], kind: type) -> None:
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertTokenizerFast

    folder.mkdir(parents=True)
    BertWordPieceTokenizer(vocab=vocab, lowercase=True).save(str(folder / "tokenizer.json"))
    tokenizer = BertTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=64,
    )  # fmt: skip
    kind(config).save_pretrained(folder)


def copy_project(folder: Path) -> None:
    """What a stage run needs of this project, no data."""
    for name in ("stages", "seedbed"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    inputs = ("data/frozen_test.csv", "data/tombstones.csv")
    for name in ("params.yaml", "dvc.yaml", ".dvcignore", *inputs):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / "tests/model").mkdir(parents=True)
    shutil.copy(ROOT / "tests/example/cases.csv", folder / "tests/model/cases.csv")
    (folder / "data/decisions").mkdir()
    (folder / "data/decisions/.gitkeep").touch()


def make_project(folder: Path) -> Project:
    """The project before any run, in a new folder: tests/example/rows.csv and a tiny encoder."""
    from seedbed.core.files import read_csv, sha256_of

    folder.mkdir()
    copy_project(folder)
    (folder / "data/raw").mkdir()
    shutil.copy(ROOT / "tests/example/rows.csv", folder / "data/raw/rows.csv")
    texts = [line["text"] for line in read_csv(folder / "data/raw/rows.csv")]
    tiny_encoder(folder / "models/base/tiny", texts)
    project = Project(folder, folder.parent / "trace.tsv")

    def change(content) -> None:
        content["sources"] = [
            {
                "name": "example", "kind": "file", "path": "data/raw/rows.csv",
                "columns": {"id": "key", "text": "text", "label": "label"},
                "batch": "2026-01-example", "licence": "CC0",
            }
        ]  # fmt: skip
        content["encoder"] |= {
            "name": "models/base/tiny", "max_length": 32, "precision": "float32", "threads": 1,
            "sha256": sha256_of(folder / "models/base/tiny/model.safetensors"),
        }  # fmt: skip
        content["split"] |= {"validation_share": 0.2, "test_share": 0.25, "folds": 3}
        content["training"] |= {"epochs": 2, "min_steps": 0, "batch_tokens": 256}
        content["approaches"]["prompt"]["descriptions"] = {"cycling": "riding a bicycle"}

    project.params(change)
    pipeline = yaml.load(folder / "dvc.yaml")
    pipeline["stages"]["collect"]["deps"].append("data/raw/rows.csv")
    yaml.dump(pipeline, folder / "dvc.yaml")
    assert project.run("git", "init", "-q").returncode == 0
    assert project.run("dvc", "init", "-q").returncode == 0
    return project


def run_example(folder: Path) -> None:
    """Make the project in an empty folder and run all of it: `project`, `trace.tsv`, `output`."""
    done = make_project(folder / "project").run("dvc", "repro")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (folder / "output").write_text(done.stdout, encoding="utf-8")


@pytest.fixture(scope="session")
def new_project(tmp_path_factory) -> Project:
    """The project before any run, one for each worker."""
    return make_project(tmp_path_factory.mktemp("new") / "project")


@pytest.fixture(scope="session")
def example(tmp_path_factory) -> Project:
    """The project after a real `dvc repro`, which all workers share: a copy for each."""
    from tests.once import made_once

    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    made = made_once(shared / "example-run", run_example)
    folder = tmp_path_factory.mktemp("example") / "copy"
    shutil.copytree(made, folder, symlinks=True)
    output = (folder / "output").read_text(encoding="utf-8")
    return Project(folder / "project", folder / "trace.tsv", output)


def approach_params(approach: str, **changes: Any) -> Any:
    """Parameters of an approach as params.yaml has them, some of them changed."""
    from seedbed.approaches import load

    content, kind = yaml.load(ROOT / "params.yaml"), load(approach).Params
    shared = {key: value for key, value in content["training"].items() if key in kind.model_fields}
    return kind(**{**shared, **content["approaches"][approach], **changes})


def small_training_data(
    folder: Path, encoder: Callable[[Path, list[str]], None] = tiny_encoder
) -> "TrainingData":
    """Two classes of eight short texts, and as many to validate on, with a tiny encoder."""
    import numpy as np
    import torch

    from seedbed.encoding.encoder import SentenceEncoder, load_model, outputs, pooling_of
    from seedbed.encoding.examples import Examples
    from seedbed.encoding.tokens import TextTokenizer, Truncation
    from seedbed.tasks import class_task
    from seedbed.training.classifier import TrainingData

    things = {
        "cooking": "onion rice bread soup pan oven salt dough".split(),
        "weather": "rain hail snow fog cloud storm sun wind".split(),
    }
    lines = [
        (side, f"{opening} the {word}", number)
        for number, words in enumerate(things.values())
        for word in words
        for side, opening in (("train", "we talked of"), ("validation", "and then came"))
    ]
    encoder(folder / "tiny", [text for _, text, _ in lines])
    cut = Truncation(32)
    parts = {}
    for side in ("train", "validation"):
        texts = [text for one, text, _ in lines if one == side]
        labels = np.array([label for one, _, label in lines if one == side])
        ids = TextTokenizer(folder / "tiny", cut)(texts).ids
        names = [f"{number:016x}" for number in range(len(ids))]
        parts[side] = Examples(ids, None, labels, np.ones(len(ids), np.float32), names)

    def vectors(side: str) -> np.ndarray:
        model = SentenceEncoder(load_model(folder / "tiny"), pooling_of(folder / "tiny"))
        return outputs(model, parts[side], torch.float32, side)

    return TrainingData(
        class_task, list(things), parts["train"], parts["validation"], vectors, folder / "tiny",
        cut, torch.float32,
    )  # fmt: skip


def small_sets(data: "TrainingData") -> "TrainingData":
    """The same rows as sets of labels: that of the class; `evening` in every fourth row; and
    `never`, which no row has. Every eighth row has none."""
    from dataclasses import replace

    import numpy as np

    from seedbed.tasks import labels_task

    classes = [*data.classes, "evening", "never"]

    def of_sets(part: Any) -> Any:
        targets = np.eye(4, dtype=np.int8)[part.labels]
        targets[::4, 2] = 1
        targets[7::8] = 0
        return replace(part, labels=targets)

    return replace(
        data, task=labels_task, classes=classes, train=of_sets(data.train),
        validation=of_sets(data.validation),
    )  # fmt: skip
