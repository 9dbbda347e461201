"""Class names that YAML reads as numbers, truth values, dates or nothing: one rule wherever a name
stands in params.yaml, with the line as it has to be."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, yaml
from hypothesis import given, strategies as st
from ruamel.yaml import YAML

from seedbed.collecting.collection import CollectParams, read_entries
from seedbed.core.errors import ParamsError
from seedbed.core.params import check_file, read_params
from seedbed.making.balancing import BalanceParams
from seedbed.making.negatives import NegativesParams
from seedbed.pipeline.freshness import freshness
from seedbed.training.trainer import ApproachTrainer

PARAMS = (ROOT / "params.yaml").read_text()
ENTRY = (
    "sources:\n  - name: l.ab\n    kind: file\n    path: x\n    batch: 2026-11\n"
    "    licence: x\n    label_map: {}\n"
)


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def with_map(written: str) -> None:
    Path("params.yaml").write_text(ENTRY.replace("{}", written))


def changed(old: str, new: str) -> None:
    assert PARAMS.count(old) == 1
    Path("params.yaml").write_text(PARAMS.replace(old, new))


def refused(ask=read_entries) -> tuple[str, list[str]]:
    """The first line of the error, and the lines it says to write."""
    with pytest.raises(ParamsError) as error:
        ask()
    first, *lines = str(error.value).splitlines()
    return first, [line.strip() for line in lines]


@pytest.mark.parametrize(
    ("written", "first", "kind", "fixed"),
    [
        ("{1.0: bad, 5.0: good, 012: twelve}", "1.0", "a number",
         "{'1.0': bad, '5.0': good, '012': twelve}"),
        ("{1: one, spam: two}", "1", "a number", "{'1': one, spam: two}"),
        ("{1.0: bad, typo: nothing}", "1.0", "a number", "{'1.0': bad, typo: nothing}"),
        ("{null: a, x: b}", "null", "nothing", "{'null': a, x: b}"),
        ("{~: a}", "~", "nothing", "{'~': a}"),
        ("{true: x, 1: y}", "true", "a truth value", "{'true': x, '1': y}"),
        ("{1: x, 01: y}", "1", "a number", "{'1': x, '01': y}"),
        ("{2026-11-03: x}", "2026-11-03", "a date", "{'2026-11-03': x}"),
        ("{2026-13-01: x}", "2026-13-01", "a date", "{'2026-13-01': x}"),
        ("{1e3: x, 0x1f: y, 1_000: z}", "1e3", "a number", "{'1e3': x, '0x1f': y, '1_000': z}"),
        ("{.inf: x, .nan: y}", ".inf", "a number", "{'.inf': x, '.nan': y}"),
        ("{spam: 1.0, ham: true}", "1.0", "a number", "{spam: '1.0', ham: 'true'}"),
    ],
)  # fmt: skip
def test_a_name_that_is_no_text_is_refused_with_line_and_fix(written, first, kind, fixed):
    with_map(written)
    message, lines = refused()
    assert "sources: l.ab" in message
    assert "label_map" in message
    assert f"line 7: YAML reads the name `{first}` as {kind}" in message
    assert lines == [f"label_map: {fixed}"]
    with_map(fixed)
    names = YAML(typ="safe").load(fixed)
    assert read_entries()[0].label_map == names
    assert all(isinstance(name, str) for name in names)


def test_each_line_of_a_block_is_named_and_comments_stay():
    with_map("\n      1.0: bad   # the worst\n      fine: good\n      true: z\n")
    message, lines = refused()
    assert "line 8" in message
    assert lines == ["'1.0': bad   # the worst", "'true': z"]


@pytest.mark.parametrize("written", ["{no: a, yes: b, on: c}", "{a: null}", "{'': x}", "{a: ~}"])
def test_names_that_are_text_stay(written):
    with_map(written)
    assert read_entries()[0].label_map == YAML(typ="safe").load(written)


@pytest.mark.parametrize("written", ["{[a, b]: c}", "{{a: b}: c}"])
def test_a_list_or_a_mapping_is_no_name(written):
    with_map(written)
    assert "line 7" in refused()[0]


@pytest.mark.parametrize(
    ("old", "new", "section", "kind", "fixed"),
    [
        ("  labels: []", "  labels: [1, a, 012, true]", "collect", CollectParams,
         "labels: ['1', a, '012', 'true']"),
        ("    shares: {}", "    shares: {1: 0.3, no: 0.3}", "balance", BalanceParams,
         "shares: {'1': 0.3, no: 0.3}"),
        ("  positive_labels: []", "  positive_labels: [1]", "negatives", NegativesParams,
         "positive_labels: ['1']"),
        ("      sports: sport\n", "      5: sport\n", "approaches", dict, "'5': sport"),
        ("    words: {}", "    words: {1: one, 2: two}", "approaches", dict,
         "words: {'1': one, '2': two}"),
    ],
)  # fmt: skip
def test_one_rule_wherever_a_class_is_named(old, new, section, kind, fixed):
    changed(old, new)
    message, [line] = refused(lambda: read_params(section, kind))
    assert section in message
    assert ", line " in message
    assert line.startswith(fixed)


@pytest.mark.parametrize("written", ["2026-13-01", "!!int a", "!!binary ä", "[" * 400])
def test_a_value_that_yaml_cannot_make_is_one_paragraph(written):
    changed("  labels: []", f"  labels: {written}")
    assert "params.yaml" in refused(lambda: read_params("collect", CollectParams))[0]


def test_the_check_before_dvc_needs_no_run():
    with_map("{1: one, spam: two}")
    for ask in (check_file, freshness):
        assert "line 7" in refused(ask)[0]
    done = subprocess.run(
        [sys.executable, "-m", "seedbed.core.params"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "label_map: {'1': one, spam: two}" in done.stderr
    assert "Traceback" not in done.stderr


def test_make_checks_names_before_dvc_stops_at_them():
    run = (ROOT / "Makefile").read_text().split("\nrun: install\n")[1].split("\n\n")[0]
    assert run.index("python -m seedbed.core.params") < run.index("dvc repro")


scalars = st.sampled_from(["1", "1.0", "012", "true", "null", "~", "2026-11-03", "1e3", "no", "a"])


@given(st.lists(scalars, unique=True, min_size=1, max_size=4))
def test_mixed_kinds_never_raise_another_error_and_the_fix_is_taken(names):
    with_map("{" + ", ".join(f"{name}: x{n}" for n, name in enumerate(names)) + "}")
    expected = {name: f"x{number}" for number, name in enumerate(names)}
    try:
        assert read_entries()[0].label_map == expected
    except ParamsError as error:
        with_map(str(error).splitlines()[-1].split("label_map: ")[1])
        assert read_entries()[0].label_map == expected


def test_the_example_has_only_names_that_are_text():
    Path("params.yaml").write_text(PARAMS)
    check_file()
    assert yaml.load(PARAMS)["collect"]["labels"] == []


def test_a_list_or_mapping_whose_last_line_was_deleted_is_empty():
    changed("      sports: sport\n      tech: technology\n", "")
    assert ApproachTrainer("prompt").params.descriptions == {}
    changed("  labels: []", "  labels:")
    assert read_params("collect", CollectParams).labels == []
    start, end = PARAMS.index("  - name: bbc"), PARAMS.index("collect:")
    Path("params.yaml").write_text(PARAMS[:start] + PARAMS[end:])
    assert read_entries() == []


def test_an_alias_inside_itself_and_many_of_aliases_end():
    laughs = "".join(f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 20))
    for text in ("collect: &a\n  labels: *a\n", f"collect:\n  a0: &a0 [x]\n{laughs}"):
        Path("params.yaml").write_text(text)
        check_file()
        Path("params.yaml").write_text(f"{text}gate: {{1: x}}\n")
        assert "YAML reads the name `1` as a number" in refused(check_file)[0]
