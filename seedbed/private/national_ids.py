"""National identity and tax numbers, proved by python-stdnum, and by a word beside them where the
form alone is that of any other number."""

import functools
import importlib
import re
from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

WORDS_BEFORE = 48  # chars before a number in which the word that names it may stand


class NationalId(NamedTuple):
    """A form, the stdnum module that checks it ("" for form alone), words that must stand before
    it ("" where the form and its check digit are proof enough)."""

    form: re.Pattern[str]
    module: str
    words: str


def _id(form: str, module: str, words: str = "") -> NationalId:
    return NationalId(
        re.compile(rf"(?<![\w.-])(?:{form})(?![\w-]|\.\d)", re.IGNORECASE), module, words
    )


NATIONAL_IDS = (
    _id(r"\d{3}-\d{2}-\d{4}", "us.ssn"),
    _id(r"\d{3}[ .]?\d{2}[ .]?\d{4}", "us.ssn", r"ssn|social security"),
    _id(r"9\d{2}-\d{2}-\d{4}", "us.itin"),
    _id(r"\d{2}-?\d{7}", "us.ein", r"\bein\b|employer identification"),
    _id(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]", ""),  # UK NINO
    _id(r"\d{3}[ -]?\d{3}[ -]?\d{4}", "gb.nhs", r"\bnhs\b"),
    _id(r"\d{10}", "gb.utr", r"\butr\b|taxpayer reference"),
    _id(r"\d{3}[ -]?\d{3}[ -]?\d{3}", "ca.sin", r"\bsin\b|social insurance"),
    _id(r"[12] ?\d{2} ?[01]\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}", "fr.nir"),
    _id(r"\d{8}-?[A-Z]", "es.dni", r"\bdni\b|\bnif\b"),
    _id(r"[XYZ]-?\d{7}-?[A-Z]", "es.nie"),
    _id(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", "it.codicefiscale"),
    _id(r"\d{2} ?\d{3} ?\d{3} ?\d{3}", "de.idnr", r"steuer|\btin\b|tax id|idnr"),
    _id(r"\d{9}", "nl.bsn", r"\bbsn\b|burgerservice"),
    _id(r"\d{4}[ -]?\d{4}[ -]?\d{4}", "in_.aadhaar", r"aadhaar|\buid\b"),
    _id(r"[A-Z]{5}\d{4}[A-Z]", "in_.pan", r"\bpan\b"),
    _id(r"\d{3}\.\d{3}\.\d{3}-\d{2}", "br.cpf"),
    _id(r"\d{11}", "br.cpf", r"\bcpf\b"),
    _id(r"\d{11}", "pl.pesel", r"pesel"),
    _id(r"(?:\d{2})?\d{6}[-+]\d{4}", "se.personnummer"),
    _id(r"\d{6}[-+A-FYXWVU]\d{3}[0-9A-Y]", "fi.hetu"),
    _id(r"756\.\d{4}\.\d{4}\.\d{2}", "ch.ssn"),
    _id(r"\d{3} ?\d{3} ?\d{3}", "au.tfn", r"\btfn\b|tax file"),
)


@functools.cache
def _module(name: str) -> ModuleType:
    return importlib.import_module(f"stdnum.{name}")


def find_national_ids(text: str) -> Iterator[tuple[int, int]]:
    """Places of national numbers in a text, as (start, end)."""
    for national in NATIONAL_IDS:
        for match in national.form.finditer(text):
            before = text[max(0, match.start() - WORDS_BEFORE) : match.start()]
            if national.words and not re.search(national.words, before, re.IGNORECASE):
                continue
            if not national.module or _module(national.module).is_valid(match[0]):
                yield match.span()
