"""The stage that measures what more rows would bring: what params.yaml may ask of it."""

import shutil
from pathlib import Path

import pytest
from conftest import ROOT, yaml

from seedbed.core.errors import ParamsError
from seedbed.core.files import read_json
from stages import learning_curve


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """A function that runs the stage with some params changed, in a folder without any data."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", "params.yaml")

    def run(**changes) -> str:
        content = yaml.load(ROOT / "params.yaml")
        content["learning_curve"] |= changes
        yaml.dump(content, tmp_path / "params.yaml")
        return learning_curve.main()

    return run


def test_off_it_reads_no_row_and_says_so(asked):
    assert asked() == "off in params.yaml"
    assert read_json(Path("reports/metrics/learning_curve.json")) == {"run": False}


@pytest.mark.parametrize(
    "shares", [[0.5, 1.0], [0.5, 0.25, 1.0], [0.0, 0.5, 1.0], [0.5, 1.0, 1.5], [0.5, 0.5, 1.0]]
)
def test_three_rising_shares_are_asked_for(asked, shares):
    with pytest.raises(ParamsError, match=r"params.yaml: learning_curve.shares"):
        asked(run=True, shares=shares)


@pytest.mark.parametrize(
    ("name", "value"), [("approach", "best"), ("seeds", []), ("samples", 10), ("share", 1)]
)
def test_what_it_may_not_be_asked(asked, name, value):
    with pytest.raises(ParamsError, match=rf"params.yaml: learning_curve.{name}"):
        asked(**{name: value})
