"""A worktree as a project of one source, with stages that are run by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML


def make_project(
    tree: Path, source: dict[str, Any], change: Callable[[dict[str, Any]], None]
) -> None:
    """Make `source` the only one of a worktree, and change other params; the behaviour tests, which
    name the example's classes, go."""
    yaml = YAML()
    yaml.width = 4096
    params = yaml.load(tree / "params.yaml")
    params["sources"] = [source]
    change(params)
    yaml.dump(params, tree / "params.yaml")
    pipeline = yaml.load(tree / "dvc.yaml")
    pipeline["stages"]["collect"]["deps"].append(source["path"])
    yaml.dump(pipeline, tree / "dvc.yaml")
    (tree / source["path"]).parent.mkdir(parents=True, exist_ok=True)
    for cases in (tree / "tests/model").glob("*.csv"):
        cases.unlink()
