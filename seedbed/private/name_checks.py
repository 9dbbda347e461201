"""What to trust of what the model says: a name, and of which kind, or a word, a code, a shout.

A small model takes a capital for a name and a word after "in" for a place. The dictionary, the
lists of names and towns, and the words around tell otherwise.
"""

import re

from seedbed.private import name_lists as lists, name_rules as rules
from seedbed.private.dictionary import (
    codes,
    in_dictionary,
    is_chat,
    is_english,
    is_plain,
    is_town,
    small_words,
)
from seedbed.private.name_mending import ENDS_AS_PLACE
from seedbed.private.patterns import Span, word_list

COMMON = word_list("common_words")
# Words at the end of which an organisation is one although all its words are of the dictionary.
ORGANISATION_WORDS = word_list("organisation_words")
INSIDE_SENTENCE = re.compile(r"[a-z,;:] $| [A-Z] ?\. ?$")
AFTER_INITIAL = re.compile(r" [A-Z] ?\. ?$")
LINE_BEFORE, LINE_AFTER = re.compile(r"\n[>\s]*$"), re.compile(r"[ ,]*(?:\n|$)")
DETERMINED = re.compile(r"\b(?:the|an?|this|your|my|our|no|any|each|every|new) $", re.IGNORECASE)
# What follows a person at the start of a sentence, where a capital says nothing.
AS_PERSON = re.compile(
    r" (?:is|are|was|were|has|had|will|won't|can|did)\b|:? ['\"“]|: \\?\"| (?:and|&amp;) [A-Z]"
    r"| (?!(?:its|this|as|us|his|always|lots|yes)\b)[a-z]{2,}(?:ed|[^s]s)\b"
)
# Countries and unions by their letters, which are words or codes, too.
LETTERS_OF_PLACE = frozenset({"us", "uk", "usa", "uae", "eu", "ussr", "nyc", "la", "dc"})
BEFORE_PLACE = re.compile(r"(?<!\w)(?:in|from|at|near|visit|to) $", re.IGNORECASE)
LETTERS = re.compile(r"[^\W\d_]+")
TOKEN = re.compile(r"\S+")
MARKS_INSIDE = re.compile(r"[!?;:*<>=£$€\n]|\.\.|\d\w*[a-z]")
BEFORE_ORGANISATION = re.compile(
    r"\b(?:at|for|from|join(?:ed|ing)?|outside|via|called|the) $|[,:] $", re.IGNORECASE
)
AT_ORGANISATION = re.compile(r"\b(?:at|from|for|joined|outside) $")
OF_A_THING = re.compile(r" ([a-z]{3,})")
NATIONALITIES = word_list("nationalities")
# Of the census, from which a word of the dictionary is rather a name.
COMMON_FIRST_PERCENT, COMMON_LAST_PERCENT = 0.05, 0.02
MAX_ACRONYM = 6  # letters


def checked(span: Span, text: str) -> Span | None:
    """Return what the model calls a name, as what and as far as it is one; None if it is none."""
    kind, start, end = span
    value = text[start:end]
    letters = sum(map(str.isalpha, value))
    if (
        letters < 2
        or sum(map(str.isdigit, value)) >= letters
        or not any(map(str.isupper, value))
        or "@" in value
        or "://" in value
        or text[:start].endswith(("#", "@"))
        or re.fullmatch(rules.TITLE, value)
    ):
        return None
    if kind != "person" and start == 0 and lists.is_first_name(value):
        return None  # "Lucas, can I ...": the first word of a text is rarely a place
    parts = [part.lower() for part in LETTERS.findall(value)]
    if all(part in COMMON or is_chat(part) or part in codes() for part in parts):
        return None
    if kind == "person" or (kind == "organisation" and lists.is_pair_of_names(value)):
        return _person(text, start, end)
    if value.isupper() and "".join(parts) in LETTERS_OF_PLACE:
        return None if rules.is_shouted(text, start, end) else Span("place", start, end)
    if LINE_BEFORE.search(text[:start]) and LINE_AFTER.match(text, end):
        # A line of its own, as in a letter's head.
        return None if all(map(is_english, parts)) and len(parts) < 2 else span
    if value.isupper() and not _is_acronym(span, text, parts):
        return None
    if len(parts) == 1 and _is_lone_person(text, start, end, parts[0]):
        return Span("person", start, end)
    if all(map(is_english, parts)) and lists.countries().search(value):
        return Span("place", start, end)  # "Republic of the Congo"
    trusted = _is_organisation if kind == "organisation" else _is_place
    return span if trusted(text, start, end, parts) else None


def _person(text: str, start: int, end: int) -> Span | None:
    """Return the part of a person that is a name: Itou of "ex-Zombie Itou", Ann of "Ann 28"."""
    tokens = list(TOKEN.finditer(text, start, end))
    words_before = False
    while len(tokens) > 1 and _is_word(tokens[0][0]) and tokens[0][0][-1] != ".":
        words_before |= tokens[0][0].istitle()
        del tokens[0]
    first = LETTERS.findall(tokens[0][0])
    is_first = bool(first) and first[0].lower() in lists.all_first_names()
    for index, token in enumerate(tokens[1:], start=1):
        number_or_mark = any(map(str.isdigit, token[0])) or not any(map(str.isalnum, token[0]))
        word = is_chat(token[0].lower()) or (
            not (is_first or token[0].istitle()) and _is_word(token[0])
        )
        if (number_or_mark and token[0] != ".") or word:
            del tokens[index:]
            break
    start, end = tokens[0].start(), tokens[-1].end()
    parts = [part.lower() for part in LETTERS.findall(text[start:end])]
    if words_before and len(parts) == 1 and is_english(parts[0]) and not _is_listed(parts[0]):
        return None  # "Hidden Frontier", "Back Draft"
    if any(part in small_words() for part in parts[1:-1]):
        return None  # "Will Be Blood"
    return Span("person", start, end) if parts and _is_person(text, start, end, parts) else None


def _is_word(token: str) -> bool:
    """Whether all parts of a token are words, and none is a listed name."""
    parts = LETTERS.findall(token.lower())
    return any(map(str.isdigit, token)) or all(
        is_chat(part)
        or part in lists.NOT_A_NAME
        or (is_english(part) and part not in lists.last_names() | lists.all_first_names())
        for part in parts
    )


def _is_person(text: str, start: int, end: int, parts: list[str]) -> bool:
    value, inside = text[start:end], bool(INSIDE_SENTENCE.search(text[:start]))
    if re.match(rules.TITLE, value):
        return True
    if len(parts) > 1:
        last = parts[-1] in lists.last_names(0)
        pair = (last and len(parts[0]) < 3) or (
            parts[0] in lists.all_first_names() and (last or not is_english(parts[-1]))
        )
        odd = not all(map(is_english, parts))
        unlisted = value.istitle() and odd and (inside or not is_english(parts[0]))
        thing = is_english(parts[-1]) and not (pair or last or _is_listed(parts[0]))
        if thing and start > 0:
            return False  # "a Nokia Phone"; but a text may begin with "Soulja Boy"
        return any(map(_is_listed, parts)) or (not value.isupper() and (pair or unlisted))
    if lists.is_first_name(value):
        return True
    word = parts[0]
    if word in lists.last_names() and not is_english(word):
        return True
    if not value.istitle() or DETERMINED.search(text[:start]):
        return False
    if lists.acts_as_person(text, start, end, "unknown"):
        return True
    acts = bool(AS_PERSON.match(text, end))
    if not in_dictionary(word):
        return inside or (acts and not is_english(word))
    if word in lists.all_first_names(0 if inside else COMMON_FIRST_PERCENT):
        return inside or acts
    initial = AFTER_INITIAL.search(text[:start])  # "George N . Parks"
    common = word in lists.last_names(COMMON_LAST_PERCENT) and (initial or not is_plain(word))
    return (inside and bool(common)) or (acts and word in lists.last_names())


def _is_listed(part: str) -> bool:
    if part.title() in NATIONALITIES:
        return False  # "German Government"
    if part in lists.all_first_names() or part in lists.world_first_names():
        return not is_english(part) or part in lists.first_names()
    return part in lists.last_names(0) and not is_english(part)


def _is_acronym(span: Span, text: str, parts: list[str]) -> bool:
    """Whether capitals are an acronym ("HBO") or a town, no word or shout ("PIN", "CALL NOW")."""
    kind, start, end = span
    if len(parts) > 1:
        in_place = re.search(r"\bin $", text[:start]) and not any(map(is_english, parts))
        return bool(in_place) or parts[-1] in ORGANISATION_WORDS or is_town(" ".join(parts))
    if is_english(parts[0]) and not is_town(parts[0]):
        return False
    fits = kind == "place" or len(parts[0]) <= MAX_ACRONYM or BEFORE_PLACE.search(text[:start])
    return bool(fits) and not rules.is_shouted(text, start, end)


def _is_lone_person(text: str, start: int, end: int, word: str) -> bool:
    """Whether a word that the model calls otherwise is a first or last name on its own."""
    value = text[start:end]
    inside, acts = INSIDE_SENTENCE.search(text[:start]), AS_PERSON.match(text, end)
    if not (inside or acts) or not value.istitle() or is_town(word):
        return False
    if DETERMINED.search(text[:start]) or BEFORE_PLACE.search(text[:start]):
        return False
    if lists.is_first_name(value):
        return True
    if not in_dictionary(word) and not is_chat(word):
        return len(word) > 3 and not BEFORE_ORGANISATION.search(text[:start])
    return word in lists.last_names() and not is_plain(word)


def _is_organisation(text: str, start: int, end: int, parts: list[str]) -> bool:
    value = text[start:end]
    if parts[0] in lists.NOT_A_NAME and len(parts) == 2:
        return False  # "My Bank", "A Company"
    if parts[-1] in ORGANISATION_WORDS or re.match(r"\w+ (?:of|for) ", value, re.IGNORECASE):
        return bool(ORGANISATION_WORDS & {parts[0], parts[-1]}) and len(parts) > 1
    if "-" in value and all(part in lists.last_names() for part in parts):
        return True  # "Taylor-Jones"
    if MARKS_INSIDE.search(value) or any(map(is_chat, parts)):
        return False
    if all(in_dictionary(part) or part in codes() for part in parts):
        # "Castle Biosciences", but "Apple Pay": what ends in a verb is rather a product.
        plain = is_plain(parts[-1]) or bool(codes() & set(parts)) or not value.istitle()
        inside = INSIDE_SENTENCE.search(text[:start]) and not DETERMINED.search(text[:start])
        if len(parts) == 1 and AT_ORGANISATION.search(text[:start]):
            return not plain  # "contacting you from Nielsen"
        return len(parts) > 1 and bool(inside) and not plain
    if len(parts) > 1:
        # A shout inside: "Nokia & FREE".
        return not any(word.isupper() and is_english(word.lower()) for word in value.split())
    if not BEFORE_ORGANISATION.search(text[:start]) and not BEFORE_PLACE.search(text[:start]):
        return False
    # "a SEPA transfer": what describes a thing is no organisation that acts.
    following = OF_A_THING.match(text, end)
    return not (value.isupper() and following and is_english(following[1]))


def _is_place(text: str, start: int, end: int, parts: list[str]) -> bool:
    value = text[start:end]
    if MARKS_INSIDE.search(value) or any(map(is_chat, parts)):
        return False
    if is_town(value.lower()) or lists.countries().search(value):
        return True
    if all(map(is_english, parts)):
        return bool(ENDS_AS_PLACE.fullmatch(value))
    after = BEFORE_PLACE.search(text[:start]) or INSIDE_SENTENCE.search(text[:start])
    return bool(after or AS_PERSON.match(text, end)) or any(map(is_town, parts))


def checked_in_one_case(span: Span, text: str) -> Span | None:
    """Return what `checked` does of a text in one case: a person needs a listed name, and a
    place must stand behind "in" and be a town, or no word of the dictionary."""
    parts = text[span.start : span.end].lower().split()
    if span.kind == "person":
        listed = any(part in lists.first_names() for part in parts) and len(parts) < 4
        return span if listed else None
    if span.kind != "place" or not BEFORE_PLACE.search(text[: span.start]):
        return None
    return None if all(map(is_word_in_lower_case, parts)) else span


def is_word_in_lower_case(word: str) -> bool:
    """Whether a lower-case word after "in" is rather a word than a place: "in theaters"."""
    return is_english(word) and (not is_town(word) or is_plain(word))
