"""Kinds of personal data: the one table of what is found, how, and what replaces it; and section
`anonymize` of params.yaml, which names them.

Types of params, the finders, the forms of stand-ins, the residual scan, tests and the reference
page are made from SEARCHES and TREATED. Adding a kind is an entry in the first; a pattern of its
own goes next to it. What reads or shows settings loads neither detection nor a model for names.

A stand-in comes from an HMAC of the value's normal form alone, so one value has one stand-in in
every row, batch and run. Small ranges repeat: the 762 IPv4 addresses and 80,000 phone numbers are
shared by whatever hashes to them.
"""

import ipaddress
import re
import textwrap
from collections.abc import Callable, Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from seedbed.core.files import keyed_hash
from seedbed.core.metrics import RowCounts, WithUnused
from seedbed.core.params import Section, from_table
from seedbed.core.text_units import ascii_signs, values_apart
from seedbed.private import named_values, patterns
from seedbed.private.languages import (
    LookedFor,
    Regions,
)
from seedbed.private.named_values import (
    Search,
    by_form,
    by_form_or_whole,
    called,
    find_national_ids,
)
from seedbed.private.numbers import find_cards, find_ibans, find_phones
from seedbed.private.patterns import Invented, Span, UserPattern, matches

Mode = Literal["placeholder", "pseudonym", "hash", "redact"]
REDACTED = "█████"
TITLES = re.compile(r"^(?:(?:mrs?|ms|miss|mx|dr|prof|professor|sir|dame|lord|lady|judge)\.? )+")


class Pseudonym(NamedTuple):
    """Values that are nobody's: made from the value and its digest, recognised by their form."""

    make: Callable[[str, int], str]
    form: str


def folded(value: str) -> str:
    """Return a value without case and runs of space."""
    return " ".join(value.casefold().split())


def alphanumeric(value: str) -> str:
    """Return a value without case and separators."""
    return "".join(filter(str.isalnum, value.casefold()))


class Kind(NamedTuple):
    """One kind of personal data.

    `normal` removes what does not change whom a value identifies, so that spellings of one value
    share a stand-in. Without `pseudonym` a stand-in is like CASE_NUMBER-0x0123456789ab. `residual`
    is the shape in RESIDUALS by which the scan of anonymized texts sees a missed value.
    """

    name: str
    normal: Callable[[str], str] = folded
    pseudonym: Pseudonym | None = None
    residual: str = ""
    default: bool = True  # whether params.yaml, as it comes, looks for it


FIRST, LAST = Invented("invented_first_names"), Invented("invented_last_names")
PLACE = Invented("invented_places")


def _ip_address(value: str) -> str:
    """Return an address as it is usually written, of 10[.]20[.]30[.]40, too."""
    for written in (value, ".".join(re.findall(r"\d+", value))):
        try:
            return ipaddress.ip_address(written).compressed
        except ValueError:
            continue
    return folded(value)


def _ip(value: str, number: int) -> str:
    if ":" in value:
        return str(ipaddress.IPv6Address((0x20010DB8 << 96) | number))
    net = ("192.0.2", "198.51.100", "203.0.113")[number // 254 % 3]
    return f"{net}.{1 + number % 254}"


# Reserved for examples: RFC 2606 names, RFC 5737 and 3849 addresses, RFC 7042 MACs, 555-01xx
# numbers. Cards, IBANs and national ids fail their own check digit. The digest is a number of 16
# hexadecimal digits, of which the first 12 are written.
EMAIL = Pseudonym(
    lambda value, number: f"user-{number >> 16:012x}@example.org",
    r"(?<![\w.%+-])user-[0-9a-f]{12}@example\.org(?![\w-])",
)
LINK = Pseudonym(
    lambda value, number: f"https://example.org/{number >> 16:012x}",
    r"(?<!\w)https://example\.org/[0-9a-f]{12}(?![\w/])",
)
HANDLE = Pseudonym(
    lambda value, number: f"@user_{number >> 16:012x}", r"(?<![\w@])@user_[0-9a-f]{12}(?!\w)"
)
IP = Pseudonym(
    _ip,
    r"(?<![\w.-])(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}(?![\w-]|\.\d)"
    r"|(?<![\w:])2001:db8:[0-9a-f:]{2,30}(?![\w:])",
)
MAC = Pseudonym(
    lambda value, number: f"00:00:5e:00:53:{number % 256:02x}",
    r"(?<![\w:-])00:00:5e:00:53:[0-9a-f]{2}(?![\w:-])",
)
CARD = Pseudonym(
    lambda value, number: "-".join(textwrap.wrap(f"0000{number % 10**12:012d}", 4)),
    r"(?<![\w-])0000-\d{4}-\d{4}-\d{4}(?![\w-])",
)
IBAN = Pseudonym(
    lambda value, number: f"XX00SEED{number % 10**12:012d}", r"(?<!\w)XX00SEED\d{12}(?!\w)"
)
DAY = Pseudonym(
    lambda value, number: f"1900-{1 + number % 12:02d}-{1 + number // 12 % 28:02d}",
    r"(?<![\w-])1900-\d\d-\d\d(?![\w-])",
)
NATIONAL_ID = Pseudonym(
    lambda value, number: f"000-{number % 100:02d}-{number // 100 % 10_000:04d}",
    r"(?<![\w-])000-\d\d-\d{4}(?![\w-])",
)
PHONE = Pseudonym(
    lambda value, number: f"+1-{200 + number % 800}-555-01{number // 800 % 100:02d}",
    r"(?<![\w+-])\+1-[2-9]\d\d-555-01\d\d(?!\w)",
)
POSTCODE = Pseudonym(
    lambda value, number: f"ZZ99 9{chr(65 + number % 26)}{chr(65 + number // 26 % 26)}",
    r"(?<!\w)ZZ99 9[A-Z]{2}(?!\w)",
)
PERSON = Pseudonym(
    lambda value, number: f"{FIRST.at(number)} {LAST.at(number // 997)}",
    rf"\b{FIRST.form} {LAST.form}\b",
)
ORGANISATION = Pseudonym(
    lambda value, number: f"{LAST.at(number)} & {LAST.at(number // 997)}",
    rf"\b{LAST.form} & {LAST.form}\b",
)
TOWN = Pseudonym(lambda value, number: PLACE.at(number), rf"\b{PLACE.form}\b")
ADDRESS = Pseudonym(
    lambda value, number: (
        f"{1 + number % 99} {LAST.at(number // 99)} Lane, {PLACE.at(number // 9973)}"
    ),
    rf"\b[1-9]\d? {LAST.form} Lane, {PLACE.form}\b",
)

# Kinds in the order of params.yaml and reports. One that is searched for, and needs no more than
# what `Kind` gives, may be left out: it follows these.
TREATED = (
    Kind("api_key", residual="looks_like_token"),
    Kind("url_with_secret", pseudonym=LINK, residual="looks_like_link_secret"),
    Kind("email", pseudonym=EMAIL, residual="looks_like_email"),
    Kind("url", pseudonym=LINK, default=False),
    Kind("iban", alphanumeric, IBAN, "looks_like_iban"),
    Kind("credit_card", alphanumeric, CARD, "looks_like_long_number"),
    Kind("mac", alphanumeric, MAC),
    Kind("ip", _ip_address, IP, "looks_like_ip"),
    Kind("date_of_birth", pseudonym=DAY),
    Kind("date", pseudonym=DAY, default=False),
    Kind("case_number"),
    Kind("document_number"),
    Kind("national_id", alphanumeric, NATIONAL_ID, "looks_like_long_number"),
    Kind("account_number", alphanumeric, residual="looks_like_long_number"),
    Kind("phone", alphanumeric, PHONE, "looks_like_long_number"),
    Kind("postcode", alphanumeric, POSTCODE),
    Kind("handle", pseudonym=HANDLE, residual="looks_like_handle"),
    Kind("person", lambda value: TITLES.sub("", folded(value)), PERSON, default=False),
    Kind("organisation", pseudonym=ORGANISATION, default=False),
    Kind("street_address", pseudonym=ADDRESS, default=False),
    Kind("place", pseudonym=TOWN, default=False),
    Kind("age", default=False),
    Kind("nationality", default=False),
    Kind("job_title", default=False),
)
# In order of precedence: where two values overlap, the first one names the span. A kind without a
# search is one of names, which the engine in `names` finds.
SEARCHES = (
    Search("api_key", "token", by_form(matches(named_values.KNOWN_TOKEN))),
    Search("url_with_secret", "link", by_form_or_whole(patterns.find_urls_with_secret)),
    Search("api_key", "secret", by_form(named_values.find_secrets)),
    Search("api_key", "token", by_form(named_values.find_random)),
    Search("email", "at", by_form_or_whole(patterns.find_emails)),
    Search("url", "link", by_form_or_whole(patterns.find_urls)),
    Search("iban", "number", by_form(find_ibans)),
    Search("credit_card", "number", by_form(find_cards)),
    Search("mac", "pairs", by_form(matches(patterns.MAC))),
    Search("ip", "hexadecimal", by_form_or_whole(patterns.find_ips)),
    Search("date_of_birth", "code", by_form(matches(patterns.BIRTH), *patterns.BIRTH_WORDS)),
    Search("date_of_birth", "code", called("born", named_values.DATE_OF_BIRTH)),
    Search("date", "code", by_form(patterns.find_dates)),
    Search("case_number", "code", by_form(patterns.find_case_numbers, *patterns.CASE_MARKS)),
    Search("document_number", "number", by_form(matches(patterns.DOCUMENT), *patterns.ID_WORDS)),
    Search("national_id", "number", find_national_ids),
    Search("document_number", "number", called("id", named_values.DOCUMENT_CODE)),
    Search("account_number", "number", by_form(matches(patterns.ACCOUNT), *patterns.ACCOUNT_WORDS)),
    Search("postcode", "code", called("postcode", named_values.POSTCODE)),
    Search("account_number", "number", called("account", named_values.ACCOUNT_CODE)),
    Search("phone", "number", find_phones),
    Search("postcode", "postal", by_form(matches(*patterns.POSTCODES))),
    Search("api_key", "digit", named_values.find_named_secrets),
    Search("handle", "at", by_form(matches(patterns.HANDLE))),
    Search("handle", "reddit", by_form(matches(patterns.REDDIT_HANDLE))),
)
PATTERN_KINDS = tuple(dict.fromkeys(search.kind for search in SEARCHES))
TREATED_NAMES = {kind.name for kind in TREATED}
KINDS = (*TREATED, *(Kind(name) for name in PATTERN_KINDS if name not in TREATED_NAMES))
KIND_OF_NAME = {kind.name: kind for kind in KINDS}
NAME_KINDS = tuple(name for name in KIND_OF_NAME if name not in PATTERN_KINDS)

FORMS = (
    r"<[A-Z][A-Z0-9_]{1,40}(?::[0-9a-f]{12})?>",
    REDACTED,
    r"(?<![\w-])[A-Z][A-Z0-9_]{1,40}-0x[0-9a-f]{12}(?![\w-])",
    *(kind.pseudonym.form for kind in KINDS if kind.pseudonym),
)
STAND_IN = re.compile("|".join(dict.fromkeys(FORMS)))
# Parts of the forms without which a text holds none: to look for all forms takes long.
STAND_IN_MARKS = (
    f"< {REDACTED} -0x example.org @user_ 192.0.2. 198.51.100. 203.0.113. 2001:db8: "
    "00:00:5e:00:53: 0000- XX00SEED 1900- 000- +1- ZZ99"
).split()
INVENTED_NAME = re.compile(  # begins with one of few letters, which the engine skips to
    "|".join(f"{part}(?:{'|'.join(one.ends)})" for one in (LAST, PLACE) for part in one.beginnings)
)

# What the scan of anonymized texts counts: wider than the finders, and written independently of
# them, so that it sees what they miss. A count is to be looked into; it is not a list of faults.
RESIDUAL_SIGNS = {sign: re.compile(sign) for sign in ("[@\uff20]", r"\d", "[:\uff1a]//|:\uff0f")}
HAS_AT, HAS_DIGIT, HAS_LINK = RESIDUAL_SIGNS  # without its sign no shape is in a text
RESIDUALS = {
    "looks_like_email": (HAS_AT, re.compile(r"[^\s<>()@]@[^\s<>()@]{1,255}\.[A-Za-z]{2,}")),
    "looks_like_long_number": (HAS_DIGIT, re.compile(r"\d(?:[ ./()-]{0,2}\d){8,}")),
    "looks_like_ip": (HAS_DIGIT, re.compile(r"(?<!\d)\d++\.\d++\.\d++\.\d+")),
    "looks_like_iban": (HAS_DIGIT, re.compile(r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,}\b")),
    "looks_like_token": (
        HAS_DIGIT,
        re.compile(r"\b(?=\w{24})(?=\w*\d)(?=\w*[A-Z])(?=\w*[a-z])\w{24,}\b"),
    ),
    "looks_like_handle": (HAS_AT, re.compile(r"(?:^|\s)@\w+")),
    "looks_like_link_secret": (
        HAS_LINK,
        re.compile(
            r"://(?:(?!token|passw|secret|key|://)\S)*+(?:token|passw|secret|key)"
            r"(?:(?!://)[^\s=])*+=",
            re.IGNORECASE,
        ),
    ),
}


def stand_in(kind: str, value: str, key: bytes, mode: Mode) -> str:
    """Return the one stand-in of a value under a key."""
    if mode == "placeholder":
        return f"<{kind.upper()}>"
    if mode == "redact":
        return REDACTED
    entry = KIND_OF_NAME.get(kind) or Kind(kind)  # the kind of a project's own pattern
    digest = keyed_hash(key, "stand-in", kind, entry.normal(ascii_signs(value)))
    if mode == "hash":
        return f"<{kind.upper()}:{digest[:12]}>"
    if entry.pseudonym:
        return entry.pseudonym.make(ascii_signs(value), int(digest, 16))
    return f"{kind.upper()}-0x{digest[:12]}"


def replace(text: str, spans: Sequence[Span], key: bytes, mode: Mode) -> str:
    """Return a text with every span replaced; spans are sorted and do not overlap.

    A space separates a stand-in from a neighbour with which it would read as another value.
    """
    parts, end = [""], 0
    for span in spans:
        parts.append(text[end : span.start])
        before = "".join(parts[-2:])[-1:]
        after = stand_in(span.kind, text[span.start : span.end], key, mode)
        if not _stands_alone(before, after, ""):
            parts.append(" ")
        parts.append(after)
        if not _stands_alone("", after, text[span.end : span.end + 2]):
            parts.append(" ")
        end = span.end
    return "".join([*parts, text[end:]])


def _stands_alone(before: str, after: str, behind: str) -> bool:
    match = STAND_IN.search(values_apart(before + after + behind))
    return match is not None and match[0] == after


class Wanted(NamedTuple):
    """What to look for: kinds by pattern, a project's own patterns, and kinds of names."""

    kinds: frozenset[str]
    patterns: tuple[UserPattern, ...] = ()
    names: frozenset[str] = frozenset()
    regions: Regions = "auto"


class AnonymizeParams(Section):
    """params.yaml section `anonymize`."""

    key_fingerprint: str = Field(pattern=r"^[0-9a-f]{12}$")  # of the key that stand-ins depend on
    mode: Mode = "placeholder"  # <EMAIL>, an invented value, a keyed hash, or a bar
    kinds: tuple[Annotated[str, from_table(PATTERN_KINDS)], ...]  # found by pattern and checksum
    regions: Regions = "auto"  # whose national numbers count
    patterns: tuple[UserPattern, ...] = ()  # a project's own: name, regex, context words
    # Kinds found by the extra `names`.
    names: tuple[Annotated[str, from_table(NAME_KINDS)], ...] | Literal[False] = False

    @property
    def wanted(self) -> Wanted:
        """What detection looks for."""
        names = frozenset(self.names or ())
        return Wanted(frozenset(self.kinds), self.patterns, names, self.regions)


class AnonymizeMetrics(WithUnused):
    """reports/metrics/anonymize.json: counts alone, never a value."""

    rows: RowCounts
    mode: Mode
    public_key: bool
    looked_for: LookedFor | None = None  # None in files of older versions
    replaced_by_kind: dict[str, int]
    rows_touched: int
    residual_scan: dict[str, int]  # by shape, which is wider than any finder
