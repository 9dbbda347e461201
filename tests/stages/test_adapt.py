"""Stage adapt: the encoder adapted to texts without labels, never to one that is scored."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import ROOT, tiny_encoder, tiny_masked_lm, yaml

from seedbed.core.files import read_json, sha256_of
from seedbed.core.rows import DEFAULTS, read_rows, write_rows
from seedbed.encoding.encoder import load_model
from seedbed.encoding.vectors import write_vectors
from seedbed.making.balancing import AdaptMetrics
from seedbed.pages.rendering import markdown
from seedbed.reporting.training import adaptation
from seedbed.splitting.splits import unlabelled_rows
from seedbed.training.objectives import NOT_MASKED, MaskedWords
from stages import adapt, split

THINGS = {"cooking": "onion rice bread soup pan oven salt dough plum leek".split(),
          "weather": "rain hail snow fog cloud storm sun wind frost dew".split()}  # fmt: skip


def row(number: int, text: str, label: str) -> dict:
    made = {"id": f"{number:016x}", "digest": "d", "text": text, "label": label, "source": "s"}
    return DEFAULTS | made | {"batch": "2026-01-s", "provenance": "{}"}


def rows() -> pd.DataFrame:
    """Forty labelled rows, and ten without a label of which one is nearly a labelled one's text."""
    lines = [(f"{ask} the {word} {word} {ask}", label) for label, words in THINGS.items()
             for word in words for ask in ("see", "take")]  # fmt: skip
    lines += [(f"nobody said what {number} was about", "") for number in range(10)]
    return pd.DataFrame([row(number, *line) for number, line in enumerate(lines)])


@pytest.fixture(params=["simcse", "masked_lm"])
def project(request, tmp_path, monkeypatch):
    """The rows deduplicated, split and embedded with a tiny encoder of either kind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    table = rows()
    make = tiny_masked_lm if request.param == "masked_lm" else tiny_encoder
    make(tmp_path / "tiny", list(table["text"]))
    params = yaml.load(ROOT / "params.yaml")
    params["encoder"] |= {"name": "tiny", "max_length": 32, "precision": "float32",
                          "sha256": sha256_of(tmp_path / "tiny/model.safetensors")}  # fmt: skip
    params["split"] |= {"folds": 2, "validation_share": 0.25, "test_share": 0.25,
                        "twin_min_jaccard": 1.0}  # fmt: skip
    params["adapt"] |= {"run": True, "seeds": [0, 1], "rows_per_class": [3, 0],
                        "learning_rate": 1e-3, "epochs": 3}  # fmt: skip
    yaml.dump(params, tmp_path / "params.yaml")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/frozen_test.csv").write_text("id,digest\n")
    write_rows(tmp_path / "data/deduplicate", table)
    split.main()
    kept = read_rows(tmp_path / "data/split")
    write_vectors(tmp_path / "data/embed", kept, np.ones((len(kept), 32), np.float32))
    return tmp_path, request.param


def test_rows_without_a_label_are_on_no_side_and_are_adapted_to(project):
    folder, way = project
    adapt.main()
    kept = read_rows(folder / "data/split")
    assert (kept["label"] != "").all()
    counts = read_json(folder / "reports/metrics/split.json")["rows"]
    assert counts["dropped_by_reason"] == {"unlabelled": 10}
    assert counts["read"] == counts["kept"] + counts["dropped"] == 50
    found = read_json(folder / "reports/metrics/adapt.json")
    train = int((kept["split"] == "train").sum())
    assert found["texts"] == {"train": train, "unlabelled": 10}
    assert found["way"] == way
    assert found["loss_by_epoch"][-1] < found["loss_by_epoch"][0]


def test_the_gain_is_told_by_seed_and_in_the_report(project):
    adapt.main()
    found = read_json(project[0] / "reports/metrics/adapt.json")
    assert list(found["measured"]) == ["3", "all"]
    assert list(found["measured"]["all"]["gain_by_seed"]) == ["0", "1"]
    assert found["measured_on"] == "validation"
    page = markdown(adaptation(AdaptMetrics(**found)))
    assert "to 22 train texts" in page or "train texts and 10 unlabelled ones" in page
    assert any(word in page for word in ("no gain", "**gain**", "**loss**"))
    assert not adaptation(None).parts


def test_the_adapted_encoder_is_another_and_loads_as_the_first_does(project):
    folder, _ = project
    adapt.main()
    before, after = load_model(folder / "tiny"), load_model(folder / "models/adapted")
    names = [name for name, weight in before.named_parameters() if weight.ndim > 1]
    moved = [name for name in names
             if not torch.equal(before.get_parameter(name), after.get_parameter(name))]  # fmt: skip
    assert "encoder.layer.1.output.dense.weight" in moved
    assert after.config.hidden_dropout_prob == 0.0


def test_the_same_bytes_twice(project):
    folder, _ = project
    digests = []
    for _ in range(2):
        adapt.main()
        digests.append(sha256_of(folder / "models/adapted/model.safetensors"))
    assert digests[0] == digests[1]


def test_a_near_copy_of_a_test_row_and_a_row_of_its_group_are_not_adapted_to():
    text = "the parcel has not arrived and the shop says nothing at all"
    held = pd.DataFrame([row(1, text, "late"), row(2, "where is my money", "refund")])
    held = held.assign(split=["test", "validation"], group=["", "anna"])
    bare = [row(3, text + " today", ""), row(4, "good morning to you", ""),
            row(5, "again me", "") | {"group": "anna"}]  # fmt: skip
    found = unlabelled_rows(pd.DataFrame([*bare, *held.to_dict("records")]), held, 3, 0.5)
    assert list(found["text"]) == ["good morning to you"]


def test_off_says_so_and_loads_no_torch(project):
    folder, _ = project
    content = yaml.load(folder / "params.yaml")
    content["adapt"]["run"] = False
    yaml.dump(content, folder / "params.yaml")
    code = "import sys; from stages import adapt; print(adapt.main(), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          check=True, env={"PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.stdout.strip() == "off in params.yaml False"
    assert read_json(folder / "models/adapted/adapted.json") == {"run": False}


def test_what_is_masked_is_what_is_asked_for_and_special_tokens_never_are():
    ids = torch.arange(10, 30).repeat(200, 1)
    attention = torch.ones_like(ids)
    attention[:, 15:] = 0
    torch.manual_seed(0)

    class Config:
        vocab_size = 100

    model = torch.nn.Module()
    model.config = Config()
    hidden, wanted = MaskedWords(model, 4, 0.2).hide(ids, attention)
    chosen = wanted != NOT_MASKED
    assert chosen[:, 1:14].float().mean().item() == pytest.approx(0.2, abs=0.03)
    assert not chosen[:, 0].any()
    assert not chosen[:, 14:].any()
    assert (hidden[chosen] == 4).float().mean().item() == pytest.approx(0.8, abs=0.05)
    assert torch.equal(hidden[~chosen], ids[~chosen])
