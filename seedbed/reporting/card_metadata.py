"""The YAML blocks of Hugging Face cards, in the Hub's own terms.

The Hub checks a card when it is pushed; what it checks that needs no network is held here: known
licence ids or `other` with a name, ISO 639 codes, its size categories, a model index that reads
back.
"""

import re
from collections.abc import Iterable
from typing import Any

from huggingface_hub import DatasetCardData, EvalResult, ModelCardData

from seedbed.scoring.metrics import shown_in
from seedbed.scoring.metrics_files import Evaluation
from seedbed.training.saved_models import SavedModel

# Ids of https://huggingface.co/docs/hub/repositories-licenses, by how sources tend to write them.
LICENCES = {
    "apache-2.0": "apache-2.0", "mit": "mit", "cc0": "cc0-1.0", "cc0-1.0": "cc0-1.0",
    "cc-by-4.0": "cc-by-4.0", "cc-by-3.0": "cc-by-3.0", "cc-by-sa-4.0": "cc-by-sa-4.0",
    "cc-by-sa-3.0": "cc-by-sa-3.0", "cc-by-nc-4.0": "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0": "cc-by-nc-sa-4.0", "odc-by": "odc-by", "odbl": "odbl",
    "bsd-3-clause": "bsd-3-clause", "gpl-3.0": "gpl-3.0",
}  # fmt: skip
SIZES = (
    (10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
)  # fmt: skip
LARGEST = "10M<n<100M"
LANGUAGE = re.compile(r"[a-z]{2,3}")


def licence_id(licence: str) -> str:
    """The Hub's id of a licence as a source names it, `other` where it has none."""
    return LICENCES.get(re.sub(r"[\s_]+", "-", licence.strip().lower()), "other")


def size_category(rows: int) -> str:
    """1,618 rows: 1K<n<10K."""
    return next((name for limit, name in SIZES if rows < limit), LARGEST)


def languages(counts: dict[str, int]) -> list[str]:
    """Codes of the languages found, the most frequent first; what is no code is left out."""
    known = [code for code in counts if LANGUAGE.fullmatch(code)]
    return sorted(known, key=lambda code: (-counts[code], code))


def model_metadata(
    name: str, card: SavedModel, spoken: list[str], version: str, test: Evaluation
) -> ModelCardData:
    """The block of a model card: what it is, and its test figures as a model index."""
    results = [
        EvalResult(
            task_type="text-classification",
            dataset_type="seedbed",
            dataset_name=f"dataset {version}",
            dataset_split="test",
            dataset_revision=version,
            metric_type=metric.hub_name or metric.name,
            metric_name=metric.title,
            metric_value=round(test[metric.name].mean, 4),
        )
        for metric in shown_in("metadata")
        if metric.name in test.estimates
    ]
    return ModelCardData(
        language=spoken or None,
        license="other",
        license_name="see-the-card",
        library_name=card.library,
        pipeline_tag=card.pipeline_tag,
        tags=["text-classification", "seedbed"],
        metrics=["accuracy", "f1"],
        model_name=name,
        eval_results=results,
    )


def dataset_metadata(
    name: str, licences: Iterable[str], spoken: list[str], rows: int
) -> DatasetCardData:
    """The block of a dataset card."""
    ids = sorted({licence_id(one) for one in licences})
    more: dict[str, Any] = {"license_name": "see-the-card"} if ids == ["other"] else {}
    return DatasetCardData(
        language=spoken or None,
        license=ids[0] if len(ids) == 1 else ids,
        **more,
        multilinguality="monolingual" if len(spoken) == 1 else "multilingual",
        size_categories=size_category(rows),
        task_categories=["text-classification"],
        pretty_name=name,
        tags=["seedbed"],
    )
