"""Languages and regions: whose words name a value in a text, and whose numbers may be in it.

What is known of a language is its entry in data/languages.toml. Which languages a text has is
decided by that text alone, so that no row changes what is found in another one: by the scripts of
its letters and, where these are Latin, by py3langid. English regions always count.
"""

import heapq
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import cache, cached_property
from typing import Annotated, Literal, NamedTuple
from zlib import crc32

import phonenumbers
import regex

from seedbed.core.metrics import Metrics
from seedbed.core.params import from_table
from seedbed.core.text_units import GLUED, ascii_signs, language_of, length_of, values_apart
from seedbed.private.patterns import DATA

Topic = Literal["phone", "number", "born", "account", "id", "postcode", "secret", "other"]
Regions = (
    Literal["auto"] | tuple[Annotated[str, from_table(sorted(phonenumbers.SUPPORTED_REGIONS))], ...]
)

ENGLISH, PIDGIN = "en", "pcm"  # py3langid takes slang for Nigerian Pidgin
ENGLISH_ONLY = (
    "names (street addresses are found in more), ages, nationalities, job titles, e-mails spelled "
    "out, months in the kind date, case numbers"
)
SAMPLE, MIN_LENGTH = 1000, 40  # texts, and characters of one, whose languages a run reports
# Between a word and the value it names: what is not a digit and does not end a clause.
LINK_CHARS = 20
PARTICLE_BETWEEN = re.compile(r"\w{0,2}\s?")
LINK = rf"[^\d!?;,\n。！？，、،؛]{{0,{LINK_CHARS}}}$"
# A letter that makes another word of a word next to it. Arabic and Hebrew write particles and
# possessives together with a noun.
GOES_ON = rf"[[\p{{L}}\p{{M}}]--{GLUED.pattern}--[\p{{scx=Arab}}\p{{scx=Hebr}}]]"
# Words of no other language: a text with two of them needs no words of others.
ENGLISH_WORDS = frozenset(
    "the and you your have with what this that from please been would could should there they call "
    "now send reply txt were when who will are my to get can how why but".split()
)
CONTRACTION = re.compile(r"\b(?:it's|i'm|don't)\b")
WORD = re.compile(r"\w+")
# The letters of a text in Latin ones, for `re`, which is faster; ASCII is parted faster still.
_LATIN = "".join(map(chr, (*range(0x370), *range(0x1E00, 0x2E80))))
LETTERS = re.compile(f"[{''.join(regex.findall(GOES_ON, _LATIN, regex.V1))}]+")
NOT_WORD = str.maketrans({code: " " for code in range(128) if not re.match(r"\w", chr(code))})
NOT_LETTER = str.maketrans({code: " " for code in range(128) if not chr(code).isalpha()})


class Language(NamedTuple):
    """A language: its script if that identifies it, regions where it is written, words by topic."""

    code: str
    script: str
    regions: tuple[str, ...]
    words: dict[str, tuple[str, ...]]


def _read() -> dict[str, Language]:
    content = tomllib.loads((DATA / "languages.toml").read_text(encoding="utf-8"))
    return {
        code: Language(
            code,
            entry.pop("script", ""),
            tuple(entry.pop("regions")),
            {topic: tuple(words) for topic, words in entry.items()},
        )
        for code, entry in content.items()
    }


LANGUAGES = _read()
SCRIPTS = {
    script: regex.compile(rf"\p{{{script}}}")
    for script in dict.fromkeys(language.script for language in LANGUAGES.values())
    if script
}
NOT_LATIN_LETTER = re.compile("[\u0370-\u1dff\u2e80-\ufdff\ufe70-\U0001efff\U00020000-\U0003ffff]")
LATIN = regex.compile(r"\p{Latin}")


def either_word(words: Collection[str]) -> regex.Pattern[str]:
    """The pattern of any of the words, whole, in a text of lower case; `*` is any ending."""
    return regex.compile(_either(words), regex.V1)


def _either(words: Collection[str]) -> str:
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    either = "|".join(regex.sub(r"(?<!\\)\*", r"[\\p{L}\\p{M}]*", word) for word in longest_first)
    return rf"(?<!{GOES_ON})(?:{either})(?!{GOES_ON})"


@cache
def whole_words(words: tuple[str, ...]) -> regex.Pattern[str]:
    """The pattern of words that a project names, each as it is written."""
    return either_word([regex.escape(word.lower()) for word in words])


def first_letters(words: Collection[str]) -> frozenset[str]:
    """The first letters, three at most, of those words that are in Latin letters."""
    letters = (re.match(r"[^\W\d_]{1,3}", word) for word in words if is_latin(word))
    return frozenset(match[0] for match in letters if match)


@cache
def _first_letters(topic: Topic) -> frozenset[str]:
    return first_letters({word for one in LANGUAGES.values() for word in one.words.get(topic, ())})


@cache
def naming(
    topic: Topic, is_ascii: bool = False, code: str = "", end: str = ""
) -> regex.Pattern[str]:
    """The pattern of the words on a topic, of one language or of all.

    `is_ascii`: only those that an ASCII text can hold. `end`: a pattern that follows the word.
    """
    of = [LANGUAGES[code]] if code else LANGUAGES.values()
    words = {word for one in of for word in one.words.get(topic, ())}
    words = {word for word in words if word.isascii()} if is_ascii else words
    return regex.compile(_either(words or {r"(?!)"}) + end, regex.V1)


def languages_of(text: str) -> list[str]:
    """The codes of the languages that a text may be in: those of the scripts of its letters or,
    of a text in Latin letters alone, the one of py3langid."""
    found = [] if is_latin(text) else [name for name, one in SCRIPTS.items() if one.search(text)]
    if "Hiragana" in found and "Han" in found:
        found.remove("Han")  # Kanji
    if found:
        return [code for code, one in LANGUAGES.items() if one.script in found]
    if not LATIN.search(text) or _is_plainly_english(text):
        return [ENGLISH]
    code = language_of(text)
    return [ENGLISH if code == PIDGIN else code]


def is_latin(text: str) -> bool:
    """Whether a text has letters of the Latin script alone."""
    return text.isascii() or not NOT_LATIN_LETTER.search(text)


def _is_plainly_english(text: str) -> bool:
    lower = text.lower()
    words = lower.translate(NOT_WORD).split() if lower.isascii() else WORD.findall(lower)
    found = sum(map(ENGLISH_WORDS.__contains__, words))
    return found > 1 or ("'" in lower and found + len(CONTRACTION.findall(lower)) > 1)


class Searched:
    """A text as finders search it; its positions are those of the text.

    `folded` has ASCII digits and signs in place of full-width ones and those of other scripts.
    `apart` has spaces, too, where letters are that may be written together with a value.
    """

    def __init__(self, text: str, regions: Regions = "auto") -> None:
        self.text = text
        self.folded = ascii_signs(text)
        self.apart = values_apart(self.folded)
        self._regions = regions

    @cached_property
    def lower(self) -> str:
        """The folded text in lower case, as words are looked up in it."""
        lower = self.folded.lower()
        if len(lower) != len(self.folded):  # İ becomes two characters
            lower = "".join(character.lower()[0] for character in self.folded)
        return lower

    @cached_property
    def languages(self) -> list[str]:
        """The codes of its languages."""
        return languages_of(self.text)

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """The regions whose national numbers may be in it."""
        if self._regions != "auto":
            return self._regions
        return regions_of([ENGLISH, *self.languages])

    @cached_property
    def is_plainly_english(self) -> bool:
        """Whether two English words make a look for words of other languages needless."""
        return is_latin(self.text) and _is_plainly_english(self.text)

    @cached_property
    def first_letters(self) -> set[str] | None:
        """The first letters, three at most, of its words in lower case, if all are Latin."""
        if self.text.isascii():
            return {word[:3] for word in self.lower.translate(NOT_LETTER).split()}
        return {word[:3] for word in LETTERS.findall(self.lower)} if is_latin(self.text) else None

    @cached_property
    def caseless(self) -> str:
        """The folded text in lower case, with ASCII letters for those that `re.IGNORECASE` takes
        for them."""
        is_ascii = self.text.isascii()
        return self.lower if is_ascii else self.lower.translate({0x131: "i", 0x17F: "s"})

    def may_have(self, letters: frozenset[str]) -> bool:
        """Whether a word with such first letters may be in it: one cheap look, before patterns of
        hundreds of words are tried at each number."""
        return self.first_letters is None or not letters.isdisjoint(self.first_letters)

    def may_name(self, topic: Topic) -> bool:
        """Whether a word on a topic may be in it."""
        return self.may_have(_first_letters(topic))

    def named(self, topic: Topic, low: int, high: int) -> list[str]:
        """The codes of the languages other than English that have a word on a topic between two
        positions."""
        text, low = self.lower, max(0, low)
        if not self.may_name(topic) or self.is_plainly_english:
            return []
        if not naming(topic, text.isascii()).search(text, low, high):
            return []
        if self.languages == [ENGLISH]:
            return []
        codes = (code for code in LANGUAGES if code != ENGLISH)
        return [code for code in codes if naming(topic, code=code).search(text, low, high)]

    def last_word(self, topic: Topic, end: int, behind: str = "") -> int:
        """Where the last word on a topic ends before a position; 0 if there is none near. In an
        English text only English words count.

        `behind`: a pattern of what follows the word.
        """
        if not self.may_name(topic):
            return 0
        text, low = self.lower, max(0, end - 2 * LINK_CHARS)

        def last(code: str) -> int:
            words = naming(topic, text.isascii(), code, behind)
            return max((match.end() for match in words.finditer(text, low, end)), default=0)

        last_of_any = 0 if self.is_plainly_english else last("")
        if last_of_any and self.languages != [ENGLISH]:
            return last_of_any
        return last(ENGLISH) if topic in LANGUAGES[ENGLISH].words else 0

    def is_called(self, topic: Topic, start: int) -> bool:
        """Whether a word on a topic is directly before a value that starts at `start`: one of
        another language than English or, in an English text, of data/languages.toml."""
        return self.last_word(topic, start, LINK) > 0

    def is_called_behind(self, topic: Topic, end: int) -> bool:
        """Whether such a word of another language than English is directly behind a value that ends
        at `end`, but for a particle of one or two letters."""
        text, high = self.lower, end + LINK_CHARS
        return bool(self.named(topic, end, high)) and any(
            PARTICLE_BETWEEN.fullmatch(text, end, match.start())
            for match in naming(topic, text.isascii()).finditer(text, end, high)
        )


def regions_of(codes: Sequence[str]) -> tuple[str, ...]:
    """The regions of languages, each once, in order."""
    of = (LANGUAGES[code].regions for code in codes if code in LANGUAGES)
    return tuple(dict.fromkeys(region for regions in of for region in regions))


def sampled(texts: Iterable[str]) -> list[str]:
    """Return a sample of different texts: the first 1,000 by hash, of 40 characters or more. That
    of several samples and other texts is that of all their texts."""
    long = (text for text in set(texts) if length_of(text) >= MIN_LENGTH)
    return heapq.nsmallest(
        SAMPLE, long, key=lambda text: (crc32(text.encode("utf-8", "replace")), text)
    )


def texts_by_language(sample: Collection[str]) -> dict[str, int]:
    """Count the languages of a sample of texts, the most frequent first. A language of less than a
    fiftieth may be a mistake and is left out."""
    counts = Counter(map(_language, sample))
    return {code: n for code, n in counts.most_common() if n * 50 >= len(sample)}


def _language(text: str) -> str:
    codes = languages_of(text)
    if len(codes) > 1 and (code := language_of(text)) in codes:
        return code
    return codes[0]


class LookedFor(Metrics):
    """What is on: kinds by pattern and of names, the regions whose national numbers count, the
    languages of a sample of the texts, and those of them in which no word names a value."""

    kinds: list[str]
    names: list[str]
    regions: list[str]
    texts_by_language: dict[str, int]
    languages_without_words: list[str]


def looked_for(
    kinds: Sequence[str], names: Sequence[str], regions: Regions, texts: Iterable[str]
) -> LookedFor:
    """Return what is on for texts, or for a sample of them, under the values of the params."""
    languages = texts_by_language(sampled(texts))
    found = regions_of([ENGLISH, *languages]) if regions == "auto" else regions
    without = [code for code in languages if code not in LANGUAGES]
    return LookedFor(
        kinds=list(kinds),
        names=list(names),
        regions=list(found),
        texts_by_language=languages,
        languages_without_words=without,
    )


def in_other_languages(found: LookedFor) -> str:
    """Say what is not looked for in the texts that are not English; "" if all are."""
    if not set(found.texts_by_language) - {ENGLISH}:
        return ""
    counts = ", ".join(f"{n:,} {code}" for code, n in found.texts_by_language.items())
    without = ", ".join(found.languages_without_words)
    words = f"; no words that name a value are known in {without}" if without else ""
    return f"texts by language, in a sample: {counts}{words}; for English alone: {ENGLISH_ONLY}"
