"""`seedbed diff` finds exactly the planted changes, through the writers of the stages."""

import copy
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from versions.planted import Plan, Version

from seedbed.core.errors import RowsError
from seedbed.tasks import load
from seedbed.versions.changes import changes
from seedbed.versions.revisions import Files
from seedbed.versions.row_changes import Difference
from seedbed.versions.row_diff import difference
from seedbed.versions.row_records import read_records
from stages.report import dataset_version

PAIRS = {"class": 150, "labels": 50}


def git(*arguments: str) -> str:
    name = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    done = subprocess.run(["git", *name, *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def lists(found: Difference) -> dict[str, list]:
    return {name: part for name, part in found._asdict().items() if part and isinstance(part, list)}


def in_order(plan: Plan) -> dict[str, list]:
    """The planted changes, each list in the order of its rows."""
    return {name: sorted(part, key=_key) for name, part in plan.changes.items()}


def _key(one) -> tuple[str, str]:
    return (one, "") if isinstance(one, str) else (one.id, getattr(one, "when", ""))


def counted(version: Version) -> tuple[Counter, Counter]:
    """Rows by batch, and by class and side; a row without classes under its label."""
    rows, members = version.kept.values(), load(version.task).members
    batches = Counter(one["batch"] for one in rows)
    pairs = ((name, o["split"]) for o in rows for name in members(o["label"]) or (o["label"],))
    return batches, Counter(pairs)


def check(plan: Plan, found: Difference, seed: int) -> None:
    assert lists(found) == in_order(plan), f"pair {seed}"
    batches, cells = zip(counted(plan.base), counted(plan.head), strict=True)
    assert found.batches == {name: (batches[0][name], batches[1][name]) for name in found.batches}
    assert {*found.batches} == {*batches[0], *batches[1]}
    pairs = {(label, side): pair for label, one in found.rows.items() for side, pair in one.items()}
    assert pairs == {key: (cells[0][key], cells[1][key]) for key in {*cells[0], *cells[1]}}
    for place, version in enumerate((plan.base, plan.head)):  # a row once, whatever its classes
        assert sum(pair[place] for pair in found.sides.values()) == len(version.kept)
    moved = [alarm for alarm in found.alarms if "moved between splits" in alarm]
    assert bool(moved) == ("moved" in plan.changes)


@pytest.mark.parametrize(("task", "pairs"), PAIRS.items())
def test_it_finds_exactly_the_planted_changes(task, pairs, tmp_path, monkeypatch) -> None:
    planted: Counter[str] = Counter()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.fsync", lambda _: None)  # of decision lines; the disk is not the test
    for seed in range(pairs):
        plan = Plan(seed, task)
        records = []
        for version in (plan.base, plan.head):
            version.write()
            records.append(read_records(Files()))
        check(plan, difference(*records), seed)
        planted.update({name: len(part) for name, part in plan.changes.items()})
    kinds = {name for name, kind in Difference.__annotations__.items() if "list" in str(kind)}
    alone = {"decisions_deleted", "gone_tombstones", "relabelled_by_policy"}  # tested below
    assert kinds - {*planted} == alone
    assert min(planted.values()) >= pairs // 10, planted


def test_it_finds_them_through_git_too_in_both_directions(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    for seed, task in ((200, "class"), (201, "labels"), (202, "labels")):
        plan = Plan(seed, task)
        for version in (plan.base, plan.head):
            version.write()
            git("add", "-A")
            git("commit", "-q", "--allow-empty", "-m", "a version")
        check(plan, changes("HEAD~1", "HEAD").rows, seed)
        back = lists(changes("HEAD", "HEAD~1").rows)
        assert len(back.get("removed", [])) == len(plan.changes.get("added", []))
        assert len(back.get("moved", [])) == len(plan.changes.get("moved", []))


@pytest.mark.parametrize("limits", [(0, 0), (10**6, 0), (0, 10**6)])
def test_above_max_rows_in_git_it_finds_the_same(limits, tmp_path, monkeypatch) -> None:
    """The manifest has counts, and the rows are read out of data/split."""
    monkeypatch.chdir(tmp_path)
    for seed in range(10):
        plan, records = Plan(seed), []
        for version, limit in zip((plan.base, plan.head), limits, strict=True):
            version.write(limit)
            assert Path("data/manifest/counts.csv").exists() == (limit == 0)
            records.append(read_records(Files()))
        check(plan, difference(*records), seed)


def test_rows_that_are_not_here_or_of_another_run_are_told(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = next(one for seed in range(99) if "added" in (one := Plan(seed)).changes)
    plan.base.write(0)
    counts = Path("data/manifest/counts.csv")
    assert counts.read_text().startswith("batch,train,validation,test,sha256\n")
    other = counts.read_bytes()
    plan.head.write(0)
    counts.write_bytes(other)
    with pytest.raises(RowsError, match="rows in data/split"):
        read_records(Files())
    Path("data/split/rows.parquet").unlink()
    with pytest.raises(RowsError, match="run `dvc pull`"):
        read_records(Files())


def test_the_counts_name_another_version_for_any_changed_row(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    version = Plan(1).base
    versions = []
    for _ in range(2):
        version.write(0)
        versions.append(dataset_version(Path("data/manifest")))
        next(iter(version.kept.values()))["digest"] = "0" * 16
    assert versions[0].version != versions[1].version
    assert versions[0].rows == len(version.kept)
    version.write()
    assert dataset_version(Path("data/manifest")).batches == versions[0].batches


def test_the_same_version_has_no_difference(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Plan(1).base.write()
    records = read_records(Files())
    found = difference(records, records)
    assert lists(found) == {}
    assert found.alarms == []


def test_lines_that_files_must_not_lose_are_alarms(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = next(one for seed in range(99) if (one := Plan(seed)).base.lines and one.base.frozen)
    plan.base.write()
    before = read_records(Files())
    plan.base.lines, plan.base.tombstones, plan.base.frozen = [], [], {}
    plan.base.write()
    alarms = " ".join(difference(before, read_records(Files())).alarms)
    assert "decision lines were deleted" in alarms
    assert "1 lost a tombstone" in alarms
    assert "left the frozen test" in alarms


def test_labels_that_the_policy_gives_are_told_apart_from_the_manifest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Plan(1).base.write()
    records = read_records(Files())
    first, second, third = [*records.manifest][:3]
    before = replace(records, policy_labels={first: "x", second: "y"})
    after = replace(records, policy_labels={first: "x", third: "z"})
    found = difference(before, after)
    assert found.relabelled == []
    assert [(one.id, one.before, one.after, one.by) for one in found.relabelled_by_policy] == [
        (second, "y", records.manifest[second].label, "policy"),
        (third, records.manifest[third].label, "z", "policy"),
    ]


ONE_CHANGE = {
    "plant_new_row": 1, "plant_edit": 1, "plant_move": 1, "plant_other_label_at_the_source": 1,
    "plant_row_that_leaves_its_source": 1, "plant_drop_on_arrival": 1, "plant_suspect": 1,
    "plant_cap": 1, "plant_frozen_row": 1, "plant_drop": 2, "plant_forgotten_row": 2,
    "plant_dropped_row_that_goes": 1,
}  # fmt: skip


@pytest.mark.parametrize("kind", ONE_CHANGE)
def test_git_diff_shows_one_row_as_one_line(kind, tmp_path, monkeypatch) -> None:
    """A row that goes from the manifest to a ledger, or to the tombstones, is a line in each."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    plan = Plan(7)
    plan.base.write()
    git("add", "-A")
    git("commit", "-q", "-m", "a version")
    plan.head, plan.changes, plan.free = copy.deepcopy(plan.base), {}, [*plan.base.kept]
    getattr(plan, kind)()
    plan.head.write()
    lines = git("diff", "--unified=0", "--ignore-cr-at-eol", "--", "data", "reports/suspects.csv")
    changed = [
        one for one in lines.splitlines() if one[0] in "+-" and one[:3] not in ("+++", "---")
    ]
    git("add", "-A")
    files = git("diff", "--cached", "--name-only", "--", "data/ledger", "data/manifest").split()
    by_row = {line[1:].split(",")[0] for line in changed}
    assert len(by_row) == 1, changed
    same_line = [one for one in changed if one[0] == "+"], [one for one in changed if one[0] == "-"]
    assert max(map(len, same_line)) <= ONE_CHANGE[kind], changed
    assert len(files) <= ONE_CHANGE[kind]


@pytest.mark.parametrize(
    ("path", "content", "found"),
    [("reports/suspects.csv", "id_,split\na,b\n", "the header id_,split"),
     ("data/ledger/decided.csv", "row,decided\na,b\n", "the header row,decided")],
)  # fmt: skip
def test_a_table_of_another_header_is_named(tmp_path, monkeypatch, path, content, found) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(content)
    with pytest.raises(RowsError, match=f"{path}.*{found}"):
        read_records(Files())


def test_a_score_that_is_no_number_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("id,score\na,0.5\nb,0_5\n")
    with pytest.raises(RowsError, match=r"a\.csv.*`0_5`"):
        Files().records("a.csv", ("id", "score"), ("score",))
    (tmp_path / "b.csv").write_text("id,score,more\na,1e-05,x\n")
    assert Files().records("b.csv", ("id",), ("score",))[0]["score"] == "1e-05"
    assert Files().records("none.csv", ("id",), ("score",)) == []
