"""Which approach is taken, and why, on predictions made on purpose."""

import numpy as np
import pytest
from answers.conftest import predictions as predictions_of

from seedbed.scoring.answers.evaluation import AnswerParams, evaluated, judged
from seedbed.scoring.choice import choice, of_answers, of_labels
from seedbed.scoring.metrics_files import Choice, Estimate, ModelCosts, Validation
from seedbed.scoring.predictions import Predictions
from seedbed.tasks import class_task

ROWS = 400
LABELS = np.arange(ROWS) % 4
IDS = [f"{row:016x}" for row in range(ROWS)]


def predictions(wrong: int, start: int = 0) -> Predictions:
    """Wrong on that many rows from `start` on, right on the others."""
    said = LABELS.copy()
    said[start : start + wrong] = (said[start : start + wrong] + 1) % 4
    return Predictions(class_task, IDS, [""] * ROWS, LABELS, {"0": np.eye(4)[said]})


def validation(wrong: int, numbers: int, tokens: int, megabytes: float = 90.0) -> Validation:
    """What the choice reads of validation.json."""
    score = 1 - wrong / ROWS
    estimate = Estimate(
        mean=score, low=score - 0.02, high=score + 0.02, sd_over_seeds=0, by_seed={"0": score}
    )
    costs = ModelCosts(
        megabytes=megabytes, trainable_parameters=numbers, epochs=1, training_tokens=tokens
    )
    return Validation.model_construct(estimates={"macro_f1": estimate}, seed_shown="0", model=costs)


def chosen(**approaches: dict) -> Choice:
    """Each approach's wrong rows and costs to the choice among them."""
    found = {name: validation(**one) for name, one in approaches.items()}
    given = {
        name: predictions(one["wrong"], 10 * place)
        for place, (name, one) in enumerate(approaches.items())
    }
    return choice(of_labels(found, given))


FEATURE = {"wrong": 60, "numbers": 2_000, "tokens": 0}
LORA = {"wrong": 21, "numbers": 70_000, "tokens": 300_000}
FULL = {"wrong": 20, "numbers": 22_000_000, "tokens": 300_000}


def test_of_equals_the_one_that_trains_least_is_taken():
    found = chosen(feature=FEATURE, full=FULL, lora=LORA)
    assert found.approach == "lora"
    assert found.candidates["lora"].as_good_as_best
    assert not found.candidates["feature"].as_good_as_best
    assert "`full` has 0.950, but the difference" in found.why
    assert "may be chance, and `lora` trains least." in found.why


def test_a_real_difference_beats_any_cost():
    found = chosen(feature=FEATURE, full=FULL)
    assert found.approach == "full"
    assert found.why.endswith("every other approach is worse by more than chance.")
    assert found.candidates["feature"].mcnemar_p_holm < 0.01


def test_one_approach_alone_is_chosen_and_says_so():
    found = chosen(full=FULL)
    assert found.approach == "full"
    assert found.why.endswith("no other approach was run.")


@pytest.mark.parametrize(
    ("other", "taken"),
    [
        ({"numbers": 60_000, "tokens": 900_000, "megabytes": 200.0}, "prompt"),
        ({"numbers": 70_000, "tokens": 200_000, "megabytes": 200.0}, "prompt"),
        ({"numbers": 70_000, "tokens": 300_000, "megabytes": 80.0}, "prompt"),
        ({"numbers": 70_000, "tokens": 300_000, "megabytes": 90.0}, "lora"),
    ],
)
def test_cost_is_numbers_then_tokens_then_megabytes_then_name(other, taken):
    assert chosen(lora=LORA, prompt={"wrong": 21} | other).approach == taken


def test_more_training_is_told_with_what_it_gains():
    found = chosen(feature=FEATURE, full=FULL, lora=LORA).per_budget
    steps = found.training
    assert [step.approach for step in steps] == ["feature", "lora", "full"]
    assert [step.is_real for step in steps] == [None, True, False]
    words = found.in_words[0]
    assert words.startswith("With the least training take `feature` (no pass through the encoder")
    assert "`lora` adds +0.097, 95 % interval" in words
    assert words.index("(a real gain)") < words.index("`full` adds") < words.index("which may be")


def test_what_costs_more_and_scores_less_is_for_no_budget():
    found = chosen(feature=FEATURE, lora=LORA, prompt=FULL | {"wrong": 70}).per_budget
    assert [step.approach for step in found.training] == ["feature", "lora"]
    assert "`prompt` costs more than one that scores more." in found.in_words[0]


def test_models_of_one_size_are_not_told_apart_by_it():
    found = chosen(feature=FEATURE | {"megabytes": 91.0}, lora=LORA).per_budget
    assert found.megabytes == []
    assert "neither megabytes nor predictions a second" in found.in_words[1]
    found = chosen(feature=FEATURE | {"megabytes": 20.0}, lora=LORA).per_budget
    assert [step.approach for step in found.megabytes] == ["feature", "lora"]
    assert "`feature` from 20 MB on, `lora` from 90 MB on" in found.in_words[1]


ANSWERS = [f"the red fox number {row}" for row in range(ROWS)]


def chosen_answers(right: str, **wrong: range) -> Choice:
    """Each approach has the answers of these rows wrong; costs grow in the order given."""
    params, given = AnswerParams(right=right, refusal="no"), {}
    for name, rows in wrong.items():
        said = ["a hen" if row in rows else answer for row, answer in enumerate(ANSWERS)]
        given[name] = predictions_of(ANSWERS, {"0": said})
    by_approach = {name: judged(one, params) for name, one in given.items()}
    validations = {
        name: evaluated(
            one, by_approach[name], {}, params, "0",
            ModelCosts(megabytes=90.0 + 400 * place, trainable_parameters=9**place, epochs=1,
                       training_tokens=1000 * place),
        )
        for place, (name, one) in enumerate(given.items())
    }  # fmt: skip
    clusters = next(iter(given.values())).clusters()
    return choice(of_answers(validations, by_approach, clusters))


@pytest.mark.parametrize("right", ["token_f1", "exact_match"])
def test_answers_are_chosen_by_what_counts_as_right(right):
    title = {"token_f1": "token F1", "exact_match": "exact match"}[right]
    found = chosen_answers(right, feature=range(200), lora=range(21), full=range(300, 320))
    assert (found.approach, found.measure) == ("lora", right)
    assert found.candidates["full"].score.mean == pytest.approx(0.95)
    assert not found.candidates["feature"].as_good_as_best
    assert found.why.startswith(f"`lora` is chosen with a validation {title} of 0.94")
    steps = found.per_budget.training
    assert [step.approach for step in steps] == ["feature", "lora", "full"]
    assert [step.is_real for step in steps] == [None, True, False]
    assert "(no pass through the language model in training" in found.per_budget.in_words[0]
    assert found.per_budget.in_words[1].startswith("By size: `feature` from 90 MB on, `lora`")


def test_better_answers_beat_any_cost():
    found = chosen_answers("token_f1", feature=range(60), full=range(20))
    assert found.approach == "full"
    assert found.why.endswith("every other approach is worse by more than chance.")
