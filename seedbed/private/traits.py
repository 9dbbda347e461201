"""What tells who somebody is together with other facts: ages, nationalities and job titles.

They are kinds of `anonymize.names`, off unless named there. English alone: each is found by the
words around it ("34-year-old", "a Turkish national", "works as a night nurse"), so that "a
10-year-old bug", "Turkish delight" and "ask the manager" stay.
"""

import functools
import re
from collections.abc import Iterator

from seedbed.private.dictionary import missing_extra
from seedbed.private.patterns import Span, lines, spans_of, word_list

KINDS = ("age", "nationality", "job_title")

PERSON = (
    r"(?:man|woman|boy|girl|guy|lady|male|female|person|child|kid|baby|toddler|teenager|adult|son"
    r"|daughter|brother|sister|mother|father|mum|mom|dad|husband|wife|partner|friend|neighbou?r"
    r"|student|pupil|patient|victim|suspect|driver|widow|widower|pensioner|mother-in-law|grandson"
    r"|granddaughter|nephew|niece|cousin|uncle|aunt|boyfriend|girlfriend|citizens?|nationals?"
    r"|applicant|worker|employee|colleague|immigrant|migrant|refugee|couple|family|people)"
)
TENS = r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
ONES = r"(?:one|two|three|four|five|six|seven|eight|nine)"
NUMBER = rf"(?P<value>1[01]\d|\d{{1,2}}|(?i:{TENS}(?:[- ]{ONES})?|ten|eleven|twelve|\w{{3,5}}teen))"
IS = r"(?:\bI am|\b(?:I|he|she)['’]m|\b(?:[Hh]e|[Ss]he)(?:['’]s| is| was)|\bI was|\bwho (?:is|was))"
CLAUSE_END = r"(?=\s*(?:[.,;!?)\n]|$)|\s(?:and|but|when|at the time|now|today|this|next|last)\b)"
OLD = r"[- ]?(?:years?|yrs?|y)[- ]?olds?"
AGES = (
    # Of a person, or at the end of a clause: no "10-year-old bug".
    re.compile(
        rf"(?<![\w.,$£€-]){NUMBER}{OLD}(?=\s{PERSON}\b|\s*(?:[.,;!?)\n]|$)|\s(?:and|who|with|from)\b)"
    ),
    re.compile(rf"(?<![\w.,$£€-]){NUMBER}\s?y[./]?o\b", re.IGNORECASE),
    re.compile(rf"\b[Aa](?:ged?|GE)(?:\s*(?::|=|is|of|was))?\s+{NUMBER}(?![\w%]|[.,]\d)"),
    re.compile(
        rf"(?:{IS}|\b(?:turned|turning|turns))\s+(?:only |just |about )?{NUMBER}{CLAUSE_END}"
    ),
    re.compile(r"(?<=\()(?P<value>\d{2})(?=\s?[/,]?\s?(?:[MmFf]|male|female)\))"),
    re.compile(r"\b[MmFf][/ ](?P<value>[1-9]\d)(?=\W|$)(?!\s?[%:/])"),
    re.compile(
        r"\bin (?:my|his|her|their) (?:early |mid-?|late )?(?P<value>[2-9]0s|\w{3,6}ties)\b"
    ),
)
THINGS_OLD = re.compile(
    r"\b(?:phone|laptop|computer|car|house|flat|building|account|card|film|movie|book|version|bug"
    r"|contract|system|app|code|software|bike|battery|company|firm|policy|router|machine)"
    r"(?: is| was|['’]s)? (?:only |just |about |already )?$"
)
OF_NATION = (
    r"(?:nationals?|citizens?|citizenship|nationality|passports?|origin|descent|roots|parents|born"
    r"|immigrants?|refugees?|students?|man|woman|men|women|guy|girl|boy|lady|husband|wife|couple"
    r"|family|friend|colleague)"
)


@functools.cache
def _nationalities() -> tuple[re.Pattern[str], ...]:
    nation = rf"(?P<value>(?:{'|'.join(lines('nationalities'))})(?:[- ]American)?)"
    return (
        re.compile(rf"(?<![\w-]){nation}(?=[- ]{OF_NATION}(?!\w))"),
        re.compile(
            rf"(?i:\b(?:nationality|citizenship|ethnicity))(?:\s*(?:is|was|:|=|-))*\s*{nation}"
        ),
        re.compile(
            rf"(?:{IS}|\b(?:[Ww]e|[Tt]hey|parents|wife|husband|mother|father) (?:are|is|were|was))"
            rf"\s(?:originally |half |a |an |part )*{nation}{CLAUSE_END}"
        ),
    )


@functools.cache
def _job_titles() -> tuple[re.Pattern[str], ...]:
    """Return patterns of job titles, whose last words are those of the jobs that `faker` lists."""
    try:
        from faker.providers.job.en_US import Provider
    except ImportError:
        raise missing_extra("the package `faker` is not installed") from None
    titles = (re.split(r"[,/(]", job)[0].split() for job in Provider.jobs)
    heads = {title[-1].lower() for title in titles if title} | word_list("job_words")
    head = "|".join(sorted(map(re.escape, heads)))
    words = r"(?:(?!(?:and|or|at|for|in|of|to|with)\b)[a-z][\w&/-]+ ){0,3}"
    job = rf"(?P<value>(?i:{words}(?:{head})s?))(?![\w-])"
    relation = rf"\b(?:[Mm]y|[Hh]is|[Hh]er|[Tt]heir) {PERSON} (?:is|was|works as)"
    as_one = r"(?:a|an|the|our|their|its|chief|head)"
    return (
        re.compile(
            rf"\b(?:work(?:s|ed|ing)?|employed|hired|job|trained|retired) as (?:{as_one} )?{job}"
        ),
        re.compile(rf"(?:{IS}|{relation}) (?:{as_one} |(?:now|currently) {as_one} ){job}"),
        re.compile(
            rf"(?i:\b(?:job title|title|position|occupation|profession))\s*(?::|is|=)\s*{job}"
        ),
    )


def find_traits(text: str) -> Iterator[Span]:
    """Yield ages, nationalities and job titles of persons."""
    for span in spans_of("age", *AGES)(text):
        if not THINGS_OLD.search(text[: span.start]):
            yield span
    yield from spans_of("nationality", *_nationalities())(text)
    yield from spans_of("job_title", *_job_titles())(text)
