"""Tasks: the table, the one shape of their modules, and what a change of task is told as."""

import inspect
from pathlib import Path

import numpy as np
import pytest
import torch
from ruamel.yaml import YAML

from seedbed import tasks
from seedbed.core.errors import GateError, ParamsError
from seedbed.core.rows import OUTSIDE
from seedbed.gate.same_rows import Asked, check_same_task
from seedbed.serving.model_folder import Serving
from seedbed.tasks import answer_task
from seedbed.tasks.named import read_class_task, read_task

LOGITS = np.random.default_rng(0).normal(size=(40, 4))
CLASSES = ["air", "earth", "fire", "water"]


@pytest.fixture(params=tasks.CLASS_TASKS)
def task(request) -> tasks.ClassTask:
    return tasks.load_class(request.param)


def functions_of(shape: type) -> dict[str, list[str]]:
    return {
        name: list(inspect.signature(function).parameters)[1:]
        for name, function in vars(shape).items()
        if inspect.isfunction(function) and not name.startswith("_")
    }


@pytest.mark.parametrize("name", tasks.NAMES)
def test_each_module_has_the_shape_of_a_task(name):
    task = tasks.load(name)
    wanted = functions_of(tasks.Task)
    attributes = {*tasks.Task.__annotations__}
    if name in tasks.CLASS_TASKS:
        wanted |= functions_of(tasks.ClassTask)
        attributes |= {*tasks.ClassTask.__annotations__}
    found = {name: list(inspect.signature(getattr(task, name)).parameters) for name in wanted}
    assert found == wanted
    assert not [name for name in attributes if not hasattr(task, name)]
    assert name == task.NAME
    assert ("label" if name in tasks.CLASS_TASKS else "answer") == task.TARGET


def test_labels_become_targets_and_come_back(task):
    targets = task.targets(CLASSES[::-1], CLASSES)
    assert task.labels(targets, CLASSES) == CLASSES[::-1]
    assert (task.right(targets, targets) == 1).all()


def test_what_is_decoded_has_the_confidence_and_is_right_of_itself(task):
    given = task.probabilities(LOGITS)
    said = task.decode(given)
    assert task.confidence(given) == pytest.approx(task.given(given, said))
    assert (task.right(said, said) == 1).all()
    assert task.rescaled(given, 1.0) == pytest.approx(given)
    surer = task.uncertainty(task.rescaled(given, 0.5)) < task.uncertainty(given)
    assert surer.all()
    assert (task.decode(task.rescaled(given, 3.0)) == said).all()


def test_the_slope_is_that_of_the_log_loss(task):
    given = task.probabilities(LOGITS)
    targets, step = task.decode(task.probabilities(LOGITS[::-1])), 1e-5

    def loss(factor: float) -> float:
        return float(task.log_loss(targets, task.rescaled(given, 1 / factor)).values.mean())

    wanted = (loss(0.8 + step) - loss(0.8 - step)) / (2 * step)
    assert task.slope(targets, given, 1 / 0.8) == pytest.approx(wanted, rel=1e-4)


def test_the_loss_in_training_is_the_log_loss(task):
    targets = task.decode(task.probabilities(LOGITS))
    trained = task.losses(torch.from_numpy(LOGITS), torch.from_numpy(targets), 0.0)
    assert trained.numpy() == pytest.approx(
        task.log_loss(targets, task.probabilities(LOGITS)).values
    )


def test_positive_weights_count_what_a_row_has():
    task = tasks.load("labels")
    targets = np.array([[1, 0, 1]] + [[0, 0, 1]] * 4, dtype=np.int8)
    assert task.positive_weights(targets, "none") is None
    assert task.positive_weights(targets, "inverse").tolist() == [4, 1, 1]
    weights = task.positive_weights(targets, "sqrt")
    assert task.positive_weights(targets, "auto").tolist() == weights.tolist()
    assert weights.tolist() == [2, 1, 1]
    logits, wanted = torch.zeros(2, 3), torch.tensor([[1, 0, 0], [0, 0, 0]], dtype=torch.int8)
    found = task.losses(logits, wanted, 0.0, torch.from_numpy(weights)) / np.log(2)
    assert found.tolist() == pytest.approx([4 / 3, 1])


def test_one_class_a_text_has_no_positive_weights():
    task = tasks.load("class")
    assert task.positive_weights(np.array([0, 1]), "none") is None
    assert task.positive_weights(np.array([0, 1]), "auto") is None
    with pytest.raises(ParamsError, match=r"training.positive_weights.*task class"):
        task.positive_weights(np.array([0, 1]), "sqrt")


@pytest.mark.parametrize("of", ["log_loss", "brier"])
def test_a_loss_has_the_mean_of_its_own_probabilities(task, of):
    """Over many labels that are drawn from the probabilities themselves."""
    given = np.repeat(task.probabilities(LOGITS[:1]), 200_000, axis=0)
    random = np.random.default_rng(1)
    if not task.SETS:
        drawn = random.choice(4, len(given), p=given[0])
    else:
        drawn = (random.random(given.shape) < given).astype(np.int8)
    found = getattr(task, of)(drawn, given)
    assert found.values.mean() == pytest.approx(found.means[0], rel=0.01)
    assert found.values.var() == pytest.approx(found.variances[0], rel=0.02)


def test_no_class_is_the_last_one_and_wins_below_its_threshold():
    task = tasks.load("class")
    given = np.array([[0.7, 0.3], [0.45, 0.55]])
    assert task.decode(task.ruled(given, [0.6])).tolist() == [0, 2]
    assert task.targets(["air", "ether"], CLASSES).tolist() == [0, OUTSIDE]


def change_task(folder: Path, **section: str) -> None:
    yaml, file = YAML(), folder / "params.yaml"
    content = yaml.load(Path(__file__).parents[1] / "params.yaml")
    if section:
        content["task"] = section
    else:
        del content["task"]
    yaml.dump(content, file)


def test_an_unknown_task_names_the_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    change_task(tmp_path, kind="clas")
    with pytest.raises(ParamsError, match="one of class, labels, answer; there is `class`"):
        read_task()
    with pytest.raises(ParamsError, match="task `clas`"):
        tasks.load("clas")


def test_an_older_params_file_is_told_its_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    change_task(tmp_path)
    with pytest.raises(ParamsError, match=r"add the line `task: \{kind: class\}`"):
        read_task()


def test_the_gate_does_not_compare_two_tasks(tmp_path):
    serving = Serving.model_construct(paired=False, outside="", thresholds=[])
    base, head = (Asked(tmp_path, name, {"air"}, serving, name) for name in ("class", "labels"))
    with pytest.raises(GateError, match="the task has changed"):
        check_same_task(base, head)
    check_same_task(base, base)


def test_a_step_that_needs_classes_refuses_answers_in_one_paragraph(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    change_task(tmp_path, kind="answer")
    assert read_task().NAME == "answer"
    with pytest.raises(ParamsError, match=r"task.kind: `answer`.*class or labels.*classifiers"):
        read_class_task()


def test_answers_are_right_by_their_words():
    target = "The capital of France is Paris."
    said = ["the capital of france is PARIS", "Paris", "Rome", ""]
    assert answer_task.right([target] * 4, said).tolist() == [1, pytest.approx(1 / 3), 0, 0]
    assert answer_task.right(["", "三月"], ["?!", "三日"]).tolist() == [1, 0.5]
    assert answer_task.is_same("An answer: yes!", "answer yes")
    assert not answer_task.is_same("yes no", "no yes")


def test_answers_have_no_threshold_and_need_two_to_learn_from():
    assert answer_task.negative("refusal", "class") == "refusal"
    with pytest.raises(ParamsError, match=r"negatives.as: `threshold`"):
        answer_task.negative("refusal", "threshold")
    assert answer_task.nothing_to_learn({"yes"}) == "1 different answer"
    assert not answer_task.nothing_to_learn({"yes", "no", ""})
