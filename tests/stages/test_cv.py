"""Cross-validation as a stage: scores by fold, out-of-fold probabilities, and what a grid chose."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, tiny_encoder
from ruamel.yaml import YAML

from seedbed.core.errors import ParamsError, RowsError
from seedbed.core.files import read_json, sha256_of
from seedbed.core.rows import read_rows, write_rows
from seedbed.training.resampling import read_out_of_fold
from stages import cv, embed, find_label_errors, finetune, split

METRICS = Path("reports/metrics/cv.json")
TOPICS = {
    "weather": ["rain", "hail", "fog", "snow"],
    "cooking": ["onion", "rice", "soup", "bread"],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Rows about weather and cooking, split and embedded with a tiny encoder."""
    folder = tmp_path_factory.mktemp("cv")
    lines = [
        (f"{start} {thing} {end}", label)
        for label, things in TOPICS.items()
        for thing in things
        for start in ("we saw the", "no more", "all this", "give me")
        for end in ("today", "in town", "again")
    ]
    rows = pd.DataFrame(lines, columns=["text", "label"])
    rows = rows.assign(
        id=[f"{number:016x}" for number in range(len(rows))], digest="d", source="s",
        batch="2026-01-s", provenance="{}",
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        tiny_encoder(Path("tiny"), list(rows["text"]))
        write_rows(Path("data/deduplicate"), rows)
        Path("data/decisions").mkdir()
        Path("data/frozen_test.csv").write_text("id,digest\n")
        set_params(
            encoder={"name": "tiny", "sha256": sha256_of(Path("tiny/model.safetensors")),
                     "max_length": 32, "precision": "float32"},
            split={"twin_min_jaccard": 1.0, "folds": 3},
            cv={"approaches": ["feature", "full"],
                "grid": {"full": {"learning_rate": [1e-9, 1e-2]}}},
        )  # fmt: skip
        split.main()
        embed.main()
        cv.main()
        yield folder


def set_params(**sections) -> None:
    file, yaml = Path("params.yaml"), YAML(typ="safe")
    content = yaml.load(file if file.exists() else ROOT / "params.yaml")
    for name, changes in sections.items():
        content[name] |= changes
    content["training"] |= {"epochs": 3, "batch_tokens": 128}
    yaml.dump(content, file)


@pytest.fixture(autouse=True)
def there(project, monkeypatch):
    monkeypatch.chdir(project)
    before = Path("params.yaml").read_text()
    yield
    Path("params.yaml").write_text(before)


def test_every_fold_has_its_score(project):
    found = read_json(METRICS)
    inside = (read_rows(cv.SPLIT)["fold"] >= 0).sum()
    assert (found["rows_scored"], found["folds"]) == (inside, 3)
    for one in found["approaches"].values():
        assert list(one["macro_f1"]["by_fold"]) == ["0", "1", "2"]
        assert one["macro_f1"]["mean"] == pytest.approx(
            np.mean(list(one["macro_f1"]["by_fold"].values())), abs=1e-4
        )


def test_a_grid_chooses_what_learns(project):
    full = read_json(METRICS)["approaches"]["full"]
    assert [point["params"]["learning_rate"] for point in full["points"]] == ["1e-09", "0.01"]
    assert full["chosen"] == {"learning_rate": "0.01"}


def test_finetune_takes_what_the_grid_chose(project):
    from seedbed.training.trainer import ApproachTrainer

    assert ApproachTrainer("full").params.learning_rate != 0.01
    chosen = ApproachTrainer("full", **finetune.chosen_by_cv("full")).params
    assert chosen.learning_rate == 0.01
    assert finetune.chosen_by_cv("feature") == finetune.chosen_by_cv("lora") == {}


def test_probabilities_are_those_of_models_that_saw_neither_row_nor_label(project):
    rows = read_rows(cv.SPLIT)
    classes = sorted(set(rows["label"]))
    before = read_out_of_fold(cv.OUT_OF_FOLD / "feature.parquet", list(rows["id"]), classes)
    assert before.sum(1) == pytest.approx(1)
    [place] = np.flatnonzero(rows["fold"] == 0)[:1]
    other = "cooking" if rows["label"][place] == "weather" else "weather"
    wrong = rows.assign(label=rows["label"].where(rows.index != place, other))
    write_rows(cv.SPLIT, wrong)
    set_params(cv={"approaches": ["feature"], "grid": {}})
    cv.main()
    after = read_out_of_fold(cv.OUT_OF_FOLD / "feature.parquet", list(rows["id"]), classes)
    same_fold = (rows["fold"] == 0).to_numpy()
    assert after[same_fold] == pytest.approx(before[same_fold], abs=1e-6)
    assert abs(after[rows["fold"] == 1] - before[rows["fold"] == 1]).max() > 1e-6
    write_rows(cv.SPLIT, rows)


def test_label_errors_are_found_with_what_was_scored_already(project):
    set_params(cv={"approaches": ["feature"], "grid": {}})
    cv.main()
    set_params(find_label_errors={"models": ["feature"]})
    find_label_errors.main()
    scores = pd.read_parquet("data/label_scores").set_index("id")["self_confidence"]
    rows = read_rows(cv.SPLIT)
    classes = sorted(set(rows["label"]))
    found = read_out_of_fold(cv.OUT_OF_FOLD / "feature.parquet", list(rows["id"]), classes)
    own = found[np.arange(len(rows)), [classes.index(label) for label in rows["label"]]]
    assert scores[rows["id"]].to_numpy() == pytest.approx(own, abs=1e-4)


def test_a_model_that_was_not_cross_validated_is_an_error(project):
    set_params(find_label_errors={"models": ["lora"]})
    with pytest.raises(RowsError, match=r"add lora to cv\.approaches"):
        find_label_errors.main()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"approaches": [], "grid": {"full": {"epochs": [2]}}}, "full is not cross-validated"),
        ({"approaches": ["full"], "grid": {"full": {"epochs": []}}}, "at least 1 item"),
        ({"approaches": ["full"], "grid": {"full": {"epochs": [0]}}}, r"cv\.grid\.full\.epochs: 0"),
        ({"approaches": ["full"], "grid": {"full": {"epoch": [2]}}}, "there is `epochs`"),
        (
            {"approaches": ["lorra"], "grid": {}},
            "one of feature, full, lora, prompt; there is `lora`",
        ),
        ({"approaches": [], "grid": {"ful": {"epochs": [2]}}}, "there is `full`"),
    ],
)
def test_a_grid_that_says_nothing_is_refused(project, changes, message):
    set_params(cv=changes)
    with pytest.raises(ParamsError, match=message):
        cv.main()


def test_off_says_so(project):
    set_params(cv={"approaches": [], "grid": {}})
    said = "off, no approach is cross-validated"
    named = {"approaches.prompt.descriptions": {"sports": "", "tech": ""}}  # no classes here
    assert cv.main() == f"{said}; matches nothing: approaches.prompt.descriptions: sports, tech"
    assert read_json(METRICS) == {"approaches": {}, "run": False, "unused": named}
