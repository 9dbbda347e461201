"""No choice reads a test figure: with everything on the test side changed or gone, what is decided
comes out byte for byte the same."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, yaml

from seedbed.approaches import NAMES
from seedbed.core.rows import read_rows, write_rows
from seedbed.encoding.examples import Examples, Tokenized, read_datasets, write_datasets
from stages import evaluate, finetune, learning_curve, prioritize, report, select

APPROACHES = NAMES


def digests(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture
def project(example, tmp_path, monkeypatch) -> Path:
    """A copy of the example project after its run, to spoil."""
    folder = tmp_path / "project"
    shutil.copytree(example.folder, folder, ignore=shutil.ignore_patterns(".dvc", ".git"))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    return folder


def spoil_rows(folder: Path) -> None:
    """Other texts and labels for all test rows."""
    rows = read_rows(folder)
    test = rows["split"] == "test"
    labels = sorted(set(rows["label"]))
    other = rows["label"].map(lambda name: labels[(labels.index(name) + 1) % len(labels)])
    spoilt = rows.assign(
        label=rows["label"].where(~test, other), text=rows["text"].where(~test, "spoilt")
    )
    write_rows(folder, spoilt)


def spoil_tokens(folder: Path) -> None:
    """Other labels for all test rows, and their first token for every token."""
    classes, parts, truncation = read_datasets(folder)
    test = parts["test"]
    other = Examples(
        [np.full_like(ids, ids[0]) for ids in test.ids],
        test.segments,
        (test.labels + 1) % len(classes),
        test.weights,
        test.rows,
    )
    write_datasets(folder, Tokenized(classes, {**parts, "test": other}, truncation))


def test_select_gives_the_same_bytes_without_any_file_of_test(project):
    before, choice = digests(Path("models/best")), Path("reports/choice.json").read_bytes()
    for approach in APPROACHES:
        shutil.rmtree(f"data/evaluate/{approach}/test")
        Path(f"reports/metrics/evaluate/{approach}/test.json").unlink()
    for name in ("tokenize", "balance", "split", "evaluate/spare"):
        shutil.rmtree(f"data/{name}", ignore_errors=True)
    shutil.rmtree("models/best")
    select.main()
    assert digests(Path("models/best")) == before
    assert Path("reports/choice.json").read_bytes() == choice


def decided(approach: str) -> list:
    """Train and score again; all that may hang on validation."""
    finetune.main(approach)
    evaluate.main(approach)
    folders = (f"models/{approach}", "reports/plots", f"data/evaluate/{approach}/validation")
    metrics = Path(f"reports/metrics/evaluate/{approach}/validation.json")
    return [*(digests(Path(folder)) for folder in folders), metrics.read_bytes()]


@pytest.mark.parametrize("approach", ["feature", "full"])
def test_training_and_all_that_evaluate_decides_are_the_same_with_test_spoilt(project, approach):
    before = decided(approach)
    test = Path(f"data/evaluate/{approach}/test")
    test_before = digests(test)
    spoil_tokens(Path("data/tokenize"))
    for name in ("balance", "split"):
        spoil_rows(Path(f"data/{name}"))
    assert decided(approach) == before
    assert digests(test) != test_before  # it was spoilt


def test_the_learning_curve_is_the_same_with_test_spoilt(project):
    params = Path("params.yaml")
    content = yaml.load(params)
    content["learning_curve"] |= {"run": True, "seeds": [0, 1], "samples": 100}
    yaml.dump(content, params)
    learning_curve.main()
    before = Path("reports/metrics/learning_curve.json").read_bytes()
    assert b'"run": true' in before
    for name in ("balance", "split"):
        spoil_rows(Path(f"data/{name}"))
    learning_curve.main()
    assert Path("reports/metrics/learning_curve.json").read_bytes() == before
    report.main()
    assert "## Learning curve" in Path("reports/report.md").read_text()


def test_what_to_label_and_what_the_model_needs_are_the_same_with_test_spoilt(project):
    split = read_rows(Path("data/split"))
    later = split["batch"].where(split.index % 3 > 0, "2026-09-later")
    write_rows(Path("data/split"), split.assign(batch=later))  # so that batches are compared
    prioritize.main()
    pages = [Path("reports/next.csv"), Path("reports/next.md")]
    before = [page.read_bytes() for page in pages]
    assert b"Batch 2026-09-later" in before[1]
    assert not [text for text in split["text"] if text.encode() in before[1]]  # no text of a row
    for name in ("balance", "split"):
        spoil_rows(Path(f"data/{name}"))
    for approach in APPROACHES:
        shutil.rmtree(f"data/evaluate/{approach}/test")
        Path(f"reports/metrics/evaluate/{approach}/test.json").unlink()
    prioritize.main()
    assert [page.read_bytes() for page in pages] == before


def test_only_what_scores_and_what_reports_depend_on_files_of_test():
    stages = yaml.load(ROOT / "dvc.yaml")["stages"]
    readers, writers = set(), set()
    for name, stage in stages.items():
        for key, users in (("deps", readers), ("outs", writers), ("metrics", writers)):
            paths = [
                next(iter(one)) if isinstance(one, dict) else one for one in stage.get(key, [])
            ]
            if any(path.endswith(("/test", "/test.json")) for path in paths):
                users.add(name)
    assert readers == {"report", "cards"}
    assert writers == {"evaluate"}


def test_the_report_decides_nothing(project):
    before = Path("reports/choice.json").read_bytes()
    report.main()
    assert Path("reports/choice.json").read_bytes() == before
    outs = [next(iter(one)) for one in yaml.load(ROOT / "dvc.yaml")["stages"]["report"]["outs"]]
    assert sorted(outs) == ["reports/dataset.json", "reports/report.md"]
