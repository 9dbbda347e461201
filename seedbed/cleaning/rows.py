"""Rows whose texts are cleaned, through the memo, with the params and metrics of stage clean."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, NamedTuple

import pandas as pd
from pydantic import create_model

from seedbed.cleaning.limits import LIMITS, Cleaned, Limits, clean_texts, known_languages
from seedbed.cleaning.rules import RULES, rules_wanted
from seedbed.core.metrics import Drop, Metrics, RowCounts
from seedbed.core.params import Section, from_table, unknown_name
from seedbed.running.engine import map_texts

BOILERPLATE = tuple(rule.name for rule in RULES if rule.boilerplate)


def _params() -> type[Section]:
    """Return the model of section `clean` of params.yaml, made from RULES and LIMITS."""
    fields: dict[str, Any] = {
        rule.name: (bool, rule.default) for rule in RULES if not rule.boilerplate
    }
    fields["boilerplate"] = (list[Annotated[str, from_table(BOILERPLATE)]], ...)
    fields |= {limit.name: (limit.type, ...) for limit in LIMITS}
    return create_model("CleanParams", __base__=Section, **fields)


CleanParams = _params()


class CleanSettings(NamedTuple):
    """The rules to run, in their order, and the values of all limits by name."""

    rules: list[str]
    limits: Limits


def settings_of(params: Section) -> CleanSettings:
    """Return the settings in section `clean` of params.yaml.

    Raises ParamsError for a language that no text could be found to have.
    """
    section = params.model_dump()
    for language in section["languages"]:
        if language not in known_languages():
            raise unknown_name("params.yaml: clean.languages", language, known_languages())
    limits = {limit.name: section[limit.name] for limit in LIMITS}
    return CleanSettings(rules_wanted(section), limits)


class CleanMetrics(Metrics):
    """reports/metrics/clean.json."""

    rows: RowCounts
    rows_touched_by_rule: dict[str, int]
    rows_by_language: dict[str, int]  # of the rows kept


class CleanedRows(NamedTuple):
    """Rows with clean texts, the drops, and the counts for the metrics."""

    kept: pd.DataFrame
    drops: list[Drop]
    rows_touched_by_rule: dict[str, int]
    rows_by_language: dict[str, int]


def clean_rows(rows: pd.DataFrame, settings: CleanSettings) -> CleanedRows:
    """Clean `text` and `text_pair` of every row, and drop the rows that break a limit."""
    texts = _clean(rows["text"].tolist(), settings)
    pairs = _clean_pairs(rows["text_pair"].tolist(), settings)
    reasons = [text.reason or pair.reason for text, pair in zip(texts, pairs, strict=True)]
    drops = [Drop(id, reason) for id, reason in zip(rows["id"], reasons, strict=True) if reason]
    cleaned = rows.assign(
        text=[text.text for text in texts], text_pair=[pair.text for pair in pairs]
    )
    touched = Counter(
        rule
        for text, pair in zip(texts, pairs, strict=True)
        for rule in {*text.touched, *pair.touched}
    )
    languages = Counter(
        text.language for text, reason in zip(texts, reasons, strict=True) if not reason
    )
    return CleanedRows(
        cleaned[[not reason for reason in reasons]],
        drops,
        {rule: touched[rule] for rule in settings.rules},
        dict(sorted(languages.items())),
    )


def _clean(texts: Sequence[str], settings: CleanSettings) -> list[Cleaned]:
    work = partial(clean_texts, rules=settings.rules, limits=settings.limits)
    return [
        Cleaned(text, tuple(touched), reason, language)
        for text, touched, reason, language in map_texts(work, texts)
    ]


def _clean_pairs(texts: list[str], settings: CleanSettings) -> list[Cleaned]:
    """Clean the second texts of pair tasks; an empty one stays empty and breaks no limit."""
    cleaned = iter(_clean([text for text in texts if text], settings))
    return [next(cleaned) if text else Cleaned("", (), "", "") for text in texts]
