"""The section of fine_tuning.md on models that answer."""

from typing import Any

from benchmarks.marks import met, share
from seedbed.pages.rendering import table

QUALITY = """`python -m benchmarks.answers` (after `make answers`; seeds {seeds}): the English
conversations of chatterbot-corpus, SmolLM2-135M-Instruct, the params of examples/answers. Means
over the seeds, 95 % intervals by bootstrap over groups, on {rows:,} test rows; `base` is the model
untouched. A perplexity is that of the true answers' tokens.

{scores}

Validation chooses `{chosen}`. Paired differences on test, another model less `{chosen}`:

{gaps}"""
SPEED = """`python -m benchmarks.answer_speed`: a step of our loop and one of the stock way take
turns, {rows:,} conversations of at most 256 tokens, batches of as many tokens as four of them
take, {threads} threads, ours in {precision}. Tokens a second count no padding; ratios are medians
over {steps} pairs of steps.

{figures}

Our peak memory, in a process of its own: {peaks}."""
SHOWN = {"token_f1": "token F1", "chrf": "chrF", "perplexity_token": "perplexity a token",
         "exact_match": "exact match", "ended": "share that ends"}  # fmt: skip
COMPARED = ("token_f1", "chrf")
PEERS = {"trainer_float32": "Trainer, float32", "trainer_bfloat16": "Trainer, bfloat16",
         "trl": "SFTTrainer of trl 1.16.0"}  # fmt: skip
NOT_YET = "Not measured yet. `python -m {}`."


def quality_section(found: dict[str, Any]) -> str:
    """What models that answer reach, out of benchmarks/results/answers.json."""
    if not found:
        return NOT_YET.format("benchmarks.answers")
    test, validation = found["test"], found["validation"]["approaches"]
    header = ("model", "validation token F1", *SHOWN.values())
    lines = [
        [f"`{name}`", _interval(validation[name]["token_f1"]),
         *(_interval(one[metric]) if metric in one else "" for metric in SHOWN)]
        for name, one in test["approaches"].items()
    ]  # fmt: skip
    gaps = [
        [f"`{name}`", *(_gap(one[metric]) for metric in COMPARED), f"{one['p']:.2g}"]
        for name, one in test["less than chosen"].items()
    ]  # fmt: skip
    return QUALITY.format(
        seeds=", ".join(map(str, found["seeds"])),
        rows=test["rows"],
        chosen=found["chosen"],
        scores=table(header, lines),
        gaps=table(("against", *(SHOWN[name] for name in COMPARED), "p (Holm)"), gaps),
    )


def speed_section(found: dict[str, Any]) -> str:
    """How fast they are trained, out of benchmarks/results/answer_speed.json."""
    if not found:
        return NOT_YET.format("benchmarks.answer_speed")
    lines, peaks = [], []
    for name, one in found.items():
        peaks.append(f"`{name}` {one['peak_mb']:,.0f} MB")
        for peer, title in PEERS.items():
            beside = one[peer]
            ratios = [beside[clock]["times_as_fast"] for clock in ("processor", "wall")]
            wall = beside["wall"]
            lines.append(
                [f"`{name}`", title, f">= {beside['reach']}x",
                 " / ".join(f"{ratio:.2f}x" for ratio in ratios),
                 f"{wall['seedbed']:,.0f} / {wall['peer']:,.0f}",
                 met(min(ratios) >= beside["reach"])]
            )  # fmt: skip
    first = next(iter(found.values()))
    header = ("approach", "peer", "reach", "times as fast: processor / wall",
              "tokens a second: Seedbed / peer", "met")  # fmt: skip
    return SPEED.format(
        rows=first["rows"],
        threads=first["threads"],
        precision=first["precision"],
        steps=first["trl"]["steps"],
        figures=table(header, lines),
        peaks=", ".join(peaks),
    )


def _interval(one: dict[str, float]) -> str:
    shown = [f"{one[key]:.1f}" if one["mean"] >= 2 else share(one[key]) for key in
             ("mean", "low", "high")]  # fmt: skip
    return f"{shown[0]} [{shown[1]}, {shown[2]}]"


def _gap(one: dict[str, float]) -> str:
    return f"{one['difference']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}]"
