"""Stage split: what it writes, warns of and refuses."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT

from seedbed.core.errors import LeakError, RowsError
from seedbed.core.files import read_json
from seedbed.core.metrics import read_ledger
from seedbed.core.rows import DEDUPLICATE, SPLIT, read_rows, write_rows
from seedbed.splitting.sides import write_frozen
from seedbed.splitting.splits import SplitParams, without_unlabelled
from seedbed.tasks import class_task
from stages import augment, tokenize
from stages.split import check_sides, main

LEDGER = Path("data/ledger/split.csv")
METRICS = Path("reports/metrics/split.json")

PARAMS = SplitParams(
    way="hash", seed=0, validation_share=0.2, test_share=0.2, validation_from="", test_from="",
    validation_sources=[], test_sources=[], folds=3, shingle_words=3, twin_min_jaccard=0.5,
    warn_below=5, max_rows_in_git=1000,
)  # fmt: skip
TWIN = "the parcel has not arrived and nobody at the shop answers"


def rows(count: int = 60, **columns) -> pd.DataFrame:
    """Rows of two classes with texts that share no word."""
    numbers = range(count)
    return pd.DataFrame(
        {
            "id": [f"{n:03d}" for n in numbers], "digest": [f"d{n}" for n in numbers],
            "text": [f"word{n} more{n} last{n}" for n in numbers], "provenance": "{}",
            "label": ["cat" if n % 2 else "dog" for n in numbers], "source": "s",
            "batch": "2026-01-a", "text_pair": "", "group": "", "date": "", "split": "",
        }
        | columns
    )  # fmt: skip


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    write_frozen({})


def run(frame: pd.DataFrame) -> dict[str, str]:
    """The side of each row that stage split keeps."""
    write_rows(DEDUPLICATE, frame)
    main()
    kept = read_rows(SPLIT)
    return dict(zip(kept["id"], kept["split"], strict=True))


def first_on(side: str, found: dict[str, str]) -> str:
    return next(row for row, its_side in found.items() if its_side == side)


def test_a_twin_in_train_is_dropped_for_the_one_in_test():
    found = run(rows())
    high, low = first_on("test", found), first_on("train", found)
    frame = rows().set_index("id")
    frame.loc[[high, low], "text"] = [TWIN, TWIN + " me"]
    after = run(frame.reset_index())
    assert after == {row: side for row, side in found.items() if row != low}
    assert [tuple(drop) for drop in read_ledger(LEDGER)] == [(low, "twin_in_test", high)]


def test_twins_with_another_label_and_texts_that_cannot_be_compared_are_told():
    found = run(rows())
    high, low = first_on("test", found), first_on("train", found)
    frame = rows().set_index("id")
    frame.loc[[high, low], "text"] = [TWIN, TWIN + " me"]
    frame.loc[[high, low], "label"] = ["cat", "dog"]
    bare = frame.index[-3:]
    frame.loc[bare, "text"] = [":-)", ":-(", "(?!)"]
    write_rows(DEDUPLICATE, frame.reset_index())
    line = main()
    assert "nothing leaks among the rows with words or signs" in line
    assert "3 rows of punctuation alone were compared as whole texts only" in line
    assert "1 rows dropped for a near copy in another split have another label" in line
    metrics = read_json(METRICS)
    assert (metrics["rows_without_words"], metrics["twins_with_other_label"]) == (3, 1)
    write_rows(DEDUPLICATE, rows())
    assert main().split("; ")[0].split(", ")[-1] == "nothing leaks"


@pytest.mark.parametrize("kind", ["exact", "near", "group"])
def test_the_gate_refuses_each_leak_that_dropping_left_and_nothing_is_written(kind, monkeypatch):
    found = run(rows())
    pair = [first_on("test", found), first_on("train", found)]
    planted = rows().set_index("id")
    if kind == "group":
        planted.loc[pair, "group"] = "g"
        # A group that hashing keeps whole leaks only where the rows say where they stand.
        planted["split"] = pd.Series(found)
        monkeypatch.setattr("seedbed.splitting.splits.assign_sides", lambda rows, *_: rows)
    else:
        planted.loc[pair, "text"] = [TWIN, TWIN if kind == "exact" else TWIN + " me"]
    shutil.rmtree(SPLIT)
    monkeypatch.setattr("seedbed.splitting.splits.drop_twins", lambda rows, *_: (rows, []))
    with pytest.raises(LeakError, match=f"the same {kind} on two sides: {pair[1]} and {pair[0]}"):
        run(planted.reset_index())
    assert not SPLIT.exists()


def planted_after_split(kind: str) -> pd.DataFrame:
    """Rows with their sides in which one thing leaks."""
    found = run(rows())
    test, train = first_on("test", found), first_on("train", found)
    after = read_rows(SPLIT).set_index("id")
    if kind == "exact":
        after.loc[train, "text"] = after.loc[test, "text"].upper()
    elif kind == "group":
        after.loc[[test, train], "group"] = "g"
    else:
        after.loc[train, ["origin", "parent"]] = "augmented", test
    return after.reset_index()


@pytest.mark.parametrize(
    ("stage", "source"),
    [(augment, "find_label_errors"), (tokenize, "balance")],
    ids=["augment", "tokenize"],
)
@pytest.mark.parametrize("kind", ["exact", "group", "made rows outside train"])
def test_a_leak_in_what_a_later_stage_reads_is_refused(stage, source, kind):
    write_rows(Path(f"data/{source}"), planted_after_split(kind))
    with pytest.raises(LeakError, match=kind):
        stage.main()


def test_a_frozen_row_is_in_test_and_may_not_be_lost_or_changed():
    free = run(rows())
    row = first_on("train", free)
    write_frozen({row: f"d{int(row)}"})
    assert run(rows()) == free | {row: "test"}
    with pytest.raises(LeakError, match=f"1 frozen test rows are missing or changed: {row}"):
        run(rows()[lambda frame: frame["id"] != row])
    write_frozen({row: "another digest"})
    with pytest.raises(LeakError, match="missing or changed.*freeze --replace"):
        run(rows())


def test_new_rows_join_test_beside_the_frozen_ones():
    before = run(rows(60))
    write_frozen({row: f"d{int(row)}" for row, side in before.items() if side == "test"})
    after = run(rows(90))
    assert {row: after[row] for row in before} == before
    assert "test" in {side for row, side in after.items() if row not in before}


def test_a_class_that_train_lacks_is_dropped_counted_and_told():
    found = run(rows())
    frame = rows().set_index("id")
    frame.loc[[first_on("test", found), first_on("validation", found)], "label"] = "rare"
    write_rows(DEDUPLICATE, frame.reset_index())
    line = main()
    assert "no row in train, so 2 rows dropped: rare" in line
    metrics = read_json(METRICS)
    assert metrics["classes_not_in_train"] == {"rare": 2}
    assert metrics["rows"]["dropped_by_reason"] == {"class_not_in_train": 2}
    assert "rare" not in metrics["by_class"]
    assert {drop.reason for drop in read_ledger(LEDGER)} == {"class_not_in_train"}


def test_a_class_whose_only_train_row_is_a_twin_of_its_test_row_is_dropped_whole():
    found = run(rows())
    high, low = first_on("test", found), first_on("train", found)
    frame = rows().set_index("id")
    frame.loc[[high, low], "label"] = "rare"
    frame.loc[[high, low], "text"] = [TWIN, TWIN + " me"]
    assert set(run(frame.reset_index())) == set(found) - {high, low}
    reasons = {drop.id: drop.reason for drop in read_ledger(LEDGER)}
    assert reasons == {low: "twin_in_test", high: "class_not_in_train"}


def test_a_frozen_row_of_a_class_that_train_lacks_is_for_a_person_to_decide():
    found = run(rows())
    row = first_on("test", found)
    write_frozen({row: f"d{int(row)}"})
    frame = rows().set_index("id")
    frame.loc[row, "label"] = "rare"
    with pytest.raises(RowsError, match="class rare has 1 frozen test rows, none in train"):
        run(frame.reset_index())


def test_the_same_rows_in_another_order_give_the_same_bytes():
    def outputs() -> dict[str, bytes]:
        files = [*SPLIT.iterdir(), LEDGER, METRICS, *Path("data/manifest").iterdir()]
        return {str(file): file.read_bytes() for file in files}

    run(rows())
    first = outputs()
    run(rows()[::-1])
    assert outputs() == first


def test_an_empty_side_too_few_classes_and_too_few_rows_for_the_folds_are_refused():
    placed = rows().assign(split=["train", "validation", "test"] * 20)
    with pytest.raises(RowsError, match="no row in validation"):
        check_sides(placed[placed["split"] != "validation"], PARAMS, class_task)
    with pytest.raises(RowsError, match="1 class, `cat`"):
        check_sides(placed[placed["label"] == "cat"], PARAMS, class_task)
    check_sides(placed.head(6), PARAMS, class_task)  # two rows in the largest class, four in all
    with pytest.raises(RowsError, match="2 rows or groups .* each of 3 folds"):
        check_sides(placed.head(3), PARAMS, class_task)
    with pytest.raises(RowsError, match="2 rows or groups"):
        check_sides(placed.assign(group=["a", "b", "c"] * 20), PARAMS, class_task)


def test_rows_without_a_label_are_on_no_side_and_the_ledger_says_why():
    mixed = rows()
    mixed.loc[:2, "label"] = ""
    kept, dropped = without_unlabelled(mixed)
    assert len(kept) == len(mixed) - 3
    assert [(drop.id, drop.reason, drop.cause) for drop in dropped] == [
        (row, "unlabelled", "") for row in mixed["id"][:3]
    ]
