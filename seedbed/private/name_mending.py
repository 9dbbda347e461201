"""Persons as found, corrected: where a name begins and ends, and what is a place or plain words.

A small model includes words around a name ("Gwen Stefani Wrap") and leaves others out ("George" of
"George N. Parks"); an English dictionary distinguishes words from names.
"""

import re
from collections.abc import Sequence

from seedbed.private import name_lists as lists
from seedbed.private.dictionary import is_chat, is_english, small_words
from seedbed.private.name_rules import PARTICLE, TITLE, TOKEN
from seedbed.private.patterns import Span, word_list

# Where a name begins and ends.
MAX_WORDS = 4  # more than that is a list of names or a heading
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
