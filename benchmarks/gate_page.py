"""The section of quality.md on the gate."""

from typing import Any

from benchmarks.marks import met
from seedbed.pages.rendering import table

SECTION = """## The gate

`DATA=FOLDER python -m benchmarks.gate`: pairs of models on rows that are drawn from train and
validation and stand in for a test side; no test row is read. Each draw takes other rows, and trains
the base on a bootstrap sample of those that are left. "Another seed" trains on the same sample,
"another sample" on another one, "shuffled" on the base's with {shuffled:.0%} of the labels dealt
out anew. The rule is that of params.yaml.

{reaches}

The share of challengers that fail where a drop in accuracy is planted on top of what another
sample brings, and what the gate says of itself (means over the draws):

{power}

Where this is weaker than it looks: all models are small perceptrons on frozen vectors; planted
drops fall on rows at random, while a real one may hit one class and be seen sooner. Models that
learnt from other samples are equal on average alone: their measured accuracies differ by {sds}
(sd), those of two seeds by {seeds}. The draws share rows, so that they are no independent
trials."""


def section(found: dict[str, Any]) -> str:
    """The section's text."""
    sets = list(found)
    reaches = [
        [
            f"{name}, {one['rows']:,} rows, {one['classes']} classes, {one['draws']} draws",
            *_reach(one),
        ]
        for name, one in found.items()
    ]
    header = ["data", "another seed: pass (reach >= 95 %)", "another sample: pass",
              "shuffled: fail (reach 100 %)", "shuffled: mean drop in points", "other classes",
              "met"]  # fmt: skip
    planted = [key for key in found[sets[0]]["fails"] if key.startswith("planted")]
    power = [
        [
            name,
            *(f"{one['fails'][key] / one['draws']:.0%}" for key in planted),
            f"{100 * one['means']['fails from']:.1f}",
            f"{100 * one['means']['sees']:.1f}",
        ]
        for name, one in found.items()
    ]
    points = [f"{100 * float(key.split()[1]):g} points" for key in planted]
    return SECTION.format(
        shuffled=found[sets[0]]["shuffled_share"],
        reaches=table(header, reaches),
        power=table(["data", *points, "fails from", "sees in 80 %"], power),
        sds=_points(found, "another sample"),
        seeds=_points(found, "another seed"),
    )


def _points(found: dict[str, Any], name: str) -> str:
    return " and ".join(f"{100 * one['drop_sd'][name]:.1f} points" for one in found.values())


def _reach(one: dict[str, Any]) -> list[object]:
    draws = one["draws"]
    fails = one["fails"]
    passes, stops = draws - fails["another seed"], fails["shuffled"]
    reached = passes >= 0.95 * draws and stops == draws
    return [
        f"{passes / draws:.0%}",
        f"{1 - fails['another sample'] / draws:.0%}",
        f"{stops / draws:.0%}",
        f"{100 * one['means']['shuffled drop']:.1f}",
        one["classes_differ"],
        met(reached and one["classes_differ"] == "cannot be compared"),
    ]
