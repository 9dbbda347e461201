"""docs/tutorial.md is run as it stands, and each row that it plants meets its fate."""

import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import ROOT, Project

from seedbed.core.files import PUBLIC_KEY, keyed_hash, read_csv
from seedbed.core.rows import read_rows

PAGE = ROOT / "docs/tutorial.md"
BLOCK = re.compile(r"^```(\w+)(?: ([\w.]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A block of the page: bash is run (`refused`: must fail), csv written beside the project,
    text looked for in what the last bash printed."""

    kind: str
    name: str
    content: str


def blocks() -> list[Block]:
    return [Block(*found) for found in BLOCK.findall(PAGE.read_text())]


def planted(key: str) -> str:
    """The id of a row of november.csv by its key."""
    return keyed_hash(PUBLIC_KEY, "key", "example", key)


def carry_out(project: Project, block: Block, printed: list[str]) -> None:
    if block.kind == "csv":
        (project.folder.parent / block.name).write_text(block.content)
    elif block.kind == "text":
        together = "\n".join(printed)
        for line in block.content.splitlines():
            assert line in together, f"the page says: {line}\nprinted was:\n{together}"
    else:
        for command in block.content.splitlines():
            done = project.run("bash", "-c", command)
            printed += [done.stdout, done.stderr]
            refused = block.name == "refused"
            assert (done.returncode != 0) == refused, f"{command}\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="module")
def walked(example, tmp_path_factory) -> Project:
    """A copy of the example after its run, in which all of the page was carried out."""
    folder = tmp_path_factory.mktemp("tutorial") / "project"
    shutil.copytree(example.folder, folder)
    shutil.copy(ROOT / ".gitignore", folder)
    shutil.copy(ROOT / "data/raw/.gitignore", folder / "data/raw")
    project = Project(folder, folder.parent / "trace.tsv")
    for name, value in (("user.name", "kim"), ("user.email", "kim@example.org")):
        project.run("git", "config", name, value)
    printed: list[str] = []
    for block in blocks():
        if block.kind == "bash":
            printed.clear()
        carry_out(project, block, printed)
    return project


def ledger(project: Project, stage: str) -> dict[str, dict[str, str]]:
    return {line["id"]: line for line in read_csv(project.folder / f"data/ledger/{stage}.csv")}


def test_the_copy_is_in_the_ledger_with_its_cause(walked):
    drop = ledger(walked, "deduplicate")[planted("n1")]
    assert drop["reason"] == "exact_duplicate"
    kept = set(read_rows(walked.folder / "data/split")["id"])
    # The example itself has the text twice; the one that stays is the cause.
    assert drop["cause"] in {planted("c1"), planted("c19")} & kept


def test_the_address_is_replaced_and_nowhere_in_git(walked):
    rows = read_rows(walked.folder / "data/split").set_index("id")
    assert rows["text"][planted("n2")] == "Write to <EMAIL> for tomorrow's forecast of rain."
    assert not walked.run("git", "grep", "--cached", "-l", "mia.wood").stdout


def test_the_wrong_label_was_decided_and_is_relabelled_with_who_said_so(walked):
    rows = read_rows(walked.folder / "data/split").set_index("id")
    assert rows["label"][planted("n4")] == "cycling"
    decided = ledger(walked, "decided")[planted("n4")]
    assert "kim" in decided.values()


def test_the_unknown_label_is_dropped_by_the_map_that_a_person_gave(walked):
    assert ledger(walked, "collect")[planted("n5")]["reason"] == "label_dropped"


def test_rows_out_of_scope_are_negatives(walked):
    rows = read_rows(walked.folder / "data/split")
    odd = rows[rows["source"] == "odd"]
    assert len(odd) == 4
    assert set(odd["origin"]) == {"negative"}
    assert set(odd["label"]) == {"out_of_scope"}


def test_the_good_rows_are_there_and_the_old_ones_where_they_were(walked, example):
    rows = read_rows(walked.folder / "data/split").set_index("id")
    assert {planted(key) for key in ("n3", "n6", "n7")} <= set(rows.index)
    before = read_rows(example.folder / "data/split").set_index("id")
    both = before.index.intersection(rows.index)
    assert len(both) == len(before)
    assert (before["split"][both] == rows["split"][both]).all()


def test_what_the_model_needs_next_tells_of_the_new_batch(walked):
    page = (walked.folder / "reports/next.md").read_text()
    assert "Batch 2026-11-odd, " in page


def test_raw_files_stay_out_of_git_and_their_dvc_files_are_in_it(walked):
    tracked = set(walked.run("git", "ls-files", "data/raw").stdout.split())
    assert {"data/raw/2026-11-november.csv.dvc", "data/raw/2026-11-odd.csv.dvc"} <= tracked
    assert not [path for path in tracked if Path(path).suffix == ".csv"]


def test_the_pull_requests_page_is_short_and_holds_no_address(walked):
    page = (walked.folder.parent / "report.md").read_text()
    assert len(page) <= 60_000
    assert planted("n4") in page
    assert "mia.wood" not in page
