"""The Hugging Face card of the dataset, and what both cards share.

A card is a pure function of a run's figures, with no text of any row. The Hub checks the metadata
block when a card is pushed; what needs no network is right from the start: known licence ids or
`other` with a name, ISO 639 codes, the Hub's size categories.
"""

import re
from collections.abc import Iterable
from typing import Any

from huggingface_hub import DatasetCard, DatasetCardData

from seedbed.core.rows import SIDES
from seedbed.core.stage import ROW_STAGES
from seedbed.pages.document import Bullets, Code, Prose, Section, Table
from seedbed.pages.escaping import quoted
from seedbed.pages.markdown import markdown
from seedbed.reporting.data import CLASSES, NAMED, counted

Figures = dict[str, Any]
SUMMED = ROW_STAGES[: ROW_STAGES.index("split") + 1]
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


def card_page(title: str, metadata: str, sections: list[Section]) -> str:
    """Put the metadata block above the title and the sections, as the Hub reads a card."""
    body = "\n\n".join(filter(None, map(markdown, sections)))
    return f"---\n{metadata}\n---\n\n# {quoted(title)}\n\n{body}\n"


def class_names(names: list[str]) -> str:
    """List class names in a sentence; of many, only the first."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(quoted(name) for name in names[:NAMED]) + more


def dataset_metadata(
    name: str, licences: Iterable[str], spoken: list[str], rows: int
) -> DatasetCardData:
    """The block of a dataset card."""
    ids = sorted({licence_id(licence) for licence in licences})
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
    card = card_page(f"Dataset {dataset['version']}: {name}", data.to_yaml(), sections)
    return str(DatasetCard(card))


def _content(dataset: Figures, stages: dict[str, Figures], spoken: list[str]) -> Section:
    classes = list(stages["split"]["by_class"])
    return Section(
        "",
        [
            Prose(
                f"{dataset['rows']:,} texts ({', '.join(spoken) or 'unknown language'}), each with "
                f"one of {len(classes)} labels ({class_names(classes)}), in train, validation and "
                "test. For training and evaluating text classifiers. The version is a digest of "
                "the manifest: the id, text digest, label and split of each row."
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
