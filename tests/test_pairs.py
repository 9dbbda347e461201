"""Pair tasks run end to end: is this answer relevant to this question? Every stage from the split
to the scores, in this process, with a tiny encoder."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, tiny_encoder, yaml

from seedbed.approaches import NAMES
from seedbed.core.files import read_json, sha256_of, write_csv
from seedbed.core.rows import read_rows, write_rows
from seedbed.encoding.examples import read_datasets
from seedbed.scoring.evaluation import DecidedRow
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

THINGS = ["rain", "hail", "snow", "fog", "onion", "rice", "bread", "soup", "wheel", "chain",
          "brake", "pedal", "river", "lake", "forest", "hill"]  # fmt: skip
APPROACHES = list(NAMES)


def rows() -> pd.DataFrame:
    """A question about each thing with its own answer, and with the answer about another."""
    lines = []
    for number, thing in enumerate(THINGS):
        for ask in ("what is", "tell me about", "where do i find"):
            other = THINGS[(number + 5) % len(THINGS)]
            for label, about in (("relevant", thing), ("irrelevant", other)):
                answer = f"the {about} was there and we all saw the {about} that day"
                lines.append((f"{ask} {thing}", answer, label))
    table = pd.DataFrame(lines, columns=["text", "text_pair", "label"])
    ids = [f"{number:016x}" for number in range(len(table))]
    return table.assign(id=ids, digest="d", source="s", batch="2026-01-s", provenance="{}")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The pairs, through every stage."""
    folder = tmp_path_factory.mktemp("pairs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("SEEDBED_MEMO", "off")
        pairs = rows()
        tiny_encoder(Path("tiny"), [*pairs["text"], *pairs["text_pair"]])
        write_rows(Path("data/deduplicate"), pairs)
        params = yaml.load(ROOT / "params.yaml")
        params["encoder"] |= {
            "name": "tiny", "sha256": sha256_of(Path("tiny/model.safetensors")),
            "max_length": 32, "precision": "float32",
        }  # fmt: skip
        params["split"] |= {"twin_min_jaccard": 1.0, "folds": 2}
        params["approaches"]["prompt"] |= {
            "template": "the answer is {label}", "descriptions": {},
        }  # fmt: skip
        yaml.dump(params, Path("params.yaml"))
        Path("data/decisions").mkdir()
        Path("data/frozen_test.csv").write_text("id,digest\n")
        write_csv(Path("data/ledger/decided.csv"), DecidedRow._fields, [])
        for stage in (split, embed, cv, find_label_errors, augment, balance, adapt, tokenize):
            stage.main()
        for approach in APPROACHES:
            finetune.main(approach)
            evaluate.main(approach)
        yield folder


def test_pairs_stay_pairs_through_the_stages(project):
    kept = read_rows(project / "data/balance")
    assert (kept["text_pair"] != "").all()
    assert read_json(project / "reports/metrics/tokenize.json")["rows"]["read"] == len(kept)


def test_the_two_texts_are_told_apart_by_their_segments(project):
    train = read_datasets(project / "data/tokenize").parts["train"]
    for ids, segments in zip(train.ids, train.segments, strict=True):
        first_end = int(np.flatnonzero(ids == ids[-1])[0])  # the separator after the question
        assert segments[: first_end + 1].tolist() == [0] * (first_end + 1)
        assert set(segments[first_end + 1 :].tolist()) == {1}


@pytest.mark.parametrize("approach", APPROACHES)
def test_every_approach_is_scored_on_both_sides(project, approach):
    for side in ("validation", "test"):
        metrics = read_json(project / f"reports/metrics/evaluate/{approach}/{side}.json")
        assert set(metrics["confusion"]) == {"irrelevant", "relevant"}
        assert metrics["rows"] > 5


@pytest.mark.parametrize("approach", APPROACHES)
def test_a_stock_library_gives_the_predictions_that_were_scored(project, approach):
    import torch

    folder = project / "models" / approach / "seed-0"
    found = read_predictions(project / "data/evaluate" / approach / "test", class_task)
    members = read_rows(project / "data/balance").set_index("id").loc[found.ids]
    texts, pairs = list(members["text"]), list(members["text_pair"])
    if read_json(folder / "seedbed.json")["kind"] == "sequence_classifier":
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        model = AutoModelForSequenceClassification.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        with torch.inference_mode():
            logits = model(**tokenizer(texts, pairs, padding=True, return_tensors="pt")).logits
    else:
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(str(folder), device="cpu")
        both = list(zip(texts, pairs, strict=True))
        logits = torch.tensor(model.encode(both))
    stock = logits.double().softmax(1).numpy()
    assert abs(stock - found.probabilities["0"]).max() < 1e-4
