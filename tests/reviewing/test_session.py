"""One person, one queue: each decision is a line at once, and undo is one, too."""

from datetime import UTC, datetime

import pytest

from seedbed.core.decisions import AMBIGUOUS, DROP, WITHDRAWN, read_decisions
from seedbed.core.errors import SeedbedError
from seedbed.reviewing.queues import queues_of, read_workspace
from seedbed.reviewing.session import Progress, Session, append


@pytest.fixture
def session(workspace):
    return Session(workspace, queues_of(workspace)["suspects"], "ann")


def lines(session) -> list[str]:
    return [one.decided for one in read_decisions(session.workspace.folder)]


def test_each_decision_is_written_at_once_and_the_next_row_shown(session):
    first, second = session.queue.items[:2]
    said = session.accept("surely")
    assert (said.id, said.given, said.decided, said.note) == (
        first.id, first.given, first.given, "surely"
    )  # fmt: skip
    assert session.item == second
    assert session.take_suggestion().decided == second.suggested
    session.decide(DROP)
    session.decide(AMBIGUOUS)
    assert lines(session) == [first.given, second.suggested, DROP, AMBIGUOUS]
    assert session.progress == Progress(decided=4, skipped=0, left=1, total=5)


def test_ten_decisions_and_an_undo_leave_nine_in_force(workspace):
    session = Session(workspace, queues_of(workspace)["audit"], "ann")
    for _ in range(10):
        session.accept()
    last = session.queue.items[9]
    assert session.undo().id == last.id
    assert session.item == last
    fresh = read_workspace()
    assert len(fresh.in_force().settled) == 9
    assert lines(session)[-1] == WITHDRAWN


def test_undo_goes_back_as_far_as_the_session_and_no_further(session):
    session.accept()
    session.accept()
    assert [session.undo().id, session.undo().id] == [
        session.queue.items[1].id, session.queue.items[0].id
    ]  # fmt: skip
    assert session.undo() is None
    assert session.progress.decided == 0
    assert session.item == session.queue.items[0]


def test_undo_brings_back_what_the_person_had_said_before(session):
    first = session.item
    session.decide("bank", "before")
    session.go_to(first.id)
    session.decide("post")
    session.undo()
    assert session.decision.decided == "bank"
    assert session.decision.note == "before"
    assert session.progress.decided == 1


def test_a_session_killed_in_the_middle_goes_on_where_it_was(session):
    session.accept()
    session.accept()
    del session  # nothing is closed or saved
    workspace = read_workspace()
    queue = queues_of(workspace)["suspects"]
    assert Session(workspace, queue, "ann").progress == Progress(0, 0, 3, 3)
    audit = queues_of(workspace)["audit"]
    told = Session(workspace, audit, "bob")
    assert told.item == audit.items[0]


def test_an_audit_begun_before_begins_at_its_first_undecided_row(workspace):
    audit = queues_of(workspace)["audit"]
    first = Session(workspace, audit, "ann")
    first.accept()
    first.accept()
    again = Session(read_workspace(), audit, "ann")
    assert again.item == audit.items[2]
    assert again.progress.decided == 2


def test_skipped_rows_are_neither_decided_nor_lost(session):
    first = session.item
    session.skip()
    assert session.progress == Progress(0, 1, 4, 5)
    session.go_to(first.id)
    assert session.item == first
    session.accept()
    assert session.progress == Progress(1, 0, 4, 5)
    assert len(lines(session)) == 1


def test_a_decision_counts_although_the_clock_went_back(workspace, session, monkeypatch):
    hours = iter([12, 11, 10])
    clock = lambda: datetime(2026, 11, 24, next(hours), tzinfo=UTC)  # noqa: E731
    monkeypatch.setattr("seedbed.reviewing.session.now", clock)
    row = session.item.id
    session.decide("bank")
    session.undo()
    session.decide("post")
    assert read_workspace().in_force().settled[row].decided == "post"


def test_what_cannot_be_decided_is_refused_and_nothing_is_written(workspace, session):
    blind = Session(workspace, queues_of(workspace)["test"], "ann")
    with pytest.raises(SeedbedError, match="blind queue shows none"):
        blind.take_suggestion()
    with pytest.raises(SeedbedError, match="label 'bonk'"):
        session.decide("bonk")
    with pytest.raises(SeedbedError, match=WITHDRAWN):
        session.decide(WITHDRAWN)
    with pytest.raises(SeedbedError, match="not in the queue"):
        session.go_to("nowhere")
    with pytest.raises(SeedbedError):
        Session(workspace, session.queue, "")
    for _ in range(5):
        session.skip()
    with pytest.raises(SeedbedError, match="no row is left"):
        session.accept()
    assert lines(session) == []


def test_people_who_disagree_are_asked_again(workspace, said):
    append(said("row01", "bank", "ann"))
    append(said("row01", "post", "bob"))
    workspace.refresh()
    queue = queues_of(workspace)["disagreements"]
    assert [(item.id, item.reason) for item in queue.items] == [("row01", "ann: bank; bob: post")]
    session = Session(workspace, queue, "ann")
    assert session.progress == Progress(0, 0, 1, 1)
    session.decide("post")
    assert workspace.in_force().settled["row01"].who == ("ann", "bob")


def test_a_note_from_a_terminal_with_half_a_character_is_written(session):
    session.accept("caf\udce9")
    assert read_decisions(session.workspace.folder)[0].note == "caf?"
