"""What to label next: train rows and unlabelled ones that would stand there, not what measures."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Project

from seedbed.core.files import read_csv, read_json
from seedbed.core.rows import COLUMNS, NEXT, read_rows, write_rows
from seedbed.scoring.predictions import read_predictions
from seedbed.tasks import class_task, labels_task
from stages.prioritize import with_uncertainty


def test_labelled_rows_keep_their_scores_and_others_are_voted_on(tmp_path):
    scores = {"id": ["a", "b"], "suggested": ["cat", "dog"], "uncertainty": [0.1, 0.7]}
    pq.write_table(pa.table(scores), tmp_path / "one.parquet")
    rows = pd.DataFrame({"id": ["a", "b", "new"], "split": "train", "label": ["cat", "cat", ""]})
    rows.loc[1, "label"] = "dog"
    vectors = np.array([[1, 0], [0, 1], [1, 1]], dtype=np.float32)
    found = with_uncertainty(class_task, rows, vectors, tmp_path, neighbours=2).set_index("id")
    assert found["suggested"].to_dict() == {"a": "cat", "b": "dog", "new": "cat"}
    assert found["uncertainty"].tolist() == pytest.approx([0.1, 0.7, 1.0])


def test_of_sets_an_unlabelled_row_gets_every_label_that_most_of_its_nearest_have(tmp_path):
    scores = {"id": ["a", "b"], "suggested": ["cat|wild", "|"], "uncertainty": [0.1, 0.7]}
    pq.write_table(pa.table(scores), tmp_path / "one.parquet")
    labels = ["cat|wild", "wild", ""]
    rows = pd.DataFrame({"id": ["a", "b", "new"], "split": "train", "label": labels})
    vectors = np.array([[1, 0], [0, 1], [1, 0.9]], dtype=np.float32)
    found = with_uncertainty(labels_task, rows, vectors, tmp_path, neighbours=2).set_index("id")
    assert found["suggested"].to_dict() == {"a": "cat|wild", "b": "|", "new": "cat|wild"}
    assert found["uncertainty"].tolist() == pytest.approx([0.1, 0.7, 0.5])


@pytest.fixture
def run(example, tmp_path, monkeypatch):
    """Run a stage in a copy of the example after its run."""
    folder = tmp_path / "project"
    shutil.copytree(example.folder, folder, ignore=shutil.ignore_patterns(".dvc", ".git"))
    monkeypatch.chdir(folder)
    project = Project(folder, tmp_path / "trace.tsv")

    def stage(*command: str) -> None:
        done = project.run("python", "-m", *command)
        assert done.returncode == 0, done.stderr[-2000:]

    return stage


def test_the_list_holds_train_alone_and_leaves_out_what_people_verified(run):
    split = read_rows(Path("data/split")).set_index("id")
    listed = read_csv(Path("reports/next.csv"))
    assert list(listed[0]) == COLUMNS[NEXT]
    assert {split["split"][line["id"]] for line in listed} == {"train"}
    assert len(listed) == (split["split"] == "train").sum()
    priorities = [float(line["priority"]) for line in listed]
    assert priorities == sorted(priorities, reverse=True)
    first = listed[0]
    Path("data/decisions/kim.jsonl").write_text(
        f'{{"id": "{first["id"]}", "digest": "{split["digest"][first["id"]]}", "given": "x", '
        f'"decided": "{first["label"]}", "who": "kim", "when": "2026-11-24"}}\n'
    )
    run("stages.prioritize")
    after = [line["id"] for line in read_csv(Path("reports/next.csv"))]
    assert after == [line["id"] for line in listed[1:]]


def test_an_unlabelled_row_is_listed_unless_it_would_be_in_test(run):
    rows = read_rows(Path("data/deduplicate"))
    bare = rows.head(20).assign(
        id=[f"bare{number:02}" for number in range(20)], label="",
        text=[f"a text of its own, number {n}, on quiet {n * 7} hills" for n in range(20)],
    )  # fmt: skip
    write_rows(Path("data/deduplicate"), pd.concat([rows, bare]).sort_values("id"))
    run("stages.prioritize")
    listed = {line["id"]: line for line in read_csv(Path("reports/next.csv"))}
    found = [row for row in listed if row.startswith("bare")]
    assert 0 < len(found) < 20  # those by hash in validation and test are not shown with a guess
    assert all(listed[row]["label"] == "" and listed[row]["suggested"] for row in found)


def test_evaluate_tells_the_figures_without_what_people_decided(run):
    test = read_rows(Path("data/balance"))
    said = read_predictions(Path("data/evaluate/feature/test"), class_task)
    right = np.flatnonzero(said.scored()["0"].predicted == said.labels)
    row = test.set_index("id", drop=False).loc[said.ids[right[0]]]
    other = next(one for one in sorted(set(test["label"])) if one != row["label"])
    Path("data/ledger/decided.csv").write_text(
        f"id,side,given,decided,people\n{row['id']},test,{other},{row['label']},kim\n"
        f"gone,test,{other},<drop>,kim\nelse,train,{other},<drop>,kim\n"
    )
    run("stages.evaluate", "feature")
    for side, changed, gone in (("test", 1, 1), ("validation", 0, 0)):
        found = read_json(Path(f"reports/metrics/evaluate/feature/{side}.json"))
        without = found["without_decisions"]
        assert (without["relabelled"], without["dropped"]) == (changed, gone)
        lost = found["accuracy"]["mean"] - without["accuracy"]["mean"]
        assert lost == pytest.approx(changed / found["rows"], abs=1e-4)  # it was right, and is not
        low, high = without["accuracy_range"]
        assert (low < high) == bool(gone)
