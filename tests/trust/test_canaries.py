"""The canaries in small; and a planted leak is seen."""

import pytest

from tests.trust.canaries import TASKS, canaries, leaks, measure, obfuscated, outcome, refused


def test_no_canary_leaves_the_private_zone() -> None:
    assert measure(0.2, seed=1).missed == []


@pytest.mark.parametrize("task", TASKS)
def test_a_value_that_collect_takes_is_seen_in_each_place(tmp_path, task) -> None:
    """As label in each way, as value of a meta column, as name of a file."""
    harmless = {f"email {number}": "harmless" for number in (70, 71, 72, 80, 90, 91, 92)}
    assert refused(tmp_path / "project", harmless, task).keys() == harmless.keys()


def test_a_leak_is_seen_in_each_form() -> None:
    values = canaries(10, seed=0)
    email, card = values["email 0"], values["card 2"]
    written = [("a", email.encode()), ("b", card.encode("utf-16"))]
    found = leaks(values, written)
    assert found == {"email 0": ["a"], "card 2": ["b"]}
    assert (
        outcome(values | obfuscated(5, seed=0), {"class": {}, "labels": found}, seed=0)
        .missed[0]
        .startswith("plain, in rows with sets: 8 of 10")
    )
