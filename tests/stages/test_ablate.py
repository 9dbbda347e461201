"""The verdict reads train and validation alone, and costs nothing where there is nothing to ask."""

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT, tiny_encoder, yaml

from seedbed.core.files import read_csv, read_json, sha256_of
from seedbed.core.rows import DEFAULTS, read_rows, write_rows
from seedbed.encoding.vectors import write_vectors
from stages import ablate, augment, balance

# The library moved its modules; the old names are in seedbed/training/classifier.py.
METRICS = Path("reports/metrics/ablate.json")
LINES = read_csv(ROOT / "tests/example/rows.csv")
OFF = {"measured_on": "validation", "approach": "feature", "seeds": 5,
       "off": "augment, negatives, balance", "measured": {}}  # fmt: skip


def rows() -> pd.DataFrame:
    made = [
        DEFAULTS
        | {
            "id": f"{number:016x}", "digest": "d", "source": "s", "batch": "b", "provenance": "{}",
            "text": line["text"], "label": line["label"] or "weather", "fold": number % 3,
            "split": ("train", "train", "validation", "test")[number % 4],
        }
        for number, line in enumerate(LINES)
    ]  # fmt: skip
    return pd.DataFrame(made).astype({"fold": "int8", "weight": "float32"})


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    write_rows(tmp_path / "data/find_label_errors", rows())
    return tmp_path


def set_params(change) -> None:
    with open("params.yaml", encoding="utf-8") as file:
        content = yaml.load(file)
    change(content)
    with open("params.yaml", "w", encoding="utf-8") as file:
        yaml.dump(content, file)


@pytest.fixture
def switched_on(workspace):
    """The stages before it run with copies, negatives and weights, on a tiny encoder."""
    folder = workspace / "models/base/tiny"
    tiny_encoder(folder, [line["text"] for line in LINES])

    def change(content):
        content["encoder"] |= {"name": "models/base/tiny", "max_length": 32, "revision": "",
                               "precision": "float32",
                               "sha256": sha256_of(folder / "model.safetensors")}  # fmt: skip
        content["augment"]["copies"] = 1
        content["negatives"]["word_salad"] = 0.5
        content["balance"]["weights"] = "sqrt"
        content["ablate"] |= {"seeds": [0, 1], "rows_per_class": [3]}

    set_params(change)
    given = read_rows(workspace / "data/find_label_errors")
    vectors = augment.embedded(list(given["text"]), augment.read_params(
        "encoder", augment.EncoderParams), workspace / "data/find_label_errors")  # fmt: skip
    write_vectors(workspace / "data/embed", given, vectors)
    augment.main()
    balance.main()
    return workspace


def test_off_says_so_and_loads_no_torch(workspace):
    for name in ("augment", "balance"):
        write_rows(workspace / "data" / name, rows())
    code = (
        "import sys; from stages import ablate; print(ablate.main()); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                          env={"PYTHONPATH": str(ROOT), "PATH": ""})  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["nothing to ablate, all options are off", "False"]
    assert read_json(METRICS) == OFF


def test_each_option_that_is_on_gets_its_verdict(switched_on):
    line = ablate.main()
    found = read_json(METRICS)
    assert list(found["measured"]) == ["augment", "negatives", "balance"]
    assert found["off"] == ""
    for one in found["measured"].values():
        assert set(one) == {"3"}
        assert one["3"]["low"] <= one["3"]["gain"] <= one["3"]["high"]
        assert list(one["3"]["gain_by_seed"]) == ["0", "1"]
    augmented = found["measured"]["augment"]["3"]
    assert (augmented["rows_without"], augmented["rows_with"]) == (9, 18)
    assert "augment at 3: " in line


def test_no_test_row_is_read(switched_on, monkeypatch):
    from seedbed.training.trainer import RowPool

    seen, begin = [], RowPool.__init__

    def watched(self, task, rows, *others):
        seen.extend(rows["split"])
        begin(self, task, rows, *others)

    monkeypatch.setattr(RowPool, "__init__", watched)
    set_params(lambda content: content["ablate"].update(of=["balance"]))
    ablate.main()
    before = METRICS.read_bytes()
    for name in ("augment", "balance"):
        folder = switched_on / "data" / name
        given = read_rows(folder)
        test = given["split"] == "test"
        assert test.any()
        write_rows(folder, given.assign(
            text=given["text"].where(~test, "another text"), label=given["label"].where(~test, "x"),
            weight=given["weight"].where(~test, 9)).astype({"weight": "float32"}))  # fmt: skip
    ablate.main()
    assert METRICS.read_bytes() == before
    assert set(seen) == {"train", "validation"}


def test_negatives_that_a_threshold_tells_are_no_class(switched_on):
    set_params(lambda content: content["negatives"].update({"as": "threshold"}))
    balance.main()
    ablate.main()
    found = read_json(METRICS)
    assert "negatives" in found["off"]
    rows_after = read_rows(switched_on / "data/balance")
    assert "out_of_scope" not in set(rows_after["label"])
    reasons = read_json(Path("reports/metrics/balance.json"))["rows"]["dropped_by_reason"]
    assert set(reasons) == {"negative_for_threshold"}


def test_two_seeds_at_least():
    with pytest.raises(ValueError, match="at least 2"):
        ablate.Params(of=[], approach="feature", seeds=[0], rows_per_class=[0])
