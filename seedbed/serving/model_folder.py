"""models/best as a folder that works on its own: `serving.json`, with what a prediction needs
in addition to the weights, and the README with the code that loads it.

Settings only: the code that applies them is in seedbed/serving/predicting.py, so that select and
cards depend on no detector of personal data.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from seedbed import tasks
from seedbed.core.errors import SeedbedError
from seedbed.core.files import BEST, load_key, read_json, write_json
from seedbed.core.params import Section
from seedbed.core.text_units import for_terminal
from seedbed.pages.document import listed, quoted
from seedbed.private.kinds import AnonymizeParams
from seedbed.scoring.metrics_files import Choice, Right
from seedbed.training import models

SERVING = "serving.json"
KEYED = ("pseudonym", "hash")  # modes whose stand-ins depend on the secret key
ANSWER = "answer"  # the task of models that write
EXAMPLE = "Shares rose after the company raised its forecast."
QUESTION = "How do I change my address?"


class TextPreparation(Section):
    """How texts were prepared for training: the cleaning rules in their order, and the section
    `anonymize` of params.yaml."""

    rules: list[str]
    anonymize: AnonymizeParams

    def key(self) -> bytes:
        """Return the key that stand-ins depend on; b"" if they depend on none. Raises SeedbedError
        where it is not here."""
        keyed = self.anonymize.mode in KEYED
        return load_key(self.anonymize.key_fingerprint) if keyed else b""


class Serving(Section):
    """serving.json: what a prediction needs in addition to the weights.

    `paired`: whether a text comes with a second one. `temperature`: the divisor of logits, fitted
    on validation. `outside`: the label of out-of-scope texts, "" where the model detects none.
    `thresholds`: those of the task's rule, chosen on validation, for probabilities before
    calibration. Of task class the confidence below which a text is out of scope, none where the
    model has a class for these; of task labels the probability from which each label is predicted.
    """

    paired: bool
    temperature: float
    outside: str
    thresholds: list[float]
    precision: str
    preparation: TextPreparation

    @model_validator(mode="before")
    @classmethod
    def _from_former_version(cls, content: dict[str, Any]) -> dict[str, Any]:
        """A former version knew one threshold, or None."""
        if "threshold" not in content:
            return content
        former = {key: value for key, value in content.items() if key != "threshold"}
        threshold = content["threshold"]
        return {**former, "thresholds": [] if threshold is None else [threshold]}


class AnswerServing(Section):
    """serving.json of a model that answers.

    `refusal`: how it was taught to refuse, `negatives.answer`. `max_new_tokens`: the most tokens of
    an answer. `right`: what counted as right of a row when the model was chosen;
    `min_language_chars`: from how many characters on the language of a text was detected.
    `precision`: of its weights, as the encoder's `precision`.
    """

    refusal: str
    max_new_tokens: int = Field(ge=1, le=10**6)
    right: Right
    min_language_chars: int = Field(ge=1, le=10_000)
    precision: str
    preparation: TextPreparation


def write_serving(folder: Path, serving: Serving | AnswerServing) -> None:
    """Write serving.json; `write_digests` must follow."""
    write_json(folder / SERVING, serving.model_dump(mode="json"))


def check_served(folder: Path) -> None:
    """Check every file of a model folder against its digest.

    Raises ModelError where stage select did not write the folder, or a file is missing or changed.
    """
    digests = models.check_files(folder)
    if not {models.CARD, SERVING} <= digests.keys():
        raise models.damaged(folder / models.DIGESTS, f"no digest of {models.CARD} and {SERVING}")


def read_serving(folder: Path) -> Serving:
    """Read serving.json of a model of classes, after a check of all files. Raises ModelError."""
    check_served(folder)
    return models.read_typed(folder / SERVING, Serving)


def read_answer_serving(folder: Path) -> AnswerServing:
    """Read serving.json of a model that answers, after a check of all files. Raises ModelError."""
    check_served(folder)
    return models.read_typed(folder / SERVING, AnswerServing)


def holds_answers(folder: Path) -> bool:
    """Return whether a model folder has a model that answers; of a folder without a card, which
    others refuse, no. Raises DamagedError."""
    card = folder / models.CARD
    return card.is_file() and read_json(card).get("task") == ANSWER


def check_options(folder: Path, predicts: str, options: Mapping[str, object]) -> None:
    """Raise SeedbedError for an option that models which predict this lack."""
    for name in filter(options.get, options):
        step = f"leave `{name}` out, or name another --model"
        raise SeedbedError(str(folder), f"a model of {predicts}", f"no {name}", step)


def writes_answers(card: models.SavedModel) -> bool:
    """Return whether a model writes answers, and predicts no class."""
    return card.task == ANSWER


def model_readme(card: models.SavedModel, choice: Choice, serving: Serving) -> str:
    """Markdown for models/best/README.md."""
    classes = listed([quoted(name) for name in card.classes], models.IN_CODE)
    return f"""# The model of this run: `{choice.approach}`, seed {choice.seed}

{choice.why}

Run from the top of the repository, with stock libraries only:

```python
{loading_code(card)}
```

`seedbed predict IN OUT` does more: it cleans texts and replaces personal values as before training,
divides logits by the temperature that was fitted on validation ({serving.temperature:g}), so that
probabilities are calibrated, and checks the files of this folder.
{scope_sentence(card, serving)}

Classes: {classes}. {truncation_sentence(card)} The
encoder is the one that `encoder:` in params.yaml names, and its licence holds for this model.
"""


def answer_readme(card: models.SavedModel, choice: Choice, serving: AnswerServing) -> str:
    """Markdown for models/best/README.md of a model that answers."""
    stock = ""
    if card.usage:
        stock = f"""Run from the top of the repository, with stock libraries only:

```python
{loading_code(card)}
```

"""
    return f"""# The model of this run: `{choice.approach}`, seed {choice.seed}

{choice.why}

{stock}{beyond_stock(card)}

`seedbed predict IN OUT` answers the last question of each conversation of a file, with at most
{serving.max_new_tokens} tokens. It cleans texts and replaces personal values as before training,
and checks the files of this folder.

The licence of the base model that `chat:` in params.yaml names holds for this model, and those of
the sources for what it learned.
"""


def beyond_stock(card: models.SavedModel) -> str:
    """Say what a stock library lacks of a model that answers, and which texts its folder holds."""
    if not card.usage:
        return (
            "No stock library loads this folder: it holds the train questions as vectors, with "
            "their answers, and the encoder that finds the nearest one. `seedbed predict` does."
        )
    if card.approach != "prompt":
        length = card.truncation.max_length
        return f"It was trained on conversations of at most {length:,} tokens."
    if "examples" in card.settings:
        return (
            "The pipeline loads the language model without the train conversations, which this "
            "folder holds as text, that `seedbed predict` puts before each question as examples."
        )
    return (
        "The pipeline loads the language model without the trained vectors that `seedbed predict` "
        "puts before each conversation."
    )


def loading_code(card: models.SavedModel) -> str:
    """Python that loads models/best with a stock library, and classifies a text or answers a
    question; "" where none does.

    Many classes, and those that would end a block of code in markdown, are read from the card.
    """
    if writes_answers(card):
        return card.usage.replace("{folder}", BEST.as_posix()).replace("{text}", f'"{QUESTION}"')
    code, names = card.usage, repr(card.classes)
    if len(card.classes) > models.IN_CODE or "```" in names:
        read = f'json.load(open("{{folder}}/{models.CARD}", encoding="utf-8"))["classes"]'
        replaced = code.replace(names, read)
        code = code if replaced == code else f"import json\n{replaced}"
    code = code.replace("{folder}", BEST.as_posix()).replace("{text}", EXAMPLE)
    return for_terminal(code)  # unseen characters as the escapes that Python reads in a string


def scope_sentence(card: models.SavedModel, serving: Serving) -> str:
    """What the model does with texts that none of its classes fits."""
    return tasks.load_class(card.task).scope(card.classes, serving.outside, serving.thresholds)


def truncation_sentence(card: models.SavedModel) -> str:
    """What becomes of long texts, here and in the stock libraries, which cut one end only."""
    length, keep = card.truncation.max_length, card.truncation.keep
    if keep in ("head", "tail"):
        return f"Of a longer text it reads the {keep}, {length} tokens."
    how = "the head and the tail" if keep == "head_tail" else "windows with pooled predictions"
    return (
        f"It was trained on {how} of texts beyond {length} tokens; stock libraries read the first "
        f"{length}."
    )
