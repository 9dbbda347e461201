"""The canaries in small; and a planted leak is seen."""

from tests.trust.canaries import canaries, leaks, measure, obfuscated, outcome


def test_no_canary_leaves_the_private_zone() -> None:
    assert measure(0.2, seed=1).missed == []


def test_a_leak_is_seen_in_each_form() -> None:
    values = canaries(10, seed=0)
    email, card = values["email 0"], values["card 2"]
    written = [("a", email.encode()), ("b", card.encode("utf-16"))]
    found = leaks(values, written)
    assert found == {"email 0": ["a"], "card 2": ["b"]}
    assert (
        outcome(values | obfuscated(5, seed=0), found, seed=0)
        .missed[0]
        .startswith("plain: 8 of 10")
    )
