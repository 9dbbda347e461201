"""Names that words around them give away: a title, initials, "my name is", "lives in", "Ltd".

These rules need no model, and are strong where a small model is weak.
"""

import re
from collections.abc import Iterator, Sequence

from seedbed.private.kinds import Span
from seedbed.private.name_lists import (
    LINK_WORDS,
    LOWER_CASE_WORDS,
    NOT_A_NAME,
    PLAIN_WORDS,
    SHORT_NAMES,
    acts_as_person,
    is_english,
    is_first_name,
    last_names,
)

TITLE = (
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Dame|Lady|Lord|Rev|Reverend|Fr|Capt|Captain|Sgt"
    r"|Sergeant|Lt|Col|Colonel|Gen|Hon|Judge|Justice|Messrs|Madam|Madame|Monsieur|Mme|Mlle|Herr|Frau"
    r"|Señora?|Sra?|Signora?|Pope)(?: ?\.)?"
)
CAPITAL = r"(?:(?!\d|_)[^\W\da-zß-öø-ÿ_](?:[\w-]|['’](?!s\b))*\w|(?!\d|_)[^\W\da-zß-öø-ÿ_]\.?)"
PARTICLE = r"(?:van|von|der|den|de|del|della|di|da|dos|du|la|le|el|al|bin|ibn|ten|ter|zu|y|e|of)"
NAME = rf"{CAPITAL}(?:(?:[ \u00a0]|(?<=\.))(?:{PARTICLE} ){{0,2}}{CAPITAL}){{0,4}}"
TITLED = re.compile(
    rf"(?<!\w)(?:{TITLE}|(?:mr|mrs|ms|dr|miss)\.?)[ \u00a0](?:{TITLE}[ \u00a0])?{NAME}"
)
LOWER_TITLED = re.compile(r"(?<!\w)(?:mr|mrs|ms|dr)\.? (?!and\b|or\b|who\b)[a-z]{3,}\b")
POPE = re.compile(r"(?<![\w#@])[Pp]ope(?!\w)(?! ?['’-]\w\w)")  # one person, by the office
INITIALLED = re.compile(
    # One initial alone is the letter of a heading, unless it stands inside a sentence.
    rf"(?<![\w.])(?:(?:[A-Z]\.[ -]?){{2,3}}|(?<=[a-z,(] )[A-Z] ?\. ?)(?:{PARTICLE} )?"
    r"(?!(?:The|In|On|It|As)\b)(?=[^\W\d_]+[a-zß-öø-ÿ])(?=[^\W\d_]{3})"
    rf"{CAPITAL}(?:-{CAPITAL})?"
)
WORD = r"[^\W\d_][\w'’-]{1,24}"
SAID_TO_BE = re.compile(
    r"\b(?:my (?:full )?name(?: is|'s|:)|(?:his|her|their|whose) name(?: is|'s| was)"
    r"|name on the account\?(?: User:)?|(?:^|\n)name:|(?:people )?call me|i am called|signed"
    r"|addressed to|account of|what's your name\?|follow up with|i'?m mr\.?"
    r"|speak (?:to|with) mr\.?)[ \t]+"
    rf"(?P<value>{WORD}(?:[ ](?:{PARTICLE} )?{WORD}){{0,3}})",
    re.IGNORECASE,
)
WORD_START = re.compile(r"(?<!\w)[^\W\d_]{3,}(?!\w)")
CAPITAL_WORD = re.compile(rf"(?<![\w#@]){CAPITAL}(?!\w)")
BESIDE = re.compile(
    rf"(?: ?,| and| ?, and| &) ({CAPITAL}(?: {CAPITAL})?)(?= and | ?,| ?\.| ?\)|$| [a-z])"
)
SAID_TO_BE_PLACE = re.compile(
    r"\b(?:liv(?:e|es|ed|ing) in|grew up in|(?:I'm|I am|he is|she is|we are) in|born in|moved to"
    r"|com(?:e|es|ing) to|(?:is|am|was|originally) from|home (?:city|town)|resident of|arrived in)"
    rf" (?P<value>{CAPITAL}(?: (?:{PARTICLE} )?{CAPITAL}){{0,3}})"
)
LEGAL_FORM = (
    r"(?:Ltd|LLC|Inc|PLC|Plc|GmbH|AG|Corp|Co|LLP|LP|S\.A|Group|Company|Corporation|Limited|Partners"
    r"|Holdings|and Sons|& Sons|Associates|Foundation|University|Bank|Labs|Technologies|Systems)"
)
WITH_LEGAL_FORM = re.compile(
    rf"(?<![\w@#])(?:{CAPITAL}|\d\w*)(?:,? (?:(?:and|of|&) )?{CAPITAL}){{0,4}},? {LEGAL_FORM}\b\.?"
    r"|(?<![\w@#])[a-z][\w-]+(?:, [a-z]+ and [a-z]+)? (?:llc|inc|ltd|gmbh|plc)\b\.?"
)
SAID_TO_BE_ORGANISATION = re.compile(
    r"\b(?:work(?:s|ed|ing)? (?:at|for)|employed (?:at|by)|(?:year|years|months) at|joined"
    rf"|employee of|(?:later|then) became)"
    rf" (?P<value>(?:{CAPITAL}|\d+{CAPITAL})(?: {CAPITAL}){{0,3}})"
)
NEXT_WORD = re.compile(
    r" (?:(?:van|von|de|der|den|del|di|da|dos|bin|al|el|la|ten|ter) ){0,2}"
    r"((?:[A-Z]\.|[^\W\d_](?:[\w-]|['’](?!s\b))*\w))(?!\w)"
)


def find_persons(text: str) -> Iterator[Span]:
    """Yield names by a title, by initials, or by words such as "my name is"."""
    for pattern in (TITLED, LOWER_TITLED, INITIALLED, POPE):
        for match in pattern.finditer(text):
            yield Span("person", *match.span())
    for match in SAID_TO_BE.finditer(text):
        start, end = match.span("value")
        words = match["value"].split(" ")
        while words and words[-1].lower() in NOT_A_NAME | LINK_WORDS:
            end -= len(words.pop()) + 1
        if words and not any(word.lower() in NOT_A_NAME for word in words):
            yield Span("person", start, end)
        elif words and words[0].lower() not in NOT_A_NAME:
            yield Span("person", start, start + len(words[0]))


def find_listed(text: str) -> Iterator[Span]:
    """Yield names that begin with a listed first name, in any case: "Ann Lee", "ann lee"."""
    at = 0
    while match := WORD_START.search(text, at):
        first, at = match[0], match.end()
        if not is_first_name(first) or not _stands_as_name(first, text, match.start()):
            continue
        while (following := NEXT_WORD.match(text, at)) and _goes_on(first, following[1]):
            at = following.end()
        yield Span("person", match.start(), at)


def find_places(text: str) -> Iterator[Span]:
    """Yield towns by the words before them, such as "lives in"."""
    for match in SAID_TO_BE_PLACE.finditer(text):
        yield Span("place", *match.span("value"))


def find_organisations(text: str) -> Iterator[Span]:
    """Yield organisations by their legal form, or by "works at" before them."""
    for match in WITH_LEGAL_FORM.finditer(text):
        yield Span("organisation", *match.span())
    for match in SAID_TO_BE_ORGANISATION.finditer(text):
        yield Span("organisation", *match.span("value"))


def find_repeated(text: str, persons: Sequence[Span]) -> Iterator[Span]:
    """Yield parts of a full name elsewhere in the text, and names in a list with a person.

    For example "Ann Lee said ... Lee left", and "Kovalev, Lee and Phillips".
    """
    parts = {
        word
        for span in persons
        for word in CAPITAL_WORD.findall(text[span.start : span.end])
        if len(word) > 3
        and (" " in text[span.start : span.end] or not is_english(word.lower()))
        and word.lower() not in PLAIN_WORDS
    }
    if parts:
        for match in CAPITAL_WORD.finditer(text):
            if match[0] in parts:
                yield Span("person", *match.span())
    for span in persons:
        end = span.end
        while (listed := BESIDE.match(text, end)) and listed[1].lower() not in NOT_A_NAME:
            yield Span("person", *listed.span(1))
            end = listed.end(1)


def _goes_on(first: str, word: str) -> bool:
    lower = word.lower()
    if lower in NOT_A_NAME or lower in PLAIN_WORDS:
        return False
    if first.isupper() or first.islower():
        return lower in last_names() and word.isupper() == first.isupper()
    return word[0].isupper() and not word.isupper()


def _stands_as_name(first: str, text: str, start: int) -> bool:
    if start and text[start - 1] in "#@/_-'’":
        return False
    if first.islower():
        sure = len(first) > 3 and first not in LOWER_CASE_WORDS
        return (
            sure
            or first in SHORT_NAMES
            or acts_as_person(text, start, start + len(first), "listed")
        )
    return len(first) > 2
