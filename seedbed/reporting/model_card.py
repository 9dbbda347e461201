"""The Hugging Face card of the model: a pure function of a run's figures, with no text of any
row. Its metadata hold the test scores as a model index."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from seedbed import tasks
from seedbed.pages.document import (
    Bullets,
    Cell,
    Code,
    Part,
    Prose,
    Section,
    Table,
    counted,
    interval,
    quoted,
)
from seedbed.reporting.answers import answer_scores
from seedbed.reporting.data import DatasetVersion
from seedbed.reporting.dataset_card import SourceEntry, card_page, class_names, languages
from seedbed.reporting.results import NAMED, invariance, per_class, shown_scores
from seedbed.scoring.answers.metrics import ANSWER_METRICS, answer_metrics_in
from seedbed.scoring.metrics import shown_in
from seedbed.scoring.metrics_files import (
    AnswerEvaluation,
    Behaviour,
    Choice,
    Evaluation,
    Slice,
    Validation,
)
from seedbed.serving.model_folder import (
    AnswerServing,
    Serving,
    beyond_stock,
    loading_code,
    scope_sentence,
    truncation_sentence,
)
from seedbed.training.models import SavedModel

WEAK_SLICES = 5
FEW_ROWS = 30  # of test in a class; below, its figures are imprecise
ANSWER_LIMITS = (
    "The figures hold for questions like the test rows; other sources, times or languages may "
    "differ.",
    "Token F1 and its like measure how near an answer is to the one that the source has, and not "
    "whether it is true.",
    "The base model carries the biases of its own training texts, which were not measured here.",
)


class Encoder(NamedTuple):
    """The encoder that was fine-tuned, as params.yaml names it; or the language model, as the card
    of the tuned one does."""

    name: str
    revision: str
    sha256: str


class ModelFacts(NamedTuple):
    """What a model card is made from.

    That is reports/choice.json, reports/dataset.json, the chosen approach's validation.json and
    test.json, the model's card, serving.json and digest, the encoder and the sources of
    params.yaml, and rows by language.
    """

    choice: Choice
    dataset: DatasetVersion
    validation: Validation
    test: Evaluation
    card: SavedModel
    serving: Serving
    digest: str
    encoder: Encoder
    sources: Sequence[SourceEntry]
    language_rows: Mapping[str, int]


class AnswerFacts(NamedTuple):
    """The same of a model that answers; `base`: the language model that was tuned."""

    choice: Choice
    dataset: DatasetVersion
    test: AnswerEvaluation
    card: SavedModel
    serving: AnswerServing
    digest: str
    base: Encoder
    sources: Sequence[SourceEntry]
    language_rows: Mapping[str, int]


def _result(task: str, version: str, name: str, title: str, value: float) -> EvalResult:
    """A test figure in the model index."""
    return EvalResult(
        task_type=task,
        dataset_type="seedbed",
        dataset_name=f"dataset {version}",
        dataset_split="test",
        dataset_revision=version,
        metric_type=name,
        metric_name=title,
        metric_value=round(value, 4),
    )


def model_metadata(name: str, facts: ModelFacts, spoken: list[str]) -> ModelCardData:
    """The block of a model card: what it is, and its test figures as a model index."""
    version = facts.dataset.version
    results = [
        _result(
            "text-classification",
            version,
            metric.hub_name or metric.name,
            metric.title,
            facts.test[metric.name].mean,
        )
        for metric in shown_in("metadata")
        if metric.name in facts.test.estimates
    ]
    return ModelCardData(
        language=spoken or None,
        license="other",
        license_name="see-the-card",
        library_name=facts.card.library,
        pipeline_tag=facts.card.pipeline_tag,
        tags=["text-classification", "seedbed"],
        metrics=["accuracy", "f1"],
        model_name=name,
        eval_results=results,
    )


def model_card(facts: ModelFacts) -> str:
    """Describe the model: use, loading, training, evaluation, calibration, behaviour, limits."""
    spoken, classes = languages(facts.language_rows), facts.card.classes
    name, licences = _name(facts), _licences(facts.sources)
    intro = (
        f"A text classifier ({', '.join(spoken) or 'unknown language'}) with {len(classes)} "
        f"classes ({class_names(classes)}). Model {facts.digest}, trained on dataset "
        f"{facts.dataset.version} (see dataset_card.md). Its task is `{facts.card.task}`: "
        f"{tasks.TASKS[facts.card.task]}."
    )
    use = (
        f"To classify {'pairs of texts' if facts.serving.paired else 'texts'} like those of its "
        f"sources. {scope_sentence(facts.card, facts.serving)} It must not decide single cases "
        "that matter to a person: have someone review predictions with low confidence, and those "
        "where a mistake is costly."
    )
    more = (
        "`seedbed predict IN OUT` also cleans and anonymizes texts, and calibrates probabilities."
    )
    licence = (
        f"The licences of the data ({licences}) and of the encoder hold for this model; this card "
        "grants none."
    )
    sections = [
        Section("", [Prose(intro)]),
        Section("Intended use", [use]),
        Section(
            "How to load it", [Prose(f"```python\n{loading_code(facts.card)}\n```"), Prose(more)]
        ),
        _training(facts),
        *_evaluation(facts.test, tasks.load_class(facts.card.task)),
        _slices(facts.test.slices, "accuracy"),
        _behaviour(facts.validation.behaviour),
        _model_limits(facts),
        Section("Licence", [Prose(licence)]),
    ]
    data = model_metadata(name, facts, spoken)
    return str(ModelCard(card_page(name, data.to_yaml(), sections)))


def _name(facts: ModelFacts | AnswerFacts) -> str:
    return "-".join(
        [*dict.fromkeys(source.name for source in facts.sources), facts.choice.approach]
    )


def _licences(sources: Sequence[SourceEntry]) -> str:
    return "; ".join(f"{quoted(one.name)}: {quoted(one.licence)}" for one in sources[:NAMED])


def answer_model_card(facts: AnswerFacts) -> str:
    """Describe a model that answers: use, loading, training, evaluation, limits."""
    spoken, card, test = languages(facts.language_rows), facts.card, facts.test
    what = "A language model that answers" if card.usage else "The nearest known answer to"
    intro = (
        f"{what} the last question of a conversation ({', '.join(spoken) or 'unknown language'}). "
        f"Model {facts.digest}, trained on dataset {facts.dataset.version} (see dataset_card.md). "
        f"Its task is `{card.task}`: {tasks.TASKS[card.task]}."
    )
    use = (
        "To answer questions like those of its sources. What it writes may be wrong where it reads "
        "well: have a person check what matters. It was taught to answer questions of negative "
        f"sources with: {quoted(facts.serving.refusal)}"
    )
    code = [Prose(f"```python\n{loading_code(card)}\n```")] if card.usage else []
    more = (
        f"{beyond_stock(card)} `seedbed predict IN OUT` answers the conversations of a file, with "
        f"at most {facts.serving.max_new_tokens} tokens each; it cleans and anonymizes them first."
    )
    licence = (
        f"The licences of the data ({_licences(facts.sources)}) and of the base model hold for "
        "this model; this card grants none."
    )
    title = ANSWER_METRICS[test.right].title
    sections = [
        Section("", [Prose(intro)]),
        Section("Intended use", [Prose(use)]),
        Section("How to load it", [*code, Prose(more)]),
        _answer_training(facts),
        _answer_evaluation(test),
        _slices(test.slices, title),
        Section("Limits", [Bullets(ANSWER_LIMITS)]),
        Section("Licence", [Prose(licence)]),
    ]
    results = [
        _result("text-generation", facts.dataset.version, metric.name, metric.title, figure.mean)
        for metric in answer_metrics_in("card")
        if (figure := test.estimates.get(metric.name))
    ]
    name = _name(facts)
    data = ModelCardData(
        language=spoken or None,
        license="other",
        license_name="see-the-card",
        library_name=card.library or None,
        pipeline_tag=card.pipeline_tag or None,
        tags=["text-generation", "seedbed"],
        model_name=name,
        eval_results=results,
    )
    return str(ModelCard(card_page(name, data.to_yaml(), sections)))


def _answer_training(facts: AnswerFacts) -> Section:
    base, cost, card = facts.base, facts.test.model, facts.card
    revision = f", revision {base.revision}" if base.revision else ""
    weights = f", weights sha256 {base.sha256[:12]}" if base.sha256 else ""
    epochs = f"trained in {cost.epochs} epochs" if cost.epochs else "not trained in epochs"
    rows = [[Code(name), Code(value)] for name, value in card.params.items() if name != "run"]
    words = (
        f"Base model `{base.name}`{revision}{weights}; conversations of at most "
        f"{card.truncation.max_length:,} tokens. {cost.trainable_parameters:,} trainable "
        f"parameters, {epochs}; the model has {cost.megabytes:g} MB.{card.trained_by}"
    )
    why = f"{facts.choice.why} The choice read validation figures alone."
    return Section("Training", [Prose(why), Prose(words), Table(["param", "value"], rows)])


def _answer_evaluation(test: AnswerEvaluation) -> Section:
    """The scores on test, and what was not answered."""
    first = (
        f"On {test.rows:,} test rows, which no choice has read; intervals are 95 %, over other "
        "rows, or groups."
    )
    parts: list[Part] = [first, Table(["metric", "test"], answer_scores("card", test))]
    if test.without_answer:
        counts = counted(test.without_answer)
        parts.append(Prose(f"Rows that it could not be asked, which count as wrong: {counts}."))
    return Section("Evaluation", parts)


def _training(facts: ModelFacts) -> Section:
    encoder, cost = facts.encoder, facts.test.model
    revision = f", revision {encoder.revision}" if encoder.revision else ""
    weights = f", weights sha256 {encoder.sha256[:12]}" if encoder.sha256 else ""
    epochs = f"in {cost.epochs} epochs" if cost.epochs else "on vectors of the frozen encoder"
    rows = [[Code(name), Code(value)] for name, value in facts.card.params.items() if name != "run"]
    words = (
        f"Encoder `{encoder.name}`{revision}{weights}. {truncation_sentence(facts.card)} "
        f"{cost.trainable_parameters:,} trainable parameters, trained {epochs}; the model has "
        f"{cost.megabytes:g} MB.{facts.card.trained_by}"
    )
    why = f"{facts.choice.why} The choice read validation figures alone."
    return Section("Training", [Prose(why), Prose(words), Table(["param", "value"], rows)])


def _evaluation(test: Evaluation, task: tasks.ClassTask) -> list[Section]:
    """The scores on test, and how far confidence is from accuracy there."""
    first = (
        f"On {test.rows:,} test rows, which no choice has read; intervals are 95 %, over "
        f"other rows, or groups, of the same classes.{task.ACCURACY}"
    )
    table = Table(["metric", "test"], shown_scores("card", test))
    before, after = test.calibration.before, test.calibration.after
    perfect = after.expected_calibration_error_if_perfect
    words = (
        f"Temperature {test.calibration.temperature:.2f}, fitted on validation. Expected "
        f"calibration error on test {before.expected_calibration_error:.3f} before and "
        f"{after.expected_calibration_error:.3f} after; {perfect.low:.3f} to {perfect.high:.3f} "
        "for a perfectly calibrated model. Stock libraries return the probabilities before scaling."
    )
    return [
        Section("Evaluation", [first, table, per_class(task, test)]),
        Section("Calibration", [words]),
    ]


def _slices(found: Mapping[str, Mapping[str, Slice]], title: str) -> Section:
    slices = sorted(
        (figures.accuracy, column, value, figures)
        for column, values in found.items()
        for value, figures in values.items()
    )
    rows: list[Sequence[Cell]] = [
        [f"{column}: {value}", interval(figures, "accuracy"), figures.rows]
        for _, column, value, figures in slices[:WEAK_SLICES]
    ]
    note = (
        f"The {len(rows)} with the lowest {title} of {len(slices)}; the lowest of many is partly "
        "low by chance."
    )
    table = Table(["slice", f"test {title}", "rows"], rows)
    return Section("Weakest slices", [table, note] if rows else ["No slices were requested."])


def _behaviour(found: Behaviour) -> Section:
    table = invariance({name: one for name, one in found.invariance.items() if one.rows})
    parts: list[Part] = [table] if table else []
    if (cases := found.minimum_functionality).rows:
        parts.append(f"Plain cases: {cases.passed} of {cases.rows} correct.")
    return Section("Behaviour", parts or ["Not measured."])


def _model_limits(facts: ModelFacts) -> Section:
    points = [
        "The figures hold for texts like the test rows; other sources, times or languages may "
        "differ.",
        "The encoder carries the biases of its own training texts, which were not measured here.",
    ]
    if few := [name for name, one in facts.test.per_class.items() if one.rows < FEW_ROWS]:
        words = f"Classes with fewer than {FEW_ROWS} test rows, whose figures are imprecise"
        points.append(Prose(f"{words}: {class_names(few)}."))
    return Section("Limits", [Bullets(points)])
