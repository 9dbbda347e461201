"""What 10 million and 1 billion rows take, out of figures measured on fewer.

python -m benchmarks.capacity: benchmarks/capacity.toml,
benchmarks/results/{scale,speed,memo,cost}.json -> the marked block of docs/how-to/scale.md
"""

import re
import tomllib
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.core.files import read_json, write_text
from seedbed.pages.rendering import table

PAGE = Path("docs/how-to/scale.md")
INPUTS = Path("benchmarks/capacity.toml")
RESULTS = Path("benchmarks/results")
BLOCK = re.compile(
    r"(<!-- made by python -m benchmarks.capacity -->\n).*?(<!-- end -->)", re.DOTALL
)
SIZES = (10_000_000, 1_000_000_000)
TO_SPLIT = ("collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split")
HOUR = 3600
MEMO_MB = 2048  # SEEDBED_MEMO_MB
VECTOR_BYTES = 384 * 4
PAIR_BYTES = 8 + 8  # a hash and the row that has it


class Work(NamedTuple):
    """Work by name: processor seconds of one row, and whether they grow with the rows (of each row
    with all others)."""

    name: str
    seconds: float
    measured_on: str
    rows: int = 0  # of which `seconds` are, where they grow

    def hours(self, rows: int) -> float:
        """Processor hours of so many rows."""
        growth = rows / self.rows if self.rows else 1
        return self.seconds * growth * rows / HOUR


class Plan(NamedTuple):
    """All that the tables are made of."""

    works: list[Work]
    peak: tuple[float, str]  # the most bytes of one process for one row, and the stage of it
    row: dict[str, float]
    machines: list[dict[str, Any]]
    gpu_dollars: float
    memo_bytes: float  # of one row
    names_mb: float

    @property
    def shuffled(self) -> float:
        """Bytes of one row that have to meet those of other rows: shingles, in two stages."""
        return 2 * self.row["shingles"] * PAIR_BYTES

    def hours(self, rows: int, with_names: bool = True) -> float:
        """Processor hours of everything that grows in proportion to the rows."""
        works = [one for one in self.works if not one.rows]
        return sum(one.hours(rows) for one in works if with_names or one.name != NAMES)


NAMES = "names by the model"


def read_plan(project: Path = Path()) -> Plan:
    """Read the inputs."""
    given = tomllib.loads((project / INPUTS).read_text(encoding="utf-8"))
    results = {name: read_json(project / RESULTS / f"{name}.json")
               for name in ("scale", "speed", "memo", "cost")}  # fmt: skip
    memo, cost, row = results["memo"]["bfloat16"], results["cost"], given["row"]
    names, own, reviews = results["speed"]["personal_data"], memo["from_nothing"], memo["rows"]
    tokens = cost["approaches"]["full"]["training_tokens_a_second"] / cost["cores"]
    predicted = cost["approaches"]["full"]["predictions_a_second"] / cost["cores"]
    most = max(map(int, results["scale"]["rows"]))
    stages = {name: results["scale"]["rows"][str(most)]["stages"][name] for name in TO_SPLIT}
    prepared = sum(stage["cpu_seconds"] for stage in stages.values()) / most
    peak = max((stage["peak_mb"] * 1e6 / most, name) for name, stage in stages.items())
    found, judged = f"{most:,} made rows", f"{reviews:,} film reviews"
    works = [
        Work("collect to split", prepared, found),
        Work(NAMES, names["seedbed"]["cpu_seconds"] / names["texts"], judged),
        Work("embed, bfloat16", own["embed"]["own"] / reviews, judged),
        Work("tokenize", own["tokenize"]["own"] / reviews, judged),
        Work("finetune full, an epoch", row["training_tokens"] / tokens, "BBC News"),
        Work("evaluate", row["held_out_share"] / predicted, "BBC News"),
        Work("find_label_errors", own["find_label_errors"]["own"] / reviews, judged, reviews),
    ]
    machines, gpu = given["machines"], given["gpu"]["dollars_an_hour"]
    memo_bytes = memo["memo_mb"] * 1e6 / reviews
    return Plan(works, peak, row, machines, gpu, memo_bytes, names["seedbed"]["peak_mb"])


def block(plan: Plan) -> str:
    """The tables and what follows from them, as markdown."""
    return "\n\n".join([_hours(plan), _bytes(plan), _breaks(plan), _money(plan)])


def _hours(plan: Plan) -> str:
    header = ["processor hours", *(f"{rows:,} rows" for rows in SIZES), "from"]
    lines = [
        [one.name, *(_rounded(one.hours(rows)) for rows in SIZES),
         one.measured_on + (", with the square of the rows" if one.rows else "")]
        for one in plan.works
    ]  # fmt: skip
    return _table(header, lines)


def _bytes(plan: Plan) -> str:
    header = ["bytes", *(f"{rows:,} rows" for rows in SIZES)]
    texts = plan.row["chars"] * plan.row["stages_with_texts"]
    kinds = {
        "shuffled: shingles of deduplicate and split": plan.shuffled,
        "texts in DVC's cache, before compression": texts,
        "vectors, float32": VECTOR_BYTES,
        "the memo, where it is to hold all": plan.memo_bytes,
        f"memory of the one process of {plan.peak[1]}": plan.peak[0],
    }
    lines = [[name, *(_size(one * rows) for rows in SIZES)] for name, one in kinds.items()]
    worker = f"{plan.names_mb / 1e3:.1f} GB"
    note = (
        f"A worker for per-text work needs {worker} at most (the model of names) whatever the "
        "number of rows."
    )
    return f"{_table(header, lines)}\n\n{note}"


def _breaks(plan: Plan) -> str:
    """What stops first as rows grow, in order."""
    judged, embed = (next(one for one in plan.works if one.name.startswith(name))
                     for name in ("find_label_errors", "embed"))  # fmt: skip
    small, large = plan.machines[0], plan.machines[1]
    day = large["cores"] * 24 * HOUR
    limits = [
        (MEMO_MB * 1e6 / plan.memo_bytes, "the memo forgets (SEEDBED_MEMO_MB): updates cost more"),
        (judged.rows * embed.seconds / judged.seconds,
         "find_label_errors, which compares each row with all, costs more than embed"),
        *((one["memory_gb"] * 1e9 / plan.peak[0],
           f"{plan.peak[1]} needs more than {one['memory_gb']} GB in one process")
          for one in (small, large)),
        (sqrt(day * judged.rows / judged.seconds),
         f"find_label_errors alone takes a day of {large['cores']} cores"),
    ]  # fmt: skip
    lines = [[f"{round(rows, -5):,.0f}", what] for rows, what in sorted(limits)]
    return _table(["from about rows", "what breaks"], lines)


def _money(plan: Plan) -> str:
    header = ["machine", "$ an hour"]
    header += [f"{rows:,} rows: days, $" for rows in SIZES]
    lines = []
    for one in plan.machines:
        cells = [one["name"], f"{one['dollars_an_hour']:g}"]
        for rows in SIZES:
            wall = plan.hours(rows) / one["cores"]
            cells.append(f"{_rounded(wall / 24)}, {_rounded(wall * one['dollars_an_hour'])}")
        lines.append(cells)
    rented = plan.machines[1]
    core = rented["dollars_an_hour"] / rented["cores"]
    note = (
        "Everything but find_label_errors, names included, as if all cores were busy all the time; "
        "prices are assumptions. A GPU at "
        f"${plan.gpu_dollars:g} an hour pays where it does in that hour what "
        f"{plan.gpu_dollars / core:.0f} rented cores do."
    )
    return f"{_table(header, lines)}\n\n{note}"


def _table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return table(header, lines).rstrip("\n")


def _rounded(value: float) -> str:
    """Two digits that count: more are not known."""
    if value >= 100:
        digits = len(str(int(value))) - 2
        return f"{round(value, -digits):,.0f}"
    return f"{value:.2g}"


def _size(value: float) -> str:
    for unit, one in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9)):
        if value >= one:
            return f"{_rounded(value / one)} {unit}"
    return f"{_rounded(value / 1e6)} MB"


def with_plan(page: str, plan: Plan) -> str:
    """The page with its block made anew. Raises ValueError where it has none."""
    made, number = BLOCK.subn(lambda match: f"{match[1]}\n{block(plan)}\n\n{match[2]}", page)
    if number != 1:
        raise ValueError(f"{PAGE}: {number} blocks for the capacity plan instead of one")
    return made


def main() -> None:
    write_text(PAGE, with_plan(PAGE.read_text(encoding="utf-8"), read_plan()))


if __name__ == "__main__":
    main()
