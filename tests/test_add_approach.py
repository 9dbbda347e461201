"""An approach is added by one file, one entry, one section of params.yaml and `make sync`."""

import shutil

from conftest import Project, yaml

from seedbed.core.files import read_json

CENTROID = '''"""Centroid: the mean vector of each class is its weight; the encoder is frozen."""

from pathlib import Path

import numpy as np
import torch
from pydantic import Field

from seedbed.scoring.metrics import macro_f1_of
from seedbed.training.checkpoints import Curve
from seedbed.training.classifier import Loaded
from seedbed.training.heads import Layer, load_sentence_classifier, save_sentence_classifier
from seedbed.training.params import ApproachParams
from seedbed.training.saved_models import SavedModel
from seedbed.training.tasks import Origin, Task


class Params(ApproachParams):
    """params.yaml section `approaches.centroid`."""

    scale: float = Field(gt=0)


def fine_tune(task: Task, params: Params, seed: int, folder: Path) -> Curve:
    """Take the means, save a sentence classifier and give a curve of one point."""
    vectors, labels = task.vectors("train"), task.train.row_labels
    means = np.stack([vectors[labels == index].mean(0) for index in range(len(task.classes))])
    head = Layer(torch.from_numpy(params.scale * means).float())
    origin = Origin("centroid", params, head.weight.numel())
    save_sentence_classifier(task, folder, [head], None, origin)
    predicted = (task.vectors("validation") @ means.T).argmax(1)
    return [{"epoch": 1, "validation_macro_f1": macro_f1_of(task.validation.row_labels, predicted)}]


def load(folder: Path, card: SavedModel) -> Loaded:
    """Load a model that `fine_tune` saved."""
    model = load_sentence_classifier(folder)
    return model._replace(head=model.module.head)
'''
ENTRY = '    "centroid": "the mean vector of each class, no training",\n'


def test_a_new_approach_is_compared_in_the_report(example, tmp_path):
    folder = tmp_path / "project"
    shutil.copytree(example.folder, folder, symlinks=True)
    project = Project(folder, tmp_path / "trace.tsv")
    (folder / "seedbed/approaches/centroid.py").write_text(CENTROID)
    table = folder / "seedbed/approaches/__init__.py"
    table.write_text(table.read_text().replace("APPROACHES = {\n", f"APPROACHES = {{\n{ENTRY}"))
    project.params(
        lambda content: content["approaches"].update(centroid={"run": True, "scale": 9.0})
    )
    sync = ["python", "-m", "seedbed.upkeep.sync"]
    assert project.run(*sync).returncode == 0
    assert project.run(*sync, "--check").returncode == 0
    done = project.run("dvc", "repro")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Running stage 'finetune@centroid'" in done.stdout
    assert "Running stage 'finetune@full'" not in done.stdout
    assert "| `centroid` |" in (folder / "reports/report.md").read_text()
    card = read_json(folder / "models/centroid/seed-0/seedbed.json")
    assert (card["approach"], card["params"]["scale"]) == ("centroid", "9.0")
    stages = yaml.load(folder / "dvc.yaml")["stages"]
    assert stages["finetune"]["matrix"]["approach"][0] == "centroid"
