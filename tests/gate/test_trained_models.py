"""What benchmarks/gate.py measures on real data, in small: heads trained on vectors."""

import numpy as np
from conftest import ROOT, yaml
from sklearn.linear_model import LogisticRegression

from seedbed.gate.verdict import Answers, GateParams, look
from seedbed.scoring.metrics import Scored
from seedbed.tasks import class_task

PARAMS = GateParams(**yaml.load(ROOT / "params.yaml")["gate"])
CLASSES = list("abcd")
HELD, WIDTH = 400, 60


def fails(seed: int, shuffled_share: float, train: int) -> bool:
    """Whether a challenger that learnt from a sample of its own, with so many labels dealt out
    anew, fails against a base that learnt from the labels as they are."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 4, HELD + train)
    vectors = random.normal(0, 1, (len(labels), WIDTH))
    vectors[:, :4] += 3.0 * np.eye(4)[labels]
    said = []
    for share in (0.0, shuffled_share):
        sample = HELD + random.integers(0, train, train)
        given = labels[sample]
        chosen = random.random(train) < share
        given[chosen] = random.permutation(given[chosen])
        model = LogisticRegression(C=10.0).fit(vectors[sample], given)
        said.append(model.predict(vectors[:HELD]))
    answers = Answers(CLASSES, *(Scored.of(class_task, labels[:HELD], one) for one in said))
    return any(one.fails for one in look(answers, PARAMS))


def test_a_model_that_learnt_from_shuffled_labels_fails_in_every_draw():
    assert all(fails(seed, 0.3, 300) for seed in range(10))


def test_an_equal_model_passes_in_nearly_every_draw():
    assert sum(fails(seed, 0.0, 1500) for seed in range(40)) <= 2
