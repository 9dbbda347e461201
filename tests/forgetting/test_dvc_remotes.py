"""Objects in DVC's remotes are found and purged, and a remote that cannot be is told."""

import hashlib
import io
import shutil
import warnings
import zipfile
from pathlib import Path

import pytest
from conftest import copy_project, yaml
from dvc.repo import Repo
from dvc_data.hashfile.db.local import LocalHashFileDB
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.errors import SeedbedError
from seedbed.core.rows import read_rows
from seedbed.forgetting.dvc_stores import RemoteObject, read_stores
from stages import collect

VALUE = "Jane Planted"
TICKETS = """key,text,label
t1,The parcel came late and the box was open.,post
t2,Tell jane planted that the letter never came.,post
t3,My card was refused at the counter twice.,bank
"""
OLD_FILES = {
    "old.csv": b"text,label\nJane Planted asked where her parcel was.,post\n",
    "older.csv": b"text,label\nAn answer to JANE  PLANTED and nobody else.,post\n",
    "other.csv": b"text,label\nJanet Plantedly asked where her parcel was.,post\n",
}
OLD_FOLDER = {"one.txt": b"Dear Jane Planted,\n", "two.txt": b"Dear madam or sir,\n"}


@pytest.fixture(scope="module")
def pushed(tmp_path_factory) -> Path:
    """A folder with a project, and beside it the remote that its old versions were pushed to."""
    folder = tmp_path_factory.mktemp("pushed")
    project, remote = folder / "project", folder / "secret-place"
    for one in (project, remote):
        one.mkdir()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(project)
        monkeypatch.delenv("SEEDBED_PII_KEY", raising=False)
        copy_project(project)
        set_sources()
        collect.main()
        Repo.init(no_scm=True).close()
        add_remote("team", "../../secret-place")
        Path(".dvc/config.local").write_text("[core]\n    remote = team\n")
        push(OLD_FILES, OLD_FOLDER, rows=Path("data/collect/2026-01-tickets.parquet").read_bytes())
    return folder


@pytest.fixture
def project(pushed, tmp_path, monkeypatch) -> Path:
    """A copy of that project to work in; gives the remote."""
    for name in ("project", "secret-place"):
        shutil.copytree(pushed / name, tmp_path / name)
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.delenv("SEEDBED_PII_KEY", raising=False)
    return tmp_path / "secret-place"


def set_sources() -> None:
    Path("data/raw").mkdir(exist_ok=True)
    Path("data/raw/tickets.csv").write_text(TICKETS)
    params, pipeline = yaml.load(Path("params.yaml")), yaml.load(Path("dvc.yaml"))
    params["sources"] = [
        {"name": "tickets", "kind": "file", "path": "data/raw/tickets.csv", "licence": "CC0",
         "batch": "2026-01-tickets", "columns": {"id": "key", "text": "text", "label": "label"}}
    ]  # fmt: skip
    pipeline["stages"]["collect"]["deps"].append("data/raw/tickets.csv")
    yaml.dump(params, Path("params.yaml"))
    yaml.dump(pipeline, Path("dvc.yaml"))


def add_remote(name: str, url: str, more: str = "") -> None:
    """As `dvc remote add` does, which takes a second; a path is seen from the folder .dvc."""
    config = Path(".dvc/config")
    text = config.read_text()
    config.write_text(f"{text}['remote \"{name}\"']\n    url = {url}\n{more}")


def push(files: dict[str, bytes], folder: dict[str, bytes], rows: bytes) -> None:
    """Let DVC track and push files, which then go: old versions, in cache and remote alone."""
    every = {**files, **{f"old/{name}": one for name, one in folder.items()}, "old.parquet": rows}
    for name, content in every.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(content)
    with warnings.catch_warnings(), Repo() as repo:
        warnings.simplefilter("ignore")  # DVC calls what a library of its own has deprecated
        repo.add(sorted({name.split("/")[0] for name in every}))
        repo.push()
    for name in every:
        Path(name).unlink()
    for path in [*Path().glob("old*.dvc"), *Path().glob("other*.dvc")]:
        path.unlink()
    Path("old").rmdir()


def object_in(store: Path, content: bytes) -> Path:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return store / "files" / "md5" / md5[:2] / md5[2:]


def id_of(path: Path) -> str:
    return path.parent.name + path.name


def forget(*options: str, value: str = VALUE) -> str:
    """Run the command, the value on stdin; give what it printed."""
    done = CliRunner().invoke(app, ["forget", "--yes", *options], input=value)
    if done.exception:
        done.exception.add_note(done.output)
        raise done.exception
    return done.output


def contents(store: Path) -> dict[str, bytes]:
    return {id_of(path): path.read_bytes() for path in store.rglob("*") if path.is_file()}


HELD = [OLD_FILES["old.csv"], OLD_FILES["older.csv"], OLD_FOLDER["one.txt"]]
STAY = [OLD_FILES["other.csv"], OLD_FOLDER["two.txt"]]


def test_a_remote_is_listed_and_nothing_goes(project) -> None:
    rows = object_in(project, Path("data/collect/2026-01-tickets.parquet").read_bytes())
    before = contents(project)
    output = forget()
    assert "4 objects in the DVC remote team hold it: they stay" in output
    for path in [rows, *(object_in(project, content) for content in HELD)]:
        assert f"  {id_of(path)}\n" in output
    for content in STAY:
        assert id_of(object_in(project, content)) not in output
    assert contents(project) == before
    assert "secret-place" not in output


def test_purge_deletes_those_that_hold_it_and_no_other(project) -> None:
    before = contents(project)
    assert any(name.endswith(".dir") for name in before)
    output = forget("--purge")
    assert "4 objects in the DVC remote team hold it: they are deleted for good" in output
    left = contents(project)
    assert len(before) - len(left) == 4
    assert left.items() < before.items()
    assert all(object_in(project, content).exists() for content in STAY)
    assert not any(b"planted" in content.lower().split() for content in left.values())
    assert "secret-place" not in output


def test_dvc_pushes_again_what_was_purged(project) -> None:
    """DVC remembers the files of folders it has pushed; after a purge it must look again."""
    rows = Path("data/collect/2026-01-tickets.parquet").read_bytes()
    push(OLD_FILES, OLD_FOLDER, rows)
    forget("--purge")
    assert not any(object_in(project, content).exists() for content in HELD)
    push(OLD_FILES, OLD_FOLDER | {"three.txt": b"Dear all,\n"}, rows)
    assert all(object_in(project, content).exists() for content in HELD)


def test_an_object_that_only_the_remote_has_is_found(project) -> None:
    shutil.rmtree(".dvc/cache")
    output = forget("--purge")
    assert "0 objects in the DVC cache" in output
    assert not any(object_in(project, content).exists() for content in HELD)
    assert all(object_in(project, content).exists() for content in STAY)


def test_a_row_that_only_the_remote_has_is_forgotten_by_its_id(project) -> None:
    rows = read_rows(Path("data/collect")).set_index("text")["id"]
    row = rows["My card was refused at the counter twice."]
    raw = object_in(project, TICKETS.encode())
    raw.parent.mkdir(exist_ok=True)
    raw.write_bytes(TICKETS.encode())
    for folder in ("data/collect", ".dvc/cache"):
        shutil.rmtree(folder)
    Path("data/raw/tickets.csv").write_text(TICKETS.splitlines()[0] + "\nt9,A new text,post\n")
    forget("--id", row, "--purge")
    assert not raw.exists(), "its text stands in no Parquet file here, only in the remote"
    assert row in Path("data/tombstones.csv").read_text()
    assert all(object_in(project, content).exists() for content in [*HELD, *STAY])


def test_an_object_in_the_cache_is_not_read_from_the_remote_again(project, monkeypatch) -> None:
    only_there = object_in(Path(".dvc/cache"), OLD_FILES["old.csv"])
    only_there.unlink()
    damaged = object_in(Path(".dvc/cache"), OLD_FILES["older.csv"])
    damaged.unlink()
    damaged.write_bytes(b"not what its name says")
    read, reader = [], RemoteObject.read

    def spy(one: RemoteObject, size: int = -1) -> bytes:
        read.append(one.id)
        return reader(one, size)

    monkeypatch.setattr(RemoteObject, "read", spy)
    forget("--purge")
    assert set(read) == {id_of(only_there), id_of(damaged)}
    assert not any(object_in(project, content).exists() for content in HELD)


def test_every_remote_and_the_objects_of_older_dvc(project, tmp_path) -> None:
    second = tmp_path / "second"
    content = OLD_FILES["old.csv"]
    old = second / id_of(object_in(second, content))[:2] / object_in(second, content).name
    own = second / "ab" / "notes-of-Jane Planted.txt"
    for path in (old, own):
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    add_remote("archive", str(second))
    output = forget("--purge")
    assert "1 objects in the DVC remote archive hold it: they are deleted" in output
    assert "4 objects in the DVC remote team hold it: they are deleted" in output
    assert not old.exists()
    assert own.exists(), "no object of DVC's, so not for this command to delete"


def snapshot(folder: Path) -> dict[str, bytes]:
    skipped = ("tmp", ".git")
    return {
        file.as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and not set(skipped) & set(file.parts)
    }


def test_a_remote_out_of_reach_is_told_and_nothing_is_purged(project) -> None:
    add_remote("gone", "/nowhere/with-a-secret")
    before, there = snapshot(Path()), contents(project)
    with pytest.raises(SeedbedError, match=r"DVC remote gone: .*nothing was changed") as error:
        forget("--purge")
    assert "FileNotFoundError" in str(error.value)
    told = str(error.value) + "".join(error.value.__notes__)
    assert "with-a-secret" not in told
    assert "secret-place" not in told
    assert snapshot(Path()) == before
    assert contents(project) == there
    output = forget()
    assert "DVC remote gone may hold it still" in output
    assert "with-a-secret" not in output


def test_a_remote_whose_client_is_missing_or_that_cannot_list(project) -> None:
    add_remote("bucket", "s3://name:secret@bucket/path")
    add_remote("web", "https://name:secret@example.org/path")
    output = forget()
    assert "DVC remote bucket may hold it still: it cannot be reached" in output
    assert "DVC remote web may hold it still: https has no way to list" in output
    assert "secret" not in output


def test_an_object_that_cannot_be_read_is_told(project, monkeypatch) -> None:
    shutil.rmtree(".dvc/cache")
    reader, locked = RemoteObject.read, id_of(object_in(project, OLD_FILES["other.csv"]))

    def refuse(one: RemoteObject, size: int = -1) -> bytes:
        if one.id == locked:
            raise PermissionError("https://name:secret@place")
        return reader(one, size)

    monkeypatch.setattr(RemoteObject, "read", refuse)
    before = contents(project)
    message = r"DVC remote team: 1 of its 7 objects cannot be read \(PermissionError\)"
    with pytest.raises(SeedbedError, match=message) as error:
        forget("--purge")
    assert "name:secret" not in str(error.value) + "".join(error.value.__notes__)
    assert contents(project) == before


def test_an_object_that_cannot_be_deleted_is_told_and_all_else_is_done(
    project, monkeypatch
) -> None:
    stuck = id_of(object_in(project, OLD_FILES["old.csv"]))
    deleter = LocalHashFileDB.delete

    def refuse(store: LocalHashFileDB, one: str) -> None:
        if one == stuck:
            raise PermissionError("https://name:secret@place")
        deleter(store, one)

    monkeypatch.setattr(LocalHashFileDB, "delete", refuse)
    message = r"team: 1 of 4 objects could not be deleted \(PermissionError\): so it may hold"
    with pytest.raises(SeedbedError, match=message):
        forget("--purge")
    assert [object_in(project, content).exists() for content in HELD] == [True, False, False]
    assert "planted" not in Path("data/raw/tickets.csv").read_text()
    monkeypatch.setattr(LocalHashFileDB, "delete", deleter)
    forget("--purge")
    assert not object_in(project, OLD_FILES["old.csv"]).exists()


@pytest.mark.parametrize("kind", ["version_aware", "worktree"])
def test_a_remote_with_versions_by_name_is_told(project, tmp_path, kind: str) -> None:
    # A folder cannot keep versions; what counts here is what the configuration says.
    add_remote("versions", str(tmp_path / "versions"), f"    {kind} = true\n")
    assert [one.versioned for one in read_stores().remotes] == [False, True]
    assert "DVC remote versions keeps versions by file name" in forget()
    with pytest.raises(SeedbedError, match="DVC remote versions: it keeps versions .* not purged"):
        forget("--purge")
    assert not any(object_in(project, content).exists() for content in HELD)


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_zip_in_cache_or_remote_is_opened(project) -> None:
    sheet = b"<sst><si><t>wrote to Jane Planted &amp; son</t></si></sst>"
    held = zipped({"xl/sharedStrings.xml": sheet, "xl/workbook.xml": b"<workbook/>"})
    other = zipped({"xl/sharedStrings.xml": sheet.replace(b"Jane", b"Janet")})
    for content in (held, other):
        path = object_in(project, content)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    forget("--purge")
    assert not object_in(project, held).exists()
    assert object_in(project, other).exists()
