"""Each thing that can be added is added as its how-to page says, and seen through to the report.

One copy of the example gets an approach, a metric, a cleaning rule, a kind of personal data and a
source kind, each in the files that its page names and in no other.
"""

import shutil
from pathlib import Path

import pytest
from conftest import Project, yaml

from seedbed.core.files import read_json

APPROACH = '''"""Centroid: the mean vector of each class is its weight; the encoder is frozen."""

from pathlib import Path

import numpy as np
from pydantic import Field
from torch import nn

from seedbed.training.classifier import (
    Loaded,
    Origin,
    TrainingData,
    linear,
    load_sentence_classifier,
    save_sentence_classifier,
    score_of,
    trainable_parameters,
)
from seedbed.training.loop import Curve
from seedbed.training.models import ApproachParams, SavedModel


class Params(ApproachParams):
    """params.yaml section `approaches.centroid`."""

    scale: float = Field(gt=0)


def fine_tune(data: TrainingData, params: Params, seed: int, folder: Path) -> Curve:
    """Take the means, save a sentence classifier and give a curve of one point."""
    vectors, labels = data.vectors("train"), data.train.row_labels
    means = np.stack([vectors[labels == index].mean(0) for index in range(len(data.classes))])
    head = nn.Sequential(linear(params.scale * means))
    origin = Origin("centroid", params, trainable_parameters(head))
    save_sentence_classifier(data, folder, head, None, origin)
    score = score_of(data, data.vectors("validation") @ means.T)
    return [{"epoch": 1, "validation_macro_f1": score}]


def load(folder: Path, card: SavedModel) -> Loaded:
    """Load a model that `fine_tune` saved."""
    model = load_sentence_classifier(folder)
    return model._replace(head=model.module.head)
'''
METRIC = """        Metric(
            "likelihood",
            "likelihood",
            "probabilities",
            lambda scored: np.exp(
                scored.counts
                @ np.log(scored.probabilities[np.arange(len(scored.labels)), scored.labels])
                / scored.counts.sum(1)
            ),
            ("approaches", "differences", "gate", "comparison", "card", "tag"),
        ),
"""
SOURCE_KIND = '''"""Kind `lines`: a text file with a label, a colon and a text on each line."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from seedbed.collecting.source import Source, SourceTable
from seedbed.collecting.tables import Record, Table


class LinesSource(Source):
    """One text a line, its label before a colon."""

    kind: Literal["lines"]

    about: ClassVar[str] = "a text file with `label: text` on each line"

    def tables(self) -> Iterator[SourceTable]:
        """Yield the lines as one table."""
        content = Path(self.path).read_bytes()
        records = [
            Record(number, dict(zip(("label", "text"), line.split(": ", 1), strict=True)))
            for number, line in enumerate(content.decode().splitlines(), 1)
        ]
        table = Table(["label", "text"], records, "utf-8")
        yield SourceTable(self.path, hashlib.sha256(content).hexdigest(), table)


SOURCE = LinesSource
'''
LINES = """weather: The wind turned and room 12-345 was flooded by the rain...
cooking: Stir the beans in room 17-208 until the water has boiled away...
cooking: A spoon of honey goes into the dough at the very end.
"""
RULE = '''

def shorten_ellipses(text: str) -> str:
    """Three dots become one character."""
    return text.replace("...", "\\u2026")
'''
RULE_ENTRY = '    Rule("ellipses", shorten_ellipses, "shorten three dots to an ellipsis"),\n'
KIND = """    Search("room", "code", by_form(matches(re.compile(r"\\b\\d{2}-\\d{3}\\b")))),
"""
LIMITS = """
from seedbed.core.params import read_params
from seedbed.gate.verdict import GateParams, limits_of

for limit in limits_of(read_params("gate", GateParams), []):
    print(limit.in_words())
"""


def insert(file: Path, before: str, entry: str) -> None:
    """Put an entry before the first place that a text is found."""
    text = file.read_text()
    assert before in text, f"{file} has no {before!r}"
    file.write_text(text.replace(before, entry + before, 1))


def after(file: Path, opening: str, entry: str) -> None:
    """Put an entry behind the opening of a table."""
    text = file.read_text()
    assert opening in text, f"{file} has no {opening!r}"
    file.write_text(text.replace(opening, opening + entry, 1))


def edited(project: Project) -> set[str]:
    """Files of the code that git sees as changed or new."""
    command = ("git", "status", "--porcelain", "--untracked-files=all", "seedbed", "stages")
    listed = project.run(*command)
    return {line[3:] for line in listed.stdout.splitlines() if "__pycache__" not in line}


@pytest.fixture(scope="module")
def added(example, tmp_path_factory) -> Project:
    """A copy of the example with one of each, after `make sync` and `dvc repro`."""
    folder = tmp_path_factory.mktemp("adding") / "project"
    shutil.copytree(example.folder, folder, symlinks=True)
    project = Project(folder, folder.parent / "trace.tsv")
    for command in (("git", "add", "seedbed", "stages"),
                    ("git", "-c", "user.name=kim", "-c", "user.email=kim@example.org",
                     "commit", "-qm", "code")):  # fmt: skip
        assert project.run(*command).returncode == 0
    seedbed = folder / "seedbed"
    (seedbed / "approaches/centroid.py").write_text(APPROACH)
    entry = '    "centroid": "the mean vector of each class, no training",\n'
    after(seedbed / "approaches/__init__.py", "APPROACHES = {\n", entry)
    insert(seedbed / "scoring/metrics.py", "    )\n}\n\n\ndef shown_in(", METRIC)
    (seedbed / "collecting/kinds/lines.py").write_text(SOURCE_KIND)
    rules = seedbed / "cleaning/rules.py"
    insert(rules, "\n\nclass Rule(NamedTuple):", RULE)
    after(rules, "RULES = (\n", RULE_ENTRY)
    after(seedbed / "private/kinds.py", "SEARCHES = (\n", KIND)
    (folder / "data/raw/lines.txt").write_text(LINES)

    def change(content) -> None:
        content["approaches"]["centroid"] = {"run": True, "scale": 9.0}
        content["gate"]["max_drop_likelihood"] = 0.02
        content["anonymize"]["kinds"].append("room")
        content["sources"].append(
            {"name": "lines", "kind": "lines", "path": "data/raw/lines.txt",
             "batch": "2026-02-lines", "licence": "CC0"}
        )  # fmt: skip

    project.params(change)
    pipeline = yaml.load(folder / "dvc.yaml")
    pipeline["stages"]["collect"]["deps"].append("data/raw/lines.txt")
    yaml.dump(pipeline, folder / "dvc.yaml")
    sync = ["python", "-m", "seedbed.upkeep.sync"]
    for arguments in ([], ["--check"]):
        done = project.run(*sync, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    done = project.run("dvc", "repro")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return Project(folder, project.trace, done.stdout)


def test_only_the_files_that_the_pages_name_were_touched(added):
    assert edited(added) == {
        "seedbed/approaches/__init__.py", "seedbed/approaches/centroid.py",
        "seedbed/scoring/metrics.py", "seedbed/collecting/kinds/lines.py",
        "seedbed/cleaning/rules.py", "seedbed/private/kinds.py",
    }  # fmt: skip


def test_the_approach_is_compared_in_the_report(added):
    assert "| `centroid` |" in (added.folder / "reports/report.md").read_text()
    card = read_json(added.folder / "models/centroid/seed-0/seedbed.json")
    assert (card["approach"], card["params"]["scale"]) == ("centroid", "9.0")


def test_the_metric_of_probabilities_has_intervals_in_report_card_and_gate(added):
    chosen = read_json(added.folder / "reports/choice.json")["approach"]
    scores = read_json(added.folder / f"reports/metrics/evaluate/{chosen}/test.json")["likelihood"]
    assert 0 < scores["low"] < scores["mean"] < scores["high"] < 1
    shown = f"{scores['mean']:.3f} [{scores['low']:.3f}, {scores['high']:.3f}]"
    report = (added.folder / "reports/report.md").read_text()
    assert "test likelihood" in report
    assert shown in report
    assert shown in (added.folder / "reports/cards/model_card.md").read_text()
    limits = added.run("python", "-c", LIMITS)
    assert "likelihood may lose 2 points" in limits.stdout, limits.stderr


def test_rows_of_the_new_source_are_cleaned_and_anonymized(added):
    counts = read_json(added.folder / "reports/metrics/collect.json")
    assert counts["by_source"]["lines"] == 3
    touched = read_json(added.folder / "reports/metrics/clean.json")["rows_touched_by_rule"]
    assert touched["ellipses"] >= 2
    replaced = read_json(added.folder / "reports/metrics/anonymize.json")["replaced_by_kind"]
    assert replaced["room"] == 2
    report = (added.folder / "reports/report.md").read_text()
    assert "2 room" in report
    assert "3 lines" in report
