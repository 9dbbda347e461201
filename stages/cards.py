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
from seedbed.reporting.model_card import (
    AnswerFacts,
    Encoder,
    ModelFacts,
    answer_model_card,
    model_card,
)
from seedbed.scoring.metrics_files import AnswerEvaluation, Choice, Evaluation, Validation
from seedbed.serving.model_folder import read_answer_serving, read_serving, writes_answers
from seedbed.tasks import load
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


def answer_facts(
    dataset: DatasetVersion, sources: list[SourceEntry], languages: dict[str, int]
) -> AnswerFacts:
    """Read what the card of a model that answers is made from."""
    choice, card = read_metrics(CHOICE, Choice), read_card(BEST)
    base = (str(card.settings.get(name, "")) for name in ("base", "revision", "sha256"))
    return AnswerFacts(
        choice,
        dataset,
        read_metrics(EVALUATE / choice.approach / "test.json", AnswerEvaluation),
        card,
        read_answer_serving(BEST),
        model_digest(BEST),
        Encoder(*base),
        sources,
        languages,
    )


@script
def main() -> str:
    sources = read_params("sources", list[SourceEntry])
    dataset = read_metrics(DATASET, DatasetVersion)
    found, card = DataMetrics.read(METRICS), read_card(BEST)
    languages = found.clean.rows_by_language
    write_text(DATA_CARD, data_card(load(card.task), dataset, sources, found))
    if writes_answers(card):
        page = answer_model_card(answer_facts(dataset, sources, languages))
    else:
        page = model_card(model_facts(dataset, sources, languages))
    write_text(MODEL_CARD, page)
    return f"{DATA_CARD}, {MODEL_CARD}"
