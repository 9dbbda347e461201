"""What the harness `kill` disturbs: each stage and each writing command, in a child process on a
copy of the finished example, and the files to compare and to put back.

An audit hook sees each file that the child opens for writing, renames or removes, so a kill at the
n-th of them repeats; a limit on the size of files ends writes of libraries in their middle. Of
commands that write by git, each call of it counts, too, and what git holds is compared.
"""

import multiprocessing
import os
import resource
import runpy
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from seedbed.pipeline.dvc import read_yaml

ROOT = Path(__file__).parents[2]
WORKERS = 2
ERRORS = {"full": 28, "denied": 13}  # the errno of the n-th write
# Libraries that children have from the start; loading them takes ten times as long as a stage.
LOADED = (
    "numpy pandas pyarrow.parquet pyarrow.dataset scipy.stats scipy.optimize "
    "sklearn.linear_model sklearn.neural_network sklearn.multiclass sklearn.model_selection "
    "sklearn.metrics sklearn.feature_extraction.text sklearn.decomposition sklearn.manifold "
    "networkx torch tokenizers safetensors.torch transformers.modeling_utils "
    "transformers.models.bert.modeling_bert transformers.models.auto.modeling_auto "
    "transformers.models.auto.tokenization_auto sentence_transformers peft cleanlab "
    "pydantic.fields pydantic_core ruamel.yaml regex sqlite3 ftfy phonenumbers stdnum py3langid "
    "psutil rich.console typer"
).split()
OFFLINE = {"HF_HUB_OFFLINE": "1"}
BY_GIT = ("resolve", "promote")
# Not in git, but for what .gitignore files of DVC name.
EXCLUDED = ".seedbed/\n__pycache__/\n*.partial\n/models/base/\n"
# What git holds, as files that are compared: the index knows when a file changed, a tag when it was
# made.
TAGS = "--format=%(refname) %(*objectname) %(contents)"
HELD = {"git:index": ("ls-files", "--stage"), "git:tags": ("for-each-ref", TAGS, "refs/tags")}
FOLDERS = ("data", "models", "reports")
FILES = ("params.yaml", "dvc.yaml")
WRITTEN = {"os.rename": 1, "os.remove": 0, "os.mkdir": 0, "os.rmdir": 0}  # index of the path
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
    """A stage, or a command that writes: its arguments, and the files before and after it."""

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
        "DVC_NO_ANALYTICS": "1", **OFFLINE,
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
        if count == moment and kind in ERRORS:
            raise OSError(ERRORS[kind], os.strerror(ERRORS[kind]), str(arguments[0]))

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
        self.context.set_forkserver_preload([*LOADED, "tests.trust.workload"])
        with patch.dict(os.environ, OFFLINE):  # libraries read it when they are loaded
            ensure_running()
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


def examples(folder: Path, project: Path) -> list[Path]:
    """Copies of the finished project, one a worker."""
    copies = [folder / f"project{number}" for number in range(WORKERS)]
    for copy in copies:
        shutil.copytree(project, copy, symlinks=True)
    return copies


def finished(folder: Path) -> Path:
    """The example after `dvc repro`."""
    from tests.conftest import make_project

    project = make_project(folder / "example")
    if (done := project.run("dvc", "repro")).returncode:
        raise RuntimeError(done.stderr[-3000:])
    return project.folder


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
    code, printed = server.run(project, argv, "count")
    if code:
        raise RuntimeError(f"{name} fails undisturbed: {printed[-2000:]}")
    after = state(project)
    changed = [len(text) for path, text in after.items() if before.get(path) != text]
    if argv[0] == "stage":
        changed = [len(text) for path, text in after.items() if f"/{argv[1]}" in path]
    writes = int(printed.rpartition("writes ")[2])
    return Work(name, argv, before, after, writes, max(changed, default=1000), git_before)


def differing(wanted: State, now: State) -> set[str]:
    return {path for path in wanted.keys() | now.keys() if wanted.get(path) != now.get(path)}
