"""Drift between two versions: labels out of manifests, lengths and words out of texts.

Two pairs are compared: all rows before with all rows after, which says what became of the dataset,
and the rows that came with those that were there, which says whether they are of the same kind.
Only the second is a comparison of independent samples, so only it has a bound of chance and a test.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from seedbed.core.metrics import Number
from seedbed.scoring.drift import (
    TwoSample,
    jensen_shannon,
    length_counts,
    psi,
    psi_by_chance,
    psi_in_words,
    two_sample_test,
    word_counts,
)
from seedbed.versions.row_changes import Difference
from seedbed.versions.row_records import Records

ALL, CAME = "all rows, before and after", "new rows against existing ones"


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
    test: TwoSample | None
    median_chars: dict[str, tuple[Number | None, Number | None]]
    untold: list[str]


def drift(
    base: Records,
    head: Records,
    rows: Difference,
    texts: tuple[Mapping[str, str], Mapping[str, str]] | None,
) -> Drift:
    """`texts`: by row id, of base and of head, or None where they are not here."""
    if not base.manifest or not head.manifest:
        return Drift([], None, {}, ["Drift: one of the two versions has no rows."])
    came = [row.id for row in rows.added]
    shifts = _label_shifts(rows, came, head)
    medians = _medians(base, head)
    old, now = texts or ({}, {})
    before = [old[row] for row in sorted(base.manifest) if row in old]
    after = [now[row] for row in sorted(head.manifest) if row in now]
    new = [now[row] for row in came if row in now]
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
    return Drift(shifts, two_sample_test(before, new), medians, [])


def _label_shifts(rows: Difference, came: Sequence[str], head: Records) -> list[Shift]:
    before, after = (
        {label: sum(pair[side] for pair in one.values()) for label, one in rows.rows.items()}
        for side in (0, 1)
    )
    shifts = [_shift("labels", ALL, before, after, chance=False)]
    if came:
        new = Counter(head.manifest[row].label for row in came)
        shifts.append(_shift("labels", CAME, before, new, chance=True))
    return shifts


def _shift(of: str, rows: str, before: Any, after: Any, chance: bool) -> Shift:
    value = psi(before, after)
    sizes = [sum(side.values() if isinstance(side, Mapping) else side) for side in (before, after)]
    bins = len({*before, *after}) if isinstance(before, Mapping) else len(before)
    bound = psi_by_chance(bins, *sizes) if chance else None
    reading = psi_in_words(value)
    if bound is not None and value < bound:
        reading += ", no more than chance"
    return Shift(of, rows, jensen_shannon(before, after), value, bound, reading)


def _text_shifts(before: list[str], after: list[str], rows: str, chance: bool) -> list[Shift]:
    lengths = length_counts([len(text) for text in before], [len(text) for text in after])
    words = jensen_shannon(word_counts(before), word_counts(after))
    return [_shift("lengths", rows, *lengths, chance), Shift("vocabulary", rows, words)]


def _medians(base: Records, head: Records) -> dict[str, tuple[Number | None, Number | None]]:
    before, after = (one.figures["collect"].chars_by_class for one in (base, head))
    return {
        label: (before.get(label, {}).get("p50"), after.get(label, {}).get("p50"))
        for label in sorted({*before, *after} if before and after else ())
    }
