"""The Hugging Face dataset card: a pure function of the figures of a run. No text of any row."""

from typing import Any

from huggingface_hub import DatasetCard

from seedbed.core.rows import SIDES
from seedbed.pages.markdown import table
from seedbed.reporting.card_metadata import dataset_metadata, languages
from seedbed.reporting.page import Figures

SUMMED = ("collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split")


def data_card(dataset: Figures, sources: list[dict[str, Any]], stages: dict[str, Figures]) -> str:
    """Markdown with its YAML block: what the data is, where it is from, how it was made, how good
    its labels are, and what it should not be used for. `sources`: as in params.yaml."""
    spoken = languages(stages["clean"]["rows_by_language"])
    name = " and ".join(one["name"] for one in sources)
    licences = {one["name"]: one["licence"] for one in sources}
    data = dataset_metadata(name, licences.values(), spoken, dataset["rows"])
    sections = [
        f"# Dataset {dataset['version']}: {name}",
        _first(dataset, stages, spoken),
        "## Sources and licences\n\n" + _sources(sources, stages["collect"]),
        "## Rows\n\n" + _rows(dataset, stages["split"]),
        "## How it was made\n\n" + _made(stages),
        "## Personal data\n\n" + _privacy(stages["anonymize"]),
        "## Labels\n\n" + _labels(stages["find_label_errors"], stages["apply_decisions"]),
        "## Limits\n\n" + _limits(stages, spoken),
        "## How to get it\n\n" + _how(),
    ]
    return str(DatasetCard(f"---\n{data.to_yaml()}\n---\n\n" + "\n\n".join(sections) + "\n"))


def _first(dataset: Figures, stages: dict[str, Figures], spoken: list[str]) -> str:
    classes = ", ".join(f"`{name}`" for name in stages["split"]["by_class"])
    return (
        f"{dataset['rows']:,} texts ({', '.join(spoken) or 'language not told'}), each with one of "
        f"the labels {classes}, in train, validation and test. For training and judging text "
        "classifiers. The version is a digest of the manifest: each row's id, text digest, label "
        "and side."
    )


def _sources(sources: list[dict[str, Any]], collected: Figures) -> str:
    lines = [
        [
            f"`{one['name']}`",
            one["kind"],
            one["batch"],
            f"{collected['by_source'].get(one['name'], 0):,}",
            one["licence"],
        ]
        for one in sources
    ]
    note = "Each licence holds for the rows of its source; this card grants none."
    return table(["source", "kind", "batch", "rows read", "licence"], lines) + f"\n\n{note}"


def _rows(dataset: Figures, split: Figures) -> str:
    lines = [[name, *(f"{sides[side]:,}" for side in SIDES)] for name, sides in
             split["by_class"].items()]  # fmt: skip
    batches = ", ".join(f"`{name}` {number:,}" for name, number in dataset["batches"].items())
    gate = split["leak_gate"]
    leaks = "no exact copy, near copy or group stands on two sides"
    if any(gate.values()):
        leaks = ", ".join(f"{number} {name}" for name, number in gate.items())
    return (
        f"{table(['class', *SIDES], lines)}\n\nBy batch: {batches}. Sides by {split['way']}; a row "
        f"never moves to another. Leak gate: {leaks}."
    )


def _made(stages: dict[str, Figures]) -> str:
    lines = []
    for name in SUMMED:
        rows = stages[name]["rows"]
        why = ", ".join(f"{count:,} {reason}" for reason, count in
                        rows["dropped_by_reason"].items())  # fmt: skip
        lines.append([name, f"{rows['read']:,}", f"{rows['kept']:,}", why])
    touched = {rule: n for rule, n in stages["clean"]["rows_touched_by_rule"].items() if n}
    rules = ", ".join(f"{rule} ({n:,} rows)" for rule, n in touched.items()) or "none"
    return (
        f"{table(['stage', 'rows read', 'kept', 'dropped'], lines)}\n\nCleaning rules that changed "
        f"a text: {rules}. Every dropped row stands in data/ledger/ with its reason."
    )


def _privacy(found: Figures) -> str:
    replaced = ", ".join(f"{n:,} {kind}" for kind, n in found["replaced_by_kind"].items())
    key = (
        "Ids and stand-ins hang on the public example key: they can be guessed by who guesses the "
        "value."
        if found["public_key"]
        else "Ids and stand-ins hang on a secret key."
    )
    return (
        f"Values found by detectors were replaced (mode `{found['mode']}`): "
        f"{replaced or 'none was found'}, in {found['rows_touched']:,} rows. {key} What detectors "
        "miss stays in the texts: read benchmarks/quality.md before sharing them."
    )


def _labels(found: Figures, decided: Figures) -> str:
    sides = ", ".join(f"{number} in {side}" for side, number in found["suspects_by_side"].items())
    wrong = found["noise"]["wrong_share"]
    return (
        f"Labels came with the sources. Models that never saw the row doubt {found['suspects']} of "
        f"them ({sides or 'none'}); they estimate that {wrong:.1%} of the labels are wrong. People "
        f"have decided {decided['decided_rows']} rows and changed {decided['relabelled']} labels. "
        "A label of validation or test changes only by a person's decision."
    )


def _limits(stages: dict[str, Figures], spoken: list[str]) -> str:
    by_class = stages["split"]["by_class"]
    rarest = min(by_class, key=lambda name: (sum(by_class[name].values()), name))
    lines = [
        f"It says nothing of languages other than {', '.join(spoken) or 'those above'}, nor of "
        "classes that are not listed.",
        f"The smallest class is `{rarest}`, with {by_class[rarest]['test']:,} test rows.",
        "Shares of classes are those of the sources, not of the place where a model is used.",
    ]
    residual = sum(stages["anonymize"]["residual_scan"].values())
    if residual:
        lines.append(f"An independent scan finds {residual:,} values that look personal.")
    return "\n".join(f"- {line}" for line in lines)


def _how() -> str:
    return (
        "`dvc pull data/split` in the repository, then\n\n```python\nimport pandas as pd\n"
        'rows = pd.read_parquet("data/split")  # text, label, split and where each row came from\n'
        "```"
    )
