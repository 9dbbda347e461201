"""DVC, asked in one place: the stages of dvc.yaml as it resolves them, what dvc.lock recorded of
their last run, its digests, its commands.

The stages are known while dvc.lock is in conflict, too: a Pipeline does not read it.
"""

import configparser
import hashlib
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from seedbed.core.errors import PipelineError
from seedbed.core.files import parse_yaml, read_text
from seedbed.core.git import git_answer

if TYPE_CHECKING:
    from dvc.repo import Repo

PIPELINE = "dvc.yaml"
LOCK = "dvc.lock"
DEFAULT_PARAMS = "params.yaml"


class Stage(NamedTuple):
    """One stage: `finetune@full` and the like where it has a matrix. `params`: keys by file.

    Of what it writes, DVC's cache holds `cached`, and git `in_git`.
    """

    name: str
    command: str
    deps: list[str]
    params: dict[str, list[str]]
    cached: list[str]
    in_git: list[str]
    frozen: bool


class LockedStage(NamedTuple):
    """A stage as it ran: digests by path, values of params by file and key."""

    command: str
    deps: dict[str, str]
    params: dict[str, dict[str, object]]
    outputs: dict[str, str]


class Pipeline:
    """The stages of dvc.yaml, and the digests that DVC gives files and folders."""

    def __init__(self, repo: "Repo") -> None:
        """Raises PipelineError if dvc.yaml cannot be read."""
        from dvc.exceptions import DvcException
        from dvc.parsing import DataResolver

        self._ignored, self._files = repo.dvcignore, repo.fs
        try:
            stages = DataResolver(repo, "", read_yaml(PIPELINE)).resolve()["stages"]
        except DvcException as error:
            raise PipelineError(PIPELINE, str(error), next_step="correct dvc.yaml") from None
        self.stages = [_stage(name, entry) for name, entry in stages.items()]

    def digest(self, path: str) -> str | None:
        """Return the MD5 that dvc.lock has for a file, or for a folder without what .dvcignore
        names; None if there is neither."""
        file = Path(path)
        if file.is_file():
            return md5_of(file)
        if not file.is_dir():
            return None
        inside = map(Path, self._ignored.find(self._files, os.fspath(file.absolute())))
        lines = [
            {"md5": md5_of(inner), "relpath": inner.relative_to(file.absolute()).as_posix()}
            for inner in inside
        ]
        lines.sort(key=lambda line: line["relpath"])
        return hashlib.md5(json.dumps(lines, sort_keys=True).encode()).hexdigest() + ".dir"

    def outputs_in_git(self) -> list[str]:
        """Return the paths that stages write and git holds, not DVC's cache."""
        return sorted(path for stage in self.stages for path in stage.in_git)

    def values(self, file: str) -> dict[str, object]:
        """Return the content of a file of params."""
        from dvc.utils.serialize import load_path

        return load_path(file, self._files)


@contextmanager
def opened_repo() -> Iterator["Repo"]:
    """Open DVC's view of this folder. Raises PipelineError if `dvc init` was never run."""
    from dvc.exceptions import NotDvcRepoError
    from dvc.repo import Repo  # takes a second, so only here

    try:
        repo = Repo()
    except NotDvcRepoError:
        raise PipelineError(".dvc", "no such folder", "a DVC project", "run `dvc init`") from None
    with repo:
        yield repo


@contextmanager
def opened_pipeline() -> Iterator[Pipeline]:
    """Open the pipeline of this folder. Raises PipelineError if there is none."""
    if not Path(PIPELINE).exists():
        raise PipelineError(
            PIPELINE, "no such file", next_step="run from the top folder of the repository"
        )
    with opened_repo() as repo:
        yield Pipeline(repo)


def command_of(*arguments: str) -> list[str]:
    """Return a DVC command, for the DVC of this environment."""
    return [sys.executable, "-m", "dvc", *arguments]


def cached_object(md5: str) -> Path:
    """Return the file of DVC's cache that has this digest; it may not exist here.

    Reads `cache.dir` of this project's own settings, without the second that DVC takes to start.
    """
    settings = configparser.ConfigParser(interpolation=None)
    settings.read([".dvc/config", ".dvc/config.local"])
    cache = Path(".dvc") / settings.get("cache", "dir", fallback="cache")
    return cache / "files" / "md5" / md5[:2] / md5[2:]


def read_yaml(path: str) -> Any:
    """Return the content of a YAML file. Raises PipelineError with the line if it is not YAML."""
    return parse_yaml(read_text(Path(path)), path, PipelineError)


def tracked_data() -> dict[str, str]:
    """Return the digest of each path that a `.dvc` file in git tracks."""
    digests = {}
    listed = git_answer("ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.dvc")
    for name in sorted(listed.split("\0")):
        if Path(name).is_file():
            for out in read_yaml(name).get("outs", []):
                path = PurePosixPath(name).parent / out["path"]
                digests[path.as_posix()] = out.get("md5", "")
    return digests


def md5_of(file: Path) -> str:
    """Return the hex MD5 of a file's bytes, as DVC has it."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "md5").hexdigest()


def _stage(name: str, entry: dict[str, Any]) -> Stage:
    folder = PurePosixPath(entry.get("wdir", "."))
    outputs = {
        _inside(folder, path): options.get("cache", True)
        for key in ("outs", "metrics", "plots")
        for path, options in _entries(entry.get(key, []))
    }
    return Stage(
        name,
        _command(entry),
        [_inside(folder, path) for path, _ in _entries(entry.get("deps", []))],
        _params(entry.get("params", []), folder),
        [path for path, cached in outputs.items() if cached is not False],
        [path for path, cached in outputs.items() if cached is False],
        bool(entry.get("frozen", False)),
    )


def _command(entry: dict[str, Any]) -> str:
    command = entry.get("cmd", "")
    return command if isinstance(command, str) else "\n".join(command)


def _inside(folder: PurePosixPath, path: str) -> str:
    return path if "://" in path else os.path.normpath(folder / path).replace(os.sep, "/")


def _entries(listed: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in listed:
        if isinstance(entry, dict):
            yield from ((path, options or {}) for path, options in entry.items())
        else:
            yield entry, {}


def _params(listed: list[Any], folder: PurePosixPath) -> dict[str, list[str]]:
    keys_of: dict[str, list[str]] = defaultdict(list)
    for entry in listed:
        files = entry if isinstance(entry, dict) else {DEFAULT_PARAMS: [entry]}
        for file, keys in files.items():
            keys_of[_inside(folder, file)] += keys or []
    return keys_of


def mermaid_arrows(after: dict[str, set[str]], order: list[str]) -> list[str]:
    """Return who comes after whom as lines of a Mermaid graph, less what follows from others."""
    import networkx  # takes a tenth of a second

    graph = networkx.from_dict_of_lists(after, networkx.DiGraph)
    arrows = networkx.transitive_reduction(graph).edges
    chains: list[list[str]] = []  # each arrow continues the line that ends where it starts
    for start, end in sorted(arrows, key=lambda arrow: [order.index(name) for name in arrow]):
        chain = next((chain for chain in chains if chain[-1] == start), None)
        if chain:
            chain.append(end)
        else:
            chains.append([start, end])
    return [f"  {' --> '.join(chain)}" for chain in chains]


@lru_cache(maxsize=4)  # two versions, each asked several times
def parse_lock(text: str, place: str = LOCK) -> dict[str, LockedStage]:
    """Return the stages of a dvc.lock by name. Raises PipelineError if it is not YAML."""
    step = "after a merge, run `make resolve`; else restore the file and run `dvc repro`"
    content = parse_yaml(text, place, PipelineError, step) or {}
    if not isinstance(content, dict):
        raise PipelineError(place, "no stages in it", "what DVC writes", step)
    return {
        name: LockedStage(
            _command(entry),
            _digests(entry.get("deps", [])),
            entry.get("params", {}),
            _digests(entry.get("outs", [])),
        )
        for name, entry in (content.get("stages") or {}).items()
    }


def _digests(entries: list[dict[str, Any]]) -> dict[str, str]:
    return {entry["path"]: entry.get("md5", "") for entry in entries}


def written_outputs() -> Iterator[tuple[Path, bool]]:
    """Yield what the stages have written, and whether git holds it instead of DVC's cache."""
    stages = read_yaml(PIPELINE).get("stages", {}) if Path(PIPELINE).exists() else {}
    for stage in stages.values():
        for entry in [*stage.get("outs", []), *stage.get("metrics", [])]:
            path, options = next(iter(entry.items())) if isinstance(entry, dict) else (entry, {})
            paths = [path]
            for name, items in stage.get("matrix", {}).items():
                paths = [
                    one.replace(f"${{item.{name}}}", str(item)) for one in paths for item in items
                ]
            for one in map(Path, paths):
                if one.exists():
                    yield one, not options.get("cache", True)
