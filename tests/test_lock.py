"""The committed dvc.lock is that of this code and these params; no data is needed to see it."""

import pytest
from conftest import ROOT, yaml

from seedbed.pipeline.freshness import Freshness, freshness


@pytest.fixture(scope="module")
def found() -> Freshness:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return freshness()


@pytest.mark.parametrize("name", yaml.load(ROOT / "dvc.yaml")["stages"])
def test_the_lock_is_fresh(found, name):
    stale = [f"{one.stage}: {one.what}" for one in found.stale if one.stage.split("@")[0] == name]
    assert not stale, "\n".join([*stale, "run `dvc repro` and commit"])


def test_nothing_else_is_stale_and_all_was_looked_at(found):
    stages = yaml.load(ROOT / "dvc.yaml")["stages"]
    assert {name.split("@")[0] for name in found.names} <= set(stages)
    assert found.stages > len(stages)  # those of a matrix are several
    assert found.compared > 10 * found.stages
