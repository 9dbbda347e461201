"""A person and a row forgotten in every turn of conversations, in each form that files have."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import talks
from conftest import copy_project, yaml
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.errors import SeedbedError
from seedbed.core.metrics import read_ledger
from seedbed.core.rows import read_rows
from stages import anonymize, apply_decisions, clean, collect, deduplicate
from tests.forgetting.test_forget import cached, holding

VALUE = "Jane Planted"  # a name: no pattern of anonymize finds it, so it reaches every stage
STAGES = (collect, clean, anonymize, apply_decisions, deduplicate)
FORMS = [*talks.FORMS]
# Where the value may be: the index of a message, or a column, of the fourth row of a file.
PLACES = {
    "openai": [0, 1, 2, 3, 4],
    "sharegpt": [0, 1],
    "alpaca": ["instruction", "input", "output"],
    "columns": ["question", "answer"],
}
ROW = 3


def planted(form: str, place: int | str) -> talks.Rows:
    rows = talks.FORMS[form]()
    if isinstance(place, str):
        rows[ROW][place] += f" Ask {VALUE.upper()}."
        return rows
    messages = rows[ROW]["messages" if form == "openai" else "conversations"]
    messages[place]["content" if form == "openai" else "value"] += f" Ask {VALUE}."
    return rows


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEDBED_PII_KEY", raising=False)
    copy_project(tmp_path)
    Path("data/raw").mkdir()
    subprocess.run(["git", "init", "-q"], check=True)
    Path(".dvc").mkdir()
    Path(".dvc/config").touch()
    return tmp_path


def collected(form: str, rows: talks.Rows, stages=(collect,)) -> Path:
    """The file of a source, after the stages before split, or after those that are named."""
    file = talks.write(Path(f"data/raw/talks.{talks.ENDINGS[form]}"), rows)
    content = yaml.load(Path("params.yaml"))
    content["task"]["kind"] = "answer"
    content["sources"] = [{"name": "talks", "kind": "file", "path": file.as_posix(),
                           "batch": "2026-01-talks", "licence": "CC0"}]  # fmt: skip
    yaml.dump(content, Path("params.yaml"))
    pipeline = yaml.load(Path("dvc.yaml"))
    deps = pipeline["stages"]["collect"]["deps"]
    pipeline["stages"]["collect"]["deps"] = [*dict.fromkeys([*deps, file.as_posix()])]
    yaml.dump(pipeline, Path("dvc.yaml"))
    run_stages(stages)
    return file


def run_stages(stages=STAGES) -> None:
    for stage in stages:
        stage.main()


def forget(*options: str, value: str = "") -> str:
    done = CliRunner().invoke(app, ["forget", "--yes", *options], input=value)
    if done.exception:
        raise done.exception
    return done.output


def ids_with(text: str) -> set[str]:
    rows = read_rows(Path("data/collect"))
    whole = rows["context"] + rows["text"] + rows["answer"]
    return set(rows["id"][whole.str.contains(text, case=False, regex=False)])


@pytest.mark.parametrize(("form", "place"), [(f, p) for f in FORMS for p in PLACES[f]])
def test_a_value_in_any_turn_is_forgotten_everywhere(form, place):
    rows = planted(form, place)
    file = collected(form, rows, STAGES)
    before, held = read_rows(Path("data/collect")), ids_with(VALUE)
    old = cached("aa01", file.read_bytes())
    assert held, "the value reached the rows"
    assert "data/deduplicate/2026-01-talks.parquet" in holding(VALUE)
    Path(".seedbed").mkdir(exist_ok=True)
    Path(".seedbed/memo.sqlite").write_bytes(f"SQLite \0 {VALUE}".encode())
    output = forget("--purge", value=VALUE)
    assert "jane" not in output.casefold()
    assert "still holds it" not in output
    assert holding(VALUE) == []
    assert not old.exists()
    run_stages()
    assert holding(VALUE) == []
    drops = read_ledger(Path("data/ledger/collect.csv"))
    # Of rows with the same question and no key the next one takes the id of one that is gone.
    assert len(drops) == (place == 2)
    turns = 2 if form == "openai" else 1
    left = len(read_rows(Path("data/collect"))) + len(drops)
    assert left == len(before) - turns  # the conversation left its file as a whole

    talks.write(file, rows)  # it comes again
    collect.main()
    drops = read_ledger(Path("data/ledger/collect.csv"))
    assert {drop.id for drop in drops} == held
    assert {drop.reason for drop in drops} == {"forgotten"}
    assert ids_with(VALUE) == set()
    assert len(read_rows(Path("data/collect"))) == len(before) - len(held)


def test_a_greeting_before_the_value_is_forgotten_in_no_other_conversation():
    rows = planted("openai", 3)
    collected("openai", rows)
    greetings = ids_with("How can I help you")
    assert len(greetings) == 40
    forget(value=VALUE)
    collect.main()
    assert len(ids_with("How can I help you")) == 38


def test_a_value_in_the_system_text_is_of_every_row_of_its_conversation():
    """By the raw file alone: what the stages wrote is gone."""
    collected("openai", planted("openai", 0))
    shutil.rmtree("data/collect")
    assert "tombstones.csv: 2 keyed hashes" in forget(value=VALUE)


def test_the_value_in_a_turn_that_is_no_row_is_found():
    """A last question that nobody answered, and a column that params do not name."""
    unanswered, named = talks.openai(), talks.openai()
    unanswered[ROW]["messages"].append({"role": "user", "content": f"I am {VALUE}."})
    named[ROW]["who"] = VALUE
    for rows in (unanswered, named):
        collected("openai", rows)
        assert ids_with(VALUE) == set()
        forget(value=VALUE)
        assert holding(VALUE) == []
        collected("openai", rows)
        # The last turn alone: that before it is a greeting, which is in each conversation.
        assert len(read_ledger(Path("data/ledger/collect.csv"))) == 1
        Path("data/tombstones.csv").write_text("id,digest\n")


def test_a_turn_forgotten_by_its_id_takes_the_later_ones_that_read_it():
    rows = talks.openai()
    file = collected("openai", rows)
    question = talks.PAIRS[ROW][0]
    more = rows[ROW]["messages"] + [
        {"role": "user", "content": "And then, after all of that?"},
        {"role": "assistant", "content": "Then you have a cup of tea."},
    ]
    rows[ROW] = {"messages": more}
    collected("openai", rows)
    frame = read_rows(Path("data/collect"))
    [row] = frame["id"][frame["text"] == question]
    held = ids_with(question)
    assert len(held) == 2
    output = forget("--id", row, "--purge")
    assert "still holds it" not in output  # the system text and the greeting stay in other rows
    assert question not in file.read_text()
    assert len(file.read_text().splitlines()) == 19
    assert "tombstones.csv: 2 keyed hashes" in output
    run_stages()
    assert ids_with(question) == set()
    collected("openai", rows)
    assert {drop.id for drop in read_ledger(Path("data/ledger/collect.csv"))} == held


def test_rows_of_a_package_are_dropped_by_their_tombstones(project, monkeypatch):
    folder = project / "site" / "old_talks"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    text = "categories:\n- tea\nconversations:\n" + "".join(
        f"- - {question}\n  - {answer}{' Ask ' + VALUE if n == ROW else ''}\n"
        for n, (question, answer) in enumerate(talks.PAIRS)
    )
    (folder / "talks.yml").write_text(text)
    monkeypatch.syspath_prepend(str(project / "site"))
    monkeypatch.setattr("importlib.metadata.packages_distributions", lambda: {"old_talks": ["o"]})
    monkeypatch.setattr("importlib.metadata.version", lambda _: "1.0")
    Path("data/raw").mkdir(exist_ok=True)
    content = yaml.load(Path("params.yaml"))
    content["task"]["kind"] = "answer"
    content["sources"] = [{"name": "talks", "kind": "package", "package": "old_talks",
                           "version": "1.0", "path": "talks.yml", "batch": "2026-01-talks",
                           "licence": "CC0", "columns": {"label": "category"}}]  # fmt: skip
    yaml.dump(content, Path("params.yaml"))
    run_stages()
    [row] = ids_with(VALUE)
    output = forget(value=VALUE)
    assert "source talks: 1 rows stand where they cannot be edited" in output
    run_stages()
    assert [drop.id for drop in read_ledger(Path("data/ledger/collect.csv"))] == [row]
    assert holding(VALUE) == ["site/old_talks/talks.yml"]


def test_messages_as_a_cell_of_csv_and_in_parquet(project):
    import pandas as pd

    rows = planted("openai", 1)
    cells = [{"messages": json.dumps(row["messages"]), "n": n} for n, row in enumerate(rows)]
    file = collected("columns", cells)
    assert len(ids_with(VALUE)) == 2
    forget(value=VALUE)
    assert holding(VALUE) == []
    assert len(file.read_text().splitlines()) == 20

    file.unlink()
    pd.DataFrame(rows).to_parquet("data/raw/talks.parquet")
    content = yaml.load(Path("params.yaml"))
    content["sources"][0]["path"] = "data/raw/talks.parquet"
    yaml.dump(content, Path("params.yaml"))
    text = Path("dvc.yaml").read_text().replace("raw/talks.csv", "raw/talks.parquet")
    Path("dvc.yaml").write_text(text)
    Path("data/tombstones.csv").write_text("id,digest\n")
    run_stages()
    assert len(ids_with(VALUE)) == 2
    forget(value=VALUE)
    assert holding(VALUE) == []
    assert len(pd.read_parquet("data/raw/talks.parquet")) == 19


def test_a_value_in_no_turn_is_in_no_place():
    collected("openai", talks.openai())
    with pytest.raises(SeedbedError, match="the value: not in the sources"):
        forget(value=VALUE)
