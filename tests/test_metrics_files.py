"""Metrics files: written in the order of the model, read back, refused in plain words."""

from pathlib import Path

import pytest
from pydantic import Field, ValidationError

from seedbed.core.errors import PipelineError
from seedbed.core.files import rounded, write_json
from seedbed.core.metrics import Metrics, Number, read_if_run, read_metrics, write_metrics


class Share(Metrics):
    """A part of a metrics file."""

    mean: float
    sd: Number


class Figures(Metrics):
    """A metrics file."""

    rows: int
    share: Share
    by_class: dict[str, Share] = {}
    limit: float | None = None


SHARE = Share(mean=1 / 3, sd=0)


def test_a_file_has_the_bytes_of_the_json_writer(tmp_path):
    figures = Figures(rows=3, share=SHARE, by_class={"b": SHARE, "a": SHARE}, limit=None)
    write_metrics(tmp_path / "typed.json", figures)
    share = {"mean": 1 / 3, "sd": 0}
    content = {"rows": 3, "share": share, "by_class": {"b": share, "a": share}, "limit": None}
    write_json(tmp_path / "plain.json", content)
    assert (tmp_path / "typed.json").read_bytes() == (tmp_path / "plain.json").read_bytes()
    assert '"mean": 0.3333,\n    "sd": 0\n' in (tmp_path / "typed.json").read_text()


@pytest.mark.parametrize(
    ("value", "written"),
    [(123.456789, 123.4568), (-0.123456, -0.1235), (0.0123456, 0.01235), (0.0000314, 0.000031)],
)
def test_a_small_figure_keeps_more_decimals(value, written):
    assert rounded({"p": [value]}) == {"p": [written]}


def test_a_field_that_is_not_set_is_not_in_the_file_and_read_as_its_default(tmp_path):
    write_metrics(tmp_path / "a.json", Figures(rows=3, share=SHARE))
    assert "by_class" not in (tmp_path / "a.json").read_text()
    assert read_metrics(tmp_path / "a.json", Figures).by_class == {}


def test_a_missing_file_names_the_command_that_writes_it():
    with pytest.raises(PipelineError, match=r"none.json: no such file .*run `dvc repro`"):
        read_metrics(Path("none.json"), Figures)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"rows": 3}', "`share`: Field required"),
        ('{"rows": 3, "share": {"mean": 1, "sd": 0}, "row": 1}', "`row`: Extra inputs"),
        ('{"rows": 3, "share": {"mean": "much", "sd": 0}}', "`share.mean`: Input should be"),
        ("{", "Invalid JSON"),
    ],
)
def test_a_file_of_another_version_names_the_key(tmp_path, content, problem):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(PipelineError) as error:
        read_metrics(tmp_path / "a.json", Figures)
    assert str(error.value).startswith(f"{tmp_path / 'a.json'}: {problem}")
    assert "dvc repro" in str(error.value)


def test_figures_do_not_change_after_they_are_built():
    with pytest.raises(ValidationError, match="frozen"):
        SHARE.mean = 1


class Named(Metrics):
    """A metrics file with a key that Python keeps for itself."""

    with_: int = Field(alias="with")


def test_a_key_that_python_keeps_for_itself_has_a_name_of_its_own_in_code(tmp_path):
    write_metrics(tmp_path / "a.json", Named(with_=1))
    assert (tmp_path / "a.json").read_text() == '{\n  "with": 1\n}\n'
    assert read_metrics(tmp_path / "a.json", Named).with_ == 1


def test_the_file_of_a_stage_that_may_be_off_is_read_if_it_was_on(tmp_path):
    (tmp_path / "off.json").write_text('{"run": false}')
    write_metrics(tmp_path / "on.json", Figures(rows=3, share=SHARE))
    assert read_if_run(tmp_path / "off.json", Figures) is None
    figures = read_if_run(tmp_path / "on.json", Figures)
    assert figures is not None
    assert figures.rows == 3
    with pytest.raises(PipelineError, match="no such file"):
        read_if_run(tmp_path / "none.json", Figures)
