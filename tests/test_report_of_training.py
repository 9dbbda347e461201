"""The report says what is trained on and what it brings, from figures a person can check."""

from seedbed.core.metrics import RowCounts
from seedbed.making.balancing import AblateMetrics, AugmentMetrics, BalanceMetrics
from seedbed.pages.rendering import markdown
from seedbed.reporting import training

ROWS = RowCounts(read=10, made=0, kept=10, dropped=0, dropped_by_reason={})
NOTHING = {"rows": ROWS, "by_origin": {}, "made_by_method": {}, "made_by_class": {},
           "refused_by_reason": {}}  # fmt: skip
SAME = {"rows_before": 10, "rows": 10, "weight": 10.0, "weight_share_before": 0.5,
        "weight_share": 0.5}  # fmt: skip
OFF = {
    "measured_on": "validation",
    "approach": "feature",
    "seeds": 5,
    "off": "augment, balance",
    "measured": {},
}
CASE = {"rows_without": 50, "rows_with": 100, "without": 0.9, "with": 0.912, "gain": 0.012,
        "low": 0.002, "high": 0.022, "verdict": "gain", "gain_by_seed": {"0": 0.012}}  # fmt: skip


def rows(made: dict, balanced: dict) -> str:
    balance = BalanceMetrics(rows=ROWS, **balanced)
    return markdown(training.training_rows(AugmentMetrics(**NOTHING | made), balance))


def test_what_is_off_is_one_line():
    balanced = {"asked": "no cap, weights none", "train_by_class": {"a": SAME},
                "train_by_source": {"s": SAME}}  # fmt: skip
    shown = rows({}, balanced)
    assert "Rows made: none." in shown
    assert "|" not in shown
    assert markdown(training.ablation(AblateMetrics(**OFF))).endswith(
        "Nothing to measure: augment, balance off."
    )


def test_rows_and_shares_stand_before_and_after():
    found = {
        "asked": "no cap, weights inverse",
        "train_by_class": {
            "ham": SAME | {"rows_before": 1200, "rows": 900, "weight_share_before": 0.9},
            "spam": SAME | {"weight_share_before": 0.1},
        },
        "train_by_source": {"s": SAME},
    }
    made = {"made_by_method": {"swap": 3}, "refused_by_reason": {"unchanged": 1}}
    shown = rows(made, found)
    assert "| ham | 1,200 | 900 | 90.0% | 50.0% |" in shown
    assert "Rows made: 3 swap. Not made: 1 unchanged." in shown
    assert "| source |" not in shown


def test_the_verdict_has_its_interval_and_says_over_what():
    found = OFF | {"off": "balance", "measured": {"augment": {"10": CASE}}}
    shown = markdown(training.ablation(AblateMetrics(**found)))
    assert (
        "| augment | 10 | 50 | 100 | 0.900 | 0.912 | +0.012 [+0.002, +0.022] | **gain** |" in shown
    )
    assert "over the seeds" in shown
    assert "Off: balance." in shown
