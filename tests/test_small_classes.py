"""Classes of one, two and three rows through every stage: a clear rule, a warning, no crash."""

import shutil
import warnings
from pathlib import Path

import pytest

from seedbed.core.files import read_csv, read_json
from seedbed.core.metrics import read_ledger
from seedbed.core.rows import read_rows

SMALL = {
    "chess": ["A pawn that reaches the last rank becomes a queen."],
    "music": ["The choir sings an old song in four parts.", "Her violin needs a new string."],
    "garden": [
        "Tulips are planted in autumn, before the frost.",
        "Cut the roses back to the third bud.",
        "A hedgehog eats the snails under the beans.",
    ],
}
STAGES = ("collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split", "embed",
          "find_label_errors", "augment", "balance", "tokenize")  # fmt: skip


@pytest.fixture(scope="module")
def ran(example, tmp_path_factory):
    """The example with the small classes added, run up to the feature approach."""
    import importlib

    folder = tmp_path_factory.mktemp("small") / "project"
    shutil.copytree(example.folder, folder, ignore=shutil.ignore_patterns(".git", ".dvc"))
    with (folder / "data/raw/rows.csv").open("a", encoding="utf-8") as file:
        for label, texts in SMALL.items():
            for number, text in enumerate(texts):
                file.write(f'{label}{number},"{text}",{label}\n')
    lines = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in STAGES:
            lines[name] = importlib.import_module(f"stages.{name}").main()
        with warnings.catch_warnings():
            # A library's own: a stage that runs by itself does not stop at it.
            warnings.filterwarnings("ignore", "Importing from 'sentence_tr", DeprecationWarning)
            for name in ("finetune", "evaluate"):
                lines[name] = importlib.import_module(f"stages.{name}").main("feature")
    return folder, lines


def test_each_class_is_learnt_or_its_rows_are_dropped_with_the_reason(ran):
    folder, lines = ran
    collected = read_rows(folder / "data/deduplicate")
    kept = read_rows(folder / "data/split")
    learnt = set(kept["label"][kept["split"] == "train"])
    assert set(kept["label"]) == learnt
    drops = read_ledger(folder / "data/ledger/split.csv")
    gone = {drop.id for drop in drops if drop.reason == "class_not_in_train"}
    assert gone == set(collected["id"][~collected["label"].isin(learnt)])
    for name in set(SMALL) - learnt:
        assert name in lines["split"].split("rows dropped: ")[1].split(";")[0]
    assert set(SMALL) & learnt, "none of the small classes is in train: choose other rows"


def test_small_classes_are_named_with_what_to_collect(ran):
    folder, lines = ran
    metrics = read_json(folder / "reports/metrics/split.json")
    for name in set(SMALL) & set(metrics["by_class"]):
        assert metrics["classes_with_few_test_rows"][name] >= 27
        assert name in lines["split"].split("fewer than 30 test rows")[1]


def test_a_class_in_one_fold_alone_is_told_and_never_a_suspect(ran):
    folder, lines = ran
    rows = read_rows(folder / "data/split")
    folds = rows[rows["fold"] >= 0].groupby("label")["fold"].nunique()
    alone = sorted(folds.index[folds == 1])
    assert alone, "no class stands in one fold alone: choose other rows"
    metrics = read_json(folder / "reports/metrics/find_label_errors.json")
    assert sorted(metrics["not_judged_by_class"]) == alone
    assert lines["find_label_errors"].endswith(f"in one fold alone: {', '.join(alone)}")
    judged = {line["id"] for line in read_csv(folder / "reports/suspects.csv")}
    inside = rows[rows["label"].isin(alone) & (rows["fold"] >= 0)]
    assert not judged & set(inside["id"])


def test_the_model_knows_every_class_that_is_left(ran):
    folder, _ = ran
    tokens = read_rows(folder / "data/balance")
    scores = read_json(folder / "reports/metrics/evaluate/feature/test.json")["per_class"]
    assert sorted(scores) == sorted(set(tokens["label"]))
    assert (Path(folder) / "models/feature/seed-0").is_dir()
