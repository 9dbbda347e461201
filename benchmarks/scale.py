"""What the data stages cost as the rows grow: wall and processor seconds, peak memory.

python -m benchmarks.scale [ROWS ...] -> benchmarks/results/scale.json

Made rows (benchmarks/scale_rows.py) as CSV, JSON Lines, packed JSON Lines and Parquet in four
batches; in a project of its own in a temporary folder each stage of STAGES runs as a process of its
own, as under DVC, without a memo. embed, cv and find_label_errors are left out: the last writes the
rows that split wrote where it only flags, which is what a copy of data/split stands for. Methods of
augment and balance are off, as params.yaml has them. Memory is that of the stage and all processes
that it starts, every fifth of a second, pages that several share counted once (PSS), or the peak
of the stage's own process where that is more.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from ruamel.yaml import YAML

from benchmarks.memo import COPIED, ROOT
from benchmarks.scale_rows import FILES, write_sources
from seedbed.core.errors import SeedbedError
from seedbed.core.files import read_json, write_json

RESULT = Path("benchmarks/results/scale.json")
SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
STAGES = ("collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split", "augment",
          "balance", "tokenize")  # fmt: skip
SECONDS_BETWEEN = 0.2  # two looks at the memory


def project(folder: Path, rows: int) -> None:
    """Make the folder a project whose sources are made rows."""
    for name in COPIED:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, target)
    write_sources(folder / "data/raw", rows)
    yaml = YAML()
    params, pipeline = (yaml.load(folder / name) for name in ("params.yaml", "dvc.yaml"))
    params["sources"] = []
    for file in FILES:
        path = f"data/raw/{file.name}"
        columns = {"text": "text", "label": "label"}
        if file.batch.endswith("store"):
            columns["id"] = "key"
        params["sources"].append({"name": file.batch[8:], "kind": "file", "path": path,
                                  "batch": file.batch, "columns": columns,
                                  "licence": "BBC copyright, for research"})  # fmt: skip
        pipeline["stages"]["collect"]["deps"].append(path)
    yaml.dump(params, folder / "params.yaml")
    yaml.dump(pipeline, folder / "dvc.yaml")


def tree_bytes(process: psutil.Process) -> int:
    """The memory of a process and all that it started."""
    found = 0
    for one in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
            found += one.memory_full_info().pss
    return found


def run(folder: Path, stage: str) -> dict[str, float]:
    """Run a stage: wall and processor seconds, and peak memory of its processes in megabytes."""
    environment = {**os.environ, "SEEDBED_MEMO": "off", "OMP_NUM_THREADS": "1",
                   "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(folder)}  # fmt: skip
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    started = psutil.Popen(
        [sys.executable, "-m", f"stages.{stage}"], cwd=folder, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    peak = 0
    while started.poll() is None:
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            peak = max(peak, tree_bytes(started))
        time.sleep(SECONDS_BETWEEN)
    seconds = time.perf_counter() - start
    printed, errors = started.communicate()
    if started.returncode:
        raise SeedbedError(stage, errors[-500:], "a whole run", "run it by hand to see why")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = float(printed.rpartition(" s, ")[2].split(" MB")[0].replace(",", ""))
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime, 1),
        "peak_mb": round(max(peak / 2**20, own)),
    }


def measure(rows: int) -> dict[str, Any]:
    """The costs of every stage on so many rows."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        project(folder, rows)
        costs = {}
        for stage in STAGES:
            if stage == "augment":
                shutil.copytree(folder / "data/split", folder / "data/find_label_errors")
            costs[stage] = run(folder, stage)
            print(f"{rows:,} rows, {stage}: {costs[stage]}", flush=True)
        kept = read_json(folder / "reports/metrics/tokenize.json")["rows"]["kept"]
        return {"kept": kept, "load": round(os.getloadavg()[0], 1), "stages": costs}


def main(sizes: Sequence[int]) -> None:
    for size in sizes:
        found = measure(size)
        before = read_json(RESULT)["rows"] if RESULT.exists() else {}
        made = {int(name): value for name, value in before.items()} | {size: found}
        rows = {str(name): made[name] for name in sorted(made)}
        write_json(RESULT, {"cores": os.cpu_count(), "rows": rows})


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or SIZES)
