"""Conversations added: what the content of a file shows, which option overrules a guess, and that a
run reads the entry as `add` did."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
import talks
from conftest import ROOT, copy_project, yaml
from typer.testing import CliRunner

from seedbed.arrivals import adding
from seedbed.cli import app
from seedbed.core.errors import SourceError
from seedbed.core.rows import read_rows
from stages import anonymize, apply_decisions, clean, collect, deduplicate, split


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch) -> Path:
    """A project of task answer without a source; DVC's commands do nothing."""
    copy_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEDBED_PII_KEY", raising=False)
    Path("data/raw").mkdir()
    Path("data/raw/.gitignore").write_bytes((ROOT / "data/raw/.gitignore").read_bytes())
    set_params(sources=[], task={"kind": "answer"})
    monkeypatch.setattr(adding, "dvc", lambda *_: "")
    return tmp_path


def set_params(**sections: object) -> None:
    params = yaml.load(Path("params.yaml"))
    yaml.dump({**params, **sections}, Path("params.yaml"))


def add(file: str, *options: str) -> str:
    done = CliRunner().invoke(app, ["add", file, *options])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def dry(file: str, *options: str) -> str:
    return add(file, "--source", "talks", "--licence", "CC0", "--dry-run", *options)


SEEN = {
    "openai": "conversations are lists of messages in `messages`; `--messages-column` names",
    "sharegpt": "conversations are lists of messages in `conversations`",
    "alpaca": "questions are in `instruction` and `input`, answers in `output`; `--text-column` "
    "and `--answer-column` name others",
    "columns": "questions are in `question`, answers in `answer`; `--text-column` and",
}


@pytest.mark.parametrize("form", talks.FORMS)
def test_each_form_is_shown_and_read_so_by_a_run(project, form):
    ending = talks.ENDINGS[form]
    talks.write(Path(f"new.{ending}"), talks.FORMS[form]())
    told = add(f"new.{ending}", "--source", "talks", "--licence", "CC0", "--batch", "2026-11",
               "--yes")  # fmt: skip
    rows = 40 if form == "openai" else 20
    assert f"{rows} rows of a new source, talks" in told
    assert SEEN[form] in told
    assert f"talks: 0 -> {21 if form == 'openai' else 20} (" in told  # one greeting is kept
    assert "No row goes to quarantine" in told
    assert "Matches nothing" not in told  # prompts of classes are not of this task
    [entry] = yaml.load(Path("params.yaml"))["sources"]
    expected = {"id": "id"} if form == "sharegpt" else {}
    assert dict(entry["columns"]) == expected
    collect.main()
    collected = read_rows(Path("data/collect"))
    assert len(collected) == rows
    assert set(collected["label"]) == {"talks"}
    asked = dict(talks.PAIRS)
    last = collected[collected["text"] != "Good day to you."]
    assert len(last) == 20
    for row in last.itertuples():
        assert asked[row.text.removesuffix("\n\n" + row.text.rpartition("\n\n")[2])] == row.answer
    if form == "openai":
        assert (
            last["context"]
            .str.startswith(
                '[["system","Be kind, and answer in whole sentences."],["user","Good day'
            )
            .all()
        )


def test_a_category_is_proposed_and_taken(project):
    talks.write(Path("new.csv"), talks.columns())
    line = "the name of the source is the category of its rows; `topic` could be it, too: "
    assert f"{line}`--label-column topic`" in dry("new.csv")
    told = dry("new.csv", "--label-column", "topic")
    assert line not in told
    assert "home: 0 -> 10 (" in told
    assert line not in dry("new.csv", "--label", "small talk")


def test_columns_of_other_names_are_asked_for_and_named(project):
    rows = [{"frage": question, "antwort": answer} for question, answer in talks.PAIRS]
    talks.write(Path("new.csv"), rows)
    step = "`--messages-column`, or with `--text-column` and `--answer-column`"
    with pytest.raises(SourceError, match=f"no conversations in 2 columns.*{step}"):
        dry("new.csv")
    told = dry("new.csv", "--text-column", "frage", "--answer-column", "antwort")
    assert "text is `frage`, answer is `antwort`" in told
    assert "questions are in" not in told
    assert "20 rows would join" in told


def test_messages_in_a_column_of_another_name_are_found_and_named_in_the_entry(project):
    frame = pd.DataFrame({"talk": [row["messages"] for row in talks.openai()]})
    frame.to_parquet("new.parquet")
    told = dry("new.parquet")
    assert "messages is `talk`" in told  # a run reads those columns of Parquet that are named
    assert "21 rows would join" in told  # 20 copies of the greeting are one
    both = [{"messages": one["messages"][:3], "chat": one["messages"]} for one in talks.openai()]
    talks.write(Path("new.jsonl"), both)
    assert "20 rows of a new source" in dry("new.jsonl", "--dry-run")
    assert "40 rows of a new source" in dry("new.jsonl", "--messages-column", "chat")


def test_a_text_to_answer_from_is_named_as_context(project):
    rows = [{**row, "paper": "A text about rivers."} for row in talks.columns()]
    talks.write(Path("new.csv"), rows)
    told = dry("new.csv", "--text-column", "question", "--answer-column", "answer",
               "--context-column", "paper")  # fmt: skip
    assert "context is `paper`" in told


def test_the_last_turn_alone_is_what_params_say(project):
    content = yaml.load(Path("params.yaml"))
    set_params(collect={**content["collect"], "turns": "last"})
    talks.write(Path("new.jsonl"), talks.openai())
    assert "20 rows of a new source" in dry("new.jsonl")


def test_questions_alone_are_enough_for_negatives_and_rows_without_labels(project):
    rows = [{"question": question} for question, _ in talks.PAIRS]
    talks.write(Path("new.csv"), rows)
    with pytest.raises(SourceError, match="no conversations in 1 columns"):
        dry("new.csv")
    told = dry("new.csv", "--negative", "in_domain")
    assert "They are negatives: the answer to them is negatives.answer" in told
    assert "20 rows would join" in told
    assert "20 rows of a new source" in dry("new.csv", "--unlabelled")


def test_what_gives_no_row_is_told_with_its_reason(project):
    content = yaml.load(Path("params.yaml"))
    set_params(collect={**content["collect"], "max_quarantine_share": 0.2})
    rows = talks.openai()
    rows[3]["messages"][2]["tool_calls"] = [{"id": "x"}]
    rows[5]["messages"][4]["content"] = ""
    talks.write(Path("new.jsonl"), rows)
    told = dry("new.jsonl")
    assert "new.jsonl:4 calls_tools" in told
    assert "new.jsonl:6 empty_answer" in told
    assert "2 rows (5.1%) to quarantine" in told


def test_the_next_batch_goes_on_with_what_is_named_and_no_content_is_a_source(project):
    """After a run: a file with the columns of a source is its next batch, one without is not."""
    talks.write(Path("new.csv"), talks.columns())
    add("new.csv", "--source", "talks", "--licence", "CC0", "--label-column", "topic", "--batch",
        "2026-01", "--yes")  # fmt: skip
    for stage in (collect, clean, anonymize, apply_decisions, deduplicate, split):
        stage.main()
    more = [(f"Why is the {noun} so old?", f"Nobody knows, {n} say.") for n, noun in
            enumerate(talks.NOUNS)]  # fmt: skip
    talks.write(Path("more.csv"), talks.columns([*more, *talks.PAIRS[:2]]))
    told = add("more.csv", "--dry-run")
    assert "12 rows of the source talks" in told
    assert "label is `topic`" in told
    copies = "2 rows would be dropped: its text is a copy of another row's (exact_duplicate)"
    assert copies in told
    assert "home: 10 -> 15 (" in told
    talks.write(Path("other.jsonl"), talks.openai(more))
    with pytest.raises(Exception, match="no source of this shape .*one of: talks"):
        add("other.jsonl", "--dry-run")
    other = add("other.jsonl", "--source", "desk", "--licence", "CC0", "--dry-run")
    assert ", a new category" in other
    for folder in (
        "apply_decisions",
        "collect",
    ):  # what git alone knows: digests, of the answer too
        shutil.rmtree(f"data/{folder}")
    talks.write(Path("again.csv"), talks.columns([more[0], *talks.PAIRS[:2]]))
    assert copies in add("again.csv", "--dry-run")  # though each is in the other category
