"""Conversations in deduplicate and split: copies, questions with two answers, and no test question
in train, in whatever form it came."""

import json
import random
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT, yaml
from hypothesis import given, settings, strategies as st

from seedbed.collecting.collection import (
    CollectParams,
    parse_source,
    read_all,
)
from seedbed.collecting.contract import check_collected, contract_rows
from seedbed.collecting.conversations import Reading
from seedbed.collecting.raw_rows import identified
from seedbed.core.errors import LeakError, ParamsError, SourceError
from seedbed.core.metrics import Drop
from seedbed.core.params import validated
from seedbed.core.reasons import Reason
from seedbed.core.rows import DEFAULTS
from seedbed.core.turns import Turn, write_turns
from seedbed.splitting.compared import asked, earlier
from seedbed.splitting.contamination import (
    check_declared,
    evaluation_questions,
    near_frozen,
    without_contaminated,
)
from seedbed.splitting.deduplication import DeduplicateParams, deduplicate
from seedbed.splitting.splits import NearTexts, SplitParams, drop_twins, leak_gate, split_rows
from seedbed.tasks import load

ANSWER = load("answer")
SECTIONS = yaml.load(ROOT / "params.yaml")
DEDUPLICATE = validated("deduplicate", SECTIONS["deduplicate"], DeduplicateParams)
SPLIT = validated("split", SECTIONS["split"], SplitParams)
COLLECT = CollectParams(labels=[], max_row_chars=10**5, max_quarantine_share=1, max_classes=9)


def rows_of(*cells: tuple, **more: object) -> pd.DataFrame:
    """Rows of (question, answer[, earlier turns of user and assistant])."""
    rows = []
    for number, (text, answer, *said) in enumerate(cells):
        turns = [Turn(*one) for one in zip(["user", "assistant"] * len(said), said, strict=False)]
        rows.append(
            DEFAULTS | {"id": f"{number:02}", "digest": "d", "text": text, "answer": answer,
                        "context": write_turns(turns), "label": "chat", "source": "s",
                        "batch": "2026-01-a", "provenance": "{}"} | more
        )  # fmt: skip
    return pd.DataFrame(rows)


WHO = "Who wrote the novel Emma, and when was it published for the first time?"
JANE = "Jane Austen wrote it; it was published in December 1815, in three volumes."
CELLS = [
    (WHO, JANE),
    (WHO.upper(), f"{JANE} "),  # a copy
    (f"{WHO} Please.", f"{JANE} It is her fourth."),  # a near copy
    (WHO, "I do not know who wrote it, and neither does anybody whom I asked."),  # a conflict
    (WHO, JANE, "Hello there, my friend!", "Hi."),  # other turns before it
    (f"{WHO} Please.", "No."),  # a conflict by a near question
]


def test_copies_share_question_and_answer_and_conflicts_are_shown():
    drops, conflicts = deduplicate(rows_of(*CELLS), set(), DEDUPLICATE)
    assert {drop.id: (drop.reason, drop.cause) for drop in drops} == {
        "01": (Reason.EXACT_DUPLICATE, "00"), "02": (Reason.NEAR_DUPLICATE, "00"),
    }  # fmt: skip
    assert [(one.id, one.other_id) for one in conflicts] == [("00", "03"), ("00", "05")]
    assert {one.label for one in conflicts} == {"chat"}


def test_a_question_with_two_answers_may_be_dropped_whole_but_never_a_frozen_one():
    params = DEDUPLICATE.model_copy(update={"answer_conflict": "drop_both"})
    drops, _ = deduplicate(rows_of(*CELLS[:4]), {"03"}, params)
    found = {drop.id: (drop.reason, drop.cause) for drop in drops}
    assert found["00"] == found["01"] == (Reason.ANSWER_CONFLICT, "03")
    assert "03" not in found
    wrong = DEDUPLICATE.model_copy(update={"near_conflict": "drop_both"})
    with pytest.raises(ParamsError, match="near_conflict"):
        deduplicate(rows_of(*CELLS), set(), wrong)


WORDS = ["rain", "hail", "snow", "fog", "sun"]
CELL = st.tuples(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join),
    st.sampled_from(["yes", "no", "rain and hail", "?"]),
)


@given(st.lists(CELL, min_size=1, max_size=12), st.sampled_from(["keep", "drop_both"]))
@settings(max_examples=40)
def test_rows_add_up_and_every_cause_of_a_copy_is_kept(cells, conflict):
    rows = rows_of(*cells)
    params = DEDUPLICATE.model_copy(update={"answer_conflict": conflict})
    drops, conflicts = deduplicate(rows, {"00"}, params)
    gone = {drop.id for drop in drops}
    assert len(gone) == len(drops)
    assert "00" not in gone
    for drop in drops:
        if drop.reason != Reason.ANSWER_CONFLICT:
            assert drop.cause not in gone
    assert not gone & {one for pair in conflicts for one in (pair.id, pair.other_id)}


def test_a_short_question_is_compared_with_the_turn_before_it():
    said = write_turns([Turn("user", WHO), Turn("assistant", JANE)])
    assert asked("Why?", said) == f"{JANE}\nWhy?"
    assert asked("Why did she write it under no name?", said).startswith("Why did")
    assert asked("Why?", write_turns([Turn("system", "Be brief.")])) == "Why?"
    assert earlier(said) == (WHO,)
    assert earlier(write_turns([Turn("user", "Hi")])) == ()


@pytest.mark.parametrize(
    ("train", "leaks"),
    [
        ((WHO, "No."), True),
        ((f"{WHO} Tell me.", "No."), True),
        (("And the next one of hers?", "It is Persuasion.", WHO, JANE), True),  # read as context
        (("Who wrote the novel Persuasion?", "Jane."), False),
        (("Why?", "Because."), False),
    ],
)
def test_a_question_of_test_in_train_is_found(train, leaks):
    rows = rows_of((WHO, JANE), train).assign(split=["test", "train"])
    near = NearTexts(rows, 3, 0.5)
    assert near.across(rows) == ([("01", "00")] if leaks else [])
    kept, drops = drop_twins(rows, near)
    assert [drop.reason for drop in drops] == (["twin_in_test"] if leaks else [])
    leak_gate(kept, near)
    if leaks:
        with pytest.raises(LeakError):
            leak_gate(rows, near)


def test_what_test_only_reads_is_no_leak():
    rows = rows_of(("And the next one of hers?", "Persuasion.", WHO, JANE), (WHO, JANE))
    assert NearTexts(rows, 3, 0.5).across(rows.assign(split=["test", "train"])) == []


def test_a_greeting_of_many_conversations_is_on_one_side_alone():
    cells = [("Hi", f"Hello {word} {number}") for number in range(40) for word in WORDS]
    rows = rows_of(*cells, ("?", "What?"), ("?", "Yes?"), ("?", "!"))
    kept, drops = split_rows(rows, set(), SPLIT, ANSWER)
    sides = kept.groupby(kept["text"])["split"].nunique()
    assert sides.to_dict() == {"Hi": 1, "?": 1}
    assert len(kept) + len(drops) == len(rows)
    leak_gate(kept, NearTexts(kept, 3, 0.5))


NOUNS = "river bridge castle garden window ladder hammer bottle candle mirror".split()
VERBS = "build clean paint measure repair describe remember photograph carry sell".split()
PLACES = "in Norway|near the sea|on a farm|at night|for a friend|without tools|in one hour|by hand"


def question(number: int) -> str:
    draw = random.Random(number)
    noun, other = draw.sample(NOUNS, 2)
    verb, place = draw.choice(VERBS), draw.choice(PLACES.split("|"))
    return f"How do I {verb} the {noun} number {number} with a {other} {place}, and what is it for?"


def in_openai(text: str, number: int) -> dict:
    said = ["Hello, I have a question for you today.", "Go on.", text, f"Answer {number}."]
    roles = ["user", "assistant"] * 2
    return {"messages": [{"role": "system", "content": "Be kind."}] + [
        {"role": role, "content": one} for role, one in zip(roles, said, strict=True)]}  # fmt: skip


def in_sharegpt(text: str, number: int) -> dict:
    return {"conversations": [{"from": "human", "value": text},
                              {"from": "gpt", "value": f"Reply {number}."}]}  # fmt: skip


def in_alpaca(text: str, number: int) -> dict:
    place = text.casefold().index(", and") + 1
    return {"instruction": text[:place], "input": text[place:], "output": f"Output {number}."}


def near(text: str, number: int) -> str:
    """A copy in one of three ways, two of which change words."""
    return [text.upper(), f"Please tell me: {text}", text.replace("what is it", "what was it")][
        number % 3
    ]


def collected(folder: Path, lines: dict[str, list[dict]]) -> pd.DataFrame:
    """The rows of JSON Lines files, a source each; the first is test, the others train."""
    sources = []
    for number, (name, objects) in enumerate(lines.items()):
        text = "".join(json.dumps(one) + "\n" for one in objects)
        (folder / f"{name}.jsonl").write_text(text)
        entry = {"name": name, "kind": "file", "path": f"{name}.jsonl", "licence": "x"}
        entry |= {"batch": f"2026-0{number + 1}", "split": "train" if number else "test"}
        sources.append(parse_source(entry))
    raw, *_ = read_all(sources, COLLECT, ANSWER, Reading())
    rows = contract_rows(identified(raw, b"k"), sources, b"k", ANSWER)
    check_collected(rows)
    missing = {name: value for name, value in DEFAULTS.items() if name not in rows}
    return rows.assign(**missing).sort_values("id", ignore_index=True)


FAIR = [in_sharegpt(f"Which of these things is {word} like, if any?", 0) for word in NOUNS]
TEST = [{"question": question(n), "answer": f"A long answer, {n}."} for n in range(200)]


def planted() -> dict[str, list[dict]]:
    """A test source, and three of train with copies and near copies of its questions."""
    forms = {"openai": in_openai, "sharegpt": in_sharegpt, "alpaca": in_alpaca}
    found: dict[str, list[dict]] = {"test": TEST, **{name: [] for name in forms}}
    for number in range(200):
        name = list(forms)[number % 3]
        found[name].append(forms[name](near(question(number), number // 3), number))
    found["sharegpt"] = found["sharegpt"] + FAIR
    return found


def test_200_planted_copies_of_test_questions_in_three_forms_are_all_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = collected(tmp_path, planted())
    by_source = rows["source"].value_counts()
    assert by_source["openai"] == 2 * 67  # the greeting of each is a row of its own
    params = SPLIT.model_copy(update={"way": "given", "validation_share": 0.0})
    drops, _ = deduplicate(rows, set(), DEDUPLICATE, "given")
    unique = rows[~rows["id"].isin({drop.id for drop in drops})]
    kept, twins = split_rows(unique.reset_index(drop=True), set(), params, ANSWER)
    train = kept[kept["split"] == "train"]
    assert not [text for text in train["text"] if "number" in text.casefold()]
    assert len(twins) == 200
    assert {twin.reason for twin in twins} == {"twin_in_test"}
    assert len(kept[kept["split"] == "test"]) == 200
    assert sorted(train["text"][train["source"] == "sharegpt"]) == sorted(
        one["conversations"][0]["value"] for one in FAIR
    )


def test_the_leak_gate_and_an_evaluation_file_find_the_same_200(tmp_path, monkeypatch):
    """Each by itself: without the drops of split, and with the test questions as a file alone."""
    monkeypatch.chdir(tmp_path)
    rows = collected(tmp_path, planted())
    train = rows[rows["split"] == "train"].reset_index(drop=True)
    copies = set(train["id"][train["text"].str.contains("number", case=False)])
    assert len(copies) == 200
    near_texts = NearTexts(rows, 3, 0.5)
    assert {pair[0] for pair in near_texts.across(rows)} == copies
    with pytest.raises(LeakError, match="200"):
        leak_gate(rows, near_texts)
    Path("eval.jsonl").write_text("".join(json.dumps(one) + "\n" for one in TEST))
    questions = evaluation_questions(["eval.jsonl"], ANSWER)
    kept, drops, pairs = without_contaminated(train, questions, SPLIT)
    assert {drop.id for drop in drops} == copies
    assert len(drops) == 200
    assert {(one.file, one.line) for one in pairs} == {("eval.jsonl", n) for n in range(1, 201)}
    assert len(kept) == len(train) - 200


def test_train_rows_with_a_question_of_an_evaluation_file_are_dropped_pair_by_pair(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("eval.jsonl").write_text(
        "".join(json.dumps({"prompt": text, "completion": ""}) + "\n" for text in ("Eh?", WHO))
    )
    Path("talks.json").write_text(json.dumps([in_openai(f"Well: {WHO}", 0)] * 2))
    files = ["eval.jsonl", "talks.json"]
    rows = rows_of((f"{WHO} Now.", JANE), ("Why is it so?", "No."), (WHO, "x"))
    rows = rows.assign(split=["train", "train", "test"])
    questions = evaluation_questions(files, ANSWER)
    kept, drops, pairs = without_contaminated(rows, questions, SPLIT)
    assert list(kept["id"]) == ["01", "02"]
    assert [(drop.id, drop.reason) for drop in drops] == [("00", Reason.IN_EVALUATION_FILE)]
    assert {(one.id, one.file, one.line) for one in pairs} == {
        ("00", "eval.jsonl", 2), ("00", "talks.json", 1), ("00", "talks.json", 2),
    }  # fmt: skip
    assert without_contaminated(rows, evaluation_questions([], ANSWER), SPLIT)[1:] == ([], [])


def test_evaluation_files_are_of_task_answer_have_questions_and_are_declared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("eval.csv").write_text("question,answer\n,x\n")
    with pytest.raises(ParamsError, match=r"split.contamination: 1 files, and task class"):
        evaluation_questions(["eval.csv"], load("class"))
    with pytest.raises(SourceError, match="no question"):
        evaluation_questions(["eval.csv"], ANSWER)
    check_declared(["eval.csv"])
    Path("dvc.yaml").write_text("stages: {split: {deps: [data/deduplicate]}}")
    with pytest.raises(ParamsError, match=r"(?s)`eval.csv` is not listed.*- eval.csv"):
        check_declared(["eval.csv"])


def test_copies_of_frozen_rows_are_reported_as_pairs():
    drops = [Drop("1", Reason.TWIN_IN_TEST, "9"), Drop("2", Reason.TWIN_IN_TEST, "8")]
    [pair] = near_frozen(drops, {"9"}, Path("data/frozen_test.csv"))
    assert (pair.id, pair.other_id, pair.file) == ("1", "9", "data/frozen_test.csv")
