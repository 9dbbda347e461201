"""The public sets that quality is measured on: none is part of the project or needed by a test."""

import os
from pathlib import Path
from typing import NamedTuple

from seedbed.core.errors import SourceError


class PublicSet(NamedTuple):
    """Where a set comes from, and the files that DATA holds of it."""

    name: str
    files: str
    source: str
    licence: str


SETS = (
    PublicSet(
        "banking77",
        "`banking77/train.csv`, `test.csv`: text, label",
        "13,083 customer questions in 77 intents, Casanueva et al. 2020; half of test.csv will do",
        "CC BY 4.0",
    ),
    PublicSet(
        "davidson_hate",
        "`davidson_hate/all.csv`: text, label",
        "24,783 tweets of Davidson et al. 2017, offensive text",
        "MIT",
    ),
    PublicSet(
        "neardup_articles",
        "`neardup_articles/articles_1000.csv`: id, text; `truth_1000.csv`: id_a, id_b",
        "1,000 articles with 10 planted near-duplicate pairs",
        "MIT",
    ),
    PublicSet(
        "noisy_ag_news",
        "`noisy_ag_news/train.csv`, `test_clean.csv`: text, given_label, true_label",
        "5,014 texts of NoisyAG-News with labels that people gave, 20 % wrong; 3,767 clean ones",
        "MIT",
    ),
    PublicSet(
        "presidio_generated_large",
        "`presidio_generated_large/data.jsonl`: text, template_id, spans",
        "2,109 synthetic sentences of presidio-research",
        "MIT",
    ),
    PublicSet(
        "sms_spam",
        "`sms_spam/all.csv`: text, label",
        "5,574 messages of Almeida et al. 2011, ham and spam",
        "CC BY 4.0",
    ),
    PublicSet(
        "tab",
        "`tab/data.jsonl`: id, split, text, spans",
        "78 cases of the Text Anonymization Benchmark",
        "MIT",
    ),
    PublicSet(
        "wnut17",
        "`wnut17/dev.jsonl`: text, spans",
        "WNUT-17, emerging entities in user text, its dev part",
        "CC BY 4.0",
    ),
)


def data_folder() -> Path:
    """The folder that DATA names. Raises SourceError where it lacks a set."""
    folder = Path(os.environ.get("DATA") or "DATA is not set")
    for one in SETS:
        if not (folder / one.name).is_dir():
            raise SourceError(
                str(folder / one.name),
                "no such folder",
                f"{one.files} ({one.source}, {one.licence})",
                "get the public sets and run `make bench DATA=FOLDER`",
            )
    return folder
