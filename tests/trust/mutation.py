"""Mutants of the modules that promises rest on, and the tests that notice them.

A mutant is a module with one small change: a comparison, an operator, a constant, a condition, a
statement. Its tests run on it in a copy of the project; a mutant that passes them all survives. The
mutants are drawn evenly over the modules, with a seed. Each runs in a fork of a process that has
loaded the libraries, a copy of the project for each worker.
"""

import ast
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from seedbed.pages.document import Table
from tests.trust.outcome import Outcome

ROOT = Path(__file__).parents[2]
GOAL = 0.8
EACH = 8  # mutants of a module, at scale 1
SECONDS = 120  # of processor time for the tests of a mutant; one that never ends is killed
WORKERS = 2
EXAMPLES = 25  # of a property
CHILD_FAILED, CHILD_PASSED, CHILD_BROKE = 1, 0, 3


class Target(NamedTuple):
    """A module, and the test files that are to notice a change of it."""

    module: str
    tests: tuple[str, ...]


TARGETS = tuple(
    Target(f"seedbed/{module}.py", tuple(f"tests/{name}.py" for name in tests.split()))
    for module, tests in {
        "core/rows": "test_rows test_ledger",
        "core/metrics": "test_ledger test_metrics_files",
        "core/decisions": "test_decisions reviewing/test_decision_lines",
        "splitting/sides": "test_split_figures test_freezing test_sides",
        "splitting/splits": "test_splits test_split_figures stages/test_split",
        "splitting/shingles": "test_shingles test_near_duplicates",
        "splitting/near_copies": "test_near_duplicates",
        "splitting/deduplication": "stages/test_deduplicate test_every_script",
        "running/memo": "test_memo",
        "private/patterns": "private/test_detection private/test_every_script",
        "private/detection": "private/test_detection private/test_other_dress",
        "private/kinds": "private/test_stand_ins private/test_detection",
        "gate/verdict": "gate/test_verdict gate/test_limits",
        "label_errors/ranking": "label_errors/test_ranking label_errors/test_noise "
        "label_errors/test_policy",
    }.items()
)
LOADED = (
    "numpy pandas pyarrow.parquet sklearn.model_selection scipy.stats scipy.sparse networkx pytest "
    "hypothesis.strategies ruamel.yaml pydantic regex phonenumbers stdnum psutil ftfy"
).split()

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip


class Mutant(NamedTuple):
    """A changed module."""

    target: Target
    line: int
    what: str
    source: str

    @property
    def place(self) -> str:
        return f"{self.target.module}:{self.line}"


def places(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Each node that can be changed, with the kind of change. Annotations, docstrings and what a
    module says when it refuses (messages) change nothing that a promise is about."""
    quiet: set[int] = set()
    for node in ast.walk(tree):
        for name in ("annotation", "returns", "exc", "decorator_list"):
            for part in _listed(getattr(node, name, None)):
                quiet.update(map(id, ast.walk(part)))
        if isinstance(node, ast.JoinedStr):
            quiet.update(map(id, ast.walk(node)))
    for node in ast.walk(tree):
        if id(node) in quiet:
            continue
        if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
            yield node, "comparison"
        elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            yield node, "operator"
        elif isinstance(node, ast.BoolOp):
            yield node, "and/or"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node, "not"
        elif isinstance(node, ast.If | ast.IfExp | ast.While) and not isinstance(
            node.test,
            ast.UnaryOp,  # `not`, which is a place of its own
        ):
            yield node, "condition"
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
            yield node, "constant"
        elif isinstance(node, ast.Return) and node.value is not None:
            yield node, "return"
        elif isinstance(node, ast.Continue):
            yield node, "continue"


def _listed(part: ast.AST | list[ast.AST] | None) -> list[ast.AST]:
    return part if isinstance(part, list) else [part] if part is not None else []


def change(node: ast.AST, what: str) -> None:
    """Change a node of the tree in place."""
    match what, node:
        case "comparison", ast.Compare():
            node.ops[0] = COMPARISONS[type(node.ops[0])]()
        case "operator", ast.BinOp():
            node.op = OPERATORS[type(node.op)]()
        case "and/or", ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case "not", ast.UnaryOp():
            node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)
        case "condition", ast.If() | ast.IfExp() | ast.While():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case "constant", ast.Constant():
            value = node.value
            node.value = not value if isinstance(value, bool) else value + 1  # type: ignore[operator]
        case "return", ast.Return():
            node.value = ast.Constant(None)
        case "continue", ast.Continue():
            node.__class__ = ast.Break  # type: ignore[assignment]
        case _:
            raise ValueError(what)


def mutants(target: Target, count: int, seed: int) -> list[Mutant]:
    """`count` mutants of a module, or as many as it has; the first of EACH that are drawn."""
    text = (ROOT / target.module).read_text(encoding="utf-8")
    total = sum(1 for _ in places(ast.parse(text)))
    draw = random.Random(f"{seed} {target.module}")
    made = []
    for number in sorted(draw.sample(range(total), min(EACH, total))[:count]):
        tree = ast.parse(text)
        node, what = list(places(tree))[number]
        line = getattr(node, "lineno", 0)
        change(node, what)
        source = ast.unparse(ast.fix_missing_locations(tree))
        made.append(Mutant(target, line, what, source + "\n"))
    return made


def copied(folder: Path) -> Path:
    """A copy of what tests need, in which a module can be changed."""
    for name in ("seedbed", "stages", "tests", "benchmarks", "docs", ".github"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.iterdir():
        if file.is_file():
            shutil.copy(file, folder / file.name)
    for name in ("data/frozen_test.csv", "data/tombstones.csv"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def verdict(project: Path, target: Target, source: str | None) -> int:
    """Run a target's tests in the copy, on a changed module: CHILD_PASSED where none notices."""
    file = project / target.module
    kept = file.read_text(encoding="utf-8")
    if source is not None:
        file.write_text(source, encoding="utf-8")
    try:
        child = os.fork()
        if child == 0:
            _run_tests(project, target, is_mutant=source is not None)
        _, status = os.waitpid(child, 0)
    finally:
        file.write_text(kept, encoding="utf-8")
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else CHILD_FAILED


class FewExamples:
    """A plugin of pytest: properties with fewer examples, which are not shrunk."""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        from hypothesis import HealthCheck, Phase, settings

        few = settings(
            deadline=None, database=None, max_examples=EXAMPLES,
            phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        for item in items:
            function = getattr(item, "obj", None)
            if getattr(function, "is_hypothesis_test", False):
                function._hypothesis_internal_use_settings = few  # its own may ask for 1,000


def _run_tests(project: Path, target: Target, is_mutant: bool) -> None:
    """In the child: never returns."""
    import resource

    import pytest

    code = CHILD_BROKE
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        os.chdir(project)
        sys.path[:] = [str(project), *(path for path in sys.path if path and Path(path) != ROOT)]
        for name in list(sys.modules):  # of the project as it is
            if name.partition(".")[0] in ("seedbed", "tests", "stages"):
                del sys.modules[name]
        # The run on the module as it is compiles the project for all mutants. They keep nothing:
        # two that are as long, and made in the same second, would pass for one another.
        sys.dont_write_bytecode = is_mutant
        unwritten = "1" if is_mutant else ""
        os.environ |= {"PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": unwritten}
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly", "--hypothesis-seed=0",
                   "-W", "ignore::pytest.PytestAssertRewriteWarning"]  # fmt: skip
        ended = pytest.main([*options, *target.tests], plugins=[FewExamples()])
        code = CHILD_PASSED if ended == 0 else CHILD_FAILED if ended in (1, 2) else CHILD_BROKE
    except BaseException:
        code = CHILD_FAILED
    finally:
        os._exit(code)


def measure(scale: float, seed: int) -> Outcome:
    """Draw the mutants, run their tests, and list those that survive."""
    for name in LOADED:
        __import__(name)  # once, for all children
    each = max(1, round(EACH * scale))
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("fork")) as pool:
        results = pool.map(tried, TARGETS, repeat(each), repeat(seed))
        return outcome(list(results), seed)


def tried(target: Target, count: int, seed: int) -> tuple[Target, int, list[Mutant]]:
    """The target, how many mutants were made of it, and those that survive, which are printed at
    once. Raises RuntimeError if its tests fail on the module as it is."""
    start, survivors = monotonic(), []
    with tempfile.TemporaryDirectory() as folder:
        project = copied(Path(folder))
        if verdict(project, target, None) != CHILD_PASSED:
            raise RuntimeError(f"{target.module}: its tests fail on the module as it is")
        drawn = mutants(target, count, seed)
        for mutant in drawn:
            if verdict(project, target, mutant.source) == CHILD_PASSED:
                survivors.append(mutant)
                report(f"{mutant.place} ({mutant.what}) survives")
    report(f"{target.module}: {len(drawn)} mutants, {monotonic() - start:.0f} s")
    return target, len(drawn), survivors


def report(progress: str) -> None:
    """Print a line of progress."""
    print(f"mutation: {progress}", file=sys.stderr, flush=True)


def outcome(results: list[tuple[Target, int, list[Mutant]]], seed: int) -> Outcome:
    """The table of all modules; missed: fewer killed than the goal, over all of them."""
    made = sum(count for _, count, _ in results)
    left = sum(len(survivors) for _, _, survivors in results)
    rows = [
        [target.module, count, count - len(survivors),
         ", ".join(f"{one.line} ({one.what})" for one in survivors)]
        for target, count, survivors in results
    ]  # fmt: skip
    killed = (made - left) / made
    missed = [] if killed >= GOAL else [f"{made - left} of {made} mutants killed, goal {GOAL:.0%}"]
    return Outcome(
        "Mutants",
        f"{made} random mutants of {len(results)} modules (seed {seed}), each run against the "
        f"tests of its module: {killed:.0%} are killed (goal {GOAL:.0%}). Survivors by line.",
        Table(["module", "mutants", "killed", "survivors: line (change)"],
              [*rows, ["all", made, made - left, ""]]),
        missed,
    )  # fmt: skip
