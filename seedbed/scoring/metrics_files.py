"""Models of the metrics files of evaluate and select: validation.json, test.json, choice.json.

Nothing heavy is imported here, so that commands and pages can read the files at once.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from seedbed.core.metrics import Bounds, Difference, Interval, Metrics, Number, read_if_run

Right = Literal["token_f1", "exact_match"]  # what counts as right of a row of task answer
Measure = Literal["macro_f1", Right]  # by which an approach is chosen
MACRO_F1: Measure = "macro_f1"  # of tasks of classes


class Estimate(Interval):
    """A metric: its mean over the seeds, 95 % interval, standard deviation and every value."""

    sd_over_seeds: Number
    by_seed: dict[str, float]


class WithEstimates(Metrics):
    """Base of what has one key per metric of the table METRICS, here together in `estimates`.

    In the file they are keys like any other: a key that no field has is a metric.
    """

    if TYPE_CHECKING:  # each model declares it in the place that it has in the file
        estimates: dict[str, Estimate]

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, content: Any) -> Any:
        if not isinstance(content, dict) or "estimates" in content:
            return content
        estimates = {key: value for key, value in content.items() if key not in cls.model_fields}
        rest = {key: value for key, value in content.items() if key in cls.model_fields}
        return rest | {"estimates": estimates}

    @model_serializer(mode="wrap")
    def _spread(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        spread: dict[str, Any] = {}
        for key, value in handler(self).items():
            spread |= value if key == "estimates" else {key: value}
        return spread

    def __getitem__(self, metric: str) -> Estimate:
        """The estimate of a metric of the table."""
        return self.estimates[metric]


class ModelCosts(Metrics):
    """What a model cost, without a clock.

    `training_tokens` are tokens of train times the epochs that were run; 0 if the encoder is frozen
    and its vectors were computed before.
    """

    megabytes: float
    trainable_parameters: int
    epochs: int
    training_tokens: int


class Calibration(Metrics):
    """Calibration of one set of probabilities; `_if_perfect` is where the expected calibration
    error of a perfectly calibrated model with the same confidences lies in 95 of 100 cases."""

    log_loss: Interval
    brier: Interval
    expected_calibration_error: float
    expected_calibration_error_if_perfect: Bounds


class TemperatureScaling(Metrics):
    """Calibration before and after temperature scaling."""

    temperature: float
    before: Calibration
    after: Calibration


class RiskCoverage(Metrics):
    """The area under the risk-coverage curve, and the share of wrong answers among the most
    confident 80 % and 90 %."""

    area: Interval
    risk_at_80: float = Field(validation_alias="risk_at_80%", serialization_alias="risk_at_80%")
    risk_at_90: float = Field(validation_alias="risk_at_90%", serialization_alias="risk_at_90%")


class ClassScores(Metrics):
    """Figures of one class; `rows` have it as their label. Of sets `average_precision`, too: None
    where there are no such rows."""

    precision: float
    recall: float
    f1: float
    rows: int
    average_precision: float | None = None  # left out in task class


class Slice(Metrics):
    """Accuracy on some of the rows, and its 95 % interval."""

    accuracy: float
    low: float
    high: float
    rows: int


class Detection(Metrics):
    """How well out-of-scope rows are detected."""

    rows: int
    auroc: Interval
    false_positive_rate_at_95_recall: float
    recall: float


class OutOfScope(Metrics):
    """Out-of-scope rows: how they are detected, by a class of their own, by a threshold or, where
    the model predicts sets, by an empty one, and how well, over all of them and each kind."""

    label: str
    how: Literal["threshold", "class", "empty_set"]
    threshold: float | None = None
    in_scope_rows: int
    in_scope_flagged_share: float
    all: Detection
    by_kind: dict[str, Detection]


class WithoutDecisions(WithEstimates):
    """The figures as they would be if no person had decided on the rows.

    `accuracy_range`: if the models had all rows that people took out wrong, and all correct.
    """

    relabelled: int
    dropped: int
    verified: int
    accuracy_range: tuple[float, float]
    estimates: dict[str, Estimate]


class Invariance(Metrics):
    """Rows that an edit changed, the share whose prediction stays, and its 95 % interval; no share
    if there are no rows."""

    stays: float = 0.0
    low: float = 0.0
    high: float = 0.0
    rows: int


class CapabilityCases(Metrics):
    """Plain cases of one capability."""

    rows: int
    passed: int


class MinimumFunctionality(Metrics):
    """Plain cases of tests/model; `failed` lists file:line. `rows` is 0 if none was run."""

    of_other_classes: int = 0
    other_classes: list[str] = []  # left out if there are none
    rows: int = 0
    passed: int = 0
    by_capability: dict[str, CapabilityCases] = {}
    failed: list[str] = []


class Behaviour(Metrics):
    """Behaviour of the model: edited validation texts, and plain cases."""

    invariance: dict[str, Invariance]
    minimum_functionality: MinimumFunctionality


class Evaluation(WithEstimates):
    """test.json: all figures of one approach on one split.

    Figures other than the estimates are of the seed `seed_shown`. `confusion` counts rows by true
    label (outer) and predicted label (inner); a row of several counts for each, and pairs without
    rows are then left out. `slices` are by column, then by value.
    """

    run: Literal[True]
    model: ModelCosts
    rows: int
    estimates: dict[str, Estimate]
    seed_shown: str
    calibration: TemperatureScaling
    risk_coverage: RiskCoverage
    per_class: dict[str, ClassScores]
    confusion: dict[str, dict[str, int]]
    slices: dict[str, dict[str, Slice]]
    out_of_scope: OutOfScope | None = None
    without_decisions: WithoutDecisions


class Validation(Evaluation):
    """validation.json: the figures, what validation decides, and behaviour.

    `thresholds`: by seed, those of the task's rule; empty if it needs none. Of task class the
    confidence below which a prediction is out of scope, of task labels one for each label.
    """

    paired: bool
    thresholds: dict[str, list[float]]
    behaviour: Behaviour


def read_validation(approach: str, folder: Path) -> Validation | None:
    """Read the validation.json of an approach; None if it is off."""
    return read_if_run(folder / approach / "validation.json", Validation)


def read_test(approach: str, folder: Path) -> Evaluation | None:
    """Read the test.json of an approach; None if it is off."""
    return read_if_run(folder / approach / "test.json", Evaluation)


class AnswerEvaluation(WithEstimates):
    """All figures of one approach on one split.

    `right`: what counts as right of a row, in slices, paired tests and the gate. `without_answer`
    counts rows that the model could not be asked, by reason, `without_loss` those whose true answer
    it gives no probability. `accuracy` of a slice is the mean of `right`, of the seed `seed_shown`.
    `refusal` and `min_language_chars` are the params that metrics of refusals and of the language
    were made with. `base`: of approach `prompt` the same figures of its model as it was before
    anyone tuned it.
    """

    run: Literal[True]
    model: ModelCosts
    rows: int
    estimates: dict[str, Estimate]
    right: Right
    refusal: str
    min_language_chars: int
    seed_shown: str
    without_answer: dict[str, int]
    without_loss: int
    slices: dict[str, dict[str, Slice]]
    base: "AnswerEvaluation | None" = None


def read_evaluation(approach: str, split: str, folder: Path) -> AnswerEvaluation | None:
    """Read the figures of an approach on a split; None if it is off."""
    return read_if_run(folder / approach / f"{split}.json", AnswerEvaluation)


class _AgainstBest(Metrics):
    """How an approach compares with the best one on validation, by the measure of the choice."""

    score: Interval
    difference_to_best: Difference
    as_good_as_best: bool
    mcnemar_p_holm: float


class Candidate(ModelCosts, _AgainstBest):  # this order of bases puts the costs last in the file
    """An approach that could be chosen: its score, whether it is as good as the best, its cost."""


class BudgetStep(Metrics):
    """An approach for a larger budget: what it costs, and what it gains over the step before;
    `is_real` says whether by more than chance. The first step has no gain."""

    approach: str
    score: float
    training_tokens: int
    trainable_parameters: int
    megabytes: float
    gain: Difference | None = None
    is_real: bool | None = None


class Budgets(Metrics):
    """What to choose for how much training, and for how many megabytes."""

    training: list[BudgetStep]
    megabytes: list[BudgetStep]
    in_words: list[str]


class Choice(Metrics):
    """choice.json: the approach that is chosen, and what the choice is based on. `measure`: the
    metric that the scores are of."""

    approach: str
    seed: str
    why: str
    measured_on: Literal["validation"]
    measure: Measure
    candidates: dict[str, Candidate]
    per_budget: Budgets
