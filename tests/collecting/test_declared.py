"""A path that collect reads and dvc.yaml does not list is an error that gives the lines to add."""

from pathlib import Path

import pytest

from seedbed.collecting.collection import check_declared, parse_source
from seedbed.collecting.source import Source
from seedbed.core.errors import SourceError


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data/raw").mkdir(parents=True)
    for name in ("a.csv", "b.csv"):
        Path("data/raw", name).write_text("text,label\nt,pos\n")


def source(path: str, kind: str = "file", **more) -> Source:
    entry = {"name": "films", "kind": kind, "path": path, "batch": "2026-11", "licence": "x"}
    return parse_source(entry | more)


def deps(*paths: str) -> None:
    lines = "".join(f"\n      - {path}" for path in paths)
    Path("dvc.yaml").write_text(f"stages:\n  collect:\n    cmd: x\n    deps:{lines or ' []'}\n")


def test_without_dvc_yaml_nothing_is_asked() -> None:
    check_declared([source("data/raw/a.csv")])


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_path_must_stand_there_as_it_is(kind: str) -> None:
    deps("data/raw/a.csv")
    check_declared([source("data/raw/a.csv", kind)])
    deps("data/raw")
    with pytest.raises(SourceError, match="\n      - data/raw/a.csv$"):
        check_declared([source("data/raw/a.csv", kind)])


def test_a_glob_is_each_of_its_files() -> None:
    deps("data/raw/a.csv")
    with pytest.raises(SourceError, match="deps:`\n      - data/raw/b.csv$"):
        check_declared([source("data/raw/*.csv")])
    deps("data/raw/a.csv", "data/raw/b.csv")
    check_declared([source("data/raw/*.csv")])


def test_a_glob_is_its_folder_unless_its_files_are_tracked_alone() -> None:
    deps("data/raw")
    check_declared([source("data/raw/*.csv")])
    Path("data/raw/a.csv.dvc").write_text("")
    with pytest.raises(SourceError, match="- data/raw/a.csv\n      - data/raw/b.csv$"):
        check_declared([source("data/raw/*.csv")])


def test_packages_and_hub_datasets_are_held_by_their_version() -> None:
    deps()
    package = {"package": "filmdata", "version": "1.0"}
    check_declared(
        [source("x", "package", **package), source("user/films", "huggingface", revision="a" * 40)]
    )


def test_a_local_dataset_is_a_path() -> None:
    deps()
    with pytest.raises(SourceError, match="- data/raw$"):
        check_declared([source("data/raw", "huggingface")])


def test_no_stage_collect() -> None:
    Path("dvc.yaml").write_text("")
    with pytest.raises(SourceError, match="the source films is not listed"):
        check_declared([source("data/raw/a.csv")])
