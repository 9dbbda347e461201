"""Names by the model and by rules. The rules need no model; one test stands in for a machine
without the extra."""

import builtins

import pytest

from seedbed.core.errors import ModelError
from seedbed.private import name_lists, names
from seedbed.private.detection import anonymize
from seedbed.private.kinds import Wanted
from seedbed.private.name_lists import find_pairs, is_pair_of_names
from seedbed.private.name_mending import with_mended_persons
from seedbed.private.name_rules import (
    find_listed,
    find_persons,
    find_places,
    find_repeated,
)
from seedbed.private.names import suspicious
from seedbed.private.patterns import Span
from seedbed.private.traits import find_addresses

KEY = b"a key of these tests"


def values(text: str, spans) -> list[str]:
    return [text[span.start : span.end] for span in spans]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("by a national, Mr Karsten Trippel (“the applicant”)", "Mr Karsten Trippel"),
        ("asked dr. Lee about it", "dr. Lee"),
        ("mrs. olsen called", "mrs. olsen"),
        ("counsel, A. Demetriades, spoke", "A. Demetriades"),
        ("their Agent, Z.M. Necatigil.", "Z.M. Necatigil"),
        ("My name is douglas nissen.", "douglas nissen"),
        ("Name: Ann Lee", "Ann Lee"),
    ],
)
def test_titles_initials_and_introductions_name_a_person(text: str, value: str) -> None:
    assert value in values(text, find_persons(text))


@pytest.mark.parametrize(
    "text",
    ["A. Criminal proceedings", "I. THE CIRCUMSTANCES", "call me back", "my name is on it", "8/10"],
)
def test_headings_and_plain_words_are_nobody(text: str) -> None:
    assert values(text, find_persons(text)) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("i met justin williams there", ["justin williams"]),
        ("JUSTIN WILLIAMS TONIGHT", ["JUSTIN WILLIAMS"]),
        ("Kacper went home", ["Kacper"]),
        ("will you mark the bill in may, grace?", []),
        ("my heaven, what a joy", []),
        ("#Michael and @michael", []),
    ],
)
def test_listed_first_names_begin_a_name(text: str, found: list[str]) -> None:
    assert values(text, find_listed(text)) == found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("at 10 Downing Street, London", "10 Downing Street, London"),
        ("Write to 30 Rue du Bac 11 please", "30 Rue du Bac 11"),
        ("she sits in Suite 339", "Suite 339"),
        ("PSC 1960, Box 1190\nAPO AP 57098", "PSC 1960, Box 1190\nAPO AP 57098"),
        ("my address is 07 celso ferreiro 23, thanks", "07 celso ferreiro 23, thanks"),
    ],
)
def test_addresses(text: str, value: str) -> None:
    assert value in values(text, find_addresses(text))


@pytest.mark.parametrize(
    "text",
    [
        "On 20 May 2004 the Criminal Court ruled.",
        "Articles 9 and 10 of the Convention",
        "In 2004 Michael Howard led 12 Angry Men 1957.",
        "Section 33a of the Administrative Court Act",
        "It took 8 Oscars in 1994 and 3 more.",
    ],
)
def test_dates_laws_and_films_are_no_address(text: str) -> None:
    assert values(text, find_addresses(text)) == []


def test_places_after_words_that_say_so() -> None:
    text = "He lives in Kaster, was originally from Loka pri Zidanem and is from time to time sad."
    assert values(text, find_places(text))[:1] == ["Kaster"]


def test_a_part_of_a_full_name_is_found_again_alone() -> None:
    text = "Ann Demetriades came. Demetriades left with Orlova and went."
    assert values(text, find_repeated(text, [Span("person", 0, 15)])) == [
        "Demetriades",
        "Demetriades",
    ]


def spans_of(text: str, *found: str) -> list[Span]:
    return [Span("person", text.index(one), text.index(one) + len(one)) for one in found]


@pytest.mark.parametrize(
    ("text", "found", "mended"),
    [
        ("Gwen Stefani Wraps it up", ["Gwen Stefani Wraps"], ["Gwen Stefani"]),
        ("saw Robert .... again", ["Robert ...."], ["Robert"]),
        ("Wingo tellin me", ["Wingo tellin"], ["Wingo"]),
        ("Barbara Boxer won", ["Barbara Boxer"], ["Barbara Boxer"]),
        ("with William ten Pas too", ["William ten Pas"], ["William ten Pas"]),
        ("George N . Parks died", ["George", "Parks"], ["George N . Parks"]),
        ("ask Teddy P about it", ["Teddy"], ["Teddy P"]),
        ("Kerri russel came", ["Kerri", "russel"], ["Kerri russel"]),
        ("Ann Lee Bob Roe", ["Ann Lee", "Bob Roe"], ["Ann Lee", "Bob Roe"]),
    ],
)
def test_a_name_is_cut_and_joined(text: str, found: list[str], mended: list[str]) -> None:
    assert values(text, with_mended_persons(text, spans_of(text, *found))) == mended


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("we went to San Mateo", "Mateo"),
        ("a day in Harrison .", "Harrison"),
        ("Glover Park is green", "Glover"),
        ("see Ogden Theatre tonight", "Ogden Theatre"),
        ("a Sour Patch", "Sour Patch"),
        ("now .... then", "...."),
    ],
)
def test_places_and_plain_phrases_are_nobody(text: str, found: str) -> None:
    assert with_mended_persons(text, spans_of(text, found)) == []


def test_other_kinds_are_not_mended() -> None:
    places = [Span("place", 11, 20), Span("place", 11, 16)]
    assert with_mended_persons("we went to San Mateo", places) == places


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("then Don Mattingly spoke", ["Don Mattingly"]),
        ("a film by Ed Miliband", ["Ed Miliband"]),
        ("KRISTEN BELL is the voice", ["KRISTEN BELL"]),
        ("San Mateo and London Bridge", []),
        ("Happy Monday, Sour Patch", []),
    ],
)
def test_first_and_last_name_side_by_side(text: str, found: list[str]) -> None:
    assert values(text, find_pairs(text)) == found


def test_two_names_that_the_model_calls_an_organisation() -> None:
    assert is_pair_of_names("Cardel Jones")
    assert not is_pair_of_names("Rock Band")
    assert not is_pair_of_names("San Mateo")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mike said so", ["mike"]),
        ("my friend nick came", ["nick"]),
        ("the mike is broken, in the nick of time", []),
        ("then joe left", ["joe"]),
    ],
)
def test_names_in_lower_case_by_the_words_beside(text: str, found: list[str]) -> None:
    assert values(text, find_listed(text)) == found


def test_a_name_at_the_very_start_of_a_text_is_found() -> None:
    wanted = Wanted(frozenset(), names=frozenset({"person"}))
    after = anonymize(["Don Mattingly will replace Joe Torre."], wanted, KEY, "placeholder")
    assert after[0].text == "<PERSON> will replace <PERSON>."


def test_the_model_sees_only_sentences_where_a_name_could_stand() -> None:
    plain = "It was a good film and we liked it a lot. " * 10
    text = plain + "Then Orlova came in. " + plain
    assert [text[start:end].strip() for start, end in suspicious(text)] == ["Then Orlova came in."]
    assert suspicious(plain) == []


def test_what_the_model_says_is_taken_with_care() -> None:
    wanted = Wanted(frozenset(), names=frozenset({"person", "place"}))
    texts = [
        "Yesterday Barack Obama's plane landed in Nairobi.",
        "We liked 8/10 of it, asap, and 1984 too.",
        "the film was made in nairobi by someone",
    ]
    after = [result.text for result in anonymize(texts, wanted, KEY, "placeholder")]
    assert after[0] == "Yesterday <PERSON>'s plane landed in <PLACE>."
    assert after[1] == texts[1]


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest):
        if name.split(".")[0] in ("spacy", "faker"):
            raise ImportError(name)
        return real(name, *rest)

    names.load_model.cache_clear()
    name_lists.world_first_names.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModelError, match=r"pip install '\.\[names\]'"):
        names.load_model()
    with pytest.raises(ModelError, match="faker"):
        name_lists.world_first_names()
