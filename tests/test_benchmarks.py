"""The pages of figures are what the results say."""

import json

import pytest
from conftest import ROOT

from benchmarks import (
    gains,
    memo,
    memo_page,
    quality_page,
    sets_page,
    speed_between,
    speed_page,
    tables,
)


@pytest.mark.parametrize("name", tables.pages(ROOT / "benchmarks"))
def test_the_pages_are_made_of_the_results_in_git(name):
    page = (ROOT / "benchmarks" / name).read_text(encoding="utf-8")
    assert page == tables.pages(ROOT / "benchmarks")[name]


def test_a_measure_below_its_reach_is_not_met():
    results = json.loads((ROOT / "benchmarks/results/pii.json").read_text(encoding="utf-8"))
    results["seedbed"]["tab"]["entity_recall"] = 0.849
    lines = {line[0]: line for line in quality_page.personal_data_lines(results)}
    assert lines["recall of direct identifiers, by entity"][-1] == "**no**"
    assert lines["recall of persons, overlapping spans"][-1] == "yes"


def test_a_race_is_met_by_both_clocks_or_not_at_all():
    cost = {"cpu_seconds": 1.0, "seconds": 1.0, "peak_mb": 1}
    peer = {**cost, "times_as_fast": {"cpu_seconds": 9.0, "seconds": 2.0}}
    races = speed_page.RACES
    results = {part: {"rounds": 3, "seedbed": cost, name: peer} for part, _, name, _, _ in races}
    results["deduplicate"]["data_juicer"] = peer
    assert [line[-1] for line in speed_page.race_lines(results)] == ["**no**"] * 4 + ["yes"]
    peer["times_as_fast"]["seconds"] = 8.0
    assert [line[-1] for line in speed_page.race_lines(results)] == ["yes"] * 5


def test_an_update_is_met_at_a_twentieth_of_the_own_work_and_other_bytes_are_told():
    def costs(embed: float, clean: float) -> memo.Costs:
        every = {"clean": clean, "embed": embed, "find_label_errors": 1e-6}
        return {name: {"own": one, "all": one, "clock": 2 * one} for name, one in every.items()}

    nothing, more = costs(90.0, 10.0), costs(2.0, 1.0)
    without = {"clean": {"own": 9.0}, "find_label_errors": {"own": 0.0}}
    found = {
        "rows": 100, "more_rows": 1, "from_nothing": nothing, "with_1_percent": more,
        "without_memo": without, "memo_mb": 1.0, "same_bytes_without_memo": False,
        "suspects_that_differ": 0,
        "shares": {kind: memo.share(more, nothing, kind) for kind in ("own", "all", "clock")},
    }  # fmt: skip
    page = " ".join(memo_page.memo_section({"float32": found}).split())
    assert "| all | 100.0 s | 3.0 s | 3.0% | not run |" in page
    assert "| all but embed and find_label_errors | 10.0 s | 1.0 s | 10.0% | 9.0 s |" in page
    assert "the update costs 3.0% (reach: at most 5%: yes)" in page
    assert "3.0% by the clock, every process from start to end (reach: at most 20%: yes)" in page
    assert "**The outputs were not the bytes of a run without a memo.**" in page
    found["shares"]["own"] = 0.051
    assert "5.1% (reach: at most 5%: **no**)" in " ".join(
        memo_page.memo_section({"float32": found}).split()
    )
    assert "Not measured yet" in memo_page.memo_section({})


def test_what_an_approach_costs_is_shown_as_far_as_it_was_measured():
    lines = {
        "feature": {"validation_macro_f1": 0.95, "training_seconds": 6.4, "model_mb": 91.6},
        "full": {"validation_macro_f1": 0.968, "training_tokens_a_second": 5210.0},
    }
    shown = speed_page.cost_table({"cores": 2, "precision": "bfloat16", "approaches": lines})
    assert "| feature | 0.950 | 6 s |  |  | 92 MB |  |" in shown
    assert "| full | 0.968 |  | 5,210 |  |  |  |" in shown
    assert "2 cores, bfloat16." in shown
    assert speed_page.cost_table({}) == "Not measured yet."


def test_the_row_diff_is_shown_beside_its_peers_by_size():
    ours = {"seconds": 2.5, "cpu_seconds": 2.0}
    peer = {"seconds": 5.0, "cpu_seconds": 4.0, "times_as_fast": {"seconds": 2, "cpu_seconds": 2}}
    page = speed_page.row_diff_table({"rows": {"100000": {"seedbed": ours, "csv_diff": peer}}})
    assert "| 100,000 | csv-diff | 2.00x / 2.00x | 2.00 / 2.50 | 4.00 / 5.00 |" in page
    assert page.endswith("100,000 rows in 3 s: yes by processor seconds, yes by wall seconds.")
    assert speed_page.row_diff_table({}) == "Not measured yet."


def test_what_was_not_measured_is_not_met():
    assert [line[-1] for line in speed_page.race_lines({})] == ["**no**"] * 5
    assert [line[-1] for line in speed_page.memory_lines({})] == ["**no**"] * 4


def test_only_what_is_no_chance_is_set_off():
    case = {"data": "d", "what": "w", "rows_a_class": "10", "without": 0.9, "with": 0.91,
            "gain": 0.01, "low": 0.001, "high": 0.019, "verdict": "gain"}  # fmt: skip
    [line] = gains.lines([case])
    assert line[3:] == ["90.0", "91.0", "+1.0 [+0.1, +1.9]", "**gain**"]
    assert gains.lines([case | {"verdict": "no gain"}])[0][-1] == "no gain"


def test_a_version_above_the_reach_is_not_met_and_chinese_has_none():
    one = {"texts": 9999, "cpu_seconds": {"ours": 1.151, "other": 1.0}, "ratio": 1.151,
           "low": 1.1, "high": 1.2, "found": {"ours": 3, "other": 4}}  # fmt: skip
    cases = {"banking77": one, "made of Chinese characters": one, "sms_spam": one | {"ratio": 1.15}}
    page = speed_between.section({"commit": "f37f742", "work": {"near copies": cases}})
    assert [line.split(" | ")[-1].rstrip(" |") for line in page.splitlines()[2:]] == [
        "**no**", "—", "yes"
    ]  # fmt: skip
    assert "| 9,999 | 1.151 | 1.000 | 1.15 [1.10, 1.20] | 3 | 4 |" in page
    assert speed_between.section({}).startswith("Not measured yet")


def test_the_figures_of_sets_are_of_what_validation_chooses():
    def gap(low):
        return dict.fromkeys(sets_page.SHOWN, {"difference": 0.02, "low": low, "high": 0.04})

    def figures(mean, **more):
        of_one = {"mean": mean, "low": mean - 0.1, "high": mean + 0.1}
        every = dict.fromkeys(sets_page.SHOWN, of_one)
        return {"test": every, "validation": every} | more

    def approach(mean, low):
        against = {"words": gap(0.01) | {"p": 0.2}, "vectors": gap(low) | {"p": 0.01}}
        return figures(mean, against=against) | {"thresholds against one half": gap(-0.01)}

    found = {
        "rows": {"train": 4000, "validation": 500, "test": 1500},
        "approaches": {"full": approach(0.6, 0.01), "feature": approach(0.5, -0.01)},
        "references": {
            "words": figures(0.9) | {"validation": 0.3},  # the best on test alone
            "vectors": figures(0.5) | {"validation": 0.4},
        },
        "chains, validation macro-F1": {"independent": 0.5, "chain 0": 0.51},
        "positive_weights": "auto",
        "positive weights, validation macro-F1 of full": {"none": 0.55, "sqrt": 0.7},
    }
    page = sets_page.section(found)
    assert 'chooses the approach `full` and the reference "vectors"' in page
    assert "by macro-F1, yes." in page
    assert "| `full` | +0.020 [-0.010, +0.040] |" in page
    assert "better than one half for `full`: **no**." in page
    assert "`none` .550, `sqrt` .700" in page
    found["approaches"]["feature"] = approach(0.7, -0.01)
    assert "by macro-F1, **no**." in sets_page.section(found)
    assert sets_page.section({}).startswith("Not measured yet")
