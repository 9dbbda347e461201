"""The lines of dvc.yaml that are made: the code that a stage depends on, and those of approaches.

DVC skips a stage whose helper changed unlisted (treeverse/dvc#9195), so every file behind a stage
has to be a dependency: its script, rooms (folders of `seedbed/`), or one approach. They are
computed from the imports of its script.
"""

import re
from collections.abc import Sequence
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import Any

from seedbed.approaches import NAMES
from seedbed.core.errors import PipelineError
from seedbed.core.files import parse_yaml
from seedbed.running.code_versions import PROJECT, closure, imported, is_bare

ITEM = "${item.approach}"
APPROACHES = "seedbed/approaches"
MATRIX = re.compile(r"^( +approach: )\[(.*)\]$", re.MULTILINE)

# Each folder of `seedbed/`, and its subject, in order: a room imports only from rooms before it,
# with which a test compares the imports. A table of docs/explanation/architecture.md is made of it.
ROOMS = {
    "core": "what every stage needs: rows, ledger, params, files, keys, errors",
    "running": "per-text work: engines that run it, the memo behind it, versions of the code",
    "tasks": "what a label is, and how a prediction of it is scored",
    "pages": "the one way anything is shown: sections, tables, figures, alarms",
    "cleaning": "rules that clean texts, and limits that drop them",
    "collecting": "sources of every kind, read into rows",
    "private": "personal data: found, and replaced by stand-ins",
    "splitting": "copies and near copies, splits, the leak gate, the frozen test set",
    "encoding": "texts as token ids and vectors",
    "label_errors": "suspected label errors, and the policy for them",
    "making": "augmentation, negatives, balancing, and what they gain",
    "scoring": "metrics, intervals, paired tests, calibration, the choice; of answers, too",
    "training": "the training loop, and what approaches share around it; models that write",
    "approaches": "one file per fine-tuning approach, and the table of all",
    "serving": "the model in use",
    "pipeline": "the stages as dvc.yaml wires them and dvc.lock records them",
    "versions": "two versions of the data, compared row by row",
    "reporting": "the report, the cards, and what the model needs next",
    "merging": "two branches merged into one dataset",
    "gate": "whether a model may replace the current one",
    "pull_request": "the report for a reviewer, and how it is posted",
    "reviewing": "queues of rows, and the session in which people decide",
    "review_page": "the local web page for review",
    "forgetting": "a person or a row removed everywhere",
    "arrivals": "a new batch: checked, rehearsed, added",
    "commands": "what people type",
    "upkeep": "what is made from code and tables: wiring, marked blocks, reference pages",
}

# Files that cannot change a result, with the reason. `make sync` writes them to .dvcignore, so that
# the digest of their room does not cover them; a test replaces each and compares the outputs.
NO_DEPENDENCY = {
    "seedbed/core/errors.py": "texts of errors: a stage that raises one writes no output",
    "seedbed/core/git.py": "asks git, which no stage does",
    "seedbed/core/reasons.py": "sentences of reasons: a stage whose reason is missing stops",
    "seedbed/core/stage.py": "names of stages, progress bars, costs: no output has any of them",
    "seedbed/core/stage_options.py": "options of stage scripts, of which no output depends on any",
    "seedbed/running/code_versions.py": "digests of code, which name kept results and checkpoints",
    "seedbed/running/engine.py": "calls functions and keeps their results: a call gives the same",
    "seedbed/running/engines.py": "chooses who calls a function",
    "seedbed/running/processes.py": "calls functions in other processes",
    "seedbed/running/worker.py": "calls functions in a process of its own",
    "seedbed/running/on_ray.py": "calls functions on a Ray cluster",
    "seedbed/running/shares.py": "calls functions on other machines, by files",
    "seedbed/running/memo.py": "keeps results under a key of all that decides them",
    "seedbed/approaches/__init__.py": "names of approaches: a stage depends on those it loads",
}


def code_deps(name: str, one_approach: bool, project: Path = PROJECT) -> list[str]:
    """Return the code dependencies of stage `name`, sorted, its script first.

    `one_approach` says that the stage runs once per approach, each time with that approach alone.
    """
    script = project / f"stages/{name}.py"
    without = [project / file for file in NO_DEPENDENCY]
    files = closure([script], project, without)
    if any(_loads_approaches(file) for file in files):
        modules = [file for file in (project / APPROACHES).glob("*.py") if not is_bare(file)]
        files |= closure(modules, project, without)
    deps = {_dependency(file.relative_to(project), one_approach) for file in files
            if not is_bare(file)}  # fmt: skip
    return sorted(deps, key=lambda path: (path != f"stages/{name}.py", path))


def _loads_approaches(file: Path) -> bool:
    """Whether a file loads approaches by name, which no import shows."""
    source = file.read_bytes()
    return "seedbed.approaches.load" in imported(source) or b'f"seedbed.approaches.' in source


def _dependency(file: Path, one_approach: bool) -> str:
    if file.parts[0] == "stages":
        return file.as_posix()
    room = "/".join(file.parts[:2])
    return f"{APPROACHES}/{ITEM}.py" if room == APPROACHES and one_approach else room


def is_code(dependency: str) -> bool:
    """Whether a dependency in dvc.yaml is code, which `make sync` writes."""
    return dependency.startswith(("stages/", "seedbed/"))


def with_code_deps(text: str, project: Path = PROJECT) -> str:
    """Return dvc.yaml's text with the code dependencies of each stage as its imports are.

    Everything else stays byte for byte. Raises PipelineError where the `deps` of a stage are not a
    block list, one entry a line.
    """
    stages = parse_yaml(text, "dvc.yaml", PipelineError)["stages"]
    changed = text
    for name, stage in stages.items():
        if not (project / f"stages/{name}.py").exists():
            continue
        block = re.search(
            rf"(?m)^  {re.escape(name)}:\s*\n(?:.*\n)*? +deps:\s*\n((?: +- .*\n?)+)", changed
        )
        if not block:
            raise PipelineError(
                f"dvc.yaml: stages.{name}",
                "no `deps` with one entry a line",
                "a block list",
                "write one dependency a line",
            )
        entries = StringIO(block[1]).readlines()
        indent = entries[0].partition("-")[0]
        data = [line for line in entries if not is_code(line.strip().removeprefix("- "))]
        code = code_deps(name, ITEM in str(stage.get("outs", "")), project)
        made = "".join([*data, *(f"{indent}- {path}\n" for path in code)])
        changed = changed[: block.start(1)] + made + changed[block.end(1) :]
    if _without_code(changed) != _without_code(text):
        raise PipelineError("dvc.yaml", "its `deps` cannot be rewritten", "one entry a line",
                            "write each dependency on a line of its own")  # fmt: skip
    return changed


def _without_code(text: str) -> Any:
    """The content of dvc.yaml without code dependencies."""
    content = parse_yaml(text, "dvc.yaml", PipelineError)
    for stage in content["stages"].values():
        stage["deps"] = [entry for entry in stage.get("deps", []) if not is_code(str(entry))]
    return content


def ignored_lines() -> list[str]:
    """The lines of .dvcignore that keep files without influence out of the digests of rooms."""
    return [line for file, reason in NO_DEPENDENCY.items() for line in (f"# {reason}", file)]


def with_approaches(text: str, names: Sequence[str] = NAMES) -> str:
    """Return dvc.yaml's text with each approach in every matrix, dependency and plot.

    Neighbouring lines that differ in an approach's name alone become one line for each approach.
    A name that only a matrix has is that of an approach which is gone.
    """
    known = {name.strip() for match in MATRIX.finditer(text) for name in match[2].split(",")}
    a_name = re.compile(rf"(?<=/)({'|'.join(sorted(known.union(names)))})(?=[/.:\s])")
    lines: list[str] = []
    for named, group in groupby(StringIO(text).readlines(), lambda line: bool(a_name.search(line))):
        if named:
            forms = dict.fromkeys(a_name.sub("NAME", line) for line in group)
            lines += [form.replace("NAME", name) for form in forms for name in names]
        else:
            lines += group
    return MATRIX.sub(rf"\1[{', '.join(names)}]", "".join(lines))
