"""What near copies and patterns of personal data cost beside what they cost at another commit.

DATA=FOLDER python -m benchmarks.speed_between COMMIT -> benchmarks/results/speed_between.json

The commit is checked out into a temporary worktree. Per set of texts there are two processes, one
with the code of each version, which do the same work by turns, the first of a round by turns, too.
Processor seconds; the figure is the median of the rounds' ratios, and its 95 % interval that of
order statistics, which assumes nothing of how other work on the machine disturbs a round.
"""

import html
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from scipy.stats import binom

from benchmarks.marks import met
from benchmarks.public_sets import data_folder
from benchmarks.turns import ENVIRONMENT, SCRIPTS
from seedbed.core.errors import SeedbedError
from seedbed.core.files import read_csv, write_json
from seedbed.core.git import git
from seedbed.pages.rendering import table

RESULT = Path("benchmarks/results/speed_between.json")
ROUNDS = 15
REACH = 1.15  # on English
MADE_TEXTS = 5_000
ENGLISH = {
    "near copies": ("banking77", "davidson_hate", "davidson_hate, entities decoded",
                    "noisy_ag_news", "sms_spam"),
    "patterns": ("banking77", "davidson_hate", "noisy_ag_news", "presidio_generated_large",
                 "sms_spam"),
}  # fmt: skip
OTHER = {
    "near copies": ("made of Chinese characters",)
}  # no reach: units are others since issue 15


def texts_of(name: str, folder: Path) -> list[str]:
    """The texts of a case: of a public set in `folder`, or made."""
    name, _, decoded = name.partition(",")
    if name == "made of Chinese characters":
        draw, signs = random.Random(0), [chr(code) for code in range(0x4E00, 0x4E00 + 1500)]
        lengths = [draw.randint(12, 60) for _ in range(MADE_TEXTS)]
        return ["".join(draw.choices(signs, k=length)) for length in lengths]
    if name == "presidio_generated_large":
        lines = (folder / name / "data.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["text"] for line in lines]
    file = "all.csv" if name in ("davidson_hate", "sms_spam") else "train.csv"
    texts = [row["text"] for row in read_csv(folder / name / file)]
    return list(map(html.unescape, texts)) if decoded else texts


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """A temporary worktree of the commit. Raises RevisionError if there is no such commit."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git("worktree", "add", "--quiet", "--detach", str(tree), commit)
        try:
            yield tree
        finally:
            git("worktree", "remove", "--force", str(tree))


@contextmanager
def worker(version: Path, work: str, file: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that does the work with the code of the version once per line that it is sent."""
    environment = {**os.environ, **ENVIRONMENT, "SEEDBED_MEMO": "off"}
    environment.pop("PYTHONPATH", None)
    script = (SCRIPTS / "version_cost.py").resolve()
    command = [sys.executable, str(script), str(version), work, str(file)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        cwd=version,
    ) as process:  # its own words are kept off the terminal: they may quote texts
        try:
            yield process
        finally:
            process.kill()


def asked(process: subprocess.Popen[str]) -> tuple[float, int]:
    """Processor seconds of one more turn, and how many were found."""
    assert process.stdin
    assert process.stdout
    try:
        print(file=process.stdin, flush=True)
        seconds, found = json.loads(process.stdout.readline())
    except (BrokenPipeError, ValueError):
        command = " ".join(map(str, process.args[1:]))  # type: ignore[index, union-attr]
        raise SeedbedError(
            "version_cost.py", "ended", "figures", f"run it by hand to see why: python {command}"
        ) from None
    return seconds, found


def compared(
    versions: Sequence[Path], work: str, texts: Sequence[str], rounds: int
) -> dict[str, Any]:
    """Figures of the work on texts: ours (the first version) beside the other."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder) / "texts.json"
        file.write_text(json.dumps(texts), encoding="utf-8")
        pair = [stack.enter_context(worker(one, work, file)) for one in versions]
        seconds: list[list[float]] = [[], []]
        found = [0, 0]
        for turn in range(rounds):
            for side in (0, 1) if turn % 2 else (1, 0):
                cost, found[side] = asked(pair[side])
                seconds[side].append(cost)
    ratios = [ours / other for ours, other in zip(*seconds, strict=True)]
    low, high = interval(ratios)
    ours, other = (round(median(one), 3) for one in seconds)
    return {
        "texts": len(texts), "rounds": rounds, "ratio": round(median(ratios), 3),
        "low": round(low, 3), "high": round(high, 3),
        "cpu_seconds": {"ours": ours, "other": other},
        "found": {"ours": found[0], "other": found[1]},
    }  # fmt: skip


def interval(ratios: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of their median: the order statistics that hold it by the sign test."""
    rank = max(int(binom.ppf(0.025, len(ratios), 0.5)), 1)
    in_order = sorted(ratios)
    return in_order[rank - 1], in_order[-rank]


def section(found: dict[str, Any]) -> str:
    """The section of benchmarks/speed.md."""
    if not found:
        return "Not measured yet. `DATA=FOLDER python -m benchmarks.speed_between COMMIT`."
    header = ("work", "texts", "number", "processor s", f"at {found['commit']}",
              "ratio [95 % interval]", "found", f"at {found['commit']}", "met")  # fmt: skip
    lines = [
        [
            work, name, f"{one['texts']:,}",
            *(f"{one['cpu_seconds'][side]:.3f}" for side in ("ours", "other")),
            f"{one['ratio']:.2f} [{one['low']:.2f}, {one['high']:.2f}]",
            *(f"{one['found'][side]:,}" for side in ("ours", "other")),
            met(one["ratio"] <= REACH) if name in ENGLISH[work] else "—",
        ]
        for work, cases in found["work"].items()
        for name, one in cases.items()
    ]  # fmt: skip
    return table(header, lines)


def main(commit: str) -> None:
    folder = data_folder()
    result: dict[str, Any] = {"commit": git("rev-parse", "--short=7", commit).strip(), "work": {}}
    with checked_out(commit) as other:
        for work, names in ENGLISH.items():
            cases = result["work"].setdefault(work, {})
            for name in (*names, *OTHER.get(work, ())):
                texts = texts_of(name, folder)
                one = compared((Path.cwd(), other), work, texts, ROUNDS)
                cases[name] = one
                print(f"{work}, {name}: {one['ratio']} [{one['low']}, {one['high']}]", flush=True)
                write_json(RESULT, result)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: DATA=FOLDER python -m benchmarks.speed_between COMMIT")
    main(sys.argv[1])
