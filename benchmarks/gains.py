"""The section of quality.md on what augmentation and balance bring."""

from collections.abc import Sequence
from typing import Any

from seedbed.pages.rendering import table

HEADER = ("data", "option", "rows a class", "points without", "with", "gain", "verdict")
SECTION = """## What augmentation and balance bring

`DATA=FOLDER python -m benchmarks.augmentation`, after `dvc repro`: approach `{approach}`,
validation macro-F1, the paired gain over {seeds} seeds that each draw other train rows (all: a
bootstrap sample), with its 95 % t interval over them. No test row is read; hyperparameters are
those of params.yaml.

{augment}

Published with a pre-trained encoder, for orientation: -1.0 to +1.6 points (EDA), +.2 to +2.9
(AEDA). Class weights on sets with a rare class, the number of rows being that of the rarest:

{balance}

The validation rows are the same for all seeds: the interval does not tell how a gain would vary
with those. Of {cases} intervals at 95 %, one in twenty excludes zero by chance alone."""


def lines(found: Sequence[dict[str, Any]]) -> list[list[object]]:
    """One line a case: scores in points without the option and with it, the gain, the verdict."""
    return [
        [
            one["data"],
            one["what"],
            one["rows_a_class"],
            *(f"{100 * one[key]:.1f}" for key in ("without", "with")),
            f"{100 * one['gain']:+.1f} [{100 * one['low']:+.1f}, {100 * one['high']:+.1f}]",
            one["verdict"] if one["verdict"] == "no gain" else f"**{one['verdict']}**",
        ]
        for one in found
    ]


def section(found: dict[str, Any]) -> str:
    """The section, out of benchmarks/results/augmentation.json."""
    return SECTION.format(
        approach=found["approach"],
        seeds=found["seeds"],
        augment=table(HEADER, lines(found["augment"])),
        balance=table(HEADER, lines(found["balance"])),
        cases=len(found["augment"]) + len(found["balance"]),
    )
