"""Kills, full disks, denied writes and damaged files: what is whole afterwards, and what is said.

Each stage and each writing command runs in a child process on a copy of the finished example. An
audit hook sees each file that the child opens for writing, renames or removes, so a kill at the
n-th of them repeats; a limit on the size of files ends writes of libraries in their middle. Then
the same work runs again, undisturbed, and has to give the undisturbed bytes. Of commands that write
by git, each call of it is a moment, too, and what git holds is compared.
"""

import multiprocessing
import os
import random
import re
import resource
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from seedbed.core.errors import BY_PEOPLE
from seedbed.pages.document import Table
from seedbed.pipeline.dvc import read_yaml
from tests.trust.outcome import Outcome

ROOT = Path(__file__).parents[2]
MOMENTS = 20  # kills of each stage and command, at scale 1
WORKERS = 2
ENDS = {"full": 28, "denied": 13}  # the error of the n-th write
# What a run is disturbed by; `moment` is the number of a write, or bytes of the largest file.
KINDS = {
    "kill": "killed at a write",
    "cut": "killed in the middle of a write",
    "full": "disk full at a write",
    "quota": "disk full in the middle of a write",
    "denied": "write denied",
}
LOADED = ["numpy", "pandas", "pyarrow.parquet", "sklearn", "scipy.stats", "torch", "tokenizers"]
SLOW = ("ablate", "adapt", "augment", "cv", "embed", "evaluate", "find_label_errors", "finetune",
        "learning_curve", "prioritize")  # fmt: skip
SLOW_SHARE = 0.1  # of the moments of the others
MAX_DAMAGED = 5  # inputs of one stage
BY_GIT = ("resolve", "promote")
# Not in git, but for what .gitignore files of DVC name.
EXCLUDED = ".seedbed/\n__pycache__/\n*.partial\n/models/base/\n"
# What git holds, as files that are compared: the index knows when a file changed, a tag when it was
# made.
TAGS = "--format=%(refname) %(*objectname) %(contents)"
HELD = {"git:index": ("ls-files", "--stage"), "git:tags": ("for-each-ref", TAGS, "refs/tags")}
FOLDERS = ("data", "models", "reports")
FILES = ("params.yaml", "dvc.yaml")
WRITTEN = {"os.rename": 1, "os.remove": 0, "os.mkdir": 0, "os.rmdir": 0}  # which argument is it
ROW = "new text of a batch about cycling to work,cycling\nmore rain is coming tonight,weather\n"
APPEND = (
    "from seedbed.core.stage import run; from seedbed.core.decisions import Decision; "
    "from seedbed.reviewing.session import append; import psutil; "
    "run('review', lambda: append(Decision(id='a'*16, digest='b'*16, given='x', decided='y', "
    "who='ann', when='2026-01-02')) or 'confirmed')"
)
BEFORE = (
    b'{"id": "c", "digest": "d", "given": "x", "decided": "y", "who": "ann", "when": "2026-01-01", '
    b'"note": ""}\n'
)
State = dict[str, bytes]


class Work(NamedTuple):
    """A stage, or a command that writes: what it is called with, and the files after it."""

    name: str
    argv: tuple[str, ...]
    before: State
    after: State
    writes: int
    largest: int  # bytes that one file grows to
    git: Path | None = None  # a folder `.git` as it is before

    @property
    def is_stage(self) -> bool:
        return self.argv[0] == "stage"


class Found(NamedTuple):
    """What came of one disturbance."""

    work: str
    kind: str
    result: str
    told: str = ""  # "" unless a promise is broken


def child(
    project: str, argv: tuple[str, ...], out: Connection, kind: str, moment: int,
    plant: Callable[[], None] | None,
) -> None:  # fmt: skip
    """In a child process: run a stage, a command or a program in the project, disturbed."""
    os.dup2(out.fileno(), 1)
    os.dup2(out.fileno(), 2)
    os.chdir(project)
    os.environ |= {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HF_HUB_OFFLINE": "1", "DVC_NO_ANALYTICS": "1",
    }  # fmt: skip
    if plant:
        plant()
    if kind in ("cut", "quota"):
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL if kind == "cut" else signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (moment, moment))
    count, calls = 0, argv[1] in BY_GIT and kind in ("kill", "count")

    def hook(event: str, arguments: tuple) -> None:
        nonlocal count
        if not _writes(event, arguments, project) and not (calls and event == "subprocess.Popen"):
            return
        count += 1
        if count == moment and kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if count == moment and kind in ENDS:
            raise OSError(ENDS[kind], os.strerror(ENDS[kind]), str(arguments[0]))

    sys.addaudithook(hook)
    try:
        if argv[0] == "stage":
            sys.argv = list(argv[1:])
            runpy.run_module(f"stages.{argv[1]}", run_name="__main__", alter_sys=True)
        elif argv[0] == "seedbed":
            from seedbed import cli

            sys.argv = list(argv)
            cli.main()
        else:
            exec(argv[1], {})
    finally:
        if kind == "count":
            print(f"\nwrites {count}", flush=True)


def _writes(event: str, arguments: tuple, project: str) -> bool:
    if event == "open":
        path, mode, flags = arguments
        is_for_writing = (isinstance(mode, str) and any(sign in mode for sign in "wax+")) or (
            isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
        )
        if not is_for_writing:
            return False
    elif event in WRITTEN:
        path = arguments[WRITTEN[event]]
    else:
        return False
    if not isinstance(path, str | bytes | os.PathLike):
        return False
    return os.path.abspath(os.fsdecode(path)).startswith(project + os.sep)


class Server:
    """Starts children from one process that has loaded the libraries."""

    def __init__(self, plant: Callable[[], None] | None = None) -> None:
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload([*LOADED, "tests.trust.kill"])
        self.plant = plant

    def run(
        self, project: Path, argv: tuple[str, ...], kind: str = "", moment: int = 0
    ) -> tuple[int, str]:
        """The exit code, negative for a signal, and what was printed."""
        ours, theirs = self.context.Pipe(duplex=False)
        process = self.context.Process(
            target=child, args=(str(project), argv, theirs, kind, moment, self.plant)
        )
        process.start()
        theirs.close()
        parts = []
        while part := os.read(ours.fileno(), 65536):
            parts.append(part)
        process.join()
        ours.close()
        return process.exitcode or 0, b"".join(parts).decode("utf-8", "replace")


def state(project: Path) -> State:
    """What every file of data, models and reports holds, params.yaml and dvc.yaml, and git if it
    has a commit."""
    files = [project / name for name in FILES]
    for name in FOLDERS:
        files += [file for file in (project / name).rglob("*") if file.is_file()]
    held = {}
    if any((project / ".git/refs/heads").iterdir()):
        held = {name: git(project, *command) for name, command in HELD.items()}
    return {file.relative_to(project).as_posix(): file.read_bytes() for file in files} | held


def git(project: Path, *arguments: str, may_fail: bool = False) -> bytes:
    """What git prints."""
    command = ["git", "-c", "core.quotePath=off", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, check=not may_fail).stdout


def restore(project: Path, wanted: State, git_before: Path | None = None) -> None:
    """Put all files back, and take away what is not among them."""
    if git_before:
        shutil.rmtree(project / ".git")
        shutil.copytree(git_before, project / ".git")
    for name in FOLDERS:
        for left in (project / name).rglob("*.partial"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    now = state(project)
    for path in now.keys() - wanted.keys() - HELD.keys():
        (project / path).unlink()
    for path, content in wanted.items():
        if now.get(path) != content and path not in HELD:
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_bytes(content)


def stages(project: Path) -> Iterator[tuple[str, tuple[str, ...], list[str]]]:
    """Name, arguments and inputs of each stage of dvc.yaml."""
    for name, stage in read_yaml(project / "dvc.yaml")["stages"].items():
        for item in stage["matrix"]["approach"] if "matrix" in stage else [""]:
            deps = [dep.replace("${item.approach}", item) for dep in stage["deps"]]
            inputs = [dep for dep in deps if dep.split("/")[0] in FOLDERS]
            yield f"{name}@{item}".rstrip("@"), ("stage", name, *filter(None, [item])), inputs


def commands(project: Path) -> dict[str, tuple[State, tuple[str, ...]]]:
    """Each command that writes on this project: the files before it, and its arguments."""
    whole = state(project)
    row = sorted((project / "data/manifest").glob("*.csv"))[0].read_text().split("\n")[1]
    decided = whole | {"data/decisions/ann.jsonl": BEFORE}
    batch = whole | {"data/new.csv": f"text,label\n{ROW}".encode()}
    add = "add data/new.csv --source new --batch 2026-02-new --date 2026-02-01 --licence CC0 --yes"
    return {
        "decision": (decided, ("program", APPEND)),
        "freeze": (whole, ("seedbed", "freeze", "--yes")),
        "forget": (whole, ("seedbed", "forget", "--id", row.split(",")[0], "--yes")),
        "add": (batch, ("seedbed", *add.split(), "--text-column", "text", "--label-column",
                        "label")),
    }  # fmt: skip


def by_git(project: Path, folder: Path) -> dict[str, State]:
    """The files before each command that works on what git has; its `.git` is put into the folder
    under its name. The project's own is there as `own`, and is in place again."""
    whole = state(project)
    (project / ".git").rename(folder / "own")
    git(project, "init", "--quiet", "--initial-branch", "main")
    (project / ".git/info").mkdir(exist_ok=True)
    (project / ".git/info/exclude").write_text(EXCLUDED)
    shutil.copy(ROOT / ".gitattributes", project / ".git/info/attributes")
    git(project, "config", "user.name", "ann")
    git(project, "config", "user.email", "ann@example.org")

    def commit() -> None:
        git(project, "add", "--all")
        git(project, "commit", "--quiet", "--message", "a version")

    commit()
    before = {"promote": state(project)}
    shutil.copytree(project / ".git", folder / "promote")
    for branch in ("left", "right"):  # each with a source, a decision and another report
        git(project, "checkout", "--quiet", "-B", branch, "main")
        params, pipeline = project / "params.yaml", project / "dvc.yaml"
        entry = f"  - {{name: {branch}, kind: file, path: data/raw/{branch}.csv, licence: CC0,"
        text = params.read_text().replace(
            "sources:\n", f"sources:\n{entry} batch: 2026-02-{branch}}}\n", 1
        )
        params.write_text(text)
        dep = "      - data/raw/rows.csv\n"
        listed = f"{dep}      - data/raw/{branch}.csv\n"
        pipeline.write_text(pipeline.read_text().replace(dep, listed, 1))
        (project / f"data/raw/{branch}.csv").write_text(f"text,label\n{ROW}")
        line = BEFORE.replace(b'"note": ""', f'"note": "{branch}"'.encode())
        (project / "data/decisions/ann.jsonl").write_bytes(BEFORE + line)
        (project / "reports/next.md").write_text(branch)
        commit()
    git(project, "checkout", "--quiet", "left")
    git(project, "merge", "--quiet", "right", may_fail=True)
    before["resolve"] = state(project)
    (project / ".git").rename(folder / "resolve")
    shutil.copytree(folder / "own", project / ".git")
    restore(project, whole)
    return before


def undisturbed(
    server: Server, project: Path, name: str, argv: tuple[str, ...], before: State,
    git_before: Path | None = None,
) -> Work:  # fmt: skip
    """Run it once as it is. Raises RuntimeError where that fails."""
    restore(project, before, git_before)
    code, said = server.run(project, argv, "count")
    if code:
        raise RuntimeError(f"{name} fails undisturbed: {said[-2000:]}")
    after = state(project)
    changed = [len(text) for path, text in after.items() if before.get(path) != text]
    if argv[0] == "stage":
        changed = [len(text) for path, text in after.items() if f"/{argv[1]}" in path]
    writes = int(said.rpartition("writes ")[2])
    return Work(name, argv, before, after, writes, max(changed, default=1000), git_before)


def disturbed(server: Server, project: Path, work: Work, kind: str, moment: int) -> Found:
    """Run it disturbed, look at what is there, and run it again."""
    restore(project, work.before, work.git)
    code, said = server.run(project, work.argv, kind, moment)
    now = state(project)
    found = not_whole(work, now)
    if kind in ("kill", "cut"):
        result = "killed" if code < 0 else "ended before"
        if code == 0 and work.name == "decision":
            found += [] if "confirmed" in said else ["nothing was confirmed"]
    elif code == 0:
        result = "went on"
    else:
        result = "one paragraph"
        if "Traceback" in said or "seedbed: " not in said:
            found.append(f"no paragraph but `{said.strip()[-200:]}`")
    is_done = not work.is_stage and not differing(work.after, now)
    if is_done:  # a command does nothing twice
        code = 0
    elif code or work.is_stage or work.name == "decision":
        code, said = server.run(project, work.argv)
        locks = [Path(one) for one in re.findall(r"/\S+?/\.git/\S+?\.lock", said)]
        if code and locks and "seedbed: " in said and "Traceback" not in said:
            for lock in locks:  # as the paragraph says
                lock.unlink()
            code, said = server.run(project, work.argv)
    if code:
        found.append(f"does not run again: {said.strip()[-200:]}")
    elif other := sorted(differing(work.after, once(state(project)))):
        found.append(f"then other bytes: {', '.join(other[:3])}")
    place = f"{work.name}, {KINDS[kind]} ({moment})"
    return Found(work.name, kind, result, f"{place}: {'; '.join(found)}" if found else "")


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
        if is_partial(path) or content in (work.before.get(path), work.after.get(path)):
            continue
        if work.name == "decision" and content.startswith(BEFORE):
            continue  # the line is whole or cut, and the next append begins a new one
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


def is_partial(path: str) -> bool:
    return ".partial" in path


def differing(wanted: State, now: State) -> set[str]:
    return {path for path in wanted.keys() | now.keys() if wanted.get(path) != now.get(path)}


def damaged(
    server: Server, project: Path, work: Work, path: str, how: str, seed: int
) -> Found:  # fmt: skip
    """Run a stage on an input with a bit flipped, or cut in half."""
    content = bytearray(work.before[path])
    draw = random.Random(f"{seed} {path} {how}")
    if how == "flip":
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    else:
        del content[len(content) // 2 :]
    spoilt = work.before | {path: bytes(content)}
    restore(project, spoilt)
    code, said = server.run(project, work.argv)
    suffix = Path(path).suffix or Path(path).name
    if code == 0:
        same = not differing(spoilt, state(project)) - {path}
        return Found(suffix, how, "same bytes" if same else "other bytes")
    if "Traceback" in said or "seedbed: " not in said:
        told = f"{work.name}, {how} of {path}: {said.strip()[-200:]}"
        return Found(suffix, how, "traceback", told)
    names_it = path in said or str(Path(path).parent) in said
    return Found(suffix, how, "named" if names_it else "another paragraph")


def memo_damaged(server: Server, project: Path, work: Work, how: str, seed: int) -> Found:
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
    code, said = server.run(project, work.argv)
    told = ""
    if code or differing(work.after, state(project)):
        told = f"{work.name}, {how} of the memo: exit {code}, {said.strip()[-200:]}"
    for file in memo.parent.glob("memo.sqlite*"):
        file.unlink()
    for file, whole in kept.items():
        file.write_bytes(whole)
    return Found(".sqlite (memo)", how, "stops a run" if told else "same bytes", told)


def examples(folder: Path, project: Path) -> list[Path]:
    """Copies of the finished project, one a worker."""
    made = [folder / f"project{number}" for number in range(WORKERS)]
    for copy in made:
        shutil.copytree(project, copy, symlinks=True)
    return made


def finished(folder: Path) -> Path:
    """The example after `dvc repro`."""
    from tests.conftest import make_project

    project = make_project(folder / "example")
    if (done := project.run("dvc", "repro")).returncode:
        raise RuntimeError(done.stderr[-3000:])
    return project.folder


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
        jobs: list[tuple] = []
        for name, argv, inputs in stages(copies[0]):
            if not only or name in only:
                jobs.append((name, argv, whole, inputs))
        for name, (before, argv) in commands(copies[0]).items():
            if not only or name in only:
                jobs.append((name, argv, before, []))
        if not only or set(BY_GIT) & set(only):
            for name, before in by_git(copies[0], folder).items():
                argv = ("seedbed", name, {"resolve": "--no-run", "promote": "--yes"}[name])
                if not only or name in only:
                    jobs.append((name, argv, before, []))

        def done(job: tuple) -> list[Found]:
            name, argv, before, inputs = job
            copy = copies.pop()
            own = folder / name if name in BY_GIT else None
            try:
                work = undisturbed(plain, copy, name, argv, before, own)
                found = list(_all(server, copy, work, inputs, scale, seed))
            except RuntimeError as error:
                found = [Found(name, "undisturbed", "failed", str(error))]
            finally:
                if own:
                    restore(copy, whole, folder / "own")
                copies.append(copy)
            print(f"kill: {name}: {len(found)} times", file=sys.stderr, flush=True)
            return found

        found = [one for several in pool.map(done, jobs) for one in several]
        if not only:
            found.append(two_runs(copies[0]))
    return outcome(found, seed)


def _all(
    server: Server, project: Path, work: Work, inputs: list[str], scale: float, seed: int
) -> Iterator[Found]:
    """All disturbances of one stage or command."""
    draw = random.Random(f"{seed} {work.name}")
    if work.is_stage:
        other = sorted(differing(work.before, work.after))
        told = f"{work.name}, undisturbed: other bytes: {', '.join(other[:3])}" if other else ""
        yield Found("stage", "undisturbed", "other bytes" if other else "same bytes", told)
        work = work._replace(before=work.after)
    share = scale * (SLOW_SHARE if work.argv[1] in SLOW and work.is_stage else 1)
    count = max(1, round(MOMENTS * share))
    # Half of the moments are kills at a write; the rest is shared by the others.
    # A stage that takes long meets two of the others alone, which are drawn.
    kinds = list(KINDS) if share == scale else ["kill", *draw.sample(list(KINDS)[1:], 2)]
    for kind in kinds:
        many = max(1, round(count / (2 if kind == "kill" else 8)))
        limit = work.largest if kind in ("cut", "quota") else work.writes
        for moment in sorted(draw.sample(range(1, limit + 1), min(many, limit))):
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


def two_runs(project: Path) -> Found:
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
    said = [run.communicate()[0] for run in runs]
    told = "; ".join(text[-200:] for text in said if "Traceback" in text)
    if not any(run.returncode == 0 for run in runs):
        told += f"neither ran: {said[0][-300:]}"
    if other := sorted(differing(before, state(project))):
        told += f"other bytes: {', '.join(other[:3])}"
    return Found("dvc repro", "two at once", "same bytes", told and f"two `dvc repro`: {told}")


def outcome(found: list[Found], seed: int) -> Outcome:
    """One row a kind of disturbance, with what came of it."""
    rows = []
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    for one in found:
        what = KINDS.get(one.kind) or f"{one.work}: {one.kind}"
        by_kind[what][one.result + (" (broken)" if one.told else "")] += 1
    for what, results in by_kind.items():
        told = ", ".join(f"{count} {result}" for result, count in sorted(results.items()))
        rows.append([what, sum(results.values()), told])
    disturbances = sum(1 for one in found if one.kind in KINDS)
    return Outcome(
        "Kills, full disks and damage",
        f"{disturbances} runs of stages and writing commands were killed, or met a full disk or a "
        f"denied write (seed {seed}), and then ran again; {len(found) - disturbances} times an "
        "input or the memo was damaged, or two runs met. Broken: a file that is not whole, a "
        "traceback, or other bytes after the second run. `other bytes` of a flipped bit is a value "
        "that is as good as the one before; `dvc repro` sees it, a stage run by hand does not.",
        Table(["disturbance", "runs", "what came of it"], rows),
        [one.told for one in found if one.told],
    )
