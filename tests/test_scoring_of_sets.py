"""Figures of sets of labels: each metric by scikit-learn's, thresholds, intervals, slices, and the
paired tests of the gate."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as stock

from seedbed.gate.verdict import Answers, GateParams, judged, look
from seedbed.pages.rendering import markdown
from seedbed.reporting.results import out_of_scope
from seedbed.scoring.evaluation import Classes, DecidedRow, Fitted, Part, columns_of, evaluate, fit
from seedbed.scoring.intervals import headline, paired_difference
from seedbed.scoring.metrics import METRICS, Scored, confusion, per_class, scores
from seedbed.scoring.metrics_files import ModelCosts
from seedbed.scoring.predictions import Predictions, read_predictions, write_predictions
from seedbed.scoring.significance import flip_p, mcnemar
from seedbed.tasks import labels_task

CLASSES = ["air", "earth", "fire", "water"]
COSTS = ModelCosts(megabytes=1, trainable_parameters=1, epochs=1, training_tokens=1)


def drawn(rows: int = 200, seed: int = 0, noise: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    """Sets of up to four labels, some empty, and probabilities that tell of them, with ties."""
    random = np.random.default_rng(seed)
    targets = (random.random((rows, 4)) < [0.5, 0.3, 0.2, 0.1]).astype(np.int8)
    given = targets * (1 - noise) + random.random((rows, 4)) * noise
    return targets, given.round(1)


TARGETS, GIVEN = drawn()
SAID = labels_task.decode(GIVEN)
SCORED = Scored.of(labels_task, TARGETS, SAID, GIVEN)
IDS = [f"{row:016x}" for row in range(len(TARGETS))]


def by_stock(targets: np.ndarray, said: np.ndarray, given: np.ndarray) -> dict[str, float]:
    empty = {"average": "samples", "zero_division": 1}
    depth = stock.coverage_error(targets, given) - targets.sum(1).mean()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "accuracy": stock.jaccard_score(targets, said, **empty),
            "macro_f1": stock.f1_score(targets, said, average="macro"),
            "weighted_f1": stock.f1_score(targets, said, average="weighted"),
            "micro_f1": stock.f1_score(targets, said, average="micro"),
            "samples_f1": stock.f1_score(targets, said, **empty),
            "exact_match": stock.accuracy_score(targets, said),
            "hamming": 1 - stock.hamming_loss(targets, said),
            "mean_average_precision": stock.average_precision_score(targets, given),
            "lrap": stock.label_ranking_average_precision_score(targets, given),
            "coverage": 1 - depth / targets.shape[1],
        }


def test_each_metric_is_that_of_scikit_learn():
    found = {name: float(values[0]) for name, values in scores(SCORED).items()}
    assert found == pytest.approx(by_stock(TARGETS, SAID, GIVEN))
    assert "mcc" not in found
    assert set(found) == {name for name, one in METRICS.items() if "labels" in one.tasks}


def test_a_sample_counts_its_rows_as_often_as_it_has_them():
    counts = np.random.default_rng(1).integers(0, 3, (2, len(TARGETS)))
    found = scores(SCORED._replace(counts=counts))
    for sample, often in enumerate(counts):
        rows = np.repeat(np.arange(len(TARGETS)), often)
        wanted = by_stock(TARGETS[rows], SAID[rows], GIVEN[rows])
        assert {name: one[sample] for name, one in found.items()} == pytest.approx(wanted)


def test_no_label_at_all_is_a_figure_and_no_error():
    none = Scored.of(labels_task, TARGETS * 0, SAID * 0, GIVEN)
    found = {name: float(one[0]) for name, one in scores(none).items()}
    assert (found["accuracy"], found["exact_match"], found["samples_f1"]) == (1, 1, 1)
    assert (found["macro_f1"], found["micro_f1"], found["mean_average_precision"]) == (0, 0, 0)
    assert all(low <= one.mean <= high for one, low, high in bounds_of(none))


def bounds_of(*models: Scored):
    found = headline({str(seed): one for seed, one in enumerate(models)})
    return [(one, one.low, one.high) for one in found.values()]


def test_intervals_hold_their_figure_and_are_wider_for_groups():
    groups = SCORED._replace(clusters=np.arange(len(TARGETS)) // 20)
    alone, grouped = bounds_of(SCORED), bounds_of(groups)
    assert len(alone) == 10
    for one, low, high in alone + grouped:
        assert low <= one.mean <= high
        assert low < high
    copies = Scored.of(labels_task, *(np.repeat(part, 10, axis=0) for part in SCORED[1:4]))
    units = copies._replace(clusters=np.repeat(np.arange(len(TARGETS)), 10))
    widths = [
        one.high - one.low
        for one, *_ in (bounds_of(copies)[0], bounds_of(units)[0], bounds_of(SCORED)[0])
    ]
    assert widths[0] < 0.5 * widths[1]
    assert widths[1] == pytest.approx(widths[2], rel=0.02)  # a copy tells nothing new


def test_an_interval_of_macro_f1_holds_the_truth_as_often_as_it_says():
    targets, given = drawn(20_000, seed=5)
    said = labels_task.decode(given)
    truth = by_stock(targets, said, given)
    held = []
    for part in np.array_split(np.arange(len(targets)), 100):
        one = headline({"0": Scored.of(labels_task, targets[part], said[part])})
        held.append([one[name].low <= truth[name] <= one[name].high for name in one])
    assert (np.mean(held, axis=0) >= 0.88).all()  # 100 splits of 200 rows: 95 is expected


def test_a_paired_difference_is_of_the_same_rows():
    other = Scored.of(labels_task, TARGETS, 1 - SAID, 1 - GIVEN)
    found = paired_difference([SCORED], [other])
    assert found["accuracy"].low > 0
    same = paired_difference([SCORED], [SCORED])["micro_f1"]
    assert (same.low, same.difference, same.high) == (0, 0, 0)


def test_thresholds_are_those_of_the_best_f1_and_a_rare_label_has_that_of_all():
    targets, given = drawn(400)
    targets[:, 3] = 0  # no positive at all
    limits = labels_task.thresholds(targets, given)
    for label in range(3):
        best = max(
            stock.f1_score(targets[:, label], given[:, label] >= low)
            for low in np.arange(0, 1.05, 0.05)
        )
        found = stock.f1_score(targets[:, label], given[:, label] >= limits[label])
        assert found == pytest.approx(best)
    assert labels_task.thresholds(targets.reshape(-1, 1), given.reshape(-1, 1)) == [limits[3]]
    few = np.zeros_like(targets)
    few[:19, 0] = 1
    assert len(set(labels_task.thresholds(few, given))) == 1  # all have the common one
    assert labels_task.thresholds(targets * 0, given) == [0.5] * 4
    assert labels_task.thresholds(targets * 0 + 1, given.clip(0.1))[0] < 0.1  # all have it


def test_a_ruled_prediction_is_that_of_the_thresholds():
    limits = [0.15, 0.35, 0.55, 0.95]
    said = labels_task.decode(labels_task.ruled(GIVEN, limits))
    assert (said == (limits <= GIVEN)).all()


def raw(*seeds: np.ndarray) -> Predictions:
    groups = [""] * len(TARGETS)
    by_seed = {str(seed): given for seed, given in enumerate(seeds)}
    return Predictions(labels_task, IDS, groups, TARGETS, by_seed)


def ruled(given: np.ndarray) -> np.ndarray:
    """What is predicted by thresholds of all rows."""
    limits = labels_task.thresholds(TARGETS, GIVEN * 0.5)
    return labels_task.decode(labels_task.ruled(given, limits))


def figures(
    people: list[DecidedRow],
    fitted: Fitted | None = None,
    metas: list[str] | None = None,
    classes: list[str] = CLASSES,
):
    side = raw(GIVEN * 0.5)
    cells = labels_task.labels(TARGETS, CLASSES)
    rows = pd.DataFrame(
        {"source": "s", "batch": "b", "date": "", "text": "some words", "label": cells}
    )
    columns = columns_of(labels_task, rows, [], ["en"] * len(rows), np.zeros(len(rows)))
    part = Part("test", side, columns, metas or ["{}"] * len(rows), people)
    return evaluate(part, fitted or fit(side), Classes(classes, "out_of_scope"), COSTS)


def test_a_side_has_every_figure_with_the_thresholds_of_validation():
    found = figures([])
    assert list(fit(raw(GIVEN * 0.5)).thresholds) == ["0"]
    without = figures([], Fitted("0", 1.0, {}))
    assert found["micro_f1"].mean > without["micro_f1"].mean + 0.1  # probabilities are halved
    assert found.per_class["fire"].rows == TARGETS[:, 2].sum()
    assert found.per_class["fire"].average_precision == pytest.approx(
        stock.average_precision_score(TARGETS[:, 2], GIVEN[:, 2])
    )
    rows = found.slices["class"]
    assert set(rows) == {*CLASSES, "no label"}
    assert rows["water"].rows == TARGETS[:, 3].sum()
    assert rows["no label"].rows == (TARGETS.sum(1) == 0).sum()
    assert found.out_of_scope is None
    decisions = found.calibration.before
    assert 0 <= decisions.expected_calibration_error <= 1
    assert decisions.log_loss.mean == pytest.approx(
        np.mean([stock.log_loss(TARGETS[:, n], GIVEN[:, n] / 2, labels=[0, 1]) for n in range(4)])
    )


def declared(rows: np.ndarray) -> list[str]:
    """Every third row of `rows`, (rows,) bool, as an in-domain negative, others as general."""
    kinds = [("in_domain", "general")[row % 3 > 0] if has else "" for row, has in enumerate(rows)]
    return [f'{{"negative":"{kind}"}}' if kind else "{}" for kind in kinds]


@pytest.mark.parametrize("classes", [CLASSES, [*CLASSES[:3], "out_of_scope"]])
def test_negatives_of_sets_are_what_a_source_declares_and_has_no_label(classes):
    """Other empty sets are facts about rows in scope; a label that has the name of negatives in
    task class is one label of several here."""
    empty = TARGETS.sum(1) == 0
    marked = np.arange(len(TARGETS)) % 2 == 0  # some of them have labels: a person gave them
    found = figures([], metas=declared(marked), classes=classes).out_of_scope
    said = ruled(GIVEN * 0.5)
    assert (found.how, found.label) == ("empty_set", "no label")
    assert found.all.rows == (empty & marked).sum() < empty.sum()
    assert found.in_scope_rows == (~empty).sum()
    assert found.all.recall == pytest.approx((said[empty & marked].sum(1) == 0).mean())
    assert found.in_scope_flagged_share == pytest.approx((said[~empty].sum(1) == 0).mean())
    limits = labels_task.thresholds(TARGETS, GIVEN * 0.5)
    scores, used = 1 - labels_task.ruled(GIVEN * 0.5, limits).max(1), marked | ~empty
    auroc = stock.roc_auc_score((empty & marked)[used], scores[used])
    assert found.all.auroc.mean == pytest.approx(auroc, abs=1e-4)
    assert found.all.auroc.low < auroc < found.all.auroc.high
    assert set(found.by_kind) == {"general", "in_domain"}
    assert sum(one.rows for one in found.by_kind.values()) == found.all.rows
    shown = markdown(out_of_scope({"full": figures([], metas=declared(marked))}))
    assert (
        f"| `full` | no label predicted | in-domain | {found.by_kind['in_domain'].rows} |" in shown
    )
    assert "other rows without labels count as neither" in shown
    assert "threshold" not in shown


def test_labels_that_occur_together_are_counted():
    found = confusion(SCORED, CLASSES)
    assert found["air"]["water"] == int((TARGETS[:, 0] & SAID[:, 3]).sum())
    assert found["air"]["air"] == int((TARGETS[:, 0] & SAID[:, 0]).sum())


def test_a_label_without_rows_has_no_average_precision():
    found = per_class(Scored.of(labels_task, TARGETS * [1, 1, 1, 0], SAID, GIVEN), CLASSES)
    assert found["water"].average_precision is None
    assert found["water"].rows == 0


def test_decisions_are_undone_label_by_label():
    empty = int(np.flatnonzero(TARGETS.sum(1) == 0)[0])
    given = DecidedRow(IDS[empty], "air|ether", "|", "test", "kim")
    found = figures([given])
    assert found.without_decisions.relabelled == 1
    before, after = found["accuracy"].mean, found.without_decisions["accuracy"].mean
    said = {CLASSES[n] for n in np.flatnonzero(ruled(GIVEN[[empty]] * 0.5)[0])}
    jaccard = len(said & {"air"}) / len(said | {"air", "ether"})  # no model says ether
    assert after - before == pytest.approx((jaccard - (not said)) / len(TARGETS), abs=1e-4)


def test_predictions_of_sets_are_read_back(tmp_path):
    write_predictions(tmp_path / "found", raw(GIVEN, GIVEN * 0.5))
    found = read_predictions(tmp_path / "found", labels_task)
    assert (found.labels == TARGETS).all()
    assert (found.probabilities["1"] == GIVEN * 0.5).all()


PARAMS = GateParams(
    min_accuracy=0, min_macro_f1=0, max_drop_accuracy=0.005, max_drop_macro_f1=0.005,
    max_drop_class_recall=0.02, max_drop_class_f1=0.02, false_fail=0.05, power=0.8, must_see_drop=1,
)  # fmt: skip


def answers(lost: list[int], label: int) -> Answers:
    """The base is right; the head lacks one label in some rows that have it."""
    said = TARGETS.copy()
    rows = np.flatnonzero(TARGETS[:, label])[lost]
    said[rows, label] = 0
    models = (Scored.of(labels_task, TARGETS, one) for one in (TARGETS, said))
    return Answers(CLASSES, *models)


def test_the_gate_sees_one_label_that_pays():
    found = [one.in_words() for one in look(answers(list(range(30)), 1), PARAMS) if one.fails]
    assert "recall of `earth` may lose 2 points" in found
    assert "F1 of `earth` may lose 2 points" in found
    assert "accuracy may lose 0.5 points" in found
    assert not [words for words in found if "air" in words or "water" in words]
    assert not [one for one in look(answers([], 1), PARAMS) if one.fails]
    assert not [one for one in look(answers([0, 1], 1), PARAMS) if one.fails]  # may be chance


def test_a_judgement_of_sets_has_every_figure():
    found = judged(answers(list(range(30)), 1), PARAMS)
    assert found.paired_test == labels_task.PAIRED_TEST
    assert found.mcnemar.only_other_right == 30
    assert found.mcnemar.p < 1e-3
    assert found.same_answer_share == pytest.approx(1 - 30 / len(TARGETS))
    assert found == judged(answers(list(range(30)), 1), PARAMS)


def test_random_signs_agree_with_the_exact_test_on_whole_numbers():
    sums = np.r_[np.ones(14), -np.ones(6)]
    exact = flip_p(sums, 8)
    halves = flip_p(sums / 2, 4)
    assert halves == pytest.approx(exact, abs=0.01)
    lost = np.r_[np.full(14, 0.5), np.full(6, -0.5), np.zeros(5)]
    assert mcnemar(np.zeros(25), lost).p == pytest.approx(2 * exact, abs=0.02)


def test_models_of_sets_that_are_alike_differ_in_few_draws():
    random, level = np.random.default_rng(0), 0.05
    draws = [random.choice([-0.5, -1 / 3, 1 / 3, 0.5], 40) for _ in range(100)]
    assert np.mean([flip_p(one, one.sum()) <= level for one in draws]) <= 0.12
