"""The Hugging Face card of the model: a pure function of a run's figures, with no text of any
row. Its metadata hold the test scores as a model index."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from seedbed.pages.document import Bullets, Cell, Code, Part, Prose, Section, Table, interval
from seedbed.pages.escaping import quoted
from seedbed.reporting.data import NAMED
from seedbed.reporting.dataset_card import Figures, card_page, class_names, languages
from seedbed.reporting.results import invariance, per_class
from seedbed.scoring.metrics import shown_in
from seedbed.scoring.metrics_files import Behaviour, Choice, Evaluation, Validation
from seedbed.serving.model_folder import (
    Serving,
    loading_code,
    scope_sentence,
    truncation_sentence,
)
from seedbed.training.saved_models import SavedModel

WEAK_SLICES = 5
FEW_ROWS = 30  # of test in a class; below, its figures are imprecise


class ModelFacts(NamedTuple):
    """What a model card is made from.

    That is reports/choice.json, reports/dataset.json, the chosen approach's validation.json and
    test.json, the model's card, serving.json and digest, the encoder and the sources of
    params.yaml, and rows by language.
    """

    choice: Choice
    dataset: Figures
    validation: Validation
    test: Evaluation
    card: SavedModel
    serving: Serving
    digest: str
    encoder: dict[str, Any]
    sources: list[dict[str, Any]]
    language_rows: dict[str, int]


def model_metadata(
    name: str, card: SavedModel, spoken: list[str], version: str, test: Evaluation
) -> ModelCardData:
    """The block of a model card: what it is, and its test figures as a model index."""
    results = [
        EvalResult(
            task_type="text-classification",
            dataset_type="seedbed",
            dataset_name=f"dataset {version}",
            dataset_split="test",
            dataset_revision=version,
            metric_type=metric.hub_name or metric.name,
            metric_name=metric.title,
            metric_value=round(test[metric.name].mean, 4),
        )
        for metric in shown_in("metadata")
        if metric.name in test.estimates
    ]
    return ModelCardData(
        language=spoken or None,
        license="other",
        license_name="see-the-card",
        library_name=card.library,
        pipeline_tag=card.pipeline_tag,
        tags=["text-classification", "seedbed"],
        metrics=["accuracy", "f1"],
        model_name=name,
        eval_results=results,
    )


def model_card(facts: ModelFacts) -> str:
    """Describe the model: use, loading, training, evaluation, calibration, behaviour, limits."""
    spoken = languages(facts.language_rows)
    sources = "-".join(dict.fromkeys(source["name"] for source in facts.sources))
    name = f"{sources}-{facts.choice.approach}"
    data = model_metadata(name, facts.card, spoken, facts.dataset["version"], facts.test)
    texts = "pairs of texts" if facts.serving.paired else "texts"
    licences = "; ".join(
        f"{quoted(source['name'])}: {quoted(source['licence'])}" for source in facts.sources[:NAMED]
    )
    sections = [
        Section(
            "",
            [
                Prose(
                    f"A text classifier ({', '.join(spoken) or 'unknown language'}) with "
                    f"{len(facts.card.classes)} classes ({class_names(list(facts.card.classes))}). "
                    f"Model {facts.digest}, trained on dataset {facts.dataset['version']} (see "
                    "dataset_card.md)."
                )
            ],
        ),
        Section(
            "Intended use",
            [
                f"To classify {texts} like those of its sources. {scope_sentence(facts.serving)} "
                "It must not decide single cases that matter to a person: have someone review "
                "predictions with low confidence, and those where a mistake is costly."
            ],
        ),
        Section(
            "How to load it",
            [
                Prose(f"```python\n{loading_code(facts.card)}\n```"),
                Prose(
                    "`seedbed predict IN OUT` also cleans and anonymizes texts, and calibrates "
                    "probabilities."
                ),
            ],
        ),
        _training(facts),
        _evaluation(facts.test),
        _calibration(facts.test),
        _slices(facts.test),
        _behaviour(facts.validation.behaviour),
        _model_limits(facts),
        Section(
            "Licence",
            [
                Prose(
                    f"The licences of the data ({licences}) and of the encoder hold for this "
                    "model; this card grants none."
                )
            ],
        ),
    ]
    return str(ModelCard(card_page(name, data.to_yaml(), sections)))


def _training(facts: ModelFacts) -> Section:
    encoder, cost = facts.encoder, facts.test.model
    revision = f", revision {encoder['revision']}" if encoder.get("revision") else ""
    weights = f", weights sha256 {encoder['sha256'][:12]}" if encoder.get("sha256") else ""
    epochs = f"in {cost.epochs} epochs" if cost.epochs else "on vectors of the frozen encoder"
    rows = [[Code(name), Code(value)] for name, value in facts.card.params.items() if name != "run"]
    return Section(
        "Training",
        [
            Prose(f"{facts.choice.why} The choice read validation figures alone."),
            Prose(
                f"Encoder `{encoder['name']}`{revision}{weights}. "
                f"{truncation_sentence(facts.card)} {cost.trainable_parameters:,} trainable "
                f"parameters, trained {epochs}; the model has {cost.megabytes:g} MB."
            ),
            Table(["param", "value"], rows),
        ],
    )


def _evaluation(test: Evaluation) -> Section:
    metrics = [
        [metric.title, interval(test[metric.name])]
        for metric in shown_in("card")
        if metric.name in test.estimates
    ]
    return Section(
        "Evaluation",
        [
            f"On {test.rows:,} test rows, which no choice has read; intervals are 95 %, by a "
            "bootstrap over rows or groups.",
            Table(["metric", "test"], metrics),
            per_class(test.per_class),
        ],
    )


def _calibration(test: Evaluation) -> Section:
    found = test.calibration
    before, after = found.before, found.after
    perfect = after.expected_calibration_error_if_perfect
    return Section(
        "Calibration",
        [
            f"Temperature {found.temperature:.2f}, fitted on validation. Expected calibration "
            f"error on test {before.expected_calibration_error:.3f} before and "
            f"{after.expected_calibration_error:.3f} after; {perfect.low:.3f} to "
            f"{perfect.high:.3f} for a perfectly calibrated model. Stock libraries return the "
            "probabilities before scaling."
        ],
    )


def _slices(test: Evaluation) -> Section:
    slices = sorted(
        (figures.accuracy, column, value, figures)
        for column, values in test.slices.items()
        for value, figures in values.items()
    )
    rows: list[Sequence[Cell]] = [
        [f"{column}: {value}", interval(figures, "accuracy"), figures.rows]
        for _, column, value, figures in slices[:WEAK_SLICES]
    ]
    parts: list[Part] = ["No slices were requested."]
    if rows:
        parts = [
            Table(["slice", "test accuracy", "rows"], rows),
            f"The {len(rows)} with the lowest accuracy of {len(slices)}; the lowest of many is "
            "partly low by chance.",
        ]
    return Section("Weakest slices", parts)


def _behaviour(found: Behaviour) -> Section:
    table = invariance({name: one for name, one in found.invariance.items() if one.rows})
    parts: list[Part] = [table] if table else []
    if (cases := found.minimum_functionality).rows:
        parts.append(f"Plain cases: {cases.passed} of {cases.rows} correct.")
    return Section("Behaviour", parts or ["Not measured."])


def _model_limits(facts: ModelFacts) -> Section:
    few = [name for name, one in facts.test.per_class.items() if one.rows < FEW_ROWS]
    points: list[str] = [
        "The figures hold for texts like the test rows; other sources, times or languages may "
        "differ.",
        "The encoder carries the biases of its own training texts, which were not measured here.",
    ]
    if few:
        points.append(
            Prose(
                f"Classes with fewer than {FEW_ROWS} test rows, whose figures are imprecise: "
                f"{class_names(few)}."
            )
        )
    return Section("Limits", [Bullets(points)])
