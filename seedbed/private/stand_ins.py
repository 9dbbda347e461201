"""What stands in for a personal value: a pure function of its kind, the value and the key.

A stand-in comes from an HMAC of the normalised value alone, so one value has one stand-in in every
row, batch and run. Pseudonyms are nobody's: they come from ranges that are reserved for examples
(RFC 2606 names, RFC 5737 and 3849 addresses, RFC 7042 MACs, 555-01xx numbers), from numbers that
fail their own checksum, and from invented names. Small ranges repeat: the 762 IPv4 addresses and
80,000 phone numbers are shared by whatever hashes to them.
"""

import ipaddress
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from seedbed.core.keys import keyed_hash

Mode = Literal["placeholder", "pseudonym", "hash", "redact"]
REDACTED = "█████"


class Span(NamedTuple):
    """A personal value in a text: its kind, and where it starts and ends, in characters."""

    kind: str
    start: int
    end: int


# A beginning and an end make an invented name.
FIRST_NAMES = (
    ("Ave", "Bris", "Cal", "Dor", "Elm", "Fen", "Gal", "Hes", "Ilt", "Jor", "Kels", "Lum", "Mor")
    + ("Niv", "Orl", "Pel", "Quo", "Rav", "Sel", "Torv", "Ulm", "Ves", "Wend", "Xan", "Yor", "Zel"),
    ("dwyn", "vash", "thiel", "quor", "zelle", "ravel", "drix", "munda", "stra", "voril", "ynne"),
)
LAST_NAMES = (
    ("Ash", "Brack", "Cren", "Drum", "Elver", "Foth", "Gren", "Hald", "Inver", "Jast", "Kelm")
    + ("Lund", "Marv", "Nettle", "Oxen", "Quarn", "Rindel", "Staver", "Thorn", "Ulver", "Voss"),
    ("quell", "vorn", "skell", "thwyn", "drell", "zoort", "grath", "mantle", "quist", "vath"),
)
PLACES = (
    ("Arven", "Brell", "Cinder", "Dul", "Esken", "Farrow", "Gilden", "Hollo", "Ister", "Kester")
    + ("Larken", "Mistwa", "Nor", "Oster", "Pelling", "Quen", "Rowan", "Silver", "Tarn", "Ulls"),
    ("holmstead", "quay", "mereby", "thwaith", "valebury", "moorwick", "denfall", "shireton"),
)


def _any_of(names: tuple[tuple[str, ...], tuple[str, ...]]) -> str:
    beginnings, ends = names
    return f"(?:{'|'.join(beginnings)})(?:{'|'.join(ends)})"


STAND_IN = re.compile(
    r"<[A-Z][A-Z0-9_]{1,40}(?::[0-9a-f]{12})?>|█{5}"
    r"|(?<![\w.%+-])user-[0-9a-f]{12}@example\.org(?![\w-])"
    r"|(?<!\w)https://example\.org/[0-9a-f]{12}(?![\w/])"
    r"|(?<![\w+-])\+1-[2-9]\d\d-555-01\d\d(?!\w)"
    r"|(?<![\w.-])(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}(?![\w-]|\.\d)"
    r"|(?<![\w:])2001:db8:[0-9a-f:]{2,30}(?![\w:])"
    r"|(?<![\w:-])00:00:5e:00:53:[0-9a-f]{2}(?![\w:-])"
    r"|(?<![\w-])0000-\d{4}-\d{4}-\d{4}(?![\w-])|(?<!\w)XX00SEED\d{12}(?!\w)"
    r"|(?<![\w-])000-\d\d-\d{4}(?![\w-])|(?<![\w-])1900-\d\d-\d\d(?![\w-])"
    r"|(?<!\w)ZZ99 9[A-Z]{2}(?!\w)|(?<![\w@])@user_[0-9a-f]{12}(?!\w)"
    r"|(?<![\w-])[A-Z][A-Z0-9_]{1,40}-0x[0-9a-f]{12}(?![\w-])"
    rf"|\b{_any_of(FIRST_NAMES)} {_any_of(LAST_NAMES)}\b"
    rf"|\b{_any_of(LAST_NAMES)} & {_any_of(LAST_NAMES)}\b"
    rf"|\b(?:[1-9]\d? {_any_of(LAST_NAMES)} Lane, )?{_any_of(PLACES)}\b"
)


TITLES = re.compile(r"^(?:(?:mrs?|ms|miss|mx|dr|prof|professor|sir|dame|lord|lady|judge)\.? )+")


def normalised(kind: str, value: str) -> str:
    """The value without what does not change whom it names: case, spaces, separators, titles."""
    if kind == "ip":
        return ipaddress.ip_address(value).compressed
    value = " ".join(value.casefold().split())
    if kind == "person":
        return TITLES.sub("", value)
    if kind in ("phone", "credit_card", "iban", "mac", "national_id", "account_number", "postcode"):
        return "".join(char for char in value if char.isalnum())
    return value


def stand_in(kind: str, value: str, key: bytes, mode: Mode) -> str:
    """The one stand-in of a value under a key."""
    if mode == "placeholder":
        return f"<{kind.upper()}>"
    if mode == "redact":
        return REDACTED
    digest = keyed_hash(key, "stand-in", kind, normalised(kind, value))
    if mode == "hash":
        return f"<{kind.upper()}:{digest[:12]}>"
    return _pseudonym(kind, value, digest)


def _pseudonym(kind: str, value: str, digest: str) -> str:
    number, short = int(digest, 16), digest[:12]
    match kind:
        case "email":
            return f"user-{short}@example.org"
        case "url" | "url_with_secret":
            return f"https://example.org/{short}"
        case "handle":
            return f"@user_{short}"
        case "phone":
            return f"+1-{200 + number % 800}-555-01{number // 800 % 100:02d}"
        case "ip":
            return _address(value, number)
        case "mac":
            return f"00:00:5e:00:53:{number % 256:02x}"
        case "credit_card":
            return _card(number)
        case "iban":
            return f"XX00SEED{number % 10**12:012d}"
        case "national_id":
            return f"000-{number % 100:02d}-{number // 100 % 10_000:04d}"
        case "date" | "date_of_birth":
            return f"1900-{1 + number % 12:02d}-{1 + number // 12 % 28:02d}"
        case "postcode":
            return f"ZZ99 9{chr(65 + number % 26)}{chr(65 + number // 26 % 26)}"
        case "person":
            return f"{_of(FIRST_NAMES, number)} {_of(LAST_NAMES, number // 997)}"
        case "place":
            return _of(PLACES, number)
        case "organisation":
            return f"{_of(LAST_NAMES, number)} & {_of(LAST_NAMES, number // 997)}"
        case "street_address":
            street = f"{1 + number % 99} {_of(LAST_NAMES, number // 99)} Lane"
            return f"{street}, {_of(PLACES, number // 9973)}"
    return f"{kind.upper()}-0x{short}"


def _of(names: tuple[tuple[str, ...], tuple[str, ...]], number: int) -> str:
    beginnings, ends = names
    return beginnings[number % len(beginnings)] + ends[number // len(beginnings) % len(ends)]


def _address(value: str, number: int) -> str:
    if ":" in value:
        return str(ipaddress.IPv6Address((0x20010DB8 << 96) | number))
    net = ("192.0.2", "198.51.100", "203.0.113")[number // 254 % 3]
    return f"{net}.{1 + number % 254}"


def _card(number: int) -> str:
    digits = f"0000{number % 10**12:012d}"
    return "-".join(digits[at : at + 4] for at in range(0, 16, 4))


def replace(text: str, spans: Sequence[Span], key: bytes, mode: Mode) -> str:
    """The text with every span replaced; spans are sorted and do not overlap.

    A space parts a stand-in from a neighbour with which it would read as another value.
    """
    parts, at = [""], 0
    for span in spans:
        parts.append(text[at : span.start])
        before = "".join(parts[-2:])[-1:]
        after = stand_in(span.kind, text[span.start : span.end], key, mode)
        if not _stands_alone(before, after, ""):
            parts.append(" ")
        parts.append(after)
        if not _stands_alone("", after, text[span.end : span.end + 2]):
            parts.append(" ")
        at = span.end
    return "".join([*parts, text[at:]])


def _stands_alone(before: str, after: str, behind: str) -> bool:
    found = STAND_IN.search(before + after + behind)
    return found is not None and found[0] == after
