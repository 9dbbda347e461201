"""One person or one row is forgotten everywhere, and dropped if it ever comes again."""

import gzip
import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import Project, copy_project, yaml
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.errors import RowsError, SeedbedError
from seedbed.core.files import read_csv
from seedbed.core.metrics import read_ledger
from seedbed.core.rows import read_rows

DVC = [sys.executable, "-m", "dvc"]
VALUE = "Jane Planted"  # a name: no pattern of anonymize finds it, so it reaches every stage
BEFORE_SPLIT = ("collect", "clean", "anonymize", "apply_decisions", "deduplicate")
TICKETS = """key,author,text,label
t1,Ann Lee,The parcel came late and the box was open.,post
t2,JANE  PLANTED,Nobody told me when the letter would arrive.,post
t3,Bob,"Ask for ""Jane Planted"",
she knows about the lost parcel.",post
t4,Eve,My card was refused at the counter twice.,bank
t5,Bob,"The loan was paid back, and still they write to me.",bank
"""
MAILS = [
    {"text": "The bank closed my account without a word.", "label": "bank"},
    {"text": "I wrote to jane planted and got no answer.", "label": "bank", "to": {"name": VALUE}},
    {"text": "The stamp fell off on the way to the post office.", "label": "post"},
]
LETTERS = {
    "post/one.txt": "A postman rang and left no card at the door.",
    "post/two.txt": "Dear Jane&nbsp;Planted, your letter came back.",
    "bank/three.txt": "Interest was counted twice on this account.",
}
OTHER_SOURCES = [
    {"name": "mails", "kind": "file", "path": "data/raw/mails.jsonl", "batch": "2026-02-mails",
     "licence": "CC0", "columns": {"text": "text", "label": "label"}},
    {"name": "letters", "kind": "folder", "path": "data/raw/letters", "batch": "2026-03-letters",
     "licence": "CC0"},
]  # fmt: skip


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """Three sources with the planted name in six rows; the stages before split have run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEDBED_PII_KEY", raising=False)
    copy_project(tmp_path)
    write_raw()
    content = yaml.load(Path("params.yaml"))
    tickets = {"name": "tickets", "kind": "file", "path": "data/raw/tickets.csv",
               "batch": "2026-01-tickets", "licence": "CC0",
               "columns": {"id": "key", "text": "text", "label": "label"}}  # fmt: skip
    content["sources"] = [tickets, *OTHER_SOURCES]
    yaml.dump(content, Path("params.yaml"))
    pipeline = yaml.load(Path("dvc.yaml"))
    paths = [source["path"] for source in content["sources"]]
    pipeline["stages"]["collect"]["deps"] += paths
    yaml.dump(pipeline, Path("dvc.yaml"))
    run_stages()
    return tmp_path


def write_raw() -> None:
    raw = Path("data/raw")
    raw.mkdir(exist_ok=True)
    (raw / "tickets.csv").write_text(TICKETS)
    (raw / "mails.jsonl").write_text("".join(json.dumps(mail) + "\n" for mail in MAILS))
    for name, text in LETTERS.items():
        file = raw / "letters" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def run_stages() -> None:
    for name in BEFORE_SPLIT:
        importlib.import_module(f"stages.{name}").main()


def forget(*options: str, value: str = "") -> str:
    """Run the command, the value on stdin; give what it printed."""
    done = CliRunner().invoke(app, ["forget", "--yes", *options], input=value)
    if done.exception:
        raise done.exception
    return done.output


def holding(word: str) -> list[str]:
    """Files of the project, .git excepted, with the word in a cell or in their bytes."""
    found = []
    for file in Path().rglob("*"):
        if not file.is_file() or file.parts[0] == ".git":
            continue
        content = file.read_bytes()
        if file.suffix == ".parquet" or content[:4] == b"PAR1":
            content = pd.read_parquet(file).to_string(max_colwidth=None).encode()
        if (
            " ".join(word.split()).casefold()
            in " ".join(content.decode(errors="replace").split()).casefold()
        ):
            found.append(file.as_posix())
    return sorted(found)


def id_of(text: str) -> str:
    rows = read_rows(Path("data/collect"))
    return rows.loc[rows["text"].str.contains(text, regex=False), "id"].iloc[0]


def test_no_file_holds_the_value_and_no_other_row_is_lost(project) -> None:
    assert "data/deduplicate/2026-01-tickets.parquet" in holding(VALUE)
    others = set(read_rows(Path("data/collect"))["text"])
    output = forget(value=f"{VALUE}\n")
    assert holding(VALUE) == []
    run_stages()
    assert holding(VALUE) == []
    left = set(read_rows(Path("data/collect"))["text"])
    assert len(left) == 7
    assert left < others
    assert "jane" not in output.casefold()
    assert "`dvc repro`" in output.splitlines()[-1]


def test_what_stays_in_raw_files_stays_byte_for_byte(project) -> None:
    forget(value=VALUE)
    header, one, _, _, _, *rest = TICKETS.splitlines(keepends=True)
    assert Path("data/raw/tickets.csv").read_text() == "".join([header, one, *rest])
    mails = [json.loads(line) for line in Path("data/raw/mails.jsonl").read_text().splitlines()]
    assert mails == [MAILS[0], MAILS[2]]
    letters = sorted(file.name for file in Path("data/raw/letters").rglob("*.txt"))
    assert letters == ["one.txt", "three.txt"]


def test_the_tombstones_hold_hashes_alone(project) -> None:
    ids = {id_of("Nobody told me"), id_of("lost parcel"), id_of("got no answer"), id_of("&nbsp;")}
    forget(value=VALUE)
    lines = read_csv(Path("data/tombstones.csv"))
    assert {line["id"] for line in lines} == ids
    assert all(len(cell) == 16 and int(cell, 16) >= 0 for line in lines for cell in line.values())


def test_the_same_rows_coming_again_are_dropped_as_forgotten(project) -> None:
    forget(value=VALUE)
    write_raw()
    run_stages()
    drops = read_ledger(Path("data/ledger/collect.csv"))
    assert {drop.reason for drop in drops} == {"forgotten"}
    assert {drop.id for drop in drops} == {
        line["id"] for line in read_csv(Path("data/tombstones.csv"))
    }
    assert len(read_rows(Path("data/collect"))) == 7


def test_the_same_text_under_another_key_is_dropped_too(project) -> None:
    forget("--id", id_of("refused at the counter"))
    assert "refused" not in Path("data/raw/tickets.csv").read_text()
    write_raw()
    Path("data/raw/tickets.csv").write_text(TICKETS.replace("t4,", "t99,"))
    run_stages()
    reasons = [drop.reason for drop in read_ledger(Path("data/ledger/collect.csv"))]
    assert reasons == ["forgotten"]
    assert holding("refused at the counter") == ["data/raw/tickets.csv"]


def test_one_row_by_its_id_leaves_the_others(project) -> None:
    forget("--id", id_of("refused at the counter"))
    run_stages()
    assert len(read_rows(Path("data/collect"))) == 10
    assert holding("refused at the counter") == []
    assert holding(VALUE) != []


def test_decisions_frozen_test_and_memo(project) -> None:
    rows = read_rows(Path("data/collect")).set_index("id")
    gone, stays = id_of("got no answer"), id_of("refused at the counter")
    lines = [
        json.dumps({"id": one, "digest": rows.loc[one, "digest"], "given": "bank",
                    "decided": "bank", "who": "ann", "when": "2026-11-23",
                    "note": "U+2028 ends no line:\u2028it stays"}, ensure_ascii=False)
        for one in (gone, stays)
    ]  # fmt: skip
    Path("data/decisions/ann.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    frozen = [f"{one},{rows.loc[one, 'digest']}" for one in sorted((gone, stays))]
    Path("data/frozen_test.csv").write_text("\n".join(["id,digest", *frozen]) + "\n")
    Path(".seedbed").mkdir(exist_ok=True)
    Path(".seedbed/memo.sqlite").write_bytes(b"SQLite \0 Jane Planted")
    share = Path(".seedbed/shards/rows.clean_texts/0123/1-of-2")
    share.parent.mkdir(parents=True)
    share.write_bytes(b"{}\nJane Planted")
    forget(value=VALUE)
    assert Path("data/decisions/ann.jsonl").read_text(encoding="utf-8") == lines[1] + "\n"
    assert Path("data/frozen_test.csv").read_text() == (
        f"id,digest\n{stays},{rows.loc[stays, 'digest']}\n"
    )
    assert not Path(".seedbed/memo.sqlite").exists()
    assert not share.exists()


def cached(name: str, content: bytes) -> Path:
    path = Path(".dvc/cache/files/md5") / name[:2] / name[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def with_cache(project) -> dict[str, Path]:
    """Old versions in the DVC cache: three that hold the value, and one that does not."""
    remote = [*DVC, "remote", "add", "team", "/nowhere/team"]
    for command in (["git", "init", "-q"], [*DVC, "init", "-q"], remote):
        subprocess.run(command, check=True, capture_output=True)
    return {
        "rows": cached("aa01", Path("data/clean/2026-02-mails.parquet").read_bytes()),
        "packed": cached("bb02", gzip.compress(TICKETS.encode())),
        "arrow": cached("cc03", b"ARROW1\0\0" + bytes(range(32)) * 4 + VALUE.encode() + b"\0"),
        "other": cached("dd04", b"text,label\nJanet Plantedly wrote this,post\n"),
    }


def test_the_cache_is_listed_and_purged_only_when_told(with_cache) -> None:
    output = forget(value=VALUE)
    for name in ("rows", "packed", "arrow"):
        assert with_cache[name].as_posix() in output
        assert with_cache[name].exists()
    assert "DVC remote team may hold it still" in output
    assert "--purge" in output
    subprocess.run([*DVC, "remote", "remove", "team"], check=True, capture_output=True)
    output = forget("--purge", value=VALUE)
    assert [name for name, path in with_cache.items() if path.exists()] == ["other"]
    assert holding(VALUE) == []


def test_a_row_forgotten_by_its_id_is_found_in_old_versions(with_cache) -> None:
    row = id_of("The stamp fell off")
    vectors = pd.DataFrame({"id": [row], "vector": [[0.1, 0.2]]})
    vectors.to_parquet("vectors.parquet")
    old = cached("ee05", Path("vectors.parquet").read_bytes())
    Path("vectors.parquet").unlink()
    raw = cached("ff06", Path("data/raw/mails.jsonl").read_bytes())
    subprocess.run([*DVC, "remote", "remove", "team"], check=True, capture_output=True)
    forget("--id", row, "--purge")
    gone = {with_cache["rows"], old, raw}
    assert not any(path.exists() for path in gone)
    assert with_cache["packed"].exists()


def snapshot() -> dict[str, bytes]:
    return {file.as_posix(): file.read_bytes() for file in Path().rglob("*") if file.is_file()}


def test_a_file_it_cannot_edit_is_named_before_anything_changes(project) -> None:
    Path("data/raw/book.xlsx").write_bytes(b"PK\x03\x04" + bytes(range(9)) * 30)
    before = snapshot()
    with pytest.raises(SeedbedError, match=r"data/raw/book.xlsx: a format .* nothing was changed"):
        forget(value=VALUE)
    assert snapshot() == before


def test_nothing_changes_without_a_yes(project) -> None:
    before = snapshot()
    row = id_of("refused at the counter")
    done = CliRunner().invoke(app, ["forget", "--id", row], input="n\n")
    assert done.exit_code == 1
    assert "data/raw/tickets.csv: 1 rows" in done.output
    assert snapshot() == before
    with pytest.raises(SeedbedError, match="add `--yes`"):
        raise CliRunner().invoke(app, ["forget"], input=VALUE).exception
    assert snapshot() == before


@pytest.mark.parametrize(
    ("value", "message"), [("Jan", "too short"), ("Nobody Here", "the value: not in")]
)
def test_a_value_that_names_nobody(project, value: str, message: str) -> None:
    before = snapshot()
    with pytest.raises(SeedbedError, match=message) as error:
        forget(value=value)
    assert "Nobody Here" not in str(error.value)
    assert snapshot() == before


def test_a_row_of_a_package_is_dropped_by_its_tombstone_alone(project, monkeypatch) -> None:
    package = project / "site" / "old_letters"
    shutil.copytree("data/raw/letters", package / "texts")
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(project / "site"))
    monkeypatch.setattr("importlib.metadata.packages_distributions", lambda: {"old_letters": ["o"]})
    monkeypatch.setattr("importlib.metadata.version", lambda _: "1.0")
    content = yaml.load(Path("params.yaml"))
    content["sources"][-1] = OTHER_SOURCES[1] | {
        "kind": "package", "package": "old_letters", "version": "1.0", "path": "texts"
    }  # fmt: skip
    yaml.dump(content, Path("params.yaml"))
    run_stages()
    row = id_of("A postman rang")
    output = forget("--id", row)
    assert "source letters: 1 rows stand where they cannot be edited" in output
    run_stages()
    assert [(drop.id, drop.reason) for drop in read_ledger(Path("data/ledger/collect.csv"))] == [
        (row, "forgotten")
    ]


def test_collect_without_tombstones_is_refused(project) -> None:
    Path("data/tombstones.csv").unlink()
    with pytest.raises(RowsError, match=r"data/tombstones.csv: no such file"):
        run_stages()


def test_dvc_repro_after_forgetting_and_purging(example, tmp_path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(example.folder, folder)
    project = Project(folder, tmp_path / "trace.tsv")
    rows = read_rows(folder / "data/collect").set_index("id")
    row = rows.index[rows["text"].str.contains("storm.watch", regex=False)][0]
    done = project.run("python", "-m", "seedbed.cli", "forget", "--id", row, "--purge", "--yes")
    assert done.returncode == 0, done.stderr
    assert "storm.watch" not in done.stdout
    again = project.run("dvc", "repro", "deduplicate")
    assert again.returncode == 0, again.stderr
    assert len(read_rows(folder / "data/collect")) == len(rows) - 1
    files = [*(folder / "data").rglob("*"), *(folder / ".dvc/cache").rglob("*")]
    tables = [file for file in files if file.is_file() and file.read_bytes()[:4] == b"PAR1"]
    assert len(tables) > 5
    for file in tables:
        assert row not in set(pd.read_parquet(file)["id"]), file
    texts = [file for file in files if file.is_file() and file not in tables]
    assert not [file for file in texts if b"storm.watch" in file.read_bytes()]
