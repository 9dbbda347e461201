"""A batch added: fetched, copied, tracked and registered, all of it or nothing.

A source is written into params.yaml, and its path into dvc.yaml, with every other line as it was.
The new lines are put in as text where the parsed file says they belong: writing the whole file anew
would move comments. What comes out is parsed again and must hold what was there and the addition,
nothing else.
"""

import fcntl
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from operator import getitem
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from seedbed.arrivals.entry import Entry
from seedbed.collecting.tables import sheet_rows
from seedbed.collecting.text_files import read_file
from seedbed.core.errors import CLIP, SeedbedError, reading
from seedbed.core.files import (
    csv_writer,
    fresh_folder,
    read_text,
    sha256_of,
    write_bytes,
    write_json,
    write_text,
)

PARAMS = Path("params.yaml")
PIPELINE = Path("dvc.yaml")
JOURNAL = Path(".seedbed/adding.json")
LOCK = Path(".seedbed/adding.lock")
REMOTE = "private"  # where raw texts may go, and nowhere else
NOWHERE = "push: false"
NO_CLIENT = re.compile(r"requires '(dvc-\w+)' to be installed")  # of a storage, as DVC says it
NOTHING = ("", "~", "null")  # a list whose last item was deleted


@contextmanager
def fetched(place: str, is_url: bool) -> Iterator[Path]:
    """The path of a file or folder; what a URL gives is gone when the block ends.

    Raises SeedbedError where DVC cannot fetch it.
    """
    if not is_url:
        yield Path(place)
        return
    name = PurePosixPath(urlsplit(place).path).name or "table"
    with tempfile.TemporaryDirectory(prefix="seedbed-") as folder:  # mode 0700
        target = Path(folder, name)
        dvc("get-url", as_dvc_says(place), str(target))
        yield target


def as_dvc_says(url: str) -> str:
    """`file:` URLs as the paths that DVC takes; others as they are."""
    parts = urlsplit(url)
    return unquote(parts.path) if parts.scheme == "file" else url


@contextmanager
def alone() -> Iterator[None]:
    """Let one `seedbed add` work at a time: a second would take the first one's journal for that of
    one that was killed. The system gives the lock back however a process ends. Raises SeedbedError.
    """
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SeedbedError(
                str(LOCK), "another `seedbed add` is at work here", "one at a time", "wait for it"
            ) from None
        yield


def sheet_as_csv(path: Path, sheet: str) -> bytes:
    """A sheet of a workbook as CSV in UTF-8, cells as they are read. Raises SourceError."""
    buffer = io.StringIO(newline="")
    _, rows = sheet_rows(read_file(path).content, path.as_posix(), sheet)
    csv_writer(buffer).writerows(cells for _, cells, _ in rows)
    return buffer.getvalue().encode()


def add(
    origin: Path | bytes | str, target: Path, params: str, pipeline: str, sha256: str = ""
) -> None:
    """Copy `origin` (a path, or bytes; or a URL, which DVC fetches and can update) to `target`,
    track it, and write the two files. Raises SeedbedError with everything as it was.

    `sha256`: what the file that a URL gives must be: the one that was looked at.
    """
    before = read_text(PIPELINE)
    tracked = target.with_name(target.name + ".dvc")
    for path in (target, tracked):
        if path.exists():
            raise SeedbedError(str(path), "this file already exists", next_step="name a `--batch`")
    write_json(
        JOURNAL,
        {"target": target.as_posix(), "pipeline": before, "written": pipeline, "params": params},
    )
    try:
        _only_to_private(target, tracked)
        if not isinstance(origin, str):
            _copy(origin, target)
            dvc("add", str(target))
        else:
            dvc("import-url", origin, str(target))
            if target.is_file() and sha256_of(target) != sha256:
                raise SeedbedError(
                    origin, "it changed while it was looked at", "the same bytes", "add it again"
                )
        write_text(PIPELINE, pipeline)
        write_text(PARAMS, params)
    except BaseException:
        undo()
        raise
    JOURNAL.unlink()


def told_after(target: Path) -> list[str]:
    """What was done, and what to do next."""
    tracked = target.with_name(target.name + ".dvc")
    lines = [
        f"Added: {target} is tracked by DVC and registered in params.yaml and dvc.yaml.",
        f"Now run `dvc repro`, and commit {tracked}, params.yaml, dvc.yaml and what it changes.",
    ]
    if NOWHERE in read_text(tracked):
        lines.append(
            f"There is no DVC remote `{REMOTE}`, so the file stays on this machine. To keep it "
            f"elsewhere: `dvc remote add {REMOTE} PLACE`, and in {tracked} `remote: {REMOTE}` for "
            f"`{NOWHERE}`."
        )
    return lines


def _has_private_remote() -> bool:
    return any(line.split()[:1] == [REMOTE] for line in dvc("remote", "list").split("\n"))


def undo() -> bool:
    """Put back what an addition that did not end has left. True where there was one."""
    if not JOURNAL.exists():
        return False
    step = f"undo what `git status` shows of it, then `rm {JOURNAL}`"
    with reading(JOURNAL, step):
        begun = json.loads(JOURNAL.read_text(encoding="utf-8"))
        target = Path(begun["target"])
    if read_text(PARAMS) != begun["params"]:
        if read_text(PIPELINE) == begun["written"]:
            write_text(PIPELINE, begun["pipeline"])
        _remove(target)
        _remove(target.with_name(f".{target.name}.partial"))
        target.with_name(target.name + ".dvc").unlink(missing_ok=True)
    JOURNAL.unlink()
    return True


def _copy(origin: Path | bytes, target: Path) -> None:
    """For its owner alone to read, under a name that no stage takes for whole until it is."""
    if isinstance(origin, bytes) or not origin.is_dir():
        write_bytes(target, origin if isinstance(origin, bytes) else origin.read_bytes(), 0o600)
        return
    with fresh_folder(target, 0o700) as folder:
        shutil.copytree(origin, folder, copy_function=shutil.copyfile, dirs_exist_ok=True)
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o700 if path.is_dir() else 0o600)


def _only_to_private(target: Path, tracked: Path) -> None:
    """Say in the .dvc file where `dvc push` may take raw texts: to the private remote, or, where
    there is none, nowhere. (A remote that is not set up would stop all of DVC's commands.) DVC
    keeps the line when it tracks the file: so at no moment may a push take it elsewhere."""
    where = f"remote: {REMOTE}" if _has_private_remote() else NOWHERE
    tracked.parent.mkdir(parents=True, exist_ok=True)
    write_text(tracked, f"outs:\n- path: {json.dumps(target.name)}\n  {where}\n")


def dvc(*arguments: str) -> str:
    """Return what a DVC command prints. Raises SeedbedError with its error where it fails; so it
    must not run with --quiet, which leaves that out."""
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip() or "it failed").split("\n")
        errors = [line for line in lines if line.startswith("ERROR: ")]
        found = [*lines[-1:], *errors][-1].removeprefix("ERROR: ")
        found = found.removeprefix("unexpected error - ")[:CLIP]
        client = NO_CLIENT.search(found)
        step = f"`pip install -c requirements.lock {client[1]}`, and again" if client else ""
        step = "; ".join(["nothing was changed", *([step] if step else [])])
        raise SeedbedError(f"dvc {arguments[0]}", found, "success", step)
    return done.stdout


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def with_source(params: str, entry: Entry) -> str:
    """params.yaml with one more entry at the end of `sources`. Raises SeedbedError."""
    return _with_item(PARAMS, params, ("sources",), entry)


def with_dep(pipeline: str, path: str) -> str:
    """dvc.yaml with one more path among what stage collect reads. Raises SeedbedError."""
    if path in _loaded(pipeline)["stages"]["collect"]["deps"]:
        return pipeline
    return _with_item(PIPELINE, pipeline, ("stages", "collect", "deps"), path)


def _with_item(file: Path, text: str, keys: tuple[str, ...], item: Entry | str) -> str:
    """The text of a YAML file with an item at the end of the list at `keys`."""
    error = SeedbedError(
        ": ".join([file.name, *keys]),
        "not a list in block style, one item a line",
        "`- ` before each item",
        "write it so, or add the new one by hand",
    )
    items = YAML().compose(text)
    for key in keys:
        pairs = items.value if isinstance(items, MappingNode) else []
        items = next((value for name, value in pairs if name.value == key), None)
    is_empty = isinstance(items, ScalarNode) and items.value in NOTHING
    if isinstance(items, SequenceNode):
        is_empty = items.flow_style and not items.value
    if not (is_empty or (isinstance(items, SequenceNode) and not items.flow_style)):
        raise error
    lines = text.split("\n")
    start, end = items.start_mark, items.end_mark
    if is_empty:  # an empty list, `[]`, or nothing at all
        line = lines[start.line]
        after, dash = start.line, _indent(line) + 2
        lines[after] = (line[: start.column] + line[end.column :]).rstrip()
    else:
        after, dash = _last_line(items, lines, start.column), start.column
    lines[after + 1 : after + 1] = _item_lines(item, dash)
    written = "\n".join(lines)
    expected = _loaded(text)
    holder = reduce(getitem, keys[:-1], expected)
    holder[keys[-1]] = [*(holder[keys[-1]] or []), item]
    if _loaded(written) != expected:
        raise error
    return written


def _loaded(text: str) -> Any:
    return YAML(typ="safe").load(text)


def _item_lines(item: Entry | str, dash: int) -> list[str]:
    # "safe" writes nothing as `null`, so that a label that is dropped does not look forgotten.
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.width = 10_000  # a long value stays on its line
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.sort_base_mapping_type_on_output = False  # made with what stands above
    buffer = io.StringIO()
    yaml.dump([item], buffer)
    lines = [line[2:] for line in buffer.getvalue().rstrip("\n").split("\n")]
    return [" " * dash + line for line in lines]


def _last_line(items: SequenceNode, lines: list[str], dash: int) -> int:
    """The last line that belongs to a block list: of its last value, and comments that stand
    deeper than its dashes."""
    end = items.end_mark  # where the next key begins, or the file ends
    last = end.line if lines[end.line][: end.column].strip() else end.line - 1
    while not (line := lines[last].strip()) or (line[0] == "#" and _indent(lines[last]) <= dash):
        last -= 1
    return last


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
