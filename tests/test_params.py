"""What a person may write into params.yaml, and what the error says when it is wrong."""

import pytest
from pydantic import Field

from seedbed.core.errors import ParamsError
from seedbed.core.params import Section, read_params


class Oven(Section):
    degrees: int = Field(gt=0)
    fan: bool = False


@pytest.fixture
def params(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("seedbed.core.params.SECTIONS", ("oven", "kitchen", "rate"))
    return lambda text: (tmp_path / "params.yaml").write_text(text)


def test_a_section_is_typed(params):
    params("oven:\n  degrees: 200\n")
    assert read_params("oven", Oven) == Oven(degrees=200)


def test_a_dotted_name_goes_deeper(params):
    params("kitchen:\n  oven:\n    degrees: 180\n")
    assert read_params("kitchen.oven", Oven).degrees == 180
    assert read_params("kitchen.oven.degrees", int) == 180


def test_numbers_in_exponent_form_are_numbers(params):
    params("rate: 1e-4\n")
    assert read_params("rate", float) == 0.0001


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("oven:\n  degres: 200\n  degrees: 3\n", "unknown key `degres`; there is `degrees`"),
        ("oven:\n  degrees: -1\n", "params.yaml: oven.degrees: -1 (expected Input should be"),
        ("oven:\n  fan: true\n", "params.yaml: oven.degrees: nothing"),
        ("ofen:\n  degrees: 200\n", "unknown section `ofen`; there is `oven`"),
        ("rate: 1\n", "`oven` is missing"),
        ("kitchen:\n  ofen: 1\n", "`oven` is missing"),
        ("oven:\n  degrees: [1\n", "params.yaml:"),
        ("", "no sections"),
    ],
)
def test_a_mistake_is_named_with_place_and_next_step(params, text, message):
    params(text)
    with pytest.raises(ParamsError) as error:
        read_params("oven", Oven)
    assert message in str(error.value)
    assert error.value.next_step


def test_no_params_file_says_where_to_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParamsError, match="run from the top folder"):
        read_params("oven", Oven)
