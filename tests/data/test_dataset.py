"""Expectations on the committed dataset: what a reviewer may rely on without pulling data."""

import re
from collections import Counter

import pytest
from conftest import ROOT

from seedbed.approaches import NAMES
from seedbed.core.files import read_csv, read_json
from seedbed.core.metrics import read_ledger
from seedbed.core.rows import SIDES

MANIFEST = [
    line | {"batch": file.stem}
    for file in sorted((ROOT / "data/manifest").glob("*.csv"))
    for line in read_csv(file)
]
DECIDED = ROOT / "data/ledger/decided.csv"  # what people decided, and no fates
LEDGERS = sorted(set((ROOT / "data/ledger").glob("*.csv")) - {DECIDED})


def test_ids_are_unique_and_sorted_one_row_a_line():
    for batch in {line["batch"] for line in MANIFEST}:
        ids = [line["id"] for line in MANIFEST if line["batch"] == batch]
        assert ids == sorted(ids)
    assert len({line["id"] for line in MANIFEST}) == len(MANIFEST)


def test_every_class_is_on_every_side():
    found = Counter((line["label"], line["split"]) for line in MANIFEST)
    for label in {line["label"] for line in MANIFEST}:
        for side in SIDES:
            assert found[label, side] >= 30, (label, side)


def test_the_version_counts_the_rows_of_the_manifest():
    dataset = read_json(ROOT / "reports/dataset.json")
    assert dataset["rows"] == len(MANIFEST)
    assert dataset["batches"] == dict(Counter(line["batch"] for line in MANIFEST))


@pytest.mark.parametrize("file", LEDGERS, ids=lambda file: file.stem)
def test_a_ledger_is_what_the_metrics_count(file):
    rows = read_json(ROOT / f"reports/metrics/{file.stem}.json")["rows"]
    drops = read_ledger(file)
    assert dict(sorted(Counter(drop.reason for drop in drops).items())) == rows["dropped_by_reason"]
    assert not {drop.id for drop in drops} & {line["id"] for line in MANIFEST} or file.stem in (
        "find_label_errors",
        "balance",
    )


def test_files_of_ids_hold_ids_and_no_text():
    number = re.compile(r"[0-9a-f]{16}(-[an]\d+)?|")
    for line in MANIFEST:
        assert number.fullmatch(line["id"])
        assert number.fullmatch(line["digest"])
    for drop in (drop for file in LEDGERS for drop in read_ledger(file)):
        assert number.fullmatch(drop.id)
        assert number.fullmatch(drop.cause)
        assert re.fullmatch(r"[a-z_]+", drop.reason)
    for line in read_csv(ROOT / "reports/suspects.csv"):
        assert number.fullmatch(line["id"])
        assert line["label"] != line["suggested"]


def test_the_four_approaches_reach_what_a_linear_head_promises():
    for name in NAMES:
        found = read_json(ROOT / f"reports/metrics/evaluate/{name}/test.json")
        assert found["accuracy"]["low"] < found["accuracy"]["mean"] < found["accuracy"]["high"]
        assert found["accuracy"]["mean"] >= 0.955, name
