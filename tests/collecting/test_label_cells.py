"""Sets of labels as sources write them: every form is read, and what is none is named."""

import json
import time
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from ruamel.yaml import YAML

from seedbed.core.errors import ParamsError, SeedbedError, SourceError
from seedbed.core.files import PUBLIC_KEY, fingerprint_of, read_json
from seedbed.core.rows import read_rows
from stages import collect

SENTENCES = [
    "The kettle leaks.", "The parcel came late.", "The late parcel leaks.", "All is well.",
]  # fmt: skip
SETS = ["broken", "delivery", "broken|delivery", "|"]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEDBED_PII_KEY", raising=False)
    Path("data").mkdir()
    Path("data/tombstones.csv").write_text("id,digest\n")


def write(name: str, rows: list[dict]) -> None:
    if name.endswith(".csv"):
        pd.DataFrame(rows).to_csv(name, index=False)
    elif name.endswith(".parquet"):
        pd.DataFrame(rows).to_parquet(name)
    elif name.endswith(".json"):
        Path(name).write_text(json.dumps(rows))
    else:
        Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def collected(
    name: str,
    task: str = "labels",
    collecting: dict | None = None,
    sources: list[dict] | None = None,
    **entry,
) -> dict:
    """The label of each text that stage collect keeps."""
    source = {"name": "mails", "kind": "file", "path": name, "batch": "2026-11", "licence": "x"}
    content = {
        "task": {"kind": task},
        "sources": sources or [source | entry],
        "collect": {"labels": [], "max_row_chars": 1000, "max_quarantine_share": 0.5,
                    "max_classes": 1000} | (collecting or {}),
        "anonymize": {"key_fingerprint": fingerprint_of(PUBLIC_KEY)},
    }  # fmt: skip
    with Path("params.yaml").open("w") as file:
        YAML().dump(content, file)
    print(collect.main())
    rows = read_rows(Path("data/collect"))
    return dict(zip(rows["text"], rows["label"], strict=True))


def rows_of(cells: list, column: str = "label", **more) -> list[dict]:
    return [
        {"text": text, column: cell} | {name: one[n] for name, one in more.items()}
        for n, (text, cell) in enumerate(zip(SENTENCES, cells, strict=True))
    ]


def quarantine() -> list[str]:
    lines = Path("data/quarantine.csv").read_text().splitlines()[1:]
    return [line.rpartition(",")[2] for line in lines]


EXPECTED = dict(zip(SENTENCES, SETS, strict=True))
LISTS = [["broken"], ["delivery"], ["delivery", "broken"], []]


@pytest.mark.parametrize("name", ["in.jsonl", "in.json", "in.parquet"])
def test_lists_are_sets_and_an_empty_one_is_the_empty_set(name, capsys):
    write(name, rows_of(LISTS))
    assert collected(name) == EXPECTED
    assert "no label is right for 1 rows, and 0 are not labelled yet" in capsys.readouterr().out
    by_class = read_json(Path("reports/metrics/collect.json"))["by_class"]
    assert by_class == {"broken": 2, "delivery": 2, "no label": 1}


@pytest.mark.parametrize("write_list", [str, json.dumps])
def test_lists_that_a_table_of_text_holds_are_lists(write_list):
    write("in.csv", rows_of([write_list(one) for one in LISTS]))
    assert collected("in.csv") == EXPECTED


@pytest.mark.parametrize("sign", ["|", ";", ", "])
def test_a_separator_is_found_and_reported(sign, capsys):
    write("in.csv", rows_of(["broken", "delivery", f"delivery{sign}broken", "none"]))
    found = collected("in.csv", label_map={"none": None})
    assert found == EXPECTED
    assert f'`label_separator: "{sign.strip()}"`, as its cells show' in capsys.readouterr().out


def test_a_separator_that_is_named_is_the_only_one():
    cells = ["broken", "broken/delivery", "delivery, late/broken", "delivery, late"]
    write("in.csv", rows_of(cells))
    assert list(collected("in.csv", label_separator="/").values()) != SETS
    assert collected("in.csv", label_separator="/")[SENTENCES[2]] == "broken|delivery, late"
    assert collected("in.csv", label_separator="")[SENTENCES[1]] == "broken/delivery"


def test_signs_inside_names_separate_nothing():
    cells = ["Paris, France", "Lyon, France", "Oslo, Norway", "Bergen, Norway"]
    write("in.csv", rows_of(cells))
    assert set(collected("in.csv").values()) == set(cells)


@pytest.mark.parametrize("label", [["broken", "delivery"], "is_*"])
def test_columns_of_0_and_1_are_labels(label):
    names = label if isinstance(label, list) else ["is_broken", "is_delivery"]
    flags = [["1", 0], [0.0, "true"], [1, True], [0, "False"]]
    rows = [
        {"text": text} | dict(zip(names, map(str, cells), strict=True))
        for text, cells in zip(SENTENCES, flags, strict=True)
    ]
    write("in.csv", rows)
    assert collected("in.csv", columns={"label": label}) == EXPECTED
    write("in.parquet", rows)
    assert collected("in.parquet", columns={"label": label}) == EXPECTED


def test_rows_of_one_label_and_one_id_are_one_row(capsys):
    rows = [
        {"text": SENTENCES[n], "key": key, "label": label}
        for n, key, label in [
            (0, "a", "broken"), (1, "b", "delivery"), (2, "c", "delivery"), (2, "c", "broken"),
            (2, "c", "broken"),
        ]
    ]  # fmt: skip
    write("in.csv", rows)
    assert collected("in.csv", columns={"id": "key"}) == dict(list(EXPECTED.items())[:3])
    assert "3 rows of one label each were joined by their id to 1" in capsys.readouterr().out
    assert read_json(Path("reports/metrics/collect.json"))["rows"]["read"] == 3


def test_rows_of_one_id_that_differ_otherwise_are_refused():
    rows = [{"text": text, "key": "a", "label": "broken"} for text in SENTENCES[:2]]
    write("in.csv", rows)
    with pytest.raises(SourceError, match="has the id of in.csv:2"):
        collected("in.csv", columns={"id": "key"})
    write("in.csv", [rows[0] | {"label": "broken|late"}, rows[0] | {"label": "late"}])
    with pytest.raises(SourceError, match="has the id of in.csv:2"):
        collected("in.csv", columns={"id": "key"}, label_separator="|")


def test_one_bad_label_makes_the_row_of_one_id_bad():
    parts = [{"text": SENTENCES[0], "key": "a", "label": label} for label in ("broken", "?")]
    others = [{"text": SENTENCES[n], "key": str(n), "label": SETS[n]} for n in (1, 2)]
    write("in.csv", parts + others)
    kept = collected(
        "in.csv", collecting={"labels": ["broken", "delivery"]}, columns={"id": "key"},
        label_separator="|",
    )  # fmt: skip
    assert SENTENCES[0] not in kept
    assert quarantine() == ["unknown_label"]


def test_a_map_renames_and_drops_inside_a_set_and_keeps_the_row():
    write("in.jsonl", rows_of([["spam", "leak"], ["late"], ["late", "leaks"], ["spam"]]))
    renamed = {"leak": "broken", "leaks": "broken", "late": "delivery", "spam": None}
    assert collected("in.jsonl", label_map=renamed) == EXPECTED


@pytest.mark.parametrize(
    ("empty", "kept", "reasons"),
    [("", 3, ["missing_label"]), ("missing", 2, ["missing_label"] * 2), ("none", 4, [])],
)
def test_the_source_says_what_an_empty_cell_means(empty, kept, reasons):
    write("in.jsonl", rows_of([["broken"], ["delivery"], [], None]))
    found = collected("in.jsonl", **({"empty_label": empty} if empty else {}))
    assert len(found) == kept
    assert quarantine() == reasons
    assert found.get(SENTENCES[2], "|") == "|"


def test_the_empty_set_as_seedbed_writes_it_is_no_missing_label():
    write("in.csv", rows_of(SETS))
    assert collected("in.csv", empty_label="missing") == EXPECTED


def test_one_label_for_all_rows_may_be_a_set():
    write("in.csv", [{"text": "All is well."}])
    for label, message in [("|", "every set is empty"), ("b|a", "the same set of labels, `a, b`")]:
        with pytest.raises(SourceError, match=message):
            collected("in.csv", label=label)


def test_negatives_have_no_label_and_one_that_they_are_given_is_refused():
    write("odd.csv", [{"text": "Is it a Tuesday?"}, {"text": "Blue paint."}])
    write("in.jsonl", rows_of(LISTS))
    more = {"path": "odd.csv", "name": "odd", "negative": "general", "batch": "2026-12"}
    base = {"name": "mails", "path": "in.jsonl", "batch": "2026-11"}
    entries = [{"kind": "file", "licence": "x"} | one for one in (base, more)]
    found = collected("in.jsonl", sources=[entries[0], entries[1] | {"label": "|"}])
    assert found["Blue paint."] == "|"
    with pytest.raises(ParamsError, match=r"`out_of_scope`, and `negative`.*write `label: '\|'`"):
        collected("in.jsonl", sources=[entries[0], entries[1] | {"label": "out_of_scope"}])


BAD = {
    "separator_in_label": ["broken", "a|b"],
    "unknown_label": ["broken", "elsewhere"],
    "labels_are_no_list": {"broken": 1},
    "label_is_no_name": ["broken", "x" * 101],
}


@pytest.mark.parametrize(("reason", "cell"), BAD.items(), ids=BAD)
def test_a_set_that_cannot_be_read_goes_to_quarantine_with_its_reason(reason, cell):
    write("in.jsonl", rows_of([["broken"], ["delivery"], ["delivery"], cell]))
    known = ["broken", "delivery"] if reason == "unknown_label" else []
    assert len(collected("in.jsonl", collecting={"labels": known})) == 3
    assert quarantine() == [reason]


@pytest.mark.parametrize("cell", ["[broken", "['broken' 'late']", "[[1, 2]]", "2"])
def test_a_cell_that_is_no_list_and_a_flag_that_is_none_are_named(cell):
    flags = cell == "2"
    rows = rows_of(["1", "0", "1", cell]) if flags else rows_of(["['a']", "['b']", "[]", cell])
    write("in.csv", [row | {"other": str(n % 2)} for n, row in enumerate(rows)])
    columns = {"label": ["label", "other"]} if flags else {}
    found = collected("in.csv", columns=columns)
    if cell == "[broken":  # a name like any other
        assert found[SENTENCES[3]] == cell
    else:
        assert quarantine() == ["labels_are_no_list"]


def test_a_label_twice_in_a_set_is_in_it_once():
    write("in.jsonl", rows_of([["a", "a "], ["b"], ["b", "a", "b"], ["b"]]))
    assert list(collected("in.jsonl").values()).count("a|b") == 1
    assert set(collected("in.jsonl").values()) == {"a", "b", "a|b"}


def test_sets_that_are_all_empty_or_all_alike_are_refused():
    for cells, message in [
        ([[]] * 4, "no label, because every set is empty"),
        ([["a", "b"]] * 4, "the same set of labels, `a, b`, in all"),
    ]:
        write("in.jsonl", rows_of(cells))
        with pytest.raises(SourceError, match=message):
            collected("in.jsonl")


def test_a_label_of_every_row_is_reported(capsys):
    write("in.jsonl", rows_of([["mail"], ["mail", "late"], ["mail"], ["mail"]]))
    collected("in.jsonl")
    assert "in every row, so that nothing can be learned about it: mail" in capsys.readouterr().out


def test_a_thousand_labels_take_time_in_proportion_to_the_cells():
    def seconds(rows: int) -> float:
        write("in.csv", [
            {"text": f"sentence {n}"} | {f"t_{k}": str(int(k == n % 1000)) for k in range(1000)}
            for n in range(rows)
        ])  # fmt: skip
        start = time.process_time()
        assert len(collected("in.csv", columns={"label": "t_*"})) == rows
        return time.process_time() - start

    few = seconds(400)
    assert seconds(1200) < 6 * max(0.3, few)
    assert len(read_json(Path("reports/metrics/collect.json"))["by_class"]) == 1000


# What a label may be in a source, readable or not, by task.
CELLS = {
    "class": ["broken", "late", "", None, "x" * 101, ["late"]],
    "labels": [["broken"], ["late", "broken"], ["late", "late"], [], None, ["a|b"], {"late": 1},
               ["late", "x" * 101]],
}  # fmt: skip
FATES = ("kept", "dropped", "quarantined")
ANCHORS = {"p": ("It broke.", "broken"), "q": ("It was late.", "late")}  # always two labels


def histories(task: str) -> st.SearchStrategy:
    """Rows to add, to edit or to relabel: a key, a text and a cell each."""
    texts = st.sampled_from(["Where is it?", "Here it is.", "Who has it?", ""])
    step = st.tuples(st.sampled_from("abcdef"), texts, st.sampled_from(CELLS[task]))
    return st.tuples(st.just(task), st.lists(step, max_size=8), st.booleans())


def lines_of(rows: dict, long: bool) -> list[dict]:
    """The rows as a source has them; with a line for each name of a list if `long`."""
    lines = []
    for key, (text, cell) in rows.items():
        parts = cell if long and isinstance(cell, list) and cell else [cell]
        lines += [{"key": key, "text": text, "label": part} for part in parts]
    return lines


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(map(histories, CELLS)))
def test_rows_add_up_and_keep_their_ids_however_they_are_edited_and_relabelled(history):
    """A side is a function of the id: see tests/test_sides.py."""
    task, steps, long = history
    rows, known = dict(ANCHORS), {}
    for end in (len(steps) // 2, len(steps)):
        rows |= {key: (text, cell) for key, text, cell in steps[:end]}
        lines = lines_of(rows, long and task == "labels")
        write("in.jsonl", lines)
        collected("in.jsonl", task, {"max_quarantine_share": 1}, columns={"id": "key"})
        kept = read_rows(Path("data/collect"))
        counts = read_json(Path("reports/metrics/collect.json"))["rows"]
        assert counts["kept"] == len(kept)
        assert counts["quarantined"] == len(quarantine())
        assert counts["read"] == len(rows) == sum(map(counts.get, FATES))
        places = kept["provenance"].map(lambda cell: json.loads(cell)["line"])
        ids = {lines[place - 1]["key"]: row for place, row in zip(places, kept["id"], strict=True)}
        assert len(set(ids.values())) == len(kept)
        assert all(known.get(key, row) == row for key, row in ids.items())
        known |= ids
        allowed = {"broken", "late"} if task == "class" else {"broken", "late", "broken|late", "|"}
        assert set(kept["label"]) <= allowed


KEYS = [
    {"label_separator": "|"},
    {"empty_label": "none"},
    {"columns": {"label": ["is_broken", "is_late"]}},
]


@pytest.mark.parametrize("entry", KEYS)
def test_keys_of_sets_name_the_task_where_a_text_has_one_label(entry):
    write("in.csv", rows_of(["a", "b", "a", "b"]))
    with pytest.raises(ParamsError, match=r"set `task: \{kind: labels\}` in params.yaml"):
        collected("in.csv", task="class", **entry)


def test_lists_name_the_task_where_a_text_has_one_label():
    write("in.jsonl", rows_of(LISTS))
    with pytest.raises(SourceError, match=r"label_is_a_list[\s\S]*set `task: \{kind: labels\}`"):
        collected("in.jsonl", task="class")


def test_signs_and_brackets_are_parts_of_names_where_a_text_has_one_label():
    write("in.csv", rows_of(["a|b", "a", "b", "['a']"]))
    found = collected("in.csv", task="class")
    assert sorted(found.values()) == ["['a']", "a", "a|b", "b"]


def test_labels_that_differ_in_form_alone_are_joined_inside_sets():
    write("in.jsonl", rows_of([["Late"], ["late", "broken"], ["late", "LATE"], ["broken"]]))
    found = collected("in.jsonl", collecting={"join_labels": True})
    assert set(found.values()) == {"late", "broken|late", "broken"}
    joined = read_json(Path("reports/metrics/collect.json"))["joined"]
    assert joined == {"LATE": "late", "Late": "late"}


def test_a_dataset_of_lists_of_classes_has_names():
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {"text": datasets.Value("string"),
         "label": datasets.Sequence(datasets.ClassLabel(names=["broken", "delivery"]))}
    )  # fmt: skip
    numbers = [[0], [1], [1, 0], []]
    part = datasets.Dataset.from_dict({"text": SENTENCES, "label": numbers}, features)
    part.save_to_disk("saved")
    assert collected("saved", kind="huggingface") == EXPECTED


def test_a_label_that_a_separator_would_split_is_named_by_its_parts():
    write("in.csv", rows_of(["food, drink", "late", "late, food", "drink"]))
    with pytest.raises(SeedbedError, match="unknown_label"):
        collected(
            "in.csv", collecting={"labels": ["food, drink", "late"], "max_quarantine_share": 0}
        )
