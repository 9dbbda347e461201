"""The README of a model folder: three lines that load it, and where it comes from."""

from typing import Any

from seedbed.serving.model_folder import Serving

SEQUENCE = """from transformers import pipeline
classify = pipeline("text-classification", model="models/best", truncation=True)
print(classify("Shares rose after the company raised its forecast."))"""
SENTENCE = """from sentence_transformers import SentenceTransformer
model, classes = SentenceTransformer("models/best"), {classes}
print(classes[model.encode("Shares rose after the company raised its forecast.").argmax()])"""

CLOZE = """from transformers import pipeline
fill = pipeline("fill-mask", model="models/best", targets={words})
print(fill({filled})[0]["token_str"])"""
CODE = {"sequence_classifier": SEQUENCE, "sentence_classifier": SENTENCE, "cloze_classifier": CLOZE}
EXAMPLE = "Shares rose after the company raised its forecast."


def model_readme(card: dict[str, Any], choice: dict[str, Any], serving: Serving) -> str:
    """Markdown for models/best/README.md, from the model's card, reports/choice.json and what
    predictions need."""
    code = loading_code(card)
    return f"""# The model of this run: `{choice["approach"]}`, seed {choice["seed"]}

{choice["why"]}

Run from the top of the repository, with stock libraries only:

```python
{code}
```

`seedbed predict IN OUT` does more: it cleans texts and replaces personal values as before training,
divides logits by the temperature that was fitted on validation ({serving.temperature:g}), so that
probabilities can be believed, and checks the files of this folder.
{outside_told(serving)}

Classes: {", ".join(card["classes"])}. {cut_told(card["truncation"])} The
encoder is the one that `encoder:` in params.yaml names, and its licence holds for this model.
"""


def loading_code(card: dict[str, Any]) -> str:
    """Python that loads models/best with stock libraries and asks it; `card`: its seedbed.json."""
    code = CODE[card["kind"]].replace("{classes}", repr(card["classes"]))
    if card["kind"] == "cloze_classifier":
        filled = card["template"].replace("{text}", EXAMPLE).replace("{mask}", card["mask_token"])
        code = code.replace("{words}", repr(card["words"])).replace("{filled}", repr(filled))
    return code


def outside_told(serving: Serving) -> str:
    """What the model does with texts that none of its classes is right for."""
    if not serving.outside:
        return "It tells no texts that none of its classes is right for."
    if serving.threshold is None:
        return f"Texts that no other class is right for are of the class {serving.outside}."
    return f"Below a confidence of {serving.threshold:.2f} a text is out of scope."


def cut_told(truncation: dict[str, Any]) -> str:
    """What becomes of long texts, here and in the stock libraries, which cut one end only."""
    length, keep = truncation["max_length"], truncation["keep"]
    if keep in ("head", "tail"):
        return f"Of a text the {keep} of {length} tokens is read."
    how = "the head and the tail" if keep == "head_tail" else "windows with pooled predictions"
    return (
        f"It was trained on {how} of texts beyond {length} tokens; stock libraries read the first "
        f"{length}."
    )
