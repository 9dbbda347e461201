"""What `seedbed add` sees of sets of labels, and what it writes of them."""

import json
from pathlib import Path

import pytest
from conftest import yaml

from seedbed.arrivals.entry import Asked, entry_for
from seedbed.core.errors import SeedbedError
from seedbed.tasks import class_task, labels_task

TEXTS = ["The kettle leaks.", "The parcel came late.", "The late parcel leaks.", "All is well."]
LISTS = [["broken"], ["late"], ["broken", "late"], []]
LINE = "`task: {kind: labels}` in params.yaml"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("sources: []\n")


def arrived(task, rows: list[dict], **said) -> tuple[dict, str]:
    """The entry of a new file, and what is shown of guesses."""
    Path("new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = Asked(**({"path": "new.jsonl", "source": "mails", "licence": "CC0"} | said))
    found = entry_for(asked, [], "2026-11-28", task)
    return found.entry, "\n".join(found.notes)


def rows_of(*cells: object) -> list[dict]:
    return [{"text": text, "label": cell} for text, cell in zip(TEXTS, cells, strict=False)]


FLAGS = [
    {"text": text, "broken": int("broken" in names), "late": int("late" in names), "stars": n}
    for n, (text, names) in enumerate(zip(TEXTS, LISTS, strict=True))
]


def test_lists_stop_where_a_text_has_one_label_and_the_line_is_named():
    with pytest.raises(SeedbedError) as error:
        arrived(class_task, rows_of(*LISTS))
    assert "`label` holds lists of labels" in str(error.value)
    assert LINE in str(error.value)


def test_columns_of_0_and_1_are_named_with_the_line():
    with pytest.raises(SeedbedError) as error:
        arrived(class_task, FLAGS)
    assert f"broken, late hold 0 and 1: if each of them is a label, set {LINE}" in str(error.value)


def test_separators_and_rows_of_one_text_are_only_reported():
    entry, notes = arrived(class_task, rows_of("broken", "late", "broken;late", "late"))
    assert f"separated by `;`: if they are, set {LINE}" in notes
    assert "label_separator" not in entry
    rows = [rows_of("broken")[0] | {"label": label} for label in ("broken", "late")]
    _, notes = arrived(class_task, rows)
    assert "1 of its 1 texts have several labels, a row for each" in notes
    assert LINE in notes
    assert not arrived(class_task, rows_of("broken", "late", "Paris, France", "late"))[1]


def test_sets_need_no_key_where_they_are_lists():
    entry, notes = arrived(labels_task, rows_of(*LISTS))
    assert entry["columns"] == {"text": "text", "label": "label"}
    assert not {"label_separator", "empty_label"} & set(entry)
    assert not notes


def test_the_separator_that_was_found_or_named_is_written():
    rows = rows_of("broken", "late", "broken;late", "")
    entry, notes = arrived(labels_task, rows)
    assert entry["label_separator"] == ";"
    assert "`--label-separator` changes that" in notes
    assert "`--empty-label none`" in notes
    entry, notes = arrived(labels_task, rows, label_separator="", empty_label="none")
    assert entry["label_separator"] == ""
    assert entry["empty_label"] == "none"
    assert not notes


def test_columns_of_0_and_1_are_written_as_found_or_as_named():
    assert arrived(labels_task, FLAGS)[0]["columns"]["label"] == ["broken", "late"]
    for said, written in {"late, broken": ["late", "broken"], "la*": "la*", "late": "late"}.items():
        entry, _ = arrived(labels_task, FLAGS, columns={"label": said})
        assert entry["columns"]["label"] == written


def test_an_id_may_be_repeated_where_rows_of_one_label_are_joined():
    rows = [row | {"id": f"k{n // 2}"} for n, row in enumerate(rows_of("a", "b", "a", "b"))]
    assert arrived(labels_task, rows)[0]["columns"]["id"] == "id"
    assert "id" not in arrived(class_task, rows)[0]["columns"]


def test_a_batch_of_sets_is_rehearsed_as_the_stages_will_take_it(project):
    from typer.testing import CliRunner

    from seedbed.cli import app

    params = yaml.load(project / "params.yaml")
    params["task"] = {"kind": "labels"}
    yaml.dump(params, project / "params.yaml")
    write = "".join(
        json.dumps({"key": f"n{n}", "text": f"red{n} blue{n} grey{n}", "labels": LISTS[n % 4]})
        + "\n"
        for n in range(24)
    )
    Path("new.jsonl").write_text(write)
    options = ["--source", "sets", "--licence", "CC0", "--label-column", "labels", "--dry-run"]
    new = [one for name in ("broken", "late") for one in ("--new-label", name)]
    done = CliRunner().invoke(app, ["add", "new.jsonl", *options, *new])
    assert not done.exception, done.output
    assert "  broken: 0 -> 12 (" in done.output
    assert "  no label: 0 -> 6 (" in done.output
    refused = CliRunner().invoke(app, ["add", "new.jsonl", *options]).exception
    assert "24 rows with labels that the dataset has not: broken (12), late (12)" in str(refused)
