"""Review of answers: keep, drop, rewrite. The text of a rewrite is in the private zone, its digest
in git, and apply_decisions takes no other text."""

import csv
import hashlib
import io
import json
import stat
from pathlib import Path

import pytest
from reviewing.conftest import write_conversations
from rich.console import Console
from ruamel.yaml import YAML

from seedbed.core.decisions import REWRITES, digest_of, read_decisions, rewrite_file, rewrite_of
from seedbed.core.errors import SeedbedError
from seedbed.core.files import read_csv, read_json, write_csv
from seedbed.core.rows import read_rows, write_rows
from seedbed.forgetting.forget import carry_out, plan, told
from seedbed.reviewing.csv_exchange import export, read_back
from seedbed.reviewing.queues import queues_of, read_workspace
from seedbed.reviewing.session import Session, append
from seedbed.reviewing.status import status
from seedbed.reviewing.terminal import Review
from stages import apply_decisions

ANSWER = "It is on its way.\nAsk again on Monday."


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    write_conversations()
    return read_workspace()


def reviewed(workspace, keys: str, lines: tuple[str, ...] = (), queue: str = "suspects") -> str:
    screen, keys_left, lines_left = io.StringIO(), iter([*keys, "q"]), iter(lines)
    console = Console(file=screen, width=300, highlight=False, force_terminal=False)
    session = Session(workspace, queues_of(workspace)[queue], "ann")
    Review(session, console, lambda: next(keys_left), lambda _: next(lines_left)).run()
    return screen.getvalue()


def decided(workspace) -> list[str]:
    return [one.decided for one in read_decisions(workspace.folder)]


def rewritten(workspace, answer: str = ANSWER) -> str:
    """Rewrite the first suspect; its id."""
    session = Session(workspace, queues_of(workspace)["suspects"], "ann")
    return session.rewrite(answer).id


def test_the_conversation_is_shown_with_its_roles_and_a_key_is_a_decision(workspace):
    screen = reviewed(workspace, "aeds?", (*ANSWER.split("\n"), "."))
    for words in (
        "system: You know \\x1b[31mletters.", "user: Hello", "assistant: Hi.", "user: The loan",
        "assistant: Answer of row", "category  letters", "answer quality 0.010",
        "its answer is more like one to another question", "letters: The parcel",
        "-> Answer of row01.", "[a] keep [e] rewrite [d]rop [s]kip", "decided: keep the answer",
        f"decided: rewritten answer {hashlib.sha256(ANSWER.encode()).hexdigest()[:8]}",
        "e  rewrite the answer", "3 of 5 decided",
    ):  # fmt: skip
        assert words in screen, words
    for words in ("suggest", "label", "ambiguous"):
        assert words not in screen, words
    assert decided(workspace) == ["letters", rewrite_of(ANSWER), "<drop>"]


def test_keys_of_labels_do_nothing_and_no_text_is_no_rewrite(workspace):
    screen = reviewed(workspace, "tom" + "e" + "e", (".", "  ", "."))
    assert "'t' is not a command" in screen
    assert "nothing was written, and the answer stays" in screen
    assert "an empty answer; write another one" in screen
    assert decided(workspace) == []
    assert not REWRITES.exists()


def test_a_rewrite_is_the_answer_in_the_row_and_git_has_its_digest_alone(workspace):
    row = rewritten(workspace)
    line = workspace.folder.joinpath("ann.jsonl").read_text()
    assert "Monday" not in line
    assert json.loads(line)["decided"] == rewrite_of(ANSWER)
    file = rewrite_file(hashlib.sha256(ANSWER.encode()).hexdigest())
    assert file.read_text() == ANSWER
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(REWRITES.stat().st_mode) == 0o700
    assert (REWRITES / ".gitignore").read_text() == "*\n"
    assert apply_decisions.main() == "1 rows decided, 0 of them relabelled, 1 rewritten"
    before, after = (
        read_rows(Path(f"data/{name}")).set_index("id") for name in ("anonymize", "apply_decisions")
    )
    assert after["answer"][row] == ANSWER
    assert after.drop(columns="answer").equals(before.drop(columns="answer"))
    assert after["answer"].drop(row).equals(before["answer"].drop(row))
    metrics = read_json(Path("reports/metrics/apply_decisions.json"))
    assert metrics["rewritten"] == metrics["by_side"]["train"]["rewritten"] == 1
    [ledger] = read_csv(Path("data/ledger/decided.csv"))
    assert ledger["decided"] == rewrite_of(ANSWER)
    assert "Monday" not in Path("data/ledger/decided.csv").read_text()


def test_a_text_that_was_changed_stops_the_stage(workspace):
    rewritten(workspace)
    file = rewrite_file(digest_of(rewrite_of(ANSWER)))
    file.write_text(ANSWER + " Or on Tuesday.")
    with pytest.raises(SeedbedError) as error:
        apply_decisions.main()
    changed = hashlib.sha256(file.read_bytes()).hexdigest()
    for words in (str(file), changed, "data/decisions/ann.jsonl:1", "restore the file"):
        assert words in str(error.value)
    assert "Tuesday" not in str(error.value)
    assert not Path("data/apply_decisions").exists()


def test_a_text_that_is_missing_stops_the_stage_until_the_decision_is_withdrawn(workspace):
    session = Session(workspace, queues_of(workspace)["suspects"], "ann")
    row = session.rewrite(ANSWER).id
    rewrite_file(digest_of(rewrite_of(ANSWER))).unlink()
    with pytest.raises(SeedbedError, match="no such file, and data/decisions/ann.jsonl:1") as error:
        apply_decisions.main()
    assert f"for row {row}" in str(error.value)
    assert "copy it from where ann wrote it" in str(error.value)
    session.undo()
    apply_decisions.main()
    assert read_rows(Path("data/apply_decisions"))["answer"].str.startswith("Answer of").all()


def test_a_rewrite_of_a_class_is_no_label(workspace, said):
    append(said("row01", rewrite_of(ANSWER), given="letters"))
    params = YAML().load(Path("params.yaml"))
    params["task"]["kind"] = "class"
    YAML().dump(params, Path("params.yaml"))
    with pytest.raises(SeedbedError, match=r"ann.jsonl:1: label '<rewrite"):
        apply_decisions.main()


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [("Answer of {}.", "the answer that it has"), (" \n", "an empty answer")],
)
def test_what_is_no_other_answer_is_refused(workspace, wrong, problem):
    session = Session(workspace, queues_of(workspace)["suspects"], "ann")
    with pytest.raises(SeedbedError, match=problem):
        session.rewrite(wrong.format(session.item.id))
    assert decided(workspace) == []


def test_personal_values_that_a_person_types_are_replaced_before_anything_is_kept(workspace):
    rewritten(workspace, "Write to jane.planted@mail.com\r\nor to me.")
    [file] = REWRITES.glob("*.txt")
    assert file.read_text() == "Write to <EMAIL>\nor to me."
    assert hashlib.sha256(file.read_bytes()).hexdigest() == file.stem
    apply_decisions.main()
    for path in Path("data").rglob("*"):
        assert not path.is_file() or b"planted" not in path.read_bytes(), path


def test_a_number_that_only_the_question_names_is_replaced_too(workspace):
    item = queues_of(workspace)["suspects"].items[0]
    workspace.rows.loc[item.id, "text"] = "What is your account number?"
    rewritten(workspace, "48151623")
    [file] = REWRITES.glob("*.txt")
    assert "48151623" not in file.read_text()


def test_people_who_write_the_same_answer_agree_and_others_disagree(workspace, said):
    row = rewritten(workspace)
    vote = said(row, rewrite_of(ANSWER), "bob", given="letters")
    append(vote)
    assert apply_decisions.main().startswith("1 rows decided")
    append(said(row, "letters", "eve", given="letters"))
    assert "people disagree on 1" in apply_decisions.main()
    workspace.refresh()
    [line] = [line for line in status(workspace) if line.startswith(f"  {row}:")]
    assert "ann rewritten answer" in line
    assert "eve keep the answer" in line


def test_queues_speak_of_answers_and_a_question_with_two_answers_is_a_conflict(workspace, said):
    queues = queues_of(workspace)
    assert "next" not in queues
    assert all("label" not in f"{queue.title} {queue.about}" for queue in queues.values())
    assert [item.id for item in queues["conflicts"].items] == ["copy1", "copy2"]
    append(said("copy1", "letters", given="letters"))
    workspace.refresh()
    assert [item.id for item in queues_of(workspace)["conflicts"].items] == ["copy2"]
    append(said("copy2", rewrite_of("Answer of copy2."), given="letters"))
    workspace.refresh()
    assert queues_of(workspace)["conflicts"].items == []
    append(said("copy2", "<drop>", given="letters", minute=1))
    workspace.refresh()
    assert queues_of(workspace)["conflicts"].items == []
    assert "wrong answers cannot be estimated" in "\n".join(status(workspace))


def filled(file: Path, cells: dict[str, dict[str, str]]) -> None:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        lines = list(csv.DictReader(opened))
    with file.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.DictWriter(opened, lines[0])
        writer.writeheader()
        writer.writerows(line | cells.get(line["id"], {}) for line in lines)


def test_a_table_goes_out_with_the_conversation_and_rewrites_come_back(workspace, tmp_path):
    queue, file = queues_of(workspace)["suspects"], tmp_path / "q.csv"
    export(queue, workspace, file)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        first = next(csv.DictReader(opened))
    assert first["context"].splitlines()[1:] == ["user: Hello", "assistant: Hi."]
    assert first["answer"] == f"Answer of {first['id']}."
    one, two, three = (item.id for item in queue.items[:3])
    new = {"decided": "<rewrite>", "answer": ANSWER}
    filled(file, {one: new, two: {"decided": "letters"}, three: {"decided": "<rewrite>"}})
    with pytest.raises(SeedbedError, match="1 lines are wrong") as error:
        read_back(file, "bob", workspace)
    assert "q.csv:" in str(error.value)
    assert "the answer that it has" in str(error.value)
    assert not REWRITES.exists()
    filled(file, {three: {"decided": "<drop>"}})
    found = read_back(file, "bob", workspace)
    assert [vote.decided for vote in found] == [rewrite_of(ANSWER), "letters", "<drop>"]
    assert rewrite_file(digest_of(rewrite_of(ANSWER))).read_text() == ANSWER


def test_forgetting_takes_the_answers_that_people_wrote(workspace, said):
    """By the row, by a value in the text alone; a text that another row has, too, stays."""
    session = Session(workspace, queues_of(workspace)["suspects"], "ann")
    gone = session.rewrite("This text goes with its row, and with no other one.").id
    shared = session.rewrite(ANSWER).id
    named = session.rewrite("Ask Jane Planted about it.").id
    append(said(shared, rewrite_of(ANSWER), "bob", given="letters"))
    append(said("row41", rewrite_of(ANSWER), "bob", given="letters"))
    params = YAML().load(Path("params.yaml"))
    params["sources"] = [{"name": "talks", "kind": "file", "path": "data/raw/talks.csv",
                          "batch": "2026-01-talks", "licence": "CC0"}]  # fmt: skip
    YAML().dump(params, Path("params.yaml"))
    write_csv(Path("data/raw/talks.csv"), ["question", "answer"], [("Who is it?", "It is me.")])
    write_rows(Path("data/collect"), read_rows(Path("data/anonymize")))
    for value, row, left in (
        ("", gone, [ANSWER, "Ask Jane Planted about it."]),
        ("", shared, [ANSWER, "Ask Jane Planted about it."]),
        ("jane planted", "", [ANSWER]),
    ):
        write_csv(Path("data/tombstones.csv"), ["id", "digest"], [])  # these ids are no hashes
        found = plan(value, row)
        assert "Planted" not in "\n".join(told(found, purge=False))
        carry_out(found, purge=False)
        assert sorted(file.read_text() for file in REWRITES.glob("*.txt")) == sorted(left)
    lines = read_decisions(workspace.folder)
    assert {line.id for line in lines} == {"row41"}
    assert named not in {line.id for line in lines}
