"""What people decided: each person's latest line counts, a rule settles, texts must stand."""

import json
from functools import partial

import pandas as pd
import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from seedbed.core.decisions import (
    WITHDRAWN,
    Decision,
    DisagreementRule,
    Settled,
    check_labels,
    in_force,
    parse_decisions,
    read_decisions,
)
from seedbed.core.errors import ParamsError, SeedbedError
from seedbed.core.params import read_params
from seedbed.tasks import class_task

ROWS = pd.DataFrame({"id": ["a", "b", "c"], "digest": ["1", "1", "1"]})
KEEP_OUT = DisagreementRule(disagreement="keep_out", arbiter="")
MAJORITY = DisagreementRule(disagreement="majority", arbiter="")
ARBITER = DisagreementRule(disagreement="arbiter", arbiter="eve")


def line(row: str, decided: str, who: str = "ann", digest: str = "1", **more) -> str:
    content = {"id": row, "digest": digest, "given": "ham", "decided": decided, "who": who,
               "when": "2026-11-23T10:00:00Z"}  # fmt: skip
    return json.dumps(content | more)


def decided(tmp_path, *lines: str, rule: DisagreementRule = KEEP_OUT):
    (tmp_path / "ann.jsonl").write_text("\n".join(lines) + "\n")
    return in_force(read_decisions(tmp_path), ROWS, rule)


def labels(found) -> dict[str, str]:
    return {row: one.decided for row, one in found.settled.items()}


def test_the_last_line_of_one_person_counts(tmp_path):
    found = decided(tmp_path, line("a", "spam"), line("a", "ham"))
    assert found.settled == {"a": Settled("ham", ("ann",))}


def test_the_latest_line_counts_wherever_a_merge_has_put_it(tmp_path):
    late = line("a", "spam", when="2026-11-24T08:00:00Z")
    early = line("a", "ham", when="2026-11-24T08:30:00+01:00")
    for lines in ([late, early], [early, late]):
        assert labels(decided(tmp_path, *lines)) == {"a": "spam"}


def test_a_withdrawn_decision_is_none_and_can_be_taken_again(tmp_path):
    gone = [line("a", "spam"), line("a", WITHDRAWN)]
    found = decided(tmp_path, *gone)
    assert (found.settled, found.disagreed, found.votes) == ({}, [], {})
    assert labels(decided(tmp_path, *gone, line("a", "ham"))) == {"a": "ham"}
    assert labels(decided(tmp_path, *gone, line("a", "ham", "bob"))) == {"a": "ham"}
    void = decided(tmp_path, line("b", "spam", digest="old"), line("b", WITHDRAWN, digest="old"))
    assert (void.changed_text, void.unknown_id) == ([], [])


@pytest.mark.parametrize(
    ("said", "by_rule"),
    [
        ("ann spam, bob spam", {KEEP_OUT: "spam", MAJORITY: "spam", ARBITER: "spam"}),
        ("ann spam, bob ham", {KEEP_OUT: "", MAJORITY: "", ARBITER: ""}),
        ("ann spam, bob spam, cat ham", {KEEP_OUT: "", MAJORITY: "spam", ARBITER: ""}),
        ("ann spam, bob ham, cat jam, dan spam", {KEEP_OUT: "", MAJORITY: "", ARBITER: ""}),
        ("ann spam, bob spam, eve ham", {KEEP_OUT: "", MAJORITY: "spam", ARBITER: "ham"}),
        ("eve ham", {KEEP_OUT: "ham", MAJORITY: "ham", ARBITER: "ham"}),
    ],
)
def test_a_rule_settles_what_people_disagree_on(tmp_path, said, by_rule):
    lines = [line("a", label, who) for who, label in (one.split() for one in said.split(", "))]
    for rule, expected in by_rule.items():
        found = decided(tmp_path, *lines, rule=rule)
        assert labels(found) == ({"a": expected} if expected else {}), rule
        assert found.disagreed == ([] if expected else ["a"]), rule


def test_a_decision_that_was_read_does_not_change():
    (decision,) = parse_decisions(line("a", "spam") + "\n", "ann.jsonl")
    with pytest.raises(ValidationError, match="frozen"):
        decision.decided = "ham"


def test_those_who_said_so_are_named(tmp_path):
    lines = [line("a", "spam", "bob"), line("a", "spam", "ann"), line("a", "ham", "eve")]
    assert decided(tmp_path, *lines, rule=MAJORITY).settled["a"].who == ("ann", "bob")
    assert decided(tmp_path, *lines, rule=ARBITER).settled["a"].who == ("eve",)


def test_a_decision_on_another_text_or_no_row_is_void_and_told(tmp_path):
    found = decided(tmp_path, line("b", "spam", digest="old"), line("gone", "spam"))
    assert found.settled == {}
    assert [one.id for one in found.changed_text] == ["b"]
    assert [one.id for one in found.unknown_id] == ["gone"]


@pytest.mark.parametrize(
    ("bad", "found"),
    [
        ("{", "not JSON"),
        ("<<<<<<< HEAD", "not JSON"),
        (line("a", "spam", wh0="x"), "wh0"),
        ("{}", "id: Field"),
        ("[]", "valid dictionary"),
        (line("a", "spam", ""), "who: Value error, '' is no name"),
        (line("a", "spam", "../ann"), "who: Value error, '../ann' is no name"),
        (line("a", ""), "decided: String should have at least 1"),
        (line("a", "spam", when="yesterday"), "when: Value error, Invalid isoformat"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path, bad, found):
    with pytest.raises(SeedbedError) as error:
        decided(tmp_path, line("a", "spam"), bad)
    assert "ann.jsonl:2" in str(error.value)
    assert found in str(error.value)


def test_a_line_that_is_not_utf_8_is_named(tmp_path):
    (tmp_path / "ann.jsonl").write_bytes(line("a", "spam").encode() + b'\n{"id": "caf\xe9"}\n')
    with pytest.raises(SeedbedError, match=r"ann.jsonl:2: not UTF-8"):
        read_decisions(tmp_path)


def test_windows_line_ends_and_odd_characters_in_a_note_are_read():
    noted = line("a", "spam", note="x").replace('"x"', '"one\u2028two\x85three"')
    found = parse_decisions(f"{noted}\r\n\r\n{line('b', 'ham')}\r\n", "f")
    assert [one.id for one in found] == ["a", "b"]
    assert found[0].note == "one\u2028two\x85three"


def test_a_label_that_no_row_knows_is_named_with_its_line(tmp_path):
    lines = [line("a", "spam"), line("b", "<drop>"), line("c", "spma", "bob"), line("x", "old")]
    found = decided(tmp_path, *lines)
    form = class_task.form(["ham", "spam"])
    # A void decision's label may be gone.
    check_labels(found, partial(class_task.fault, {"spam", "ham", "spma"}), form, tmp_path)
    with pytest.raises(SeedbedError) as error:
        check_labels(found, partial(class_task.fault, {"spam", "ham"}), form, tmp_path)
    assert f"{tmp_path}/ann.jsonl:3: label 'spma' (expected one of ham, spam" in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{disagreement: vote, arbiter: ''}", "apply_decisions.disagreement: 'vote'"),
        ("{disagreement: arbiter, arbiter: ''}", "`arbiter` names a person"),
        ("{disagreement: majority, arbiter: ann}", "`arbiter` names a person"),
        ("{disagreement: majority}", "apply_decisions.arbiter: nothing"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(tmp_path, monkeypatch, text, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(f"apply_decisions: {text}\n")
    with pytest.raises(ParamsError, match=message.replace("(", r"\(")):
        read_params("apply_decisions", DisagreementRule)


moments = st.integers(0, 59).map("2026-11-23T10:00:{:02}Z".format)
one_line = st.builds(
    Decision,
    id=st.sampled_from("abx"),
    digest=st.sampled_from("12"),
    given=st.just("ham"),
    decided=st.sampled_from(["ham", "spam", "<drop>", WITHDRAWN]),
    who=st.sampled_from(["ann", "eve"]),
    when=moments,
)
# One person does one thing at a time.
many = st.lists(one_line, max_size=12, unique_by=lambda one: (one.id, one.who, one.when))
rules = st.sampled_from([KEEP_OUT, MAJORITY, ARBITER])


@given(many, rules, st.randoms(use_true_random=False))
def test_a_merge_by_union_says_the_same_in_any_order(lines, rule, random):
    shuffled = random.sample(lines, len(lines))
    assert in_force(lines, ROWS, rule) == in_force(shuffled, ROWS, rule)
    assert in_force(lines + shuffled, ROWS, rule) == in_force(lines, ROWS, rule)


@given(many, rules)
def test_only_the_latest_line_of_a_person_on_a_row_matters(lines, rule):
    latest = {}
    for one in sorted(lines, key=lambda one: one.when):
        latest[one.id, one.who] = one
    assert in_force(latest.values(), ROWS, rule) == in_force(lines, ROWS, rule)


@given(many, rules)
def test_every_decision_that_was_not_withdrawn_is_in_force_or_told_as_void(lines, rule):
    found = in_force(lines, ROWS, rule)
    votes = sum(map(len, found.votes.values()))
    latest = {(one.id, one.who): one for one in sorted(lines, key=lambda one: one.when)}
    live = [one for one in latest.values() if one.decided != WITHDRAWN]
    assert votes + len(found.unknown_id) + len(found.changed_text) == len(live)
    assert sorted([*found.settled, *found.disagreed]) == sorted(found.votes)
