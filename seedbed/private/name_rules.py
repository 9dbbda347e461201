"""Names that words around them give away, and where a person's name begins and ends.

Rules about a title, initials, "my name is", "lives in" or "Ltd" need no model, and are strong where
a small model is weak. It also includes words around a name ("Gwen Stefani Wrap") and leaves others
out ("George" of "George N. Parks"); an English dictionary distinguishes words from names.
"""

import re
from collections.abc import Iterator, Sequence

from seedbed.private import name_lists as lists
from seedbed.private.dictionary import is_chat, is_english, small_words
from seedbed.private.patterns import Span, spans_of, word_list

TITLE = (
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Dame|Lady|Lord|Rev|Reverend|Fr|Capt|Captain|Sgt"
    r"|Sergeant|Lt|Col|Colonel|Gen|Hon|Judge|Justice|Messrs|Madam|Madame|Monsieur|Mme|Mlle|Herr|Frau"
    r"|Señora?|Sra?|Signora?|Pope)(?: ?\.)?"
)
CAPITAL = r"(?:(?!\d|_)[^\W\da-zß-öø-ÿ_](?:[\w-]|['’](?!s\b)){0,60}\w|(?!\d|_)[^\W\da-zß-öø-ÿ_]\.?)"
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
# Where a name begins and ends.
MAX_WORDS = 4  # more than that is a list of names or a heading
TOKEN = re.compile(r"\S+")
# "George N. Parks", also in texts with spaces around marks: "George N . Parks".
BETWEEN = re.compile(r" ?\.? (?:[A-Z](?: ?\.)? )?")
ENDS_IN_INITIAL = re.compile(r" [A-Z](?: ?\.)?$")
INITIAL_AFTER = re.compile(r" [B-HJ-Z](?![\w'’&/-])(?: ?\.(?= \w))?")
PLACE_BEFORE = re.compile(
    r"(?<!\w)(?:San|Santa|Sta|St|Saint|Ft|Fort|Mt|Mount|Lake|Port|North|South|East|West|Los|Las)"
    r"(?: ?\.)? $"
)
PLACE_AFTER = re.compile(
    r" (?:Park|Bowl|Theat(?:re|er)|University|College|School|Street|Road|Avenue|Beach|Hills?|County"
    r"|City|Academy|Bridge|Airport|River|Valley|Stadium|Studios?|Hospital|Library|Church)(?!\w)"
    r"|(?: ?,) [A-Z]{2}(?!\w)"
)
ENDS_AS_PLACE = re.compile(
    r"\w+ (?:Bowl|Theat(?:re|er)|University|College|School|Street|Road|Avenue|Hills|County|City"
    r"|Academy|Airport|Valley|Stadium|Studios?|Hospital|Library)"
)
# Words after a name that some bear as a last name.
NEVER_THIRD = word_list("never_third")
MARKS_AFTER = re.compile(r"\s+[^\w\s]+$|\.\.+$")
IN_PLACE = re.compile(r"(?<!\w)(?<!believe )(?<!interest )(?<!trust )(?<!faith )[Ii]n $")


def find_persons(text: str) -> Iterator[Span]:
    """Yield names by a title, by initials, or by words such as "my name is"."""
    yield from spans_of("person", TITLED, LOWER_TITLED, POPE)(text)
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


def find_listed(text: str) -> Iterator[Span]:
    """Yield names that begin with a listed first name, in any case: "Ann Lee", "ann lee"."""
    at = 0
    while match := WORD_START.search(text, at):
        first, at = match[0], match.end()
        if not lists.is_first_name(first) or not _stands_as_name(text, match):
            continue
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
            if match[0] in parts:
                yield Span("person", *match.span())
    for span in persons:
        end = span.end
        while (listed := BESIDE.match(text, end)) and listed[1].lower() not in lists.NOT_A_NAME:
            yield Span("person", *listed.span(1))
            end = listed.end(1)


def _goes_on(first: str, word: str) -> bool:
    lower = word.lower()
    if lower in lists.NOT_A_NAME or lower in lists.PLAIN_WORDS:
        return False
    if first.isupper() or first.islower():
        return lower in lists.last_names() and word.isupper() == first.isupper()
    return word[0].isupper() and not word.isupper()


def _stands_as_name(text: str, word: re.Match[str]) -> bool:
    if not word[0].islower() or word[0] in lists.SHORT_NAMES:
        return True
    sure = len(word[0]) > 3 and word[0] not in lists.LOWER_CASE_WORDS
    return sure or lists.acts_as_person(text, *word.span(), "listed")


def with_mended_persons(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return spans with those of persons corrected; other kinds stay as they are, in their order.

    A person is cut to the name, joined with the other pieces of one name, and left out if it is a
    place or plain words.
    """
    cut = [_cut(text, span) if span.kind == "person" else span for span in spans]
    kept = [
        span
        for span in cut
        if span.kind != "person" or not (_is_place(text, span) or _is_phrase(text, span))
    ]
    whole = _joined(text, [span for span in kept if span.kind == "person"])
    mended = (
        next(name for name in whole if name.start <= span.start < name.end)
        if span.kind == "person"
        else span
        for span in kept
    )
    return list(dict.fromkeys(mended))


def _joined(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return persons that overlap or follow one another as one, up to the length of a name."""
    result: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        last = result[-1] if result else None
        if last and (span.end <= last.end or _is_one_name(text, last, span)):
            result[-1] = Span("person", last.start, max(last.end, span.end))
        else:
            result.append(span)
    return [_with_initial(text, span) for span in result]


def _cut(text: str, span: Span) -> Span:
    """Return a span without the words and marks around the name."""
    tokens = list(TOKEN.finditer(text, span.start, span.end))
    if not tokens or re.match(TITLE, tokens[0][0]):
        return span
    while len(tokens) > 1 and _stands_before(tokens[0][0], tokens[1][0]):
        del tokens[0]
    start, words = tokens[0].start(), [token[0] for token in tokens]
    behind = next((index for index in range(1, len(words)) if _ends_before(index, words)), None)
    end = tokens[behind - 1].end() if behind else span.end
    if trailing := MARKS_AFTER.search(text[start:end]):
        end -= len(trailing[0])
    return Span(span.kind, start, end)


def _stands_before(word: str, following: str) -> bool:
    """Whether a word before a listed name is no name itself: "Getting Nash", "hey Joe"."""
    lower, name = word.lower(), following.strip(".,!?;:'’").lower()
    listed = name in lists.first_names() or name in lists.last_names()
    if not listed or lower in lists.all_first_names():
        return False
    if lower in lists.NOT_A_NAME or is_chat(lower):
        return True
    return lower.endswith("ing") and is_english(lower)


def _ends_before(index: int, tokens: Sequence[str]) -> bool:
    """Whether the name stops before a word: a mark, a word in lower case, a word of the dictionary
    from the third on (the second is often a last name that is a word: "Barbara Boxer")."""
    word = tokens[index]
    if not any(map(str.isalnum, word)):
        return word != "."
    if word.islower() and not tokens[0].islower():
        return word not in lists.LINK_WORDS and not re.fullmatch(PARTICLE, word)
    bare = word.strip(".,!?;:'\"’”)").lower()
    if index > 1 and bare in NEVER_THIRD:
        return True
    if index < 2 or re.fullmatch(PARTICLE, tokens[index - 1]) or len(bare) < 3:
        return False
    listed = bare in lists.first_names() or bare in lists.last_names()
    return is_english(bare) and not listed


def _is_one_name(text: str, left: Span, right: Span) -> bool:
    """Whether two spans that overlap or follow one another are parts of one name."""
    if right.start < left.end:
        return len(text[left.start : right.end].split()) <= MAX_WORDS
    first, between = text[left.start : left.end], text[left.end : right.start]
    initial = bool(ENDS_IN_INITIAL.search(first))
    if "." in between and not initial and not re.search(r"[A-Z]", between):
        return False
    return bool(BETWEEN.fullmatch(between)) and (initial or " " not in first)


def _with_initial(text: str, span: Span) -> Span:
    if " " not in text[span.start : span.end] and (more := INITIAL_AFTER.match(text, span.end)):
        return Span(span.kind, span.start, more.end())
    return span


def _is_place(text: str, span: Span) -> bool:
    """Whether the words around a span show that it is a place."""
    value = text[span.start : span.end]
    before, after = text[max(0, span.start - 20) : span.start], text[span.end : span.end + 20]
    if PLACE_BEFORE.search(before) or ENDS_AS_PLACE.fullmatch(value):
        return True
    return " " not in value and bool(PLACE_AFTER.match(after) or IN_PLACE.search(before))


def _is_phrase(text: str, span: Span) -> bool:
    """Whether the dictionary has all words, and no list of names the deciding one."""
    value = text[span.start : span.end]
    parts = re.findall(r"[^\W\d_]+", value.lower())
    if len(parts) == 1 and (is_chat(parts[0]) or parts[0] in small_words()):
        return True
    if re.match(TITLE, value, re.IGNORECASE) or not all(map(is_english, parts)):
        return False
    if len(parts) == 1 and parts[0] in lists.last_names():
        return False
    return not any(
        part in lists.all_first_names() or lists.is_first_name(part.title()) for part in parts
    )
