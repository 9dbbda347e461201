"""What stands in which queue, in which order, and what a blind one must not tell."""

import pytest

from seedbed.core.errors import SeedbedError
from seedbed.core.files import by_hash
from seedbed.core.metrics import Drop
from seedbed.reviewing.queues import queue_named, queues_of
from seedbed.reviewing.session import append


def ids(workspace, name: str) -> list[str]:
    return [item.id for item in queues_of(workspace)[name].items]


def of_side(workspace, side: str) -> set[str]:
    return set(workspace.suspects["id"][workspace.suspects["split"] == side])


def test_train_suspects_come_with_reasons_the_most_doubtful_first(workspace):
    items = queues_of(workspace)["suspects"].items
    assert [item.score for item in items] == [0.01, 0.02, 0.03, 0.04, 0.05]
    assert {item.split for item in items} == {"train"}
    assert all(item.suggested and item.reason and not item.blind for item in items)


def test_the_nearest_rows_are_those_that_the_suspects_name(project, workspace):
    file = project / "reports/suspects.csv"
    lines = file.read_text().splitlines()
    lines[1] += "row10 row12"  # the last cell, which is empty
    file.write_text("\n".join(lines) + "\n")
    from seedbed.reviewing.queues import read_workspace

    first, second = queues_of(read_workspace())["suspects"].items[:2]
    assert (first.nearest, second.nearest) == (("row10", "row12"), ())


@pytest.mark.parametrize("side", ["validation", "test"])
def test_suspects_of_what_measures_are_mixed_blind_with_as_many_random_rows(workspace, side):
    queue, suspects = queues_of(workspace)[side], of_side(workspace, side)
    found = [item.id for item in queue.items]
    assert suspects < set(found)
    assert len(found) == 2 * len(suspects)
    for item in queue.items:
        assert item[3:7] == ("", None, "", True)
        assert (item.split, item.nearest) == (side, ())
    assert found == by_hash(f"order {side}", found)


def test_the_order_of_a_blind_queue_does_not_tell_who_is_suspect(workspace):
    # The random rows are those with the smallest hash of the choice: that may not be the order.
    found = ids(workspace, "test")
    random = [row for row in found if row not in of_side(workspace, "test")]
    assert by_hash("random test", random)[0] in random
    assert found != [*random, *(row for row in found if row not in random)]
    assert found != by_hash("random test", found)


def test_decided_rows_leave_suspects_and_stay_in_blind_queues_as_done(workspace, said):
    suspect, blind = ids(workspace, "suspects")[0], ids(workspace, "test")
    append(said(suspect, "bank"))
    append(said(blind[0], "bank"))
    workspace.refresh()
    assert suspect not in ids(workspace, "suspects")
    assert ids(workspace, "test") == blind
    workspace.suspects = workspace.suspects[workspace.suspects["id"] != blind[0]]
    assert blind[0] in ids(workspace, "test")


def test_copies_in_conflict_stand_together_until_one_label_is_left(workspace, said):
    queue = queues_of(workspace)["conflicts"]
    assert [(item.id, item.given) for item in queue.items] == [("copy1", "bank"), ("copy2", "post")]
    append(said("copy2", "bank"))
    workspace.refresh()
    assert ids(workspace, "conflicts") == []


def test_near_copies_in_conflict_stand_together_pair_by_pair(workspace, said):
    a, b, c = workspace.rows.index[2:5]
    workspace.rows.loc[[a, b, c], "given"] = ["bank", "post", "bank"]
    workspace.conflicts = [Drop(a, "near_conflict", b), Drop(b, "near_conflict", a),
                           Drop(c, "near_conflict", b)]  # fmt: skip
    assert ids(workspace, "conflicts") == [a, b, c]
    assert {item.reason for item in queues_of(workspace)["conflicts"].items} == {"near_conflict"}
    workspace.decisions = [said(a, "post")]
    assert ids(workspace, "conflicts") == [b, c]
    workspace.decisions.append(said(c, "post"))
    assert ids(workspace, "conflicts") == []


def test_a_conflict_of_which_a_copy_is_confirmed_is_still_one(workspace, said):
    append(said("copy2", "post"))
    workspace.refresh()
    assert ids(workspace, "conflicts") == ["copy1"]


def test_the_audit_stays_the_same_sample_as_rows_come_and_go(workspace, monkeypatch):
    monkeypatch.setattr("seedbed.reviewing.queues.AUDIT_SIZE", 20)
    before = ids(workspace, "audit")
    assert not {"copy1", "copy2"} & set(before)
    workspace.rows = workspace.rows[workspace.rows["id"] != before[3]]
    after = ids(workspace, "audit")
    assert after[:19] == before[:3] + before[4:]


def test_a_row_that_people_dropped_stays_in_the_audit(project, said):
    from seedbed.core.metrics import Drop, write_ledger
    from seedbed.core.rows import read_rows, write_rows
    from seedbed.reviewing.queues import read_workspace

    first = queues_of(read_workspace())["audit"].items[0]
    kept = read_rows(project / "data/split")
    write_rows(project / "data/split", kept[kept["id"] != first.id])
    drops = [Drop(first.id, "dropped_by_person")]
    write_ledger(project / "data/ledger/apply_decisions.csv", drops)
    assert queues_of(read_workspace())["audit"].items[0] == first


def test_an_unknown_queue_is_named_with_those_there_are(workspace):
    with pytest.raises(SeedbedError, match="one of suspects, conflicts, next, disagreements"):
        queue_named(workspace, "suspect")
