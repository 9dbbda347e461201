"""Whether the ratios beside peers that are in git still hold.

python -m benchmarks.check [PART...]: measures each part anew, its result goes nowhere, and compares
every `times_as_fast` with that of benchmarks/results. Exits with 1 where one is more than a quarter
below that in git; one that far above it is told, so that it can be made again. Parts are clean,
deduplicate, tokenize and personal_data (1,000 texts on either side, one round), embedding and steps
of training; `make peers` installs the peers.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import speed, training_speed
from benchmarks.turns import peer_command
from seedbed.core.errors import SeedbedError
from seedbed.core.files import read_json
from seedbed.pages.rendering import table

SLACK = 0.25
FEW = 1_000  # texts, where all of them take half an hour
CLOCK = "cpu_seconds"  # says more than the wall's where other work runs
RATIO = "times_as_fast"


class Compared(NamedTuple):
    """A ratio in git and as it is now."""

    name: str
    known: float
    now: float

    @property
    def verdict(self) -> str:
        """What to say of it."""
        if self.now < self.known * (1 - SLACK):
            return "**slower**"
        return "faster: make it again" if self.now > self.known * (1 + SLACK) else "holds"


def ratios(found: dict[str, Any], name: str = "") -> Iterator[tuple[str, float]]:
    """Every ratio of a result with its place; of two clocks the processor's."""
    for key, value in found.items():
        if key == RATIO:
            yield name, float(value[CLOCK] if isinstance(value, dict) else value)
        elif isinstance(value, dict) and not {"wall", "processor"} <= set(value):
            yield from ratios(value, f"{name} {key}".strip())
        elif isinstance(value, dict):  # pairs of steps
            yield f"{name} {key}".strip(), float(value["processor"][RATIO])


def compared(known: dict[str, Any], now: dict[str, Any]) -> list[Compared]:
    """Each ratio in git that was measured anew."""
    fresh = dict(ratios(now))
    return [Compared(name, one, fresh[name]) for name, one in ratios(known) if name in fresh]


def beside_peers(part: str) -> dict[str, Any]:
    """A part of benchmarks/speed.py, on few texts where all take long."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.json"
        subprocess.run(peer_command("film_reviews", "film_reviews.py", file), check=True)
        if part == "personal_data":
            texts = json.loads(file.read_text(encoding="utf-8"))
            file.write_text(json.dumps(texts[:: len(texts) // FEW][:FEW]), encoding="utf-8")
        return {part: speed.PARTS[part](file)}


def of_training(part: str) -> dict[str, Any]:
    """A part of benchmarks/training_speed.py."""
    return {part: training_speed.PARTS[part]()}


PARTS: dict[str, tuple[Path, Callable[[str], dict[str, Any]]]] = {
    **dict.fromkeys(("clean", "deduplicate", "tokenize", "personal_data"),
                    (speed.RESULT, beside_peers)),
    **dict.fromkeys(("embedding", "steps"), (training_speed.RESULT, of_training)),
}  # fmt: skip


def main(parts: list[str]) -> int:
    """Measure the parts, print a table, and give the exit code."""
    if unknown := set(parts) - set(PARTS):
        raise SeedbedError(
            ", ".join(sorted(unknown)), "no part", f"one of {list(PARTS)}", "name it"
        )
    lines: list[Compared] = []
    for part in parts or PARTS:
        file, measure = PARTS[part]
        lines += compared({part: read_json(file)[part]}, measure(part))
        print(part, file=sys.stderr, flush=True)
    cells = [[one.name, f"{one.known:.2f}x", f"{one.now:.2f}x", one.verdict] for one in lines]
    print(table(("ratio beside", "in git", "now", "verdict"), cells))
    return int(any(one.verdict == "**slower**" for one in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
