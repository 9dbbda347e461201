"""What params.yaml section `split` says of sides, for those who place rows before split does."""

from pydantic import ConfigDict

from seedbed.core.params import read_params
from seedbed.splitting.sides import SideParams


class _Part(SideParams):
    # The section has other keys, which the stage split checks.
    model_config = ConfigDict(extra="ignore", frozen=True)


def read_side_params() -> SideParams:
    """The part of the section that says which side a row is on. Raises ParamsError."""
    return read_params("split", _Part)
