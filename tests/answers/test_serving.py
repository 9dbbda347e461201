"""Stage select and `seedbed predict` of task answer, on tiny models that a test tuned."""

import json
import shutil
from pathlib import Path

import pytest
from answers.conftest import REFUSAL, predictions, written
from chat.test_approaches import THINGS, data_of, params_of, rows_of
from conftest import ROOT, tiny_encoder, yaml
from tiny_chat import tiny_writer
from typer.testing import CliRunner

import stages.select as stage
from seedbed.cli import app
from seedbed.collecting.table_forms import TableForm
from seedbed.core.errors import ModelError, SeedbedError
from seedbed.core.files import BEST, MODELS, read_csv, read_json, sha256_of, write_json
from seedbed.core.metrics import write_metrics
from seedbed.private.kinds import AnonymizeParams
from seedbed.running import memo
from seedbed.scoring.answers.evaluation import AnswerParams, evaluated, judged
from seedbed.scoring.answers.predictions import write_answers
from seedbed.scoring.metrics_files import ModelCosts
from seedbed.serving.answering import AnswerOptions, answer
from seedbed.serving.model_folder import (
    AnswerServing,
    TextPreparation,
    read_answer_serving,
    write_serving,
)
from seedbed.training.chat.approaches import load
from seedbed.training.models import read_card, write_digests

EPOCHS = {"full": 150, "feature": 0, "prompt": 1}
RATES = {"full": {"learning_rate": 0.02}, "prompt": {"kind": "examples"}}
PREPARED = TextPreparation(
    rules=["white_space"], anonymize=AnonymizeParams(key_fingerprint="0" * 12, kinds=("email",))
)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory) -> Path:
    """models/APPROACH/seed-0 of three approaches; `full` has its eight answers by heart."""
    folder = tmp_path_factory.mktemp("served")
    tiny_writer(folder / "writer")
    tiny_encoder(folder / "encoder", [row.question for row in rows_of("What colour has").dialogues])
    data = data_of(folder)
    for name, epochs in EPOCHS.items():
        more = {"epochs": epochs, **RATES.get(name, {})} if epochs else {}
        params = params_of(name, **more)
        load(name).fine_tune(data, params, 0, folder / MODELS / name / "seed-0")
    return folder


@pytest.fixture
def project(tuned, tmp_path, monkeypatch) -> Path:
    """A folder with these models and a params.yaml of task answer, entered."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    shutil.copytree(tuned / MODELS, tmp_path / MODELS)
    content = yaml.load(ROOT / "params.yaml")
    content["task"]["kind"] = "answer"
    with Path("params.yaml").open("w") as file:
        yaml.dump(content, file)
    return tmp_path


def served(approach: str, **changes) -> Path:
    """models/best out of one approach, as select writes it."""
    shutil.copytree(MODELS / approach / "seed-0", BEST, dirs_exist_ok=True)
    serving = AnswerServing(refusal=REFUSAL, max_new_tokens=12, right="token_f1",
                            min_language_chars=40, precision="float32",
                            preparation=PREPARED)  # fmt: skip
    write_serving(BEST, serving.model_copy(update=changes))
    write_digests(BEST)
    return BEST


def evaluate(wrong: dict[str, range], costs: dict[str, int]) -> None:
    """The figures and answers of each approach, `wrong` of 400 rows; others are off."""
    targets, judging = [f"the red fox {row}" for row in range(400)], AnswerParams(refusal=REFUSAL)
    for name in ("feature", "full", "lora", "prompt"):
        file = Path(f"reports/metrics/evaluate/{name}/validation.json")
        if name not in wrong:
            write_json(file, {"run": False})
            continue
        said = ["a hen" if row in wrong[name] else text for row, text in enumerate(targets)]
        found = predictions(targets, {"0": written(said)})
        model = ModelCosts(megabytes=1, trainable_parameters=costs[name], epochs=1,
                           training_tokens=9)  # fmt: skip
        figures = evaluated(found, judged(found, judging), {}, judging, "0", model)
        write_metrics(file, figures)
        write_answers(Path(f"data/evaluate/{name}/validation"), found)


def test_select_takes_the_cheapest_of_equals_and_its_three_lines_run(project):
    evaluate({"feature": range(200), "full": range(20)}, {"feature": 0, "full": 9})
    why = stage.main()
    assert why.startswith("`full` is chosen with a validation token F1 of 0.9")
    assert read_json(Path("reports/choice.json"))["measure"] == "token_f1"
    serving = read_answer_serving(BEST)
    assert (serving.refusal, serving.right, serving.max_new_tokens) == (REFUSAL, "token_f1", 256)
    assert serving.precision == "float32"
    page = (BEST / "README.md").read_text()
    code = page.split("```python\n")[1].split("```")[0]
    assert len(code.strip().split("\n")) == 3
    said: list[object] = []
    asked = "What colour has sea?"
    code = code.replace("How do I change my address?", asked).replace("=200", "=20")
    exec(code, {"print": said.append})
    assert said == ["deep blue"]
    assert "at most\n256 tokens" in page


@pytest.mark.parametrize(
    ("name", "words"),
    [("feature", "No stock library loads this folder"),
     ("prompt", "without the train conversations")],
)  # fmt: skip
def test_the_readme_says_what_stock_libraries_lack(project, name, words):
    evaluate({name: range(20)}, {name: 0})
    stage.main()
    page = (BEST / "README.md").read_text()
    assert words in page.replace("\n", " ")
    assert ("```python" in page) == (name == "prompt")


def test_no_approach_and_other_rows_are_errors(project):
    evaluate({}, {})
    with pytest.raises(ModelError, match="every approach has run: false"):
        stage.main()
    evaluate({"feature": range(2), "full": range(2)}, {"feature": 0, "full": 9})
    write_answers(Path("data/evaluate/full/validation"), predictions(["a"], {"0": ["b"]}))
    with pytest.raises(SeedbedError, match="approaches answered different rows"):
        stage.main()


def lines(*rows: object) -> Path:
    file = Path("in.jsonl")
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def asked(question: str, said: str | None = None, *earlier: str) -> dict:
    roles = ("user", "assistant")
    turns = [{"role": roles[n % 2], "content": text} for n, text in enumerate(earlier)]
    turns.append({"role": "user", "content": question})
    return {"messages": [*turns, *([{"role": "assistant", "content": said}] if said else [])]}


def answered(file: Path, options: AnswerOptions = AnswerOptions(), **more):  # noqa: B008
    done = answer(file, Path("out.jsonl"), BEST, options, **more)
    return done, [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]


def test_the_last_question_of_each_conversation_is_answered(project):
    served("full")
    file = lines(asked("What colour has sea?", "no colour"), asked("What colour has gold?"))
    done, [sea, gold] = answered(file)
    assert [sea["answer"], gold["answer"]] == ["deep blue", "yellow"]
    assert sea == {**asked("What colour has sea?", "no colour"), "answer": "deep blue",
                   "ended": True, "reason": None}  # fmt: skip
    assert (done.rows, done.refused, done.unfinished, done.unanswered) == (2, 0, 0, [])
    assert not memo.MEMO.exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q.csv", "n,question,reply\n1,What colour has sea?,x\n"),
        ("q.json", '[{"instruction": "What colour", "input": "has sea?", "output": "x"}]'),
        ("q.json", '[{"from": "human", "value": "What colour has sea?"}, '
                   '{"from": "gpt", "value": "x"}]'),
        ("q.jsonl", '{"conversations": [{"from": "human", "value": "What colour has sea?"}]}\n'),
    ],
)  # fmt: skip
def test_every_form_that_collect_reads_is_answered(project, name, text):
    served("feature")
    Path(name).write_text(text)
    done = answer(Path(name), Path("out.csv"), BEST, AnswerOptions())
    assert done.rows == 1
    assert read_csv(Path("out.csv"))[0]["answer"] in THINGS.values()


class Listening:
    """A model that repeats what it is asked."""

    def __init__(self, *_):
        self.seen = []

    def answers(self, rows, limit):
        from seedbed.training.chat.tuning import Answer

        type(self).seen = [*rows]
        return [Answer("heard", limit, limit > 5) for _ in rows]


@pytest.fixture
def listening(monkeypatch):
    monkeypatch.setattr("seedbed.training.chat.approaches.full.load", Listening)
    return Listening


def test_texts_are_prepared_as_before_training_and_answers_are_not_seen(project, listening):
    served("full")
    row = asked("And  jo@shop.test,\nwhat of it?", "secret", "I am jo@shop.test", "Hello  jo")
    done, [found] = answered(lines(row), AnswerOptions(max_new_tokens=5))
    [seen] = listening.seen[:1]
    assert [turn.text for turn in seen.context] == ["I am <EMAIL>", "Hello jo"]
    assert (seen.question, seen.answer) == ("And <EMAIL>,\nwhat of it?", "")
    assert found["messages"] == row["messages"]
    assert done.unfinished == 1


def test_rows_that_get_no_answer_have_a_reason(project):
    served("full")
    bad = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
    rows = [asked("What colour has sea?"), asked("x" * 600), {"messages": bad}, asked("  "),
            {"messages": "none"}]  # fmt: skip
    done, found = answered(lines(*rows))
    reasons = [None, "too_many_tokens", "role_order", "missing_text", "messages_are_no_list"]
    assert [row["reason"] for row in found] == reasons
    assert [row["answer"] for row in found] == ["deep blue", None, None, None, None]
    assert [row["ended"] for row in found][:2] == [True, None]
    assert done.unanswered[0] == "in.jsonl:2 too_many_tokens"
    told = done.in_words(Path("out.jsonl"), "")
    assert "Without an answer (column `reason`): 1 messages_are_no_list, 1 missing_text" in told[1]
    with pytest.raises(SeedbedError, match="no row gets an answer, such as in.jsonl:1 too_many"):
        answered(lines(asked("x" * 600)))


def test_a_stream_shows_each_answer_and_writes_the_same(project):
    served("full")
    rows = [asked("What colour has sea?"), asked("x" * 600), asked("What colour has gold?")]
    _, whole = answered(lines(*rows))
    shown: list[str] = []
    _, streamed = answered(lines(*rows), AnswerOptions(show=shown.append))
    assert streamed == whole
    assert len(shown) > 12, "piece by piece"
    assert "".join(shown) == ("in.jsonl:1\ndeep blue\n\nin.jsonl:2\n(too_many_tokens)\n\n"
                              "in.jsonl:3\nyellow\n\n")  # fmt: skip


def test_chunks_change_nothing(project):
    served("full")
    file = lines(*(asked(f"What colour has {thing}?") for thing in THINGS))
    _, whole = answered(file)
    assert answered(file, chunk_rows=3)[1] == whole
    assert [row["answer"] for row in whole] == [*THINGS.values()]


def test_refusals_are_counted(project, listening):
    served("full", refusal="Heard!")
    assert answered(lines(asked("a")))[0].refused == 1


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--pair-column", "b"], "a model of answers .*no --pair-column.*leave `--pair-column`"),
        (["--probabilities"], "a model of answers .*no --probabilities"),
        (["--column", "body"], "no column `body` .*messages.*correct `--column`"),
        (["--model", "nowhere"], "no such folder"),
    ],
)
def test_a_wrong_option_is_an_error(project, options, error):
    served("feature")
    file = lines(asked("What colour has sea?"))
    done = CliRunner().invoke(app, ["predict", str(file), "out.csv", *options])
    assert done.exit_code == 1
    with pytest.raises(SeedbedError, match=error):
        raise done.exception
    assert not Path("out.csv").exists()


def test_the_command_tells_what_it_did(project):
    served("full")
    file = lines(asked("What colour has sea?"), asked("x" * 600))
    done = CliRunner().invoke(app, ["predict", str(file), "out.csv", "--max-new-tokens", "4",
                                    "--stream"])  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "in.jsonl:1\ndeep\n" in done.output
    assert "out.csv: 2 rows, 1 answers cut at --max-new-tokens" in done.output
    assert [row["answer"] for row in read_csv(Path("out.csv"))] == ["deep", ""]


def test_what_is_no_conversation_and_what_would_be_overwritten_are_errors(project):
    served("feature")
    Path("in.csv").write_text("body\nhi\n")
    with pytest.raises(SeedbedError, match="no questions in the columns body .*--column COLUMN"):
        answered(Path("in.csv"))
    assert answered(Path("in.csv"), AnswerOptions(column="body"))[0].rows == 1
    Path("in.csv").write_text("question,answer\nhi,x\n")
    with pytest.raises(SeedbedError, match="a column `answer`, which would be overwritten"):
        answered(Path("in.csv"))
    form = TableForm(encoding="utf-8")
    [row] = answered(Path("in.csv"), AnswerOptions(prefix="predicted_"), form=form)[1]
    assert row["answer"] == "x"
    assert row["predicted_answer"] in THINGS.values()


def test_a_damaged_model_answers_nothing(project):
    served("full")
    (BEST / "chat_template.jinja").write_text("{{ messages }}")
    with pytest.raises(ModelError, match="damaged"):
        answered(lines(asked("What colour has sea?")))


def test_what_a_model_was_made_of_is_in_its_card(project, tuned):
    card = read_card(MODELS / "full/seed-0")
    assert card.settings["base"] == str(tuned / "writer")
    assert card.settings["sha256"] == sha256_of(tuned / "writer/model.safetensors")
    assert (card.settings["max_new_tokens"], card.settings["precision"]) == ("256", "float32")
