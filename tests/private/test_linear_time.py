"""No text makes a finder, a cleaning rule or a count of words slow: time is about linear, by
processor time, over texts that were made to delay a run."""

import re
import time
from collections.abc import Callable

import pytest

from seedbed.cleaning.rows import drop_reason
from seedbed.cleaning.rules import RULES, Limits
from seedbed.core import text_units
from seedbed.private import name_lists, name_rules, traits
from seedbed.private.detection import DRESSES, is_odd, scan
from seedbed.private.kinds import SEARCHES, STAND_IN
from seedbed.private.languages import Searched
from seedbed.private.patterns import signals_of

CHARS, FEW_CHARS = 100_000, 10_000
MAX_SECONDS = 1.0
# Less on the beginning of a text cannot become more than MAX_SECONDS on all of it, if time grows
# with the square of its length.
FEW_SECONDS = MAX_SECONDS * (FEW_CHARS / CHARS) ** 2

# What a text begins with, and what follows it over and over.
BEGINNINGS = ("", "born ", "password ", "case id ", "http://a:", "Mr ", "1 ")
REPEATED = (
    *(
        "a",
        "é",
        "İ",
        "界",
        "ก",
        "가",
        "1",
        " ",
        ".",
        "-",
        "_",
        "(",
        "[",
        "<",
        "@",
        "/",
        ":",
        "\u0301",
    ),
    *(
        "ab@",
        "ab@cd@ef@",
        "a.",
        "1.",
        "a ",
        "Aa ",
        "1 ",
        "1-",
        "a-",
        "A.",
        "a,",
        "a=",
        "= ",
        "&",
        "<a ",
    ),
    *("no. 12/34, ", "+1 ", "DE89 ", "4111 ", "://", "://token", "?token", "token=", "key ", "is "),
    *("dot ", "a at b dot ", "Aa, ", "van de ", "one two ", "1 January ", "12.12.", "AA-", "eyJa."),
)


def found_by(search) -> Callable[[str], object]:
    return lambda text: list(search.find(Searched(text)))


def found(find) -> Callable[[str], object]:
    return lambda text: list(find(text))


WORK: dict[str, Callable[[str], object]] = {
    **{f"{search.kind} {n}": found_by(search) for n, search in enumerate(SEARCHES)},
    **{f"rule {rule.name}": rule.rewrite for rule in RULES},
    **{f"dress {n}": found(pattern.finditer) for n, (pattern, *_) in enumerate(DRESSES)},
    "limits": lambda text: drop_reason(text, Limits()),
    "signals": signals_of,
    "odd": is_odd,
    "scan": scan,
    "stand-ins": found(STAND_IN.finditer),
    "addresses": found(traits.find_addresses),
    "traits": found(traits.find_traits),
    "persons": found(name_rules.find_persons),
    "places": found(name_rules.find_places),
    "organisations": found(name_rules.find_organisations),
    "listed names": found(name_rules.find_listed),
    "lower-case names": found(name_lists.find_lower_case),
    "lone names": found(name_lists.find_lone),
    "pairs": found(name_lists.find_pairs),
    "related": found(name_lists.find_related),
    "units": text_units.units_of,
    "length": text_units.length_of,
    "apart": text_units.values_apart,
}


def repeated(beginning: str, part: str) -> str:
    return (beginning + part * CHARS)[:CHARS]


TEXTS = [repeated("", part) for part in REPEATED]
TEXTS += [repeated(first, part) for first in BEGINNINGS[1:] for part in ("a", "1 ", "-", "é")]


def seconds(work: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    work(text)
    return time.process_time() - start


def slow(work: Callable[[str], object], texts: list[str]) -> list[str]:
    return [text[:20] for text in texts if is_slow(work, text)]


def is_slow(work: Callable[[str], object], text: str) -> bool:
    if seconds(work, text[:FEW_CHARS]) < FEW_SECONDS:
        return False
    # Twice, because the first call may load a list of names.
    return seconds(work, text) > MAX_SECONDS and seconds(work, text) > MAX_SECONDS


@pytest.mark.parametrize("name", WORK)
def test_is_linear(name: str) -> None:
    assert slow(WORK[name], TEXTS) == []


def test_a_quadratic_pattern_is_seen(monkeypatch) -> None:
    for name, value in {"FEW_CHARS": 1_000, "FEW_SECONDS": 0.001, "MAX_SECONDS": 0.05}.items():
        monkeypatch.setitem(globals(), name, value)
    text = repeated("", "a")[: FEW_CHARS * 10]
    assert slow(found(re.compile(r"\w+x").finditer), [text]) == [text[:20]]
    assert slow(found(re.compile(r"\w{0,9}x").finditer), [text]) == []
