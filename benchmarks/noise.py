"""The section of quality.md on label errors."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.marks import met, share
from seedbed.pages.rendering import table

SECTION = """## Label errors

`DATA=FOLDER python -m benchmarks.label_errors`: {rows:,} texts of noisy_ag_news with the labels
that people gave, {wrong} of them wrong. Models see the given labels alone.

{reaches}

Rankings on the noise of people; intervals are a 95 % bootstrap over rows. The first comparisons,
which found that weighing by the noise helps, printed all rows; the form of it and the constants
were chosen on one half and on other sets, and "confirming half" is the other. The halves differ:
the first is harder under every ranking. The posterior is the default.

{rankings}

Accuracy on the {clean:,} clean test rows, mean over {draws} draws of four fifths of train, and the
share of the gap to true labels that is closed, with its 95 % t interval over the draws:

{dropped}

Where this is weaker than it looks: the fine-tuned model adds nothing to the default ones. The share
that is dropped (.2) was chosen on folds of train by their true labels, which a user has not. Where
single raters err at random on ambiguous texts (davidson_hate, one crowd vote as the label) the
posterior ranks worse than the models alone: docs/explanation/decisions.md. Of the BBC flips a
seed's least is {least}."""


OF_SETS = """### In sets of labels

`python -m benchmarks.label_error_sets`: {rows:,} sentences of aclsum's train and validation papers,
three labels. Average precision of missing labels (pairs of a row and a label that it lacks), extra
ones (pairs of a row and a label that it has) and wrong rows, mean of {seeds} draws with {flipped}
of the labels flipped; and where the labels are a heuristic's, against those of people. Every
ranking has the same out-of-fold probabilities. The posterior is the default; its form and the power
of the noise were chosen on these figures, so they are not held out for it.

{rankings}

In one draw of {seeds} the default finds missing labels no better than cleanlab ({least})."""
KINDS = ("missing", "extra", "rows")


def set_lines(found: dict[str, Any]) -> list[list[object]]:
    """Each ranking of sets: planted errors, then the heuristic's."""
    names = [name for name in found["heuristic"] if name != "wrong"]
    return [
        [name, *(share(float(np.mean([one[name][kind] for one in found["planted"]])))
                 for kind in KINDS),
         *(share(found["heuristic"][name][kind]) for kind in KINDS)]
        for name in names
    ]  # fmt: skip


def of_sets(found: dict[str, Any]) -> str:
    """The section, out of benchmarks/results/label_error_sets.json."""
    header = ("ranking", *(f"planted, {kind}" for kind in KINDS),
              *(f"heuristic, {kind}" for kind in KINDS))  # fmt: skip
    pairs = [(one["posterior"]["missing"], one["cleanlab"]["missing"]) for one in found["planted"]]
    ours, theirs = min(pairs, key=lambda pair: pair[0] - pair[1])
    return OF_SETS.format(
        rows=found["rows"],
        seeds=len(found["planted"]),
        flipped=f"{found['flipped']:.0%}",
        rankings=table(header, set_lines(found)),
        least=f"{share(ours)} against {share(theirs)}",
    )


def reach_lines(found: dict[str, Any]) -> list[list[object]]:
    """The five figures beside what they are to reach."""
    ranked = {(*one["models"], one["ranking"]): one for one in found["real"]}
    three = ("neighbours", "linear", "words")
    default, tuned = ranked[(*three, "posterior")], ranked[(*three, "full", "posterior")]
    closed = found["after_drop"]["closed"]["drop"]["mean"]
    flips = float(np.mean([one["posterior"] for one in found["injected"]]))
    return [
        [what, f">= {share(reach)}", share(value), met(value >= reach)]
        for what, reach, value in (
            ("average precision, noise of people, default models", 0.64,
             default["average_precision"]),
            ("the same with the fine-tuned model", 0.66, tuned["average_precision"]),
            ("recall where the most doubtful 20 % are reviewed", 0.6, default["recall"]),
            ("share of the accuracy gap that policy drop closes", 0.25, closed),
            ("average precision, 5 % injected flips of BBC labels, five seeds", 0.98, flips),
        )
    ]  # fmt: skip


def ranking_lines(found: Sequence[dict[str, Any]]) -> list[list[object]]:
    """One line a ranking."""
    return [
        [
            ", ".join(one["models"]),
            one["ranking"].replace("_", " "),
            f"{share(one['average_precision'])} [{share(one['low'])}, {share(one['high'])}]",
            share(one["confirming_half"]),
            share(one["recall"]),
        ]
        for one in found
    ]


def drop_lines(found: dict[str, Any]) -> list[list[object]]:
    """Accuracy of each head, and what of the gap it closes."""
    names = {
        "noisy": "tuned on the noisy labels",
        "cleanlab": "without cleanlab's own flags",
        "drop": "without the fifth that policy drop takes",
        "true": "on the true labels",
    }
    lines = []
    for key, name in names.items():
        closed = found["closed"].get(key)
        gap = (
            f"{100 * closed['mean']:.0f} % [{100 * closed['low']:.0f}, {100 * closed['high']:.0f}]"
            if closed
            else ""
        )
        lines.append([name, share(float(np.mean([one[key] for one in found["draws"]]))), gap])
    return lines


def section(found: dict[str, Any]) -> str:
    """The section, out of benchmarks/results/label_errors.json."""
    return SECTION.format(
        rows=found["rows"],
        wrong=f"{found['wrong_share']:.0%}",
        reaches=table(("measure", "reach", "Seedbed", "met"), reach_lines(found)),
        rankings=table(
            ("models", "ranking", "average precision", "confirming half", "recall at 20 %"),
            ranking_lines(found["real"]),
        ),
        clean=found["after_drop"]["rows"],
        draws=len(found["after_drop"]["draws"]),
        dropped=table(("head", "accuracy", "gap closed"), drop_lines(found["after_drop"])),
        least=share(min(one["posterior"] for one in found["injected"])),
    )
