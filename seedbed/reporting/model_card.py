"""The Hugging Face model card: a pure function of the figures of a run. No text of any row."""

from typing import Any, NamedTuple

from huggingface_hub import ModelCard

from seedbed.pages.markdown import table
from seedbed.pages.numbers import interval
from seedbed.reporting.card_metadata import languages, model_metadata
from seedbed.reporting.page import Figures
from seedbed.serving.model_folder import (
    Serving,
    loading_code,
    scope_sentence,
    truncation_sentence,
)
from seedbed.training.saved_models import SavedModel

WEAK_SLICES = 5
FEW_ROWS = 30  # of test in a class; below, its figures say little
EDITS = {
    "case": "small letters or capitals",
    "punctuation": "punctuation taken away",
    "typos": "typos",
    "names": "other first names",
}


class Told(NamedTuple):
    """What a model card is made of: reports/choice.json, reports/dataset.json, the chosen
    approach's validation.json and test.json, the model's seedbed.json, serving.json and digest, of
    params.yaml the encoder and the sources, and rows by language."""

    choice: Figures
    dataset: Figures
    validation: Figures
    test: Figures
    card: SavedModel
    serving: Serving
    digest: str
    encoder: dict[str, Any]
    sources: list[dict[str, Any]]
    language_rows: dict[str, int]


def model_card(told: Told) -> str:
    """Markdown with its YAML block: intended use, training, evaluation, calibration, slices,
    behaviour, limits, and how to load it."""
    spoken = languages(told.language_rows)
    name = f"{'-'.join(one['name'] for one in told.sources)}-{told.choice['approach']}"
    data = model_metadata(name, told.card, spoken, told.dataset["version"], told.test)
    sections = [
        f"# {name}",
        _first(told, spoken),
        "## Intended use\n\n" + _use(told),
        "## How to load it\n\n" + _how(told),
        "## Training\n\n" + _training(told),
        "## Evaluation\n\n" + _evaluation(told.test),
        "## Calibration\n\n" + _calibration(told.test),
        "## Weakest slices\n\n" + _slices(told.test),
        "## Behaviour\n\n" + _behaviour(told.validation["behaviour"]),
        "## Limits\n\n" + _limits(told),
        "## Licence\n\n" + _licence(told),
    ]
    return str(ModelCard(f"---\n{data.to_yaml()}\n---\n\n" + "\n\n".join(sections) + "\n"))


def _first(told: Told, spoken: list[str]) -> str:
    classes = ", ".join(f"`{name}`" for name in told.card.classes)
    return (
        f"A text classifier ({', '.join(spoken) or 'language not told'}) of the classes {classes}. "
        f"Model {told.digest}, trained on dataset {told.dataset['version']} (see dataset_card.md)."
    )


def _use(told: Told) -> str:
    what = "pairs of texts" if told.serving.paired else "texts"
    return (
        f"To sort {what} like those of its sources into these classes. "
        f"{scope_sentence(told.serving)} It is no judge of single cases that matter to a person: "
        "let someone read where it is unsure, and where a mistake costs."
    )


def _how(told: Told) -> str:
    return (
        f"```python\n{loading_code(told.card)}\n```\n\n`seedbed predict IN OUT` also cleans texts, "
        "replaces personal values and calibrates probabilities."
    )


def _training(told: Told) -> str:
    lines = [
        [f"`{name}`", f"`{value}`"] for name, value in told.card.params.items() if name != "run"
    ]
    encoder = told.encoder
    revision = f", revision {encoder['revision']}" if encoder.get("revision") else ""
    weights = f", weights sha256 {encoder['sha256'][:12]}" if encoder.get("sha256") else ""
    cost = told.test["model"]
    epochs = f"in {cost['epochs']} epochs" if cost["epochs"] else "on vectors of the frozen encoder"
    return (
        f"{told.choice['why']} The choice read validation figures alone.\n\nEncoder "
        f"`{encoder['name']}`{revision}{weights}. {truncation_sentence(told.card)} "
        f"{cost['trainable_parameters']:,} trainable parameters, trained {epochs}; the model has "
        f"{cost['megabytes']:g} MB.\n\n{table(['param', 'value'], lines)}"
    )


def _evaluation(test: Figures) -> str:
    metrics = [
        [name, interval(test[key])]
        for key, name in (
            ("accuracy", "accuracy"), ("macro_f1", "macro-F1"), ("weighted_f1", "weighted F1"),
            ("mcc", "Matthews correlation"),
        )
    ]  # fmt: skip
    classes = [
        [name, *(f"{one[key]:.3f}" for key in ("precision", "recall", "f1")), one["rows"]]
        for name, one in test["per_class"].items()
    ]
    return (
        f"On {test['rows']:,} test rows, which no choice has read; intervals are 95 %, by a "
        f"bootstrap over rows or groups.\n\n{table(['metric', 'test'], metrics)}\n\n"
        + table(["class", "precision", "recall", "F1", "rows"], classes)
    )


def _calibration(test: Figures) -> str:
    found = test["calibration"]
    before, after = found["before"], found["after"]
    perfect = after["expected_calibration_error_if_perfect"]
    return (
        f"Temperature {found['temperature']:.2f}, fitted on validation. Expected calibration error "
        f"on test {before['expected_calibration_error']:.3f} before and "
        f"{after['expected_calibration_error']:.3f} after; a perfect model would show "
        f"{perfect['low']:.3f} to {perfect['high']:.3f}. Stock libraries give the probabilities "
        "before."
    )


def _slices(test: Figures) -> str:
    every = [
        (column, value, one) for column, values in test["slices"].items()
        for value, one in values.items()
    ]  # fmt: skip
    if not every:
        return "No slices were asked for."
    every.sort(key=lambda one: (one[2]["accuracy"], one[0], one[1]))
    lines = [
        [f"{column}: {value}", interval(one, "accuracy"), one["rows"]]
        for column, value, one in every[:WEAK_SLICES]
    ]
    return (
        table(["slice", "test accuracy", "rows"], lines)
        + f"\n\nThe {len(lines)} with the lowest accuracy of {len(every)}; the lowest of many is "
        "low by chance, too."
    )


def _behaviour(found: Figures) -> str:
    lines = [
        [EDITS.get(name, name), interval(one, "stays"), one["rows"]]
        for name, one in found["invariance"].items()
        if one["rows"]
    ]
    cases = found["minimum_functionality"]
    parts = [table(["validation texts with", "predictions that stay", "rows"], lines)] * bool(lines)
    if cases.get("rows"):
        parts.append(f"Plain cases: {cases['passed']} of {cases['rows']} right.")
    return "\n\n".join(parts) or "Not measured."


def _limits(told: Told) -> str:
    few = [name for name, one in told.test["per_class"].items() if one["rows"] < FEW_ROWS]
    lines = [
        "Figures hold for texts like the test rows; other sources, times or languages may give "
        "others.",
        "The encoder brings what its own training texts held, prejudice among it; none of that was "
        "measured here.",
    ]
    if few:
        lines.append(
            f"Classes with fewer than {FEW_ROWS} test rows, whose figures say little: "
            f"{', '.join(f'`{name}`' for name in few)}."
        )
    return "\n".join(f"- {line}" for line in lines)


def _licence(told: Told) -> str:
    held = "; ".join(f"`{one['name']}`: {one['licence']}" for one in told.sources)
    return (
        f"The licences of the data ({held}) and of the encoder hold for this model; this card "
        "grants none."
    )
