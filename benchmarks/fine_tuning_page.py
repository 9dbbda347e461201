"""benchmarks/fine_tuning.md: what fine-tuning reaches and how fast it is, beside references."""

from typing import Any

from benchmarks.answers_page import quality_section, speed_section
from benchmarks.fine_tuning_words import (
    adaptation_words,
    epochs_words,
    precision_words,
    processor_words,
)
from benchmarks.marks import met, share
from benchmarks.sets_page import section as sets_section
from seedbed.pages.rendering import table

PAGE = """# Fine-tuning

Made by `python -m benchmarks.tables`. Quality: `DATA=FOLDER python -m benchmarks.fine_tuning
validation`, by which every setting was chosen, then `test`, each reading of which is a line in
[test_reads.csv](test_reads.csv). Speed: `DATA=FOLDER python -m benchmarks.training_speed`. The
encoder is the packaged MiniLM of 22 million numbers; "not measured" is not met.

## Quality

Accuracy, mean (sd) over the seeds; a seed draws the rows where there are few. Seconds are the
processor's where they were taken, else the clock's.

{quality}

References: banking77 RoBERTa-base .928, RoBERTa-large .937, linear head on MiniLM .927 to .930; ten
a class RoBERTa-base .843, CPFT .872, linear head .851; BBC linear head .917.

{setfit}

## Speed

{speed}

A step of our loop and one of transformers' own Trainer, as in its text-classification tutorial
(benchmarks/tutorial.py), take turns in one process, with all that each does around a step. Tokens a
second count no padding, and each side has the batches that it makes itself; ratios are medians of
pairs of steps, by processor time and by the clock. {processor}

{epochs}

## Precision

{precision}

## Adaptation to the domain

{adaptation}

## Sets of labels

{sets}

## Models that answer

{answers}

{answer_speed}
"""
QUALITY = (
    ("banking77", "banking77, all train rows, full from a linear head", 0.933, 0.938),
    ("banking77_few", "banking77, 10 rows a class, prompt with pairs", 0.865, 0.875),
    ("bbc_few_names", "BBC, 8 rows a class, prompt with pairs, names alone", None, None),
    ("bbc_few", "the same, descriptions, and a head drawn to them", 0.935, None),
)
QUALITY_HEADER = ("measure", "reach (stretch)", "validation", "test", "seeds", "seconds", "met")
SPEED_HEADER = ("measure", "beside", "reach", "times as fast (processor, clock)", "met")


def figure(found: dict[str, Any]) -> str:
    return f"{share(found['accuracy'])} ({share(found['sd'])})" if found else "not measured"


def seconds(found: dict[str, Any]) -> str:
    taken = found.get("cpu_seconds", found.get("seconds"))
    return f"{taken:,.0f}" if taken else ""


def quality_lines(results: dict[str, Any]) -> list[list[object]]:
    lines = []
    for key, name, reach, stretch in QUALITY:
        both = [results.get(side, {}).get(key, {}) for side in ("validation", "test")]
        wanted = f">= {share(reach)}" if reach else ""
        wanted += f" ({share(stretch)})" if stretch else ""
        test = both[1]
        is_met = met(bool(test) and test["accuracy"] >= reach) if reach else ""
        shown = test or both[0]
        count = len(shown.get("by_seed", []))
        lines.append([name, wanted, *map(figure, both), count, seconds(shown), is_met])
    return lines


def setfit_words(results: dict[str, Any]) -> str:
    """Ours beside SetFit on the draws that it was run on, with what it took."""
    sides = [side for side in ("test", "validation") if "beside_setfit" in results.get(side, {})]
    if not sides:
        return "SetFit was not run to its end."
    found = results[sides[0]]["beside_setfit"]
    ours, theirs = found["seedbed"], found["setfit"]
    times = theirs["cpu_seconds"] / ours["cpu_seconds"]
    return (
        f"On draw {', '.join(map(str, found['draws']))} SetFit reaches {figure(theirs)} and ours "
        f"{figure(ours)} ({sides[0]} rows), in {theirs['cpu_seconds']:,.0f} and "
        f"{ours['cpu_seconds']:,.0f} processor seconds of training: {times:.1f} times as fast "
        f"(reach: 5 times, and not below SetFit)."
    )


def speed_lines(results: dict[str, Any]) -> list[list[object]]:
    steps, epochs = results.get("steps", {}), results.get("banking77", {})
    padded = "Trainer padded to 128, float32"
    if epochs and "processor" not in epochs:  # taken before the Trainer was the peer
        padded = "the tutorial's loop, written out, padded to 128, float32"
    measures = (
        ("full, BBC at 256, float32", "Trainer, float32", None, steps.get("float32")),
        ("full, BBC at 256, bfloat16", "Trainer as it comes, float32", 3.0,
         steps.get("auto_beside_float32")),
        ("full, BBC at 256, bfloat16", "Trainer, bfloat16", 2.0,
         steps.get("auto_beside_bfloat16")),
        ("full, banking77, 3 epochs", padded, 8.0,
         epochs),
        ("embedding BBC at 256", "sentence-transformers as it comes", 2.3,
         results.get("embedding")),
    )  # fmt: skip
    return [speed_line(*measure) for measure in measures]


def speed_line(name: str, peer: str, reach: float | None, found: dict[str, Any] | None) -> list:
    """Both clocks have to reach it. Embedding was taken by one."""
    found = found or {}
    ratios = [found[kind]["times_as_fast"] for kind in ("processor", "wall") if kind in found]
    ratios = ratios or [found[kind] for kind in ("times_as_fast",) if kind in found]
    shown = ", ".join(f"{ratio:.2f}x" for ratio in ratios) or "not measured"
    is_met = bool(ratios) and min(ratios) >= (reach or 0)
    return [name, peer, f">= {reach}x" if reach else "", shown, met(is_met) if reach else ""]


def fine_tuning_page(results: dict[str, Any]) -> str:
    """The page, out of the results of each measure, by the names of their files."""
    quality, speed = results.get("fine_tuning", {}), results.get("training_speed", {})
    return PAGE.format(
        quality=table(QUALITY_HEADER, quality_lines(quality)),
        setfit=setfit_words(quality),
        speed=table(SPEED_HEADER, speed_lines(speed)),
        processor=processor_words(speed.get("steps", {})),
        epochs=epochs_words(speed.get("accuracy", {})),
        precision=precision_words(results.get("training_precision", {})),
        sets=sets_section(results.get("sets", {})),
        answers=quality_section(results.get("answers", {})),
        answer_speed=speed_section(results.get("answer_speed", {})),
        adaptation=adaptation_words(results.get("adaptation", {})),
    )
