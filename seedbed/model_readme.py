"""The README of a model folder: three lines that load it, and where it comes from."""

from typing import Any

SEQUENCE = """from transformers import pipeline
classify = pipeline("text-classification", model="models/best", truncation=True)
print(classify("Shares rose after the company raised its forecast."))"""
SENTENCE = """from sentence_transformers import SentenceTransformer
model, classes = SentenceTransformer("models/best"), {classes}
print(classes[model.encode("Shares rose after the company raised its forecast.").argmax()])"""


def model_readme(card: dict[str, Any], choice: dict[str, Any]) -> str:
    """Markdown for models/best/README.md, from the model's card and reports/choice.json."""
    code = SEQUENCE if card["kind"] == "sequence_classifier" else SENTENCE
    return f"""# The model of this run: `{choice["approach"]}`, seed {choice["seed"]}

{choice["why"]}

Run from the top of the repository, with stock libraries only:

```python
{code.replace("{classes}", repr(card["classes"]))}
```

Classes: {", ".join(card["classes"])}. Texts are cut to {card["max_length"]} tokens
({card["truncation"]} kept). The encoder is the one that `encoder:` in params.yaml names, and its
licence holds for this model.
"""
