"""How a set's labels err, and what that says of one row."""

import numpy as np
import pytest

from seedbed.label_errors.ranking import confident_joint, label_quality, noise_figures

CAT, DOG, FOX = 0, 1, 2


def one_sided(count: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A third of the foxes are called dog, and nothing else is wrong; models that saw these labels
    give a fox 1/3 dog. Labels, probabilities, folds."""
    true = np.arange(count) % 3
    labels = np.where((true == FOX) & (np.arange(count) % 9 == 2), DOG, true)
    given = {CAT: [0.96, 0.02, 0.02], DOG: [0.02, 0.8, 0.18], FOX: [0.02, 0.35, 0.63]}
    return labels, np.array([given[one] for one in true]), np.arange(count) % 5


def test_the_error_that_is_common_is_doubted_more():
    """Two rows look like a fox to the same degree: the one called dog is the more doubtful, since
    foxes are often called dog and never cat."""
    labels, probabilities, folds = one_sided()
    looks = np.array([[0.35, 0.02, 0.63], [0.02, 0.35, 0.63]])
    found = label_quality(
        np.append(labels, [CAT, DOG]),
        np.vstack([probabilities, looks]),
        np.append(folds, [-1, -1]),
        np.ones(302, dtype=bool),
    )
    assert found.sum(1) == pytest.approx(1, abs=1e-3)  # four decimals
    assert found[-1, DOG] < 0.65 < 0.9 < found[-2, CAT]
    assert (found[:300][labels == FOX, FOX] > 0.9).all()  # nothing is called fox that is none


def test_a_row_has_no_part_in_the_noise_it_is_judged_by():
    labels, probabilities, folds = one_sided()
    everything = np.ones(len(labels), dtype=bool)
    before = label_quality(labels, probabilities, folds, everything)
    changed = labels.copy()
    changed[0] = FOX
    after = label_quality(changed, probabilities, folds, everything)
    same = folds == folds[0]
    same[0] = False
    assert (after[same] == before[same]).all()
    assert (after[folds != folds[0]] != before[folds != folds[0]]).any()


def test_rows_that_people_verified_are_kept_out_of_the_estimate():
    """All foxes called dog were verified as dogs by people: no sign of noise is left."""
    labels, probabilities, folds = one_sided()
    hidden = (labels == DOG) & (probabilities[:, FOX] > 0.6)
    before = label_quality(labels, probabilities, folds, np.ones(300, dtype=bool))
    after = label_quality(labels, probabilities, folds, ~hidden)
    assert (after[hidden, FOX] < 0.2).all()
    assert (before[hidden, FOX] > 0.35).all()


def test_test_rows_are_judged_by_the_noise_of_all_folds_and_have_no_part_in_it():
    labels, probabilities, folds = one_sided()
    folds = np.where(np.arange(300) < 60, -1, folds)
    everything = np.ones(300, dtype=bool)
    found = label_quality(labels, probabilities, folds, everything)
    other = labels.copy()
    other[1:60] = CAT
    assert (label_quality(other, probabilities, folds, everything)[60:] == found[60:]).all()


def test_classes_without_rows_and_single_classes():
    assert confident_joint(np.array([1, 1]), np.full((2, 3), 1 / 3)).tolist() == [
        [0, 0, 0], [0, 2, 0], [0, 0, 0]
    ]  # fmt: skip
    labels, sure = np.array([0, 2, 0, 2]), np.eye(3)[[0, 2, 0, 2]]
    assert confident_joint(labels, sure).tolist() == [[2, 0, 0], [0, 0, 0], [0, 0, 2]]
    found = label_quality(labels, sure, np.array([0, 0, 1, 1]), np.ones(4, dtype=bool))
    assert found.argmax(1).tolist() == labels.tolist()


def test_no_row_that_counts_leaves_the_models_alone():
    labels, probabilities, folds = one_sided(9)
    found = label_quality(labels, probabilities, folds, np.zeros(9, dtype=bool))
    assert found == pytest.approx(probabilities)


def test_figures_of_the_joint():
    joint = np.array([[40, 10], [0, 50]])
    assert noise_figures(["dog", "fox"], joint).model_dump() == {
        "wrong_share": pytest.approx(0.1),
        "by_class": {
            "dog": {"given_wrong": pytest.approx(0.2), "true_missed": 0},
            "fox": {"given_wrong": 0, "true_missed": pytest.approx(1 / 6)},
        },
        "confident_joint": {"dog": {"dog": 40, "fox": 10}, "fox": {"fox": 50}},
    }


@pytest.mark.parametrize("ranking", ["posterior", "self_confidence"])
def test_rows_that_differ_in_the_last_bits_have_one_score(ranking):
    """So their order is that of their ids on every processor."""
    labels, probabilities, folds = one_sided()
    noise = np.random.default_rng(0).normal(size=probabilities.shape) * 1e-9
    everything = np.ones(len(labels), dtype=bool)
    before = label_quality(labels, probabilities, folds, everything, ranking)
    after = label_quality(labels, probabilities + noise, folds, everything, ranking)
    assert (probabilities + noise != probabilities).all()
    assert (before == after).all()
