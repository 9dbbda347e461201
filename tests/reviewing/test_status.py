"""`seedbed review --status`: how far review is, who did it, and what is void."""

from seedbed.core.decisions import WITHDRAWN, DisagreementRule
from seedbed.reviewing.queues import queues_of
from seedbed.reviewing.session import append
from seedbed.reviewing.status import status


def told(workspace) -> str:
    workspace.refresh()
    return "\n".join(status(workspace))


def test_before_anyone_has_decided(workspace):
    found = told(workspace)
    assert "suspects       5 to decide, 0 done" in found
    assert "conflicts      2 to decide" in found
    assert "Nobody has decided anything yet." in found
    assert "the first of 60 rows is not judged" in found
    assert "letters.csv:99 missing_label: give the row a label" in found
    assert "void" not in found


def test_people_disagreements_and_void_decisions_by_name(workspace, said):
    append(said("row01", "bank", "ann"))
    append(said("row02", "bank", "ann", minute=1))
    append(said("row02", WITHDRAWN, "ann", minute=2))
    append(said("row01", "post", "bob"))
    append(said("gone", "post", "bob"))
    append(said("row03", "post", "bob", digest="old"))
    workspace.rule = DisagreementRule(disagreement="arbiter", arbiter="eve")
    found = told(workspace)
    assert "  ann: 1 rows" in found
    assert "  bob: 3 rows" in found
    assert "eve, the arbiter (apply_decisions.arbiter), has decided nothing yet" in found
    assert "People disagree on 1 rows" in found
    assert "row01: ann bank, bob post" in found
    assert "1 void decisions: no row has their id" in found
    assert "data/decisions/bob.jsonl:2: row gone, bank -> post, bob" in found
    assert "1 void decisions: the text has changed" in found
    assert "data/decisions/bob.jsonl:3: row row03" in found


def test_the_audit_tells_its_estimate_by_side_where_enough_is_judged(workspace, said, monkeypatch):
    monkeypatch.setattr("seedbed.reviewing.status.MIN_JUDGED", 20)
    for item in queues_of(workspace)["audit"].items:
        append(said(item.id, item.given, given=item.given))
    first = queues_of(workspace)["audit"].items[0]
    append(said(first.id, "<drop>", minute=1))
    found = told(workspace)
    assert "Audit: 1 of 60 labels wrong, 1.7% [0.3%, 8.9%]; 0 ambiguous; 60 of 60" in found
    assert "  train: " in found
    assert "  test: " not in found
