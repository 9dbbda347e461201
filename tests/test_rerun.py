"""Changing one parameter reruns its stage and what depends on it, and nothing else."""

import re
import shutil
from collections.abc import Iterator

import pytest
from conftest import Project, yaml
from dvc.dependency import ParamsDependency
from dvc.repo import Repo

from seedbed.approaches import NAMES

EACH = NAMES
TABLE = {
    "task.kind": [
        "ablate", "adapt", "apply_decisions", "augment", "balance", "collect", "cv", "deduplicate",
        "embed", *(f"evaluate@{one}" for one in EACH), "find_label_errors",
        *(f"finetune@{one}" for one in EACH), "learning_curve", "prioritize", "report", "select",
        "split", "tokenize",
    ],
    "sources.0.licence": ["cards", "collect"],
    "collect.max_row_chars": ["collect"],
    "clean.min_chars": ["clean", "select"],
    "clean.min_chars_for_language": [
        "clean", *(f"evaluate@{one}" for one in EACH), "find_label_errors", "select",
    ],
    "chat": ["find_label_errors", "tokenize"],
    "negatives.answer": ["augment", "collect", "find_label_errors", "tokenize"],
    "evaluate.right": [f"evaluate@{one}" for one in EACH],
    "anonymize.mode": ["anonymize", "select"],
    "anonymize.key_fingerprint": ["anonymize", "collect", "select"],
    "deduplicate.min_jaccard": ["deduplicate"],
    "apply_decisions.disagreement": ["apply_decisions", "find_label_errors", "prioritize"],
    "prioritize.rows": ["prioritize"],
    "split.warn_below": ["apply_decisions", "prioritize", "split"],
    "split.way": ["apply_decisions", "deduplicate", "prioritize", "split"],
    "encoder.precision": [
        "ablate", "adapt", "augment", "cv", "embed", *(f"evaluate@{one}" for one in EACH),
        *(f"finetune@{one}" for one in EACH), "learning_curve", "prioritize", "select", "tokenize",
    ],
    "cv.stop_share": ["cv"],
    "find_label_errors.policy": ["find_label_errors"],
    "augment.copies": ["augment"],
    "encoder.sha256": [
        "ablate", "adapt", "augment", "cards", "cv", "embed",
        *(f"finetune@{one}" for one in EACH), "learning_curve", "prioritize", "tokenize",
    ],
    "negatives.word_salad": ["augment"],
    "negatives.label": [
        "ablate", "augment", "balance", *(f"evaluate@{one}" for one in EACH), "learning_curve",
        "select", "tokenize",
    ],
    "balance.weights": ["balance"],
    "ablate.seeds": ["ablate"],
    "learning_curve.seeds": ["learning_curve"],
    "adapt.seeds": ["adapt"],
    "finetune.seeds": [f"finetune@{one}" for one in EACH],
    "evaluate.behaviour_rows": [f"evaluate@{one}" for one in EACH],
    "training.weight_decay": [
        "ablate", "adapt", "cv", *(f"finetune@{one}" for one in EACH), "learning_curve",
    ],
    "approaches.lora.rank": ["ablate", "cv", "finetune@lora", "learning_curve"],
    "approaches.feature.run": ["ablate", "cv", "finetune@feature", "learning_curve"],
    "gate.max_drop_accuracy": [],
    "engine": [],
}  # fmt: skip


def change(project, name: str) -> None:
    def other(content) -> None:
        *path, last = name.split(".")
        for key in path:
            content = content[int(key) if key.isdigit() else key]
        value = content[last]
        if isinstance(value, bool):
            content[last] = not value
        else:
            content[last] = [1, 2] if isinstance(value, list) else f"{value}1"

    project.params(other)


@pytest.fixture(scope="module")
def project(example, tmp_path_factory) -> Project:
    """A copy of the example after its run: what is changed here stays here."""
    folder = tmp_path_factory.mktemp("rerun") / "project"
    shutil.copytree(example.folder, folder, symlinks=True)
    return Project(folder, folder.parent / "trace.tsv")


@pytest.fixture
def restored(project) -> Iterator[Project]:
    """params.yaml is put back afterwards."""
    before = (project.folder / "params.yaml").read_text()
    yield project
    (project.folder / "params.yaml").write_text(before)


@pytest.mark.parametrize("name", TABLE)
def test_what_a_parameter_changes(restored, name):
    change(restored, name)
    with Repo(str(restored.folder)) as repo:
        changed = [
            stage.addressing.split("dvc.yaml:")[-1]  # named from this folder
            for stage in repo.index.stages
            if any(isinstance(dep, ParamsDependency) and dep.status() for dep in stage.deps)
        ]
    assert sorted(changed) == sorted(TABLE[name])


def test_without_a_change_nothing_is_to_be_done(restored):
    with Repo(str(restored.folder)) as repo:
        assert repo.status() == {}


def test_every_section_is_in_the_table(project):
    sections = yaml.load(project.folder / "params.yaml")
    assert {name.split(".")[0] for name in TABLE} == set(sections)


def test_a_change_runs_downstream_and_stops_there(restored):
    restored.params(lambda content: content["approaches"]["prompt"].update(scale=15.0))
    done = restored.run("dvc", "repro")
    assert done.returncode == 0, done.stderr
    ran = re.findall(r"Running stage '(.*?)'", done.stdout)
    last = {"select", "prioritize", "report", "cards"}
    assert set(ran) - last == {
        "ablate", "cv", "learning_curve", "finetune@prompt", "evaluate@prompt",
    }  # fmt: skip
    assert ran[-1] in last
