"""The life of a row in plain words, out of the workspace and out of git alone."""

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.errors import RevisionError, RowsError
from seedbed.core.reasons import in_words
from seedbed.versions.explain import explain

KEPT, COPY, SHORT, SUSPECT = "aaaaaa1111111111", "aaaaaa2222222222", "cccccc3333", "dddddd4444"
FILES = {
    "data/manifest/2026-01.csv": f"id,digest,label,split\n{KEPT},d1,post,test\n"
    f"{SUSPECT},d4,bank,train\n",
    "data/ledger/collect.csv": "id,reason,cause\n",
    "data/ledger/clean.csv": f"id,reason,cause\n{SHORT},too_short,\n",
    "data/ledger/deduplicate.csv": f"id,reason,cause\n{COPY},exact_duplicate,{KEPT}\n",
    "data/ledger/balance.csv": f"id,reason,cause\n{SUSPECT},moonlight,\n",
    "data/frozen_test.csv": f"id,digest\n{KEPT},d1\n",
    "data/tombstones.csv": "id,digest\neeeeee5555,d5\n",
    "data/decisions/ann.jsonl": f'{{"id": "{KEPT}", "digest": "d1", "given": "bank", '
    '"decided": "post", "who": "ann", "when": "2026-11-23", "note": "a stamp"}\n'
    f'{{"id": "{KEPT}", "digest": "d0", "given": "bank", "decided": "bank", "who": "bob", '
    '"when": "2026-11-20"}\n',
    "reports/suspects.csv": "id,split,label,suggested,score,reason\n"
    f"{SUSPECT},train,bank,post,0.02,label_issue\n",
    "reports/metrics/find_label_errors.json": '{"policy": "flag", "rows": '
    '{"read": 2, "made": 0, "kept": 2, "dropped": 0}}\n',
}
STAGES = "collect clean anonymize apply_decisions deduplicate split augment balance".split()


def git(*arguments: str) -> None:
    name = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *name, *arguments], check=True, capture_output=True)


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """What git holds of five rows, committed; tokenize has not run; no data."""
    monkeypatch.chdir(tmp_path)
    counts = '{"rows": {"read": 5, "made": 0, "kept": 4, "dropped": 1}}\n'
    files = FILES | {f"reports/metrics/{stage}.json": counts for stage in STAGES}
    for name, content in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(content)
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    return tmp_path


def life(row: str, revision: str = "") -> str:
    return "\n".join(explain(row, revision))


def stage_lines(text: str) -> dict[str, str]:
    known = [*STAGES, "find_label_errors", "tokenize"]
    parts = [line.split(maxsplit=1) for line in text.splitlines() if line]
    return {first: rest for first, *rest in parts if first in known for rest in rest}


def test_a_kept_row(project) -> None:
    text = life(KEPT)
    stages = stage_lines(text)
    assert stages["clean"] == "kept (4 of 5 rows were)"
    assert stages["split"].startswith("kept; in test (frozen); label post; batch 2026-01")
    assert stages["tokenize"] == "has not run"
    assert "Decision: bank -> post, by ann, 2026-11-23, a stamp\n" in text
    assert "by bob, 2026-11-20; void, since the text has changed" in text
    assert f"Dropped because of it: 1 rows: {COPY}" in text


def test_a_label_with_unseen_characters_is_printed_escaped(project) -> None:
    file = Path("data/manifest/2026-01.csv")
    file.write_text(file.read_text().replace("post", "po\u202est"))
    printed = CliRunner().invoke(app, ["explain", KEPT]).output
    assert "po\\u202est" in printed
    assert "\u202e" not in printed


def test_a_dropped_row_tells_stage_reason_and_the_life_of_the_cause(project) -> None:
    text = life(COPY)
    stages = stage_lines(text)
    assert stages["deduplicate"] == (
        "DROPPED: its text is a copy of another row's (exact_duplicate)"
    )
    assert f"its cause: row {KEPT} was kept: post, test, batch 2026-01" in text
    assert "split" not in stages


def test_a_row_that_went_early(project) -> None:
    stages = stage_lines(life(SHORT))
    assert list(stages) == ["collect", "clean"]
    assert "fewer characters than clean.min_chars (too_short)" in stages["clean"]


def test_a_suspect_and_a_reason_nobody_knows(project) -> None:
    text = life(SUSPECT)
    assert "Suspect: bank is suspected, post suggested; label quality score 0.02" in text
    assert "policy flag" in text
    assert stage_lines(text)["balance"] == "DROPPED: moonlight"


def test_a_forgotten_row(project) -> None:
    assert "Tombstone: it was forgotten on request" in life("eeeeee5555")


@pytest.mark.parametrize("row", [KEPT, COPY, SHORT, SUSPECT])
def test_a_revision_tells_what_the_workspace_told(project, row) -> None:
    before = life(row)
    git("tag", "v1")
    for folder in ("data", "reports"):
        git("rm", "-r", "-q", folder)
    git("commit", "-q", "-m", "nothing left")
    told = life(row, "v1")
    assert told.splitlines()[0] == f"Row {row}, revision v1"
    assert told.splitlines()[1:-1] == before.splitlines()[1:-1]
    with pytest.raises(RowsError, match="no row has this id"):
        life(row, "HEAD")


def test_in_a_folder_below_the_top_of_the_repository(project, monkeypatch) -> None:
    text = life(KEPT)
    Path("below").mkdir()
    git("mv", "data", "reports", "below")
    git("commit", "-q", "-m", "move")
    monkeypatch.chdir(project / "below")
    assert life(KEPT, "HEAD").splitlines()[1:-1] == text.splitlines()[1:-1]


def test_a_prefix_is_enough_where_one_row_has_it(project) -> None:
    assert life("aaaaaa1").splitlines()[0] == f"Row {KEPT}, workspace"
    for prefix, message in [
        ("aaaaaa", "2 rows begin so"),
        ("aaaaa", "5 characters"),
        ("ffffff", "no row has this id.*data/manifest/.*--rev"),
    ]:
        with pytest.raises(RowsError, match=message):
            life(prefix)


@pytest.mark.parametrize("revision", ["nowhere", "--all", "HEAD:data"])
def test_an_unknown_revision(project, revision) -> None:
    with pytest.raises(RevisionError, match="no such revision here"):
        life(KEPT, revision)


def test_an_unknown_reason_is_printed_as_it_is() -> None:
    assert in_words("moonlight") == "moonlight"
    assert in_words("too_long").endswith("(too_long)")


def test_with_data_more_is_told_and_never_a_text(example, monkeypatch) -> None:
    from seedbed.core.rows import read_rows

    monkeypatch.chdir(example.folder)
    rows = read_rows(Path("data/collect")).set_index("id")
    masked = rows.index[rows["text"].str.contains("storm.watch", regex=False)][0]
    done = CliRunner().invoke(app, ["explain", masked[:8]])
    assert done.exit_code == 0
    stages = stage_lines(done.output)
    line = int(re.search(r"rows.csv:(\d+)", stages["collect"])[1])
    key = Path("data/raw/rows.csv").read_text().splitlines()[line - 1].split(",")[0]
    assert key == "w19"
    assert "source example, batch 2026-01-example" in stages["collect"]
    assert "text changed" in stages["anonymize"]
    assert "text changed" not in stages["clean"]
    assert re.search(r"fold \d|in no fold", stages["split"])
    for text in rows["text"]:
        assert text[:25] not in done.output


def test_made_rows_and_relabelled_ones(tmp_path, monkeypatch) -> None:
    import pandas as pd

    from seedbed.core.rows import write_rows

    monkeypatch.chdir(tmp_path)
    row = {"id": KEPT, "digest": "d1", "text": "x", "label": "bank", "source": "s",
           "batch": "2026-01", "provenance": '{"file": "a.csv", "line": 2}'}  # fmt: skip
    made = row | {"id": f"{KEPT}-a0", "parent": KEPT, "origin": "augmented", "label": "post"}
    counts = '{"rows": {"read": 1, "made": 1, "kept": 2, "dropped": 0}}\n'
    tables = {"collect": [row], "apply_decisions": [row | {"label": "post"}],
              "augment": [row | {"label": "post"}, made]}  # fmt: skip
    for stage, rows in tables.items():
        write_rows(Path("data") / stage, pd.DataFrame(rows).fillna(""))
        Path("reports/metrics").mkdir(parents=True, exist_ok=True)
        Path(f"reports/metrics/{stage}.json").write_text(counts)
    stages = stage_lines(life(KEPT[:6]))
    assert "label bank -> post" in stages["apply_decisions"]
    assert f"1 rows made of it: {KEPT}-a0" in stages["augment"]
    text = life(f"{KEPT}-a0")
    assert stage_lines(text)["augment"].startswith("made")
    assert text.splitlines()[2].startswith(f"Made of a row: row {KEPT}")
