"""find_label_errors on conversations whose subject a vector shows: swapped answers, phrases, the
policy for them, and what a language model adds."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, yaml
from tiny_chat import tiny_writer

from seedbed.core.errors import ParamsError, RowsError
from seedbed.core.files import read_csv, read_json, sha256_of
from seedbed.core.metrics import read_ledger
from seedbed.core.rows import COLUMNS, DEFAULTS, SUSPECTS, read_rows, write_rows
from seedbed.encoding.vectors import ANSWERS, write_vectors
from stages import find_label_errors

ROWS, SUBJECTS = 240, 20
REFUSAL = "I am sorry, but I cannot answer that."
SWAPPED = [3, 24, 105, 126]  # of train; each has the answer of the one before
EMBED = Path("data/embed")


def rows_and_vectors() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    random, numbers = np.random.default_rng(0), np.arange(ROWS)
    subject = numbers % SUBJECTS
    of_answer = subject.copy()
    of_answer[SWAPPED] = np.roll(subject[SWAPPED], 1)
    centres = random.normal(size=(2, SUBJECTS, 16))
    questions, answers = (
        centres[side][which] + 0.3 * random.normal(size=(ROWS, 16))
        for side, which in enumerate((subject, of_answer))
    )
    cells = [
        {"id": f"{number:016x}", "text": f"Question {number} on subject {subject[number]}?",
         "answer": f"Answer {number} on subject {of_answer[number]}, as you asked me.",
         "context": "", "label": ["faq", "chat"][number % 2], "digest": "d", "source": "s",
         "batch": "2026-01-s", "provenance": "{}",
         "split": "test" if number >= 200 else "validation" if number >= 168 else "train",
         "fold": -1 if number >= 200 else number % 3}
        for number in numbers
    ]  # fmt: skip
    for number in range(70, 76):  # questions of negative sources
        cells[number] |= {"answer": REFUSAL, "label": "out_of_scope"}
    rows = pd.DataFrame([DEFAULTS | cell for cell in cells])
    return rows, questions.astype("f4"), answers.astype("f4")


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    rows, questions, answers = rows_and_vectors()
    write_rows(Path("data/split"), rows)
    write_vectors(EMBED, rows, questions, answers)
    Path("data/decisions").mkdir()
    set_params()
    return tmp_path


def set_params(chat: dict | None = None, **changes) -> None:
    content = yaml.load(ROOT / "params.yaml")
    content["task"]["kind"] = "answer"
    content["chat"] = chat or {}
    content["find_label_errors"] |= changes
    yaml.dump(content, Path("params.yaml"))


def suspects() -> dict[str, dict[str, str]]:
    return {line["id"]: line for line in read_csv(SUSPECTS, COLUMNS[SUSPECTS])}


def ids(*numbers: int) -> set[str]:
    return {f"{number:016x}" for number in numbers}


def test_swapped_answers_are_listed_first_with_rows_of_near_questions(project):
    line = find_label_errors.main()
    found = suspects()
    assert ids(*SWAPPED) <= set(list(found)[: len(SWAPPED) + 2])
    rows = read_rows(Path("data/split")).set_index("id")
    for row in ids(*SWAPPED):
        assert found[row]["reason"] == "answers_other_question"
        assert found[row]["suggested"] == ""
        assert found[row]["label"] == rows["label"][row]
        nearest = found[row]["nearest"].split()
        assert len(nearest) == 5
        assert row not in nearest
        assert {text[-3:] for text in rows["text"][nearest]} == {rows["text"][row][-3:]}
    assert line.startswith(f"{len(found)} suspects, policy flag, 0 rows dropped")
    scores = [float(one["score"]) for one in found.values()]
    assert scores == sorted(scores)


def test_every_row_is_accounted_for_and_has_its_scores(project):
    find_label_errors.main()
    rows = read_rows(Path("data/split"))
    assert read_rows(Path("data/find_label_errors")).equals(rows)
    scores = pd.read_parquet("data/label_scores").set_index("id")
    assert sorted(scores.index) == sorted(rows["id"])
    assert scores[["score", "self_confidence", "uncertainty"]].stack().between(0, 1).all()
    assert scores["self_confidence"][sorted(ids(*SWAPPED))].max() < 0.5
    assert list(scores.columns) == [
        "split", "label", "suggested", "score", "reason", "nearest", "judged", "self_confidence",
        "uncertainty", "outlier", "outlier_score",
    ]  # fmt: skip
    metrics = read_json(Path("reports/metrics/find_label_errors.json"))
    assert metrics["noise"] is None
    assert metrics["not_judged_by_class"] == {}
    assert metrics["rows"]["read"] == metrics["rows"]["kept"] == ROWS
    assert sum(metrics["suspects_by_reason"].values()) == len(suspects())
    before = Path("data/label_scores/2026-01-s.parquet").read_bytes()
    find_label_errors.main()
    assert Path("data/label_scores/2026-01-s.parquet").read_bytes() == before


def test_the_refusal_of_params_is_not_judged_and_a_phrase_of_people_is(project):
    rows = read_rows(Path("data/split"))
    rows.loc[rows.index[60:64], "answer"] = "Good question!"
    write_rows(Path("data/split"), rows)
    find_label_errors.main()
    found, refused = suspects(), ids(*range(70, 76))
    assert refused.isdisjoint(found)
    scores = pd.read_parquet("data/label_scores").set_index("id")
    assert not scores["judged"][sorted(refused)].any()
    assert (scores["score"][sorted(refused)] == 1).all()
    assert ids(60, 61, 62, 63) <= set(found)
    assert "empty_phrase" in {found[row]["reason"] for row in ids(60, 61, 62, 63)}


@pytest.mark.parametrize("policy", ["drop", "weight"])
def test_the_policy_acts_on_train_alone_and_not_on_verified_rows(project, policy):
    kept = f"{SWAPPED[0]:016x}"
    line = {"id": kept, "digest": "d", "given": "chat", "decided": "chat", "who": "ann",
            "when": "2026-11-24"}  # fmt: skip
    Path("data/decisions/ann.jsonl").write_text(json.dumps(line) + "\n")
    set_params(policy=policy, max_score=1.0, max_share=None, suspect_weight=0.25)
    find_label_errors.main()
    assert kept not in suspects()
    before = read_rows(Path("data/split")).set_index("id")
    after = read_rows(Path("data/find_label_errors")).set_index("id")
    hit = {row for row, one in suspects().items() if one["split"] == "train"}
    assert ids(*SWAPPED[1:]) <= hit
    drops = {
        drop.id: drop.reason for drop in read_ledger(Path("data/ledger/find_label_errors.csv"))
    }
    if policy == "drop":
        assert set(drops) == hit == set(before.index) - set(after.index)
    else:
        assert drops == {}
        assert set(after.index[after["weight"] == 0.25]) == hit
    others = after.index.difference(sorted(hit))
    assert after.loc[others].equals(before.loc[others])


def test_no_policy_gives_another_answer(project):
    set_params(policy="relabel")
    with pytest.raises(ParamsError, match="relabel, and task answer") as error:
        find_label_errors.main()
    assert "flag, drop or weight" in str(error.value)
    assert not Path("data/find_label_errors").exists()


def test_answers_without_vectors_stop_the_stage(project):
    rows, questions, answers = rows_and_vectors()
    write_vectors(EMBED, rows, questions, answers)
    write_vectors(EMBED / ANSWERS, rows[1:], answers[1:])
    with pytest.raises(RowsError, match="no vector for 1 rows"):
        find_label_errors.main()


def test_the_base_model_gives_losses_in_the_conversation_in_another_and_alone(project, monkeypatch):
    base = tiny_writer(project / "base")
    set_params({"base": "base", "sha256": sha256_of(base / "model.safetensors"), "max_length": 200,
                "precision": "float32", "threads": 1})  # fmt: skip
    rows = read_rows(Path("data/split"))
    rows.loc[0, "text"] = "A question that is too long for the model? " * 9
    write_rows(Path("data/split"), rows)
    made = []
    judged = find_label_errors.judged_rows

    def spied(rows, vectors, losses, *others):
        def kept(part, other):
            made.append((part, other, losses(part, other)))
            return made[-1][-1]

        return judged(rows, vectors, kept, *others)

    monkeypatch.setattr(find_label_errors, "judged_rows", spied)
    find_label_errors.main()
    [(part, other, found)] = made
    assert len(part) == ROWS - 6
    assert np.isnan(found.given[0])
    assert np.isfinite(found.given[1:]).all()
    assert np.isnan(found.other[other == 0]).all()
    assert np.isfinite(found.alone).all()
    assert (found.tokens[1:] == [len(answer) + 1 for answer in part["answer"][1:]]).all()  # bytes
    assert ids(*SWAPPED) <= set(suspects())
    # The same pair has the same loss, in whatever batch it is.
    again = find_label_errors.losses_of_answers(part[1:3], np.array([0, 1]))
    np.testing.assert_allclose(again.other, found.given[1:3], rtol=1e-5)
