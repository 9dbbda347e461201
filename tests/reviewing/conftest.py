"""A small project as the pipeline leaves it: sixty short letters to a bank or a post office."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from ruamel.yaml import YAML

from seedbed.core.decisions import Decision
from seedbed.core.files import read_csv, write_csv
from seedbed.core.metrics import HEADER, Drop, write_ledger
from seedbed.core.params import read_params
from seedbed.core.rows import COLUMNS, SUSPECTS, read_rows, write_rows
from seedbed.core.turns import Turn, write_turns
from seedbed.encoding.vectors import write_vectors
from seedbed.splitting.sides import SideParams, assign_sides

NASTY = "Ring \x1b[31mme\x1b[0m at [bold]noon[/bold] <script>alert(1)</script> \u202etfel"
SETS = {"bank": "bank", "post": "bank|post"}
CONTEXT = write_turns([Turn("system", "You know \x1b[31mletters."), Turn("user", "Hello"),
                       Turn("assistant", "Hi.")])  # fmt: skip
TEXTS = ("The loan is too dear, letter {}.", "The parcel never came, letter {}.")


def letters() -> pd.DataFrame:
    """Sixty rows, ids 00 to 59, bank and post in turn, and two copies with two labels."""
    rows = [(f"row{n:02}", TEXTS[n % 2].format(n), ("bank", "post")[n % 2]) for n in range(60)]
    rows[7] = ("row07", NASTY, "post")
    rows += [("copy1", "Where is it?", "bank"), ("copy2", "WHERE is it?", "post")]
    frame = pd.DataFrame(rows, columns=["id", "text", "label"])
    provenance = [
        json.dumps({"file": "letters.csv", "line": n + 2, "licence": "CC0", "sha256": "0"})
        for n in range(len(frame))
    ]
    return frame.assign(
        digest="d" + frame["id"], text_pair="", source="letters", batch="2026-01-letters",
        date="2026-01-05", group="", split="", fold=-1, weight=1.0, origin="original", parent="",
        provenance=provenance, meta="{}",
    )  # fmt: skip


def suspects_of(rows: pd.DataFrame) -> list[tuple]:
    """Five of train, two of validation, three of test; the other label is suggested for each."""
    chosen = [
        members.head(n) for side, n in (("train", 5), ("validation", 2), ("test", 3))
        for _, members in rows[rows["split"] == side].groupby("split")
    ]  # fmt: skip
    return [
        (one.id, one.split, one.label, {"bank": "post", "post": "bank"}[one.label],
         round(0.01 * place, 2), "other_label_likelier", "")
        for place, one in enumerate(pd.concat(chosen).itertuples(), start=1)
    ]  # fmt: skip


def write_project() -> None:
    """Write it into the working folder."""
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    write_csv(Path("data/frozen_test.csv"), ["id", "digest"], [])
    rows = letters()
    write_rows(Path("data/anonymize"), rows)
    kept = assign_sides(
        rows[~rows["id"].str.startswith("copy")], (), read_params("split", SideParams)
    )
    write_rows(Path("data/split"), kept.assign(fold=0))
    angles = np.arange(len(kept)) / 100  # neighbours by number are neighbours by cosine
    write_vectors(Path("data/embed"), kept, np.c_[np.cos(angles), np.sin(angles)].astype("f4"))
    write_csv(SUSPECTS, COLUMNS[SUSPECTS], suspects_of(kept))
    write_csv(Path("data/ledger/apply_decisions.csv"), HEADER, [])
    write_ledger(Path("data/ledger/split.csv"), [])
    drops = [Drop("copy1", "label_conflict", "copy2"), Drop("copy2", "label_conflict", "copy1")]
    write_ledger(Path("data/ledger/deduplicate.csv"), drops)
    lines = [("letters", "letters.csv", 99, "missing_label"), ("letters", "b.csv", 3, "odd")]
    write_csv(Path("data/quarantine.csv"), ["source", "file", "line", "reason"], lines)


def label_with_sets() -> None:
    """Give the letters of the working folder sets of labels: to a bank or a post office, the latter
    to both; of copy1 nothing is true."""
    yaml = YAML()
    params = yaml.load(Path("params.yaml"))
    params["task"]["kind"] = "labels"
    yaml.dump(params, Path("params.yaml"))
    for folder in (Path("data/anonymize"), Path("data/split")):
        rows = read_rows(folder)
        rows["label"] = rows["label"].map(SETS).where(rows["id"] != "copy1", "|")
        write_rows(folder, rows)
    lines = read_csv(SUSPECTS, COLUMNS[SUSPECTS])
    for line in lines:
        line["label"], line["suggested"] = SETS[line["label"]], SETS[line["suggested"]]
        line["reason"] = "lacks_label" if line["label"] == "bank" else "extra_label"
    write_csv(SUSPECTS, COLUMNS[SUSPECTS], [[*line.values()] for line in lines])


def write_conversations() -> None:
    """Write the letters into the working folder as questions after a turn of each side; the answers
    of some are doubted, and one question has two."""
    params = YAML().load(ROOT / "params.yaml")
    params["task"]["kind"], params["sources"] = "answer", []
    YAML().dump(params, Path("params.yaml"))
    for name in ("frozen_test", "tombstones"):
        write_csv(Path(f"data/{name}.csv"), ["id", "digest"], [])
    rows = letters()
    rows["answer"] = "Answer of " + rows["id"] + "."
    rows = rows.assign(label="letters", context=CONTEXT)
    write_rows(Path("data/anonymize"), rows)
    copies = rows["id"].str.startswith("copy")
    kept = assign_sides(rows[~copies], (), read_params("split", SideParams)).assign(fold=0)
    write_rows(Path("data/split"), kept)
    angles = np.arange(len(kept)) / 100
    write_vectors(Path("data/embed"), kept, np.c_[np.cos(angles), np.sin(angles)].astype("f4"))
    lines = [(*one[:2], "letters", "", one[4], "answers_other_question", "row01 row03")
             for one in suspects_of(kept.assign(label="bank"))]  # fmt: skip
    write_csv(SUSPECTS, COLUMNS[SUSPECTS], lines)
    write_csv(Path("data/ledger/apply_decisions.csv"), HEADER, [])
    write_ledger(Path("data/ledger/split.csv"), [])
    drops = [Drop("copy1", "answer_conflict", "copy2"), Drop("copy2", "answer_conflict", "copy1")]
    write_ledger(Path("data/ledger/deduplicate.csv"), drops)
    write_csv(Path("data/quarantine.csv"), ["source", "file", "line", "reason"], [])
    Path("data/decisions").mkdir()


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_project()
    return tmp_path


@pytest.fixture
def workspace(project):
    from seedbed.reviewing.queues import read_workspace

    return read_workspace()


@pytest.fixture
def said():
    """A decision: said("row01", "post", "ann"); `when` counts minutes."""

    def make(row: str, decided: str, who: str = "ann", minute: int = 0, **more) -> Decision:
        content = {
            "id": row, "digest": f"d{row}", "given": "bank", "decided": decided, "who": who,
            "when": f"2026-11-23T10:{minute:02}:00Z",
        }  # fmt: skip
        return Decision(**content | more)

    return make
