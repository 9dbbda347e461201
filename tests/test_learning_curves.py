"""A power law that is known, and draws that are nested."""

import numpy as np
import pandas as pd
import pytest

from seedbed.tasks import class_task
from seedbed.training.resampling import CurveRun, drawn, fit_curve, power_law

SHARES = (0.25, 0.5, 1.0)


def table(rows: int) -> pd.DataFrame:
    """One class of 90 % and one of 10 %, and a copy of every fifth row."""
    ids = [f"{number:016x}" for number in range(rows)]
    parents = pd.DataFrame(
        {"id": ids, "parent": "", "label": ["many"] * (rows * 9 // 10) + ["few"] * (rows // 10)}
    )
    copies = parents[::5].assign(parent=parents["id"][::5], id=parents["id"][::5] + "-a0")
    return pd.concat([parents, copies], ignore_index=True)


def test_larger_draws_hold_smaller_ones_and_keep_the_classes():
    train = table(200)
    quarter, half, whole = (drawn(class_task, train, share, 3) for share in SHARES)
    assert set(quarter["id"]) < set(half["id"]) < set(whole["id"])
    assert len(whole) == len(train)
    parents = half[half["parent"] == ""]
    assert parents["label"].value_counts().to_dict() == {"many": 90, "few": 10}
    assert set(half["parent"]) - {""} <= set(parents["id"])
    assert set(drawn(class_task, train, 0.25, 4)["id"]) != set(quarter["id"])


def test_a_small_share_keeps_a_row_of_each_class():
    assert drawn(class_task, table(20), 0.05, 0)["label"].value_counts()["few"] >= 1


def test_a_power_law_is_found_exactly():
    rows = np.array([100.0, 200.0, 400.0])
    scale, exponent = power_law(rows, np.stack([2 * rows**-0.5, 3 * rows**-0.1]))
    assert scale == pytest.approx([2, 3])
    assert exponent == pytest.approx([0.5, 0.1])


def runs(errors: dict[float, int], labels: np.ndarray, seeds=(0, 1, 2)) -> list[CurveRun]:
    """Runs that are wrong on so many validation rows, spread by seed."""
    found = []
    for seed in seeds:
        order = np.random.default_rng(seed).permutation(len(labels))
        for share, number in errors.items():
            said = labels.copy()
            said[order[:number]] = 1 - said[order[:number]]
            found.append(CurveRun(share, seed, int(1000 * share), said))
    return found


LABELS = np.arange(1000) % 2


def test_twice_the_rows_halve_an_error_that_halves():
    errors = {0.25: 160, 0.5: 80, 1.0: 40}
    found = fit_curve(class_task, "full", runs(errors, LABELS), LABELS, np.arange(1000), 200)
    assert found.exponent.mean == pytest.approx(1, abs=0.01)
    assert found.twice_the_rows.rows == 2000
    assert found.twice_the_rows.macro_f1.mean == pytest.approx(0.98, abs=0.001)
    gain = found.twice_the_rows.gain
    assert gain.difference == pytest.approx(0.02, abs=0.001)
    assert gain.low < gain.difference < gain.high
    assert gain.low > 0.01
    assert [point.fitted for point in found.points] == pytest.approx([0.84, 0.92, 0.96], abs=0.003)
    assert found.check.fitted_without_it == pytest.approx(0.96, abs=0.003)
    assert found.check.measured == pytest.approx(0.96, abs=1e-4)


def test_a_flat_curve_promises_nothing():
    found = fit_curve(
        class_task, "full", runs(dict.fromkeys(SHARES, 100), LABELS), LABELS, np.arange(1000), 200
    )
    assert found.twice_the_rows.gain.difference == pytest.approx(0, abs=1e-6)


def test_no_error_at_all_is_half_a_row():
    found = fit_curve(
        class_task, "full", runs({0.25: 4, 0.5: 2, 1.0: 0}, LABELS), LABELS, np.arange(1000), 200
    )
    assert found.points[-1].macro_f1.mean == pytest.approx(0.9995)
    assert np.isfinite(found.exponent.mean)


def test_fewer_validation_rows_are_less_sure():
    def width(every: int) -> float:
        errors = {
            share: number // every for share, number in zip(SHARES, (160, 80, 40), strict=True)
        }
        labels = LABELS[: 1000 // every]
        found = fit_curve(
            class_task, "full", runs(errors, labels), labels, np.arange(len(labels)), 200
        )
        gain = found.twice_the_rows.gain
        return gain.high - gain.low

    assert width(4) > 1.5 * width(1)
