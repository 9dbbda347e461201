"""Kinds of personal data: the one table of what is found, how, and what replaces it.

Types of params, the finders, the forms of stand-ins, the residual scan, tests and the reference
page are made from KINDS. Adding a kind is one entry; a pattern of its own goes next to the entry.
"""

import ipaddress
import re
from collections.abc import Callable
from typing import NamedTuple

from seedbed.private import patterns
from seedbed.private.name_lists import lines
from seedbed.private.numbers import find_cards, find_ibans, find_national_ids, find_phones
from seedbed.private.patterns import Finder, matches


class Span(NamedTuple):
    """A personal value in a text: its kind, and where it starts and ends, in characters."""

    kind: str
    start: int
    end: int


class Search(NamedTuple):
    """A finder, and the signal without which it need not look.

    `after` names a kind whose finders have precedence, although this kind comes first in KINDS.
    """

    signal: str
    find: Finder
    after: str = ""


class Pseudonym(NamedTuple):
    """Values that are nobody's: made from the value and its digest, recognised by their form."""

    make: Callable[[str, str], str]
    form: str


TITLES = re.compile(r"^(?:(?:mrs?|ms|miss|mx|dr|prof|professor|sir|dame|lord|lady|judge)\.? )+")


def folded(value: str) -> str:
    """Return a value without case and runs of space."""
    return " ".join(value.casefold().split())


def alphanumeric(value: str) -> str:
    """Return a value without case and separators."""
    return "".join(char for char in folded(value) if char.isalnum())


def compressed_ip(value: str) -> str:
    """Return an IP address in its shortest spelling."""
    return ipaddress.ip_address(value).compressed


def without_titles(value: str) -> str:
    """Return the name of a person without titles such as "Dr."."""
    return TITLES.sub("", folded(value))


class Kind(NamedTuple):
    """One kind of personal data.

    `searches` is empty for a kind of names, which the engine in `names` finds. `normal` removes
    what does not change whom a value identifies, so that spellings of one value share a stand-in.
    Without `pseudonym` a stand-in is like CASE_NUMBER-0x0123456789ab. `residual` is the shape in
    RESIDUALS by which the scan of anonymized texts sees a missed value.
    """

    name: str
    searches: tuple[Search, ...] = ()
    normal: Callable[[str], str] = folded
    pseudonym: Pseudonym | None = None
    residual: str = ""
    default: bool = True  # whether params.yaml, as it comes, looks for it


# A beginning and an end make an invented name.
Names = tuple[list[str], list[str]]


def _invented(name: str) -> Names:
    parts = lines(name)
    beginnings = [part.removesuffix("-") for part in parts if part.endswith("-")]
    return beginnings, [part.removeprefix("-") for part in parts if part.startswith("-")]


FIRST_NAMES, LAST_NAMES = _invented("invented_first_names"), _invented("invented_last_names")
PLACES = _invented("invented_places")


def _any_of(names: Names) -> str:
    beginnings, ends = names
    return f"(?:{'|'.join(beginnings)})(?:{'|'.join(ends)})"


def _of(names: Names, number: int) -> str:
    beginnings, ends = names
    return beginnings[number % len(beginnings)] + ends[number // len(beginnings) % len(ends)]


FIRST, LAST, PLACE = map(_any_of, (FIRST_NAMES, LAST_NAMES, PLACES))


def _numbered(form: str, write: Callable[[int], str]) -> Pseudonym:
    """Return a pseudonym that is written from the digest as a number."""
    return Pseudonym(lambda value, digest: write(int(digest, 16)), form)


def _ip(value: str, digest: str) -> str:
    number = int(digest, 16)
    if ":" in value:
        return str(ipaddress.IPv6Address((0x20010DB8 << 96) | number))
    net = ("192.0.2", "198.51.100", "203.0.113")[number // 254 % 3]
    return f"{net}.{1 + number % 254}"


def _card(number: int) -> str:
    digits = f"0000{number % 10**12:012d}"
    return "-".join(digits[start : start + 4] for start in range(0, 16, 4))


# Reserved for examples: RFC 2606 names, RFC 5737 and 3849 addresses, RFC 7042 MACs, 555-01xx
# numbers. Cards, IBANs and national ids fail their own check digit.
EMAIL = Pseudonym(
    lambda value, digest: f"user-{digest[:12]}@example.org",
    r"(?<![\w.%+-])user-[0-9a-f]{12}@example\.org(?![\w-])",
)
LINK = Pseudonym(
    lambda value, digest: f"https://example.org/{digest[:12]}",
    r"(?<!\w)https://example\.org/[0-9a-f]{12}(?![\w/])",
)
HANDLE = Pseudonym(
    lambda value, digest: f"@user_{digest[:12]}", r"(?<![\w@])@user_[0-9a-f]{12}(?!\w)"
)
IP = Pseudonym(
    _ip,
    r"(?<![\w.-])(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}(?![\w-]|\.\d)"
    r"|(?<![\w:])2001:db8:[0-9a-f:]{2,30}(?![\w:])",
)
MAC = _numbered(
    r"(?<![\w:-])00:00:5e:00:53:[0-9a-f]{2}(?![\w:-])",
    lambda number: f"00:00:5e:00:53:{number % 256:02x}",
)
CARD = _numbered(r"(?<![\w-])0000-\d{4}-\d{4}-\d{4}(?![\w-])", _card)
IBAN = _numbered(r"(?<!\w)XX00SEED\d{12}(?!\w)", lambda number: f"XX00SEED{number % 10**12:012d}")
DAY = _numbered(
    r"(?<![\w-])1900-\d\d-\d\d(?![\w-])",
    lambda number: f"1900-{1 + number % 12:02d}-{1 + number // 12 % 28:02d}",
)
NATIONAL_ID = _numbered(
    r"(?<![\w-])000-\d\d-\d{4}(?![\w-])",
    lambda number: f"000-{number % 100:02d}-{number // 100 % 10_000:04d}",
)
PHONE = _numbered(
    r"(?<![\w+-])\+1-[2-9]\d\d-555-01\d\d(?!\w)",
    lambda number: f"+1-{200 + number % 800}-555-01{number // 800 % 100:02d}",
)
POSTCODE = _numbered(
    r"(?<!\w)ZZ99 9[A-Z]{2}(?!\w)",
    lambda number: f"ZZ99 9{chr(65 + number % 26)}{chr(65 + number // 26 % 26)}",
)
PERSON = _numbered(
    rf"\b{FIRST} {LAST}\b",
    lambda number: f"{_of(FIRST_NAMES, number)} {_of(LAST_NAMES, number // 997)}",
)
ORGANISATION = _numbered(
    rf"\b{LAST} & {LAST}\b",
    lambda number: f"{_of(LAST_NAMES, number)} & {_of(LAST_NAMES, number // 997)}",
)
TOWN = _numbered(rf"\b{PLACE}\b", lambda number: _of(PLACES, number))
ADDRESS = _numbered(
    rf"\b[1-9]\d? {LAST} Lane, {PLACE}\b",
    lambda number: (
        f"{1 + number % 99} {_of(LAST_NAMES, number // 99)} Lane, {_of(PLACES, number // 9973)}"
    ),
)

# What the scan of anonymized texts counts: wider than the finders, and written independently of
# them, so that it sees what they miss. A count is to be looked into; it is not a list of faults.
LONG_NUMBER = "looks_like_long_number"
RESIDUALS = {
    "looks_like_email": re.compile(r"[^\s<>()]+@[^\s<>()]+\.[A-Za-z]{2,}"),
    LONG_NUMBER: re.compile(r"\d(?:[ ./()-]{0,2}\d){8,}"),
    "looks_like_ip": re.compile(r"\d+\.\d+\.\d+\.\d+"),
    "looks_like_iban": re.compile(r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,}\b"),
    "looks_like_token": re.compile(r"\b(?=\w*\d)(?=\w*[A-Z])(?=\w*[a-z])\w{24,}\b"),
    "looks_like_handle": re.compile(r"(?:^|\s)@\w+"),
    "looks_like_link_secret": re.compile(r"://\S*(?:token|passw|secret|key)\S*=", re.IGNORECASE),
}

# In order of precedence: where two values overlap, the first one names the span.
KINDS = (
    Kind(
        "api_key",
        (
            Search("secret", matches(patterns.PRIVATE_KEY, patterns.KNOWN_TOKEN)),
            # "token: ann@shop.com" is an address.
            Search("secret", matches(patterns.NAMED_SECRET), after="email"),
        ),
        residual="looks_like_token",
    ),
    Kind(
        "url_with_secret",
        (Search("link", patterns.find_urls_with_secret),),
        pseudonym=LINK,
        residual="looks_like_link_secret",
    ),
    Kind(
        "email",
        (
            Search("at", matches(patterns.EMAIL)),
            Search("spelled_dot", patterns.find_spelled_emails),
        ),
        pseudonym=EMAIL,
        residual="looks_like_email",
    ),
    Kind("url", (Search("link", patterns.find_urls),), pseudonym=LINK, default=False),
    Kind("iban", (Search("number", find_ibans),), alphanumeric, IBAN, "looks_like_iban"),
    Kind("credit_card", (Search("number", find_cards),), alphanumeric, CARD, LONG_NUMBER),
    Kind("mac", (Search("hexadecimal", matches(patterns.MAC)),), alphanumeric, MAC),
    Kind("ip", (Search("hexadecimal", patterns.find_ips),), compressed_ip, IP, "looks_like_ip"),
    Kind("date_of_birth", (Search("code", matches(patterns.BIRTH)),), pseudonym=DAY),
    Kind("date", (Search("code", patterns.find_dates),), pseudonym=DAY, default=False),
    Kind("case_number", (Search("code", patterns.find_case_numbers),)),
    Kind("document_number", (Search("number", matches(patterns.DOCUMENT)),)),
    Kind(
        "national_id",
        (Search("number", find_national_ids),),
        alphanumeric,
        NATIONAL_ID,
        LONG_NUMBER,
    ),
    Kind(
        "account_number",
        (Search("number", matches(patterns.ACCOUNT)),),
        alphanumeric,
        residual=LONG_NUMBER,
    ),
    Kind("phone", (Search("number", find_phones),), alphanumeric, PHONE, LONG_NUMBER),
    Kind("postcode", (Search("postal", patterns.find_postcodes),), alphanumeric, POSTCODE),
    Kind(
        "handle",
        (Search("at", matches(patterns.HANDLE)), Search("reddit", matches(patterns.REDDIT_HANDLE))),
        pseudonym=HANDLE,
        residual="looks_like_handle",
    ),
    Kind("person", (), without_titles, PERSON, default=False),
    Kind("organisation", pseudonym=ORGANISATION, default=False),
    Kind("street_address", pseudonym=ADDRESS, default=False),
    Kind("place", pseudonym=TOWN, default=False),
)
KIND_OF_NAME = {kind.name: kind for kind in KINDS}
PATTERN_KINDS = tuple(kind.name for kind in KINDS if kind.searches)
NAME_KINDS = tuple(kind.name for kind in KINDS if not kind.searches)
