"""Numbers that a check digit or a numbering plan proves: phones, national ids, cards, IBANs.

python-stdnum knows the check digits, `phonenumbers` the plans. A phone number with "+" is read by
its country; others by the plans of REGIONS if no word next to them is about phones, and by length
alone if one is. A national number whose form is that of any other number needs its name before it.
"""

import functools
import importlib
import re
from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

import phonenumbers
from stdnum import iban, isbn, luhn

Pair = tuple[int, int]  # where a value starts and ends

REGIONS = ("US", "GB")
PHONE_WORDS_BEFORE = 40  # chars before a number in which "call" or "tel." counts

PHONE = re.compile(
    r"(?<![\w@/:$£€¥#=&.+-])(?:\+|00)?(?:\(\+?\d{1,5}\)|\d)[\d\-. \u00a0()/]{5,24}\d"
    r"(?P<extension> ?(?:x|ext\.?|extension) ?\d{1,6})?(?![\w/%$£€]|[.,:-]\d)",
    re.IGNORECASE,
)
PHONE_WORDS = re.compile(
    r"\b(?:(?:tele)?phones?|tel\b|telefon|call(?:ed|ing)?|mobile|mob\b|cell|fax|whats ?app|sms|dial"
    r"|text(?:ed)?|txt|contact|reach|ring|hotline|voicemail|helpline|landline|pager|answer(?:ing|ed|s)?)\b",
    re.IGNORECASE,
)
DATE = re.compile(r"\d{1,2}[-./ ]\d{1,2}[-./ ]\d{2,4}|\d{4}[-./ ]\d{1,2}[-./ ]\d{1,2}")
TWO_HALVES = re.compile(r"\d{4}[-./ ]?\d{4}")  # 9747 6578, but a pair of years too
YEARS = re.compile(r"\(?(?:1[89]|20)\d\d\)?[ /.-]+\(?(?:(?:1[89]|20)\d\d|\d\d)\)?(?:[ /.-].*)?")
COUNTED = re.compile(r"\d{1,3}(?:[., ]\d{3})+|\d+\.\d+")
AREA_IN_BRACKETS = re.compile(r"\(0?\d{2,4}\) ?\d{3,4}[- ]?\d{3,4}")
CARD = re.compile(r"(?<![\w.+-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)")
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])")
ID_WORDS_BEFORE = 48  # chars before a number in which the word that names it counts


class NationalId(NamedTuple):
    """A form of national number, and what proves a number of that form.

    `module` of stdnum checks it ("" for form alone); one of `words` must be before it, unless the
    form and its check digit are proof enough ("").
    """

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


def find_phones(text: str) -> Iterator[Pair]:
    """Yield where phone numbers are in a text."""
    for match in PHONE.finditer(text):
        before = text[max(0, match.start() - PHONE_WORDS_BEFORE) : match.start()]
        number = match[0][: match.start("extension") - match.start()] if match[1] else match[0]
        if _is_phone(number, bool(PHONE_WORDS.search(before)), before):
            yield match.span()


def _is_phone(number: str, named: bool, before: str) -> bool:
    digits = re.sub(r"\D", "", number)
    if not 7 <= len(digits) <= 15 or len(set(digits)) < 3 or number.count("(") != number.count(")"):
        return False
    if number.startswith(("+", "(+", "00")):
        return _by_plan(re.sub(r"^00", "+", number), None, strict=False)
    groups = re.findall(r"\d+", number)
    if max(map(len, groups)) < 3 and not (named and len(set(map(len, groups))) == 1):
        return False  # sets and scores: 6-7 (2-7) 7-6
    if any(form.fullmatch(number) for form in (DATE, YEARS, COUNTED)) or _is_isbn(digits, before):
        return False
    if named:
        return True
    if TWO_HALVES.fullmatch(number):
        return False
    if AREA_IN_BRACKETS.fullmatch(number):
        return True
    return len(digits) >= 9 and any(_by_plan(number, region, strict=True) for region in REGIONS)


def _is_isbn(digits: str, before: str) -> bool:
    return "isbn" in before.lower() or (len(digits) == 13 and isbn.is_valid(digits))


def _by_plan(number: str, region: str | None, strict: bool) -> bool:
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return False
    check = phonenumbers.is_valid_number if strict else phonenumbers.is_possible_number
    return check(parsed)


@functools.cache
def _module(name: str) -> ModuleType:
    return importlib.import_module(f"stdnum.{name}")


def find_national_ids(text: str) -> Iterator[Pair]:
    """Yield where national identity and tax numbers are in a text."""
    for national in NATIONAL_IDS:
        for match in national.form.finditer(text):
            before = text[max(0, match.start() - ID_WORDS_BEFORE) : match.start()]
            if national.words and not re.search(national.words, before, re.IGNORECASE):
                continue
            if not national.module or _module(national.module).is_valid(match[0]):
                yield match.span()


def find_cards(text: str) -> Iterator[Pair]:
    """Yield card numbers: an issuer's first digit (ISO/IEC 7812), a length, a Luhn digit."""
    for match in CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if digits[0] in "23456" and len(set(digits)) > 1 and luhn.is_valid(digits):
            yield match.span()


def find_ibans(text: str) -> Iterator[Pair]:
    """Yield IBANs with right check digits (ISO 13616); words after one are left out."""
    at = 0
    while match := IBAN.search(text, at):
        at, start, end = match.start() + 1, *match.span()
        while end - start >= 15:
            if iban.is_valid(text[start:end], check_country=False):
                yield start, end
                at = end
                break
            end = text.rfind(" ", start, end)
