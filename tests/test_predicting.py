"""`seedbed predict` on models of the example project, and on a stand-in for a model."""

import gzip
import io
import json
import shutil
import zipfile
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from workbooks import xlsx

from seedbed.collecting.table_forms import TableForm
from seedbed.core.errors import SeedbedError
from seedbed.core.files import read_csv, read_json, write_json
from seedbed.core.rows import read_rows
from seedbed.private.kinds import AnonymizeParams
from seedbed.scoring.predictions import read_predictions
from seedbed.serving import predicting
from seedbed.serving.model_folder import (
    Serving,
    TextPreparation,
    read_serving,
    write_serving,
)
from seedbed.serving.predicting import PredictColumns, predict
from seedbed.tasks import class_task, labels_task
from seedbed.training.models import write_digests

ASKED = AnonymizeParams(key_fingerprint="0" * 12, kinds=("email",))
SERVING = Serving(
    paired=False, temperature=2.0, outside="", thresholds=[], precision="float32",
    preparation=TextPreparation(rules=["white_space"], anonymize=ASKED),
)  # fmt: skip


class StandIn:
    """A model that is surer of "long" the more characters a text has: logit chars - 10."""

    task = class_task
    classes = ("short", "long")
    seen: list[str] = []

    def __init__(self, folder):
        self.seen.clear()

    def tokenizer(self, texts, pairs):
        self.seen.extend(texts if pairs is None else zip(texts, pairs, strict=True))
        return SimpleNamespace(windows=np.ones(len(texts), int), chars=list(map(len, texts)))

    def logits(self, encoded, dtype, label):
        return np.array([[0.0, chars - 10.0] for chars in encoded.chars], dtype=np.float32)


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A function that makes a model folder which says what it is given, and loads as StandIn."""
    monkeypatch.setattr("seedbed.training.classifier.Classifier", StandIn)

    def make(**changes):
        folder = tmp_path / "model"
        folder.mkdir(exist_ok=True)
        write_json(folder / "seedbed.json", {})
        write_serving(folder, SERVING.model_copy(update=changes))
        write_digests(folder)
        return folder

    return make


def table(folder, texts, name="in.csv", column="text"):
    pd.DataFrame({"n": range(len(texts)), column: texts}).to_csv(folder / name, index=False)
    return folder / name


def labelled(folder, source, model, columns=PredictColumns(), **options):  # noqa: B008
    done = predict(source, folder / "out.csv", model, columns, **options)
    return done, read_csv(folder / "out.csv")


def test_label_and_calibrated_probability_stand_beside_the_texts_as_they_came(tmp_path, model):
    source = table(tmp_path, ["hi", "write to  jo@shop.test"])
    done, rows = labelled(tmp_path, source, model())
    assert rows[0] | {"probability": ""} == {"n": "0", "text": "hi", "label": "short",
                                             "probability": "", "reason": ""}  # fmt: skip
    assert rows[1]["text"] == "write to  jo@shop.test"  # as it came
    assert StandIn.seen == ["hi", "write to <EMAIL>"]  # as in training
    assert float(rows[0]["probability"]) == pytest.approx(1 / (1 + np.exp(-8 / 2)), abs=1e-6)
    assert float(rows[1]["probability"]) == pytest.approx(1 / (1 + np.exp(-6 / 2)), abs=1e-6)
    assert done == (2, 0, {}, [], ())


def test_chunks_change_nothing(tmp_path, model):
    texts = ["x" * (1 + number % 23) for number in range(57)]
    folder = model()
    _, whole = labelled(tmp_path, table(tmp_path, texts), folder)
    _, parts = labelled(tmp_path, table(tmp_path, texts), folder, chunk_rows=10)
    assert parts == whole


def test_no_more_than_a_chunk_is_in_memory(tmp_path, model, monkeypatch):
    sizes = []
    judged = predicting.answers
    monkeypatch.setattr(
        predicting, "answers", lambda texts, *rest: sizes.append(len(texts)) or judged(texts, *rest)
    )
    labelled(tmp_path, table(tmp_path, ["ab"] * 25), model(), chunk_rows=10)
    assert sizes == [10, 10, 5]


def test_a_text_of_which_nothing_is_left_gets_no_label(tmp_path, model):
    done, rows = labelled(tmp_path, table(tmp_path, ["  ", "hi", ""]), model())
    assert [row["label"] for row in rows] == ["", "short", ""]
    assert [row["probability"] == "" for row in rows] == [True, False, True]
    assert [row["reason"] for row in rows] == ["missing_text", "", "missing_text"]
    assert (done.reasons, done.unreadable) == ({"missing_text": 2}, [])
    _, rows = labelled(tmp_path, table(tmp_path, [" "]), model())
    assert rows[0]["label"] == ""


def test_a_threshold_flags_by_the_confidence_of_the_model_itself(tmp_path, model):
    folder = model(outside="other", thresholds=[0.9])  # confidences: .5, .88 and .95
    texts = ["x" * 10, "x" * 12, "x" * 13]
    done, rows = labelled(tmp_path, table(tmp_path, texts), folder)
    assert [row["out_of_scope"] for row in rows] == ["true", "true", "false"]
    assert {row["label"] for row in rows} <= {"short", "long"}
    assert done.out_of_scope == 2


def test_a_class_for_them_is_flagged(tmp_path, model):
    _, rows = labelled(tmp_path, table(tmp_path, ["hi", "x" * 20]), model(outside="long"))
    assert [(row["label"], row["out_of_scope"]) for row in rows] == [
        ("short", "false"), ("long", "true"),
    ]  # fmt: skip


def test_the_probability_of_each_class_is_there_where_it_is_wanted(tmp_path, model):
    columns = PredictColumns(prefix="p_", every=True)
    _, [row] = labelled(tmp_path, table(tmp_path, ["hi"]), model(outside="long"), columns)
    assert list(row) == ["n", "text", "p_label", "p_probability", "p_out_of_scope",
                         "p_probability short", "p_probability long", "p_reason"]  # fmt: skip
    assert row["p_probability short"] == row["p_probability"]
    assert float(row["p_probability long"]) == pytest.approx(1 / (1 + np.exp(8 / 2)), abs=1e-6)


def test_a_set_has_each_label_that_reaches_its_threshold(tmp_path, model, monkeypatch):
    monkeypatch.setattr(StandIn, "task", labels_task)  # of "short" always .5, before calibration
    folder, columns = model(thresholds=[0.4, 0.9]), PredictColumns(every=True)
    texts = ["x" * 10, "x" * 13]  # "long" at .5 and .95
    _, rows = labelled(tmp_path, table(tmp_path, texts), folder, columns)
    assert [row["label"] for row in rows] == ["short", "long|short"]
    sure = 1 / (1 + np.exp(-3 / 2))
    assert float(rows[1]["probability long"]) == pytest.approx(sure, abs=1e-6)
    assert float(rows[1]["probability"]) == pytest.approx(sure / 2, abs=1e-6)
    _, rows = labelled(tmp_path, table(tmp_path, texts), model(thresholds=[0.6, 0.99]))
    assert [row["label"] for row in rows] == ["|", "|"]


def test_a_column_that_is_there_already_needs_a_prefix(tmp_path, model):
    (tmp_path / "in.csv").write_text("text,label\nhi,mine\n")
    with pytest.raises(SeedbedError, match="a column `label`, which would be overwritten"):
        labelled(tmp_path, tmp_path / "in.csv", model())
    _, [row] = labelled(tmp_path, tmp_path / "in.csv", model(), PredictColumns(prefix="predicted_"))
    assert (row["label"], row["predicted_label"]) == ("mine", "short")


def test_pairs_are_prepared_alike_and_asked_of_models_of_pairs_alone(tmp_path, model):
    (tmp_path / "in.csv").write_text("text,answer\nhi,by  jo@shop.test\n,no\n")
    labelled(tmp_path, tmp_path / "in.csv", model(paired=True), PredictColumns(pair="answer"))
    assert StandIn.seen == [("hi", "by <EMAIL>")]
    with pytest.raises(SeedbedError, match="a model of pairs .*`--pair-column`"):
        labelled(tmp_path, tmp_path / "in.csv", model(paired=True))
    with pytest.raises(SeedbedError, match="a model of single texts"):
        labelled(tmp_path, tmp_path / "in.csv", model(), PredictColumns(pair="answer"))


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ('{"body": "hi"}', r"in.jsonl:1: no column `text` \(expected one of body\); set `--col"),
        ('{"text": ["hi"]}', "no row can be read, such as .*in.jsonl:1 not_text"),
        ('{"text": "hi"\n', "no column `text`"),
    ],
)
def test_a_table_without_text_to_read_is_an_error_and_leaves_no_file(tmp_path, model, lines, error):
    (tmp_path / "in.jsonl").write_text(lines)
    with pytest.raises(SeedbedError, match=error):
        labelled(tmp_path, tmp_path / "in.jsonl", model())
    assert not (tmp_path / "out.csv").exists()


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("inside.csv", content)
    return buffer.getvalue()


OBJECTS = [{"id": "000", "text": "süß"}, {"id": "001", "text": None}]
OBJECTS.append({"id": "002", "text": "two\nlines"})
ODD = 'id{0}text{0}betrag\n000{0}süß{0}1\n001{0}{0}1\n002{0}"two\nlines"{0}1\n'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("semi.csv", ODD.format(";").encode()),
        ("comma1252.csv", ODD.format(",").encode("cp1252")),
        ("utf16.csv", ODD.format("\t").encode("utf-16")),
        ("packed.csv.gz", gzip.compress(ODD.format(",").encode(), mtime=0)),
        (
            "list.json",
            b'[{"id": "000", "text": "s\xc3\xbc\xc3\x9f", "betrag": 1}, '
            b'{"id": "001", "text": null}, {"id": "002", "text": "two\\nlines"}]',
        ),
        ("excel.csv", b"sep=;\r\n" + ODD.format(";").encode("cp1252")),
        ("tabs.txt", ODD.format("\t").encode()),
        ("bars.csv", ODD.format("|").encode("utf-16-le")),
        ("trailing.csv", ODD.format(",").replace("1\n", "1,,\n").replace("betrag", "b,,").encode()),
        ("twice.csv", ODD.format(",").replace("betrag", "id").encode()),
        ("packed.zip", zipped(ODD.format(";").encode())),
        ("lines.json", "\n".join(map(json.dumps, OBJECTS)).encode()),
        ("list.jsonl", json.dumps(OBJECTS).encode()),
        (
            "sheet.xlsx",
            xlsx(one=[["id", "text"], *([one["id"], one["text"] or ""] for one in OBJECTS)]),
        ),
    ],
)
def test_what_add_reads_predict_reads(tmp_path, model, name, content):
    (tmp_path / name).write_bytes(content)
    predict(tmp_path / name, tmp_path / "out.csv", model(), PredictColumns())
    rows = read_csv(tmp_path / "out.csv")
    assert [(row["id"], row["text"], row["label"]) for row in rows] == [
        ("000", "süß", "short"),
        ("001", "", ""),
        ("002", "two\nlines", "short"),
    ]


BAD_LINES = {
    "bad.csv": b'id,text\n000,hi\n001\n002,Just 12345 !!!,extra, more\n003,"open\n004,ho\n',
    "semi.csv": b'id;text\n000;hi\n001\n002;Just 12345 !!!,extra, more;x\n003;"open\n004;ho\n',
}


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("name", list(BAD_LINES))
def test_a_line_that_cannot_be_read_stays_in_its_place_without_a_label(
    tmp_path, model, name, suffix
):
    (tmp_path / name).write_bytes(BAD_LINES[name])
    done = predict(tmp_path / name, tmp_path / f"out{suffix}", model(), PredictColumns())
    if suffix == ".parquet":
        rows = pd.read_parquet(tmp_path / "out.parquet").to_dict("records")
    elif suffix == ".jsonl":
        rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    else:
        sign = "," if suffix == ".csv" else "\t"
        rows = pd.read_csv(tmp_path / f"out{suffix}", sep=sign, dtype=str).to_dict("records")
    assert [row["id"] for row in rows] == ["000", "001", "002", "003", "004"]
    assert [None if pd.isna(row["label"]) else row["label"] for row in rows] == [
        "short", None, None, None, "short",
    ]  # fmt: skip
    reasons = [None, "wrong_column_count", "wrong_column_count", "bad_quotes", None]
    assert [None if pd.isna(row["reason"]) else row["reason"] for row in rows] == reasons
    assert rows[2]["text"].removesuffix(";x") == "Just 12345 !!!,extra, more"
    assert done.rows == 5
    assert done.reasons == {"wrong_column_count": 2, "bad_quotes": 1}
    assert done.unreadable[0] == f"{tmp_path / name}:3 wrong_column_count"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"text": "cut off', "bad_json"),
        ("[1, 2]", "not_an_object"),
        ('{"text": ["a", "list"]}', "not_text"),
        ('{"text": "half \\ud83d"}', "lone_surrogate"),
        ('{"text": null}', "missing_text"),
        ('{"body": "another key"}', "missing_text"),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_objects_that_cannot_be_read_stay_in_their_place(tmp_path, model, line, reason, suffix):
    lines = ['{"text": "hi"}', line, '{"text": "ho"}']
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    if suffix == ".parquet" and reason == "not_text":
        suffix = ".jsonl"  # a column of Parquet has one type
    done = predict(tmp_path / "in.jsonl", tmp_path / f"out{suffix}", model(), PredictColumns())
    assert (done.rows, done.reasons) == (3, {reason: 1})
    if suffix == ".jsonl":
        rows = [json.loads(one) for one in (tmp_path / "out.jsonl").read_text().splitlines()]
        assert [row["reason"] for row in rows] == [None, reason, None]
        assert [row["label"] for row in rows] == ["short", None, "short"]


def test_what_is_said_of_a_table_is_taken(tmp_path, model):
    (tmp_path / "in.csv").write_bytes('000|привет, "так\n'.encode("cp1251"))
    form = TableForm(separator="|", quote="", header=False, encoding="cp1251")
    predict(tmp_path / "in.csv", tmp_path / "out.csv", model(), PredictColumns("2"), form)
    [row] = read_csv(tmp_path / "out.csv")
    assert (row["1"], row["2"], row["label"]) == ("000", 'привет, "так', "long")


def test_a_ragged_file_comes_back_whole(tmp_path, model):
    """Lines, empty texts and line breaks in cells: as many rows as came, in their order."""
    (tmp_path / "in.csv").write_text(
        "id,text\n000,The apple needs the stone\n001,\n002,   \n003,Just 12345 !!!,extra\n004,\n"
        '005,Zebra\n006,"The river wants the zebra\nnear cloud and ""engine"""\n007, no \n'
    )
    done, rows = labelled(tmp_path, tmp_path / "in.csv", model(), chunk_rows=3)
    assert [row["id"] for row in rows] == [f"00{number}" for number in range(8)]
    empty, ragged = "missing_text", "wrong_column_count"
    assert [row["reason"] for row in rows] == ["", empty, empty, ragged, empty, "", "", ""]
    assert [bool(row["label"]) for row in rows] == [not row["reason"] for row in rows]
    assert rows[3]["text"] == "Just 12345 !!!,extra"
    assert rows[6]["text"] == 'The river wants the zebra\nnear cloud and "engine"'
    assert (done.rows, done.reasons) == (8, {empty: 3, ragged: 1})
    assert done.unreadable == [f"{tmp_path / 'in.csv'}:5 wrong_column_count"]


@pytest.mark.parametrize("header", ["Summary,text,Labels,Labels", "id,text,,"])
def test_other_columns_may_have_one_name_and_the_text_may_not(tmp_path, model, header):
    (tmp_path / "in.csv").write_text(f"{header}\na,hi,b,c\n")
    _, [row] = labelled(tmp_path, tmp_path / "in.csv", model())
    assert list(row.values())[:5] == ["a", "hi", "b", "c", "short"]
    (tmp_path / "in.csv").write_text("text,text\na,b\n")
    with pytest.raises(SeedbedError, match="two columns `text`"):
        labelled(tmp_path, tmp_path / "in.csv", model())


def test_a_table_of_which_no_row_can_be_read_is_an_error(tmp_path, model):
    (tmp_path / "in.csv").write_text("text,n\na\nb\n")
    with pytest.raises(SeedbedError, match=r"such as .*in.csv:2 wrong_column.*--separator"):
        labelled(tmp_path, tmp_path / "in.csv", model())
    assert not (tmp_path / "out.csv").exists()


def test_the_file_that_is_read_is_not_written_over(tmp_path, model):
    source = table(tmp_path, ["hi"])
    with pytest.raises(SeedbedError, match="it is the input"):
        predict(source, tmp_path / "." / "in.csv", model(), PredictColumns())
    with pytest.raises(SeedbedError, match=r"the suffix `.txt`"):
        predict(source, tmp_path / "out.txt", model(), PredictColumns())


def test_predictions_are_those_that_were_scored_with_the_temperature(example, tmp_path):
    """models/best of the real pipeline, on raw texts: what evaluate saw, calibrated."""
    best = example.folder / "models/best"
    choice = read_json(example.folder / "reports/choice.json")
    scored = read_predictions(
        example.folder / "data/evaluate" / choice["approach"] / "test", class_task
    )
    raw_texts = read_rows(example.folder / "data/collect").set_index("id").loc[scored.ids, "text"]
    pd.DataFrame({"id": scored.ids, "text": raw_texts}).to_json(
        tmp_path / "in.jsonl", orient="records", lines=True
    )
    done = predict(
        tmp_path / "in.jsonl", tmp_path / "out.jsonl", best, PredictColumns(), chunk_rows=4
    )
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert done.rows == len(scored.ids)
    serving, classes = read_serving(best), read_json(best / "seedbed.json")["classes"]
    found = class_task.rescaled(scored.probabilities[choice["seed"]], serving.temperature)
    assert [row["label"] for row in rows] == [classes[number] for number in found.argmax(1)]
    assert [row["probability"] for row in rows] == pytest.approx(found.max(1), abs=1e-4)


def test_the_command_tells_what_it_did_and_refuses_a_damaged_model(example, tmp_path):
    (tmp_path / "in.csv").write_text("body\nHail and rain all day.\n")
    command = ["python", "-m", "seedbed.cli", "predict", str(tmp_path / "in.csv")]
    options = [str(tmp_path / "out.parquet"), "--column", "body"]
    done = example.run(*command, *options)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'out.parquet'}: 1 rows\n"
    found = list(pd.read_parquet(tmp_path / "out.parquet"))
    assert found == ["body", "label", "probability", "reason"]
    damaged = tmp_path / "best"
    shutil.copytree(example.folder / "models/best", damaged)
    weights = damaged / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    done = example.run(*command, *options, "--model", str(damaged))
    assert done.returncode == 1
    assert "model.safetensors: sha256" in done.stderr
    assert "Traceback" not in done.stderr
