"""The approaches: ways of fine-tuning the encoder, one module each.

This table is the only list of them; stages, parameters, pages and tests are made from it. The
module `seedbed/approaches/NAME.py` has three names:

- `Params`: its section under `approaches:` in params.yaml, an ApproachParams;
- `fine_tune(data, params, seed, folder) -> Curve`: train one model and save it to `folder` in a
  form that stock libraries load;
- `load(folder, card) -> Loaded`: read that model back to predict with it.

No stage depends on this file, so nothing here may change a result.
"""

from importlib import import_module
from types import ModuleType
from typing import Annotated

from seedbed.core.params import from_table, unknown_name

APPROACHES = {
    "feature": "a head on the vectors of the frozen encoder",
    "full": "every weight of the encoder, and a head",
    "lora": "low-rank updates of matrices of the frozen encoder, and a head",
    "prompt": "every weight of the encoder, guided by prompts; made for few rows",
}
NAMES = tuple(APPROACHES)
Name = Annotated[str, from_table(NAMES)]


def load(name: str) -> ModuleType:
    """Import the module of an approach.

    Raises ParamsError, which lists the table's entries and the nearest, for an unknown name.
    """
    if name not in APPROACHES:
        raise unknown_name(f"approach `{name}`", name, NAMES)
    return import_module(f"{__name__}.{name}")
