"""The canaries in small; and a planted leak is seen."""

import pytest

from seedbed.private import rows
from tests.trust.canaries import (
    TASKS,
    canaries,
    in_talks,
    leaks,
    measure,
    obfuscated,
    outcome,
    refused,
)


def test_no_canary_leaves_the_private_zone() -> None:
    assert measure(0.2, seed=1).missed == []


@pytest.mark.parametrize("task", TASKS)
def test_a_value_that_collect_takes_is_seen_in_each_place(tmp_path, task) -> None:
    """As label in each way, as value of a meta column, as name of a file."""
    harmless = {f"email {number}": "harmless" for number in (70, 71, 72, 80, 90, 91, 92)}
    assert refused(tmp_path / "project", harmless, task).keys() == harmless.keys()


@pytest.mark.parametrize("forgotten", ["context", "answer", "text"])
def test_an_anonymizer_that_overlooks_a_column_of_conversations_is_seen(
    tmp_path, monkeypatch, forgotten
) -> None:
    values = canaries(160, seed=1)  # one of each kind in each place
    whole = rows.columns_of
    monkeypatch.setattr(
        rows, "columns_of", lambda names: [one for one in whole(names) if one != forgotten]
    )
    found = in_talks(tmp_path / "project", values, False)
    assert len(found) >= 20
    assert any("data/split/" in path for paths in found.values() for path in paths)


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
