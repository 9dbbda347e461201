"""What the model takes for a name and is none: words, codes, shouts, products; lone last names."""

import pytest

from seedbed.private.detection import detect
from seedbed.private.dictionary import is_chat, is_english, is_town
from seedbed.private.kinds import Wanted

NAMES = Wanted(frozenset(), names=frozenset({"person", "place", "organisation", "street_address"}))


def found(text: str) -> set[tuple[str, str]]:
    return {(span.kind, text[span.start : span.end]) for span in detect([text], NAMES)[0]}


@pytest.mark.parametrize(
    "text",
    [
        "Do you accept Mastercard?",
        "I prefer to pay with American Express or Visa",
        "The app won't allow me to cancel, the passcode doesn't work",
        "My topup got reverted when contactless failed",
        "An ATM took my PIN, exchange GBP to AUD please",
        "Does Apple Pay work as a Direct Debit?",
        "WIN a FREE holiday NOW, txt STORE to 8007",
        "A classic in execution, and in hindsight better in theaters",
        "it was wrong in activating it and in reading too",
        "how's the website? what's going on with my login",
        "Bcoz Msg frm ur Frnd",
        "My Bank called about the International Transfers",
        "Hidden Frontier is well worth a shot",
        "Films like There Will Be Blood follow it",
        "They found a fallen Muslim and a Viking on a battlefield",
        "this program won an Emmy, and anyone likes it",
        "play £250k Dream Team. Scoring starts on Saturday",
        "zindgi wo nahi he jo hum sochte hai",
    ],
)
def test_words_codes_and_products_are_no_names(text: str) -> None:
    assert found(text) == set()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("I wrote to Kowalczyk yesterday about it", ("person", "Kowalczyk")),
        ("the new film by Hackman was fine", ("person", "Hackman")),
        ("my dad Scooter Braun called", ("person", "Scooter Braun")),
        ("we live in leeds now", ("place", "leeds")),
        ("visit us in the UK or the US", ("place", "UK")),
        ("she works for the European Union", ("organisation", "European Union")),
        ("i am coming back from nairobi soon", ("place", "nairobi")),
    ],
)
def test_names_by_lists_and_neighbours(text: str, name: tuple[str, str]) -> None:
    assert name in found(text)


def test_a_head_of_a_letter_names_an_organisation() -> None:
    head = ">Ann Kelemen\n>Crowdanalytix\n>73 Wilgenblik Street\n>Suite 5\n>Sisimiut\n"
    assert ("organisation", "Crowdanalytix") in found(head)


@pytest.mark.parametrize(
    "word", ["passcode", "contactless", "mastercard", "topup", "unfollow", "app"]
)
def test_words_newer_than_the_dictionary(word: str) -> None:
    assert is_english(word)


@pytest.mark.parametrize("word", ["kowalczyk", "eastwood", "wicklow", "hackman"])
def test_names_that_look_like_two_words_are_none(word: str) -> None:
    assert not is_english(word)


def test_towns_and_clipped_words() -> None:
    assert is_town("nairobi")
    assert not is_town("hindsight")
    assert is_chat("txt")
    assert not is_chat("lynch")
