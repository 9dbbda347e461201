"""The Hugging Face cards of dataset and model: pure functions of a run's figures, with no text of
any row."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from huggingface_hub import DatasetCard, ModelCard

from seedbed.core.rows import SIDES
from seedbed.core.stages import ROW_STAGES
from seedbed.pages.document import Bullets, Cell, Code, Part, Prose, Section, Table
from seedbed.pages.escaping import quoted
from seedbed.pages.markdown import markdown
from seedbed.pages.numbers import interval
from seedbed.reporting.card_metadata import dataset_metadata, languages, model_metadata
from seedbed.reporting.data import CLASSES, NAMED, counted
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

Figures = dict[str, Any]
WEAK_SLICES = 5
FEW_ROWS = 30  # of test in a class; below, its figures are imprecise
SUMMED = ROW_STAGES[: ROW_STAGES.index("split") + 1]


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


def _card(title: str, metadata: str, sections: list[Section]) -> str:
    body = "\n\n".join(filter(None, map(markdown, sections)))
    return f"---\n{metadata}\n---\n\n# {quoted(title)}\n\n{body}\n"


def _names(names: list[str]) -> str:
    """Names in a sentence; of many, the first."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(quoted(name) for name in names[:NAMED]) + more


def data_card(dataset: Figures, sources: list[dict[str, Any]], stages: dict[str, Figures]) -> str:
    """Describe the data: content, origin, processing, label quality, limits. `sources`: as in
    params.yaml."""
    spoken = languages(stages["clean"]["rows_by_language"])
    name = " and ".join(dict.fromkeys(source["name"] for source in sources))
    licences = {source["name"]: source["licence"] for source in sources}
    data = dataset_metadata(name, licences.values(), spoken, dataset["rows"])
    sections = [
        _content(dataset, stages, spoken),
        _sources(sources, stages["collect"]),
        _rows(dataset, stages["split"]),
        _processing(stages),
        _privacy(stages["anonymize"]),
        _labels(stages["find_label_errors"], stages["apply_decisions"]),
        _data_limits(stages, spoken),
        Section(
            "How to load it",
            [
                Prose("`dvc pull data/split` in the repository, then"),
                Prose(
                    "```python\nimport pandas as pd\n"
                    'rows = pd.read_parquet("data/split")  # text, label, split and provenance\n```'
                ),
            ],
        ),
    ]
    card = _card(f"Dataset {dataset['version']}: {name}", data.to_yaml(), sections)
    return str(DatasetCard(card))


def _content(dataset: Figures, stages: dict[str, Figures], spoken: list[str]) -> Section:
    classes = list(stages["split"]["by_class"])
    return Section(
        "",
        [
            Prose(
                f"{dataset['rows']:,} texts ({', '.join(spoken) or 'unknown language'}), each with "
                f"one of {len(classes)} labels ({_names(classes)}), in train, validation and test. "
                "For training and evaluating text classifiers. The version is a digest of the "
                "manifest: the id, text digest, label and split of each row."
            )
        ],
    )


def _sources(sources: list[dict[str, Any]], collected: Figures) -> Section:
    rows = [
        [
            Code(source["name"]),
            source["kind"],
            source["batch"],
            f"{collected['by_source'].get(source['name'], 0):,}",
            source["licence"],
        ]
        for source in sources
    ]
    return Section(
        "Sources and licences",
        [
            Table(["source", "kind", "batch", "rows read", "licence"], rows, CLASSES, "batches"),
            "Each licence holds for the rows of its source; this card grants none.",
        ],
    )


def _rows(dataset: Figures, split: Figures) -> Section:
    rows = [
        [name, *(f"{counts[side]:,}" for side in SIDES)]
        for name, counts in split["by_class"].items()
    ]
    gate = split["leak_gate"]
    leaks = "no exact copy, near copy or group is in two splits"
    if any(gate.values()):
        leaks = ", ".join(f"{number} {name}" for name, number in gate.items())
    return Section(
        "Rows",
        [
            Table(["class", *SIDES], rows, CLASSES, "classes"),
            Prose(
                f"By batch: {counted(dataset['batches'])}. Split by {split['way']}; a row never "
                f"changes split. Leak gate: {leaks}."
            ),
        ],
    )


def _processing(stages: dict[str, Figures]) -> Section:
    rows = []
    for name in SUMMED:
        counts = stages[name]["rows"]
        dropped = Prose(counted(counts["dropped_by_reason"]))
        rows.append([name, f"{counts['read']:,}", f"{counts['kept']:,}", dropped])
    touched = {rule: n for rule, n in stages["clean"]["rows_touched_by_rule"].items() if n}
    rules = ", ".join(f"{rule} ({n:,} rows)" for rule, n in touched.items()) or "none"
    return Section(
        "How it was made",
        [
            Table(["stage", "rows read", "kept", "dropped"], rows),
            f"Cleaning rules that changed a text: {rules}. Every dropped row is listed in "
            "data/ledger/ with its reason.",
        ],
    )


def _privacy(found: Figures) -> Section:
    key = (
        "Ids and stand-ins depend on the public example key: whoever guesses a value can recognize "
        "its stand-in."
        if found["public_key"]
        else "Ids and stand-ins depend on a secret key."
    )
    replaced = counted(found["replaced_by_kind"], limit=99) or "none was found"
    return Section(
        "Personal data",
        [
            Prose(
                f"Values found by detectors were replaced (mode `{found['mode']}`): {replaced}, in "
                f"{found['rows_touched']:,} rows. {key} Values that detectors miss remain in the "
                "texts: read benchmarks/quality.md before sharing them."
            )
        ],
    )


def _labels(found: Figures, decided: Figures) -> Section:
    splits = ", ".join(f"{number} in {side}" for side, number in found["suspects_by_side"].items())
    return Section(
        "Labels",
        [
            "Labels come from the sources. Models that never saw the row suspect "
            f"{found['suspects']} of them ({splits or 'none'}); the estimated share of wrong "
            f"labels is {found['noise']['wrong_share']:.1%}. People have decided "
            f"{decided['decided_rows']} rows and changed {decided['relabelled']} labels. A label "
            "in validation or test changes only by a person's decision."
        ],
    )


def _data_limits(stages: dict[str, Figures], spoken: list[str]) -> Section:
    by_class = stages["split"]["by_class"]
    rarest = min(by_class, key=lambda name: (sum(by_class[name].values()), name))
    points = [
        f"It does not cover languages other than {', '.join(spoken) or 'those above'}, nor classes "
        "that are not listed.",
        f"The smallest class is {rarest}, with {by_class[rarest]['test']:,} test rows.",
        "Class shares are those of the sources, not of the place where a model is used.",
    ]
    if residual := sum(stages["anonymize"]["residual_scan"].values()):
        points.append(f"An independent scan finds {residual:,} values that look personal.")
    return Section("Limits", [Bullets(points)])


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
                    f"{len(facts.card.classes)} classes ({_names(list(facts.card.classes))}). "
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
    return str(ModelCard(_card(name, data.to_yaml(), sections)))


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
                f"{_names(few)}."
            )
        )
    return Section("Limits", [Bullets(points)])
