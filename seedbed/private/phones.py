"""Phone numbers: a cheap look for what could be one, then the numbering plans of `phonenumbers`.

A number with "+" is read by its country; others by the plans of REGIONS when nothing beside them
says "phone", and by length alone when something does.
"""

import re
from collections.abc import Iterator

import phonenumbers
from stdnum import isbn

REGIONS = ("US", "GB")
WORDS_BEFORE = 40  # chars before a number in which "call", "tel." and the like may stand

CANDIDATE = re.compile(
    r"(?<![\w@/:$£€¥#=&.+-])(?:\+|00)?(?:\(\+?\d{1,5}\)|\d)[\d\-. \u00a0()/]{5,24}\d"
    r"(?P<extension> ?(?:x|ext\.?|extension) ?\d{1,6})?(?![\w/%$£€]|[.,:-]\d)",
    re.IGNORECASE,
)
WORDS = re.compile(
    r"\b(?:(?:tele)?phones?|tel\b|telefon|call(?:ed|ing)?|mobile|mob\b|cell|fax|whats ?app|sms|dial"
    r"|text(?:ed)?|txt|contact|reach|ring|hotline|voicemail|helpline|landline|pager|answer(?:ing|ed|s)?)\b",
    re.IGNORECASE,
)
DATE = re.compile(r"\d{1,2}[-./ ]\d{1,2}[-./ ]\d{2,4}|\d{4}[-./ ]\d{1,2}[-./ ]\d{1,2}")
TWO_HALVES = re.compile(r"\d{4}[-./ ]?\d{4}")  # 9747 6578, but a pair of years too
YEARS = re.compile(r"\(?(?:1[89]|20)\d\d\)?[ /.-]+\(?(?:(?:1[89]|20)\d\d|\d\d)\)?(?:[ /.-].*)?")
COUNTED = re.compile(r"\d{1,3}(?:[., ]\d{3})+|\d+\.\d+")
AREA_IN_BRACKETS = re.compile(r"\(0?\d{2,4}\) ?\d{3,4}[- ]?\d{3,4}")


def find_phones(text: str) -> Iterator[tuple[int, int]]:
    """Places of phone numbers in a text, as (start, end)."""
    for match in CANDIDATE.finditer(text):
        before = text[max(0, match.start() - WORDS_BEFORE) : match.start()]
        number = match[0][: match.start("extension") - match.start()] if match[1] else match[0]
        if _is_phone(number, bool(WORDS.search(before)), before):
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
