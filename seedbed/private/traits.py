"""What identifies somebody next to a name: street addresses; ages, nationalities and job titles.

An address is a number next to a street, a unit, a box, a postcode with its town, or words such as
"lives at". Words for a street are lists in data/; those of scripts other than Latin are, with the
order of the parts in such an address, in data/streets_by_script.txt.

The others are kinds of `anonymize.names`, off unless named there. English alone: each is found by
the words around it ("34-year-old", "a Turkish national", "works as a night nurse"), so that "a
10-year-old bug", "Turkish delight" and "ask the manager" stay.
"""

import functools
import re
from collections.abc import Iterator

from seedbed.private.dictionary import is_english, missing_extra, small_words
from seedbed.private.patterns import Span, lines, spans_of, word_list

KINDS = ("age", "nationality", "job_title")

PERSON = (
    r"(?:man|woman|boy|girl|guy|lady|male|female|person|child|kid|baby|toddler|teenager|adult|son"
    r"|daughter|brother|sister|mother|father|mum|mom|dad|husband|wife|partner|friend|neighbou?r"
    r"|student|pupil|patient|victim|suspect|driver|widow|widower|pensioner|mother-in-law|grandson"
    r"|granddaughter|nephew|niece|cousin|uncle|aunt|boyfriend|girlfriend|citizens?|nationals?"
    r"|applicant|worker|employee|colleague|immigrant|migrant|refugee|couple|family|people)"
)
TENS = r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
ONES = r"(?:one|two|three|four|five|six|seven|eight|nine)"
NUMBER = rf"(?P<value>1[01]\d|\d{{1,2}}|(?i:{TENS}(?:[- ]{ONES})?|ten|eleven|twelve|\w{{3,5}}teen))"
IS = r"(?:\bI am|\b(?:I|he|she)['’]m|\b(?:[Hh]e|[Ss]he)(?:['’]s| is| was)|\bI was|\bwho (?:is|was))"
CLAUSE_END = r"(?=\s*(?:[.,;!?)\n]|$)|\s(?:and|but|when|at the time|now|today|this|next|last)\b)"
OLD = r"[- ]?(?:years?|yrs?|y)[- ]?olds?"
AGES = (
    # Of a person, or at the end of a clause: no "10-year-old bug".
    re.compile(
        rf"(?<![\w.,$£€-]){NUMBER}{OLD}(?=\s{PERSON}\b|\s*(?:[.,;!?)\n]|$)|\s(?:and|who|with|from)\b)"
    ),
    re.compile(rf"(?<![\w.,$£€-]){NUMBER}\s?y[./]?o\b", re.IGNORECASE),
    re.compile(rf"\b[Aa](?:ged?|GE)(?:\s*(?::|=|is|of|was))?\s+{NUMBER}(?![\w%]|[.,]\d)"),
    re.compile(
        rf"(?:{IS}|\b(?:turned|turning|turns))\s+(?:only |just |about )?{NUMBER}{CLAUSE_END}"
    ),
    re.compile(r"(?<=\()(?P<value>\d{2})(?=\s?[/,]?\s?(?:[MmFf]|male|female)\))"),
    re.compile(r"\b[MmFf][/ ](?P<value>[1-9]\d)(?=\W|$)(?!\s?[%:/])"),
    re.compile(
        r"\bin (?:my|his|her|their) (?:early |mid-?|late )?(?P<value>[2-9]0s|\w{3,6}ties)\b"
    ),
)
THINGS_OLD = re.compile(
    r"\b(?:phone|laptop|computer|car|house|flat|building|account|card|film|movie|book|version|bug"
    r"|contract|system|app|code|software|bike|battery|company|firm|policy|router|machine)"
    r"(?: is| was|['’]s)? (?:only |just |about |already )?$"
)
OF_NATION = (
    r"(?:nationals?|citizens?|citizenship|nationality|passports?|origin|descent|roots|parents|born"
    r"|immigrants?|refugees?|students?|man|woman|men|women|guy|girl|boy|lady|husband|wife|couple"
    r"|family|friend|colleague)"
)


@functools.cache
def _nationalities() -> tuple[re.Pattern[str], ...]:
    nation = rf"(?P<value>(?:{'|'.join(lines('nationalities'))})(?:[- ]American)?)"
    return (
        re.compile(rf"(?<![\w-]){nation}(?=[- ]{OF_NATION}(?!\w))"),
        re.compile(
            rf"(?i:\b(?:nationality|citizenship|ethnicity))(?:\s*(?:is|was|:|=|-))*\s*{nation}"
        ),
        re.compile(
            rf"(?:{IS}|\b(?:[Ww]e|[Tt]hey|parents|wife|husband|mother|father) (?:are|is|were|was))"
            rf"\s(?:originally |half |a |an |part )*{nation}{CLAUSE_END}"
        ),
    )


@functools.cache
def _job_titles() -> tuple[re.Pattern[str], ...]:
    """Return patterns of job titles, whose last words are those of the jobs that `faker` lists."""
    try:
        from faker.providers.job.en_US import Provider
    except ImportError:
        raise missing_extra("the package `faker` is not installed") from None
    titles = (re.split(r"[,/(]", job)[0].split() for job in Provider.jobs)
    heads = {title[-1].lower() for title in titles if title} | word_list("job_words")
    head = "|".join(sorted(map(re.escape, heads)))
    words = r"(?:(?!(?:and|or|at|for|in|of|to|with)\b)[a-z][\w&/-]+ ){0,3}"
    job = rf"(?P<value>(?i:{words}(?:{head})s?))(?![\w-])"
    relation = rf"\b(?:[Mm]y|[Hh]is|[Hh]er|[Tt]heir) {PERSON} (?:is|was|works as)"
    as_one = r"(?:a|an|the|our|their|its|chief|head)"
    return (
        re.compile(
            rf"\b(?:work(?:s|ed|ing)?|employed|hired|job|trained|retired) as (?:{as_one} )?{job}"
        ),
        re.compile(rf"(?:{IS}|{relation}) (?:{as_one} |(?:now|currently) {as_one} ){job}"),
        re.compile(
            rf"(?i:\b(?:job title|title|position|occupation|profession))\s*(?::|is|=)\s*{job}"
        ),
    )


def find_traits(text: str) -> Iterator[Span]:
    """Yield ages, nationalities and job titles of persons."""
    for span in spans_of("age", *AGES)(text):
        if not THINGS_OLD.search(text[: span.start]):
            yield span
    yield from spans_of("nationality", *_nationalities())(text)
    yield from spans_of("job_title", *_job_titles())(text)


LINK_WORDS = word_list("link_words")
ENGLISH_STREET = word_list("streets_english")
STREET = word_list("streets_other")
NO_ADDRESS = word_list("no_address")
SHORT_STREETS = frozenset(
    {"rue", "rua", "ul", "al", "jl", "av", "bd", "os", "út", "tér", "phố"}
)  # also without a capital
STREET_END = (
    r"(?:stra(?:ß|ss)e|str|straat|gatan?|gaten|gade|vej|vejen|vei|veien|vägen|weg|laan|plein|gasse"
    r"|platz|katu|tie|gate|dreef|steeg|kade|gracht|polku|stræti)"
)
# These end many words: "during 5", "steel 5"; a capital and more letters must stand before.
STREET_END_OF_NAME = (
    r"(?:allee|chaussee|damm|ring|ufer|markt|singel|steig|graben|gränd|stigen|vegur)"
)
UNIT = r"(?:apt|apartment|suite|ste|unit|flat|p\.? ?o\.? box|floor|fl|no|nr)"
TOKEN = re.compile(
    r"[CcPp][./][/\w]?\.?(?=[^\W\d]| [^\W\d_a-z])|[^\W_][\w'’/-]*\.?|[,;]|\n+|[^\w\s,;]"
)
HOUSE_NUMBER = re.compile(
    r"\d{1,6}(?:[-/]\d{1,4}){0,2}[A-Za-z]?\.?$|\d{3} \d{2}$|[A-Z]{1,2}-?\d{3,6}$"
)
ORDINAL = re.compile(r"\d{1,3}(?:st|nd|rd|th)$")
DECADE = re.compile(r"(?:\d\d)?\d0s$")  # "the 70s"
YEAR = re.compile(r"(?:1[5-9]|20)\d\d\.?$")
POSTCODE = re.compile(r"\d{4,6}$|\d{2}-\d{3}$|\d{4}-\d{3}$")
SAID_TO_BE_ADDRESS = re.compile(
    r"\b(?:address(?: is| to|:)|live at|lives at|living at|resid(?:e|es|ing) at|taxi to"
    r"|(?:sent|send it|deliver(?:ed)?|shipped?|new one|mail it) to)\s+"
    r"(?!(?:my|the|me|you|this|an?)\b)"
    r"(?P<value>(?=[^?!\n]{0,60}\d)[^?!@:]{4,110}?)(?=[?!]|\.(?:\s|$)|\s*$"
    r"|\s(?:for|from|because|as|instead|please|when|by|if|so|but|i am|I am)\b)",
    re.IGNORECASE,
)
BOX_ADDRESS = re.compile(
    r"\b(?P<value>(?:(?:PSC|CMR|Unit) \d{3,5},? Box \d{2,5}"
    r"|US[CN][A-Z]{1,3} [\w-]+|P\.? ?O\.? Box \d+)"
    r"(?:[\s,]+(?:APO|FPO|DPO) A[APE] \d{5})?)\b",
    re.IGNORECASE,
)
POSTCODE_OF_PLACE = re.compile(
    r"(?<!\w)[^\W\d_a-z][\w'’-]{1,64}+[ ]{1,2}(?P<value>\d{5})(?:-\d{4})?(?=\s*$|\s*\n|[.,?] )"
)
CHARS_BEFORE = 40  # before a number, within which an address with that number may begin
CHARS_BEHIND = 120
ADDRESS_WORDS = 14  # the longest address that is looked for, in words and numbers
# In shapes of tokens, as `_shape` gives them; a capital ends a sentence.
IN_ADDRESS = re.compile(r"(?![losx])[netuclos]*[NETC]?")
STREET_BEHIND = re.compile(r"n{1,2}(?:l{0,2}c{0,4}t|c{1,4}e|el{1,2}c|tl{0,2}c)")
STREET_BEFORE = re.compile(r"c{0,3}tl{0,2}c{0,4}u?n")
BETWEEN_NUMBERS = re.compile(r"n{1,2}[cl]{1,5}u?n")
WITH_POSTCODE = re.compile(r"c[cl]{0,4}ns+n+c")


@functools.cache
def _by_script() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(line) for line in lines("streets_by_script"))


def find_addresses(text: str) -> Iterator[Span]:
    """Yield street addresses: a number next to a street, with unit, town and postcode."""
    for low, high in _near_digits(text):
        tokens = list(TOKEN.finditer(text, low, high))
        shapes, index = _shapes(tokens), 0
        while index < len(tokens):
            before = tokens[index].start() - 1
            is_price = before >= 0 and text[before] in "$£€"
            end = index if is_price else _address_end(tokens, shapes, index)
            if end > index:
                yield Span("street_address", tokens[index].start(), tokens[end - 1].end())
            index = max(end, index + 1)
    patterns = (SAID_TO_BE_ADDRESS, BOX_ADDRESS, POSTCODE_OF_PLACE)
    by_script = () if text.isascii() else _by_script()
    yield from spans_of("street_address", *patterns, *by_script)(text)


def _near_digits(text: str) -> list[tuple[int, int]]:
    """Return the parts of a text in which an address could be, with whole words at both ends."""
    parts: list[tuple[int, int]] = []
    for match in re.finditer(r"\d+", text):
        low = text.rfind(" ", 0, max(0, match.start() - CHARS_BEFORE)) + 1
        high = text.find(" ", match.end() + CHARS_BEHIND)
        high = len(text) if high < 0 else high
        if parts and low <= parts[-1][1]:
            parts[-1] = (parts[-1][0], high)
        else:
            parts.append((low, high))
    return parts


@functools.lru_cache(maxsize=50_000)
def _shape(token: str) -> str:
    """Return the shape of a token, one letter.

    n number, e English street, t other street, u unit, c capitalised, l link word of a foreign
    name, o "of", "the" and "and", s separator, x anything else.
    """
    word = token.rstrip(".").lower()
    if HOUSE_NUMBER.match(token):
        return "n"
    if ORDINAL.match(token):
        return "c"
    if word in ("bis", "ter"):
        return "s"
    if not token[0].isalpha():
        return "s" if token[0] in ",;\n" else "x"
    if re.fullmatch(UNIT, word):
        return "u"
    if word in NO_ADDRESS:
        return "x"
    if token in ("avenue", "boulevard"):  # French, too: "12, avenue Jean Jaurès"
        return "t"
    if word in ENGLISH_STREET:
        return (
            "e"
            if token[0].isupper() or word in ("street", "road", "avenue", "lane")
            else _low(word)
        )
    if word in STREET:
        return "t" if token[0].isupper() or len(word) > 3 or word in SHORT_STREETS else "x"
    if re.search(rf"\w{STREET_END}$", word):
        return "x" if is_english(word) else "t"
    if token[0].isupper():
        ends = re.search(rf"\w{{3}}{STREET_END_OF_NAME}$", word) and not is_english(word)
        return "t" if ends else "c"  # "Scoring" is no ring
    return _low(word)


def _low(word: str) -> str:
    if word in ("of", "the", "and"):
        return "o"
    if word == "place":  # French, and English behind its name
        return "e"
    return "l" if word in LINK_WORDS else "x"


def _shapes(tokens: list[re.Match[str]]) -> str:
    """Return the shapes of tokens; a capital for the last one of a sentence."""
    shapes = ""
    for token in tokens:
        shape = _shape(token[0])
        if token[0] == ":" and shapes[-1:] == "u":
            shape = "s"
        # "Ave." and "Blvd." are shorter
        ends = token[0].endswith(".") and shape in "ncet" and len(token[0]) > 5
        shapes += shape.upper() if ends else shape
    return shapes


def _address_end(tokens: list[re.Match[str]], shapes: str, start: int) -> int:
    """Return the index after the last token of an address that begins at `start`, else `start`."""
    run = IN_ADDRESS.match(shapes, start, start + ADDRESS_WORDS * 2)
    shapes = run[0].lower() if run else ""
    if "n" not in shapes or not _may_begin_address(shapes, tokens[start][0]):
        return start
    for length in range(len(shapes), 1, -1):
        end = start + length
        if shapes[length - 1] in "netc" and _is_address(shapes[:length], tokens[start:end]):
            return end
    return start


def _may_begin_address(shapes: str, first: str) -> bool:
    """Whether one of all lengths may be an address, seen before 28 of them are tried."""
    plain = shapes.replace("s", "")
    forms = (STREET_BEHIND, STREET_BEFORE, BETWEEN_NUMBERS)
    return (
        _is_unit(plain, first)
        or any(form.match(plain) for form in forms)
        or WITH_POSTCODE.match(shapes) is not None
    )


def _is_unit(plain: str, first: str) -> bool:
    return plain.startswith("un") and first.rstrip(".").lower() not in ("no", "fl", "floor")


def _is_address(shapes: str, tokens: list[re.Match[str]]) -> bool:
    plain = shapes.replace("s", "")
    if _is_unit(plain, tokens[0][0]):
        return True
    if STREET_BEHIND.match(plain):
        return True
    if any(YEAR.match(token[0]) for token in tokens) and not re.match(r"t[lc]{1,4}sn", shapes):
        return False
    if STREET_BEFORE.match(plain) or _has_postcode(shapes, tokens):
        return True
    return bool(BETWEEN_NUMBERS.match(plain)) and _is_of_names(shapes, tokens)


def _has_postcode(shapes: str, tokens: list[re.Match[str]]) -> bool:
    """Whether a name, a house number, a postcode and a town follow: "Am Markt 5, 80331 München"."""
    match = WITH_POSTCODE.match(shapes)
    return match is not None and bool(POSTCODE.match(tokens[match.end() - 2][0]))


def _is_of_names(shapes: str, tokens: list[re.Match[str]]) -> bool:
    """Whether words between two numbers are rather of a street ("07 Celso Ferreiro 23") than of a
    sentence ("5 Musicians Of The 70s", "2 GO BAK 2 COLLEGE"), a score or a list."""
    first = re.match(r"n(?:s*n)?[cl][cls]*u?n", shapes)
    part = tokens[: first.end() if first else 0]
    names = [token[0] for token in part if token[0][0].isupper()]
    if names and "u" in shapes:
        return True
    if not names or DECADE.match(part[-1][0]) or part[0][0].endswith("."):
        return False
    if any(word.isupper() or word.lower().rstrip(".") in small_words() for word in names):
        return False
    return not all(is_english(word.lower().rstrip(".")) for word in names)
