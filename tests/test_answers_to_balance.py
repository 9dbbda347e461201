"""Conversations from a file to balanced train rows, stage by stage with a tiny encoder; and the
stages that are not for answers."""

import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, tiny_encoder
from ruamel.yaml import YAML

from seedbed.core.errors import ParamsError
from seedbed.core.files import read_csv, read_json, sha256_of
from seedbed.core.metrics import METRICS, RowCounts, check_chain, read_ledger
from seedbed.core.rows import BALANCE, COLUMNS, EMBED, NEXT, SPLIT, read_rows
from seedbed.encoding.vectors import ANSWERS, EncoderParams, embedded, read_vectors
from seedbed.label_errors.ranking import LabelErrorMetrics

STAGES = ("collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split", "embed", "cv",
          "find_label_errors", "augment", "balance", "ablate", "learning_curve", "adapt",
          "prioritize")  # fmt: skip
NOT_FOR_ANSWERS = ("cv", "ablate", "learning_curve", "adapt", "prioritize")
OF_ROWS = ("clean", "anonymize", "apply_decisions", "deduplicate", "split", "find_label_errors",
           "augment", "balance")  # fmt: skip
TOPICS = {"keys": 60, "floors": 24}
yaml = YAML(typ="safe")
REFUSAL = "I am sorry, but I cannot answer that."


def talks() -> list[dict]:
    """Conversations of one topic each; those on keys have a system text."""
    lines = []
    for topic, number in TOPICS.items():
        for room in range(number):
            question = f"Who has the {topic} of room {room} of the north wing this week?"
            answer = f"Person {room} is asked about {topic} of room {room}."
            said = [("user", question), ("assistant", answer)]
            if topic == "keys":
                said.insert(0, ("system", f"You know wing {room} of the house and its people."))
            messages = [{"role": role, "content": text} for role, text in said]
            lines.append({"messages": messages, "topic": topic})
    return lines


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder after every stage, and the line of each."""
    folder = tmp_path_factory.mktemp("answers") / "project"
    (folder / "data/decisions").mkdir(parents=True)
    params = yaml.load(ROOT / "params.yaml")
    lines = talks()
    verbs, things = ("repair", "paint", "sell", "lend"), ("bicycle", "ladder")
    odd = [f"Please {verb} my old {one} on Monday, will you?" for verb in verbs for one in things]
    (folder / "talks.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    asked = [{"question": one, "answer": ""} for one in odd]
    (folder / "odd.jsonl").write_text("".join(json.dumps(one) + "\n" for one in asked))
    tiny_encoder(folder / "tiny", [one["messages"][-1]["content"] for one in lines] + odd)
    shared = {"kind": "file", "licence": "CC0", "batch": "2026-11"}
    params["task"]["kind"] = "answer"
    params["sources"] = [
        {"name": "talks", "path": "talks.jsonl", "columns": {"label": "topic"}, **shared},
        {"name": "odd", "path": "odd.jsonl", "negative": "general", "label": "out_of_scope",
         **shared},
    ]  # fmt: skip
    params["encoder"] |= {"name": "tiny", "max_length": 32, "precision": "float32", "threads": 1,
                          "sha256": sha256_of(folder / "tiny/model.safetensors")}  # fmt: skip
    params["deduplicate"]["near"] = False
    params["split"] |= {"twin_min_jaccard": 1.0, "folds": 3}
    params["augment"] |= {"copies": 1, "methods": ["swap"]}
    params["negatives"] |= {"other_context": 0.5}
    params["balance"] |= {"max_ratio": 2, "weights": "inverse"}
    yaml.dump(params, folder / "params.yaml")
    for name in ("tombstones", "frozen_test"):
        (folder / f"data/{name}.csv").write_text("id,digest\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("SEEDBED_MEMO", "off")
        said = {stage: import_module(f"stages.{stage}").main() for stage in STAGES}
    return folder, said


@pytest.fixture
def project(run, monkeypatch):
    monkeypatch.chdir(run[0])
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    return run[0]


def set_params(section: str, **changes) -> None:
    params = yaml.load(Path("params.yaml"))
    params[section] |= changes
    yaml.dump(params, Path("params.yaml"))


def test_every_row_of_every_stage_is_accounted_for(project):
    counts = []
    for stage in ("collect", *OF_ROWS):
        found = RowCounts(**read_json(METRICS / f"{stage}.json")["rows"])
        assert found.read + found.made == found.kept + found.dropped + found.quarantined
        assert sum(found.dropped_by_reason.values()) == found.dropped
        counts.append((stage, found))
    check_chain(counts)
    assert counts[0][1].read == sum(TOPICS.values()) + 8
    ledger = read_ledger(Path("data/ledger/balance.csv"))
    assert {drop.reason for drop in ledger} == {"over_cap"}
    assert len(ledger) == counts[-1][1].dropped > 0


def test_embed_has_a_vector_of_each_question_and_of_each_answer(project, run):
    rows = read_rows(SPLIT)
    params = EncoderParams(**yaml.load(Path("params.yaml"))["encoder"])
    for column, folder in (("text", EMBED), ("answer", EMBED / ANSWERS)):
        vectors, missing = read_vectors(folder, list(rows["id"]))
        assert not missing.any()
        again = embedded(list(rows[column]), params, SPLIT)
        np.testing.assert_allclose(vectors, again, atol=1e-6)
    assert (
        run[1]["embed"] == f"{len(rows)} vectors of 32 numbers of questions, and as many of answers"
    )


def test_copies_keep_context_answer_and_category(project):
    rows = read_rows(Path("data/augment")).set_index("id")
    copies = rows[rows["origin"] == "augmented"]
    assert len(copies) > 30
    for copy in copies.itertuples():
        parent = rows.loc[copy.parent]
        assert (copy.answer, copy.context, copy.label) == tuple(
            parent[["answer", "context", "label"]]
        )
        assert copy.text != parent["text"]
        assert (copy.split, copy.group) == ("train", parent["group"])


def test_made_and_given_negatives_are_answered_by_the_refusal(project):
    rows = read_rows(Path("data/augment")).set_index("id")
    made = rows[(rows["origin"] == "negative") & (rows["parent"] != "")]
    assert len(made) > 5
    for row in made.itertuples():
        parent = rows.loc[row.parent]
        assert (row.text, row.answer, row.label) == (parent["text"], REFUSAL, "out_of_scope")
        assert row.context not in ("", parent["context"])
    given = rows[(rows["source"] == "odd") & (rows["parent"] == "")]
    assert len(given) == 8
    assert set(given["label"]) == {"out_of_scope"}
    assert set(given["answer"]) == {REFUSAL}


def test_caps_and_weights_are_by_category(project):
    before, rows = read_rows(Path("data/augment")), read_rows(BALANCE)
    train = rows[rows["split"] == "train"]
    counts = train["label"].value_counts()
    assert counts["keys"] == 2 * counts.min() < sum(before["label"] == "keys")
    weights = train.groupby("label")["weight"].sum()
    assert weights.max() == pytest.approx(weights.min(), rel=1e-4)
    held = rows[rows["split"] != "train"]
    assert held.equals(
        before[before["split"] != "train"].reset_index(drop=True).set_axis(held.index)
    )
    assert set(read_json(METRICS / "balance.json")["train_by_class"]) == {*TOPICS, "out_of_scope"}


def test_label_errors_are_judged_and_the_refusal_is_not(project):
    metrics = LabelErrorMetrics(**read_json(METRICS / "find_label_errors.json"))
    assert metrics.noise is None
    refused = set(read_rows(SPLIT).query("source == 'odd'")["id"])
    assert refused.isdisjoint(line["id"] for line in read_csv(Path("reports/suspects.csv")))


def test_stages_that_train_classifiers_are_off_and_say_so(project, run):
    said = run[1]
    assert {said[stage] for stage in NOT_FOR_ANSWERS} == {"off: not for task answer"}
    assert read_csv(NEXT, COLUMNS[NEXT]) == []
    page = Path("reports/next.md").read_text()
    assert "No row is listed" in page
    assert read_json(METRICS / "ablate.json")["measured"] == {}
    for stage in ("cv", "learning_curve", "adapt"):
        assert read_json(METRICS / f"{stage}.json")["run"] is False


@pytest.mark.parametrize(
    ("stage", "on", "off", "message"),
    [
        ("cv", {"approaches": ["feature"]}, {"approaches": []}, "cv.approaches: .*feature"),
        ("learning_curve", {"run": True}, {"run": False}, "learning_curve.run: True"),
        ("adapt", {"run": True}, {"run": False}, "adapt.run: True"),
    ],
)
def test_a_param_that_asks_for_classifiers_is_refused(project, stage, on, off, message):
    set_params(stage, **on)
    with pytest.raises(ParamsError, match=f"{message}.*, and task answer") as error:
        import_module(f"stages.{stage}").main()
    assert "it trains classifiers" in str(error.value)
    set_params(stage, **off)
    assert import_module(f"stages.{stage}").main() == "off: not for task answer"
