"""Names that words around them give away: a title, initials, "my name is", "lives in" or "Ltd".

Such rules need no model, and are strong where a small model is weak.
"""

import re
from collections.abc import Iterator, Sequence

from seedbed.private import name_lists as lists
from seedbed.private.dictionary import in_dictionary, is_english, small_words
from seedbed.private.patterns import Span, spans_of

TITLE = (
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Dame|Lady|Lord|Rev|Reverend|Fr|Capt|Captain|Sgt"
    r"|Sergeant|Lt|Col|Colonel|Gen|Hon|Judge|Justice|Messrs|Madam|Madame|Monsieur|Mme|Mlle|Herr|Frau"
    r"|Señora?|Sra?|Signora?|Pope)(?: ?\.)?"
)
CAPITAL = r"(?:(?!\d|_)[^\W\da-zß-öø-ÿ_](?:[\w-]|['’](?!s\b)){0,60}\w|(?!\d|_)[^\W\da-zß-öø-ÿ_]\.?)"
PARTICLE = r"(?:van|von|der|den|de|del|della|di|da|dos|du|la|le|el|al|bin|ibn|ten|ter|zu|y|e|of)"
NAME = rf"{CAPITAL}(?:(?:[ \u00a0]|(?<=\.))(?:{PARTICLE} ){{0,2}}{CAPITAL}){{0,4}}"
TITLED = re.compile(
    rf"(?<!\w)(?:{TITLE}|(?:mr|mrs|ms|dr)\.?|miss)[ \u00a0](?:{TITLE}[ \u00a0])?{NAME}"
)
LOWER_TITLED = re.compile(r"(?<!\w)(?:mr|mrs|ms|dr)\.? (?!and\b|or\b|who\b)[a-z]{3,}\b")
POPE = re.compile(r"(?<![\w#@])[Pp]ope(?!\w)(?! ?['’-]\w\w)")  # one person, by the office
INITIALLED = re.compile(
    # One initial alone is the letter of a heading, unless it stands inside a sentence.
    rf"(?<![\w.])(?:(?:[A-Z]\.[ -]?){{2,3}}|(?<=[a-z,(] )[A-Z] ?\. ?)(?:{PARTICLE} )?"
    r"(?!(?:The|In|On|It|As)\b)(?=[^\W\d_]+[a-zß-öø-ÿ])(?=[^\W\d_]{3})"
    rf"{CAPITAL}(?:-{CAPITAL})?"
)
SHOUT_BEFORE = re.compile(r"[^\W\d_a-z]{2,}\W{1,2}$")
SHOUT_AFTER = re.compile(r"\W{1,2}[^\W\d_a-z]{2,}(?!\w)")
WORD = r"[^\W\d_][\w'’-]{1,24}"
SAID_TO_BE = re.compile(
    r"\b(?:my (?:full )?name(?: is|'s|:)|(?:his|her|their|whose) name(?: is|'s| was)"
    r"|name on the account\?(?: User:)?|(?:^|\n)name:|(?:people )?call me|i am called|signed"
    r"|addressed to|account of|what's your name\?|follow up with|i'?m mr\.?"
    r"|speak (?:to|with) mr\.?)[ \t]+"
    rf"(?P<value>{WORD}(?:[ ](?:{PARTICLE} )?{WORD}){{0,3}})",
    re.IGNORECASE,
)
WORD_START = re.compile(r"(?<![\w#@/'’-])[^\W\d_]{3,}(?!\w)")
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
    r"|(?<![\w@#-])[a-z][\w-]{1,64}(?:, [a-z]+ and [a-z]+)? (?:llc|inc|ltd|gmbh|plc)\b\.?"
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
AS_THING = re.compile(r"(?<!\w)an? $")
END_OF_THING = re.compile(r" ?(?:[.,;!?)]|$)| (?:and|as|at|by|for|from|in|of|on|or|that|to|with) ")
# Short lines in a row, as in the head of a letter; a line of names, without numbers.
HEAD = re.compile(r"(?:^[> ]*[^\W_][^\n:!?]{1,50}(?:\n+|\Z)){3,}", re.MULTILINE)
HEAD_LINE = re.compile(r"^[> ]*((?:[^\W\d_][\w.,'’&-]* ?){1,5})$", re.MULTILINE)
TOKEN = re.compile(r"\S+")
CAPITAL_BEFORE, CAPITAL_AFTER = re.compile(r"[A-Z][\w'’-]* $"), re.compile(r"[ -][A-Z]")
THE = re.compile(r"\b(?:the|an?) $", re.IGNORECASE)


def find_persons(text: str) -> Iterator[Span]:
    """Yield names by a title, by initials, or by words such as "my name is"."""
    for span in spans_of("person", TITLED, LOWER_TITLED, POPE)(text):
        yield from _without_small_words(text, span)
    for match in INITIALLED.finditer(text):
        if match[0].split()[-1].lower() not in small_words():  # "in the U.S. Will it work?"
            yield Span("person", *match.span())
    for match in SAID_TO_BE.finditer(text):
        start, end = match.span("value")
        words = match["value"].split(" ")
        while words and words[-1].lower() in lists.NOT_A_NAME | lists.LINK_WORDS:
            end -= len(words.pop()) + 1
        if words and not any(word.lower() in lists.NOT_A_NAME for word in words):
            yield Span("person", start, end)
        elif words and words[0].lower() not in lists.NOT_A_NAME:
            yield Span("person", start, start + len(words[0]))


def _without_small_words(text: str, span: Span) -> Iterator[Span]:
    """Yield a titled name up to a pronoun or the like: no "Miss Your Best Friend"."""
    tokens = list(TOKEN.finditer(text, span.start, span.end))
    words = [token[0].lower() for token in tokens]
    small = (index for index in range(1, len(words)) if words[index] in small_words())
    end = next((index for index in small if not re.fullmatch(PARTICLE, words[index])), len(words))
    if end > 1 or len(words) == 1:
        yield Span("person", span.start, tokens[end - 1].end())


def find_listed(text: str) -> Iterator[Span]:
    """Yield names that begin with a listed first name, in any case: "Ann Lee", "ann lee"."""
    at = 0
    while match := WORD_START.search(text, at):
        first, at = match[0], match.end()
        if not lists.is_first_name(first) or not _stands_as_name(text, match):
            continue
        if first.islower() and not lists.in_english(text, *match.span()):
            continue
        if AS_THING.search(text[max(0, match.start() - 4) : match.start()]) and END_OF_THING.match(
            text, at
        ):
            continue  # "won an Emmy, and"
        while (following := NEXT_WORD.match(text, at)) and _goes_on(first, following[1]):
            at = following.end()
        yield Span("person", match.start(), at)


def find_places(text: str) -> Iterator[Span]:
    """Yield towns by the words before them, such as "lives in"."""
    for span in spans_of("place", SAID_TO_BE_PLACE)(text):
        if span.end - span.start > 1:
            yield span


def find_organisations(text: str) -> Iterator[Span]:
    """Yield organisations by their legal form, or by "works at" before them."""
    for span in spans_of("organisation", WITH_LEGAL_FORM, SAID_TO_BE_ORGANISATION)(text):
        words = text[span.start : span.end].lower().split()
        # "My Bank"; "flights inc" is short for "including" where there are capitals.
        small = words[0] in small_words() and len(words) < 3
        if not small and (text.islower() or not text[span.start : span.end].islower()):
            yield span


def find_in_heads(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Yield what is on lines of its own in the head of a letter, around a street address.

    A line before the address is an organisation, one behind it a place.
    """
    addresses = [span for span in spans if span.kind == "street_address"]
    for head in HEAD.finditer(text) if addresses and "\n" in text else ():
        inside = [one for one in addresses if head.start() <= one.start < head.end()]
        for line in HEAD_LINE.finditer(text, *head.span()) if inside else ():
            start, end = line.span(1)
            if any(span.start < end and start < span.end for span in spans):
                continue
            words = line[1].split()
            if text.islower() or all(word[0].isupper() or len(word) < 4 for word in words):
                kind = "organisation" if start < inside[0].start else "place"
                yield Span(kind, start, end)


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
        and word.lower() not in lists.PLAIN_WORDS
    }
    if parts:
        for match in CAPITAL_WORD.finditer(text):
            # "Alvin Straight" makes no name of a word in "The Straight Story".
            if match[0] in parts and not _is_word_of_title(text, match):
                yield Span("person", *match.span())
    for span in persons:
        end = span.end
        while (listed := BESIDE.match(text, end)) and listed[1].lower() not in lists.NOT_A_NAME:
            yield Span("person", *listed.span(1))
            end = listed.end(1)


def _is_word_of_title(text: str, word: re.Match[str]) -> bool:
    """Whether a word of the dictionary is among capitals, or is no last name after "the"."""
    lower, before = word[0].lower(), text[max(0, word.start() - 20) : word.start()]
    if not in_dictionary(lower):
        return False
    the = lower not in lists.last_names() and THE.search(before)
    return bool(the or CAPITAL_BEFORE.search(before) or CAPITAL_AFTER.match(text, word.end()))


def _goes_on(first: str, word: str) -> bool:
    lower = word.lower()
    if lower in lists.NOT_A_NAME or lower in lists.PLAIN_WORDS:
        return False
    if first.isupper() or first.islower():
        return lower in lists.last_names() and word.isupper() == first.isupper()
    return word[0].isupper() and not word.isupper()


def is_shouted(text: str, start: int, end: int) -> bool:
    """Whether the word before or after is in capitals, too."""
    return bool(
        SHOUT_BEFORE.search(text[max(0, start - 30) : start]) or SHOUT_AFTER.match(text, end)
    )


def _stands_as_name(text: str, word: re.Match[str]) -> bool:
    lower = word[0].lower()
    # In a shout, capitals say as little as none: "GOT MEGA BILL".
    shouted = word[0].isupper() and is_shouted(text, *word.span())
    if not (word[0].islower() or shouted) or lower in lists.SHORT_NAMES:
        return True
    sure = len(lower) > 3 and lower not in lists.LOWER_CASE_WORDS
    return sure or lists.acts_as_person(text, *word.span(), "listed")
