"""The code that a stage depends on, computed from the imports of its script.

DVC skips a stage whose helper changed unlisted (treeverse/dvc#9195), so every file behind a stage
has to be a dependency: its script, rooms (folders of `seedbed/`), or one approach.
"""

import re
from pathlib import Path
from typing import Any

from seedbed.core.errors import PipelineError
from seedbed.core.files import parse_yaml
from seedbed.running.code_versions import PROJECT, closure, imported, is_bare

ITEM = "${item.approach}"
APPROACHES = "seedbed/approaches"

# Files that cannot change a result, with the reason. `make sync` writes them to .dvcignore, so that
# the digest of their room does not cover them; a test replaces each and compares the outputs.
NO_DEPENDENCY = {
    "seedbed/core/errors.py": "texts of errors: a stage that raises one writes no output",
    "seedbed/core/git.py": "asks git, which no stage does",
    "seedbed/core/reasons.py": "sentences of reasons: a stage whose reason is missing stops",
    "seedbed/core/stage.py": "names of stages, progress bars, costs: no output has any of them",
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
    own = f"stages/{name}.py"
    return [own, *sorted(deps - {own})]


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
    lines = text.splitlines(keepends=True)
    for name, stage in stages.items():
        if not (project / f"stages/{name}.py").exists():
            continue
        start, end = _deps_lines(lines, name)
        entries = lines[start:end]
        indent = entries[0][: len(entries[0]) - len(entries[0].lstrip())]
        data = [line for line in entries if not is_code(line.strip().removeprefix("- "))]
        code = code_deps(name, ITEM in str(stage.get("outs", "")), project)
        lines[start:end] = [*data, *(f"{indent}- {path}\n" for path in code)]
    changed = "".join(lines)
    if _without_code(changed) != _without_code(text):
        raise PipelineError("dvc.yaml", "its `deps` cannot be rewritten", "one entry a line",
                            "write each dependency on a line of its own")  # fmt: skip
    return changed


def _deps_lines(lines: list[str], name: str) -> tuple[int, int]:
    """The first line of a stage's `deps` entries, and the line after the last."""
    deps = _first(lines, r" +deps:\s*$", _first(lines, rf"  {re.escape(name)}:\s*$", 0))
    start = end = deps + 1
    while end < len(lines) and re.match(r" +- ", lines[end]):
        end += 1
    if start >= end:
        raise PipelineError(f"dvc.yaml: stages.{name}", "no `deps` with one entry a line",
                            "a block list", "write one dependency a line")  # fmt: skip
    return start, end


def _first(lines: list[str], pattern: str, start: int) -> int:
    """The first line from `start` on that matches; the number of lines if none does."""
    matching = (index for index in range(start, len(lines)) if re.match(pattern, lines[index]))
    return next(matching, len(lines))


def _without_code(text: str) -> Any:
    """The content of dvc.yaml without code dependencies."""
    content = parse_yaml(text, "dvc.yaml", PipelineError)
    for stage in content["stages"].values():
        stage["deps"] = [entry for entry in stage.get("deps", []) if not is_code(str(entry))]
    return content


def ignored_lines() -> list[str]:
    """The lines of .dvcignore that keep files without influence out of the digests of rooms."""
    return [line for file, reason in NO_DEPENDENCY.items() for line in (f"# {reason}", file)]
