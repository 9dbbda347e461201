"""Names without capitals, single words that are persons by their neighbours, and what is cut."""

import pytest

from seedbed.private.detection import anonymize
from seedbed.private.dictionary import is_chat
from seedbed.private.kinds import Wanted
from seedbed.private.name_lists import find_lone, find_lower_case
from seedbed.private.name_mending import with_mended_persons
from seedbed.private.name_rules import find_persons, find_repeated
from seedbed.private.names import with_restored_case
from seedbed.private.patterns import Span

COMMON = frozenset({"the", "and"})


def values(text: str, spans) -> list[str]:
    return [text[span.start : span.end] for span in spans]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("i love lindsay lohan so much", ["lindsay lohan"]),
        ("then john lennon came by", ["john lennon"]),
        ("Back when mike vick was young", ["mike vick"]),
        ("ask deborah l about it", ["deborah l"]),
        ("leo 's new film", ["leo"]),
        ("my friend nick is in it", ["nick"]),
        ("eminem died twice in it", ["eminem"]),
        ("dolly takes the lead", ["dolly"]),
        ("adam will be a star", ["adam"]),
    ],
)
def test_names_in_lower_case(text: str, found: list[str]) -> None:
    assert values(text, find_lower_case(text)) == found


@pytest.mark.parametrize(
    "text",
    [
        "a long day, and i see little of it",
        "we had a look into it",
        "the mike is broken, in the nick of time",
        "rate it 8/10 lol, gonna watch it again",
        "youtube lost it, and ppl said so",
        "my phone bill will be high",
        "#michael and @michael and mail a.lohan@example.org",
    ],
)
def test_plain_words_in_lower_case_are_nobody(text: str) -> None:
    assert values(text, find_lower_case(text)) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hendrix died 40 years ago", ["Hendrix"]),
        ("I was with Erron . See him tomorrow", ["Erron"]),
        ("Mom called : Yli gets out in 15", ["Yli"]),
        ("MJ still had it", ["MJ"]),
    ],
)
def test_one_word_that_does_as_persons_do(text: str, found: list[str]) -> None:
    assert values(text, find_lone(text)) == found


@pytest.mark.parametrize(
    "text",
    [
        "NJ is a state, and the DJ is late",
        "Summer went by. Nobody said a word.",
        "Soooo she left. Whoever said that?",
        "London asked for it, Monday came",
        "Rated 8/10, Gonna see it",
    ],
)
def test_one_word_that_is_nobody(text: str) -> None:
    assert values(text, find_lone(text)) == []


@pytest.mark.parametrize(
    ("sentence", "restored"),
    [
        ("then lindsay takes the lead", "then Lindsay takes the lead"),
        ("JUST IN: DEMI LOVATO IS COMING", "just in: Demi Lovato is coming"),
        ("a film made in nairobi", "a film made in Nairobi"),
        ("Mixed case stays, lindsay too", "Mixed case stays, lindsay too"),
        ("ŉ ß ﬁn stays as long", "ŉ ß ﬁn stays as long"),
    ],
)
def test_capitals_come_back_where_a_name_could_stand(sentence: str, restored: str) -> None:
    assert with_restored_case(sentence, COMMON) == restored
    assert len(restored) == len(sentence)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Pope Benedict XVI flew in", "Pope Benedict XVI"),
        ("the pope is in town", "pope"),
        ("here Mr . Van is busy", "Mr . Van"),
    ],
)
def test_popes_and_titles_that_stand_apart_from_their_mark(text: str, value: str) -> None:
    assert value in values(text, find_persons(text))


@pytest.mark.parametrize("text", ["#pope and @Pope", "a popeseye steak", "thank God, oh my god"])
def test_tags_and_gods_are_no_persons(text: str) -> None:
    assert values(text, find_persons(text)) == []


def test_a_list_of_names_is_read_to_its_end() -> None:
    text = "in : Walton , Rea , Chicksen and Colunga ."
    start = text.index("Walton")
    found = find_repeated(text, [Span("person", start, start + 6)])
    assert values(text, found) == ["Rea", "Chicksen", "Colunga"]


def test_a_name_that_is_no_word_is_found_again_alone() -> None:
    text = "Cadel won, and they ride for Cadel now"
    assert values(text, find_repeated(text, [Span("person", 0, 5)])) == ["Cadel", "Cadel"]
    text = "Grace won, and Grace is a virtue"
    assert values(text, find_repeated(text, [Span("person", 0, 5)])) == []


@pytest.mark.parametrize(
    ("text", "found", "mended"),
    [
        ("on Marvin Gaye Day", "Marvin Gaye Day", ["Marvin Gaye"]),
        ("Getting Nash 's letters", "Getting Nash", ["Nash"]),
        ("hey Joe, come", "hey Joe", ["Joe"]),
        ("so Ahaha it is", "Ahaha", []),
        ("with Doris Day", "Doris Day", ["Doris Day"]),
    ],
)
def test_words_around_a_name_are_cut(text: str, found: str, mended: list[str]) -> None:
    start = text.index(found)
    spans = with_mended_persons(text, [Span("person", start, start + len(found))])
    assert values(text, spans) == mended


@pytest.mark.parametrize("word", ["gonna", "sooo", "hahaha", "lol", "into"])
def test_words_of_chats(word: str) -> None:
    assert is_chat(word)


@pytest.mark.parametrize("word", ["lolita", "hannah", "heather", "lohan"])
def test_names_that_begin_like_words_of_chats(word: str) -> None:
    assert not is_chat(word)


def test_lower_and_upper_case_texts_lose_their_names() -> None:
    wanted = Wanted(frozenset(), names=frozenset({"person"}))
    texts = [
        "i went to see lindsay lohan with my cousin nick and it was good",
        "JUST IN: DEMI LOVATO IS COMING TO TOWN AND WE LOVE IT",
        "i rate it 8/10 and would watch it again, gonna buy it too",
    ]
    after = [one.text for one in anonymize(texts, wanted, b"a key of these tests", "placeholder")]
    assert after[0] == "i went to see <PERSON> with my cousin <PERSON> and it was good"
    assert after[1] == "JUST IN: <PERSON> IS COMING TO TOWN AND WE LOVE IT"
    assert after[2] == texts[2]
