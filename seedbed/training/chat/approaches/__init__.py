"""The approaches to a model that answers, one module each.

This table is the only list of them. Module `seedbed/training/chat/approaches/NAME.py` has three
names:

- `Params`: its section of params.yaml, an ApproachParams;
- `fine_tune(data, params, seed, folder) -> Curve`: tune one model and save it to `folder`;
- `load(folder, card, dtype) -> Answerer`: read that model back to answer with it.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from seedbed.core.params import unknown_name
from seedbed.training.models import SavedModel

if TYPE_CHECKING:
    import torch

    from seedbed.training.chat.tuning import Answerer

CHAT_APPROACHES = {
    "feature": "the answer of the nearest train question, by the frozen encoder",
    "full": "every weight of the language model",
    "lora": "low-rank updates of matrices of the frozen language model",
    "prompt": "the frozen language model with examples in its prompt, or with vectors before it",
}
NAMES = tuple(CHAT_APPROACHES)
OF_BASE = "prompt"  # whose folder has the language model as it was, which is evaluated, too


def load(name: str) -> ModuleType:
    """Import the module of an approach.

    Raises ParamsError, which lists the table's entries and the nearest, for an unknown name.
    """
    if name not in CHAT_APPROACHES:
        raise unknown_name(f"approach `{name}`", name, NAMES)
    return import_module(f"{__name__}.{name}")


def as_base(folder: Path, card: SavedModel, dtype: "torch.dtype") -> "Answerer":
    """Load the model in a folder of OF_BASE without what precedes its prompts."""
    from seedbed.training.chat.tuning import ChatModel

    return ChatModel(folder, card, dtype)
