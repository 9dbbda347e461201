"""Metrics of answers: each by hand on rows that a person understands, in every script."""

import math

import numpy as np
import pytest
from answers.conftest import REFUSAL, predictions, written

from seedbed.scoring.answers.estimates import figure
from seedbed.scoring.answers.metrics import (
    ANSWER_METRICS,
    Judged,
    answer_metrics_in,
    figures_by_seed,
    figures_of,
    refuses,
    repeated_share,
)
from seedbed.tasks.answer_task import right


def values(targets, given, refusal=REFUSAL, min_chars=20) -> dict[str, float]:
    figures = figures_of(Judged(targets, given, refusal, min_chars))
    return {name: figure(ANSWER_METRICS[name], figures) for name in figures}


def test_each_metric_by_hand():
    targets = ["Paris", "The red fox", REFUSAL, REFUSAL]
    given = written(
        ["paris.", "a red dog", REFUSAL + " Ask again!", "Seven"],
        ended=[True, True, False, True], loss=[1.0, 3.0, math.nan, 2.0], tokens=[2, 4, 0, 6],
    )  # fmt: skip
    found = values(targets, given)
    assert found["exact_match"] == 0.25
    assert found["token_f1"] == pytest.approx((1 + 0.5 + 16 / 18 + 0) / 4)
    assert found["token_f1"] == pytest.approx(right(targets, given.texts).mean())
    assert found["perplexity_token"] == pytest.approx(math.exp(6 / 12))  # the row without loss
    assert found["perplexity_character"] == pytest.approx(math.exp(6 / (5 + 11 + len(REFUSAL))))
    assert found["refusal_precision"] == 1.0
    assert found["refusal_recall"] == 0.5
    assert found["ended"] == 0.75
    lengths = [sum(map(len, texts)) for texts in (given.texts, targets)]
    assert found["length_ratio"] == pytest.approx(lengths[0] / lengths[1])
    assert found["repetition"] == 0


def test_a_metric_that_no_row_counts_for_has_no_figure():
    found = values(["Paris"], written(["Rome"], loss=math.nan))
    missing = {name for name, value in found.items() if math.isnan(value)}
    losses = {"perplexity_token", "perplexity_character"}
    assert missing == losses | {"refusal_precision", "refusal_recall", "language_kept"}


def test_the_language_is_that_of_the_true_answer_where_both_are_long_enough():
    german = "Die Hauptstadt von Frankreich ist Paris, und sie liegt an der Seine."
    english = "The capital of France is Paris, and it lies on the river Seine."
    targets = [german, german, "Ja", german]
    figures = figures_of(Judged(targets, written([german, english, english, ""]), REFUSAL, 20))
    assert figures["language_kept"].weights.tolist() == [1, 1, 0, 0]
    assert figures["language_kept"].amounts.tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("target", "said", "share"),
    [
        ("東京です", "東京", 2 * 2 / (4 + 2)),
        ("नमस्ते दुनिया", "नमस्ते", 2 / 3),
        ("Ёлка зелёная", "ёлка", 2 / 3),
        ("مرحبا بالعالم", "مرحبا", 2 / 3),
    ],
)
def test_words_of_every_script_count(target, said, share):
    assert values([target], written([said]))["token_f1"] == pytest.approx(share)


def test_an_answer_that_begins_with_the_refusal_refuses():
    assert refuses("i'm sorry but I cannot answer that", "I'm sorry, but I cannot answer that.")
    assert refuses(f"{REFUSAL} Please ask something else.", REFUSAL)
    assert not refuses("The answer is 7.", REFUSAL)
    assert not refuses("anything", "")


def test_repeated_runs_of_words_are_counted_in_every_script():
    assert repeated_share("a b c d a b c d") == pytest.approx(1 - 4 / 5)
    assert repeated_share("a b c") == 0
    assert repeated_share("是是是是是是") == pytest.approx(1 - 1 / 3)


def test_the_gate_can_use_every_metric_that_it_shows():
    gate = answer_metrics_in("gate")
    assert {"token_f1", "exact_match", "rouge_l", "chrf"} <= {metric.name for metric in gate}
    for metric in gate:
        assert metric.better == "higher", metric.name
        assert metric.span == (0.0, 1.0), metric.name


def test_each_seed_has_its_figures():
    found = figures_by_seed(predictions(["x", "y"], {"0": ["x", "y"], "1": ["x", ""]}), REFUSAL, 20)
    assert [found[seed]["exact_match"].amounts.tolist() for seed in "01"] == [[1, 1], [1, 0]]


def test_the_libraries_figures_are_theirs():
    """ROUGE-L by hand; chrF of equal and of unlike texts, and sacrebleu's own for one between."""
    from sacrebleu import sentence_chrf

    targets = ["the police killed the gunman", "the cat", "東京は大きい町です", "abc"]
    said = ["the gunman police killed", "the cat", "東京は町です", "xyz"]
    figures = figures_of(Judged(targets, written(said), REFUSAL, 20))
    # The longest common subsequence of the first is "police killed", or "the ... killed".
    longest = 2 * (3 / 4) * (3 / 5) / (3 / 4 + 3 / 5)
    assert figures["rouge_l"].amounts[0] == pytest.approx(longest)
    assert figures["rouge_l"].amounts[1] == 1
    assert figures["rouge_l"].amounts[2] == pytest.approx(2 * 6 / (9 + 6))
    assert figures["chrf"].amounts[[1, 3]].tolist() == pytest.approx([1, 0])
    pairs = zip(said, targets, strict=True)
    expected = [sentence_chrf(text, [target]).score / 100 for text, target in pairs]
    assert np.allclose(figures["chrf"].amounts, expected)
