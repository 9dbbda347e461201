"""Files of the project that are damaged, cut short or edited by mistake, full disks and denied
writes: one paragraph each, which names the file, the line where it has any, and what brings it
back."""

import errno
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seedbed.arrivals import adding
from seedbed.arrivals.adding import add, undo
from seedbed.collecting.collection import check_declared
from seedbed.collecting.raw_rows import add_tombstones, read_tombstones
from seedbed.core.decisions import parse_decisions
from seedbed.core.edits import read_synonyms
from seedbed.core.errors import DamagedError, SeedbedError, of_the_machine, repair
from seedbed.core.files import read_csv, read_json
from seedbed.core.metrics import read_ledger
from seedbed.core.rows import COLUMNS, read_parquet
from seedbed.encoding.examples import read_datasets
from seedbed.encoding.vectors import read_vectors, write_vectors
from seedbed.merging.resolve import repaired
from seedbed.pipeline.dvc import cached_object, read_yaml
from seedbed.pipeline.freshness import freshness
from seedbed.private.staged import findings
from seedbed.pull_request.posting import post
from seedbed.running import memo
from seedbed.scoring.predictions import read_predictions
from seedbed.splitting.sides import read_frozen
from seedbed.tasks import class_task
from seedbed.versions import diff_texts
from seedbed.versions.revisions import Files

ONE, TWO = "0123456789abcdef", "fedcba9876543210"
LINES = {  # what stands below the header `id,digest`, and the line that is named
    "a quote that is not closed": (f'{ONE},{TWO}\n"{TWO},{ONE}\n{ONE},{ONE}\n', 3),
    "a space before an id": (f" {ONE},{TWO}\n", 2),
    "a line without its digest": (f"{ONE},{TWO}\n{TWO}\n", 3),
    "a cell too many": (f"{ONE},{TWO},{TWO}\n", 2),
    "conflict marks": (f"<<<<<<< HEAD\n{ONE},{TWO}\n=======\n{TWO},{ONE}\n>>>>>>> x\n", 2),
    "an id in capitals": (f"{ONE.upper()},{TWO}\n", 2),
    "an id that is too short": (f"{ONE[:15]},{TWO}\n", 2),
    "a text": (f"jane@example.com,{TWO}\n", 2),
    "a quote in a cell": (f'{ONE},"{TWO}"x\n', 2),
    "a cell beyond the reader's limit": (f"{'a' * 140_000},{TWO}\n", 2),
}


# A frozen row whose id is another stops the run where it is looked for, with its id.
IDS = (
    "an id in capitals", "an id that is too short", "a text", "a cell beyond the reader's limit",
)  # fmt: skip


@pytest.mark.parametrize(
    ("read", "kind"),
    [(read_tombstones, kind) for kind in LINES]
    + [(read_frozen, kind) for kind in LINES if kind not in IDS],
)
def test_a_line_that_is_not_as_it_was_written_is_never_skipped(tmp_path, kind, read):
    file = tmp_path / "lines.csv"
    content, line = LINES[kind]
    file.write_text(f"id,digest\n{content}", encoding="utf-8")
    with pytest.raises(DamagedError) as told:
        read(file)
    assert told.value.place == f"{file}:{line}", told.value
    assert len(str(told.value)) < 1000


@pytest.mark.parametrize(
    "content",
    [b"id,digest\n\xff\xfe,x\n", b"", b"digest\n", b"id,digest,more\n", b"\xef\xbb\xbfid,digest\n"],
)
@pytest.mark.parametrize("read", [read_tombstones, read_frozen])
def test_another_header_and_bytes_that_are_no_text_are_refused(tmp_path, content, read):
    file = tmp_path / "lines.csv"
    file.write_bytes(content)
    with pytest.raises(DamagedError, match=r"lines\.csv"):
        read(file)


def test_whole_lines_are_read_whatever_ends_them(tmp_path):
    file = tmp_path / "lines.csv"
    file.write_bytes(f"id,digest\r\n{ONE},{TWO}\r\n\r\n,{ONE}\r\n".encode())
    assert read_tombstones(file) == {ONE, TWO}
    add_tombstones([(TWO, ONE)], file)
    assert file.read_text() == f"id,digest\n,{ONE}\n{ONE},{TWO}\n{TWO},{ONE}\n"


def test_a_ledger_cut_short_is_refused(tmp_path):
    file = tmp_path / "clean.csv"
    file.write_text(f"id,reason,cause\n{ONE},too_short,\n{TWO},too_")
    with pytest.raises(DamagedError, match=r"clean\.csv:3: 2 cells"):
        read_ledger(file)


@pytest.mark.parametrize("line", ["[" * 100_000, '{"id": ' * 60_000, "{", '"x"', "[]", "1e999"])
def test_a_line_that_is_no_decision_is_named(line):
    with pytest.raises(SeedbedError, match=r"ann\.jsonl:2"):
        parse_decisions(f"\n{line}", "ann.jsonl")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory) -> Path:
    """Whole outputs of every kind that stages read, by their readers."""
    folder = tmp_path_factory.mktemp("outputs")
    rows = pd.DataFrame({"id": [ONE, TWO], "batch": "a"})
    write_vectors(folder / "vectors", rows, np.ones((2, 3), np.float32))
    (folder / "metrics.json").write_text('{"run": true}\n')
    (folder / "ledger.csv").write_text(f"id,reason,cause\n{ONE},too_short,\n")
    return folder


READERS = {
    "vectors/a.parquet": lambda folder: read_vectors(folder / "vectors", [ONE, TWO]),
    "metrics.json": lambda folder: read_json(folder / "metrics.json"),
    "ledger.csv": lambda folder: read_ledger(folder / "ledger.csv"),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("damage", ["empty", "half", "zeros", "removed", "folder"])
def test_a_damaged_output_is_one_paragraph_with_the_file_and_the_repair(
    outputs, tmp_path, name, damage
):
    folder = tmp_path / "outputs"
    shutil.copytree(outputs, folder)
    file = folder / name
    content = file.read_bytes()
    file.unlink()
    if damage == "folder":
        file.mkdir()
    elif damage != "removed":
        spoilt = {"empty": b"", "half": content[: len(content) // 2], "zeros": bytes(len(content))}
        file.write_bytes(spoilt[damage])
    if (name, damage) == ("ledger.csv", "half"):
        file.write_bytes(content[:-3])  # the half that ends with a line is whole
    with pytest.raises(SeedbedError) as told:
        READERS[name](folder)
    assert str(folder) in told.value.place
    assert "dvc repro" in told.value.next_step


@pytest.mark.parametrize(
    "read",
    [lambda folder: read_predictions(folder, class_task), read_datasets, read_parquet],
    ids=["predictions", "datasets", "parquet"],
)
def test_an_output_that_is_missing_is_told(tmp_path, read):
    with pytest.raises(SeedbedError, match="dvc repro"):
        read(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("path", "step"),
    [
        ("data/clean/a.parquet", "dvc repro"), ("reports/metrics/cv.json", "dvc repro"),
        ("models/full/runs.json", "dvc repro"), ("data/tombstones.csv", "git restore"),
        ("data/decisions/it's.jsonl", "git restore 'data/decisions/it'\"'\"'s.jsonl'"),
        ("data/frozen_test.csv", "git restore"), ("params.yaml", "git restore"),
        ("tests/model/cases.csv", "git restore"),
    ],
)  # fmt: skip
def test_what_no_stage_makes_comes_back_from_git(path, step):
    assert step in repair(Path(path))


def os_error(code: int) -> OSError:
    return OSError(code, __import__("os").strerror(code), "data/x")


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (os_error(errno.ENOSPC), "free some space"), (os_error(errno.EDQUOT), "free some space"),
        (os_error(errno.EACCES), "writable"), (os_error(errno.EROFS), "writable"),
        (os_error(errno.EMFILE), "ulimit"), (os_error(errno.ENAMETOOLONG), "shorter"),
        (os_error(errno.EIO), "disk"), (os_error(errno.ENOENT), "bring the file back"),
        (shutil.Error([("a", "b", "[Errno 28] No space left on device")]), "free some space"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "free some space"),
        (sqlite3.OperationalError("database or disk is full"), "free some space"),
        (sqlite3.OperationalError("disk I/O error"), "check the disk"),
        (MemoryError(), "larger machine"),
    ],
)  # fmt: skip
def test_the_machine_s_faults_are_one_paragraph(error, step):
    told = of_the_machine(error)
    assert told is not None
    assert step in told.next_step


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("y"), RuntimeError("z")])
def test_a_bug_keeps_its_traceback(error):
    assert of_the_machine(error) is None


PROGRAM = """
import resource, signal, sys
from pathlib import Path
from seedbed.core.files import write_text
from seedbed.core.stage import run
import psutil
def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    target = Path(sys.argv[1])
    write = target.write_text if target.exists() else lambda text: write_text(target, text)
    write("x" * 100_000)
    return "written"
run("collect", main)
"""


@pytest.mark.parametrize("target", ["/dev/full", "out/metrics.json"])
def test_a_full_disk_ends_a_stage_with_one_paragraph_and_no_half_file(tmp_path, target):
    """/dev/full, and a limit on the size of files, which is how a quota ends a write."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, target], cwd=tmp_path, capture_output=True,
        text=True, check=False,  # Python itself would leave half a module behind
        env={"PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().startswith("seedbed: collect: ")
    assert "free some space" in done.stderr
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


@pytest.mark.parametrize("place", [*range(0, 100, 7), 100, 120, 200])
def test_a_memo_with_a_flipped_byte_never_stops_a_run(tmp_path, monkeypatch, capsys, place):
    """Anywhere in SQLite's header and its table of tables."""
    monkeypatch.chdir(tmp_path)
    with memo.Store() as store:
        store.keep("clean", {b"key": b"value"})
    sqlite3.connect(memo.MEMO).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    content = bytearray(memo.MEMO.read_bytes())
    content[place] ^= 0xFF
    memo.MEMO.write_bytes(content)
    with memo.Store() as store:
        assert store.find([b"key"]).get(b"key", b"value") == b"value"
        store.keep("clean", {b"other": b"value"})
        store.stats()


NAMED = "CREATE TABLE results"


def test_a_memo_whose_message_is_no_text_never_stops_a_run(tmp_path, monkeypatch, capsys):
    """SQLite quotes a damaged name in its error, and Python fails to decode that."""
    monkeypatch.chdir(tmp_path)
    with memo.Store() as store:
        store.keep("clean", {b"key": b"value"})
    sqlite3.connect(memo.MEMO).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    content = memo.MEMO.read_bytes()
    assert NAMED.encode() in content
    memo.MEMO.write_bytes(content.replace(NAMED.encode(), b"CREATE TABLE \xffesults"))
    with memo.Store() as store:
        assert store.find([b"key"]) == {}
    assert "continuing without it" in capsys.readouterr().err
    memo.clear()
    with memo.Store() as store:
        store.keep("clean", {b"key": b"value"})
        assert store.find([b"key"]) == {b"key": b"value"}


def test_a_memo_that_is_a_folder_never_stops_a_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    memo.MEMO.mkdir(parents=True)
    with memo.Store() as store:
        assert store.find([b"key"]) == {}
    assert "continuing without it" in capsys.readouterr().err


def test_a_csv_of_any_header_is_read(tmp_path):
    file = tmp_path / "any.csv"
    file.write_text('a,b\n1,"x\ny"\n')
    assert read_csv(file) == [{"a": "1", "b": "x\ny"}]


@pytest.mark.parametrize("line", [f' "{ONE} ,{TWO}', f"'{ONE}'", f"{ONE};{TWO}", ONE.upper()])
def test_a_forgotten_row_stays_forgotten_in_a_version_whose_line_is_damaged(
    tmp_path, monkeypatch, line
):
    """`collect` refuses such a line; `diff` shows no text of the row all the same."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/tombstones.csv").write_text(f"id,digest\n{line}\n")
    found = diff_texts._forgotten(Files())
    assert any(ONE in cell for cell in found)


@pytest.mark.parametrize(
    ("lines", "place"),
    [(['a,"b', "c,d"], 2), (["a,b,c"], 2), (["a,b", "<<<<<<< HEAD", "c,d"], 3)],
)
def test_another_version_s_file_is_read_by_its_form(tmp_path, monkeypatch, lines, place):
    monkeypatch.chdir(tmp_path)
    Path("x.csv").write_text("\n".join(["id,cause", *lines]) + "\n")
    with pytest.raises(SeedbedError, match=rf"x\.csv:{place}"):
        Files().lines("x.csv", ["id", "cause"])


@pytest.mark.parametrize("name", ["dvc.yaml"])
def test_a_pipeline_that_is_no_text_is_one_paragraph(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(b"stages:\n  \xff\xfe: 1\n")
    with pytest.raises(SeedbedError, match=r"dvc\.yaml: it cannot be read"):
        read_yaml(name)


NO_TEXT = b"\xff\xfe" + "é".encode("utf-16-le")
FROM_GIT, SPOILT = "git restore", "it cannot be read (UnicodeDecodeError"
READS = {  # what reads a file that is no UTF-8, the file, and what brings it back
    "a lock": ("dvc.lock", lambda: freshness(), FROM_GIT),
    "a union of decisions": ("data/decisions/ann.jsonl", lambda: repaired(UNION), FROM_GIT),
    "a frozen test": ("data/frozen_test.csv", lambda: repaired("data/frozen_test.csv"), FROM_GIT),
    "a report": ("page.md", lambda: post(Path("page.md"), 1, "a/b"), "seedbed pr-report"),
    "what the scan allows": (".seedbed-allow", lambda: list(findings([])), FROM_GIT),
    "a pipeline to add to": ("dvc.yaml", lambda: add(b"x", Path("data/raw/x"), "", ""), FROM_GIT),
    "a journal": (".seedbed/adding.json", undo, "rm .seedbed/adding.json"),
    "WordNet": ("wordnet/data.noun", lambda: read_synonyms(Path("wordnet")), "install WordNet"),
    "a pipeline": ("dvc.yaml", lambda: check_declared([]), FROM_GIT),
}
UNION = "data/decisions/ann.jsonl"


@pytest.fixture
def copied(new_project, tmp_path, monkeypatch) -> Path:
    """The files of a project that never ran, and WordNet's."""
    for file in ("params.yaml", "dvc.yaml"):
        shutil.copy(new_project.folder / file, tmp_path / file)
    for folder in ("data/decisions", ".seedbed", "wordnet"):
        (tmp_path / folder).mkdir(parents=True)
    for part in ("noun", "verb", "adj", "adv"):
        (tmp_path / f"wordnet/data.{part}").write_text("  1 licence\n1 2 n 02 car 0 auto 0 000\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("case", READS)
def test_a_file_of_people_that_is_no_utf_8_is_one_paragraph(copied, case):
    name, read, step = READS[case]
    Path(name).write_bytes(NO_TEXT)
    with pytest.raises(SeedbedError) as error:
        read()
    assert error.value.place == name
    assert error.value.found.startswith(SPOILT)
    assert step in error.value.next_step


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"target": 1}'])
def test_a_journal_that_is_not_as_it_was_written_is_one_paragraph(copied, content):
    Path(".seedbed/adding.json").write_text(content)
    with pytest.raises(DamagedError, match=r"rm \.seedbed/adding\.json"):
        undo()


@pytest.mark.parametrize("line", ["1 2 n", "1 2 n zz car 0 auto 0 000"])
def test_a_line_of_wordnet_cut_short_is_one_paragraph(copied, line):
    assert read_synonyms(Path("wordnet")) == {"auto": ["car"], "car": ["auto"]}
    Path("wordnet/data.verb").write_text(f"{line}\n")
    with pytest.raises(DamagedError, match=r"wordnet/data\.verb: .*install WordNet"):
        read_synonyms(Path("wordnet"))


@pytest.mark.parametrize("case", [name for name in READS if name != "a journal"])
def test_a_file_that_may_not_be_read_is_one_paragraph(copied, monkeypatch, case):
    name, read, _ = READS[case]
    Path(name).touch()

    def denied(path: Path, **_: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", denied)
    with pytest.raises((SeedbedError, PermissionError)) as error:
        read()
    told = error.value if isinstance(error.value, SeedbedError) else of_the_machine(error.value)
    assert told is not None
    assert "ermission denied" in str(told)


def test_a_listing_of_dvc_s_cache_cut_short_is_one_paragraph(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    locked = "{cmd: x, outs: [{path: data/split, md5: 0123.dir}]}"
    Path("dvc.lock").write_text(f"schema: '2.0'\nstages: {{split: {locked}}}\n")
    listing = cached_object("0123.dir")
    listing.parent.mkdir(parents=True)
    for content in ('[{"md5": "', "[{}]", "1"):
        listing.write_text(content)
        with pytest.raises(DamagedError, match="dvc fetch"):
            Files().parquet("split")


def test_a_tombstone_of_nobody_is_refused(tmp_path):
    """A line with a comma alone is of the form of its cells, and would forget nobody."""
    file = tmp_path / "lines.csv"
    file.write_text(f"id,digest\n{ONE},\n\n,\n", encoding="utf-8")
    with pytest.raises(DamagedError) as error:
        read_tombstones(file)
    assert error.value.place == f"{file}:4"
    file.write_text(f"id,digest\n{ONE},\n,{TWO}\n", encoding="utf-8")
    assert read_tombstones(file) == {ONE, TWO}


@pytest.mark.parametrize("path", COLUMNS)
def test_a_table_of_a_stage_with_another_header_is_one_paragraph(tmp_path, path):
    """A column renamed by hand or by a spreadsheet was a KeyError, or read as nothing."""
    file, columns = tmp_path / "table.csv", COLUMNS[path]
    file.write_text(f"{','.join(columns)}\n")
    assert read_csv(file, columns) == []
    for other in ([*columns[:-1], "other"], columns[1:], [*columns, "more"]):
        file.write_text(f"{','.join(other)}\n{','.join('1' for _ in other)}\n")
        with pytest.raises(DamagedError, match=r"table\.csv:1: the header"):
            read_csv(file, columns)


def test_dvc_that_fails_while_a_batch_is_added_stops_the_addition(copied, monkeypatch):
    """A write that is denied to `dvc remote list` counted as a project without remotes."""
    failed = subprocess.CompletedProcess([], 255, "", "ERROR: x\nERROR: [Errno 13] denied\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(SeedbedError, match=r"dvc remote: \[Errno 13\] denied"):
        adding._has_private_remote()
