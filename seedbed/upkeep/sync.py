"""`make sync`: everything in the repository that is made from code, tables and params.yaml.

That is the lines of dvc.yaml for each approach, its code dependencies, the files in .dvcignore that
cannot change a result, marked blocks of README and docs, and the reference pages. `--check`, which
`make lint` calls, writes nothing and fails with the difference.
"""

import difflib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from seedbed.core.errors import PipelineError, SeedbedError
from seedbed.core.files import write_text
from seedbed.pipeline.approach_lines import with_approaches
from seedbed.pipeline.code_deps import ignored_lines, with_code_deps
from seedbed.pipeline.rooms import ROOMS
from seedbed.upkeep.reference import PAGES, graph, table

BLOCK = re.compile(
    r"(?P<start>^(?:<!--|#) made by make sync: (?P<name>[\w-]+)(?: -->)?\n)"
    r".*?(?P<end>^(?:<!--|#) end)",
    re.MULTILINE | re.DOTALL,
)


BLOCKS: dict[str, Callable[[], str]] = {
    "graph": graph,
    "rooms": lambda: table(
        ("room", "subject"), [(f"`{room.name}/`", room.about) for room in ROOMS]
    ),
    "no-dependency": lambda: "\n".join(ignored_lines()),
}
WITH_BLOCKS = ("README.md", "docs/explanation/architecture.md", ".dvcignore")


def with_blocks(text: str, place: str) -> str:
    """Return a text with its marked blocks made anew. Raises PipelineError for an unknown block."""

    def made(block: re.Match[str]) -> str:
        name = block["name"]
        if name not in BLOCKS:
            raise PipelineError(
                place, f"block `{name}`", f"one of {', '.join(BLOCKS)}", "correct its name"
            )
        return f"{block['start']}{BLOCKS[name]()}\n{block['end']}"

    return BLOCK.sub(made, text)


def made_files(project: Path) -> Iterator[tuple[Path, str]]:
    """Yield each file that is made, wholly or in part, with the text that it should have.

    Files with made parts that a project does not have are left out; reference pages belong to the
    repository that has a folder for them.
    """
    pipeline = project / "dvc.yaml"
    text = with_approaches(pipeline.read_text(encoding="utf-8"))
    yield pipeline, with_code_deps(text, project)
    for name in WITH_BLOCKS:
        file = project / name
        if file.exists():
            yield file, with_blocks(file.read_text(encoding="utf-8"), name)
    folder = project / "docs/reference"
    if folder.is_dir():
        for name, page in PAGES.items():
            yield folder / f"{name}.md", page(project)


def stale(project: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield each made file that is not as it should be, with its text ("" if there is no file) and
    the text that it should have."""
    for file, text in made_files(project):
        now = file.read_text(encoding="utf-8") if file.exists() else ""
        if now != text:
            yield file, now, text


def differences(project: Path) -> Iterator[str]:
    """Yield the difference of each made file that is not as it should be, in diff form."""
    for file, now, text in stale(project):
        name = file.relative_to(project).as_posix()
        old, new = (content.splitlines(keepends=True) for content in (now, text))
        yield "".join(difflib.unified_diff(old, new, name, name, n=1))


def main(arguments: list[str]) -> int:
    """Write everything that is made; with `--check` only report what differs. Return exit code."""
    project = Path.cwd()
    try:
        if "--check" in arguments:
            found = "".join(differences(project))
            print(f"{found}run `make sync`" if found else "everything made is up to date")
            return bool(found)
        for file, _, text in stale(project):
            write_text(file, text)
            print(f"made {file.relative_to(project).as_posix()}")
    except SeedbedError as error:
        print(f"seedbed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
