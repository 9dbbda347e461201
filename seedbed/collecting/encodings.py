"""The encoding of a text: found in its bytes, reported where it is not Unicode, and refused where
the result is no language.

A byte order mark decides; else NUL bytes mean UTF-16 or UTF-32; else each line is UTF-8 where it is
valid UTF-8, and windows-1252 where it is not, so that the same bytes are the same text everywhere.
Only windows-1252 is taken unasked, and reported, where the result reads as a Western language by
the places its letters and signs have in words. Every other encoding turns any bytes into some text,
so a person has to say it: the two likeliest are named, with a few characters of what each gives.
"""

import codecs
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import regex
from charset_normalizer import from_bytes

from seedbed.core.errors import SourceError
from seedbed.core.text_units import language_of

WESTERN = "windows-1252"
CUT = "seedbed-western"  # how Python calls the handler of bytes that are no UTF-8
# UTF-32 stands before UTF-16: its little-endian mark begins with that of UTF-16.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    codecs.BOM_UTF8: "",
}
OVERRULED = "another is named by `--encoding`, or `encoding` of the source in params.yaml"
SAMPLE = 65_536  # characters or bytes that are looked at to tell what a file is
MIN_NUL_SHARE = 0.01  # of UTF-16: its line ends and commas
UNASSIGNED = regex.compile(r"[\p{Cn}\p{Co}\p{Cs}\x00-\x08]")
BEYOND_ASCII = regex.compile(r"[^\x00-\x7f]+")
BINARY = regex.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
MAX_BINARY_SHARE = 0.05  # of bytes below 32 among bytes that are no Unicode
ENDS = (b" ", b",", b'"', b"\t")  # bytes that are a part of no character of two bytes
# Encodings by how common they are, and the languages (ISO 639) written in them. Of two that give
# texts alike the first is named first.
LANGUAGES = {
    "gb18030": ("zh",),
    "cp932": ("ja",),  # Shift-JIS
    "windows-1251": ("ru", "uk", "be", "bg", "sr", "mk"),
    "windows-1250": ("pl", "cs", "sk", "hu", "hr", "bs", "sr", "sl", "ro"),
    "windows-1254": ("tr", "az", "tk"),
    "windows-1257": ("lt", "lv"),
    "cp949": ("ko",),  # EUC-KR
    "euc_jp": ("ja",),
    "big5": ("zh",),
    "koi8-r": ("ru", "uk"),
    "windows-1253": ("el",),
    "windows-1255": ("he",),
    "windows-1256": ("ar", "fa", "ur"),
    "cp874": ("th",),
    "iso8859-2": ("pl", "cs", "sk", "hu", "hr", "bs", "sl", "ro"),
    "cp866": ("ru", "uk", "be", "bg"),
    "iso8859-5": ("ru", "uk", "be", "bg", "sr", "mk"),
    "mac-roman": ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no", "nb", "fi"),
    "cp850": ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no", "nb", "fi"),
}
# First bytes of the characters in common use, which these standards put before all others.
COMMON = {
    "gb18030": range(0xB0, 0xD8),
    "cp932": range(0x82, 0x98),
    "cp949": range(0xB0, 0xC9),
    "euc_jp": range(0xA4, 0xD0),
    "big5": range(0xA4, 0xC7),
}
BESIDE_ASCII = regex.compile(r"[A-Za-z][^\x00-\x7F]|[^\x00-\x7F][A-Za-z]")
IN_PAIRS = ("gb18030", "cp949", "euc_jp")  # both bytes of such a character are beyond ASCII
# Latin letters beyond windows-1252 are misread as other letters, in the right places: their
# languages are recognized by what is ASCII.
LATIN = ("windows-1250", "windows-1254", "windows-1257")
# What no word of a Western language has: three such letters in a row (other than Icelandic, whose
# share stays low), a capital after a small letter, a sign inside a word, one that opens at its end.
MISPLACED = regex.compile(
    r"[[^\x00-\x7F]--[\p{Z}’‘´·–—…\xad”“„«»‹›•™®]]{3,}"
    r"|(?<=\p{Ll})[À-ÖØ-ÞŠŽŒŸ]+"
    r"|(?<=\p{L})[[\p{S}\p{P}\p{N}\p{C}ªºƒ]--[\x00-\x7F’‘´·–—…\xad”“«»‹›•™®]]+(?=\p{L})"
    r"|(?<=\p{L})[„‚¡¿ƒˆ‰†‡˜¤¦¨¬¯¸¢¥]|[\x80-\x9F]",
    regex.V1,
)
MIN_COMMON_SHARE = 0.95
MAX_MISPLACED_SHARE = 0.1  # of what is not ASCII: none in Western texts, .4 and more in others
FOREIGN = regex.compile(r"[^\s,;|\"]*[^\x00-\x7F][^\s,;|\"]*")
CONTROL = regex.compile(r"\p{C}")
SHOWN, SHOWN_CHARS = 3, 12


# WHATWG Encoding Standard, windows-1252: bytes 80..9F, five of which are control characters.
WINDOWS_1252 = {
    byte: bytes([byte]).decode("cp1252")
    for byte in range(0x80, 0xA0)
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


def western(data: bytes) -> str:
    """Return bytes as windows-1252, a superset of the printable Latin-1."""
    return data.decode("latin-1").translate(WINDOWS_1252)


def is_western(sample: bytes) -> bool:
    """Whether lines that are no Unicode read as a Western language in windows-1252."""
    text = western(sample)
    foreign = sum(not character.isascii() for character in text)
    if sum(map(len, MISPLACED.findall(text))) > MAX_MISPLACED_SHARE * foreign:
        return False
    if not BESIDE_ASCII.search(text) and any(_is_common(sample, one) for one in IN_PAIRS):
        return False
    language = language_of(text)
    for encoding in (encoding for encoding in LATIN if language in LANGUAGES[encoding]):
        other = sample.decode(encoding, "replace")
        if any(a != b and b.isalpha() for a, b in zip(text, other, strict=True)):
            return False
    return True


def likeliest(sample: bytes) -> list[str]:
    """Return the encodings that such lines can be in, the likeliest first: those that give
    characters in common use, then one of their languages, then by disorder and by frequent letters
    (charset-normalizer)."""
    ranked = []
    for index, (encoding, languages) in enumerate(LANGUAGES.items()):
        alone = from_bytes(sample, cp_isolation=[encoding], preemptive_behaviour=False).best()
        if alone is None or not alone.could_be_from_charset:
            continue
        words = FOREIGN.findall(sample.decode(encoding, "replace"))
        fits = (_is_common(sample, encoding), language_of(" ".join(words)) in languages)
        figures = (round(alone.chaos, 1), -round(alone.coherence, 1))
        ranked.append(((*(not one for one in fits), *figures, index), encoding))
    return [encoding for _, encoding in sorted(ranked)]


def _is_common(sample: bytes, encoding: str) -> bool:
    """Whether bytes are nothing but characters in common use, in an encoding that has pairs of
    bytes for them."""
    if encoding not in COMMON:
        return False
    try:
        letters = [one for one in sample.decode(encoding) if one.isalpha() and not one.isascii()]
    except UnicodeDecodeError:
        return False
    pairs = [one.encode(encoding) for one in letters]
    common = sum(
        pair[0] in COMMON[encoding] and (pair[-1] > 0xA0 or encoding not in IN_PAIRS)
        for pair in pairs
    )
    return bool(pairs) and common >= MIN_COMMON_SHARE * len(pairs)


def excerpt(text: str) -> str:
    """Return what a person can judge an encoding by: up to three of the most frequent words with
    letters beyond ASCII, or where there are none of all, a few characters of each."""
    found = FOREIGN.findall(text) or text.split()
    words = Counter(CONTROL.sub("?", word[:SHOWN_CHARS]) for word in found)
    frequent = sorted(words, key=lambda word: (-words[word], word))
    return " ".join(frequent[:SHOWN])


def refused(sample: bytes, place: str) -> SourceError:
    """Return the error for lines whose encoding a person has to say."""
    options = [
        f"`--encoding {encoding}` reads {excerpt(sample.decode(encoding, 'replace'))}"
        for encoding in likeliest(sample)[:2]
    ]
    return SourceError(
        place,
        f"not UTF-8, and no language as {WESTERN}: {excerpt(western(sample))}",
        "UTF-8, or an encoding that is named",
        f"{'; '.join(options) or 'add `--encoding NAME`'}; in params.yaml it is `encoding` of the "
        "source",
    )


class Decoded(NamedTuple):
    """Text, and the name of the encoding it was found to be in."""

    text: str
    encoding: str


class Odd(NamedTuple):
    """Lines that are not UTF-8: how many, and up to 64 KiB of them; lines that are and hold more
    than ASCII."""

    sample: bytes
    lines: int
    utf_8: int


def odd_lines(lines: Iterable[bytes]) -> Odd:
    """Look at lines of bytes for those that are not UTF-8."""
    sample, count, utf_8 = bytearray(), 0, 0
    for line in lines:
        if line.isascii():
            continue
        try:
            line.decode()
            utf_8 += 1
        except UnicodeDecodeError as error:
            count += 1
            utf_8 += _is_cut(line)
            if len(line) > SAMPLE:  # such as JSON without line ends
                start = max(line.rfind(end, 0, error.start) for end in ENDS) + 1
                line = line[start : max(line.rfind(end, 0, start + SAMPLE) for end in ENDS)]
            if len(sample) + len(line) <= SAMPLE:
                sample += line.rstrip(b"\n") + b"\n"
    return Odd(bytes(sample), count, utf_8)


def odd_in(data: bytes) -> Odd:
    """Look at a whole file for lines that are not UTF-8; one in UTF-16 or UTF-32 has none."""
    mark, name = marked(data)
    try:
        if not name:
            data.decode("utf-8")
    except UnicodeDecodeError:
        return odd_lines(data.removeprefix(mark).split(b"\n"))
    return Odd(b"", 0, 0)


def name_of(odd: Odd) -> str:
    """Return how a file of lines that are UTF-8 or windows-1252 is called."""
    if not odd.lines:
        return "utf-8"
    return f"utf-8 and {WESTERN}" if odd.utf_8 else WESTERN


def judged(odd: Odd, place: str) -> str:
    """Return the note on a file with lines that are not UTF-8, "" if there is none.

    Raises SourceError where they are no text, or no language as what they would be read as.
    """
    if not odd.lines:
        return ""
    if len(BINARY.findall(odd.sample)) > MAX_BINARY_SHARE * len(odd.sample):
        raise not_text(place)
    if odd.lines > odd.utf_8 and not is_western(odd.sample):
        raise refused(odd.sample, place)
    which = f"{odd.lines:,} lines of {place} are not UTF-8 and" if odd.utf_8 else f"{place} is"
    return f"{which} read as {WESTERN}, a guess: {excerpt(western(odd.sample))} ({OVERRULED})"


def not_text(place: str) -> SourceError:
    """Return the error for a file that is an image or the like."""
    return SourceError(
        place,
        "not text",
        "a table of text",
        "name the file that is one, in params.yaml as `path` of the source",
    )


def decode(data: bytes, encoding: str = "") -> Decoded:
    """Return the text of `data`, without byte order mark, by the rule above or in `encoding`.

    Raises UnicodeDecodeError where the named encoding, or that of the mark, does not fit.
    """
    if encoding == WESTERN:
        return Decoded(western(data), encoding)
    if encoding:
        return Decoded(data.decode(encoding).removeprefix("\ufeff"), encoding)
    mark, name = marked(data)
    data = data.removeprefix(mark)
    if name:
        return Decoded(data.decode(name), name)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:  # a file may still be UTF-8 but for a line that was pasted in
        lines = data.split(b"\n")
    return Decoded("\n".join(map(decoded_line, lines)), name_of(odd_lines(lines)))


def marked(data: bytes) -> tuple[bytes, str]:
    """The byte order mark, and the encoding of the whole file; "" where each line has its own."""
    for mark, name in MARKS.items():
        if data.startswith(mark):
            return mark, name
    return b"", "" if len(data) % 2 else _wide(data[:SAMPLE])


def _wide(start: bytes) -> str:
    """UTF-16 or UTF-32 without a mark: NUL bytes in every second place, or, in scripts without NUL
    bytes, bytes that are no UTF-8 and hold line ends and no character that is none."""
    if start.count(0) <= MIN_NUL_SHARE * len(start):
        return ""
    for name in ("utf-32-le", "utf-32-be"):
        if len(start) % 4 == 0 and _is_in(start, name):
            return name
    half = len(start) // 2
    even, odd = (start[at::2].count(0) / half for at in (0, 1))
    if max(even, odd) >= 0.4 and min(even, odd) <= 0.05:
        return "utf-16-le" if odd > even else "utf-16-be"
    if _is_in(start, "utf-8") and len(BINARY.findall(start)) < MAX_BINARY_SHARE * len(start):
        return ""
    return next((name for name in ("utf-16-le", "utf-16-be") if _is_in(start, name, "\n")), "")


def _is_in(start: bytes, encoding: str, end: str = "") -> bool:
    """Whether bytes are all assigned characters in an encoding, with a line end."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeDecodeError:
        return False
    return end in text and (not end or not UNASSIGNED.search(text))


def decoded_line(line: bytes) -> str:
    """Return a line in UTF-8 or, where it is not, in windows-1252."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("utf-8", CUT) if _is_cut(line) else western(line)


def _is_cut(line: bytes) -> bool:
    """Whether a line is UTF-8 but for a few bytes, as where a letter was cut."""
    kept = line.decode("utf-8", "ignore")
    return sum(map(len, BEYOND_ASCII.findall(kept))) > len(line) - len(kept.encode())


def _as_western(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return western(error.object[error.start : error.end]), error.end


codecs.register_error(CUT, _as_western)
