"""Personal values that have a form, found by pattern, and the signals without which none is there;
what a finder yields, and the word lists that finders read.

Each finder yields the (start, end) of every value in a text. It runs only if `signals_of` sees what
it needs: most texts hold no "@" and no digits, and cost one look.
"""

import ipaddress
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import regex as engine
from pydantic import Field, field_validator

from seedbed.core.params import Section

DATA = Path(__file__).parent / "data"

Pair = tuple[int, int]  # where a value starts and ends
Finder = Callable[[str], Iterator[Pair]]


class Span(NamedTuple):
    """A personal value in a text: its kind, and where it starts and ends, in characters."""

    kind: str
    start: int
    end: int


DATE = (
    r"(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})"
    r"|(?:\d{1,2}(?:st|nd|rd|th)?(?: of)? )?(?:jan|feb|mar|apr|may|june?|july?|aug|sep|sept|oct|nov"
    r"|dec|january|february|march|april|august|september|october|november|december)\.?"
    r"(?: \d{1,2}(?:st|nd|rd|th)?,?)? \d{4})"
)
FULL_DATE = re.compile(
    rf"(?<![\w/.-]){DATE}(?:[ T]\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:\.\d+)?)?(?![\w/-]|\.\d)",
    re.IGNORECASE,
)
# Between what a number is called and the number: a word, "no.", "#" or ":".
CALLED = (
    r"(?:[ \t]{0,9}(?:numbers?|nos?\b\.?|nr\b\.?|ids?\b|code|ref\b\.?|is|was|of|:|#|=|-)){0,9}"
    r"[ \t]{0,9}"
)
CODE = r"(?=[\w/-]{0,26}\d)[A-Z0-9][A-Z0-9/-]{4,24}[A-Z0-9]"

EMAIL = re.compile(
    r"(?<![\w.%+@-])[\w%+-][\w.%+'-]{0,63}@(?:[^\W_](?:[\w-]{0,62})\.){1,6}[^\W\d_]{2,24}(?![\w@])"
)
LOCAL_PART = re.compile(r"[!-~]+$|[^!-~]+$")
LAST_LABEL = re.compile(r"[!-~]+|[^!-~]+")
URL = re.compile(r"\b(?:[a-z][a-z0-9+.-]{1,20}://|www\.)[^\s<>\"'|]{3,}", re.IGNORECASE)
DOMAIN = re.compile(
    r"(?<![\w@.-])(?:[a-z0-9][a-z0-9-]{0,62}\.)+(?:com|org|net|edu|gov|info|biz)\b(?![@\w-]|\.\w)",
    re.IGNORECASE,
)
URL_SECRET = re.compile(
    r"://[^/\s@:]{0,128}:[^/\s@]{1,256}@"
    r"|[?&#;](?:\w{0,32}?(?:token|secret|passw(?:or)?d|signature|session|apikey|credential)\w{0,32}"
    r"|(?:api|access|private)[_-]?key|key|sig|sid|auth|code|pwd|pass)=[^&\s]{4,}",
    re.IGNORECASE,
)
IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
IPV6 = re.compile(
    r"(?<![\w:.])(?=[0-9a-f:]*\d)(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.IGNORECASE
)
VERSION = re.compile(
    r"(?:\bv|\bver\.?|version|release|section|firmware|versi[oóòe]n?e?|versão|верси\w|версі\w|sürüm\w*"
    r"|wersj\w|έκδοση|版本?号?|バージョン|버전|إصدار|الإصدار|גרסה|संस्करण|वर्शन|เวอร์ชัน|phiên bản)\s?$"
)
MAC = re.compile(
    r"(?<![\w:.-])(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}"
    r"|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})(?![\w:-]|\.\w)",
    re.IGNORECASE,
)
POSTCODES = (
    re.compile(  # UK; Canada
        r"[A-Z](?<!\w[A-Z])(?:(?<=G)IR 0AA"
        r"|(?<=[A-PR-UWYZ])[A-HK-Y]?\d[A-HJKMNP-Z\d]? \d[ABD-HJLNP-UW-Z]{2}"
        r"|(?<=[ABCEGHJ-NPRSTVXY])\d[ABCEGHJ-NPRSTV-Z] \d[ABCEGHJ-NPRSTV-Z]\d)\b"
    ),
    re.compile(  # after the letters of a US state
        r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI"
        r"|S[CD]|T[NX]|UT|V[AT]|W[AIVY])(?<!\w[A-Z]{2})[ ,]{1,2}(?P<value>\d{5}(?:-\d{4})?)\b"
    ),
    re.compile(
        rf"\b(?:zip|post(?:al)?[ -]?code|postal|plz){CALLED}(?P<value>\d{{4,6}}(?:-\d{{3,4}})?)\b",
        re.IGNORECASE,
    ),
)
BIRTH_WORDS = ("born", "birth", "dob", "d.ob", "do.b", "d.o.b")  # in a text one of them is needed
BIRTH = re.compile(
    r"\b(?:d\.?o\.?b\b\.?|date of birth|birth ?(?:day|date)|born)"
    r"(?:[ \t]*+(?:\(?[dmy/-]{6,10}+\)?|is|was|on|the|:|-|=|,))*+[ \t]*+"
    rf"(?P<value>{DATE})\b",
    re.IGNORECASE,
)
APPLICATION = re.compile(r"\bnos?\.?\s?(?P<value>\d{2,6}/\d{2,4})(?![\w/])", re.IGNORECASE)
NEXT_APPLICATION = re.compile(
    r"(?:,|;| and|, and)\s(?:no\. ?)?(\d{2,6}/\d{2,4})(?![\w/])", re.IGNORECASE
)
CASE_WORDS = (
    "case|docket|claim|application|complaint|ticket|incident|dossier|file|petition|reference"
    "|our ref|your ref"
).split("|")
CASE_MARKS = ("/", *CASE_WORDS)
CASE = re.compile(
    rf"\b(?:{'|'.join(CASE_WORDS)})(?=\s{{0,2}}(?:n|#|id|ref|:)){CALLED}(?P<value>{CODE})(?![\w/])",
    re.IGNORECASE,
)
ACCOUNT_WORDS = (
    "account|acct|a/c|customer|membership|member|policy|routing|sort code|iban|card|patient"
    "|insurance|loan"
).split("|")
ACCOUNT = re.compile(
    r"\b(?:(?:bank |my |savings |checking |current |customer )?acc(?:oun)?t"
    rf"|{'|'.join(ACCOUNT_WORDS)}){CALLED}"
    r"(?P<value>(?:[A-Z]{1,4}-?)?\d(?:[ -]?\d){5,17})(?![\w/%]|[.,]\d)",
    re.IGNORECASE,
)
ID_WORDS = ("passport", "licen", "identity card", "id card")
DOCUMENT = re.compile(
    r"\b(?:passport|driv(?:er|ing)(?:'?s)?[ -]licen[cs]e|licen[cs]e (?=n|#|id)"
    rf"|identity card|id card){CALLED}"
    r"(?P<value>(?=[A-Z0-9-]{0,20}\d{3})[A-Z0-9][A-Z0-9-]{4,18}[A-Z0-9])(?!\w)",
    re.IGNORECASE,
)
HANDLE = re.compile(r"(?<![^\s(\[{\"'“‘,;:>█])@(?=[0-9_]*[A-Za-z])\w{2,30}(?![\w@]|\.\w)")
REDDIT_HANDLE = re.compile(r"(?<![\w/])/?u/[A-Za-z0-9_-]{3,20}(?![\w/-])")


def lines(name: str) -> list[str]:
    """Return the lines of data/NAME.txt without comments."""
    content = (DATA / f"{name}.txt").read_text(encoding="utf-8").split("\n")
    return [line for line in content if line and not line.startswith("#")]


def word_list(name: str) -> frozenset[str]:
    """Return the words of data/NAME.txt, which explains in comments what they are."""
    return frozenset(lines(name))


def forms(name: str) -> dict[str, re.Pattern[str]]:
    """Return the regular expressions of data/NAME.toml by name."""
    content = tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))
    return {key: re.compile(form) for key, form in content.items()}


class Invented:
    """Names that nobody bears: one of the beginnings in data/NAME.txt and one of the ends."""

    def __init__(self, name: str) -> None:
        parts = lines(name)
        self.beginnings = [part.removesuffix("-") for part in parts if part.endswith("-")]
        self.ends = [part.removeprefix("-") for part in parts if part.startswith("-")]
        self.form = f"(?:{'|'.join(self.beginnings)})(?:{'|'.join(self.ends)})"

    def at(self, number: int) -> str:
        """Return the name of a number; numbers beyond the last name begin again."""
        end, beginning = divmod(number, len(self.beginnings))
        return self.beginnings[beginning] + self.ends[end % len(self.ends)]


def matches(*patterns: re.Pattern[str]) -> Finder:
    """Return a finder of whole matches, or of the group `value` if a pattern has one."""

    def find(text: str) -> Iterator[Pair]:
        for pattern in patterns:
            group = "value" if "value" in pattern.groupindex else 0
            for match in pattern.finditer(text):
                yield match.span(group)

    return find


def spans_of(kind: str, *patterns: re.Pattern[str]) -> Callable[[str], Iterator[Span]]:
    """Return what `matches` does, for a kind that names its spans itself."""
    find = matches(*patterns)
    return lambda text: (Span(kind, *pair) for pair in find(text))


def _find_urls(text: str) -> Iterator[Pair]:
    """Yield links and bare domains, without the full stop that ends a sentence."""
    for match in URL.finditer(text):
        yield match.start(), match.start() + len(match[0].rstrip(".,;:!?)]}"))
    yield from matches(DOMAIN)(text)


def find_emails(apart: str, text: str) -> Iterator[Pair]:
    """Yield e-mail addresses. What such letters are part of, an internationalised address, is found
    in the text as it is, where none was found without them: there, the part before "@"
    and the last label of the domain are ASCII or have no ASCII."""
    found = list(matches(EMAIL)(apart))
    yield from found
    if apart != text:
        known = {text.index("@", start) for start, _ in found}
        for start, end in matches(EMAIL)(text):
            at, label = text.index("@", start), text.rindex(".", start, end) + 1
            if at not in known:
                local = LOCAL_PART.search(text, start, at)
                last = LAST_LABEL.match(text, label, end)
                if local and last:
                    yield local.start(), last.end()


def find_urls(apart: str, text: str) -> Iterator[Pair]:
    """Yield links and bare domains."""
    found = list(_find_urls(apart))
    yield from found
    if apart != text:
        known = {start for start, _ in found}
        for start, end in _find_urls(text):
            if start not in known:
                yield start, end


def find_urls_with_secret(apart: str, text: str) -> Iterator[Pair]:
    """Yield links that carry a password, token or signature."""
    with_secret = set()
    for seen in dict.fromkeys((apart, text)):
        for start, end in _find_urls(seen):
            if start not in with_secret and URL_SECRET.search(seen, start, end):
                with_secret.add(start)
                yield start, end


def find_ips(apart: str, text: str) -> Iterator[Pair]:
    """Yield IPv4 and IPv6 addresses, but not version numbers, and not "this machine"."""
    for pattern in (IPV4, IPV6):
        for match in pattern.finditer(apart):
            before = text[max(0, match.start() - 12) : match.start()].lower()
            if VERSION.search(before):
                continue
            try:
                address = ipaddress.ip_address(match[0])
            except ValueError:
                continue
            if not (address.is_loopback or address.is_unspecified or address.is_multicast):
                yield match.span()


def find_dates(text: str) -> Iterator[Pair]:
    """Yield possible dates with a day, month and year: 8/10 is a rating, 45/13/2004 none."""
    for match in FULL_DATE.finditer(text):
        numbers = [int(number) for number in re.findall(r"\d+", match[0])]
        if len(numbers) == 2 or (len(numbers) > 2 and min(numbers[:3]) <= 12):
            yield match.span()


def find_case_numbers(text: str) -> Iterator[Pair]:
    """Yield numbers of cases, claims and tickets by what they are called, and "no. 18403/91"."""
    yield from matches(CASE)(text)
    end = 0
    while match := APPLICATION.search(text, end):
        yield match.span("value")
        end = match.end()
        while following := NEXT_APPLICATION.match(text, end):
            yield following.span(1)
            end = following.end()


DIGIT = re.compile(r"\d")
# What a signal is seen by: one of these parts of the text in lower case, or a pattern that begins
# with one rare character, which the engine of `re` skips to, and looks behind it for what must be
# before it.
Marks = tuple[tuple[str, ...], re.Pattern[str] | None]
SECRET_PARTS = ("key", "token", "secret", "pass", "pwd", "bearer", "authori", "credential", "curl ")
TOKEN_PARTS = ("xox", "private key", "akia", "asia")
SIGNALS: dict[str, Marks] = {
    "pairs": (
        (), re.compile(r"[-:.](?:(?<!\.)[\da-fA-F]{2}[-:][\da-fA-F]{2}[-:]|(?<=\.)[\da-fA-F]{4}\.)")
    ),
    "at": (("@",), None),
    "reddit": (("u/",), None),
    "link": (("://", "www."), re.compile(r"\.(?i:com|org|net|edu|gov|info|biz)")),
    "secret": (SECRET_PARTS, None),
    "token": (TOKEN_PARTS, None),
}  # fmt: skip
# These are looked for only in a text with a digit.
SIGNALS_WITH_DIGIT = SIGNALS | {
    "token": (TOKEN_PARTS, re.compile(r"(?<!\S)(?=\S{16})\S*\d")),
    "digit": (("",), None),
    "number": ((), re.compile(r"\d(?:(?:[A-Za-z]?[ ./()-]{0,2}\d){4}|\d{3}[A-Z])")),
    "code": ((), re.compile(r"\d(?:\D?\d\D?\d|/\d\d)")),
    "postal": (("zip", "post", "plz"), re.compile(r"[\dA-Z](?:(?<=\d)\d{4}|(?<=[A-Z])\d)")),
    "hexadecimal": (
        (), re.compile(r"[-:.](?:(?<=:)[\da-fA-F]{0,4}:|(?<=-)[\da-fA-F]{2}-[\da-fA-F]{2}-"
                       r"|(?<=\.)(?:\d{1,3}\.\d|[\da-fA-F]{4}\.[\da-fA-F]{4}))")
    ),
}  # fmt: skip


def signals_of(text: str) -> frozenset[str]:
    """Return the names of the signals in a text; none for many texts."""
    is_in = text.lower().__contains__
    looked_for = SIGNALS_WITH_DIGIT if DIGIT.search(text) else SIGNALS
    signals = [
        name
        for name, (parts, pattern) in looked_for.items()
        if any(map(is_in, parts)) or (pattern and pattern.search(text))
    ]
    return frozenset(signals)


@cache
def compiled(regex: str) -> engine.Pattern[str]:
    """Return a project's own pattern for the engine that can be stopped, which `re` cannot."""
    # "{e}" in `regex` is an approximate match; in Python's own notation it is text.
    return engine.compile(re.sub(r"(?<!\\)(?<!\\[Nx])\{(?=[a-z])", r"\{", regex))


class UserPattern(Section):
    """A pattern that a project adds in params.yaml."""

    name: str  # kind of the spans, and its stand-in: `order_number` gives <ORDER_NUMBER>
    # Of Python, at most a second a text; a group called `value` narrows what is replaced.
    regex: str = Field(max_length=4000)
    context: tuple[str, ...] = ()  # words of which one must be near; none: it always counts

    @field_validator("name")
    @classmethod
    def _name_is_a_word(cls, name: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9_]{1,40}", name):
            raise ValueError("a name of lower-case letters, digits and _, such as order_number")
        return name

    @field_validator("regex")
    @classmethod
    def _regex_compiles(cls, regex: str) -> str:
        try:
            pattern = re.compile(regex)
            compiled(regex)
        except (re.error, engine.error, OverflowError, RecursionError) as error:
            raise ValueError(f"a regular expression ({error})") from None
        if pattern.match(""):
            raise ValueError("a regular expression that does not match the empty text")
        return regex
