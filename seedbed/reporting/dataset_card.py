"""The Hugging Face card of the dataset, and what both cards share.

A card is a pure function of a run's figures, with no text of any row. The Hub checks the metadata
block when a card is pushed; what needs no network is right from the start: known licence ids or
`other` with a name, ISO 639 codes, the Hub's size categories.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from huggingface_hub import DatasetCard, DatasetCardData

from seedbed.core.metrics import Metrics, RowCounts
from seedbed.core.rows import SIDES
from seedbed.core.stage import ROW_STAGES
from seedbed.pages.document import Bullets, Code, Prose, Section, Table, counted, listed, quoted
from seedbed.pages.rendering import page_markdown
from seedbed.reporting.data import DataMetrics, DatasetVersion
from seedbed.reporting.results import CLASSES, NAMED
from seedbed.tasks import CLASS_TASKS, Task, load_class

SUMMED = ROW_STAGES[: ROW_STAGES.index("split") + 1]
# Ids of https://huggingface.co/docs/hub/repositories-licenses, by how sources tend to write them.
LICENCES = {"cc0": "cc0-1.0"} | {
    name: name
    for name in (
        "apache-2.0 mit cc0-1.0 cc-by-4.0 cc-by-3.0 cc-by-sa-4.0 cc-by-sa-3.0 cc-by-nc-4.0 "
        "cc-by-nc-sa-4.0 odc-by odbl bsd-3-clause gpl-3.0"
    ).split()
}
SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M")
LANGUAGE = re.compile(r"[a-z]{2,3}")
LOADING = """```python
import pandas as pd
rows = pd.read_parquet("data/split")  # {columns}, split and provenance
```"""
ANSWER = "answer"  # the column that is learned where models write


class SourceEntry(Metrics, extra="ignore"):
    """What a card reports of an entry of params.yaml: sources."""

    name: str
    kind: str
    batch: str
    licence: str


def licence_id(licence: str) -> str:
    """The Hub's id of a licence as a source names it, `other` where it has none."""
    return LICENCES.get(re.sub(r"[\s_]+", "-", licence.strip().lower()), "other")


def size_category(rows: int) -> str:
    """1,618 rows: 1K<n<10K."""
    return SIZES[min(max(0, len(str(rows)) - 3), len(SIZES) - 1)]  # by the number of digits


def languages(counts: Mapping[str, int]) -> list[str]:
    """Codes of the languages found, the most frequent first; what is no code is left out."""
    known = [code for code in counts if LANGUAGE.fullmatch(code)]
    return sorted(known, key=lambda code: (-counts[code], code))


def card_page(title: str, metadata: str, sections: Sequence[Section]) -> str:
    """Put the metadata block above the title and the sections, as the Hub reads a card."""
    return f"---\n{metadata}\n---\n\n{page_markdown(Section(title, sections))}"


def class_names(names: Sequence[str]) -> str:
    """List class names in a sentence; of many, only the first."""
    return listed([quoted(name) for name in names], NAMED)


def dataset_metadata(
    sources: Sequence[SourceEntry],
    spoken: list[str],
    rows: int,
    category: str = "text-classification",
) -> DatasetCardData:
    """The block of a dataset card; `category`: the Hub's name of the task."""
    licences = {source.name: source.licence for source in sources}
    ids = sorted(set(map(licence_id, licences.values())))
    more: dict[str, Any] = {"license_name": "see-the-card"} if ids == ["other"] else {}
    return DatasetCardData(
        language=spoken or None,
        license=ids[0] if len(ids) == 1 else ids,
        **more,
        multilinguality="monolingual" if len(spoken) == 1 else "multilingual",
        size_categories=size_category(rows),
        task_categories=[category],
        pretty_name=" and ".join(licences),
        tags=["seedbed"],
    )


def data_card(
    task: Task, dataset: DatasetVersion, sources: Sequence[SourceEntry], found: DataMetrics
) -> str:
    """Describe the data: content, origin, processing, quality of what is learned, limits."""
    spoken = languages(found.clean.rows_by_language)
    answers = task.TARGET == ANSWER
    category = "text-generation" if answers else "text-classification"
    data = dataset_metadata(sources, spoken, dataset.rows, category)
    columns = "context, text (the question), answer, label" if answers else "text, label"
    code = LOADING.format(columns=columns)
    loading = [Prose("`dvc pull data/split` in the repository, then"), Prose(code)]
    sections = [
        *_contents(task, dataset, sources, found, ", ".join(spoken) or "unknown language"),
        _processing(found),
        _personal(found),
        _answers(found) if answers else _labels(found),
        _data_limits(found, ", ".join(spoken) or "those above", task),
        Section("How to load it", loading),
    ]
    title = f"Dataset {dataset.version}: {data.pretty_name}"
    return str(DatasetCard(card_page(title, data.to_yaml(), sections)))


def _contents(
    task: Task,
    dataset: DatasetVersion,
    sources: Sequence[SourceEntry],
    found: DataMetrics,
    spoken: str,
) -> list[Section]:
    """What the rows are, which sources they come from, and how they are split."""
    split, by_source = found.split, found.collect.by_source
    names = [name for name in split.by_class if task.is_storable(name)]
    version = (
        "The version is a digest of the manifest: the id, text digest, label and split of each row."
    )
    if task.NAME in CLASS_TASKS:
        has = load_class(task.NAME).EACH_HAS
        first = (
            f"{dataset.rows:,} texts ({spoken}), each with {has} {len(names)} labels "
            f"({class_names(names)}), in train, validation and test. For training and "
            f"evaluating text classifiers. {version}"
        )
    else:
        categories = "category" if len(names) == 1 else "categories"
        first = (
            f"{dataset.rows:,} questions ({spoken}), each with its answer and what precedes it in "
            f"its conversation, of {len(names)} {categories} ({class_names(names)}), in train, "
            f"validation and test. For training and evaluating language models. {version}"
        )
    origins = [
        [Code(one.name), one.kind, one.batch, f"{by_source.get(one.name, 0):,}", one.licence]
        for one in sources
    ]
    header = ["source", "kind", "batch", "rows read", "licence"]
    licences = "Each licence holds for the rows of its source; this card grants none."
    rows = [
        [name, *(f"{counts[side]:,}" for side in SIDES)] for name, counts in split.by_class.items()
    ]
    leaks = "no exact copy, near copy or group is in two splits"
    if any(number for _, number in split.leak_gate):
        leaks = ", ".join(f"{number} {name}" for name, number in split.leak_gate)
    if alone := split.rows_without_words:
        leaks += f" ({alone:,} rows of punctuation alone were compared as whole texts only)"
    words = (
        f"By batch: {counted(dataset.batches)}. Split by {split.way}; a row never changes split. "
        f"Leak gate: {leaks}."
    )
    return [
        Section("", [Prose(first)]),
        Section("Sources and licences", [Table(header, origins, CLASSES, "batches"), licences]),
        Section("Rows", [Table([task.NOUN, *SIDES], rows, CLASSES, "classes"), Prose(words)]),
    ]


def _processing(found: DataMetrics) -> Section:
    stages: list[tuple[str, RowCounts]] = [(name, getattr(found, name).rows) for name in SUMMED]
    rows = [
        [name, f"{counts.read:,}", f"{counts.kept:,}", Prose(counted(counts.dropped_by_reason))]
        for name, counts in stages
    ]
    touched = {rule: n for rule, n in found.clean.rows_touched_by_rule.items() if n}
    rules = ", ".join(f"{rule} ({n:,} rows)" for rule, n in touched.items()) or "none"
    words = (
        f"Cleaning rules that changed a text: {rules}. Every dropped row is listed in "
        "data/ledger/ with its reason."
    )
    table = Table(["stage", "rows read", "kept", "dropped"], rows)
    return Section("How it was made", [table, words])


def _personal(found: DataMetrics) -> Section:
    """Personal data that was replaced."""
    personal = found.anonymize
    key = (
        "the public example key: whoever guesses a value can recognize its stand-in."
        if personal.public_key
        else "a secret key."
    )
    replaced = counted(personal.replaced_by_kind, limit=99) or "none was found"
    privacy = (
        f"Values found by detectors were replaced (mode `{personal.mode}`): {replaced}, in "
        f"{personal.rows_touched:,} rows. Ids and stand-ins depend on {key} Values that detectors "
        "miss remain in the texts: read benchmarks/quality.md before sharing them."
    )
    return Section("Personal data", [Prose(privacy)])


def _answers(found: DataMetrics) -> Section:
    """Answers that may be wrong."""
    suspected, decided = found.find_label_errors, found.apply_decisions
    splits = ", ".join(f"{n} in {side}" for side, n in suspected.suspects_by_side.items())
    words = (
        f"Answers come from the sources; nobody has checked that they are true. "
        f"{suspected.suspects} are suspected not to belong to their question, or to be empty or "
        f"cut off ({splits or 'none'}). People have decided {decided.decided_rows} rows. An answer "
        "in validation or test changes only by a person's decision."
    )
    return Section("Answers", [words])


def _labels(found: DataMetrics) -> Section:
    """Labels that may be wrong."""
    suspected = found.find_label_errors
    splits = ", ".join(f"{n} in {side}" for side, n in suspected.suspects_by_side.items())
    share = ""
    if suspected.noise:
        share = f"; the estimated share of wrong labels is {suspected.noise.wrong_share:.1%}"
    labels = (
        "Labels come from the sources. Models that never saw the row suspect "
        f"{suspected.suspects} of them ({splits or 'none'}){share}. People have decided "
        f"{found.apply_decisions.decided_rows} rows and changed "
        f"{found.apply_decisions.relabelled} labels. A label in validation or test changes only by "
        "a person's decision."
    )
    return Section("Labels", [labels])


def _data_limits(found: DataMetrics, spoken: str, task: Task) -> Section:
    by_class = found.split.by_class
    rarest = min(by_class, key=lambda name: (sum(by_class[name].values()), name))
    points = [
        f"It does not cover languages other than {spoken}, nor {task.PLURAL} that are not listed.",
        f"The smallest {task.NOUN} is {rarest}, with {by_class[rarest]['test']:,} test rows.",
        f"{task.NOUN.capitalize()} shares are those of the sources, not of the place where a model "
        "is used.",
    ]
    if residual := sum(found.anonymize.residual_scan.values()):
        points.append(f"An independent scan finds {residual:,} values that look personal.")
    return Section("Limits", [Bullets(points)])
