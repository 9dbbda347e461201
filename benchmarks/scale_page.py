"""benchmarks/scale.md and its plot: what the data stages cost as the rows grow."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from seedbed.pages.rendering import table

MAX_SECONDS, MAX_PEAK_MB, MAX_SLOPE = 600, 3000, 1.1
MILLION = 1_000_000
LINE = 13  # of a name in the plot
WIDTH, HEIGHT, EDGE = 720, 420, 60
COLOURS = ("#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5",
           "#9c6b4e", "#000000")  # fmt: skip

SCALE = """# Rows, time and memory

Made by `python -m benchmarks.tables` out of `benchmarks/results/scale.json`, which `make
bench-scale` measures (an hour; `python -m benchmarks.scale 30000 100000` for some sizes). The rows
are made by seed (`benchmarks/scale_rows.py`): sentences of the example with a third of their words
replaced, some 390 characters a row, 3 % near copies, 1 % copies, 2 % with an e-mail address or a
phone number, as CSV, JSON Lines, packed JSON Lines and Parquet in four batches and eight classes.
Each stage is a process of its own without a memo; methods of augment and balance are off. Memory
is that of a stage and the processes that it starts, pages that they share counted once.

{reach}

![Processor seconds of each stage by rows, both axes logarithmic](scale.svg)

Whole runs from collect to tokenize:

{runs}

By stage: processor seconds and peak MB at each size, and the slope of the processor seconds
between the two largest sizes, where 1 is linear. Seconds of small sizes are those of imports.

{stages}

The machine had {cores} cores, and a load of {loads} (1 minute) when each size ended.
"""


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The slope of a line through the logarithms, by least squares: 1 is linear."""
    x, y = ([math.log(one) for one in values] for values in (sizes, values))
    middle, height = sum(x) / len(x), sum(y) / len(y)
    above = sum((a - middle) * (b - height) for a, b in zip(x, y, strict=True))
    return above / sum((a - middle) ** 2 for a in x)


def slope_of_total(rows: Mapping[int, Any]) -> float:
    """That of the processor seconds of whole runs over the sizes from 30,000 on: below, imports
    are most of them."""
    large = [size for size in rows if size >= 30_000]
    sizes = large if len(large) > 1 else list(rows)
    return slope(sizes, [total(rows[size], "cpu_seconds") for size in sizes])


def total(run: Mapping[str, Any], key: str) -> float:
    """The sum over the stages of one size."""
    return float(sum(stage[key] for stage in run["stages"].values()))


def peak(run: Mapping[str, Any]) -> float:
    """The highest peak of its stages, MB."""
    return float(max(stage["peak_mb"] for stage in run["stages"].values()))


def scale_page(result: Mapping[str, Any]) -> str:
    """The page out of benchmarks/results/scale.json."""
    rows = {int(size): run for size, run in result["rows"].items()}
    largest = list(rows)[-2:]
    runs = [
        [f"{size:,}", f"{total(run, 'seconds'):,.0f}", f"{total(run, 'cpu_seconds'):,.0f}",
         f"{peak(run):,.0f}", f"{run['kept']:,}"]
        for size, run in rows.items()
    ]  # fmt: skip
    stages = []
    for name in rows[largest[-1]]["stages"]:
        own = {size: run["stages"][name] for size, run in rows.items()}
        figures = [f"{one['cpu_seconds']:,.1f} / {one['peak_mb']:,.0f}" for one in own.values()]
        two = [own[size]["cpu_seconds"] for size in largest]
        stages.append([name, *figures, f"{slope(largest, two):.2f}"])
    return SCALE.format(
        reach=reach(rows),
        runs=table(("rows", "wall s", "processor s", "peak MB", "rows at the end"), runs),
        stages=table(("stage", *(f"{size:,}" for size in rows), "slope"), stages),
        cores=result["cores"],
        loads=", ".join(str(run["load"]) for run in rows.values()),
    )


def reach(rows: Mapping[int, Any]) -> str:
    """What is asked of a million rows, and whether it is met."""
    asked = (
        f"Asked of a million rows on two cores that do nothing else: {MAX_SECONDS} s by the clock, "
        f"{MAX_PEAK_MB:,} MB, and a slope of {MAX_SLOPE} from 30,000 rows on."
    )
    found = f"The slope of the processor seconds is {slope_of_total(rows):.2f}."
    if MILLION not in rows:
        return f"{asked} {found} The million is not measured yet."
    run = rows[MILLION]
    return (
        f"{asked} {found} The million took {total(run, 'seconds'):,.0f} s and {peak(run):,.0f} MB."
    )


def scale_plot(result: Mapping[str, Any]) -> str:
    """The plot as SVG: a line for each stage, and one for all."""
    rows = {int(size): run for size, run in result["rows"].items()}
    names = list(next(iter(rows.values()))["stages"])
    lines = {name: [run["stages"][name]["cpu_seconds"] for run in rows.values()] for name in names}
    lines["all"] = [total(run, "cpu_seconds") for run in rows.values()]
    x_ends = math.log10(min(rows)), math.log10(max(rows))
    y_ends = (
        math.floor(math.log10(min(map(min, lines.values())))),
        math.ceil(math.log10(max(map(max, lines.values())))),
    )

    def across(rows: float) -> float:
        share = (math.log10(rows) - x_ends[0]) / (x_ends[1] - x_ends[0])
        return round(EDGE + share * (WIDTH - 3 * EDGE), 1)

    def up(seconds: float) -> float:
        share = (math.log10(seconds) - y_ends[0]) / (y_ends[1] - y_ends[0])
        return round(HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for size in rows:
        place = f'x="{across(size)}" y="{HEIGHT - EDGE + 20}" text-anchor="middle"'
        parts.append(f"<text {place}>{size:,}</text>")
    for power in range(y_ends[0], y_ends[1] + 1):
        y = up(10.0**power)
        parts.append(f'<path d="M{EDGE} {y}H{WIDTH - 2 * EDGE}" stroke="#ddd"/>')
        parts.append(f'<text x="{EDGE - 8}" y="{y + 4}" text-anchor="end">{10.0**power:g} s</text>')
    places = apart([up(values[-1]) + 4 for values in lines.values()])
    for (name, values), colour, y in zip(lines.items(), COLOURS, places, strict=True):
        points = " ".join(
            f"{across(size)},{up(one)}" for size, one in zip(rows, values, strict=True)
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}"/>')
        parts.append(f'<text x="{WIDTH - 2 * EDGE + 6}" y="{y}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def apart(heights: Sequence[float]) -> list[float]:
    """Heights of names in their order from above, none within LINE of another."""
    places = list(heights)
    above = -math.inf
    for index in sorted(range(len(places)), key=lambda index: places[index]):
        above = places[index] = round(max(places[index], above + LINE), 1)
    return places
