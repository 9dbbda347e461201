"""What cleaning does to one text, rule by rule: the one table of cleaning rules.

A text keeps its lines and its paragraphs (one blank line between two), because titles, signatures
and quoted replies are known by them; within a line all white space is one space. The rules run
again until none of them changes the text, so cleaning a cleaned text changes nothing. Boilerplate
is what the writer of an e-mail did not write for it: quotes, signatures, notices.

Adding a rule is one function here, or in a module next to this one, and one entry in RULES.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, NamedTuple, get_type_hints

from pydantic import Field, create_model

from seedbed.cleaning.markup import decode_entities, remove_tags
from seedbed.core.params import Section, from_table

MAX_ROUNDS = 10  # what is nested deeper was made to delay a run

# Scripts in which a zero-width (non-)joiner is spelling: Arabic and its supplements, Indic to
# Myanmar, Khmer, Mongolian. Elsewhere it is a trace of copying, or a way to hide words.
SPELLED = (
    "\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ua840-\ua8ff\ufb50-\ufdcf\ufdf0-\ufdff"
    "\ufe70-\ufefc"
)
# What an emoji sequence joins (Unicode Technical Standard 51).
EMOJI = "\u2190-\u2bff\u3030\u303d\u3297\u3299\ufe0f\u20e3\U0001f000-\U0001faff"
# Terminal escapes, digraphs, ligatures, surrogates: what ftfy rewrites as well as text that was
# decoded wrongly.
FORMS = re.compile("[\x1b\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\ud800-\udfff\ufb00-\ufb06]")
# What ftfy looks for is at most 7 characters long and never ASCII alone (both are tested), so the
# ends of a longer run of ASCII are enough.
ASCII_RUN = re.compile(r"([\x00-\x7f]{7})[\x00-\x7f]{2,}([\x00-\x7f]{7})")
# Two that may be one character of UTF-8; the second may have become a space.
ADJACENT = re.compile(r"[^\x00-\x7f]{2}|[^\x00-\x9f] ")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
LINE_BREAK = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
UNSEEN = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls (Cc), but tab and line feed
    "\u00ad\u180e\u200b\u2060-\u2065\ufeff"  # no width
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction
    "\ufff0-\ufffb\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff"  # annotations, non-characters
    "\U000e0000-\U000e007f]"  # tags
)
FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"  # of a region
UNSEEN_OR_FLAG = re.compile(f"({FLAG})|{UNSEEN}")
JOINER_RUN = re.compile("([\u200c\u200d])[\u200c\u200d]+")
STRAY_JOINER = re.compile(
    f"(?<![{SPELLED}])\u200c|\u200c(?![{SPELLED}])"
    f"|(?<![{SPELLED}{EMOJI}])\u200d|(?<=[{EMOJI}])\u200d(?![{EMOJI}])"
)
UNFOLDED = ("  ", " \n", "\n ", "\n\n\n")
BLANK_LINES = re.compile(r"\n{3,}")

# Boilerplate, in folded white space: lines without outer spaces, one blank line at most.
ORIGINAL = re.compile(
    r"^(?:-{2,} ?(?:Original|Forwarded) [Mm]essage ?-{2,}|Begin forwarded message:)$.*",
    re.M | re.S,
)
QUOTE_HEADER = re.compile(
    r"^(?:On|Am|Le|El|Il|Op)\b[^\n]{1,200}"
    r"\b(?:wrote|schrieb[^\n:]{0,80}|a écrit|escribió|ha scritto|schreef[^\n:]{0,80}) ?:\n+(?=>)",
    re.M,
)
QUOTED_LINE = re.compile(r"^>[^\n]*\n?", re.M)
MOBILE = re.compile(
    r"^(?:Sent (?:from|via|with) (?:(?:my|the|an?) )?(?:iPhone|iPad|Android|Samsung|Galaxy|Huawei|"
    r"BlackBerry|Nokia|Windows|Mail|Outlook|Yahoo|Proton|mobile|phone|cell|tablet)[^\n]{0,40}"
    r"|Get Outlook for (?:iOS|Android)[^\n]{0,40}"
    r"|Von meinem [^\n]{2,30} gesendet|Envoyé de mon [^\n]{2,30}|Enviado desde mi [^\n]{2,30})$",
    re.M,
)
# "-- " alone on a line (RFC 3676, section 4.3); a longer block than ten lines is no signature.
SIGNATURE = re.compile(r"(?:\A|\n)--\n(?:[^\n]*\n){0,9}[^\n]*\Z")
NOTICE_START = re.compile(
    r"(?:this|the) (?:e-?mail|message|communication|information|content)"
    r"|confidential|privileged|disclaimer|notice|important",
    re.I,
)
NOTICE_PARTS = (
    re.compile(r"\b(?:confidential|privileged)", re.I),
    re.compile(
        r"intended (?:only|solely|recipient|for)|unauthori[sz]ed|if you have received|"
        r"not the (?:intended|named)",
        re.I,
    ),
)


def fix_encoding(text: str) -> str:
    """Undo text that was decoded wrongly ("schÃ¶n"), and ligatures (ftfy).

    Curly quotes and full-width characters stay, because people write them: the comma of Chinese is
    one. HTML has rules of its own.
    """
    if text.isascii() and "\x1b" not in text:
        return text
    import ftfy
    from ftfy.badness import is_bad

    # ftfy takes 20 times as long to find nothing, so it gets only what may be bad.
    lines = [line for line in text.split("\n") if not line.isascii()]
    shortened = [ASCII_RUN.sub(r"\1\n\2", line) for line in lines]
    if "\x1b" not in text and not any(is_bad(line) or FORMS.search(line) for line in shortened):
        return text
    if (repaired := _windows_1252(text)) is not None:
        return repaired
    config = ftfy.TextFixerConfig(
        unescape_html=False, uncurl_quotes=False, fix_character_width=False, normalization=None
    )
    return ftfy.fix_text(text, config)


def _windows_1252(text: str) -> str | None:
    """Repair Windows-1252 that was read as Latin-1 ("it\\x92s"); None for any other text.

    It gives what ftfy gives, in a hundredth of the time. A character on its own between ASCII is no
    UTF-8 read wrongly, so nothing else is in question.
    """
    if ADJACENT.search(text) or CONTROL.search(text):
        return None
    try:
        repaired = text.encode("latin-1").decode("windows-1252")
    except UnicodeError:
        return None
    return None if FORMS.search(repaired) else repaired


def remove_control_characters(text: str) -> str:
    """Remove invisible characters: controls, zero-width and direction characters, non-characters.

    Joiners stay where they are spelling (Persian, Indic scripts) or join an emoji.
    """
    if text.replace("\n", "").isprintable():
        return text
    text = UNSEEN_OR_FLAG.sub(r"\1", LINE_BREAK.sub("\n", text))
    if "\u200c" in text or "\u200d" in text:
        text = STRAY_JOINER.sub("", JOINER_RUN.sub(r"\1", text))
    return text


def fold_white_space(text: str) -> str:
    """Fold white space to one space in a line, one blank line between paragraphs, none at ends."""
    # Plain ASCII with nothing to fold is found without a look at every word.
    plain = text.isascii() and text.replace("\n", "").isprintable()
    if plain and text == text.strip() and not any(mark in text for mark in UNFOLDED):
        return text
    lines = "\n".join(" ".join(line.split()) for line in text.split("\n"))
    return BLANK_LINES.sub("\n\n", lines).strip("\n")


def remove_quoted_reply(text: str) -> str:
    """Remove lines that begin with ">", the line before them that names their writer, and all below
    "-----Original Message-----"."""
    text = ORIGINAL.sub("", text)
    if ">" in text:
        text = QUOTED_LINE.sub("", QUOTE_HEADER.sub("", text))
    return text


def remove_confidentiality_notice(text: str) -> str:
    """Remove paragraphs about who may read an e-mail, and what anyone else should do."""
    if not NOTICE_PARTS[0].search(text):
        return text
    return "\n\n".join(
        paragraph
        for paragraph in text.split("\n\n")
        if not NOTICE_START.match(paragraph)
        or not all(part.search(paragraph) for part in NOTICE_PARTS)
    )


def remove_signature(text: str) -> str:
    """Remove the last line "--" and up to ten lines below it."""
    return SIGNATURE.sub("", text) if "--\n" in text else text


class Rule(NamedTuple):
    """A cleaning rule: its key in section `clean` of params.yaml, and what it does to a text.

    A rule of `boilerplate` removes a part of an e-mail; naming it in `clean.boilerplate` turns it
    on. `default`: whether params.yaml, as it comes, has it on.
    """

    name: str
    rewrite: Callable[[str], str]
    sentence: str
    boilerplate: bool = False
    default: bool = True


# The order is tested. Entities come before tags, so that an escaped link goes whole; tags before
# white space, which they leave; white space before boilerplate, which is known by its lines.
RULES = (
    Rule("encoding", fix_encoding, "repair text that was decoded with the wrong encoding (ftfy)"),
    Rule("entities", decode_entities, "decode HTML entities such as &amp;"),
    Rule("tags", remove_tags, "remove HTML tags, comments, scripts and styles"),
    Rule(
        "control_characters",
        remove_control_characters,
        "remove invisible characters: controls, zero width, direction",
    ),
    Rule("nfc", partial(unicodedata.normalize, "NFC"), "compose letters and accents (Unicode NFC)"),
    Rule("white_space", fold_white_space, "collapse white space, keep lines and paragraphs"),
    Rule("quoted_reply", remove_quoted_reply, "remove quotes of earlier e-mails", True, False),
    Rule("confidentiality_notice", remove_confidentiality_notice, "remove notices", True, False),
    Rule("mobile_signature", partial(MOBILE.sub, ""), 'remove "Sent from my ..."', True, False),
    Rule("signature", remove_signature, "remove all below the last line --", True, False),
)
RULE_NAMES = tuple(rule.name for rule in RULES)
REWRITES = {rule.name: rule.rewrite for rule in RULES}
BOILERPLATE = tuple(rule.name for rule in RULES if rule.boilerplate)

Count = Annotated[int, Field(ge=1, le=10**9)]
Share = Annotated[float, Field(ge=0, le=1)]


class Limits(NamedTuple):
    """The limits in section `clean` of params.yaml, and the values that it comes with.

    A text that breaks several is dropped for the first. Its language is computed only if no other
    limit drops it.
    """

    min_chars: Count = 3  # a shorter text is dropped; lengths are those of `length_of`
    max_chars: Count = 100_000  # a longer one is
    min_letter_share: Share = 0.25  # letters, marks, emoji of all but white space; below: a table
    max_repeated_share: Share = 0.7  # of word 3-grams that repeat earlier ones; above: a loop
    languages: list[str] = []  # ISO 639 codes to keep; empty: every language
    min_chars_for_language: Count = 60  # a shorter text is never dropped for its language


# Section `clean` of params.yaml: a switch for each of RULES, and the limits, all of them named.
_FIELDS: dict[str, Any] = {
    **{rule.name: (bool, rule.default) for rule in RULES if not rule.boilerplate},
    "boilerplate": (list[Annotated[str, from_table(BOILERPLATE)]], ...),
    **{name: (kind, ...) for name, kind in get_type_hints(Limits, include_extras=True).items()},
}
CleanParams = create_model("CleanParams", __base__=Section, **_FIELDS)


def rules_wanted(params: Section) -> list[str]:
    """Return the rules that section `clean` of params.yaml turns on, in the order of RULES."""
    section = dict(params)
    return [name for name in RULE_NAMES if section.get(name, name in section["boilerplate"])]


def rewritten(text: str, rules: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the text after the rules, run until none changes it, and the rules that did."""
    touched = set()
    for _ in range(MAX_ROUNDS):
        before = text
        for rule in rules:
            after = REWRITES[rule](text)
            if after != text:
                touched.add(rule)
                text = after
        if text == before:
            break
    return text, tuple(rule for rule in rules if rule in touched)
