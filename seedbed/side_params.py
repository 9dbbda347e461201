"""The params of sides, for those who are not the stage `split`."""

from pydantic import ConfigDict

from seedbed.params import read_params
from seedbed.sides import SideParams


class _Part(SideParams):
    model_config = ConfigDict(extra="ignore", frozen=True)


def read_side_params() -> SideParams:
    """What params.yaml section `split` says of sides; the stage `split` checks its other keys."""
    return read_params("split", _Part)
