"""Lists of words and names, what persons do, and names that the lists alone give away.

Words of our own are files in data/, one word or phrase a line. The US census's names come from the
package `names`, other countries' from `faker`, the dictionary from spaCy's model, and names of
countries from `phonenumbers`. A bare name counts by the lists that know it, by the English
dictionary that does not, and by the words next to it: "Don Mattingly", "i love gwen stefani",
"leo 's new film", "Hendrix died".
"""

import functools
import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Literal

from seedbed.private.dictionary import (
    MIN_FIRST_PERCENT,
    MIN_LAST_PERCENT,
    census,
    is_chat,
    is_english,
    is_plain,
    is_town,
    missing_extra,
    small_words,
)
from seedbed.private.patterns import Span, lines, spans_of, word_list

LATIN = re.compile(r"[A-Za-zÀ-ɏ]{4,}")
OWNS = re.compile(r" ?['’]s ")
PAIR = re.compile(
    r"(?<![\w#@/'’.-])([A-Z][a-zß-öø-ÿ]+) ((?:Mc|Mac|O['’]|De|Di|Le)?[A-Z][a-zß-öø-ÿ]+)(?![\w/])"
)
UPPER_PAIR = re.compile(r"(?<![\w#@/'’.-])([A-Z]{3,}) ([A-Z]{3,})(?![\w/])")
LOWER_CASE = re.compile(
    r"(?<![\w'’@#/.&-])[a-zß-öø-ÿ]{2,}(?:['’-][a-zß-öø-ÿ]{3,})?(?![\w/@-]|['’](?!s\b)\w)"
)
LOWER_WORD = re.compile(r"(?<!\w)[a-zß-öø-ÿ]{2,}(?!\w)")
INITIAL = re.compile(r" [b-hj-mo-tvwyz](?: ?\.(?= [a-z]{3}))?(?![\w'’&/@-]| ?[+=:)(])")
CAPITALISED = re.compile(
    r"(?<![\w'’@#/.&-])(?<![A-Z][a-z] )[A-Z][a-zß-öø-ÿ]+(?:[A-Z][a-z]+)?(?![\w/@]|['’-]\w\w| ?\d)"
)
# New Jersey and who plays records are no initials.
INITIALS = re.compile(r"(?<![\w'’@#/.&-])[A-CE-MO-Z]J(?![\w/@]|['’-]\w\w)")
INSIDE_SENTENCE = re.compile(r"[a-z,] $")
SPEAKS_AFTER = re.compile(r" ?:\s")  # a name before what a person says, at the start of a text
NO_LAST_NAME = re.compile(r"\b(?:the|an?|this|your|my|our|in|from|at|near|to|[A-Z][\w.'’-]*) $")
NO_LAST_NAME_AFTER = re.compile(r" [A-Z\d]|['’-]")
MEANT_AFTER = re.compile(r" ?[.,!?;]? (?:\w+ ){0,5}(?:he|she|him|her|his|He|She|His|Her)(?!\w)")

# For which word a phrase next to it is evidence of a person; data/after_person.txt explains each.
Evidence = Literal["listed", "lower", "word", "unknown", "capital"]

NOT_A_NAME = word_list("not_a_name")
PLAIN_WORDS = word_list("plain_words")
LOWER_CASE_WORDS = word_list("lower_case_words")
ENGLISH_WORDS = word_list("english_words")
NO_NAME_PAIR = word_list("no_name_pair")
SHORT_NAMES = word_list("short_names")
LINK_WORDS = word_list("link_words")
MODALS = word_list("modals")
NEVER_ALONE = NOT_A_NAME | NO_NAME_PAIR | PLAIN_WORDS
# Plain words that are names where a last name follows.
NAMES_TOO = LOWER_CASE_WORDS | word_list("names_before_last_names")


def _phrases(name: str, evidence: Evidence) -> str:
    """Return the phrases of data/NAME.txt that are such evidence, as alternatives of a pattern."""
    columns = (line.split(": ") for line in lines(name))
    return "|".join(re.escape(phrase) for phrase, kinds in columns if evidence in kinds.split())


@functools.cache
def _beside_person(evidence: Evidence) -> tuple[re.Pattern[str], re.Pattern[str]]:
    # Without capitals to go by, "SAID" counts as "said"; tokenized texts have "ft . eminem".
    flags = re.IGNORECASE if evidence in ("listed", "lower") else re.NOFLAG
    mark = r"(?:\. )?" if evidence == "lower" else ""
    before = rf"\b(?:{_phrases('before_person', evidence) or '(?!)'}) {mark}$"
    after = rf" (?:{_phrases('after_person', evidence)})\b"
    return re.compile(before, flags), re.compile(after, flags)


def acts_as_person(
    text: str, start: int, end: int, evidence: Evidence, can_own: bool = False, after: bool = True
) -> bool:
    """Whether the words next to text[start:end] are those next to a person: "my wife X", "X said".

    `can_own` also trusts "X's", which is too weak for a word that no list of names has. Without
    `after` only the words before count.
    """
    words_before, words_after = _beside_person(evidence)
    return bool(
        words_before.search(text[max(0, start - 15) : start])
        or (after and words_after.match(text, end))
        or (can_own and OWNS.match(text, end))
    )


def is_first_name(word: str) -> bool:
    """Whether a word is a listed first name; outside of the US list it needs a capital."""
    lower = word.lower()
    return lower in first_names() or (word.istitle() and lower in world_first_names())


@functools.cache
def first_names() -> frozenset[str]:
    """Return first names in lower case, without those that are more often a plain word."""
    return all_first_names(MIN_FIRST_PERCENT) - PLAIN_WORDS


@functools.cache
def all_first_names(min_percent: float = 0) -> frozenset[str]:
    """Return first names in lower case, plain words too; trusted before a last name."""
    women, men = census("dist.female.first", min_percent), census("dist.male.first", min_percent)
    return women | men


@functools.cache
def last_names(min_percent: float = MIN_LAST_PERCENT) -> frozenset[str]:
    """Return last names in lower case; from 0 % on the rare ones, trusted next to a first name."""
    return census("dist.all.last", min_percent)


@functools.cache
def world_first_names() -> frozenset[str]:
    """Return first names of many countries in lower case, from the lists of the package `faker`.

    They have four letters and more, in Latin script. Trust them only in words with a capital.
    """
    try:
        from faker.providers import person
    except ImportError:
        raise missing_extra("the package `faker` is not installed") from None
    names: set[str] = set()
    for module in pkgutil.iter_modules(person.__path__):
        provider = importlib.import_module(f"{person.__name__}.{module.name}").Provider
        for attribute in ("first_names", "first_names_male", "first_names_female"):
            listed = getattr(provider, attribute, ())
            if not isinstance(listed, property):
                names.update(name.lower() for name in listed if LATIN.fullmatch(name))
    return frozenset(names) - PLAIN_WORDS - ENGLISH_WORDS


@functools.cache
def countries() -> re.Pattern[str]:
    """Return a pattern of English names of countries, without those of people or plain words."""
    from phonenumbers.geodata.locale import LOCALE_DATA

    english = [(languages, languages.get("en", "")) for languages in LOCALE_DATA.values()]
    # "*aa" means: the same as in language aa.
    names = {languages[name[1:]] if name[:1] == "*" else name for languages, name in english}
    words = {"Chad", "China", "Georgia", "Guinea", "Jersey", "Jordan", "Reunion", "Turkey", ""}
    known = sorted(names - words)
    either = "|".join(re.escape(name) for name in known)
    exact = r"(?-i:China|Georgia|Guinea|Jersey|Reunion|Turkey)"  # with a capital alone
    return re.compile(rf"(?<![\w-])(?:{either}|{exact})(?![\w-])", re.IGNORECASE)


def find_pairs(text: str) -> Iterator[Span]:
    """Yield first names that are plain words too, with a last name after: "Don Mattingly"."""
    for pattern in (PAIR, UPPER_PAIR):
        for match in pattern.finditer(text):
            if _is_pair(match[1], match[2].lower()):
                yield Span("person", *match.span())


def _is_pair(word: str, last: str) -> bool:
    first = word.lower()
    if {first, last} & (NO_NAME_PAIR | small_words()):
        return False
    if not (first in all_first_names() or is_first_name(word.title())):
        return last in last_names() and not is_english(last) and not is_english(first)
    if word.istitle() and not is_english(last):
        return True
    return last in last_names() and (first not in PLAIN_WORDS or not is_english(last))


def is_pair_of_names(value: str) -> bool:
    """Whether two words that a model calls an organisation are rather a first and a last name."""
    parts = value.split(" ")
    if len(parts) != 2 or not all(part.istitle() and part.isalpha() for part in parts):
        return False
    first, last = (part.lower() for part in parts)
    if last not in last_names() or {first, last} & NO_NAME_PAIR:
        return False
    return first in all_first_names() or not (is_english(first) and is_english(last))


def find_lower_case(text: str) -> Iterator[Span]:
    """Yield names in lower case: a first name with what belongs to it, or a word used as a name."""
    end = 0
    while word := LOWER_CASE.search(text, end):
        first, end = word[0], word.end()
        following = LOWER_CASE.match(text, end + 1) if text[end : end + 1] == " " else None
        if following and _is_last_name(first, following[0]):
            end = following.end()
        elif not _stands_alone(text, word):
            continue
        elif first in first_names() and (initial := INITIAL.match(text, end)):
            end = initial.end()
        if in_english(text, word.start(), end):
            yield Span("person", word.start(), end)


def in_english(text: str, start: int, end: int) -> bool:
    """Whether most words in lower case around text[start:end] are English or names.

    "jo" and "hai" are names in no "hum sochte hai", which is Hindi.
    """
    around = LOWER_WORD.findall(text, max(0, start - 40), start)
    around += LOWER_WORD.findall(text, end, end + 40)[:-1]  # the last may be cut
    unknown = sum(not (is_english(word) or is_chat(word) or _is_name(word)) for word in around)
    return unknown < 3 or unknown * 2 < len(around)


def _is_name(word: str) -> bool:
    return word in all_first_names() or word in last_names(0) or word in world_first_names()


def _is_word(word: str) -> bool:
    return word in NOT_A_NAME or word in MODALS or is_chat(word)


def _is_last_name(first: str, word: str) -> bool:
    """Whether a word behind a first name belongs to it."""
    if _is_word(first) or _is_word(word) or len(word) < 3:
        return False
    if first in first_names() and first not in LOWER_CASE_WORDS:
        if not is_english(word):
            return True
        return word in last_names(0) and not (is_plain(word) or word in small_words())
    if first in NAMES_TOO or (first in all_first_names() and not is_english(first)):
        return word in last_names()
    listed = first in world_first_names() or first in all_first_names()
    return listed and word in last_names() and not is_english(word)


def _stands_alone(text: str, word: re.Match[str]) -> bool:
    """Whether a single word is a name: a sure first name, or one next to the words of a person."""
    name = word[0]
    if _is_word(name) or len(name) < 3:
        return False
    if name in first_names():
        sure = name in SHORT_NAMES or (len(name) > 3 and name not in LOWER_CASE_WORDS)
        return sure or acts_as_person(text, *word.span(), "lower", can_own=True)
    if is_english(name) or name in PLAIN_WORDS or name in ENGLISH_WORDS:
        return False
    known = name in world_first_names() or name in last_names(0)
    if not known:
        # What chats misspell is followed by "got" and "left", too, but not by "died" or "said".
        by = acts_as_person(text, *word.span(), "lower", after=False)
        return by or acts_as_person(text, *word.span(), "word")
    return acts_as_person(text, *word.span(), "lower", can_own=known)


@functools.cache
def _after_relation() -> re.Pattern[str]:
    name = r"[A-Z][a-zß-öø-ÿ]+(?:[A-Z][a-z]+)?"
    return re.compile(
        rf"\b(?:{_phrases('before_person', 'capital')}) (?P<a>{name})(?: {name})?(?!\w)"
    )


def find_related(text: str) -> Iterator[Span]:
    """Yield names behind the word for a person: "my dad Scooter Braun", "uncle Timi"."""
    for match in _after_relation().finditer(text):
        first, last = match["a"].lower(), match[0].split()[-1].lower()
        word = is_english(first) and (last == first or last not in last_names())
        if not (word or is_chat(first) or first in NEVER_ALONE):
            yield Span("person", match.start("a"), match.end())


def find_lone(text: str) -> Iterator[Span]:
    """Yield single capitalised words that act as a person, or that "he" or "she" refers to."""
    yield from spans_of("person", INITIALS)(text)
    for match in CAPITALISED.finditer(text):
        if _is_person(match[0].lower(), text, match):
            yield Span("person", *match.span())


def _is_last_name_alone(word: str, text: str, match: re.Match[str]) -> bool:
    """Whether a capital inside a sentence is that of a last name, and no word's or town's."""
    before = text[max(0, match.start() - 20) : match.start()]
    speaks = not before.strip() and SPEAKS_AFTER.match(text, match.end())
    if not (speaks or INSIDE_SENTENCE.search(before)) or NO_LAST_NAME.search(before):
        return False
    if word not in last_names() or is_english(word) or is_town(word):
        return False
    return not NO_LAST_NAME_AFTER.match(text, match.end())


def _is_person(word: str, text: str, match: re.Match[str]) -> bool:
    if len(word) < 3 or word in NEVER_ALONE or is_chat(word) or word in small_words():
        return False
    if _is_last_name_alone(word, text, match):
        return True
    if is_english(word):
        return word in last_names() and acts_as_person(text, *match.span(), "word")
    if acts_as_person(text, *match.span(), "unknown"):
        return True
    return MEANT_AFTER.match(text, match.end()) is not None
