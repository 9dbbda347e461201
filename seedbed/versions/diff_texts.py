"""Texts of two versions: which are shown, and drift of labels, lengths and words.

Texts are there where the data is: in the workspace, or, by dvc.lock, in DVC's cache. Only
data/anonymize is read, which has every row that reached it without the personal values that were
found; what came before is private. A text may be shown where its source has `show_text: true` in
params.yaml: by the newest version that names the source, the workspace first. The text of a row
that was forgotten, in either version or since, is never shown, though an old version in the cache
may still have it.

Of drift two pairs are compared: all rows before with all rows after, which says what became of the
dataset, and the rows that came with those that were there, which says whether they are of the same
kind. Only the second is a comparison of independent samples, so only it has a bound of chance and a
test.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from seedbed.core.errors import ParamsError
from seedbed.core.files import parse_yaml
from seedbed.core.metrics import Number
from seedbed.core.texts import COLUMNS as TEXTS, texts_of as texts_of_row
from seedbed.scoring import drift
from seedbed.versions.revisions import Files, cells
from seedbed.versions.row_changes import Difference
from seedbed.versions.row_records import PARAMS, Records

COLUMNS = ["id", "source", "digest", *TEXTS]
CELL = re.compile(r"[^\s,\"']+")  # of tombstones, whatever is around it
MAX_ROWS = 20_000  # of a side, for drift; ids are hashes, so the first of them are any
ALL, CAME = "all rows, before and after", "new rows against existing ones"


class Texts(NamedTuple):
    """`kept`: texts of kept rows in the order of their ids, of base and of head, or None where one
    is not here. `shown`: those that may be shown, the newest of each changed row; `shown_before`:
    of edited rows, what they were."""

    kept: tuple[dict[str, str], dict[str, str]] | None = None
    shown: dict[str, str] = {}
    shown_before: dict[str, str] = {}
    notes: Sequence[str] = ()


def texts_of(base: Records, head: Records, rows: Difference) -> Texts:
    """Read the texts of both versions where their data is here."""
    versions = (base.files, head.files)
    paths = [files.parquet("anonymize") for files in versions]
    if not any(paths):
        return Texts()
    lists = (part for part in rows if isinstance(part, list))
    changed = {one if isinstance(one, str) else one.id for part in lists for one in part}
    samples = [_sample(one.manifest, rows) for one in (base, head)]
    sides = [_read(side, changed.union(ids)) for side, ids in zip(paths, samples, strict=True)]
    allowed, gone = _shown_sources(*versions), _forgotten(*versions)
    old, new = (
        {
            row: text
            for row, (text, source, digest) in side.items()
            if row in changed and source in allowed and gone.isdisjoint((row, digest))
        }
        for side in sides
    )
    shown_before = {row.id: old[row.id] for row in rows.edited if row.id in old and row.id in new}
    in_base, in_head = (
        {row: side[row][0] for row in ids if row in side}
        for side, ids in zip(sides, samples, strict=True)
    )
    notes = [] if allowed else ["No source has show_text: true, so no text is shown."]
    return Texts((in_base, in_head) if all(paths) else None, old | new, shown_before, notes)


def _sample(ids: Collection[str], rows: Difference) -> list[str]:
    """The kept rows whose texts are compared, those that came among them."""
    new = sorted(row.id for row in rows.added if row.id in ids)[:MAX_ROWS]
    return sorted({*sorted(ids)[:MAX_ROWS], *new})


def _forgotten(*versions: Files) -> set[str]:
    """Ids and digests of all tombstones of these versions and of the workspace.

    Whatever a line holds counts, since a version may have one that `collect` would refuse.
    """
    texts = (files.read("data/tombstones.csv") or "" for files in (*versions, Files()))
    return {cell.lower() for text in texts for cell in CELL.findall(text)}


def _shown_sources(base: Files, head: Files) -> set[str]:
    """The sources whose texts may be shown. A source may have an entry a batch: one that does not
    say so speaks for all."""
    allowed: dict[str, bool] = {}
    for files in (base, head, Files()):  # the last one that names a source is right
        here: dict[str, bool] = {}
        params = parse_yaml(files.read(PARAMS) or "", PARAMS, ParamsError) or {}
        for source in params.get("sources") or []:
            name = str(source.get("name"))
            here[name] = here.get(name, True) and source.get("show_text") is True
        allowed |= here
    return {name for name, shown in allowed.items() if shown}


def _read(paths: Iterable[Path], wanted: Iterable[str]) -> dict[str, tuple[str, str, str]]:
    """Text, source and digest of the wanted rows by id."""
    return {
        row: ("\n".join(texts_of_row(dict(zip(TEXTS, parts, strict=True)))), source, digest)
        for row, source, digest, *parts in cells(paths, COLUMNS, ("id", "in", sorted(wanted)))
    }


class Shift(NamedTuple):
    """One figure of drift. `of`: labels, lengths or vocabulary. `psi` is None for vocabulary, whose
    bins are words; `by_chance`: what PSI stays below in 95 % where nothing differs."""

    of: str
    rows: str
    jensen_shannon: float
    psi: float | None = None
    by_chance: float | None = None
    reading: str = ""


class Drift(NamedTuple):
    """All figures; the classifier's test on texts of rows that came, if there are any; median
    characters by class out of collect's own figures; and what is unknown, in words."""

    shifts: list[Shift]
    test: drift.TwoSample | None
    median_chars: dict[str, tuple[Number | None, Number | None]]
    untold: list[str]


def drift_of(base: Records, head: Records, rows: Difference, texts: Texts) -> Drift:
    """Compare the rows of two versions, as far as their texts are here."""
    if not base.manifest or not head.manifest:
        return Drift([], None, {}, ["Drift: one of the two versions has no rows."])
    old, now = texts.kept or ({}, {})
    came = [row.id for row in rows.added]
    before, after = list(old.values()), list(now.values())
    new = [now[row] for row in came if row in now]
    were, are = (
        {label: sum(pair[side] for pair in one.values()) for label, one in rows.rows.items()}
        for side in (0, 1)
    )
    shifts = [_shift("labels", ALL, were, are, chance=False)]
    if came:
        labels = (head.manifest[row].label for row in came)
        of_new = Counter(name for label in labels for name in head.classes_of(label))
        shifts.append(_shift("labels", CAME, were, of_new, chance=True))
    chars = [one.figures["collect"].chars_by_class for one in (base, head)]
    medians = {
        label: (chars[0].get(label, {}).get("p50"), chars[1].get(label, {}).get("p50"))
        for label in sorted({*chars[0], *chars[1]} if all(chars) else ())
    }
    if not before or not after:
        rest = "; the median characters are of collect's figures" if medians else ""
        untold = (
            "Drift of lengths and vocabulary is unknown: the texts of both versions are not here "
            f"(dvc pull brings them, dvc fetch --all-commits those of old versions, too){rest}."
        )
        return Drift(shifts, None, medians, [untold])
    shifts += _text_shifts(before, after, ALL, chance=False)
    if not new:
        return Drift(shifts, None, medians, ["No row came, so there is nothing to test."])
    shifts += _text_shifts(before, new, CAME, chance=True)
    return Drift(shifts, drift.two_sample_test(before, new), medians, [])


def _shift(of: str, rows: str, before: drift.Counts, after: drift.Counts, chance: bool) -> Shift:
    value, bound = drift.psi_and_chance(before, after)
    reading = drift.psi_in_words(value)
    if chance and value < bound:
        reading += ", no more than chance"
    apart = drift.jensen_shannon(before, after)
    return Shift(of, rows, apart, value, bound if chance else None, reading)


def _text_shifts(before: list[str], after: list[str], rows: str, chance: bool) -> list[Shift]:
    lengths = drift.length_counts([len(text) for text in before], [len(text) for text in after])
    words = drift.jensen_shannon(drift.word_counts(before), drift.word_counts(after))
    return [_shift("lengths", rows, *lengths, chance), Shift("vocabulary", rows, words)]
