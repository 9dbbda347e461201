"""`seedbed add`: what it tells of a batch, what it refuses, and what it leaves behind."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import yaml
from typer.testing import CliRunner

from seedbed.arrivals import adding
from seedbed.cli import app
from seedbed.collecting.raw_rows import add_tombstones
from seedbed.core.errors import SeedbedError
from seedbed.core.files import PUBLIC_KEY, keyed_hash, read_csv
from seedbed.core.rows import read_rows
from stages import anonymize, apply_decisions, clean, collect, deduplicate, split

HEADER = "key,text,label\n"
RAIN = "The rain stopped and a rainbow stood over the hills.,weather\n"
SOUP = "Serve the soup with bread and a little parsley.,cooking\n"


def add(*arguments: str, text: str = "") -> str:
    """What it prints; errors as they are."""
    if text:
        Path("new.csv").write_text(text)
        arguments = ("new.csv", *arguments)
    done = CliRunner().invoke(app, ["add", *arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def told(text: str, *arguments: str) -> str:
    return add("--dry-run", *arguments, text=text)


def refused(text: str, *arguments: str) -> str:
    before = changed_files()
    with pytest.raises(SeedbedError) as error:
        add("--yes", *arguments, text=text)
    assert changed_files() == before
    return str(error.value)


def changed_files() -> dict[str, bytes]:
    names = [*Path("data/raw").glob("*"), Path("params.yaml"), Path("dvc.yaml")]
    return {str(name): name.read_bytes() for name in names if name.is_file()}


def id_of(key: str) -> str:
    return keyed_hash(PUBLIC_KEY, "key", "letters", key)


@pytest.fixture
def no_dvc(monkeypatch):
    """DVC's part done by hand: the command itself has a test of its own."""

    def dvc(command: str, *arguments: str) -> None:
        target = Path(arguments[-1])
        if command == "commit":
            return
        if command == "get-url":
            shutil.copy(arguments[-2], target)
            return
        if command == "import-url":
            shutil.copy(arguments[-2], target)
        target.with_name(target.name + ".dvc").write_text(
            f"outs:\n- path: x\n  path: {target.name}\n"
        )

    monkeypatch.setattr(adding, "dvc", dvc)
    monkeypatch.setattr(adding, "_has_private_remote", lambda: False)
    monkeypatch.setattr("seedbed.arrivals.adding.dvc", dvc)


def test_a_dry_run_tells_everything_and_changes_nothing(project):
    before = changed_files()
    found = told(
        HEADER
        + "n1,Chop the onion and fry it slowly in butter.,cooking\n"
        + "n2,Rain is near; write to mia.wood@example.com for the forecast.,weather\n"
        + f"n3,{SOUP}"
        + "w1,Heavy rain is expected along the coast before noon.,weather\n"
        + "w2,The storm brought strong wind and broke four old trees.,weather\n"
        + "w3,Tomorrow will be sunny with a light breeze from the far west.,weather\n"
    )
    assert "6 rows of the source letters, batch 2" in found
    assert "id is `key`" in found
    assert "No row goes to quarantine" in found
    assert "1 row would be dropped: an earlier batch of its source has the same row" in found
    assert "1 row would be dropped: its text is a copy of another row's" in found
    assert f"{id_of('n1')} because of " in found
    assert "2 rows of the dataset would be replaced by a newer version" in found
    assert "Personal values would be replaced in 1 row: 1 email" in found
    assert "mia.wood" not in found
    assert "soup" not in found
    assert "none for cycling" in found
    assert "a classifier separates its texts" in found
    assert "Nothing was changed" in found
    assert changed_files() == before


def test_a_near_copy_is_told_with_the_row_that_it_is_near(project):
    near = "It has not rained for six weeks and the river is low we say.,weather\n"
    found = told(HEADER + f"n1,{near}n2,{RAIN}")
    assert "1 row would be dropped: its text is nearly that of another row" in found
    assert f"{id_of('n1')} because of {id_of('w10')}" in found


def test_a_near_copy_with_another_label_is_kept_and_told(project):
    row = "z1,Heavy rain is expected along the coast before noon today.,cooking\n"
    shown = told(HEADER + row)
    assert "1 pairs of near copies with two labels would be kept (deduplicate.near_conflict):" in (
        shown
    )
    assert f"{id_of('w1')} weather, {id_of('z1')} cooking" in shown


def test_what_it_says_is_what_the_run_then_does(project, no_dvc):
    text = HEADER + f"n1,{RAIN}n2,{SOUP}n3,Chop the onion and fry it slowly in butter.,cooking\n"
    text += "w2,The storm brought strong wind and broke four old trees.,weather\n"
    found = add("--yes", text=text)
    for stage in (collect, clean, anonymize, apply_decisions, deduplicate, split):
        stage.main()
    rows = read_rows(Path("data/split")).set_index("id")
    assert rows["batch"][id_of("n1")] == rows["batch"][id_of("w2")]
    assert id_of("n3") not in rows.index
    assert "3 rows would join" in found
    for label in ("cooking", "weather"):
        there = int((rows["label"] == label).sum())
        assert f"-> {there} (" in next(line for line in found.splitlines() if label in line)


def test_an_unknown_label_is_refused_named_and_has_three_ways_out(project):
    text = HEADER + f"n1,{RAIN}n2,Sleet on the pass.,wether\nn3,Two goals late.,football\n"
    message = refused(text)
    assert (
        "2 rows with labels that the dataset has not: football (1), wether (1, near weather)"
        in message
    )
    assert "--map football=" in message
    assert "--new-label football" in message
    found = told(text, "--map", "wether=weather", "--map", "football=")
    assert "the label map of its source drops this label" in found
    found = told(text, "--map", "wether=weather", "--new-label", "football")
    assert "1 row would be dropped: its class has no row in train" in found


def test_rows_without_a_right_answer_are_a_source_of_their_own(project):
    text = "text,label\nMy printer will not connect.,out_of_scope\nSleet on the pass.,weather\n"
    assert "--negative in_domain" in refused(text, "--source", "odd", "--licence", "CC0")
    text = "text\nMy printer will not connect.\nHow do I renew a passport?\n"
    found = told(text, "--source", "odd", "--label", "out_of_scope", "--negative", "in_domain",
                 "--licence", "CC0")  # fmt: skip
    assert "2 rows of a new source, odd" in found
    assert "They are negatives" in found


def test_bad_rows_are_told_with_file_line_and_reason_and_too_many_refused(project):
    message = refused(HEADER + f"n1,{RAIN}n2,,weather\nn3,Fog in the valley.,\n")
    assert "2 of its 3 rows cannot be used" in message
    assert "new.csv:3 missing_text" in message
    assert "new.csv:4 missing_label" in message
    params = yaml.load(Path("params.yaml"))
    params["collect"]["max_quarantine_share"] = 0.5
    yaml.dump(params, Path("params.yaml"))
    found = told(HEADER + f"n1,{RAIN}n2,,weather\n")
    assert "1 row (50.0%) to quarantine:\n  new.csv:3 missing_text" in found


def test_a_row_that_was_forgotten_is_told(project):
    add_tombstones([(id_of("n1"), "")])
    found = told(HEADER + f"n1,{RAIN}n2,{SOUP}")
    assert "1 row would be dropped: it was forgotten on request, and arrived again" in found


def test_a_text_with_another_label_than_the_row_that_is_there_costs_both(project):
    found = told(
        HEADER + f"n1,Grate the cheese over the hot pasta and serve at once.,weather\nn2,{RAIN}"
    )
    assert "1 row would be dropped: another row has the same text with another label" in found
    assert "1 row OF THE DATASET would be dropped: another row has the same text" in found


def test_a_batch_older_than_what_is_there_is_told(project):
    found = told(HEADER + f"n1,{RAIN}", "--batch", "2025-01-letters")
    assert "100.0% of the dataset's rows are in younger batches" in found


def test_without_the_data_copies_are_found_by_what_git_holds(project):
    for name in ("collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split"):
        shutil.rmtree(f"data/{name}")
    manifest = read_csv(Path("data/manifest/2026-01-letters.csv"))
    assert id_of("w2") in {line["id"] for line in manifest}
    found = told(
        HEADER
        + f"n1,{RAIN}"
        + "n2,The storm brought strong wind and broke three old trees.,weather\n"
        + "w2,The storm brought strong wind and broke three old trees.,weather\n"
        + "w3,Tomorrow will be sunny with a light breeze from the far west.,weather\n"
    )
    assert f"{id_of('n2')} because of {id_of('w2')}" in found
    assert "an earlier batch of its source has the same row" in found
    assert f"replaced by a newer version in this batch: {id_of('w3')}" in found
    assert "`dvc pull` first" in found


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--batch", "2026-01-letters"), "it is in the last dataset already"),
        (("--source", "calls"), "the licence is missing"),
        (("--batch", "november"), "batch"),
        (("--source", "letters", "--id-column", "nowhere"), "no column `nowhere`"),
        (("--new-label", "snow", "--map", "weather"), None),
    ],
)
def test_what_is_refused(project, arguments, message):
    text = HEADER + f"n1,{RAIN}"
    if message:
        assert message in refused(text, *arguments)
    else:
        assert "OLD=NEW" in add(*arguments, text=text)


def test_a_batch_of_a_source_with_keys_must_have_them(project):
    Path("folder/weather").mkdir(parents=True)
    Path("folder/weather/1.txt").write_text("Hoar frost on the meadow.")
    with pytest.raises(SeedbedError, match="has keys, `key`, and this one none"):
        add("folder", "--yes", "--source", "letters")
    assert "no column `key`" in refused("text,label\n" + RAIN, "--source", "letters")


def test_other_kinds_of_files(project, no_dvc):
    lines = [json.dumps({"key": "j1", "text": "Sleet fell on the upper pass.", "label": "weather"})]
    Path("new.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    add("new.jsonl.gz", "--yes", "--batch", "2026-11-json")
    assert Path("data/raw/2026-11-json.jsonl.gz").exists()
    table = pa.table({"key": ["p1"], "text": ["Knead the dough again."], "label": ["cooking"]})
    pq.write_table(table, "new.parquet")
    add("new.parquet", "--yes", "--batch", "2026-11-parquet")
    Path("folder/weather").mkdir(parents=True)
    Path("folder/weather/1.txt").write_text("Hoar frost on the meadow.")
    add("folder", "--yes", "--source", "notes", "--licence", "x", "--batch", "2026-11-notes")
    sources = yaml.load(Path("params.yaml"))["sources"]
    assert [(one["name"], one["kind"], one["path"]) for one in sources[1:]] == [
        ("letters", "file", "data/raw/2026-11-json.jsonl.gz"),
        ("letters", "file", "data/raw/2026-11-parquet.parquet"),
        ("notes", "folder", "data/raw/2026-11-notes"),
    ]
    collect.main()
    assert read_rows(Path("data/collect"))["batch"].nunique() == 4


def test_the_very_first_source(project, no_dvc):
    for name in ("collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split",
                 "manifest", "ledger"):  # fmt: skip
        shutil.rmtree(f"data/{name}")
    shutil.rmtree("reports")
    params = Path("params.yaml").read_text()
    start, end = params.index("- name: letters"), params.index("collect:")
    Path("params.yaml").write_text(
        f"{params[:start].replace('sources:', 'sources: []', 1)}\n{params[end:]}"
    )
    text = HEADER + RAIN.join(["n1,", f"n2,{SOUP}n3,Fog fills the valley.,weather\n"])
    found = add("--yes", "--source", "mine", "--licence", "CC0", text=text)
    assert "3 rows of a new source, mine" in found
    assert "3 rows would join" in found
    assert [one["name"] for one in yaml.load(Path("params.yaml"))["sources"]] == ["mine"]
    collect.main()


def test_an_answer_of_no_changes_nothing(project):
    Path("new.csv").write_text(HEADER + f"n1,{RAIN}")
    before = changed_files()
    done = CliRunner().invoke(app, ["add", "new.csv"], input="n\n")
    assert done.exit_code == 1
    assert changed_files() == before


def test_the_command_with_dvc_itself_from_a_file_and_from_a_url(project):
    """The whole command twice, with the DVC that users have."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def run(*command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    Path("new.csv").write_text(HEADER + f"n1,{RAIN}")
    Path("feed.csv").write_text(HEADER + f"n2,{SOUP}")
    found = run("seedbed", "add", "new.csv", "--yes", "--batch", "2026-11-letters")
    assert "Now run `dvc repro`" in found
    assert "the file stays on this machine" in found
    assert "push: false" in Path("data/raw/2026-11-letters.csv.dvc").read_text()
    run("dvc", "remote", "add", "-q", "private", str(project.parent / "private"))
    url = f"file://{Path('feed.csv').resolve()}"
    run("seedbed", "add", "--url", url, "--yes", "--batch", "2026-12-feed")
    fetched = Path("data/raw/2026-12-feed.csv")
    assert fetched.read_text().endswith(SOUP)
    assert "remote: private" in Path(f"{fetched}.dvc").read_text()
    done = subprocess.run(["dvc", "status", f"{fetched}.dvc"], capture_output=True, text=True,
                          env=environment, check=False)  # fmt: skip
    assert "up to date" in done.stdout
    Path("feed.csv").write_text(HEADER + f"n2,{SOUP}n3,Slice the leek.,cooking\n")
    run("dvc", "update", "-q", f"{fetched}.dvc")
    assert "Slice the leek" in fetched.read_text()
    assert "remote: private" in Path(f"{fetched}.dvc").read_text()
    listed = run("git", "status", "--short", "--untracked-files=all", "data/raw")
    assert "2026-11-letters.csv.dvc" in listed
    assert "2026-11-letters.csv\n" not in listed
    # DVC looks into data/raw, which it would not if git ignored all that is in it.
    assert "2026-11-letters.csv" in run("dvc", "list", ".", "data/raw", "--dvc-only")
