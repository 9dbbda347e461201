"""HTML in texts: entities decoded, tags removed, and nothing else taken for HTML.

An HTML parser reads every `<` before a letter as a tag and eats what follows, so a message like
"if a <b I win" loses its end. Here only elements that HTML has, written the way HTML writes them,
are tags. All of it is linear in the length of the text, whatever the text holds.
"""

import html
import re

AMPERSAND = re.compile(r"&(?:(?:amp|AMP|#0*38|#[xX]0*26);)+")
# Without the semicolon "&copy" in "?a=1&copy=2" would be an entity to `html.unescape`.
ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

# Elements whose content is not text, and comments: opening and closing.
HIDDEN = {"<!--": (re.compile(r"<!--"), re.compile(r"-->"))} | {
    f"<{name}": (re.compile(rf"<{name}\b[^<>]*>", re.I), re.compile(rf"</{name}\s*>", re.I))
    for name in ("script", "style", "template")
}
BLOCKS = frozenset(
    """
    address article aside blockquote body br caption center dd details dialog dir div dl dt
    fieldset figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html
    legend li main menu nav ol optgroup option p pre section select summary table tbody tfoot
    thead title tr ul
""".split()
)
INLINES = frozenset(
    """
    a abbr acronym area audio b base basefont bdi bdo big button canvas cite code col colgroup
    data datalist del dfn em embed font frame i iframe img input ins kbd label link map mark
    marquee meta meter noframes noscript object output param picture progress q rp rt ruby s
    samp script slot small source span strike strong style sub sup svg template textarea time
    track tt u var video wbr
""".split()
)
# Also plain words, which datasets use as placeholders: "paid at <TIME>". Without attributes they
# are tags only in a text that closes them.
WORDS = frozenset(
    """
    address area article audio body button canvas caption cite code data details dialog dir
    figure font footer form frame head header image kbd label legend link main map mark menu
    meta meter nav object option output param picture progress section select slot small source
    span style summary table template time title track var video
""".split()
)
BARE = (
    "allowfullscreen|async|checked|compact|controls|defer|disabled|hidden|itemscope|loop|multiple|"
    "muted|nohref|noshade|nowrap|open|readonly|required|reversed|selected"
)
# Possessive throughout: no part of a tag is ever read twice.
# Prefixes of elements that Office writes into mails; of another one an element is a tag only where
# it has attributes or is closed.
OFFICE = ("m", "o", "p", "st1", "v", "w", "x")
ATTRIBUTE = rf"""\s++(?:(?:{BARE})(?=[\s/>])
    |[A-Za-z_:@][\w:.@-]*+\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'<>]++))"""
NAME = "[A-Za-z][A-Za-z0-9]*+(?::[A-Za-z][A-Za-z0-9.-]*+)?"
TAG = re.compile(
    rf"""<(?:/({NAME})\s*+>|({NAME})(?:{ATTRIBUTE})*+\s*+/?>
    |!doctype\b[^<>]*+>|!\[(?:if\b[^<>\]]*+|endif)\]>|\?xml\b[^<>]*+>)""",
    re.I | re.X,
)
TYPE = re.compile(r"\b[A-Z](?:[a-z]\w*)?\Z")  # Box, T; a word in capitals is old HTML's
CLOSED = re.compile(rf"</({NAME})")
# A text that was cut off inside a tag: half a link is not text either.
CUT_TAG = re.compile(rf"<()({NAME})\s++[A-Za-z-]++\s*+=[^<>]*+\Z")


def decode_entities(text: str) -> str:
    """Decode `&name;`, `&#10;` and `&#xA;` (HTML 5), and `&amp;` however often it was escaped."""
    if "&" not in text:
        return text
    return ENTITY.sub(lambda entity: html.unescape(entity[0]), AMPERSAND.sub("&", text))


def remove_tags(text: str) -> str:
    """Remove tags, comments and the content of scripts and styles.

    A block element leaves a line break, a table cell a space, an inline element nothing.
    """
    if "<" not in text:
        return text
    lower = text.lower()
    for mark, (opening, closing) in HIDDEN.items():
        if mark in lower:
            text = _without_spans(text, opening, closing)
    closed = {name.lower() for name in CLOSED.findall(text)}
    text = TAG.sub(lambda tag: _in_place_of(tag, closed), text)
    return CUT_TAG.sub(lambda tag: _in_place_of(tag, closed), text)


def _in_place_of(tag: re.Match[str], closed: set[str]) -> str:
    """Return what replaces something in angle brackets: itself, if it is no tag."""
    name = (tag[1] or tag[2] or "").lower()
    if prefix := name.rpartition(":")[0]:
        is_tag = prefix in OFFICE or name in closed or "=" in tag[0]
        return "" if is_tag else tag[0]
    if len(name) == 1 and not closed and _is_type_parameter(tag):
        return tag[0]
    if name in WORDS and "=" not in tag[0] and name not in closed:
        return tag[0]
    if name in BLOCKS:
        return "\n"
    if name in ("td", "th"):
        return " "
    return "" if name in INLINES or not name else tag[0]


def _is_type_parameter(tag: re.Match[str]) -> bool:
    """Whether it is the type of a generic, Box<P>: a capital right after a name of a type."""
    before, after = (
        tag.string[max(0, tag.start() - 40) : tag.start()],
        tag.string[tag.end() : tag.end() + 1],
    )
    is_bare = tag[0] == f"<{tag[2]}>" and tag[0].isupper()
    return is_bare and not (after.isalnum() or after == "\n") and bool(TYPE.search(before))


def _without_spans(text: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> str:
    kept, copied = [], 0
    while start := opening.search(text, copied):
        end = closing.search(text, start.end())
        if end is None:
            break  # never closed: what follows may be all the text there is
        kept += [text[copied : start.start()], " "]
        copied = end.end()
    return "".join([*kept, text[copied:]])
