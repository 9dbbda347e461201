"""Parts of an e-mail that its writer did not write for it: quotes, signatures, notices.

Each rule expects folded white space: lines without outer spaces, one blank line at most.
"""

import re

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
    return "\n\n".join(part for part in text.split("\n\n") if not _is_notice(part))


def _is_notice(paragraph: str) -> bool:
    return bool(NOTICE_START.match(paragraph)) and all(
        part.search(paragraph) for part in NOTICE_PARTS
    )


def remove_mobile_signature(text: str) -> str:
    """Remove "Sent from my iPhone" and the like, if it is a line of its own."""
    return MOBILE.sub("", text)


def remove_signature(text: str) -> str:
    """Remove the last line "--" and up to ten lines below it."""
    return SIGNATURE.sub("", text) if "--\n" in text else text
