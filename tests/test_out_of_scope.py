"""Negatives from a source, through every stage: as a class of their own, and by a threshold."""

from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT, tiny_encoder
from ruamel.yaml import YAML

from seedbed.core.errors import RowsError
from seedbed.core.files import read_json, sha256_of, write_csv
from seedbed.core.rows import OUTSIDE, read_rows, write_rows
from seedbed.encoding.examples import read_datasets
from seedbed.scoring.evaluation import DecidedRow, check_outside
from seedbed.scoring.predictions import read_predictions
from seedbed.tasks import class_task
from stages import (
    adapt,
    augment,
    balance,
    cv,
    embed,
    evaluate,
    find_label_errors,
    finetune,
    split,
    tokenize,
)

TOPICS = {"weather": ["rain", "hail", "fog", "snow", "wind"],
          "cooking": ["onion", "rice", "soup", "bread", "salt"],
          "out_of_scope": ["zebra", "quartz", "violin", "comet", "chess"]}  # fmt: skip
yaml = YAML(typ="safe")


def rows() -> pd.DataFrame:
    """Rows about weather and cooking, and negatives about neither, of two kinds."""
    lines = [
        (f"{start} {thing} {end}", label, f'{{"negative":"{kind}"}}' if "scope" in label else "{}")
        for label, things in TOPICS.items()
        for place, thing in enumerate(things)
        for start in ("we saw the", "no more", "all this", "give me")
        for end in ("today", "in town", "again")
        for kind in [("in_domain", "general")[place % 2]]
    ]
    table = pd.DataFrame(lines, columns=["text", "label", "meta"])
    return table.assign(
        id=[f"{number:016x}" for number in range(len(table))], digest="d", source="s",
        batch="2026-01-s", provenance="{}",
        origin=["negative" if label == "out_of_scope" else "original" for label in table["label"]],
    )  # fmt: skip


def run(folder: Path, how: str) -> None:
    """Every stage from the split on, with the feature approach."""
    table = rows()
    tiny_encoder(Path("tiny"), list(table["text"]))
    write_rows(Path("data/deduplicate"), table)
    params = yaml.load(ROOT / "params.yaml")
    params["encoder"] |= {
        "name": "tiny", "sha256": sha256_of(Path("tiny/model.safetensors")), "max_length": 32,
        "precision": "float32",
    }  # fmt: skip
    params["split"] |= {"twin_min_jaccard": 1.0, "folds": 3, "test_share": 0.3}
    params["negatives"]["as"] = how
    yaml.dump(params, Path("params.yaml"))
    Path("data/decisions").mkdir()
    Path("data/frozen_test.csv").write_text("id,digest\n")
    write_csv(Path("data/ledger/decided.csv"), DecidedRow._fields, [])
    for stage in (split, embed, cv, find_label_errors, augment, balance, tokenize):
        stage.main()
    adapt.main()
    finetune.main("feature")
    evaluate.main("feature")


@pytest.fixture(scope="module", params=["class", "threshold"])
def project(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run(folder, request.param)
        yield request.param, folder


def test_a_threshold_keeps_negatives_out_of_the_model(project):
    how, folder = project
    found = read_datasets(folder / "data/tokenize")
    assert ("out_of_scope" in found.classes) == (how == "class")
    assert (found.parts["test"].labels == OUTSIDE).any() == (how == "threshold")
    assert not (found.parts["train"].labels == OUTSIDE).any()


def test_figures_tell_in_domain_and_general_apart(project):
    how, folder = project
    members = read_rows(folder / "data/balance").query("split == 'test'")
    scope = read_json(folder / "reports/metrics/evaluate/feature/test.json")["out_of_scope"]
    assert scope["how"] == how
    assert scope["all"]["rows"] == (members["label"] == "out_of_scope").sum() > 5
    assert set(scope["by_kind"]) == {"general", "in_domain"}
    assert sum(one["rows"] for one in scope["by_kind"].values()) == scope["all"]["rows"]
    found = scope["all"]["auroc"]
    assert 0 <= found["low"] <= found["mean"] <= found["high"] <= 1
    if how == "class":  # an encoder that was never trained is as sure of one text as of another
        assert found["mean"] > 0.9
    assert ("threshold" in scope) == (how == "threshold")


def test_every_row_is_scored_among_all_classes(project):
    how, folder = project
    test = read_json(folder / "reports/metrics/evaluate/feature/test.json")
    assert set(test["per_class"]) == set(TOPICS)
    found = read_predictions(folder / "data/evaluate/feature/test", class_task)
    assert found.probabilities["0"].shape[1] == 3
    assert found.labels.min() >= 0


def test_a_threshold_needs_negatives_in_validation(project):
    how, folder = project
    parts = read_datasets(folder / "data/tokenize").parts
    validation, test = parts["validation"].inside(class_task).row_labels, parts["test"].row_labels
    if how == "class":
        check_outside(class_task, validation, test, "data/tokenize")
        return
    with pytest.raises(RowsError, match="in test alone"):
        check_outside(class_task, validation, test, "data/tokenize")
