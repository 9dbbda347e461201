"""Which labels of a set are doubted: those that it lacks and those that are extra, told apart."""

import numpy as np
import pandas as pd
import pytest
from cleanlab.internal.multilabel_utils import onehot2int
from cleanlab.multilabel_classification.rank import get_label_quality_scores_per_class

from seedbed.label_errors import judge_of, sets
from seedbed.label_errors.out_of_fold import ensemble, out_of_sample, unseen_classes
from seedbed.label_errors.ranking import Judgement, PolicyParams, apply_policy, chosen
from seedbed.pages.document import Section
from seedbed.pages.rendering import markdown
from seedbed.reporting.noise import label_noise
from seedbed.tasks import class_task, labels_task
from stages.find_label_errors import Params, judge

CLASSES = ["loud", "tame", "wild"]
WORDS = {"loud": "it roars and barks all night", "tame": "it sleeps by the oven with us",
         "wild": "it hunts deer in the forest"}  # fmt: skip
COUNT = 240
EVERY = np.ones(COUNT, dtype=bool)
NO_NOISE = np.tile(np.diag([100, 20]), (3, 1, 1))


def animals(changed: dict[int, str] = {}) -> tuple[pd.DataFrame, np.ndarray]:  # noqa: B006
    """Rows whose words say their set, every eighth the empty one, and their vectors; the sets of
    `changed` rows are written as given."""
    members = np.array([[n >> bit & 1 for bit in range(3)] for n in np.arange(COUNT) % 8])
    texts = [
        " ".join(WORDS[CLASSES[k]] for k in np.flatnonzero(row)) or "a stone" for row in members
    ]
    noise = np.random.default_rng(0).normal(0, 0.1, (COUNT, 3))
    labels = labels_task.labels(members, CLASSES)
    for row, label in changed.items():
        labels[row] = label
    frame = pd.DataFrame({"text": texts, "label": labels, "fold": np.arange(COUNT) // 8 % 5})
    frame = frame.assign(text_pair="", batch="a", split="train", weight=1.0, provenance="{}",
                         source="a", id=[f"{n:03}" for n in range(COUNT)])  # fmt: skip
    return frame, (members + noise + 0.2).astype(np.float32)


def found(rows: pd.DataFrame, vectors: np.ndarray, ranking: str = "posterior") -> Judgement:
    targets, folds = labels_task.targets(rows["label"], CLASSES), rows["fold"].to_numpy()
    models = ["neighbours", "linear", "words"]
    probabilities = ensemble(labels_task, models, rows, vectors).round(4)
    quality = sets.label_quality(targets, probabilities, folds, EVERY, ranking)
    return sets.judge_labels(labels_task, targets, probabilities, quality, 0.5, EVERY, NO_NOISE)


def test_each_task_names_its_judge():
    assert judge_of(labels_task) is sets
    assert judge_of(class_task).__name__.endswith("ranking")


@pytest.mark.parametrize("ranking", ["posterior", "self_confidence"])
def test_missing_and_extra_labels_are_told_apart_and_the_whole_set_is_suggested(ranking):
    """Row 3 is loud and tame, 8 of no class, 23 of all three, 45 loud and wild."""
    changed = {3: "loud", 8: "wild", 23: "loud|wild", 45: "loud|tame"}
    rows, vectors = animals(changed)
    judgement = found(rows, vectors, ranking)
    assert {row: judgement.reason[row] for row in np.flatnonzero(judgement.reason != "")} == {
        3: "lacks_label", 8: "extra_label", 23: "lacks_label", 45: "missing_and_extra_labels"
    }  # fmt: skip
    suggested = labels_task.labels(judgement.suggested, CLASSES)
    assert [suggested[row] for row in changed] == ["loud|tame", "|", "loud|tame|wild", "loud|wild"]
    assert sorted(np.argsort(judgement.score)[:4]) == sorted(changed)
    others = [row for row in range(COUNT) if row not in changed]
    assert [suggested[row] for row in others] == list(rows["label"][others])


def test_self_confidence_is_what_cleanlab_scores():
    random = np.random.default_rng(1)
    targets, probabilities = random.integers(0, 2, (50, 3)), random.random((50, 3)).round(4)
    quality = sets.label_quality(targets, probabilities, np.arange(50) % 5, EVERY[:50],
                                 "self_confidence")  # fmt: skip
    scores = np.where(targets == 1, quality, 1 - quality)
    assert scores == pytest.approx(
        get_label_quality_scores_per_class(onehot2int(targets), probabilities)
    )


def test_a_second_label_is_doubted_more_where_sets_have_one():
    """Both rows are given class 0, which the models give .5; the second has class 1 as well, and
    that is so in six rows of three hundred."""
    targets = np.tile(np.eye(3, dtype=np.int8), (100, 1))
    targets[:2] = [[1, 0, 0], [1, 1, 0]]
    targets[3:300:50, :2] = 1
    spread = np.random.default_rng(0).normal(0, 0.2, targets.shape)
    probabilities = np.clip(np.where(targets == 1, 0.7, 0.3) + spread, 0.01, 0.99)
    probabilities[:2, 0] = 0.5
    folds = np.arange(300) // 3 % 5
    quality = sets.label_quality(targets, probabilities, folds, np.ones(300, dtype=bool))
    assert quality[0, 0] > quality[1, 0] + 0.1


def test_a_row_has_no_part_in_what_it_is_judged_by():
    rows, vectors = animals()
    targets, folds = labels_task.targets(rows["label"], CLASSES), rows["fold"].to_numpy()
    probabilities = ensemble(labels_task, ["linear"], rows, vectors).round(4)
    before = sets.label_quality(targets, probabilities, folds, EVERY)
    changed = targets.copy()
    changed[:2] = 1 - changed[:2]
    after = sets.label_quality(changed, probabilities, folds, EVERY)
    same = folds == 0
    same[:2] = False
    assert (after[same] == before[same]).all()
    assert (after[folds > 0] != before[folds > 0]).any()


def test_as_many_are_doubted_as_the_joint_counts_of_each_kind():
    """Of class 0 the joint counts one in three missing and one in two extra."""
    labels = np.array([[0], [0], [0], [1], [1]], dtype=np.int8)
    quality = np.array([[0.1], [0.3], [0.2], [0.7], [0.9]])
    joint = np.array([[[2, 1], [1, 1]]])
    five = np.ones(5, dtype=bool)
    judgement = sets.judge_labels(labels_task, labels, quality, quality, 0.5, five, joint)
    assert judgement.reason.tolist() == ["", "lacks_label", "", "extra_label", ""]
    assert judgement.suggested.ravel().tolist() == [0, 1, 0, 0, 1]
    none = np.zeros(5, dtype=bool)
    unjudged = sets.judge_labels(labels_task, labels, quality, quality, 0.2, none, joint)
    assert (unjudged.suggested == labels).all()
    assert (set(unjudged.reason), set(unjudged.score)) == ({""}, {1})


def test_a_class_that_no_model_saw_gets_nothing_and_the_only_one_all():
    folds = np.array([0, 0, 1, 1])
    targets = np.array([[1, 0, 1], [1, 1, 1], [1, 0, 0], [1, 0, 1]], dtype=np.int8)
    model = labels_model()
    vectors = np.array([[0.0], [1.0], [0.2], [0.9]])
    probabilities = out_of_sample(model, vectors, targets, folds, np.arange(3))
    assert probabilities[:, 0].tolist() == [1, 1, 1, 1]
    assert probabilities[:2, 1].tolist() == [0, 0]
    assert ((probabilities[2:, 1] > 0) & (probabilities[2:, 1] < 1)).all()
    assert unseen_classes(targets > 0, folds).tolist() == [
        [False] * 3, [False, True, False], [False] * 3, [False] * 3
    ]  # fmt: skip


def labels_model():
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    return OneVsRestClassifier(LogisticRegression())


def test_rows_that_agree_have_the_most_doubtful_label_as_suggested():
    labels = np.array([[1, 0], [1, 1], [0, 1]], dtype=np.int8)
    suggested = np.array([[0, 1], [1, 1], [0, 1]], dtype=np.int8)
    quality = np.array([[0.4, 0.9], [1, 1], [0, 1]])
    agrees = sets.agreement(labels, suggested, quality)
    assert agrees(np.array([[0]]), np.array([[1, 2]])).tolist() == [[True, True]]
    quality[0] = [0.1, 0.6]
    agrees = sets.agreement(labels, suggested, quality)
    assert agrees(np.array([[0]]), np.array([[1, 2]])).tolist() == [[False, True]]


def test_the_report_says_what_is_extra_and_what_is_missing():
    noise = sets.noise_figures(["loud", "tame"], np.array([[[70, 5], [1, 24]], [[90, 0], [0, 10]]]))
    assert noise.wrong_share == pytest.approx(6 / 200)
    assert noise.by_class["loud"].model_dump() == {
        "given_wrong": pytest.approx(1 / 25), "true_missed": pytest.approx(5 / 29)
    }  # fmt: skip
    page = markdown(Section("Labels", label_noise(labels_task, noise, 5)))
    assert "| loud | 24 | 1 | 5 | 4.0% | 17.2% |" in page
    assert "3.0%, of all pairs of a row that no person has verified and a label" in page
    clean = sets.noise_figures(["loud"], np.array([[[70, 0], [0, 30]]]))
    page = markdown(Section("Labels", label_noise(labels_task, clean, 5)))
    assert "no class is missing or extra" in page


def params(policy: str) -> PolicyParams:
    return PolicyParams(policy=policy, max_score=1.0, max_share=None, suspect_weight=0.3)


def test_a_label_is_never_left_without_a_train_row():
    """Row b alone has `wild`, so it stays; what a, c and d have, others have, too."""
    labels = ["loud", "loud|wild", "|", "loud|tame", "loud|tame"]
    rows = pd.DataFrame({"id": [*"abcde"], "split": "train", "weight": 1.0, "label": labels})
    suspects = rows.head(4).assign(suggested="loud", score=0.1, reason="extra_label", nearest="")
    assert list(chosen(labels_task, rows, suspects, params("drop"))["id"]) == ["a", "c", "d"]
    after, _ = apply_policy(labels_task, rows, suspects, params("relabel"))
    assert list(after["label"]) == ["loud", "loud|wild", "loud", "loud", "loud|tame"]
    after, _ = apply_policy(labels_task, rows, suspects, params("weight"))
    assert after["weight"].tolist() == [0.3, 1, 0.3, 0.3, 1]


ASKED = Params(models=["linear"], ranking="posterior", min_probability=0.5,
               near_copy_min_cosine=1.0, policy="relabel", max_score=1.0, max_share=None,
               suspect_weight=0.3)  # fmt: skip


@pytest.mark.parametrize("side", ["train", "validation", "test"])
@pytest.mark.parametrize("seed", range(3))
def test_planted_sets_are_suspected_but_no_verified_row_and_nothing_is_changed_out_of_train(
    side, seed
):
    random, (truth, _) = np.random.default_rng(seed), animals()
    planted = random.choice(COUNT, 6, replace=False).tolist()
    other = random.permutation(truth["label"].unique())
    changed = {row: next(one for one in other if one != truth["label"][row]) for row in planted}
    rows, vectors = animals(changed)
    rows.loc[planted, "split"] = side
    ids = list(rows["id"][planted])
    verified = set(ids[:2])
    judged = judge(labels_task, rows, vectors, verified, ASKED).rows
    suspects = judged[(judged["reason"] != "") & ~judged["id"].isin(verified)]
    assert sorted(suspects["id"]) == sorted({*ids} - verified)
    after, dropped = apply_policy(labels_task, rows, suspects, ASKED)
    is_repaired = rows["id"].isin(suspects["id"]) & (side == "train")
    assert (after["label"] == truth["label"].where(is_repaired, rows["label"])).all()
    assert dropped == []
