"""`seedbed add` of files as people bring them: read as they are written, told where that is
a guess, refused with the option that helps, and read the same way by collect."""

import gzip
import shutil
from pathlib import Path

import pytest
from conftest import yaml
from typer.testing import CliRunner
from workbooks import xlsx

from seedbed.arrivals import adding
from seedbed.cli import app
from seedbed.core.errors import SeedbedError
from seedbed.core.rows import read_rows
from stages import collect

# Texts that are in no other row, in scripts with encodings of their own.
CHINESE = ["昨天夜里山上下了一场大雪，道路都封了", "把面团放在温暖的地方发酵一个小时"]
RUSSIAN = [
    "Вчера ночью в горах выпал снег и дороги закрыли",
    "Оставьте тесто в тёплом месте на час",
]
GERMAN = [
    "Über Nacht fiel Schnee auf die Höhen und Wälder",
    "Den Teig für eine Stunde zugedeckt ruhen",
]
LABELS = ["weather", "cooking"]


@pytest.fixture(autouse=True)
def _no_dvc(monkeypatch):
    def dvc(command: str, *arguments: str) -> None:
        target = Path(arguments[-1])
        if command in ("get-url", "import-url"):
            shutil.copy(arguments[-2], target)
        if command in ("add", "import-url"):
            file = target.with_name(target.name + ".dvc")
            file.write_text(f"outs:\n- path: x\n  path: {target.name}\n")

    monkeypatch.setattr(adding, "dvc", dvc)
    monkeypatch.setattr(adding, "_has_private_remote", lambda: False)


def lines(texts: list[str], separator: str = ",") -> str:
    rows = [f"text{separator}label", *map(separator.join, zip(texts, LABELS, strict=True))]
    return "".join(f"{row}\r\n" for row in rows)


def add(name: str, content: str | bytes, *arguments: str, source: str = "new") -> str:
    """What it prints; errors as they are."""
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    said = ["--source", source, "--licence", "CC0", "--yes", *arguments]
    done = CliRunner().invoke(app, ["add", name, *said])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def entries(source: str = "new") -> list[dict]:
    return [one for one in yaml.load(Path("params.yaml"))["sources"] if one["name"] == source]


def collected(source: str = "new") -> set[str]:
    collect.main()
    rows = read_rows(Path("data/collect"))
    return set(rows["text"][rows["source"] == source])


@pytest.mark.parametrize(
    ("texts", "encoding", "named"),
    [
        (CHINESE, "gbk", "gb18030"),
        (RUSSIAN, "windows-1251", "windows-1251"),
        (RUSSIAN, "koi8-r", "koi8-r"),
    ],
)
def test_an_encoding_that_has_to_be_said_is_named_said_and_kept(project, texts, encoding, named):
    content = lines(texts).encode(encoding)
    with pytest.raises(SeedbedError) as error:
        add("new.csv", content)
    assert f"`--encoding {named}` reads" in str(error.value)
    assert texts[0][:5] in str(error.value)
    assert not entries()
    told = add("new.csv", content, "--encoding", named)
    assert f"new.csv is {named}: " in told
    assert entries()[0]["encoding"] == named
    assert collected() == set(texts)
    assert f"is {named}: " in collect.main()


def test_a_western_encoding_is_told_by_add_and_kept_for_collect(project):
    told = add("new.csv", lines(GERMAN).encode("cp1252"))
    assert "new.csv is read as windows-1252, a guess: " in told
    assert "Höhen" in told
    assert "`--encoding`" in told
    assert entries()[0]["encoding"] == "windows-1252"
    assert collected() == set(GERMAN)
    assert "is windows-1252: Höhen" in collect.main()


def test_collect_refuses_an_entry_by_hand_whose_encoding_has_to_be_said(project):
    Path("data/raw/by_hand.csv").write_bytes(lines(RUSSIAN).encode("windows-1251"))
    params = yaml.load(Path("params.yaml"))
    one = {"name": "hand", "kind": "file", "path": "data/raw/by_hand.csv", "batch": "2026-02"}
    params["sources"].append({**one, "licence": "CC0"})
    yaml.dump(params, Path("params.yaml"))
    pipeline = Path("dvc.yaml").read_text()
    dep = "      - data/raw/rows.csv\n"
    Path("dvc.yaml").write_text(pipeline.replace(dep, dep + "      - data/raw/by_hand.csv\n", 1))
    with pytest.raises(SeedbedError, match="`--encoding windows-1251` .*`encoding` of the source"):
        collect.main()


def test_what_the_second_file_shows_wins_over_what_the_first_had(project):
    add("first.csv", lines(GERMAN, ";").encode("cp1252"))
    assert (entries()[0]["separator"], entries()[0]["encoding"]) == (";", "windows-1252")
    add("second.csv", lines(RUSSIAN))
    assert {"separator", "encoding"}.isdisjoint(entries()[1])
    assert collected() == {*GERMAN, *RUSSIAN}


def test_what_the_second_file_leaves_open_is_as_in_the_first(project):
    add("first.csv", lines(CHINESE).encode("gbk"), "--encoding", "gbk")
    second = [text[::-1] for text in CHINESE]
    told = add("second.csv", lines(second).encode("gbk"))
    assert "second.csv is gbk, as before" in told
    assert entries()[1]["encoding"] == "gbk"
    assert collected() == {*CHINESE, *second}
    add("third.txt", "weather\tSleet fell on the pass\ncooking\tStir the sauce\n", "--no-header",
        "--text-column", "2", "--label-column", "1", source="bare")  # fmt: skip
    add("fourth.txt", "weather\tHail hit the vineyards\ncooking\tRoast the nuts\n", source="bare")
    assert [one["header"] for one in entries("bare")] == [False, False]
    add("fifth.txt", "label\ttext\nweather\tA storm is near\ncooking\tPeel them\n", source="bare")
    assert "header" not in entries("bare")[2]
    assert entries("bare")[2]["columns"] == {"text": "text", "label": "label"}
    assert len(collected("bare")) == 6


def test_backslash_quotes_are_found_kept_and_can_be_said(project):
    content = (
        'text,label\n"The sign said \\"ice\\", so we turned back",weather\n'
        '"Write \\"soup\\", then stir it",cooking\n'
    )
    told = add("new.csv", content)
    assert r'escape "\\" (`--escape`)' in told
    assert "No row goes to quarantine" in told
    assert entries()[0]["escape"] == "\\"
    assert 'The sign said "ice", so we turned back' in collected()
    with pytest.raises(SeedbedError, match="for 2 bad_quotes: .*`--escape` set how its lines"):
        add("other.csv", content.replace("soup", "rice"), "--escape", "", source="other")


def test_lines_of_json_in_a_file_called_json_are_lines(project):
    content = (
        '{"stars": 5.0, "text": "Frost covers the windows", "label": "weather"}\n'
        '{"stars": 1.0, "text": "Whisk the eggs for long", "label": "cooking"}\n'
    )
    assert "new.json holds JSON Lines" in add("new.json", content)
    assert entries()[0]["path"].endswith(".jsonl")
    assert len(collected()) == 2


def test_a_file_is_stored_under_an_ending_that_says_what_it_is(project):
    rain, soup = "A drizzle fell on the plains", "Grate the old cheese"
    table = f"text\tlabel\n{rain}\tweather\n{soup}\tcooking\n"
    told = add("new.csv", gzip.compress(table.encode()))
    assert "new.csv is packed as .gz, whatever its ending says" not in told  # .csv promises nothing
    assert entries()[0]["path"].endswith(".tsv.gz")
    assert collected() == {rain, soup}
    told = add("more.csv.gz", table.replace("old", "new").replace("plains", "hills"))
    assert "more.csv.gz is not packed, whatever its ending says" in told
    assert entries()[1]["path"].endswith(".tsv")


def test_a_sheet_is_stored_as_csv_so_that_a_row_can_be_taken_out(project):
    rows = [["text", "label", "n"], ["Fog, and more of it", "weather", 1.0], ["", "", ""],
            ["Salt the\nwater", "cooking", 2.5]]  # fmt: skip
    book = xlsx(Data=rows, Notes=[["see Data"]])
    with pytest.raises(SeedbedError, match="`--sheet Data` or `--sheet Notes`"):
        add("new.xlsx", book)
    add("new.xlsx", book, "--sheet", "Data", "--meta-column", "n")
    stored = Path(entries()[0]["path"])
    assert stored.suffix == ".csv"
    assert stored.read_text() == (
        'text,label,n\n"Fog, and more of it",weather,1\n"Salt the\nwater",cooking,2.5\n'
    )
    assert "sheet" not in entries()[0]
    assert collected() == {"Fog, and more of it", "Salt the\nwater"}


def test_a_workbook_of_a_url_stays_one_and_its_entry_names_the_sheet(project):
    rain, soup = "Fog in the lowlands again", "Poach an egg"
    book = xlsx(Data=[["text", "label"], [rain, "weather"], [soup, "cooking"]], Notes=[["a"]])
    Path("feed.xlsx").write_bytes(book)
    url = f"file://{Path('feed.xlsx').resolve()}"
    said = ["--source", "new", "--licence", "CC0", "--yes", "--sheet", "Data"]
    done = CliRunner().invoke(app, ["add", "--url", url, *said])
    assert done.exception is None
    assert entries()[0]["path"].endswith(".xlsx")
    assert entries()[0]["sheet"] == "Data"
    assert collected() == {rain, soup}


def test_a_file_without_a_header_has_a_line_to_paste(project):
    rain = "The clouds are gathering over all of us this evening"
    content = f"ham\t{rain}\nspam\tBoil the rice, then rest it\n"
    with pytest.raises(SeedbedError) as error:
        add("new.tsv", content)
    options = "--no-header --text-column 2 --label-column 1"
    assert f"`{options}`" in str(error.value)
    assert "gathering" not in str(error.value)
    told = add(
        "new.tsv", content, *options.split(), "--map", "ham=weather", "--map", "spam=cooking"
    )
    assert "2 rows would join" in told
    assert entries()[0]["header"] is False
    assert len(collected()) == 2


def test_another_sign_between_cells_is_an_option_that_is_named(project):
    content = "text^label\nThe wind turns to the north^weather\nDice an onion^cooking\n"
    with pytest.raises(SeedbedError, match="`--separator SIGN`"):
        add("new.csv", content)
    add("new.csv", content, "--separator", "^")
    assert entries()[0]["separator"] == "^"
    assert len(collected()) == 2


def test_a_usual_sign_that_was_said_is_kept_where_a_run_would_find_another(project):
    content = "text;more,label;more\nSleet; and ice,weather\nSugar; and spice,cooking\n"
    said = ["--separator", ",", "--text-column", "text;more", "--label-column", "label;more"]
    add("new.csv", content.replace("Sugar;", "Sugar"), *said, "--quote", '"', "--encoding", "utf-8")
    entry = entries()[0]
    assert (entry["separator"], entry["quote"], entry["encoding"]) == (",", '"', "utf-8")
    assert "escape" not in entry
    assert collected() == {"Sleet; and ice", "Sugar and spice"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--separator", "::"), "one character"),
        (("--encoding", "klingon"), "no encoding that Python has"),
    ],
)
def test_options_that_are_none_are_refused(project, arguments, message):
    assert message in " ".join(add("new.csv", lines(GERMAN), *arguments).split())


def test_text_files_of_a_folder_are_judged_one_by_one(project):
    for label, text in zip(LABELS, GERMAN, strict=True):
        Path("folder", label).mkdir(parents=True)
        Path("folder", label, "1.txt").write_bytes(text.encode("cp1252"))
    Path("folder/weather/2.txt").write_bytes(RUSSIAN[0].encode("koi8-r"))
    said = ["--source", "notes", "--licence", "CC0", "--yes"]
    done = CliRunner().invoke(app, ["add", "folder", *said])
    assert "for 1 bad_encoding: `--encoding`" in str(done.exception)
    Path("folder/weather/2.txt").unlink()
    done = CliRunner().invoke(app, ["add", "folder", *said])
    assert "folder/cooking/1.txt is read as windows-1252, a guess: für" in done.output
    assert collected("notes") == set(GERMAN)
