"""Everything a reviewer is shown, and what is said where the pipeline has not run."""

import shutil

import pytest

from seedbed.core.errors import RowsError, SeedbedError
from seedbed.core.rows import read_rows, write_rows
from seedbed.reviewing.queues import read_workspace
from seedbed.reviewing.status import read_quarantined


def test_rows_have_the_label_before_and_after_decisions(project):
    kept = read_rows(project / "data/split")
    labels = kept["label"].where(kept["id"] != "row00", "post")
    write_rows(project / "data/split", kept.assign(label=labels))
    found = read_workspace()
    assert tuple(found.row("row00")[["given", "label", "fate"]]) == ("bank", "post", "kept")
    assert found.row("copy1")["fate"] == "label_conflict"
    assert found.row("copy1")["text"] == "Where is it?"
    assert found.classes == ["bank", "post"]


def test_the_nearest_rows_are_those_of_the_largest_cosine(workspace):
    assert workspace.nearest("row30", 2) == ["row29", "row31"]
    assert workspace.nearest("row00", 3) == ["row01", "row02", "row03"]
    assert workspace.nearest("copy1", 5) == []
    assert len(workspace.nearest("row00", 100)) == 59


def test_a_row_that_is_not_there_is_named(workspace):
    with pytest.raises(RowsError, match="row `row99`.*seedbed explain"):
        workspace.row("row99")


@pytest.mark.parametrize(
    "missing",
    ["data/anonymize", "data/split", "reports/suspects.csv", "data/ledger/deduplicate.csv"],
)
def test_where_the_pipeline_has_not_run_the_next_step_is_said(project, missing):
    path = project / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(SeedbedError, match="run `dvc repro`") as error:
        read_workspace()
    assert missing in str(error.value)


def test_quarantined_rows_come_with_what_to_do(project):
    first, second = read_quarantined()
    assert (first.file, first.line) == ("letters.csv", 99)
    assert first.next_step.startswith("give the row a label")
    assert "correct the row" in second.next_step
    (project / "data/quarantine.csv").unlink()
    with pytest.raises(RowsError, match="run `dvc repro`"):
        read_quarantined()
