"""Write the Hugging Face cards of the data and of the chosen model, from the run's figures.

reports/metrics/, reports/choice.json, reports/dataset.json, models/best/ ->
reports/cards/dataset_card.md, reports/cards/model_card.md
"""

from pathlib import Path
from typing import Any

from seedbed.core.files import BEST, read_json, write_text
from seedbed.core.metrics import CHOICE, EVALUATE, METRICS, read_metrics
from seedbed.core.params import read_params
from seedbed.core.rows import DATASET
from seedbed.core.stage import script
from seedbed.reporting.dataset_card import data_card
from seedbed.reporting.model_card import ModelFacts, model_card
from seedbed.scoring.metrics_files import Choice, Evaluation, Validation
from seedbed.serving.model_folder import read_serving
from seedbed.training.saved_models import model_digest, read_card

STAGES = ("collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split",
          "find_label_errors")  # fmt: skip
DATA_CARD = Path("reports/cards/dataset_card.md")
MODEL_CARD = Path("reports/cards/model_card.md")


def model_facts(sources: list[dict[str, Any]], languages: dict[str, int]) -> ModelFacts:
    """Read what the model card is made from."""
    choice = read_metrics(CHOICE, Choice)
    figures = EVALUATE / choice.approach
    return ModelFacts(
        choice,
        read_json(DATASET),
        read_metrics(figures / "validation.json", Validation),
        read_metrics(figures / "test.json", Evaluation),
        read_card(BEST),
        read_serving(BEST),
        model_digest(BEST),
        read_params("encoder", dict),
        sources,
        languages,
    )


@script
def main() -> str:
    sources = read_params("sources", list[dict[str, Any]])
    stages = {name: read_json(METRICS / f"{name}.json") for name in STAGES}
    write_text(DATA_CARD, data_card(read_json(DATASET), sources, stages))
    facts = model_facts(sources, stages["clean"]["rows_by_language"])
    write_text(MODEL_CARD, model_card(facts))
    return f"{DATA_CARD}, {MODEL_CARD}"
