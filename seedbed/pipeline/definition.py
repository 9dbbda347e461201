"""The stages of dvc.yaml, with every `matrix`, `foreach` and `${...}` worked out by DVC itself.

dvc.lock is not read: the stages are known while it is in conflict, too.
"""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from seedbed.core.errors import PipelineError

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
        """Raises PipelineError where dvc.yaml cannot be read."""
        from dvc.exceptions import DvcException
        from dvc.parsing import DataResolver

        self._ignored, self._files = repo.dvcignore, repo.fs
        content = read_yaml(PIPELINE)
        try:
            stages = DataResolver(repo, "", content).resolve()["stages"]
        except DvcException as error:
            raise PipelineError(PIPELINE, str(error), "stages", "correct dvc.yaml") from None
        self.stages = [_stage(name, found) for name, found in stages.items()]

    def digest(self, path: str) -> str | None:
        """The MD5 that dvc.lock has for a file, or a folder without what .dvcignore names; None
        where there is neither."""
        file = Path(path)
        if file.is_file():
            return md5_of(file)
        if not file.is_dir():
            return None
        found = [Path(one) for one in self._ignored.find(self._files, os.fspath(file.absolute()))]
        lines = [
            {"md5": md5_of(one), "relpath": one.relative_to(file.absolute()).as_posix()}
            for one in found
        ]
        lines.sort(key=lambda line: line["relpath"])
        return hashlib.md5(json.dumps(lines, sort_keys=True).encode()).hexdigest() + ".dir"


@contextmanager
def opened_pipeline() -> Iterator[Pipeline]:
    """The pipeline of this folder. Raises PipelineError where there is none."""
    from dvc.exceptions import NotDvcRepoError
    from dvc.repo import Repo

    if not Path(PIPELINE).exists():
        raise PipelineError(
            PIPELINE, "no such file here", "a pipeline", "run from the top folder of the repository"
        )
    try:
        repo = Repo()
    except NotDvcRepoError:
        raise PipelineError(".dvc", "no such folder", "a DVC project", "run `dvc init`") from None
    with repo:
        yield Pipeline(repo)


def read_yaml(path: str) -> Any:
    """A YAML file of this folder. Raises PipelineError with the line where it is none."""
    try:
        return YAML(typ="safe").load(Path(path).read_text(encoding="utf-8"))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else path
        found = getattr(error, "problem", None) or "not YAML"
        raise PipelineError(place, found, "valid YAML", "correct the line") from None


def tracked_data() -> dict[str, str]:
    """Data that `.dvc` files in git stand for, and its digest."""
    listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.dvc")
    done = subprocess.run(listed, capture_output=True, check=False)
    found = {}
    for name in sorted(filter(None, done.stdout.decode("utf-8").split("\0"))):
        if Path(name).is_file():
            for out in read_yaml(name).get("outs", []):
                found[(PurePosixPath(name).parent / out["path"]).as_posix()] = out.get("md5", "")
    return found


def md5_of(file: Path) -> str:
    """Hex MD5 of a file's bytes, as DVC has it."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "md5").hexdigest()


def _stage(name: str, found: dict[str, Any]) -> Stage:
    folder = PurePosixPath(found.get("wdir", "."))
    command = found["cmd"]
    outputs = [
        Output(_inside(folder, path), options.get("cache", True) is False)
        for key in ("outs", "metrics", "plots")
        for path, options in _entries(found.get(key, []))
    ]
    return Stage(
        name,
        command if isinstance(command, str) else "\n".join(command),
        tuple(_inside(folder, path) for path, _ in _entries(found.get("deps", []))),
        _params(found.get("params", []), folder),
        tuple(outputs),
        bool(found.get("frozen", False)),
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
    found: dict[str, list[str]] = {}
    for entry in listed:
        if isinstance(entry, dict):
            for file, keys in entry.items():
                found.setdefault(_inside(folder, file), []).extend(keys or [])
        else:
            found.setdefault(_inside(folder, DEFAULT_PARAMS), []).append(entry)
    return {file: tuple(keys) for file, keys in found.items()}
