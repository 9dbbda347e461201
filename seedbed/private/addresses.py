"""Street addresses by rule: a house number next to a street, a unit, a box, or "lives at"."""

import re
from collections.abc import Iterator

from seedbed.private.kinds import Span
from seedbed.private.name_lists import LINK_WORDS, word_list

ENGLISH_STREET = word_list("streets_english")
STREET = word_list("streets_other")
NO_ADDRESS = word_list("no_address")
STREET_END = (
    r"(?:stra(?:ß|ss)e|str|straat|gata|gatan|gade|vej|vejen|vei|veien|vägen|weg|laan|plein|gasse"
    r"|platz|katu|tie|gate|dreef|steeg|kade|gracht|polku)"
)
UNIT = r"(?:apt|apartment|suite|ste|unit|flat|p\.? ?o\.? box|floor|fl|no)"
TOKEN = re.compile(r"[^\W_][\w'’/-]*\.?|[,;]|\n+|[^\w\s,;]")
NUMBER = re.compile(r"\d{1,6}(?:-\d{1,4})?[A-Za-z]?\.?$|\d{3} \d{2}$|[A-Z]{1,2}-?\d{3,6}$")
YEAR = re.compile(r"(?:1[5-9]|20)\d\d\.?$")
SAID_TO_BE_ADDRESS = re.compile(
    r"\b(?:address(?: is| to|:)|live at|lives at|living at|resid(?:e|es|ing) at|taxi to"
    r"|(?:sent|send it|deliver(?:ed)?|shipped?|new one|mail it) to)\s+"
    r"(?!(?:my|the|me|you|this|an?)\b)"
    r"(?P<value>(?=[^?!\n]{0,60}\d)[^?!@:]{4,110}?)(?=[?!]|\.(?:\s|$)|\s*$"
    r"|\s(?:for|from|because|as|instead|please|when|by|if|so|but|i am|I am)\b)",
    re.IGNORECASE,
)
BOX_ADDRESS = re.compile(
    r"\b(?P<value>(?:(?:PSC|CMR|Unit) \d{3,5},? Box \d{2,5}"
    r"|US[CN][A-Z]{1,3} [\w-]+|P\.? ?O\.? Box \d+)"
    r"(?:[\s,]+(?:APO|FPO|DPO) A[APE] \d{5})?)\b",
    re.IGNORECASE,
)
POSTCODE_OF_PLACE = re.compile(
    r"(?:[^\W\d_a-z][\w'’-]+|\b[A-Z]{2,3})[ ]{1,2}(?P<value>\d{5})(?:-\d{4})?(?=\s*$|\s*\n|[.,?] )"
)
CHARS_BEFORE = 40  # before a number, within which an address with that number may begin
CHARS_BEHIND = 120
ADDRESS_WORDS = 14  # the longest address that is looked for, in words and numbers


def find_addresses(text: str) -> Iterator[Span]:
    """Yield street addresses: a number next to a street, with unit, town and postcode."""
    for low, high in _near_digits(text):
        tokens = list(TOKEN.finditer(text, low, high))
        index = 0
        while index < len(tokens):
            end = _address_end(tokens, index)
            if end > index:
                yield Span("street_address", tokens[index].start(), tokens[end - 1].end())
            index = max(end, index + 1)
    for pattern in (SAID_TO_BE_ADDRESS, BOX_ADDRESS, POSTCODE_OF_PLACE):
        for match in pattern.finditer(text):
            yield Span("street_address", *match.span("value"))


def _near_digits(text: str) -> list[tuple[int, int]]:
    """Return the parts of a text in which an address could be, with whole words at both ends."""
    parts: list[tuple[int, int]] = []
    for match in re.finditer(r"\d+", text):
        low = text.rfind(" ", 0, max(0, match.start() - CHARS_BEFORE)) + 1
        high = text.find(" ", match.end() + CHARS_BEHIND)
        high = len(text) if high < 0 else high
        if parts and low <= parts[-1][1]:
            parts[-1] = (parts[-1][0], high)
        else:
            parts.append((low, high))
    return parts


def _shape(token: str) -> str:
    """Return the shape of a token, one letter.

    n number, e English street, t other street, u unit, c capitalised, l link word of a foreign
    name, o "of", "the" and "and", s separator, x anything else.
    """
    word = token.rstrip(".").lower()
    if NUMBER.match(token):
        return "n"
    if not token[0].isalpha():
        return "s" if token[0] in ",;\n" else "x"
    if re.fullmatch(UNIT, word):
        return "u"
    if word in NO_ADDRESS:
        return "x"
    if word in ENGLISH_STREET:
        return "e" if token[0].isupper() or word in ("street", "road", "avenue", "lane") else "x"
    if word in STREET or re.search(rf"\w{STREET_END}$", word):
        return "t" if token[0].isupper() or len(word) > 3 or word == "ul" else "x"
    if token[0].isupper():
        return "c"
    if word in ("of", "the", "and"):
        return "o"
    return "l" if word in LINK_WORDS else "x"


def _address_end(tokens: list[re.Match[str]], start: int) -> int:
    """Return the index after the last token of an address that begins at `start`, else `start`."""
    if _shape(tokens[start][0]) not in "netuc":
        return start
    shapes = ""
    for token in tokens[start : start + ADDRESS_WORDS * 2]:
        shape = _shape(token[0])
        if shape == "x":
            break
        shapes += shape
        if token[0].endswith(".") and shape in "ncet" and len(token[0]) > 5:
            break  # the end of a sentence; "Ave." and "Blvd." are shorter
    for length in range(len(shapes), 1, -1):
        end = start + length
        if shapes[length - 1] in "netc" and _is_address(shapes[:length], tokens[start:end]):
            return end
    return start


def _is_address(shapes: str, tokens: list[re.Match[str]]) -> bool:
    plain = shapes.replace("s", "")
    if re.match(r"un", plain) and tokens[0][0].rstrip(".").lower() not in ("no", "fl", "floor"):
        return True
    years = any(YEAR.match(token[0]) for token in tokens)
    if re.match(r"n{1,2}(?:l{0,2}c{0,4}t|c{1,4}e)", plain):
        return True
    if re.match(r"n{1,2}[cl]{1,5}u?n|c{0,3}tl{0,2}c{0,4}n", plain):
        return not years
    return False
