"""Personal data by pattern: what is found, what must be left alone, and what stands in."""

import pandas as pd
import pytest
from conftest import ROOT, yaml
from hypothesis import given, settings, strategies as st
from pydantic import ValidationError

from seedbed.core.errors import ParamsError
from seedbed.core.files import PUBLIC_KEY
from seedbed.core.params import validated
from seedbed.private.detection import (
    RESIDUALS,
    TooSlow,
    anonymize,
    detect,
    scan,
    settled,
)
from seedbed.private.kinds import (
    KIND_OF_NAME,
    KINDS,
    PATTERN_KINDS,
    SEARCHES,
    AnonymizeParams,
    UserPattern,
    Wanted,
)
from seedbed.private.patterns import SIGNALS_WITH_DIGIT, Span
from seedbed.private.rows import anonymize_rows

KEY = b"a key of these tests"
ALL = Wanted(frozenset(PATTERN_KINDS) - {"date"})

FOUND = [
    ("Write to Ann.Lee@shop.co.uk, please.", "email", "Ann.Lee@shop.co.uk"),
    ("Reach me: ann [at] shop [dot] com", "email", "ann [at] shop [dot] com"),
    ("my mail is ann at shop dot com", "email", "ann at shop dot com"),
    ("Call 020 7946 0958 today", "phone", "020 7946 0958"),
    ("or +49 30 901820 from abroad", "phone", "+49 30 901820"),
    ("ring (212) 736-5000 x12 now", "phone", "(212) 736-5000 x12"),
    ("paid with 4111 1111 1111 1111 yesterday", "credit_card", "4111 1111 1111 1111"),
    ("to DE89 3704 0044 0532 0130 00 and on", "iban", "DE89 3704 0044 0532 0130 00"),
    ("my SSN is 536-22-8726.", "national_id", "536-22-8726"),
    ("social security 536228726", "national_id", "536228726"),
    ("NINO AB123456C here", "national_id", "AB123456C"),
    ("from 10.20.30.40 at noon", "ip", "10.20.30.40"),
    ("from 2001:4860:4860::8888 too", "ip", "2001:4860:4860::8888"),
    ("card 00:1A:2b:3C:4d:5E of the laptop", "mac", "00:1A:2b:3C:4d:5E"),
    ("see https://ann:pw@shop.com/x.", "url_with_secret", "https://ann:pw@shop.com/x"),
    ("see https://shop.com/?token=ab12cd34", "url_with_secret", "https://shop.com/?token=ab12cd34"),
    ("look at www.shop.com/sale, it is", "url", "www.shop.com/sale"),
    ("AKIAIOSFODNN7EXAMPLE leaked", "api_key", "AKIAIOSFODNN7EXAMPLE"),
    ("password: hunter2x!", "api_key", "hunter2x!"),
    ("I live at SW1A 2AA", "postcode", "SW1A 2AA"),
    ("Springfield, IL 62704", "postcode", "62704"),
    ("zip code 62704", "postcode", "62704"),
    ("born on 12 March 1980 in Leeds", "date_of_birth", "12 March 1980"),
    ("DOB: 03/04/1975", "date_of_birth", "03/04/1975"),
    ("application (no. 18403/91) against", "case_number", "18403/91"),
    ("case number AB-12345 is open", "case_number", "AB-12345"),
    ("account number: 12345678", "account_number", "12345678"),
    ("passport no. X1234567", "document_number", "X1234567"),
    ("thanks @jack_b for that", "handle", "@jack_b"),
    ("ask u/jack_b about it", "handle", "u/jack_b"),
]


@pytest.mark.parametrize(("text", "kind", "value"), FOUND)
def test_finds(text: str, kind: str, value: str) -> None:
    assert [(span.kind, text[span.start : span.end]) for span in detect([text], ALL)[0]] == [
        (kind, value)
    ]


LEFT_ALONE = [
    "I give it 8/10, or 10/10 on a good day.",
    "no good number at all, look at dot matrix prints",
    "It is on sale at Amazon dot com, she said of the boom.",
    "The worst film.Then we left.It was late.",
    "Between 1999-2000 and 2003 - 2004 it cost $1,000,000 or 1 500 000 euros.",
    "She beat him 6-7 (2-7) 7-6 (7-3) 6-2 in 2004.",
    "ISBN 0-306-40615-2 and 978-3-16-148410-0 are books.",
    "Version 1.2.3.4 came out on 12/10/2004 at 10:30:45.",
    "Call me at 10 on 12/10/2004 or 2004-10-12.",
    "Scores were 3.14159265358979 and 100 200 300.",
    "Article 5 § 2 of Protocol No. 11; born in 1925.",
    "It rose 1.5% to 12,345,678 and 1.234.567,89.",
    "std::vector<int> at 12:30, :: and 127.0.0.1",
    "In that case 200 people; on account of 30 years; the file 2004.",
    "The tokenizer key is new; the secret is out; Keyboard.",
    "You #%$@ERS, he f^@ks up, tight-@ss; the barcode number is 332960073452.",
    "Tickets for seats 101 102 103 104 are gone.",
]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_leaves_alone(text: str) -> None:
    assert detect([text], ALL) == [[]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("on 12/10/2004, 2004-10-12 08:30:00 or 1 May 2004", 3),
        ("8/10, 45/13/2004, 1.2.3, in May 2004, 24/7/365", 0),
    ],
)
def test_dates_are_whole_and_possible(text: str, found: int) -> None:
    assert len(detect([text], Wanted(frozenset({"date"})))[0]) == found


def test_looks_only_for_what_is_wanted() -> None:
    text = "ann@shop.com or 020 7946 0958"
    assert detect([text], Wanted(frozenset({"phone"}))) == [[Span("phone", 16, 29)]]


@pytest.mark.parametrize(
    ("regex", "text"),
    [
        ("(x|x)+y", "x" * 40),
        (r"(?:(a|aa)+)+[^a]\d", "a" * 60 + "!"),
    ],
)
def test_a_pattern_of_a_project_that_takes_too_long_names_itself_and_the_row(regex, text) -> None:
    slow = UserPattern(name="order_number", regex=regex)
    params = AnonymizeParams(key_fingerprint="0" * 12, kinds=(), patterns=(slow,))
    rows = pd.DataFrame({"id": ["00aa", "00bb"], "text": ["fine", text], "text_pair": ["", ""]})
    with pytest.raises(TooSlow, match="`order_number`: more than 1 s on the text of row 00bb"):
        anonymize_rows(rows, params, KEY)


def test_user_pattern_needs_its_context_and_replaces_its_value_group() -> None:
    order = UserPattern(name="order_number", regex=r"\bZX-(?P<value>\d{4})\b", context=("order",))
    wanted = Wanted(frozenset(), (order,))
    texts = ["my order ZX-1234 is late", "the model ZX-1234 is nice"]
    after = [result.text for result in anonymize(texts, wanted, KEY, "placeholder")]
    assert after == ["my order ZX-<ORDER_NUMBER> is late", "the model ZX-1234 is nice"]


@pytest.mark.parametrize(
    ("name", "regex", "complaint"),
    [("Order No", "x", "lower-case"), ("order", "(", "regular"), ("order", "x*", "empty text")],
)
def test_bad_user_pattern_is_refused(name: str, regex: str, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        UserPattern(name=name, regex=regex)


def test_overlaps_are_cut_so_that_no_found_character_stays() -> None:
    text = "abcdefgh"
    spans = settled(text, [Span("email", 2, 5), Span("person", 0, 8), Span("place", 3, 5)])
    assert spans == [Span("person", 0, 2), Span("email", 2, 5), Span("person", 5, 8)]


def test_counts_each_kind() -> None:
    (result,) = anonymize(["a@b.com, c@d.com, 10.20.30.40"], ALL, KEY, "redact")
    assert result.counts == {"email": 2, "ip": 1}
    assert result.text == "█████, █████, █████"


VALUES = st.sampled_from([value for _, _, value in FOUND])
GLUE = st.text(alphabet="ab Z1@./:-<>,()\n#&é█'", max_size=6)
MODES = st.sampled_from(["placeholder", "pseudonym", "hash", "redact"])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(GLUE, VALUES), max_size=5), GLUE, MODES)
def test_the_output_anonymised_again_stays_as_it_is(parts, tail, mode) -> None:
    text = "".join(glue + value for glue, value in parts) + tail
    once = anonymize([text], ALL, KEY, mode)[0].text
    assert anonymize([once], ALL, KEY, mode)[0].text == once


@settings(max_examples=100, deadline=None)
@given(st.lists(VALUES, min_size=2, max_size=6), MODES, st.randoms(use_true_random=False))
def test_a_stand_in_does_not_depend_on_other_rows_or_their_order(values, mode, random) -> None:
    texts = [f"it says: {value}" for value in values]
    alone = {text: anonymize([text], ALL, KEY, mode)[0].text for text in texts}
    random.shuffle(texts)
    assert [result.text for result in anonymize(texts, ALL, KEY, mode)] == [alone[t] for t in texts]


def test_residual_scan_sees_values_and_not_stand_ins() -> None:
    text = "a@b.com 10.20.30.40 +44 20 7946 0958"
    assert scan(text)["looks_like_email"] == 1
    assert scan(text)["looks_like_ip"] == 1
    for mode in ("placeholder", "pseudonym", "hash", "redact"):
        after = anonymize([text], ALL, PUBLIC_KEY, mode)[0].text
        assert scan(after) == {}, mode


def test_long_texts_cost_in_proportion() -> None:
    text = "a" * 200_000 + " 1 " * 50_000 + "@" * 50_000 + "1-" * 50_000 + " a@b.com" * 20_000
    (result,) = anonymize([text], Wanted(frozenset(PATTERN_KINDS)), KEY, "redact")
    assert result.counts == {"email": 20_000}


def test_params_look_for_the_kinds_that_are_on_by_default() -> None:
    section = yaml.load(ROOT / "params.yaml")["anonymize"]
    assert section["kinds"] == sorted(kind.name for kind in KINDS if kind.default)
    assert section["mode"] == AnonymizeParams.model_fields["mode"].default
    assert set(PATTERN_KINDS) - set(section["kinds"]) == {"url", "date"}  # its comment names them


def test_every_kind_by_pattern_has_cases() -> None:
    assert {kind for _, kind, _ in FOUND} | {"url", "date"} == set(PATTERN_KINDS)


def test_every_signal_shape_and_kind_that_a_table_names_is_in_its_own() -> None:
    assert {search.signal for search in SEARCHES} == set(SIGNALS_WITH_DIGIT)
    assert {kind.residual for kind in KINDS} - {""} == set(RESIDUALS)
    assert {search.kind for search in SEARCHES} <= set(KIND_OF_NAME)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kinds": ["emial"]}, "one of api_key, .*; there is `email`"),
        ({"names": ["persons"]}, "one of person, .*; there is `person`"),
    ],
)
def test_an_unknown_kind_is_refused_and_the_nearest_is_named(changes, message: str) -> None:
    params = {"key_fingerprint": "0" * 12, "kinds": ["email"], **changes}
    with pytest.raises(ParamsError, match=message):
        validated("anonymize", params, AnonymizeParams)
