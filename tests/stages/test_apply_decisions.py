"""What a decision does to a row, in each split; run as the stage runs."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT
from ruamel.yaml import YAML

from seedbed.core.errors import SeedbedError
from seedbed.core.files import read_csv, read_json
from seedbed.core.metrics import read_ledger
from seedbed.core.params import read_params
from seedbed.core.rows import SIDES, read_rows, write_rows
from seedbed.splitting.sides import SideParams, assign_sides
from stages import apply_decisions

LEDGER = Path("data/ledger/apply_decisions.csv")
FIGURES = Path("reports/metrics/apply_decisions.json")


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """120 rows, ham and spam, as anonymize leaves them."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    Path("data/decisions").mkdir(parents=True)
    Path("data/frozen_test.csv").write_text("id,digest\n")
    ids = [f"r{n:03}" for n in range(120)]
    rows = pd.DataFrame({"id": ids, "digest": "1", "text": ids, "source": "s", "batch": "2026-01"})
    rows = rows.assign(label=["ham", "spam"] * 60, provenance="{}")
    write_rows(Path("data/anonymize"), rows)
    return tmp_path


def on(side: str, number: int = 0) -> str:
    """The id of a row that is ham and stands on a side."""
    rows = assign_sides(read_rows(Path("data/anonymize")), (), read_params("split", SideParams))
    return rows["id"][(rows["split"] == side) & (rows["label"] == "ham")].iloc[number]


def say(*lines: tuple[str, ...]) -> str:
    """Decisions of (row, decided, who), then the stage; its one line."""
    content = [
        json.dumps({"id": row, "digest": "1", "given": "ham", "decided": decided, "who": who,
                    "when": f"2026-11-23T10:00:{n:02}Z"})
        for n, (row, decided, who) in enumerate(lines)
    ]  # fmt: skip
    Path("data/decisions/all.jsonl").write_text("\n".join(content) + "\n")
    return apply_decisions.main()


def labels() -> dict[str, str]:
    rows = read_rows(Path("data/apply_decisions"))
    return dict(zip(rows["id"], rows["label"], strict=True))


def rule(disagreement: str, arbiter: str = "") -> None:
    yaml, file = YAML(), Path("params.yaml")
    content = yaml.load(file)
    content["apply_decisions"] |= {"disagreement": disagreement, "arbiter": arbiter}
    yaml.dump(content, file)


def test_without_decisions_nothing_changes(project):
    assert apply_decisions.main() == "0 rows decided, 0 of them relabelled"
    assert list(labels().values()) == ["ham", "spam"] * 60
    assert read_csv(apply_decisions.DECIDED) == []


@pytest.mark.parametrize("side", SIDES)
def test_a_person_decides_in_every_split(project, side):
    relabelled, verified, dropped, ambiguous = (on(side, n) for n in range(4))
    say(
        (relabelled, "spam", "ann"), (verified, "ham", "ann"),
        (dropped, "<drop>", "ann"), (ambiguous, "<ambiguous>", "ann"),
    )  # fmt: skip
    assert labels()[relabelled] == "spam"
    assert labels()[verified] == "ham"
    drops = {drop.id: drop.reason for drop in read_ledger(LEDGER)}
    assert drops == {dropped: "dropped_by_person", ambiguous: "ambiguous"}
    assert not {dropped, ambiguous} & set(labels())
    figures = read_json(FIGURES)
    assert figures["by_side"][side] == {"settled": 4, "relabelled": 1, "disagreed": 0}
    assert (figures["decided_rows"], figures["relabelled"]) == (4, 1)


def test_people_who_disagree_keep_a_row_out_of_train_alone(project):
    rows = {side: on(side) for side in SIDES}
    say(*[(row, label, who) for row in rows.values() for label, who in
          (("spam", "ann"), ("<drop>", "bob"))])  # fmt: skip
    drops = [(drop.id, drop.reason) for drop in read_ledger(LEDGER)]
    assert drops == [(rows["train"], "people_disagree")]
    # No machine takes a test row out or changes it: it stays as it was given.
    assert labels()[rows["validation"]] == labels()[rows["test"]] == "ham"
    assert [read_json(FIGURES)["by_side"][side]["disagreed"] for side in SIDES] == [1, 1, 1]
    assert read_csv(apply_decisions.DECIDED) == []


def test_a_frozen_row_is_a_test_row_here_too(project):
    row = on("train")
    Path("data/frozen_test.csv").write_text(f"id,digest\n{row},1\n")
    say((row, "spam", "ann"), (row, "ham", "bob"))
    assert labels()[row] == "ham"


def test_params_say_who_settles(project):
    row = on("test")
    votes = [(row, "spam", "ann"), (row, "spam", "bob"), (row, "ham", "eve")]
    rule("majority")
    say(*votes)
    assert labels()[row] == "spam"
    rule("arbiter", "eve")
    say(*votes)
    assert labels()[row] == "ham"


def test_who_decided_what_is_a_line_in_git(project):
    first, second = sorted([on("train"), on("test")])
    say((second, "<drop>", "ann"), (first, "spam", "bob"), (first, "spam", "ann"))
    side = {on("train"): "train", on("test"): "test"}
    assert read_csv(apply_decisions.DECIDED) == [
        {"id": first, "side": side[first], "given": "ham", "decided": "spam", "people": "ann bob"},
        {"id": second, "side": side[second], "given": "ham", "decided": "<drop>", "people": "ann"},
    ]


def test_a_withdrawn_decision_leaves_the_row_as_it_was(project):
    row = on("test")
    say((row, "spam", "ann"), (row, "<withdrawn>", "ann"))
    assert labels()[row] == "ham"
    assert read_csv(apply_decisions.DECIDED) == []


def test_void_decisions_are_told(project):
    assert "1 decisions are void" in say(("gone", "spam", "ann"))
    assert read_json(FIGURES)["void_unknown_id"] == 1


def test_an_unknown_label_stops_with_file_and_line_and_a_new_class_does_not(project):
    votes = [(on("train"), "spam", "ann"), (on("test"), "jam", "bob")]
    with pytest.raises(SeedbedError, match=r"data/decisions/all.jsonl:2: label 'jam'"):
        say(*votes)
    yaml, file = YAML(), Path("params.yaml")
    content = yaml.load(file)
    content["collect"]["labels"] = ["ham", "spam", "jam"]
    yaml.dump(content, file)
    say(*votes)
    assert labels()[on("test")] == "jam"


def test_an_arbiter_who_decided_nothing_is_named(project):
    params = YAML().load(Path("params.yaml"))
    params["apply_decisions"] |= {"disagreement": "arbiter", "arbiter": "kimm"}
    YAML().dump(params, Path("params.yaml"))
    line = say((on("train"), "spam", "kim"))
    assert line.endswith("; matches nothing: apply_decisions.arbiter: kimm (near kim)")
    assert read_json(FIGURES)["unused"] == {"apply_decisions.arbiter": {"kimm": "kim"}}
