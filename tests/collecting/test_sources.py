"""The entries of `sources:` and the files behind them."""

import gzip
import sys
from pathlib import Path
from typing import Literal

import pytest
from ruamel.yaml import YAML

from seedbed.collecting import kinds
from seedbed.collecting.collection import parse_source, read_sources
from seedbed.collecting.kinds import KINDS
from seedbed.collecting.source import Source, table_files
from seedbed.core.errors import ParamsError, SourceError

CSV = "text,label\ngood film,pos\n"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def source(**fields) -> Source:
    entry = {
        "name": "films",
        "kind": "file",
        "path": "films.csv",
        "batch": "2026-11",
        "licence": "x",
    }
    return parse_source(entry | fields)


def refused(*entries: dict) -> str:
    entry = {"kind": "file", "path": "films.csv", "batch": "2026-11", "licence": "x"}
    named = [{"name": "films"} | entry | fields for fields in entries]
    with Path("params.yaml").open("w") as file:
        YAML().dump({"sources": named}, file)
    with pytest.raises(ParamsError) as error:
        read_sources()
    return str(error.value)


def write(path: str, content: str | bytes) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content.encode() if isinstance(content, str) else content)


def test_sources_stand_in_the_order_of_batch_and_name() -> None:
    Path("params.yaml").write_text(
        """
sources:
  - {name: b, kind: file, path: b.csv, batch: 2026-11, licence: x}
  - {name: z, kind: file, path: z.csv, batch: 2025-01-02, licence: x, date: 2025-01-02}
  - {name: a, kind: file, path: a.csv, batch: 2026-11, licence: x,
     label_map: {'3': pos, 'true': null}}
"""
    )
    found = read_sources()
    assert [entry.name for entry in found] == ["z", "a", "b"]
    assert (found[0].batch, found[0].date) == ("2025-01-02", "2025-01-02")
    assert found[1].label_map == {"3": "pos", "true": None}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"batch": "films"}, "batch"),
        ({"batch": "2026-11/../x"}, "batch"),
        ({"date": "2026-13-01"}, "date"),
        ({"name": "a b"}, "name"),
        ({"licence": ""}, "licence"),
        ({"lable": "pos"}, "lable"),
        ({"encoding": "utf-9"}, "`utf-9`"),
        ({"separator": "||"}, "one character each"),
        ({"unlabelled": True, "label": "pos"}, "with a label or without"),
        ({"kind": "package"}, "import name and its version"),
        ({"kind": "huggingface", "path": "user/films", "revision": "main"}, "a branch moves"),
    ],
)
def test_what_a_source_may_not_say(fields: dict, message: str) -> None:
    assert message in refused(fields)


def test_two_sources_of_one_name_and_no_source() -> None:
    found = "two are called `films` with the batch 2026-11"
    assert found in refused({}, {"path": "other.csv"})
    assert "no source" in refused()


def test_a_file_a_glob_and_a_compressed_file() -> None:
    write("data/raw/b.csv.gz", gzip.compress(CSV.encode()))
    write("data/raw/a.csv", CSV)
    write("data/raw/a.csv.dvc", "outs: []")
    for path, files in [
        ("data/raw/a.csv", ["data/raw/a.csv"]),
        ("data/raw/*", ["data/raw/a.csv", "data/raw/b.csv.gz"]),
        ("data/**/*.gz", ["data/raw/b.csv.gz"]),
    ]:
        tables = list(source(path=path).tables())
        assert [table.file for table in tables] == files
        assert all(next(table.table.records).cells["text"] == "good film" for table in tables)
    assert len(tables[0].sha256) == 64


def test_a_file_whose_name_looks_like_a_glob() -> None:
    write("films[1].csv", CSV)
    assert table_files("films[1].csv", "") == [Path("films[1].csv")]


def test_mixed_encodings_across_files() -> None:
    write("raw/a.csv", "text,label\nsüß,pos\n".encode())
    write("raw/b.csv", "text,label\nsüß,pos\n".encode("latin-1"))
    write("raw/c.csv", "text,label\nsüß,pos\n".encode("utf-16"))
    tables = [table.table for table in source(path="raw/*.csv").tables()]
    assert [next(table.records).cells["text"] for table in tables] == ["süß"] * 3
    assert [table.encoding for table in tables] == ["utf-8", "windows-1252", "utf-16-le"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("none.csv", "no such file"),
        ("*.tsv", "no such file"),
        ("raw", "is a folder"),
        ("pulled.csv", "run `dvc pull pulled.csv`"),
    ],
)
def test_wrong_path(path: str, message: str) -> None:
    write("raw/a.csv", CSV)
    write("pulled.csv.dvc", "outs: []")
    with pytest.raises(SourceError, match=message):
        list(source(path=path).tables())


def test_text_folder() -> None:
    write("mails/spam/2.txt", "buy now")
    write("mails/ham/deep/1.txt.gz", gzip.compress(b"see you"))
    write("mails/ham/.hidden.txt", "x")
    write("mails/.git/x.txt", "x")
    write("mails/README.md", "x")
    write("mails/loose.txt", "no class")
    write("mails/ham/image.txt", bytes(range(256)) * 2)
    tables = list(source(kind="folder", path="mails").tables())
    assert [(table.file, table.table.records[0].cells) for table in tables] == [
        (
            "mails/ham/deep/1.txt.gz",
            {"text": "see you", "label": "ham", "path": "ham/deep/1.txt.gz"},
        ),
        ("mails/ham/image.txt", {}),
        ("mails/loose.txt", {"text": "no class", "label": None, "path": "loose.txt"}),
        ("mails/spam/2.txt", {"text": "buy now", "label": "spam", "path": "spam/2.txt"}),
    ]
    assert tables[1].table.records[0].reason == "not_text"


def test_text_folder_in_an_encoding_that_does_not_fit() -> None:
    write("mails/spam/1.txt", b"\xff")
    tables = list(source(kind="folder", path="mails", encoding="ascii").tables())
    assert tables[0].table.records[0].reason == "bad_encoding"


def test_empty_text_folder() -> None:
    Path("mails").mkdir()
    with pytest.raises(SourceError, match="no file matches"):
        list(source(kind="folder", path="mails").tables())
    with pytest.raises(SourceError, match="no such folder"):
        list(source(kind="folder", path="letters").tables())


def test_file_name_that_is_not_utf_8() -> None:
    Path("mails/spam").mkdir(parents=True)
    Path("mails/spam/caf\udce9.txt").write_text("buy now")
    [table] = source(kind="folder", path="mails").tables()
    assert table.file == "mails/spam/caf\\xe9.txt"


@pytest.fixture
def _package(tmp_path, monkeypatch) -> None:
    write("site/filmdata/__init__.py", "raise RuntimeError('code of the package was run')")
    write("site/filmdata/data/pos/1.txt", "good film")
    write("site/filmdata/all.csv", CSV)
    write("site/film_data-2.0.dist-info/METADATA", "Name: film-data\nVersion: 2.0\n")
    write("site/film_data-2.0.dist-info/top_level.txt", "filmdata\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])


@pytest.mark.usefixtures("_package")
def test_package_is_read_without_running_its_code() -> None:
    package = {"kind": "package", "package": "filmdata", "version": "2.0"}
    [folder] = source(**package, path="data").tables()
    assert folder.file == "filmdata/data/pos/1.txt"
    assert folder.table.records[0].cells["label"] == "pos"
    [table] = source(**package, path="all.csv").tables()
    assert (table.file, table.table.columns) == ("filmdata/all.csv", ["text", "label"])
    assert "filmdata" not in sys.modules


@pytest.mark.usefixtures("_package")
def test_another_version_or_no_package() -> None:
    package = source(kind="package", package="filmdata", version="1.0", path="data")
    with pytest.raises(SourceError, match="version 2.0 is installed.*film-data==1.0"):
        list(package.tables())
    with pytest.raises(SourceError, match="`filmdata2` is not installed"):
        list(package.model_copy(update={"package": "filmdata2"}).tables())


def test_an_unknown_kind_names_the_kinds_and_the_nearest() -> None:
    with pytest.raises(ParamsError, match=r"kind: unknown name `flie`.*file, folder.*`file`"):
        source(kind="flie")


def test_a_key_of_another_kind_is_refused_by_name() -> None:
    with pytest.raises(ParamsError, match=r"sources: films.*unknown key `pattern`"):
        source(kind="file", pattern="*.csv")


def test_every_kind_is_a_file_of_its_folder_and_says_what_it_is() -> None:
    folder = Path(kinds.__file__).parent
    assert set(KINDS) == {file.stem for file in folder.glob("*.py")} - {"__init__"}
    for name, kind in KINDS.items():
        assert kind.about, name
        assert kind.model_fields["kind"].annotation == Literal[name]
