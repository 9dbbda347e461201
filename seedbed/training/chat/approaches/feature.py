"""Feature-based: the frozen encoder finds the train question that is nearest in meaning, and its
answer is given. It writes nothing, and so shows what a language model has to surpass."""

from collections.abc import Generator, Sequence
from pathlib import Path

import torch

from seedbed.core.turns import Dialogue
from seedbed.training.chat.nearest import NearestRows
from seedbed.training.chat.tuning import MAX_NEW_TOKENS, Answer, Answerer, ChatData
from seedbed.training.loop import Curve
from seedbed.training.models import ApproachParams, SavedModel, write_card


class Params(ApproachParams):
    """params.yaml section of the approach."""


def fine_tune(data: ChatData, params: Params, seed: int, folder: Path) -> Curve:
    """Save the train rows and the encoder to `folder`; the curve has one point."""
    NearestRows.of(data.rows["train"].dialogues, data.encoder, data.truncation).save(folder)
    card = data.card("feature", params, 0)
    form = {"kind": "nearest_answer", "library": "", "pipeline_tag": "", "usage": ""}
    write_card(folder, card.model_copy(update=form))
    return [{"epoch": 1}]


def load(folder: Path, card: SavedModel, dtype: torch.dtype) -> Answerer:
    """Load what `fine_tune` saved."""
    return NearestAnswers(NearestRows.load(folder))


class NearestAnswers:
    """Answers of the nearest train questions."""

    def __init__(self, nearest: NearestRows):
        self._nearest = nearest

    def answers(
        self, dialogues: Sequence[Dialogue], max_new_tokens: int = MAX_NEW_TOKENS
    ) -> list[Answer]:
        """Return the answer to the nearest question of train, as a whole."""
        found = self._nearest.nearest(dialogues, 1)
        return [Answer(rows[0].answer, 0, True) for rows in found]

    def losses(self, dialogues: Sequence[Dialogue], with_question: bool = True) -> None:
        """Nothing: an answer that is looked up has no probability."""

    def stream(
        self, row: Dialogue, max_new_tokens: int = MAX_NEW_TOKENS
    ) -> Generator[str, None, Answer]:
        """Yield the answer at once."""
        [found] = self.answers([row])
        yield found.text
        return found
