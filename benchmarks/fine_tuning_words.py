"""What benchmarks/fine_tuning.md says around its tables."""

from typing import Any

from benchmarks.marks import met, share
from seedbed.pages.rendering import table


def processor_words(steps: dict[str, Any]) -> str:
    if not steps:
        return ""
    pairs = steps["float32"].get("steps", 0)
    where = f"Measured over {pairs} pairs of steps, threads: {steps['threads']}"
    if steps["auto"] == "bfloat16":
        return f"{where}, on a processor with bfloat16 units."
    return (
        f"{where}, on a processor without bfloat16 units, where `precision: auto` is float32: its "
        "steps in bfloat16 say nothing of a processor that has them, so they are not measured."
    )


def epochs_words(found: dict[str, Any]) -> str:
    if not found:
        return "Accuracy after three epochs of each was not measured."
    ours, theirs = found["seedbed"], found["trainer"]
    return (
        f"After {found['epochs']} whole epochs on {found['train']:,} train rows of banking77 ours "
        f"is right on {share(ours['accuracy'])} of {found['held_out']:,} rows held out, the "
        f"tutorial on {share(theirs['accuracy'])}."
    )


def precision_words(found: dict[str, Any]) -> str:
    if not found:
        return "Not measured."
    header = ("seed", "float32", "bfloat16", "points apart")
    lines = [
        [
            run["seed"],
            f"{run['float32']:.4f}",
            f"{run['bfloat16']:.4f}",
            f"{100 * (run['bfloat16'] - run['float32']):+.2f}",
        ]
        for run in found["by_seed"]
    ]
    how = (
        "" if found["bfloat16_units"] else
        " The processor had no bfloat16 units: products are float32's, rounded, as such units give "
        "them (benchmarks/rounded_products.py)."
    )  # fmt: skip
    within = met(abs(found["difference"]) <= 0.003)
    return (
        f"`DATA=FOLDER python -m benchmarks.training_precision`: full fine-tuning of "
        f"{found['train_rows']:,} train rows of banking77, accuracy on {found['held_out']:,} "
        f"others.{how} Mean difference {100 * found['difference']:+.2f} points (sd "
        f"{100 * found['sd']:.2f}); within .3 points: {within}.\n\n{table(header, lines)}"
    )


def adaptation_words(found: dict[str, Any]) -> str:
    if not found:
        return "Not measured."
    header = ("learning rate", "rows a class", "without", "with", "gain", "verdict")
    lines = [
        [
            rate,
            size,
            *(f"{100 * one[size][key]:.1f}" for key in ("without", "with")),
            f"{100 * one[size]['gain']:+.1f} [{100 * one[size]['low']:+.1f}, "
            f"{100 * one[size]['high']:+.1f}]",
            one[size]["verdict"],
        ]
        for rate, one in found["by_learning_rate"].items()
        for size in one
        if isinstance(one[size], dict)
    ]
    return (
        f"`DATA=FOLDER python -m benchmarks.adaptation`: SimCSE, one epoch over {found['texts']:,} "
        f"train texts of banking77 without labels; macro-F1 of a linear head on rows held out, "
        f"paired over seeds that draw its rows.\n\n{table(header, lines)}"
    )
