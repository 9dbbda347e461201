"""`seedbed compare` on two versions of a repository whose models answer."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import yaml
from gate.conftest import ASKED, BEST, commit, write_model
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.files import read_json, write_csv, write_json
from seedbed.core.rows import write_rows
from seedbed.core.turns import Turn, write_turns
from seedbed.gate import page
from seedbed.gate.compare import compare, with_override
from seedbed.gate.promotion import _figures
from seedbed.scoring.answers.metrics import ANSWER_METRICS
from seedbed.scoring.metrics_files import Choice
from seedbed.serving.model_folder import AnswerServing, TextPreparation, write_serving
from seedbed.training.chat.losses import AnswerLosses
from seedbed.training.chat.tuning import Answer
from seedbed.training.models import write_digests
from seedbed.versions.revisions import Files

pytestmark = pytest.mark.usefixtures("repository")
TEST_ROWS = 200
LIMITS = {"max_drop_token_f1": 0.0, "max_drop_exact_match": 0.0, "false_fail": 0.05, "power": 0.8,
          "must_see_drop": 1.0}  # fmt: skip
SYSTEM = write_turns([Turn("system", "Be brief.")])


class StandIn:
    """A model that knows every answer, but for the rows it has wrong or cannot be asked."""

    asked: list[str] = []

    def __init__(self, folder, card, dtype):
        content = read_json(folder / "seedbed.json")
        self.wrong, self.refused = set(content["wrong"]), set(content["too_long"])

    def answers(self, rows, limit):
        assert limit == 7
        assert {row.context for row in rows} == {(Turn("system", "Be brief."),)}
        StandIn.asked += [row.question for row in rows]
        return [self._answer(int(row.question.split()[-1])) for row in rows]

    def _answer(self, number):
        if number in self.refused:
            return Answer("", 0, False, "too_many_tokens")
        return Answer("a red hen" if number in self.wrong else f"fox {number}", 3, True)

    def losses(self, rows):
        return AnswerLosses(np.full(len(rows), 2.0), np.full(len(rows), 4), np.ones(len(rows)))


def write_answerer(wrong=(), too_long=(), **changes) -> None:
    """models/best, which has the test rows of these numbers wrong."""
    shutil.rmtree(BEST, ignore_errors=True)
    BEST.mkdir(parents=True)
    card = {"approach": "full", "task": "answer", "kind": "causal_lm", "classes": [],
            "truncation": {"max_length": 8, "keep": "head"}, "wrong": list(wrong),
            "too_long": list(too_long)}  # fmt: skip
    write_json(BEST / "seedbed.json", card)
    serving = AnswerServing(
        refusal="I cannot say.", max_new_tokens=7, right="exact_match", min_language_chars=40,
        precision="float32", preparation=TextPreparation(rules=[], anonymize=ASKED),
    )  # fmt: skip
    write_serving(BEST, serving.model_copy(update=changes))
    write_digests(BEST)


@pytest.fixture(autouse=True)
def version(repository, monkeypatch) -> None:
    """A commit whose model has rows 0 to 4 wrong."""
    monkeypatch.setattr("seedbed.training.chat.approaches.full.load", StandIn)
    StandIn.asked.clear()
    set_gate(LIMITS)
    numbers = range(TEST_ROWS + 20)
    rows = pd.DataFrame(
        {
            "id": [f"{number:016x}" for number in numbers],
            "digest": [f"{number:016d}" for number in numbers],
            "context": SYSTEM,
            "text": [f"What is animal {number}" for number in numbers],
            "answer": [f"fox {number}" for number in numbers],
            "label": "faq", "source": "s", "batch": "2026-01-a", "provenance": "{}",
            "split": ["test" if number < TEST_ROWS else "train" for number in numbers],
        }
    )  # fmt: skip
    write_rows(Path("data/split"), rows)
    columns = ["id", "digest", "label", "split"]
    write_csv(Path("data/manifest/2026-01-a.csv"), columns, rows[columns].to_numpy())
    write_answerer(range(5))
    commit("a model that answers")


def set_gate(section: dict) -> None:
    with Path("params.yaml").open("w") as file:
        yaml.dump({"gate": section}, file)


def test_the_same_model_passes_and_is_asked_once():
    found = compare("HEAD")
    assert (found.verdict, found.rows, found.exit_code) == ("pass", TEST_ROWS, 0)
    assert "Both are the same model, byte for byte." in found.notes
    assert len(StandIn.asked) == TEST_ROWS
    assert found.figures.seen_in == "exact match"  # as the model says


def test_a_worse_model_is_refused_and_a_person_may_let_it_pass():
    write_answerer(range(40))
    found = compare("HEAD")
    assert found.verdict == "fail"
    assert "Token F1 fell by 17.5 points, from 0.975 to 0.800; nothing is allowed" in (
        " ".join(found.reasons)
    )
    shown = page.as_markdown(found)
    assert "| token F1 | 0.975" in shown
    assert "| perplexity a token |" in shown
    assert "This model's answer is better on 0 rows, the base's on 35" in shown
    assert "Classes on" not in shown
    assert "answers at random" in shown
    done = CliRunner().invoke(app, ["compare", "HEAD"])
    assert done.exit_code == 1
    assert "token F1: 0.975" in done.output
    assert json.loads(page.as_json(found))["figures"]["head"]["exact_match"]["mean"] == 0.8
    allowed = with_override(found, "Ann", "the questions are new")
    assert allowed.verdict == "pass"
    assert compare("HEAD").override.who == "Ann"


def test_a_better_model_passes():
    write_answerer()
    found = compare("HEAD")
    assert found.verdict == "pass"
    assert found.figures.difference["token_f1"].difference == pytest.approx(0.025)


def test_rows_that_a_model_cannot_be_asked_count_as_wrong_and_are_named():
    write_answerer(range(5), too_long=range(100, 140))
    found = compare("HEAD")
    assert found.verdict == "fail"
    assert "This model could not be asked 40 of the rows, which count as wrong." in found.notes


def test_models_of_different_tasks_are_not_compared():
    write_model(range(5))
    found = compare("HEAD")
    assert found.verdict == "cannot be compared"
    assert "class, and answer in the base: the task has changed" in found.reasons[0]


def test_limits_of_classes_are_no_limits_of_answers():
    set_gate({**LIMITS, "max_drop_accuracy": 0.0})
    found = compare("HEAD")
    assert found.verdict == "cannot be compared"
    assert "max_drop_accuracy" in found.reasons[0]
    set_gate({key: value for key, value in LIMITS.items() if "drop_" not in key} | {
        "must_see_drop": 1.0})  # fmt: skip
    assert "every limit is off" in compare("HEAD").reasons[0]


def test_what_counts_as_right_may_be_said_by_the_gate():
    set_gate({**LIMITS, "right": "token_f1"})
    assert compare("HEAD").figures.seen_in == "token F1"


def test_the_tag_has_the_figures_of_answers():
    figure = {"mean": 0.9, "low": 0.85, "high": 0.95, "sd_over_seeds": 0, "by_seed": {"0": 0.9}}
    content = {
        "run": True, "rows": 9, **dict.fromkeys(ANSWER_METRICS, figure), "right": "token_f1",
        "model": {"megabytes": 1, "trainable_parameters": 1, "epochs": 0, "training_tokens": 0},
        "refusal": "", "min_language_chars": 40, "seed_shown": "0", "without_answer": {},
        "without_loss": 0, "slices": {},
    }  # fmt: skip
    write_json(Path("reports/metrics/evaluate/full/test.json"), content)
    choice = Choice.model_validate(read_json(Path("reports/choice.json")))
    choice = choice.model_copy(update={"measure": "token_f1"})
    commit("figures")
    assert _figures(Files("HEAD"), choice)[0] == "test token F1 0.900 [0.850, 0.950]"
