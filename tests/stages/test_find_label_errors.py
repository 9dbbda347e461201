"""The stage on rows a person can read: what it writes of suspects, outliers and verified rows."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from ruamel.yaml import YAML

from seedbed.core.errors import ParamsError
from seedbed.core.files import read_csv, read_json
from seedbed.core.metrics import read_ledger
from seedbed.core.rows import read_rows, write_rows
from seedbed.encoding.vectors import write_vectors
from stages import find_label_errors

WRONG = ("000000000000001e", "0000000000000034")  # of train
COPY = "0000000000000028"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """90 rows on rain or on soup; two are called the other, and one is a near copy of a third."""
    monkeypatch.chdir(tmp_path)
    numbers = np.arange(90)
    topic = numbers % 2
    random = np.random.default_rng(0)
    vectors = np.eye(6)[topic] + random.normal(0, 0.2, (90, 6))
    rows = pd.DataFrame(
        {
            "id": [f"{number:016x}" for number in numbers],
            "text": [["rain and hail", "soup and bread"][one] + f" {n}" for n, one in
                     zip(numbers, topic, strict=True)],
            "label": np.array(["weather", "cooking"])[topic],
            "split": np.where(numbers % 10 < 7, "train", np.where(numbers % 10 < 8, "validation",
                                                                   "test")),
        }
    )  # fmt: skip
    rows = rows.assign(digest="d", source="s", batch="2026-01-s", provenance="{}")
    rows["fold"] = np.where(rows["split"] == "test", -1, numbers % 3)
    turn = {"weather": "cooking", "cooking": "weather"}
    hit = rows["id"].isin(WRONG)
    rows.loc[hit, "label"] = rows.loc[hit, "label"].map(turn)
    assert set(rows["split"][hit]) == {"train"}
    write_rows(Path("data/split"), rows)
    write_vectors(Path("data/embed"), rows, vectors.astype(np.float32))
    Path("data/cv").mkdir(parents=True)
    Path("data/decisions").mkdir(parents=True)
    set_params()
    return tmp_path


def set_params(**changes) -> None:
    yaml = YAML(typ="safe")
    content = yaml.load(ROOT / "params.yaml")
    content["find_label_errors"] |= changes
    yaml.dump(content, Path("params.yaml"))


def as_sets(names: dict[str, str]) -> None:
    """Make sets of the labels, and labels the task."""
    yaml = YAML(typ="safe")
    content = yaml.load(Path("params.yaml"))
    content["task"]["kind"] = "labels"
    content["find_label_errors"]["near_copy_min_cosine"] = 1.0  # the models alone judge
    yaml.dump(content, Path("params.yaml"))
    rows = read_rows(Path("data/split"))
    write_rows(Path("data/split"), rows.assign(label=rows["label"].map(names)))


def verify(*ids: str) -> None:
    line = {"digest": "d", "given": "weather", "decided": "weather", "who": "ann",
            "when": "2026-11-24T10:00:00"}  # fmt: skip
    text = "".join(json.dumps({"id": one, **line}) + "\n" for one in ids)
    Path("data/decisions/ann.jsonl").write_text(text)


def suspects() -> dict[str, dict[str, str]]:
    return {line["id"]: line for line in read_csv(Path("reports/suspects.csv"))}


def test_suspects_say_what_is_doubted_why_and_which_rows_agree(project):
    find_label_errors.main()
    found = suspects()
    assert set(WRONG) <= set(found)
    rows = read_rows(Path("data/split")).set_index("id")
    for one in found.values():
        assert one["label"] == rows["label"][one["id"]] != one["suggested"]
        nearest = one["nearest"].split()
        assert 0 < len(nearest) <= 5
        assert one["id"] not in nearest
        assert set(rows["label"][nearest]) == {one["suggested"]}
    scores = [float(one["score"]) for one in found.values()]
    assert scores == sorted(scores)


def test_every_row_has_its_scores(project):
    find_label_errors.main()
    scores = pd.read_parquet("data/label_scores")
    assert sorted(scores["id"]) == sorted(read_rows(Path("data/split"))["id"])
    assert scores["score"].between(0, 1).all()
    assert scores["self_confidence"].between(0, 1).all()


def test_figures_of_the_noise_and_of_the_order(project):
    find_label_errors.main()
    found = read_json(Path("reports/metrics/find_label_errors.json"))
    joint = found["noise"]["confident_joint"]
    assert sum(sum(line.values()) for line in joint.values()) == 90
    assert 0 <= found["non_iid_p"] <= 1
    assert sum(found["suspects_by_reason"].values()) == found["suspects"] == len(suspects())
    assert sum(found["outliers_by_side"].values()) == len(read_csv(Path("reports/outliers.csv")))


def test_a_near_copy_with_another_label_is_named_first(project):
    rows = read_rows(Path("data/split"))
    vectors = pd.read_parquet("data/embed")
    twin = next(row for row, label in zip(rows["id"], rows["label"], strict=True)
                if label == "cooking" and row not in WRONG)  # fmt: skip
    by_id = dict(zip(vectors["id"], vectors["vector"], strict=True))
    by_id[COPY] = by_id[twin]
    write_vectors(Path("data/embed"), rows, np.stack([by_id[row] for row in rows["id"]]))
    find_label_errors.main()
    one = suspects()[COPY]
    assert (one["reason"], one["suggested"]) == ("near_copy_other_label", "cooking")
    assert one["nearest"].split()[0] == twin
    set_params(policy="drop", max_score=1.0, max_share=None)
    find_label_errors.main()
    drops = {drop.id: drop for drop in read_ledger(Path("data/ledger/find_label_errors.csv"))}
    assert (drops[COPY].reason, drops[COPY].cause) == ("near_copy_other_label", twin)


def test_an_outlier_is_listed_and_is_no_suspect_for_that(project):
    rows = read_rows(Path("data/split"))
    vectors = np.stack(pd.read_parquet("data/embed").set_index("id")["vector"][rows["id"]])
    vectors[4] = [0, 0, 0, 0, 0, -9]
    write_vectors(Path("data/embed"), rows, vectors)
    find_label_errors.main()
    listed = {line["id"]: line for line in read_csv(Path("reports/outliers.csv"))}
    assert rows["id"][4] in listed
    assert set(listed[rows["id"][4]]) == {"id", "split", "label", "outlier_score"}
    assert "outlier" not in {one["reason"] for one in suspects().values()}


def test_verified_rows_are_never_flagged_and_no_policy_acts_on_them(project):
    verify(*WRONG)
    for policy in ("flag", "drop", "relabel", "weight"):
        set_params(policy=policy, max_share=0.5)
        find_label_errors.main()
        assert not set(WRONG) & set(suspects())
        before = read_rows(Path("data/split")).set_index("id")
        after = read_rows(Path("data/find_label_errors")).set_index("id")
        assert after.loc[list(WRONG)].equals(before.loc[list(WRONG)])
    assert read_json(Path("reports/metrics/find_label_errors.json"))["verified_rows"] == 2


def test_verified_rows_have_no_part_in_the_noise_estimate(project):
    find_label_errors.main()
    before = read_json(Path("reports/metrics/find_label_errors.json"))["noise"]
    assert before["wrong_share"] > 0
    verify(*WRONG)
    find_label_errors.main()
    after = read_json(Path("reports/metrics/find_label_errors.json"))["noise"]
    assert sum(sum(line.values()) for line in after["confident_joint"].values()) == 88
    assert after["wrong_share"] == 0


def test_the_same_inputs_give_the_same_bytes(project):
    find_label_errors.main()
    names = ("reports/suspects.csv", "reports/outliers.csv", "data/label_scores/2026-01-s.parquet",
             "reports/metrics/find_label_errors.json")  # fmt: skip
    before = [Path(name).read_bytes() for name in names]
    find_label_errors.main()
    assert [Path(name).read_bytes() for name in names] == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"models": ["linear", "guesses"]}, "guesses"),
        ({"max_score": 0.1}, "both are set"),
        ({"max_share": None}, "neither is set"),
    ],
)
def test_wrong_params_are_told(project, changes, message):
    set_params(**changes)
    with pytest.raises(ParamsError, match=message):
        find_label_errors.main()


def test_sets_are_judged_label_by_label_and_the_whole_set_is_suggested(project):
    """All rows are dated, those of weather wet as well; the last of one fold alone is rare."""
    as_sets({"weather": "dated|wet", "cooking": "dated"})
    rows = read_rows(Path("data/split"))
    rare = rows["fold"].eq(1) & (rows.index == 7)
    label = rows["label"].where(~rare, rows["label"] + "|zonal")
    write_rows(Path("data/split"), rows.assign(label=label))
    verify(WRONG[0])
    find_label_errors.main()
    found = suspects()
    assert WRONG[0] not in found
    one = found[WRONG[1]]
    assert {one["label"], one["suggested"]} == {"dated|wet", "dated"}
    assert one["reason"] == ("extra_label" if one["label"] == "dated|wet" else "lacks_label")
    wet = {row for row, sets in zip(rows["id"], rows["label"], strict=True) if "wet" in sets}
    near = set(one["nearest"].split())
    assert near <= wet if one["reason"] == "lacks_label" else not near & wet
    metrics = read_json(Path("reports/metrics/find_label_errors.json"))
    assert metrics["not_judged_by_class"] == {"zonal": 1}
    assert metrics["noise"]["confident_joint"]["dated"] == {"right": 89 - 1}
    set_params(policy="relabel", max_score=1.0, max_share=None)
    as_sets({name: name for name in label.unique()})
    find_label_errors.main()
    after = read_rows(Path("data/find_label_errors"))
    changed = after["label"].to_numpy() != label.to_numpy()
    assert WRONG[1] in set(rows["id"][changed])
    assert set(rows["split"][changed]) == {"train"}
