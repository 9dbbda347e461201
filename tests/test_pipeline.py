"""dvc.lock is fresh and honest only if dvc.yaml lists all that a stage reads. These tests prove it.

DVC itself would skip a stage whose helper changed unlisted (treeverse/dvc#9195).
"""

import ast
import importlib
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from conftest import ROOT
from ruamel.yaml import YAML

from seedbed.core.params import READ_BY_COMMANDS, SECTIONS

PIPELINE = YAML(typ="safe").load(ROOT / "dvc.yaml")
STAGES = PIPELINE["stages"]
PARAMS = YAML(typ="safe").load(ROOT / "params.yaml")
APPROACHES = ("feature", "full", "lora", "prompt")
ITEM = "${item.approach}"


def named(name: str, key: str) -> list[str]:
    """The paths or params of a stage under one key, without their options."""
    entries = STAGES[name].get(key, [])
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def module_file(name: str) -> Path | None:
    file = ROOT / (name.replace(".", "/") + ".py")
    package = ROOT / name.replace(".", "/") / "__init__.py"
    return file if file.exists() else package if package.exists() else None


def imported(file: Path) -> set[Path]:
    """Files of this project that a file imports, lazily or not."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name.split(".")[0] in ("seedbed", "stages") and (target := module_file(name)):
                found.add(target)
    return found


def closure(*files: Path) -> set[str]:
    """Paths of the files and of all they import, transitively, inside this project. The two
    top `__init__.py` hold no code."""
    seen: set[Path] = set()
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting += imported(file)
    paths = {file.relative_to(ROOT).as_posix() for file in seen}
    return paths - {"seedbed/__init__.py", "stages/__init__.py"}


@pytest.mark.parametrize("name", STAGES)
def test_every_imported_module_is_a_dependency_and_no_other(name):
    script = ROOT / f"stages/{name}.py"
    declared = {path for path in named(name, "deps") if path.endswith(".py")}
    if name == "finetune":
        for approach in APPROACHES:
            module = ROOT / f"seedbed/approaches/{approach}.py"
            ours = {path.replace(ITEM, approach) for path in declared}
            missing = closure(script, module, ROOT / "seedbed/approaches/__init__.py") - ours
            assert not missing, f"{name}@{approach}: add to deps: {sorted(missing)}"
        modules = [ROOT / f"seedbed/approaches/{one}.py" for one in (*APPROACHES, "__init__")]
        used = closure(script, *modules) | {f"seedbed/approaches/{ITEM}.py"}
        assert declared <= used
    else:
        assert declared == closure(script)


@pytest.mark.parametrize("name", STAGES)
def test_no_stage_imports_a_stage(name):
    others = {path for path in closure(ROOT / f"stages/{name}.py") if path.startswith("stages/")}
    assert others == {f"stages/{name}.py"}


def paths_in(file: Path) -> set[str]:
    """Path("...") constants of a module, and those it imports by name from the project."""
    module = importlib.import_module(file.relative_to(ROOT).as_posix()[:-3].replace("/", "."))
    return {value.as_posix() for name, value in vars(module).items()
            if isinstance(value, Path) and name.isupper()}  # fmt: skip


@pytest.mark.parametrize("name", STAGES)
def test_the_paths_in_the_script_are_the_paths_in_dvc_yaml(name):
    data = [path for key in ("deps", "outs", "metrics") for path in named(name, key)
            if not path.endswith(".py")]  # fmt: skip
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
    return sections_in(
        ROOT / path.replace(ITEM, "lora") for path in named(name, "deps") if path.endswith(".py")
    )


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
    assert set(named(name, "params")) == sections_read(name)


def test_every_params_section_is_read_by_a_stage_or_by_commands_alone():
    used = {entry.split(".")[0] for name in STAGES for entry in named(name, "params")}
    commands = (ROOT / "seedbed/commands").glob("*.py")
    typed = {
        section.split(".")[0] for section in sections_in(map(ROOT.joinpath, closure(*commands)))
    }
    assert used.isdisjoint(READ_BY_COMMANDS)
    assert typed >= set(READ_BY_COMMANDS)
    assert used | set(READ_BY_COMMANDS) == set(PARAMS) == set(SECTIONS)


@pytest.mark.parametrize("name", [name for name in STAGES if name in PARAMS])
def test_params_keys_are_the_fields_of_the_typed_model(name):
    if name in ("collect", "finetune"):
        importlib.import_module("seedbed.approaches")
    model = importlib.import_module(f"stages.{name}").Params
    assert list(PARAMS[name]) == list(model.model_fields)


@pytest.mark.parametrize("approach", APPROACHES)
def test_approach_params_are_the_fields_of_the_typed_model(approach):
    model = importlib.import_module(f"seedbed.approaches.{approach}").Params
    assert set(PARAMS["approaches"][approach]) == set(model.model_fields)


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


def test_nothing_is_persisted_and_private_data_is_never_pushed():
    for name in STAGES:
        for entry in STAGES[name].get("outs", []):
            options = next(iter(entry.values())) if isinstance(entry, dict) else {}
            assert "persist" not in options
            if name in ("collect", "clean") and options.get("cache", True):
                assert options.get("push") is False, entry


def test_the_readme_table_is_the_pipeline():
    """README's table has a line a stage: | stage | reads | writes |, data folders only."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", readme, re.MULTILINE)
    assert [line[0] for line in lines] == list(STAGES)
    for name, reads, writes in lines:
        deps = [path for path in named(name, "deps") if not path.endswith(".py")]
        outs = named(name, "outs") + named(name, "metrics")
        assert expanded(reads) == {shortened(path) for path in deps}, name
        assert expanded(writes) == {shortened(path) for path in outs}, name


def shortened(path: str) -> str:
    """models/lora and models/${item.approach} are models/APPROACH in the table."""
    path = path.replace(ITEM, "APPROACH")
    return re.sub(r"(?<=/)(feature|full|lora|prompt)(?=/|\.|$)", "APPROACH", path)


def expanded(cell: str) -> set[str]:
    """`a/{b,c}` in a table's cell stands for a/b and a/c."""
    found = set()
    for path in re.findall(r"`([^`]+)`", cell):
        if choice := re.search(r"\{([^}]+)\}", path):
            found |= {path.replace(choice.group(0), one) for one in choice.group(1).split(",")}
        else:
            found.add(path)
    return found - {"params.yaml"}


def test_the_docs_name_every_module():
    names = (ROOT / "docs/code.md").read_text(encoding="utf-8")
    for file in (ROOT / "seedbed").rglob("*.py"):
        path = file.relative_to(ROOT).as_posix()
        if file.name != "__init__.py" and "approaches" not in path:
            assert re.search(rf"^{re.escape(path)} +\S", names, re.MULTILINE), path
