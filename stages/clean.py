"""Clean every text by the rules in params, and drop the rows whose text is not worth keeping.

data/collect/ -> data/clean/, data/ledger/clean.csv, reports/metrics/clean.json
"""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import Field

from seedbed.cleaning.rules import Cleaned, Limits, clean_texts, known_languages, rules_asked
from seedbed.core.errors import ParamsError
from seedbed.core.files import write_json
from seedbed.core.ledger import Drop, in_words, settle, write_ledger
from seedbed.core.params import Section, read_params
from seedbed.core.rows import read_rows, write_rows
from seedbed.core.stage import run
from seedbed.running.engine import map_texts

INPUT = Path("data/collect")
OUTPUT = Path("data/clean")
LEDGER = Path("data/ledger/clean.csv")
METRICS = Path("reports/metrics/clean.json")

Boilerplate = Literal["quoted_reply", "confidentiality_notice", "mobile_signature", "signature"]


class Params(Section):
    """params.yaml section `clean`."""

    encoding: bool  # mend text that was decoded wrongly
    entities: bool  # decode &amp; and its like
    tags: bool  # remove HTML tags, comments, scripts and styles
    control_characters: bool  # remove what is not seen: controls, zero width, direction
    nfc: bool  # compose letters and accents
    white_space: bool  # fold white space, keep lines and paragraphs
    boilerplate: list[Boilerplate]  # parts of e-mails to remove
    min_chars: int = Field(ge=1)  # shorter: too_short
    max_chars: int = Field(ge=1)  # longer: too_long
    min_letter_share: float = Field(ge=0, le=1)  # fewer letters: low_letter_share
    max_repeated_share: float = Field(ge=0, le=1)  # more word 3-grams seen before: repetitive
    languages: list[str]  # any other: wrong_language; [] takes every language
    min_chars_for_language: int = Field(ge=1)  # shorter texts have no language


def clean(rows: pd.DataFrame, params: Params) -> tuple[pd.DataFrame, list[Drop], dict]:
    """Rows with clean texts, the drops, and the figures for the metrics."""
    rules = rules_asked(params.model_dump())
    limits = Limits(**{name: getattr(params, name) for name in Limits._fields})
    texts = clean_all(rows["text"].tolist(), rules, limits)
    pairs = clean_pairs(rows["text_pair"].tolist(), rules, limits)
    reasons = [text.reason or pair.reason for text, pair in zip(texts, pairs, strict=True)]
    drops = [Drop(id, reason) for id, reason in zip(rows["id"], reasons, strict=True) if reason]
    cleaned = rows.assign(text=[one.text for one in texts], text_pair=[one.text for one in pairs])
    touched = Counter(
        rule
        for text, pair in zip(texts, pairs, strict=True)
        for rule in {*text.touched, *pair.touched}
    )
    languages = Counter(
        text.language for text, reason in zip(texts, reasons, strict=True) if not reason
    )
    figures = {
        "rows_touched_by_rule": {rule: touched[rule] for rule in rules},
        "rows_by_language": dict(sorted(languages.items())),
    }
    return cleaned[[not reason for reason in reasons]], drops, figures


def clean_all(texts: list[str], rules: list[str], limits: Limits) -> list[Cleaned]:
    """Each text cleaned, or looked up."""
    results = map_texts(partial(clean_texts, rules=rules, limits=limits), texts)
    return [
        Cleaned(text, tuple(touched), reason, language)
        for text, touched, reason, language in results
    ]


def clean_pairs(texts: list[str], rules: list[str], limits: Limits) -> list[Cleaned]:
    """The second texts of pair tasks, cleaned alike; where there is none, nothing is asked."""
    cleaned = iter(clean_all([text for text in texts if text], rules, limits))
    return [next(cleaned) if text else Cleaned("", (), "", "") for text in texts]


def check_languages(languages: list[str]) -> None:
    """Raises ParamsError for a language that no text could ever be found to have."""
    for language in languages:
        if language not in known_languages():
            raise ParamsError(
                "params.yaml: clean.languages",
                f"`{language}`",
                f"ISO 639 codes out of {', '.join(known_languages())}",
                "correct the code",
            )


def main() -> str:
    params = read_params("clean", Params)
    check_languages(params.languages)
    rows = read_rows(INPUT)
    kept, drops, figures = clean(rows, params)
    counts = settle("clean", rows["id"].tolist(), kept["id"].tolist(), drops)
    write_rows(OUTPUT, kept, private=True)
    write_ledger(LEDGER, drops)
    write_json(METRICS, {"rows": counts.model_dump(exclude_unset=True), **figures})
    return in_words(counts)


if __name__ == "__main__":
    run("clean", main)
