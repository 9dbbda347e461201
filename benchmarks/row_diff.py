"""What `seedbed diff` costs on large versions, beside tools that compare two CSV files.

python -m benchmarks.row_diff -> benchmarks/results/row_diff.json

Two versions in git, of SIZES rows: 1 % of the rows added, 1 % dropped, 1 % edited, 1 % with another
label. Ours is the whole process `seedbed diff BASE HEAD --format json`, imports, git, ledger and
drift of labels too; a peer is given its two CSV files ready on the disk and reads nothing else. By
turns, and processor seconds beside wall seconds, since other work may run on the machine. What each
side counts is checked against what was planted.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks.turns import PEERS
from seedbed.core.errors import SeedbedError
from seedbed.core.files import write_csv, write_json

RESULT = Path("benchmarks/results/row_diff.json")
SIZES = (10_000, 100_000, 200_000)
DAFF_ROWS = 10_000  # it takes minutes for more
ROUNDS = 3
SHARE = 0.01
LABELS = [f"label {number:02}" for number in range(20)]
BATCHES = [f"2026-{month:02}-batch" for month in range(1, 11)]
HEADER = ["id", "digest", "label", "split"]

Rows = dict[str, list[str]]


def versions(size: int) -> tuple[Rows, Rows, list[str]]:
    """Rows by id (batch, digest, label, split) before and after, and the ids that are dropped."""
    draw = random.Random(size)

    def name() -> str:
        return f"{draw.getrandbits(64):016x}"

    def row() -> list[str]:
        side = draw.choices(("train", "validation", "test"), (65, 15, 20))[0]
        return [draw.choice(BATCHES), name(), draw.choice(LABELS), side]

    before = {name(): row() for _ in range(size)}
    part = int(size * SHARE)
    picked = draw.sample(sorted(before), 3 * part)
    dropped, edited, relabelled = picked[:part], picked[part : 2 * part], picked[2 * part :]
    after = {one: [*cells] for one, cells in before.items()} | {name(): row() for _ in range(part)}
    for one in dropped:
        del after[one]
    for one in edited:
        after[one][1] = name()
    for one in relabelled:
        after[one][2] += " (new)"
    return before, after, dropped


def write(rows: Rows, dropped: list[str], table: Path) -> None:
    """One version into the working folder, and the same rows as one CSV file for the peers."""
    for batch in BATCHES:
        lines = sorted([one, *cells[1:]] for one, cells in rows.items() if cells[0] == batch)
        write_csv(Path(f"data/manifest/{batch}.csv"), HEADER, lines)
    lines = [[one, "exact_duplicate", next(iter(rows))] for one in sorted(dropped)]
    write_csv(Path("data/ledger/deduplicate.csv"), ["id", "reason", "cause"], lines)
    write_csv(table, HEADER, sorted([one, *cells[1:]] for one, cells in rows.items()))


def committed(folder: Path, size: int) -> None:
    """A repository of two commits in `folder`, beside it base.csv and head.csv."""
    import os

    os.chdir(folder)
    before, after, dropped = versions(size)
    git("init", "-q")
    for rows, gone, name in ((before, [], "base"), (after, dropped, "head")):
        write(rows, gone, folder / f"{name}.csv")
        git("add", "data")
        git("commit", "-q", "-m", name)


def git(*arguments: str) -> None:
    name = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *name, *arguments], check=True, capture_output=True)


def cost(command: list[str], folder: Path) -> tuple[dict[str, float], str]:
    """Wall and processor seconds of a process and its children, and what it printed."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):  # daff says 1 where the files differ
        raise SeedbedError(command[0], done.stderr[-300:], "figures", "run it by hand to see why")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": seconds, "cpu_seconds": used}, done.stdout


def found(name: str, printed: str) -> dict[str, int]:
    """Rows added, removed and changed, out of what a tool printed."""
    if name == "daff":
        marks = [line.split(",", 1)[0] for line in printed.splitlines()[1:]]
        return {"added": marks.count("+++"), "removed": marks.count("---"),
                "changed": marks.count("->")}  # fmt: skip
    made = json.loads(printed)
    if name == "csv_diff":
        return {kind: len(made[kind]) for kind in ("added", "removed", "changed")}
    counts = made["counts"]
    changed = counts["edited"] + counts["relabelled"]
    return {"added": counts["added"], "removed": counts["removed"], "changed": changed}


def commands(size: int) -> Mapping[str, list[str]]:
    peers = (PEERS / "csv_diff" / "bin").absolute()
    if not (peers / "csv-diff").exists():
        raise SeedbedError(str(peers), "not there", "the peers' environment", "run `make peers`")
    ours = [sys.executable, "-m", "seedbed.cli", "diff", "HEAD~1", "HEAD", "--format", "json"]
    every = {
        "seedbed": ours,
        "csv_diff": [str(peers / "csv-diff"), "base.csv", "head.csv", "--key=id", "--json"],
    }
    if size <= DAFF_ROWS:
        daff = [str(peers / "python"), str(peers / "daff.py"), "diff", "--id", "id"]
        every["daff"] = [*daff, "--output-format", "csv", "base.csv", "head.csv"]
    return every


def measure(size: int) -> dict[str, dict[str, float]]:
    part = int(size * SHARE)
    planted = {"added": part, "removed": part, "changed": 2 * part}
    every = commands(size)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in every}
    with tempfile.TemporaryDirectory() as folder:
        making = [sys.executable, "-m", "benchmarks.row_diff", "make", folder, str(size)]
        subprocess.run(making, check=True)
        for _ in range(ROUNDS):
            for name, command in every.items():
                figures, printed = cost(command, Path(folder))
                runs[name].append(figures)
                if (made := found(name, printed)) != planted:
                    raise SeedbedError(name, str(made), str(planted), "see what it missed")
    costs = {
        name: {key: round(median(one[key] for one in made), 2) for key in made[0]}
        for name, made in runs.items()
    }
    for name in every.keys() - {"seedbed"}:
        costs[name]["times_as_fast"] = {
            key: round(costs[name][key] / costs["seedbed"][key], 2)
            for key in ("seconds", "cpu_seconds")
        }
    return costs


def main() -> None:
    sizes = {str(size): measure(size) for size in SIZES}
    write_json(RESULT, {"rounds": ROUNDS, "changed_share": 4 * SHARE, "rows": sizes})


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"]:
        committed(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
