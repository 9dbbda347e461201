"""benchmarks/fine_tuning.md: what fine-tuning reaches and how fast it is, beside references."""

from typing import Any

from benchmarks.marks import met, share
from seedbed.reporting.page import table

PAGE = """# Fine-tuning

Made by `python -m benchmarks.tables`. Quality: `DATA=FOLDER python -m benchmarks.fine_tuning
validation`, by which every setting was chosen, then `test`, each reading of which is a line in
[test_reads.csv](test_reads.csv). Speed: `DATA=FOLDER python -m benchmarks.training_speed`. The
encoder is the packaged MiniLM of 22 million numbers; "not measured" is not met.

## Quality

Accuracy, mean (sd) over the seeds; a seed draws the rows where there are few.

{quality}

References: banking77 RoBERTa-base .928, RoBERTa-large .937, linear head on MiniLM .927 to .930; ten
a class RoBERTa-base .843, CPFT .872, linear head .851; BBC linear head .917.

## Speed

{speed}

Tokens a second count no padding, and each side has the batches that it makes itself; ratios are
medians of steps that follow each other. The tutorial's loop is written out here (the same model,
optimizer, clipping and dropout), without what the Trainer does around it.
"""
QUALITY = (
    ("banking77", "banking77, all train rows, full from a linear head", 0.933, 0.938),
    ("banking77_few", "banking77, 10 rows a class, prompt with pairs", 0.865, 0.875),
    ("bbc_few", "BBC, 8 rows a class, prompt with pairs", 0.935, None),
    ("bbc_few_setfit", "SetFit 1.2.0 on the same rows, its defaults to the end", None, None),
)
QUALITY_HEADER = ("measure", "reach (stretch)", "validation", "test", "seeds", "seconds", "met")
SPEED_HEADER = ("measure", "beside", "reach", "times as fast", "met")


def figure(found: dict[str, Any]) -> str:
    return f"{share(found['accuracy'])} ({share(found['sd'])})" if found else "not measured"


def quality_lines(results: dict[str, Any]) -> list[list[object]]:
    lines = []
    for key, name, reach, stretch in QUALITY:
        both = [results.get(side, {}).get(key, {}) for side in ("validation", "test")]
        wanted = f">= {share(reach)}" if reach else ""
        wanted += f" ({share(stretch)})" if stretch else ""
        test = both[1]
        seconds = f"{test['seconds']:.0f}" if test else ""
        is_met = met(bool(test) and test["accuracy"] >= reach) if reach else ""
        count = len((test or both[0] or {"by_seed": []})["by_seed"])
        lines.append([name, wanted, *map(figure, both), count, seconds, is_met])
    return lines


def speed_lines(results: dict[str, Any]) -> list[list[object]]:
    steps = results.get("steps", {})
    measures = (
        ("full, BBC at 256, float32", "tutorial, float32", 3.0,
         steps.get("float32", {}).get("times_as_fast")),
        ("full, BBC at 256, bfloat16", "tutorial, bfloat16", 2.0,
         steps.get("bfloat16", {}).get("times_as_fast")),
        ("full, BBC at 256, bfloat16", "tutorial as it comes, float32", None,
         steps.get("auto_precision_beside_the_tutorial_as_it_comes")),
        ("full, banking77, 3 epochs", "tutorial padded to 128, float32", 8.0,
         results.get("banking77", {}).get("times_as_fast")),
        ("embedding BBC at 256", "sentence-transformers as it comes", 2.3,
         results.get("embedding", {}).get("times_as_fast")),
    )  # fmt: skip
    return [
        [
            name,
            peer,
            f">= {reach}x" if reach else "",
            f"{found:.2f}x" if found else "not measured",
            met(bool(found) and found >= reach) if reach else "",
        ]
        for name, peer, reach, found in measures
    ]


def fine_tuning_page(results: dict[str, Any]) -> str:
    """The page, out of results/fine_tuning.json and results/training_speed.json."""
    return PAGE.format(
        quality=table(QUALITY_HEADER, quality_lines(results.get("fine_tuning", {}))),
        speed=table(SPEED_HEADER, speed_lines(results.get("training_speed", {}))),
    )
