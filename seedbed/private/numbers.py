"""Numbers that a check digit or a numbering plan proves: phones, cards, IBANs.

python-stdnum knows the check digits, `phonenumbers` the plans. A phone number with "+" is read by
its country; others by the plans of the text's regions if no word next to them is about phones, by
length alone if an English one is, and by the regions of the language of any other word.
"""

import re
from collections.abc import Iterator
from string import ascii_letters

import phonenumbers
from phonenumbers import Leniency, PhoneNumberMatcher
from stdnum import iban, isbn, luhn

from seedbed.core.text_units import Rewriting
from seedbed.private.languages import ENGLISH, LANGUAGES, Searched, Topic, regions_of
from seedbed.private.named_values import AMOUNT_BEHIND
from seedbed.private.patterns import DIGIT, Pair, forms, lines

PHONE_WORDS_BEFORE = 40  # chars before a number in which "call" or "tel." counts
WIDE_COLON = "\uff1a"
PHONE_WORDS_BEHIND = 24  # chars behind it, where the verb ends a sentence

NUMBER = (
    r"(?P<number>(?:\+|00)?(?:\(\+?\d{1,5}\)|\d)[\d\-. \u00a0()/]{5,24}\d)"
    r"(?: ?(?:x|ext\.?|extension) ?\d{1,6})?(?![\w/%$£€]|[.,:-]\d)"
)
PHONE = re.compile(rf"(?<![\w@/:$£€¥#=&.+-]){NUMBER}", re.IGNORECASE)
# A number directly behind what it is called: tel03-1234-5678, Tel.0171 2345678, 电话:138...
PHONE_BEHIND = re.compile(rf"(?<=[^\W\d_]|[:.=])(?<!\d[:.=]){NUMBER}", re.IGNORECASE)
TOUCHED = re.compile(r"[+(\d](?:(?<=[^\W\d_].)|(?<=[:.=].))")  # is in a text with one of these
PHONE_WORDS = re.compile(
    r"\b(?:(?:tele)?phones?|tel\b|telefon|call(?:ed|ing)?|mobile|mob\b|cell|fax|whats ?app|sms|dial"
    r"|text(?:ed)?|txt|contact|reach|ring|hotline|voicemail|helpline|landline|pager|answer(?:ing|ed|s)?)\b",
    re.IGNORECASE,
)
PHONE_WORD_HERE = re.compile(rf"(?:{PHONE_WORDS.pattern})[.:=]{{0,2}}$", re.IGNORECASE)
PHONE_WORD_BEHIND = re.compile(r"[ -]{0,2}(?:fax|mobile|cell|phone|office)\b", re.IGNORECASE)
DATE = re.compile(r"\d{1,2}[-./ ]\d{1,2}[-./ ]\d{2,4}|\d{4}[-./ ]\d{1,2}[-./ ]\d{1,2}")
YEARS = re.compile(r"\(?(?:1[89]|20)\d\d\)?[ /.-]+\(?(?:(?:1[89]|20)\d\d|\d\d)\)?(?:[ /.-].*)?")
COUNTED = re.compile(r"\d{1,3}(?:[., ]\d{3})+|\d+\.\d+")
AREA_IN_BRACKETS = re.compile(r"\(0?\d{2,4}\) ?\d{3,4}[- ]?\d{3,4}")
CARD = re.compile(
    r"\d(?:(?<![\w.+-]\d)|(?<=[Cc]ard\d)|(?<=CARD\d))(?:[ -]?\d){12,18}(?![\w-]|\.\d)"
)
VALUES = {ord(letter): str(int(letter, 36)) for letter in ascii_letters}  # of an IBAN's letters
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])")

# Numbers in other dress: in words, with letters for digits, with separators of another kind.
NUMBER_OF_WORD = {
    word: str(number) if number < 10 else f"{number - 8}0"
    for number, words in enumerate(lines("number_words"))
    for word in words.split()
}
COMMON_NUMBERS = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "null",
)
_UNIT = rf"(?:double|triple|\d{{1,8}}|{'|'.join(sorted(NUMBER_OF_WORD, key=len, reverse=True))})"
IN_WORDS = re.compile(
    rf"(?<!\w)(?:plus |\+)?{_UNIT}(?:[ ,.-]{{1,2}}{_UNIT}){{3,39}}(?!\w)", re.IGNORECASE
)
LOOK_ALIKE = str.maketrans("OoIl", "0011")
DRESS = forms("other_dress")


def find_phones(searched: Searched) -> Iterator[Pair]:
    """Yield where phone numbers are in a text."""
    text = searched.apart
    for match in PHONE_BEHIND.finditer(text) if TOUCHED.search(text) else ():
        if _is_called_phone(searched, match.start()) and _is_phone(match, searched):
            yield match.span()
    for match in PHONE.finditer(text):
        if _is_phone(match, searched):
            yield match.span()


def _is_called_phone(searched: Searched, start: int) -> bool:
    """Whether a phone word is directly before a number that a letter or a colon touches. A
    full-width colon ends a clause like a space."""
    if searched.text[start - 1] == WIDE_COLON:
        return True
    before = searched.folded[max(0, start - PHONE_WORDS_BEFORE) : start]
    named = searched.is_called("phone", start) or searched.is_called("number", start)
    return named or bool(PHONE_WORD_HERE.search(before))


def _is_phone(match: re.Match[str], searched: Searched) -> bool:
    number, start = match["number"], match.start()
    before = searched.apart[max(0, start - PHONE_WORDS_BEFORE) : start]
    digits = re.sub(r"\D", "", number)
    if not 7 <= len(digits) <= 15 or len(set(digits)) < 3 or number.count("(") != number.count(")"):
        return False
    if number.startswith(("+", "(+", "00")):
        return _is_possible(re.sub(r"^00", "+", number), None)
    if DATE.fullmatch(number) or YEARS.fullmatch(number):
        return False
    if "isbn" in before.lower() or (len(digits) == 13 and isbn.is_valid(digits)):
        return False
    codes = _phone_words_around(searched, start, match.end())
    if COUNTED.fullmatch(number):  # a price, unless the plan of the word's language has it
        return any(_is_of_plan(number, region) for region in regions_of(codes))
    if any(_is_possible(number, region) for region in regions_of(codes)):
        return True
    named = bool(PHONE_WORDS.search(before) or PHONE_WORD_BEHIND.match(searched.apart, match.end()))
    lengths = list(map(len, re.findall(r"\d+", number)))
    is_score = max(lengths) < 3  # sets and scores: 6-7 (2-7) 7-6
    if not is_score and (named or AREA_IN_BRACKETS.fullmatch(number)):
        return True
    if is_score and named and len(set(lengths)) == 1:
        return True
    return len(digits) >= 9 and _by_plan(number, is_score, searched, match)


def _by_plan(number: str, is_score: bool, searched: Searched, match: re.Match[str]) -> bool:
    """Whether a number that no word calls a phone is one by the plan of a region of the text."""
    is_bare = number.isdigit() and not number.startswith("0")
    is_stamp = searched.text[match.start() - 1 : match.start()] == "["  # of a log: [1700000000]
    if is_bare and (is_stamp or searched.is_called("other", match.start())):
        return False
    if AMOUNT_BEHIND.match(searched.folded, match.end()):
        return False
    english = LANGUAGES[ENGLISH].regions
    return any(
        _is_of_plan(number, region) or (region not in english and _has_trunk(number, region))
        for region in searched.regions
        if not (is_score and region in english)
    )


def _phone_words_around(searched: Searched, start: int, end: int) -> list[str]:
    """The languages other than English that have a phone word near a number, with none nearer that
    says it is a number of another thing."""
    if searched.is_plainly_english:
        return []
    low, high = start - PHONE_WORDS_BEFORE, end + PHONE_WORDS_BEHIND
    topics: list[Topic] = ["phone", "number"]
    if searched.is_called("other", start):
        if searched.last_word("phone", start) <= searched.last_word("other", start):
            return []
        topics = ["phone"]
    before = [code for topic in topics for code in searched.named(topic, low, start)]
    return [*before, *searched.named("phone", end, high)]


def _is_of_plan(number: str, region: str) -> bool:
    """Whether a number is valid in a region, written with the trunk prefix if that is needed."""
    digits = re.sub(r"\D", "", number)
    found = PhoneNumberMatcher(number, region, Leniency.VALID, 1)
    return any(re.sub(r"\D", "", match.raw_string) == digits for match in found)


def _has_trunk(number: str, region: str) -> bool:
    """Whether a number begins with 0, as numbers of the region do, and has a length of theirs."""
    if number[0] != "0" or phonenumbers.ndd_prefix_for_region(region, True) != "0":
        return False
    return _is_possible(number, region)


def _is_possible(number: str, region: str | None) -> bool:
    """Whether the length of a number is possible; one without region has "+" and a country."""
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


def find_cards(text: str) -> Iterator[Pair]:
    """Yield card numbers: an issuer's first digit (ISO/IEC 7812), a length, a Luhn digit."""
    for match in CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if digits[0] in "23456" and len(set(digits)) > 1 and luhn.is_valid(digits):
            yield match.span()


def _is_97(number: str) -> bool:
    """Whether the check digits of an IBAN are right: a fraction of the time of all its rules."""
    number = number.replace(" ", "")
    return int((number[4:] + number[:4]).translate(VALUES)) % 97 == 1


def find_ibans(text: str) -> Iterator[Pair]:
    """Yield IBANs with right check digits (ISO 13616); words after one are left out."""
    at = 0
    while match := IBAN.search(text, at):
        at, start, end = match.start() + 1, *match.span()
        while end - start >= 15:
            if _is_97(text[start:end]) and iban.is_valid(text[start:end], check_country=False):
                yield start, end
                at = end
                break
            end = text.rfind(" ", start, end)


def has_odd_number(text: str, lower: str) -> bool:
    """Whether a text may hold a number in other dress; `lower` is the text in lower case."""
    if sum(map(lower.count, COMMON_NUMBERS)) > 3 and DRESS["two_numbers"].search(lower):
        return True
    return DIGIT.search(text) is not None and DRESS["odd_number"].search(text) is not None


def compact(value: str) -> str:
    """Return letters and digits alone, letters as capitals."""
    return "".join(filter(str.isalnum, value.upper()))


def _is_spelled(text: str) -> bool:
    """Whether a text has the three words of digits that `_digits` needs."""
    return sum(map(NUMBER_OF_WORD.__contains__, re.findall(r"\w+", text.lower()))) > 2


def _digits(match: re.Match[str]) -> str:
    digits, times, words = "", 1, re.findall(r"\w+|\+", match[0].lower())
    if sum(map(NUMBER_OF_WORD.__contains__, words)) < 3:
        return match[0]
    for word in words:
        if word in ("double", "triple"):
            times = 2 if word == "double" else 3
            continue
        number = NUMBER_OF_WORD.get(word, word)
        digits += "+" if word in ("plus", "+") else number * times
        times = 1
    return digits


def _number(match: re.Match[str]) -> str:
    """Return a number without separators that its kind has not: cards, ids and phones."""
    number = match[0]
    groups, separators = re.findall(r"\d+", number), set(re.findall(r"\D+", number))
    lengths = [len(group) for group in groups]
    if max(lengths) > 1 and (separators <= {" ", "-"} or DRESS["grouped"].fullmatch(number)):
        return number
    if lengths == [3, 2, 4]:
        return "-".join(groups)
    if max(lengths) == 1 and separators <= {" ", "-"}:
        return "".join(groups)
    if len({separator.strip() for separator in separators}) > 1 or min(lengths[1:]) < 2:
        return number
    return ("" if lengths[0] == 4 and sum(lengths) > 12 else "-").join(groups)


# Each pattern of numbers in other dress, and how they are usually written.
NUMBER_DRESSES: tuple[Rewriting, ...] = (
    Rewriting(IN_WORDS, _digits, _is_spelled),
    Rewriting(DRESS["not_apart"], lambda match: match[0].translate(LOOK_ALIKE)),
    Rewriting(DRESS["iban_apart"], lambda match: compact(match[0])),
    Rewriting(DRESS["pairs_apart"], lambda match: ":".join(re.findall("[0-9A-Fa-f]{2}", match[0]))),
    Rewriting(DRESS["ip_apart"], lambda match: ".".join(re.findall(r"\d+", match[0]))),
    Rewriting(DRESS["day_apart"], lambda match: match[0].replace(" ", "")),
    Rewriting(DRESS["id_apart"], lambda match: compact(match[0])),
    Rewriting(DRESS["digit_run"], _number),
)
