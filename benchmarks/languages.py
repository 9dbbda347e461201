"""What works in which language, measured on made rows of 14 languages.

python -m benchmarks.languages -> benchmarks/results/languages.json, docs/explanation/languages.md

`python -m benchmarks.languages show [CODE ...]` prints each case that fails, and writes nothing.
Rows are made (benchmarks/languages_rows.py), settings are those of params.yaml, and what is
measured are the functions that the stages call.
"""

import json
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import regex

from benchmarks.languages_rows import SEED, Language, languages, planted
from seedbed.core.files import write_json, write_text
from seedbed.core.params import read_params
from seedbed.core.rows import DEFAULTS
from seedbed.forgetting.wanted import Wanted
from seedbed.pages.rendering import table
from seedbed.private.kinds import REDACTED, AnonymizeParams
from seedbed.private.rows import anonymize_rows
from seedbed.splitting.deduplication import DeduplicateParams, deduplicate
from seedbed.tasks import class_task
from stages.augment import Params as AugmentParams, augmented

RESULT = Path("benchmarks/results/languages.json")
PAGE = Path("docs/explanation/languages.md")
BLOCK = re.compile(r"(<!-- made by benchmarks\.languages -->\n).*?(<!-- end -->)", re.DOTALL)
KEY = bytes(32)
STEPS = (0, 7, 11, 2)  # four sentences make a text; any two texts share at most two of them
COPIES = 4
METHODS = ["swap", "delete", "punctuate"]  # they change words; mistype changes letters
NO_SPACES = ("th", "zh", "ja")
RUN = regex.compile(r"[\p{L}\p{M}\p{N}]+")
WORD = regex.compile(r"[\p{L}\p{M}]+")
WRITTEN = regex.compile(r"\X")  # a character as it is written, with its marks
HEADER = ("language", "personal values found", "wrong values in 20 texts", "near copies found",
          "other texts taken for near copies", "augmented texts with whole words",
          "names found by forget", "of these, asked about")  # fmt: skip


class Case(NamedTuple):
    """One thing that was tried: what (a column of the table), whether it is right, and the text."""

    measure: str
    right: bool
    shown: str


def frame(texts: list[str]) -> pd.DataFrame:
    """Texts as rows of one label."""
    ids = [f"{number:016x}" for number in range(len(texts))]
    columns = {"id": ids, "digest": ids, "text": texts, "label": "one", "source": "made",
               "batch": "2026-01-made", "provenance": "{}"}  # fmt: skip
    return pd.DataFrame(DEFAULTS | columns)


@cache
def privacy() -> AnonymizeParams:
    """Section anonymize as it is, with a bar in place of each value."""
    return read_params("anonymize", AnonymizeParams).model_copy(update={"mode": "redact"})


def personal_values(language: Language) -> Iterator[Case]:
    """Of each sentence the value and nothing else must be replaced."""
    rows = planted(language)
    after = anonymize_rows(frame([row.text for row in rows]), privacy(), KEY)[0]["text"]
    for row, text in zip(rows, after, strict=True):
        right = row.text[: row.start] + REDACTED + row.text[row.end :]
        yield Case("values_found", text == right, f"{row.kind}: {row.text} -> {text}")


def no_values(language: Language) -> Iterator[Case]:
    """Nothing may be replaced in sentences without a personal value."""
    after = anonymize_rows(frame(language.none), privacy(), KEY)[0]["text"]
    for before, text in zip(language.none, after, strict=True):
        yield Case("no_wrong_values", before == text, f"{before} -> {text}")


def pieces(language: Language, text: str) -> list[str]:
    """Words and what is between them; in scripts without spaces, characters with their marks."""
    if language.code in NO_SPACES:
        return WRITTEN.findall(text)
    return regex.split(r"(\s+)", text)


def near_copies(language: Language) -> Iterator[Case]:
    """Copies with one word changed or added must go, other texts stay."""
    draw = random.Random(f"{SEED}:{language.code}")
    lines, count = language.none, len(language.none)
    space = "" if language.code in NO_SPACES else " "
    texts = [space.join(lines[(first + step) % count] for step in STEPS) for first in range(count)]
    words = [one for line in lines for one in pieces(language, line) if WORD.fullmatch(one)]
    rows = {f"base {number}": text for number, text in enumerate(texts)}
    for number, text in enumerate(texts):
        parts = pieces(language, text)
        places = [at for at, part in enumerate(parts[:-1]) if RUN.search(part)]
        at, new = draw.choice(places), draw.choice(words)
        rows[f"changed {number}"] = "".join([*parts[:at], new, *parts[at + 1 :]])
        at = draw.choice(places)
        rows[f"added {number}"] = "".join([*parts[:at], new, space, *parts[at:]])
    for number, pair in enumerate(language.different):
        rows |= {f"pair {number} {which}": text for which, text in enumerate(pair)}
    params = read_params("deduplicate", DeduplicateParams)
    drops = deduplicate(frame(list(rows.values())), set(), params)[0]
    gone = {int(drop.id, 16) for drop in drops}
    for number, (name, text) in enumerate(rows.items()):
        copy = name.startswith(("changed", "added"))
        measure = "near_copies_found" if copy else "other_texts_kept"
        yield Case(measure, (number in gone) == copy, f"{name}: {text}")


def augmentation(language: Language) -> Iterator[Case]:
    """Every word of a made text stands in its original as often."""
    section = read_params("augment", AugmentParams)
    params = section.model_copy(update={"copies": COPIES, "methods": METHODS})
    rows = frame(language.none).assign(split="train", fold=0)
    made, _ = augmented(rows, params, class_task)
    original = rows.set_index("id")["text"]
    for parent, text in zip(made["parent"], made["text"], strict=True):
        before, after = (
            Counter(
                one
                for run in RUN.findall(whole)
                for one in (WRITTEN.findall(run) if language.code in NO_SPACES else [run])
            )
            for whole in (original[parent], text)
        )
        yield Case("words_kept", after <= before, f"{original[parent]} -> {text}")


def forgetting(language: Language) -> Iterator[Case]:
    """Each name in each sentence must be found; where it is not whole, forget asks."""
    for name in language.names:
        for line in language.forget:
            wanted, text = Wanted(name), line.replace("{name}", name)
            whole = wanted.in_text(text, "here")
            yield Case("names_found", whole or bool(wanted.doubtful), f"{name}: {text}")
            yield Case("names_whole", whole, f"{name}: {text}")


MEASURES = (personal_values, no_values, near_copies, augmentation, forgetting)


def cases(language: Language) -> list[Case]:
    """All that is tried of one language."""
    return [case for measure in MEASURES for case in measure(language)]


def counted(of: list[Case]) -> dict[str, list[int]]:
    """By measure: how many are right, of how many."""
    found: dict[str, list[int]] = {}
    for case in of:
        pair = found.setdefault(case.measure, [0, 0])
        pair[0] += case.right
        pair[1] += 1
    return found


def line(name: str, counts: dict[str, list[int]]) -> list[str]:
    """A line of the table."""

    def right(measure: str) -> str:
        return f"{counts[measure][0]} of {counts[measure][1]}"

    def wrong(measure: str) -> str:
        return str(counts[measure][1] - counts[measure][0])

    return [name, right("values_found"), wrong("no_wrong_values"), right("near_copies_found"),
            wrong("other_texts_kept"), right("words_kept"), right("names_found"),
            wrong("names_whole")]  # fmt: skip


def with_table(page: str, lines: list[list[str]]) -> str:
    """The page with the table between its markers."""
    made = table(HEADER, lines)
    return BLOCK.sub(lambda match: f"{match[1]}{made}\n{match[2]}", page)


def show(codes: list[str]) -> None:
    """Print the figures of these languages, or of all, and each case that fails."""
    for language in languages():
        if codes and language.code not in codes:
            continue
        tried = cases(language)
        print(f"== {language.name}: {json.dumps(counted(tried))}")
        print("\n".join(f"{case.measure}: {case.shown}" for case in tried if not case.right))


def main() -> None:
    figures = {language.code: counted(cases(language)) for language in languages()}
    names = {language.code: language.name for language in languages()}
    write_json(RESULT, figures)
    lines = [line(names[code], counts) for code, counts in figures.items()]
    write_text(PAGE, with_table(PAGE.read_text(encoding="utf-8"), lines))
    print(table(HEADER, lines))


if __name__ == "__main__":
    os.environ["SEEDBED_MEMO"] = "off"
    show(sys.argv[2:]) if sys.argv[1:2] == ["show"] else main()
