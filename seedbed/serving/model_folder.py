"""models/best as a folder that works on its own: `serving.json`, with what a prediction needs
in addition to the weights, and the README with the code that loads it.

Settings only: the code that applies them is in seedbed/serving/predicting.py, so that select and
cards depend on no detector of personal data.
"""

from pathlib import Path
from typing import Any

from pydantic import model_validator

from seedbed import tasks
from seedbed.core.files import BEST, write_json
from seedbed.core.params import Section
from seedbed.core.text_units import for_terminal
from seedbed.pages.document import listed, quoted
from seedbed.private.kinds import AnonymizeParams
from seedbed.scoring.metrics_files import Choice
from seedbed.training import models

SERVING = "serving.json"
EXAMPLE = "Shares rose after the company raised its forecast."


class TextPreparation(Section):
    """How texts were prepared for training: the cleaning rules in their order, and the section
    `anonymize` of params.yaml."""

    rules: list[str]
    anonymize: AnonymizeParams


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


def write_serving(folder: Path, serving: Serving) -> None:
    """Write serving.json; `write_digests` must follow."""
    write_json(folder / SERVING, serving.model_dump(mode="json"))


def read_serving(folder: Path) -> Serving:
    """Check every file of a model folder against its digest, then read serving.json.

    Raises ModelError where stage select did not write the folder, or a file is missing or changed.
    """
    digests = models.check_files(folder)
    if not {models.CARD, SERVING} <= digests.keys():
        raise models.damaged(folder / models.DIGESTS, f"no digest of {models.CARD} and {SERVING}")
    return models.read_typed(folder / SERVING, Serving)


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


def loading_code(card: models.SavedModel) -> str:
    """Python that loads models/best with a stock library and classifies a text.

    Many classes, and those that would end a block of code in markdown, are read from the card.
    """
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
