"""Stand-ins: one value, one stand-in, and nobody's."""

import ipaddress

import pytest
from hypothesis import given, strategies as st
from stdnum import iban, luhn

from seedbed.private.kinds import KIND_OF_NAME, STAND_IN, replace, stand_in
from seedbed.private.patterns import Span

KEY = b"a key of these tests"
KINDS = {
    "email": "ann@shop.com", "phone": "020 7946 0958", "credit_card": "4111 1111 1111 1111",
    "iban": "DE89 3704 0044 0532 0130 00", "national_id": "536-22-8726", "ip": "10.20.30.40",
    "mac": "00:1a:2b:3c:4d:5e", "url": "www.shop.com", "url_with_secret": "https://a:b@shop.com",
    "handle": "@jack", "api_key": "hunter2x!", "postcode": "SW1A 2AA",
    "date_of_birth": "12 March 1980", "case_number": "18403/91", "account_number": "12345678",
    "document_number": "X1234567", "person": "Ann Lee", "place": "Leeds",
    "organisation": "Shop Ltd", "street_address": "1 High Street", "order_number": "77",
    "age": "34", "nationality": "Turkish", "job_title": "night nurse",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["placeholder", "pseudonym", "hash", "redact"])
def test_every_stand_in_is_known_as_one_and_never_holds_the_value(kind: str, mode: str) -> None:
    value = KINDS[kind]
    after = stand_in(kind, value, KEY, mode)
    assert STAND_IN.fullmatch(after)
    assert value not in after


@pytest.mark.parametrize(
    ("kind", "value", "same"),
    [
        ("email", "Ann@Shop.com", "ann@shop.com"),
        ("phone", "020 7946 0958", "(020) 7946-0958"),
        ("credit_card", "4111 1111 1111 1111", "4111-1111-1111-1111"),
        ("iban", "de89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("ip", "2001:4860:0:0::1", "2001:4860::1"),
        ("mac", "00-1A-2B-3C-4D-5E", "00:1a:2b:3c:4d:5e"),
        ("person", "Ann  Lee", "ann\nlee"),
        ("person", "Mrs. Lee", "lee"),
        ("person", "Prof. Dr Lee", "Lee"),
    ],
)
def test_spellings_of_one_value_share_a_stand_in(kind: str, value: str, same: str) -> None:
    normal = KIND_OF_NAME[kind].normal
    assert normal(value) == normal(same)
    assert stand_in(kind, value, KEY, "hash") == stand_in(kind, same, KEY, "hash")


def test_another_key_gives_another_stand_in() -> None:
    assert stand_in("email", "ann@shop.com", KEY, "hash") != stand_in(
        "email", "ann@shop.com", b"another", "hash"
    )


@given(st.text(min_size=1))
def test_pseudonyms_are_reserved_or_invalid(value: str) -> None:
    assert stand_in("email", value, KEY, "pseudonym").endswith("@example.org")
    assert "-555-01" in stand_in("phone", value, KEY, "pseudonym")
    assert not iban.is_valid(stand_in("iban", value, KEY, "pseudonym"))
    card = stand_in("credit_card", value, KEY, "pseudonym")
    assert card.startswith("0000-") or not luhn.is_valid(card)
    assert stand_in("national_id", value, KEY, "pseudonym").startswith("000-")


@given(st.ip_addresses())
def test_pseudonym_addresses_are_for_documentation(address) -> None:
    after = ipaddress.ip_address(stand_in("ip", str(address), KEY, "pseudonym"))
    nets = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"]
    assert any(after in ipaddress.ip_network(net) for net in nets)
    assert after.version == address.version


def test_replace_keeps_what_is_between() -> None:
    text = "Ann wrote to a@b.com, twice."
    after = replace(text, [Span("person", 0, 3), Span("email", 13, 20)], KEY, "placeholder")
    assert after == "<PERSON> wrote to <EMAIL>, twice."


def test_every_kind_has_a_value_here() -> None:
    assert set(KINDS) - {"order_number"} == set(KIND_OF_NAME) - {"date"}
