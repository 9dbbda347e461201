"""Kills, full disks, denied writes and damaged files: which files are whole afterwards, and what is
printed.

Each stage and each writing command is disturbed on a copy of the finished example (workload.py).
Then the same work runs again, undisturbed, and has to give the undisturbed bytes.
"""

import os
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from seedbed.core.errors import BY_PEOPLE
from seedbed.pages.document import Table
from tests.trust.outcome import Outcome
from tests.trust.workload import (
    BEFORE,
    BY_GIT,
    WORKERS,
    Server,
    State,
    Work,
    by_git,
    commands,
    differing,
    examples,
    finished,
    restore,
    stages,
    state,
    undisturbed,
)

MOMENTS = 20  # kills of each stage and command, at scale 1
# What a run is disturbed by; `moment` is the number of a write, or bytes of the largest file.
KINDS = {
    "kill": "killed at a write",
    "cut": "killed in the middle of a write",
    "full": "disk full at a write",
    "quota": "disk full in the middle of a write",
    "denied": "write denied",
}
SLOW = ("ablate", "adapt", "augment", "cv", "embed", "evaluate", "find_label_errors", "finetune",
        "learning_curve", "prioritize")  # fmt: skip
SLOW_SHARE = 0.1  # of the moments of the others
# The approaches share the code that writes, so one of them is disturbed.
APPROACH = "full"
MAX_DAMAGED = 5  # inputs of one stage


class Finding(NamedTuple):
    """The result of one disturbance."""

    work: str
    kind: str
    result: str
    problem: str = ""  # "" unless a promise is broken


def disturbed(server: Server, project: Path, work: Work, kind: str, moment: int) -> Finding:
    """Run it disturbed, check the files that are there, and run it again."""
    restore(project, work.before, work.git)
    code, printed = server.run(project, work.argv, kind, moment)
    now = state(project)
    problems = not_whole(work, now)
    if kind in ("kill", "cut"):
        result = "killed" if code < 0 else "ended before"
        if code == 0 and work.name == "decision":
            problems += [] if "confirmed" in printed else ["nothing was confirmed"]
    elif code == 0:
        result = "went on"
    else:
        result = "one paragraph"
        if is_unclear(printed):
            problems.append(f"no paragraph but `{printed.strip()[-200:]}`")
    is_done = not work.is_stage and not differing(work.after, now)
    if is_done:  # a command does nothing twice
        code = 0
    elif code or work.is_stage or work.name == "decision":
        code, printed = server.run(project, work.argv)
        locks = [Path(lock) for lock in re.findall(r"/\S+?/\.git/\S+?\.lock", printed)]
        if code and locks and not is_unclear(printed):
            for lock in locks:  # as the paragraph says
                lock.unlink()
            code, printed = server.run(project, work.argv)
    if code:
        problems.append(f"does not run again ({code}): {printed.strip()[-200:]}")
    elif other := sorted(differing(work.after, once(state(project)))):
        problems.append(f"then other bytes: {', '.join(other[:3])}")
    where = f"{work.name}, {KINDS[kind]} ({moment})"
    return Finding(work.name, kind, result, f"{where}: {'; '.join(problems)}" if problems else "")


def is_unclear(printed: str) -> bool:
    """Whether an error ended in a traceback, or without a paragraph of ours."""
    return "Traceback" in printed or "seedbed: " not in printed


def once(now: State) -> State:
    """A decision that the first run appended and the second again stands once; half a line of a run
    that was killed is no line."""
    path = "data/decisions/ann.jsonl"
    if path in now:
        lines = dict.fromkeys(now[path].splitlines(keepends=True))
        now[path] = b"".join(line for line in lines if line.endswith(b"}\n"))
    return now


def not_whole(work: Work, now: State) -> list[str]:
    """Files that are neither as before nor as after, and what people made that is gone."""
    wrong = []
    for path, content in now.items():
        if path == "git:index":  # several calls of git write it
            continue
        if ".partial" in path or content in (work.before.get(path), work.after.get(path)):
            continue
        if work.name == "decision" and content.startswith(BEFORE):
            continue  # the line is whole or cut, and the next append begins a new one
        if path.endswith(".dvc") and content.endswith(b"  push: false\n") and b"md5" not in content:
            continue  # where the file may be pushed, before DVC tracks it: the next add undoes it
        wrong.append(f"{path} is not whole")
    for path in work.before.keys() & work.after.keys() - now.keys():
        if BY_PEOPLE.match(path):
            wrong.append(f"{path} is lost")
    if work.name == "forget":
        changed = [path for path in now if path.startswith("data/raw/")
                   and now[path] != work.before.get(path)]  # fmt: skip
        if changed and now["data/tombstones.csv"] != work.after["data/tombstones.csv"]:
            wrong.append("data is gone before its tombstone is there")
    return wrong


def damaged(server: Server, project: Path, work: Work, path: str, how: str, seed: int) -> Finding:
    """Run a stage on an input with a bit flipped, or cut in half."""
    content = bytearray(work.before[path])
    draw = random.Random(f"{seed} {path} {how}")
    if how == "flip":
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    else:
        del content[len(content) // 2 :]
    spoilt = work.before | {path: bytes(content)}
    restore(project, spoilt)
    code, printed = server.run(project, work.argv)
    suffix = Path(path).suffix or Path(path).name
    if code == 0:
        same = not differing(spoilt, state(project)) - {path}
        return Finding(suffix, how, "same bytes" if same else "other bytes")
    if is_unclear(printed):
        problem = f"{work.name}, {how} of {path}: {printed.strip()[-200:]}"
        return Finding(suffix, how, "traceback", problem)
    names_it = path in printed or str(Path(path).parent) in printed
    return Finding(suffix, how, "named" if names_it else "another paragraph")


def memo_damaged(server: Server, project: Path, work: Work, how: str, seed: int) -> Finding:
    """A memo that is cut, flipped or gone never stops a run."""
    restore(project, work.before)
    memo = project / ".seedbed/memo.sqlite"
    kept = {file: file.read_bytes() for file in memo.parent.glob("memo.sqlite*")}
    content = bytearray(memo.read_bytes())
    for file in kept:
        file.unlink()
    if how == "flip":
        content[random.Random(seed).randrange(len(content))] ^= 0xFF
    if how != "removed":
        memo.write_bytes(content[: len(content) // 2] if how == "half" else content)
    code, printed = server.run(project, work.argv)
    problem = ""
    if code or differing(work.after, state(project)):
        problem = f"{work.name}, {how} of the memo: exit {code}, {printed.strip()[-200:]}"
    for file in memo.parent.glob("memo.sqlite*"):
        file.unlink()
    for file, whole in kept.items():
        file.write_bytes(whole)
    return Finding(".sqlite (memo)", how, "stops a run" if problem else "same bytes", problem)


def measure(scale: float, seed: int) -> Outcome:
    """Disturb a fresh run of the example."""
    with tempfile.TemporaryDirectory() as folder:
        return measured(finished(Path(folder)), scale, seed)


def measured(
    project: Path,
    scale: float,
    seed: int,
    only: tuple[str, ...] = (),
    plant: Callable[[], None] | None = None,
) -> Outcome:
    """Disturb copies of a finished project. `only`: these stages and commands; `plant`: called in
    each child before it begins."""
    plain, server = Server(), Server(plant)
    with tempfile.TemporaryDirectory() as root, ThreadPoolExecutor(WORKERS) as pool:
        folder = Path(root).resolve()
        copies = examples(folder, project)
        whole = state(copies[0])
        jobs: list[tuple[str, tuple[str, ...], State, list[str]]] = [
            (name, argv, whole, inputs)
            for name, argv, inputs in stages(copies[0])
            if name.partition("@")[2] in ("", APPROACH) or name in only
        ]
        for name, (before, argv) in commands(copies[0]).items():
            jobs.append((name, argv, before, []))
        if not only or set(BY_GIT) & set(only):
            for name, before in by_git(copies[0], folder).items():
                argv = ("seedbed", name, {"resolve": "--no-run", "promote": "--yes"}[name])
                jobs.append((name, argv, before, []))

        def done(job: tuple[str, tuple[str, ...], State, list[str]]) -> list[Finding]:
            name, argv, before, inputs = job
            copy, start, findings = copies.pop(), monotonic(), []
            own = folder / name if name in BY_GIT else None
            try:
                work = undisturbed(plain, copy, name, argv, before, own)
                for finding in _all(server, copy, work, inputs, scale, seed):
                    findings.append(finding)
                    report(finding)  # at once: a run that is cut has reported them
            except RuntimeError as error:
                findings.append(Finding(name, "undisturbed", "failed", str(error)))
                report(findings[-1])
            finally:
                if own:
                    restore(copy, whole, folder / "own")
                copies.append(copy)
            report(f"{name}: {len(findings)} times, {monotonic() - start:.0f} s")
            return findings

        wanted = [job for job in jobs if not only or job[0] in only]
        findings = [finding for several in pool.map(done, wanted) for finding in several]
        if not only:
            findings.append(two_runs(copies[0]))
            report(findings[-1])
    return outcome(findings, seed)


def report(progress: Finding | str) -> None:
    """Print a line of progress, or a finding if it broke a promise."""
    line = progress if isinstance(progress, str) else progress.problem
    if line:
        print(f"kill: {line}", file=sys.stderr, flush=True)


def _all(
    server: Server, project: Path, work: Work, inputs: list[str], scale: float, seed: int
) -> Iterator[Finding]:
    """All disturbances of one stage or command."""
    draw = random.Random(f"{seed} {work.name}")
    if work.is_stage:
        other = sorted(differing(work.before, work.after))
        problem = f"{work.name}, undisturbed: other bytes: {', '.join(other[:3])}" if other else ""
        yield Finding("stage", "undisturbed", "other bytes" if other else "same bytes", problem)
        work = work._replace(before=work.after)
    share = scale * (SLOW_SHARE if work.argv[1] in SLOW and work.is_stage else 1)
    count = max(1, round(MOMENTS * share))
    # Half of the moments are kills at a write; the rest is shared by the others.
    # A stage that takes long meets two of the others alone, which are drawn; one in a short run.
    few = ["kill", *draw.sample(list(KINDS)[1:], 2 if scale >= 1 else 1)]
    kinds = list(KINDS) if share == scale else few
    for kind in kinds:
        number = max(1, round(count / (2 if kind == "kill" else 8)))
        limit = work.largest if kind in ("cut", "quota") else work.writes
        for moment in sorted(draw.sample(range(1, limit + 1), min(number, limit))):
            yield disturbed(server, project, work, kind, moment)
    files = [path for path in work.before if any(
        path == dep or path.startswith(f"{dep}/") for dep in inputs)]  # fmt: skip
    damaged_files = min(len(files), MAX_DAMAGED, max(1, round(len(files) * share)))
    for path in sorted(draw.sample(files, damaged_files)):
        for how in ("flip", "half") if work.before[path] else ():
            yield damaged(server, project, work, path, how, seed)
    if work.name in ("clean", "anonymize", "deduplicate"):
        for how in ("flip", "half", "removed"):
            yield memo_damaged(server, project, work, how, seed)


def two_runs(project: Path) -> Finding:
    """Two `dvc repro` at once: one runs, the other waits or says that it does not; bytes stay."""
    before = state(project)
    environment = os.environ | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "DVC_NO_ANALYTICS": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": "",
    }  # fmt: skip
    runs = [
        subprocess.Popen(
            ["dvc", "repro", "-f", "-s", "clean", "anonymize"], cwd=project, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    outputs = [run.communicate()[0] for run in runs]
    problem = "; ".join(text[-200:] for text in outputs if "Traceback" in text)
    if not any(run.returncode == 0 for run in runs):
        problem += f"neither ran: {outputs[0][-300:]}"
    if other := sorted(differing(before, state(project))):
        problem += f"other bytes: {', '.join(other[:3])}"
    return Finding(
        "dvc repro", "two at once", "same bytes", problem and f"two `dvc repro`: {problem}"
    )


def outcome(findings: list[Finding], seed: int) -> Outcome:
    """A row for each kind of disturbance, with its results."""
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    for finding in findings:
        what = KINDS.get(finding.kind) or f"{finding.work}: {finding.kind}"
        by_kind[what][finding.result + (" (broken)" if finding.problem else "")] += 1
    rows = []
    for what, results in by_kind.items():
        listed = ", ".join(f"{count} {result}" for result, count in sorted(results.items()))
        rows.append([what, sum(results.values()), listed])
    disturbances = sum(1 for finding in findings if finding.kind in KINDS)
    return Outcome(
        "Kills, full disks and damage",
        f"{disturbances} runs of stages and writing commands were killed, or met a full disk or a "
        f"denied write (seed {seed}), and then ran again; {len(findings) - disturbances} times an "
        "input or the memo was damaged, or two runs met. Broken: a file that is not whole, a "
        "traceback, or other bytes after the second run. `other bytes` of a flipped bit is a value "
        "that is as good as the one before; `dvc repro` sees it, a stage run by hand does not.",
        Table(["disturbance", "runs", "results"], rows),
        [finding.problem for finding in findings if finding.problem],
    )
