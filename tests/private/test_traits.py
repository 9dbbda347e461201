"""Ages, nationalities and job titles: off unless named, found of persons and of nothing else."""

import pytest
from conftest import ROOT, yaml

from seedbed.private.detection import anonymize
from seedbed.private.kinds import NAME_KINDS, AnonymizeParams, Wanted
from seedbed.private.traits import KINDS, find_traits

KEY = b"a key of these tests"


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("I am 34 years old and live here.", "age", "34"),
        ("a 34-year-old woman from Leeds", "age", "34"),
        ("My son is 7 years old.", "age", "7"),
        ("She, aged 62, left.", "age", "62"),
        ("Age: 45", "age", "45"),
        ("he turned 50 last week", "age", "50"),
        ("M/34 here, hello", "age", "34"),
        ("Natalie (20/F) wrote", "age", "20"),
        ("she is in her thirties", "age", "thirties"),
        ("a twenty-five year old student", "age", "twenty-five"),
        ("she's 8yo", "age", "8"),
        ("He is a Turkish national.", "nationality", "Turkish"),
        ("I am French.", "nationality", "French"),
        ("Nationality: Polish", "nationality", "Polish"),
        ("her parents are Nigerian", "nationality", "Nigerian"),
        ("an Indian woman called", "nationality", "Indian"),
        ("my wife is Brazilian.", "nationality", "Brazilian"),
        ("She works as a night nurse in Leeds.", "job_title", "night nurse"),
        ("I am a software engineer at Acme", "job_title", "software engineer"),
        ("Job title: Senior Product Manager", "job_title", "Senior Product Manager"),
        ("my husband is a truck driver", "job_title", "truck driver"),
        ("Occupation: taxi driver", "job_title", "taxi driver"),
        ("he is the CEO of Acme", "job_title", "CEO"),
    ],
)
def test_what_tells_who_somebody_is(text: str, kind: str, value: str) -> None:
    found = {(span.kind, text[span.start : span.end]) for span in find_traits(text)}
    assert found == {(kind, value)}


@pytest.mark.parametrize(
    "text",
    [
        "a 10-year-old bug in the code",
        "The house is 30 years old.",
        "my phone is 3 years old",
        "I am 5 minutes late and 100% sure",
        "built 30 years ago, aged care 3",
        "Turkish delight, French fries and the German car",
        "polish the car, American Express is fine",
        "ask the manager, a doctor told me",
        "I am a customer",
    ],
)
def test_things_have_no_age_nation_or_job(text: str) -> None:
    assert list(find_traits(text)) == []


def test_they_are_kinds_of_names_that_nobody_gets_unasked() -> None:
    assert set(KINDS) <= set(NAME_KINDS)
    params = AnonymizeParams(**yaml.load(ROOT / "params.yaml")["anonymize"])
    assert not params.names
    text = "Ann Lee is 34 years old and works as a night nurse."
    persons = Wanted(frozenset(), names=frozenset({"person"}))
    everything = Wanted(frozenset(), names=frozenset({"person", *KINDS}))
    (some,), (more,) = (
        anonymize([text], wanted, KEY, "placeholder") for wanted in (persons, everything)
    )
    assert some.text == "<PERSON> is 34 years old and works as a night nurse."
    assert more.text == "<PERSON> is <AGE> years old and works as a <JOB_TITLE>."
