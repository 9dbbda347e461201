"""Class names as people write them: how a terminal shows and takes them, which mean the same but
for their form, and which entries of params.yaml match none of them.

Labels go to git, so they may be shown; a text that slipped into the column is refused before.
"""

import difflib
import re
import shlex
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import regex

CLIP = 100  # characters of a label
SHOWN = 10  # labels in a line
JOINER = "\u200d"  # of emoji: seen in what it joins
UNSEEN = regex.compile(r"\p{Default_Ignorable_Code_Point}")
# Punctuation around a name. Not #, %, & and what begins a number or says no: C#, -1, !spam.
AROUND = regex.compile(r"^(?:(?!-\.?\d)[\p{P}\s--[#%&!]])+|[\p{P}\s--[#%&]]+$", regex.V1)
BETWEEN = regex.compile(r"[\s_\p{Pd}]+")  # words: out of scope, out_of_scope, out-of-scope
MAPPED = re.compile(
    r"((?:\\[\\=]|[^\\]|\\(?![\\=]))*)=((?:\\[\\=]|[^\\=]|\\(?![\\=]))*)", re.DOTALL
)
MIN_PLURAL = 3  # letters of a word that has one; beside other words one less

Unused = dict[str, dict[str, str]]  # by place in params.yaml: entries, and what each is near to


def shown(label: str) -> str:
    """Return a label as a terminal may show it: on one line, what is not seen as escapes."""
    clip = "…" if len(label) > CLIP else ""
    return "".join(one if _is_seen(one) else ascii(one)[1:-1] for one in label[:CLIP]) + clip


def _is_seen(character: str) -> bool:
    return character.isprintable() or character == JOINER


def in_line(labels: Iterable[str], limit: int = SHOWN, separator: str = ", ") -> str:
    """Return the first labels in a line, and how many more there are; quoted if one has commas."""
    every = list(labels)
    words = [f'"{shown(one)}"' if separator.strip() in one else shown(one) for one in every[:limit]]
    more = f" and {len(every) - limit:,} more" if len(every) > limit else ""
    return separator.join(words) + more


def option(name: str, value: str) -> str:
    """Return an option of a command with its value, as bash and zsh take it when it is pasted."""
    return f"{name} {pasted(value)}"


def pasted(word: str) -> str:
    """Return one word of a command; what is not seen is written as an escape."""
    if all(map(_is_seen, word)):
        return shlex.quote(word)
    parts = (
        f"\\{one}" if one in "\\'" else one if _is_seen(one) else f"\\U{ord(one):08x}"
        for one in word
    )  # fmt: skip
    return f"$'{''.join(parts)}'"


def map_option(old: str, new: str) -> str:
    """Return the option of `seedbed add` that renames a label: --map OLD=NEW."""
    old, new = (re.sub(r"[\\=]", r"\\\g<0>", label) for label in (old, new))
    return option("--map", f"{old}={new}")


def read_map(value: str) -> tuple[str, str] | None:
    r"""Return the labels of OLD=NEW, None where there is no `=`.

    The last `=` separates them; one that belongs to a label may be written `\=`, and `\\` is a
    backslash.
    """
    match = MAPPED.fullmatch(value)
    if match is None:
        return None
    old, new = (re.sub(r"\\([\\=])", r"\1", part) for part in match.groups())
    return old, new


def words_of(label: str) -> list[str]:
    """Return the words of a label without what does not change its meaning: case, width, unseen
    characters, punctuation around it, and what separates words."""
    plain = UNSEEN.sub("", unicodedata.normalize("NFKC", label)).casefold()
    plain = unicodedata.normalize("NFKC", plain)
    words = BETWEEN.split(AROUND.sub("", plain) or plain)
    return [f"-{words[1]}", *words[2:]] if words[0] == "" and len(words) > 1 else words


def form_of(words: Sequence[str]) -> str:
    """Return the words as one: e-mail and email. Numbers stay apart: 1-5 is not 15."""
    return re.sub(r"(?<!\d) | (?!\d)", "", " ".join(words))


def alike(rows: Mapping[str, int], first: Collection[str] = ()) -> dict[str, str]:
    """Return, for each label that differs from another by its form alone, or by a plural in -s,
    the label that represents both, if it is another.

    It is one of `first`, else the most frequent; of equally frequent ones the first in `rows`.
    """
    forms: dict[str, list[str]] = defaultdict(list)
    for label in rows:
        forms[form_of(words_of(label))].append(label)
    root = {form: form for form in forms}

    def top(form: str) -> str:
        while root[form] != form:
            form = root[form]
        return form

    for form, labels in forms.items():
        for plural in {plural for label in labels for plural in _plurals(words_of(label))}:
            if plural in forms and top(plural) != top(form):
                root[top(plural)] = top(form)
    order = {label: number for number, label in enumerate(rows)}
    groups: dict[str, list[str]] = defaultdict(list)
    for label in rows:
        groups[top(form_of(words_of(label)))].append(label)
    stands = {
        name: min(labels, key=lambda one: (one not in first, -rows[one], order[one]))
        for name, labels in groups.items()
    }
    by_label = {label: stands[name] for name, labels in groups.items() for label in labels}
    return {label: one for label, one in by_label.items() if label != one}


def _plurals(words: Sequence[str]) -> Iterator[str]:
    for number, word in enumerate(words):
        if len(word) >= MIN_PLURAL - (len(words) > 1) and word.isalpha():
            endings = [f"{word}s", f"{word}es", *([f"{word[:-1]}ies"] if word[-1] == "y" else [])]
            for plural in endings:
                yield form_of([*words[:number], plural, *words[number + 1 :]])


def nearest(label: str, known: Iterable[str]) -> str:
    """Return the known label that looks most like this one, "" if none does."""
    forms = {form_of(words_of(one)): one for one in sorted(known, reverse=True)}
    close = difflib.get_close_matches(form_of(words_of(label)), sorted(forms), n=1)
    return forms[close[0]] if close else ""


def unmatched(
    place: str, entries: Iterable[str], used: Collection[str], known: Iterable[str] | None = None
) -> Unused:
    """Return the entries at a place of params.yaml that are not among those used, each with what
    it is near to of what is `known`: by default what is used."""
    left = [entry for entry in entries if entry not in used]
    candidates = list(used if known is None else known)
    return {place: {entry: nearest(entry, candidates) for entry in left}} if left else {}


def unused_in_words(unused: Unused, limit: int = SHOWN) -> str:
    """Return what a stage adds to its line: the entries that match nothing, "" if all do."""
    places = []
    for place, entries in unused.items():
        words = [f"{one} (near {near})" if near else one for one, near in entries.items()]
        places.append(f"{place}: {in_line(words, limit)}")
    return f"; matches nothing: {'; '.join(places)}" if places else ""


def alike_in_words(alike: Mapping[str, str], joined: Mapping[str, str]) -> str:
    """Return what follows a stage's line: labels that may be meant as one, and those that have
    become one; "" if there are none."""
    parts = {
        "differ in form alone (collect.join_labels makes one of them)": alike,
        "joined": joined,
    }
    return "".join(f"; {what}: {pairs_in_words(one)}" for what, one in parts.items() if one)


def pairs_in_words(alike: Mapping[str, str]) -> str:
    """Return labels with those that represent them."""
    return in_line([f"{shown(old)} = {shown(new)}" for old, new in alike.items()], separator="; ")
