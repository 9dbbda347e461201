"""What works in 14 languages, held at minimum figures; the page shows what the benchmark found."""

import json
from functools import cache

import pytest
from conftest import ROOT

from benchmarks import languages
from benchmarks.languages_rows import languages as every, planted
from seedbed.pages.rendering import table

# At least so many are right, of 20 values, 20 texts without, 40 near copies, 30 other texts, and
# 15 names; of the share of made texts with whole words in hundredths.
MINIMA = {
    # language: values, without, copies, others, words, names, whole names
    "en": (20, 20, 40, 30, 100, 15, 15),
    "de": (20, 20, 40, 30, 100, 15, 9),
    "fr": (20, 20, 40, 30, 100, 15, 15),
    "es": (20, 20, 40, 30, 100, 15, 15),
    "pt": (20, 20, 40, 30, 100, 15, 15),
    "ru": (20, 20, 40, 30, 100, 15, 12),
    "el": (20, 20, 40, 30, 100, 15, 12),
    "ar": (20, 20, 40, 30, 100, 15, 15),
    "he": (20, 20, 40, 30, 100, 15, 15),
    "hi": (20, 20, 40, 30, 100, 15, 12),
    "th": (20, 20, 40, 30, 100, 15, 15),
    "zh": (20, 20, 40, 30, 100, 15, 15),
    "ja": (20, 20, 40, 29, 100, 15, 15),
    "ko": (20, 20, 40, 30, 100, 15, 15),
}
MEASURES = ("values_found", "no_wrong_values", "near_copies_found", "other_texts_kept",
            "words_kept", "names_found", "names_whole")  # fmt: skip
LANGUAGES = {language.code: language for language in every()}


@cache
def counts(code: str) -> dict[str, list[int]]:
    return languages.counted(languages.cases(LANGUAGES[code]))


@pytest.mark.parametrize("code", ["en", "de", "ru", "ar", "hi", "th", "zh", "ko"])
def test_a_language_does_not_fall_below_its_minimum(code, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    found = counts(code)
    figures = {
        name: found[name][0] * 100 // found[name][1] if name == "words_kept" else found[name][0]
        for name in MEASURES
    }
    below = {name: (figures[name], least)
             for name, least in zip(MEASURES, MINIMA[code], strict=True)
             if figures[name] < least}  # fmt: skip
    assert not below


def test_every_language_has_its_rows() -> None:
    assert list(LANGUAGES) == list(MINIMA)
    for language in LANGUAGES.values():
        assert len(language.values) == len(language.none) == 20
        assert len(language.months) == 12
        assert len(language.different) == len(language.forget) == 5


def test_values_are_the_same_each_time_and_stand_where_they_are_said_to() -> None:
    for language in LANGUAGES.values():
        rows = planted(language)
        assert rows == planted(language)
        for row, line in zip(rows, language.values, strict=True):
            before, after = line.split("{")[0], line.split("}")[1]
            assert row.text == before + row.text[row.start : row.end] + after
            assert "{" not in row.text


def test_the_page_shows_the_figures_in_git() -> None:
    figures = json.loads((ROOT / languages.RESULT).read_text(encoding="utf-8"))
    lines = [languages.line(LANGUAGES[code].name, one) for code, one in figures.items()]
    page = (ROOT / languages.PAGE).read_text(encoding="utf-8")
    assert languages.with_table(page, lines) == page
    assert table(languages.HEADER, lines) in page
