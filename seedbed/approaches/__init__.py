"""The approaches: ways of fine-tuning the encoder, one module each.

This table is the only list of them; stages, parameters, pages and tests are made from it. The
module `seedbed/approaches/NAME.py` has three names:

- `Params`: its section under `approaches:` in params.yaml;
- `fine_tune(task, params, seed, folder) -> Curve`: train one model and save it to `folder` in a
  form that stock libraries load;
- `load(folder, card) -> Loaded`: read that model back to predict with it.

No stage depends on this file, so nothing here may change a result.
"""

import importlib
from typing import TYPE_CHECKING, Annotated, Protocol, cast

from seedbed.core.params import from_table, unknown_name

if TYPE_CHECKING:  # torch, which most readers of the table do not need
    from pathlib import Path

    from seedbed.training.checkpoints import Curve
    from seedbed.training.classifier import Loaded
    from seedbed.training.params import ApproachParams
    from seedbed.training.saved_models import SavedModel
    from seedbed.training.tasks import Task

APPROACHES = {
    "feature": "a head on the vectors of the frozen encoder",
    "full": "every weight of the encoder, and a head",
    "lora": "low-rank updates of matrices of the frozen encoder, and a head",
    "prompt": "every weight of the encoder, guided by prompts; made for few rows",
}
NAMES = tuple(APPROACHES)
Name = Annotated[str, from_table(NAMES)]


class Approach(Protocol):
    """What the module of an approach has."""

    Params: "type[ApproachParams]"

    @staticmethod
    def fine_tune(task: "Task", params: "ApproachParams", seed: int, folder: "Path") -> "Curve":
        """Train one model, save it to `folder` and give the curve: one dict an epoch."""

    @staticmethod
    def load(folder: "Path", card: "SavedModel") -> "Loaded":
        """Load the model that `fine_tune` saved to `folder`."""


def load(name: str) -> Approach:
    """Import the module of an approach.

    Raises ParamsError, which lists the table's entries and the nearest, for an unknown name.
    """
    if name not in APPROACHES:
        raise unknown_name(f"approach `{name}`", name, NAMES)
    return cast(Approach, importlib.import_module(f"{__name__}.{name}"))
