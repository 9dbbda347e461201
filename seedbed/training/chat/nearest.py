"""The train questions that are nearest in meaning to another, by the frozen encoder: with what they
need of it, in a folder of their own."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from seedbed.core.errors import reading
from seedbed.core.files import read_text, write_text
from seedbed.core.turns import Dialogue, dialogue, write_turns
from seedbed.encoding.encoder import embed_texts
from seedbed.encoding.nearest_rows import nearest_rows
from seedbed.encoding.tokens import Truncation

ENCODER, ROWS, VECTORS = "encoder", "rows.jsonl", "rows.safetensors"


class NearestRows:
    """Rows in the order of their vectors, (rows, width) float32, of their last questions."""

    def __init__(
        self, rows: Sequence[Dialogue], vectors: np.ndarray, encoder: Path, truncation: Truncation
    ):
        """`encoder`: the folder of the model that made the vectors of rows cut by `truncation`."""
        self.rows, self._vectors = list(rows), vectors
        self._encoder, self._truncation = encoder, truncation

    @classmethod
    def of(cls, rows: Sequence[Dialogue], encoder: Path, truncation: Truncation) -> "NearestRows":
        """Embed the questions of rows."""
        return cls(rows, _embedded(rows, encoder, truncation), encoder, truncation)

    def nearest(self, asked: Sequence[Dialogue], count: int) -> list[list[Dialogue]]:
        """Return the rows with the nearest questions to each of `asked`, nearest first; of equally
        near ones those that come first."""
        if not asked:
            return []
        found, _ = nearest_rows(
            _embedded(asked, self._encoder, self._truncation), self._vectors, count
        )
        return [[self.rows[index] for index in line] for line in found.tolist()]

    def save(self, folder: Path) -> None:
        """Write rows, vectors and the encoder to a model folder."""
        from safetensors.torch import save_file

        lines = [[row.question, write_turns(row.context), row.answer] for row in self.rows]
        encoder = {"truncation": self._truncation._asdict()}
        content = [encoder, *lines]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in content)
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / ROWS, text)
        save_file({"vectors": torch.from_numpy(self._vectors)}, folder / VECTORS)
        shutil.copytree(self._encoder, folder / ENCODER, dirs_exist_ok=True)

    @classmethod
    def load(cls, folder: Path) -> "NearestRows":
        """Read what `save` wrote. Raises DamagedError for another content."""
        from safetensors.torch import load_file

        with reading(folder / ROWS):
            head, *lines = map(json.loads, read_text(folder / ROWS).rstrip("\n").split("\n"))
            rows = [dialogue(text, context, answer) for text, context, answer in lines]
            truncation = Truncation(**head["truncation"])
        with reading(folder / VECTORS):
            vectors = load_file(folder / VECTORS)["vectors"].numpy()
        return cls(rows, vectors, folder / ENCODER, truncation)


def _embedded(rows: Sequence[Dialogue], encoder: Path, truncation: Truncation) -> np.ndarray:
    questions = [row.question for row in rows]
    return embed_texts(questions, encoder, truncation, "float32")
