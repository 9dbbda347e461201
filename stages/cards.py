"""Write the Hugging Face cards of the data and of the chosen model, from the run's figures.

reports/metrics/, reports/choice.json, reports/dataset.json, models/best/ ->
reports/cards/dataset_card.md, reports/cards/model_card.md
"""

from pathlib import Path

from seedbed.core.files import BEST, write_text
from seedbed.core.metrics import CHOICE, EVALUATE, METRICS, read_metrics
from seedbed.core.params import read_params
from seedbed.core.rows import DATASET
from seedbed.core.stage import script
from seedbed.reporting.data import DataMetrics, DatasetVersion
from seedbed.reporting.dataset_card import SourceEntry, data_card
from seedbed.reporting.model_card import Encoder, ModelFacts, model_card
from seedbed.scoring.metrics_files import Choice, Evaluation, Validation
from seedbed.serving.model_folder import read_serving
from seedbed.tasks import load_class
from seedbed.training.models import model_digest, read_card

DATA_CARD = Path("reports/cards/dataset_card.md")
MODEL_CARD = Path("reports/cards/model_card.md")


def model_facts(
    dataset: DatasetVersion, sources: list[SourceEntry], languages: dict[str, int]
) -> ModelFacts:
    """Read what the model card is made from."""
    choice = read_metrics(CHOICE, Choice)
    figures = EVALUATE / choice.approach
    return ModelFacts(
        choice,
        dataset,
        read_metrics(figures / "validation.json", Validation),
        read_metrics(figures / "test.json", Evaluation),
        read_card(BEST),
        read_serving(BEST),
        model_digest(BEST),
        Encoder(
            read_params("encoder.name", str),
            read_params("encoder.revision", str),
            read_params("encoder.sha256", str),
        ),
        sources,
        languages,
    )


@script
def main() -> str:
    sources = read_params("sources", list[SourceEntry])
    dataset = read_metrics(DATASET, DatasetVersion)
    found = DataMetrics.read(METRICS)
    facts = model_facts(dataset, sources, found.clean.rows_by_language)
    write_text(DATA_CARD, data_card(load_class(facts.card.task), dataset, sources, found))
    write_text(MODEL_CARD, model_card(facts))
    return f"{DATA_CARD}, {MODEL_CARD}"
