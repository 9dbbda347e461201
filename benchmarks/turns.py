"""Peers in environments of their own, and costs measured by turns."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from seedbed.core.errors import SeedbedError

PEERS = Path(".seedbed/peers")
SCRIPTS = Path("benchmarks/peers")
# One thread a side, and no hub: what is compared is the work of one core.
ENVIRONMENT = {
    "SEEDBED_ENGINE": "serial",
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
}


def peer_command(environment: str, script: str, *figures: object) -> list[str]:
    """The command that runs a script of benchmarks/peers in the peer's environment."""
    python = PEERS / environment / "bin" / "python"
    if not python.exists():
        raise SeedbedError(str(python), "not there", "the peer's environment", "run `make peers`")
    return [str(python), str(SCRIPTS / script), *map(str, figures)]


def run(command: Sequence[str]) -> dict[str, Any]:
    """What a command measured: the last line it prints (see benchmarks/peers/cost.py)."""
    environment = {**os.environ, **ENVIRONMENT}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment
    )  # its own words are kept off the terminal: they may quote texts
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1].split(":")[0]
        name = Path(command[1]).name
        raise SeedbedError(name, f"ended with {last}", "figures", "run it by hand to see why")
    return json.loads(done.stdout.strip().splitlines()[-1])


def by_turns(
    commands: Mapping[str, Sequence[str]], rounds: int
) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """The median seconds and the peak memory of each command over the rounds, which take turns;
    and what each made in the first."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(run(command))
    costs = {
        name: {
            "seconds": round(median(one["seconds"] for one in made), 2),
            "cpu_seconds": round(median(one["cpu_seconds"] for one in made), 2),
            "peak_mb": round(max(one["peak_mb"] for one in made)),
        }
        for name, made in runs.items()
    }
    return costs, {name: made[0]["made"] for name, made in runs.items()}


def times_as_fast(ours: Mapping[str, float], peer: Mapping[str, float]) -> dict[str, float]:
    """How many times as fast we are, by wall and by processor seconds."""
    return {kind: round(peer[kind] / ours[kind], 2) for kind in ("seconds", "cpu_seconds")}
