"""DVC, asked in one place: the stages of dvc.yaml as it resolves them, its digests, its commands.

dvc.lock is not read here: the stages are known while it is in conflict, too.
"""

import configparser
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from seedbed.core.errors import PipelineError
from seedbed.core.files import parse_yaml
from seedbed.core.git import git_answer

if TYPE_CHECKING:
    from dvc.repo import Repo

PIPELINE = "dvc.yaml"
DEFAULT_PARAMS = "params.yaml"


class Output(NamedTuple):
    """A path that a stage writes; `in_git` where DVC's cache does not hold it."""

    path: str
    in_git: bool


class Stage(NamedTuple):
    """One stage: `finetune@full` and the like where it has a matrix. `params`: keys by file."""

    name: str
    command: str
    deps: tuple[str, ...]
    params: dict[str, tuple[str, ...]]
    outputs: tuple[Output, ...]
    frozen: bool


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

    def outputs(self, in_git: bool) -> list[str]:
        """Return the paths that stages write: those that git holds, or those in DVC's cache."""
        return sorted(
            output.path
            for stage in self.stages
            for output in stage.outputs
            if output.in_git == in_git
        )


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


def run_dvc(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a DVC command and keep what it prints."""
    return subprocess.run(command_of(*arguments), capture_output=True, text=True, check=False)


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
    return parse_yaml(Path(path).read_text(encoding="utf-8"), path, PipelineError)


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
    command = entry["cmd"]
    outputs = [
        Output(_inside(folder, path), options.get("cache", True) is False)
        for key in ("outs", "metrics", "plots")
        for path, options in _entries(entry.get(key, []))
    ]
    return Stage(
        name,
        command if isinstance(command, str) else "\n".join(command),
        tuple(_inside(folder, path) for path, _ in _entries(entry.get("deps", []))),
        _params(entry.get("params", []), folder),
        tuple(outputs),
        bool(entry.get("frozen", False)),
    )


def _inside(folder: PurePosixPath, path: str) -> str:
    return path if "://" in path else os.path.normpath(folder / path).replace(os.sep, "/")


def _entries(listed: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in listed:
        if isinstance(entry, dict):
            yield from ((path, options or {}) for path, options in entry.items())
        else:
            yield entry, {}


def _params(listed: list[Any], folder: PurePosixPath) -> dict[str, tuple[str, ...]]:
    keys_of: dict[str, list[str]] = {}
    for entry in listed:
        if isinstance(entry, dict):
            for file, keys in entry.items():
                keys_of.setdefault(_inside(folder, file), []).extend(keys or [])
        else:
            keys_of.setdefault(_inside(folder, DEFAULT_PARAMS), []).append(entry)
    return {file: tuple(keys) for file, keys in keys_of.items()}
