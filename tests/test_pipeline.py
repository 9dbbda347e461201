"""dvc.lock is fresh and honest only if dvc.yaml lists all that a stage reads. These tests prove it.

Code dependencies are made by `make sync`: see tests/pipeline/test_code_deps.py.

DVC itself would skip a stage whose helper changed unlisted (treeverse/dvc#9195).
"""

import ast
import importlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from ruamel.yaml import YAML

from seedbed.approaches import APPROACHES, load
from seedbed.core.params import MOVED, READ_BY_COMMANDS, SECTIONS, Section
from seedbed.core.stage import STAGE_NAMES
from seedbed.pipeline.code_deps import NO_DEPENDENCY, is_code
from seedbed.running.code_versions import closure, is_bare
from seedbed.training.models import SharedParams

PIPELINE = YAML(typ="safe").load(ROOT / "dvc.yaml")
STAGES = PIPELINE["stages"]
PARAMS = YAML(typ="safe").load(ROOT / "params.yaml")
ITEM = "${item.approach}"


def named(name: str, key: str) -> list[str]:
    """The paths or params of a stage under one key, without their options."""
    entries = STAGES[name].get(key, [])
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


@pytest.mark.parametrize("name", STAGES)
def test_no_stage_imports_a_stage(name):
    script = ROOT / f"stages/{name}.py"
    others = {file for file in closure([script], ROOT) if file.parent.name == "stages"}
    assert {file for file in others if not is_bare(file)} <= {script, ROOT / "stages/__init__.py"}


def paths_in(file: Path) -> set[str]:
    """Path("...") constants of a module, those it imports by name from the project, and what
    `write_results` makes in the name of a stage: metrics, rows, ledger. What lies in .seedbed is
    no output: a run may end without it."""
    module = importlib.import_module(file.relative_to(ROOT).as_posix()[:-3].replace("/", "."))
    paths = (value for name, value in vars(module).items() if name.isupper())
    found = {path.as_posix() for path in paths
             if isinstance(path, Path) and path.parts[0] != ".seedbed"}  # fmt: skip
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "write_results":
            stage = ast.literal_eval(node.args[0])
            made = (f"reports/metrics/{stage}.json", f"data/{stage}", f"data/ledger/{stage}.csv")
            found |= set(made[: len(node.args) - 1])
    return found


@pytest.mark.parametrize("name", STAGES)
def test_the_paths_in_the_script_are_the_paths_in_dvc_yaml(name):
    data = [path for key in ("deps", "outs", "metrics") for path in named(name, key)
            if not is_code(path)]  # fmt: skip
    constants = paths_in(ROOT / f"stages/{name}.py")
    for constant in constants:
        assert [path for path in data if path == constant or path.startswith(constant + "/")], (
            f"{name} has {constant}, which dvc.yaml does not declare"
        )
    for path in data:
        assert [one for one in constants if path == one or path.startswith(one + "/")], (
            f"{name} declares {path}, which the script does not name"
        )


def sections_read(name: str) -> set[str]:
    """First arguments of read_params in a stage and its modules; f-strings as {item}."""
    without = [ROOT / file for file in NO_DEPENDENCY]
    files = closure([ROOT / f"stages/{name}.py"], ROOT, without)
    if any(path.startswith("seedbed/approaches") for path in named(name, "deps")):
        files |= closure((ROOT / "seedbed/approaches").glob("*.py"), ROOT, without)
    sections = sections_in(files)
    if "matrix" not in STAGES[name]:
        sections = {section.removesuffix(f".{ITEM}") for section in sections}
    return sections


def sections_in(files: Iterable[Path]) -> set[str]:
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "read_params":
                value = ast.unparse(node.args[0]).strip("'\"")
                found.add(re.sub(r"^f['\"]", "", value).replace("{approach}", ITEM))
    return found


@pytest.mark.parametrize("name", STAGES)
def test_params_are_declared(name):
    declared, read = set(named(name, "params")), sections_read(name)
    # A section that is declared as a whole has its keys, too.
    assert declared == {one for one in read if one in declared or one.split(".")[0] not in declared}


def test_every_params_section_is_read_by_a_stage_or_by_commands_alone():
    used = {entry.split(".")[0] for name in STAGES for entry in named(name, "params")}
    commands = (ROOT / "seedbed/commands").glob("*.py")
    typed = {section.split(".")[0] for section in sections_in(closure(commands, ROOT))}
    assert used.isdisjoint(READ_BY_COMMANDS)
    assert typed >= set(READ_BY_COMMANDS)
    assert used | set(READ_BY_COMMANDS) == set(PARAMS) == set(SECTIONS)


@pytest.mark.parametrize("name", [name for name in STAGES if name in PARAMS])
def test_params_keys_are_the_fields_of_the_typed_model(name):
    model = importlib.import_module(f"stages.{name}").Params
    if name == "adapt":  # it names what differs from `training`
        assert names_what_differs(PARAMS[name], model)
    else:
        assert list(PARAMS[name]) == list(model.model_fields)


def names_what_differs(section: dict[str, Any], model: type[Section]) -> bool:
    """Whether a section has each field of its model, or `training` has it, and no value twice."""
    repeated = [key for key in section if section[key] == PARAMS["training"].get(key)]
    return not repeated and set(model.model_fields) <= set(section) | set(PARAMS["training"])


@pytest.mark.parametrize("approach", APPROACHES)
def test_an_approach_names_what_differs_from_training_and_nothing_else(approach):
    assert names_what_differs(PARAMS["approaches"][approach], load(approach).Params)


def test_the_table_of_approaches_is_that_of_modules_and_sections():
    modules = {file.stem for file in (ROOT / "seedbed/approaches").glob("*.py")} - {"__init__"}
    assert modules == set(PARAMS["approaches"]) == set(APPROACHES)
    assert list(PARAMS["training"]) == list(SharedParams.model_fields)
    assert set(MOVED) == set(SharedParams.model_fields)


def test_only_report_and_cards_read_what_test_rows_scored():
    scores = re.compile(r"/test(\.json)?$")
    readers = {name for name in STAGES for path in named(name, "deps") if scores.search(path)}
    assert readers == {"report", "cards"}


def test_stages_are_run_as_modules_under_their_own_name():
    for name, stage in STAGES.items():
        assert stage["cmd"].split()[:3] == ["python", "-m", f"stages.{name}"]
        assert (ROOT / f"stages/{name}.py").exists()
    scripts = {file.stem for file in (ROOT / "stages").glob("*.py")} - {"__init__"}
    assert scripts == set(STAGES)
    assert tuple(STAGES) == STAGE_NAMES


def test_nothing_is_persisted_and_private_data_is_never_pushed():
    for name in STAGES:
        for entry in STAGES[name].get("outs", []):
            options = next(iter(entry.values())) if isinstance(entry, dict) else {}
            assert "persist" not in options
            if name in ("collect", "clean") and options.get("cache", True):
                assert options.get("push") is False, entry
