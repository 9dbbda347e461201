"""The report's sections on answers, from figures a person can check."""

from seedbed.core.metrics import Difference
from seedbed.pages.rendering import markdown
from seedbed.reporting import answers
from seedbed.scoring.answers.evaluation import SideBySide
from seedbed.scoring.answers.metrics import ANSWER_METRICS
from seedbed.scoring.metrics_files import AnswerEvaluation
from seedbed.scoring.predictions import Pair
from seedbed.scoring.significance import McNemar

FIGURE = {"mean": 0.9, "low": 0.85, "high": 0.95, "sd_over_seeds": 0, "by_seed": {"0": 0.9}}
CONTENT = {
    "run": True,
    "model": {"megabytes": 1, "trainable_parameters": 1925, "epochs": 0, "training_tokens": 0},
    "rows": 1200,
    **dict.fromkeys(ANSWER_METRICS, FIGURE),
    "right": "token_f1",
    "refusal": "",
    "min_language_chars": 40,
    "seed_shown": "0",
    "without_answer": {"too_long": 3},
    "without_loss": 4,
    "slices": {"source": {"a|b": {"accuracy": 0.7, "low": 0.5, "high": 0.8, "rows": 33}}},
}
FULL = AnswerEvaluation.model_validate(CONTENT)
FEATURE = AnswerEvaluation.model_validate(
    {key: value for key, value in CONTENT.items() if not key.startswith("perplexity")}
)
GAP = Difference(difference=0.016, low=-0.002, high=0.036)
PAIR = Pair({"token_f1": GAP, "chrf": GAP}, McNemar(only_one_right=7, only_other_right=3, p=0.3),
            p_holm=0.43, test="a test")  # fmt: skip


def test_approaches_are_next_to_each_other_and_to_the_reference():
    both = {"feature": FEATURE, "full": FULL}
    pairs = {"validation": {}, "test": {"full": PAIR}}
    shown = markdown(answers.answer_approaches(both, both, pairs, "feature"))
    header = next(line for line in shown.split("\n") if "test token F1" in line)
    assert "test perplexity a token (lower is better)" in header
    assert header.startswith("| approach | validation token F1 | test token F1 |")
    assert "| `feature` | 0.900 [0.850, 0.950] |" in shown
    assert "|  |  | 1,925 |" in shown  # no perplexity without probabilities
    assert "| `full` | +0.016 [-0.002, +0.036] | +0.016 [-0.002, +0.036] | 7 | 3 | 0.43 |" in shown
    assert "same validation rows" not in shown


def test_the_first_screen_has_the_reason_and_the_scores():
    shown = markdown(answers.answer_verdict("`full` is chosen.", "full", {"full": FULL}))
    assert shown.startswith("**`full` is chosen.**")
    assert "On the 1,200 test rows" in shown
    assert "token F1 **0.900 [0.850, 0.950]**" in shown


def test_the_chosen_model_has_every_metric_and_what_was_not_answered():
    shown = markdown(answers.chosen_answers("full", FULL))
    for metric in ANSWER_METRICS.values():
        assert ("chosen" in metric.shown_in) == (f"| {answers.title_of(metric)} |" in shown)
    assert "count as wrong: 3 too_long." in shown
    assert "4 rows have no loss" in shown
    assert "| source: a\\|b | 0.700 [0.500, 0.800] | 33 |" in shown


def test_texts_are_escaped_and_shown_only_where_that_is_allowed():
    row = SideBySide(id="0", question="What is <b>2 | 2</b>?", target="4 @me", answers={"full": ""})
    shown = markdown(answers.answers_side_by_side([row]))
    assert "| question | true answer | full |" in shown
    assert "&lt;b&gt;2 \\| 2&lt;/b&gt;" in shown
    assert "@me" not in shown  # no mention
    assert "no text is shown" in markdown(answers.answers_side_by_side([]))
