"""The sweeps that the pages show name values that params.yaml has."""

import re

import pytest
from conftest import ROOT, yaml

PAGES = "".join(
    (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/how-to/tune.md")
)
SET = re.findall(r"-S ([\w.]+)=(\S+?)[`\s]", PAGES)


def test_there_are_sweeps():
    assert len(SET) >= 4
    assert "dvc exp run --queue -S" in PAGES


@pytest.mark.parametrize(("name", "value"), SET)
def test_a_sweep_sets_a_value_of_the_same_kind(name, value):
    found = yaml.load(ROOT / "params.yaml")
    for key in name.split("."):
        found = found[key]
    assert type(yaml.load(value)) is type(found)
