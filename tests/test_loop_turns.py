"""Two loops that take a step each in turn, and what is counted of them."""

import pytest

from benchmarks.fine_tuning_page import fine_tuning_page, speed_line
from benchmarks.loop_turns import Turns


def loop(turns: Turns, name: str, order: list[str]):
    def run() -> None:
        turns.step(name)
        while True:
            order.append(name)
            turns.tokens[name].append(100)
            turns.step(name)

    return run


def test_the_loops_take_turns_and_the_first_step_of_each_is_not_counted():
    turns, order = Turns(("a", "b"), 3), []
    turns.run({"a": loop(turns, "a", order), "b": loop(turns, "b", order)})
    assert order == ["a", "b"] * 4
    turns.seconds = {"a": [9.0, 1.0, 1.0, 2.0], "b": [1.0, 2.0, 3.0, 8.0]}
    found = turns.figures()
    assert found["steps"] == 3
    assert found["wall"] == {"a": 100.0, "b": pytest.approx(100 / 3), "times_as_fast": 3.0}


def test_an_error_of_one_loop_ends_both_and_is_told():
    turns = Turns(("a", "b"), 3)

    def failing() -> None:
        turns.step("b")
        raise ValueError("no batch")

    with pytest.raises(ValueError, match="no batch"):
        turns.run({"a": loop(turns, "a", []), "b": failing})


def test_both_clocks_have_to_reach_it_and_what_was_not_measured_does_not():
    found = {"processor": {"times_as_fast": 3.2}, "wall": {"times_as_fast": 2.9}}
    assert speed_line("full", "Trainer", 3.0, found)[3:] == ["3.20x, 2.90x", "**no**"]
    found["wall"]["times_as_fast"] = 3.0
    assert speed_line("full", "Trainer", 3.0, found)[-1] == "yes"
    assert speed_line("full", "Trainer", 3.0, None)[3:] == ["not measured", "**no**"]


def test_the_page_tells_what_each_measure_found():
    half = {"wall": {"times_as_fast": 1.5}, "processor": {"times_as_fast": 1.6}}
    sides = {"seedbed": {"accuracy": 0.93}, "trainer": {"accuracy": 0.5}}
    cost = {"accuracy": 0.93, "sd": 0.0}
    page = fine_tuning_page(
        {
            "training_speed": {
                "steps": {"auto": "float32", "threads": 2, "float32": half},
                "accuracy": {"epochs": 3, "train": 8003, "held_out": 2000, **sides},
            },
            "fine_tuning": {
                "validation": {
                    "beside_setfit": {
                        "draws": [0],
                        "seedbed": {**cost, "cpu_seconds": 100.0},
                        "setfit": {**cost, "cpu_seconds": 900.0},
                    }
                }
            },
            "training_precision": {
                "by_seed": [{"seed": 0, "float32": 0.9, "bfloat16": 0.904}],
                "difference": 0.004,
                "sd": 0.0,
                "train_rows": 5,
                "held_out": 9,
                "bfloat16_units": False,
            },
        }
    )
    assert "| full, BBC at 256, float32 | Trainer, float32 |  | 1.60x, 1.50x |  |" in page
    assert "without bfloat16 units" in page
    assert "ours is right on .930 of 2,000 rows held out, the tutorial on .500" in page
    assert "9.0 times as fast" in page
    assert "| 0 | 0.9000 | 0.9040 | +0.40 |" in page
    assert "within .3 points: **no**" in page
