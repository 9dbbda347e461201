"""Turn each text into one vector with the encoder, frozen.

data/split/ -> data/embed/, reports/metrics/embed.json
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seedbed.collecting.diversity import mean_pairwise_distance, neighbour_distances
from seedbed.core.files import write_json
from seedbed.core.params import read_params
from seedbed.core.rows import read_rows
from seedbed.core.stage import run
from seedbed.encoding.encoder_files import EncoderParams
from seedbed.encoding.nearness import nearness
from seedbed.encoding.row_vectors import embedded
from seedbed.encoding.vectors import write_vectors

SOURCE = Path("data/split")
VECTORS = Path("data/embed")
METRICS = Path("reports/metrics/embed.json")
NEIGHBOURS = 10
SAMPLE = 5_000  # rows for the distances, which take the square of them
SHOWN = 5


def spread(rows: pd.DataFrame, vectors: np.ndarray) -> dict[str, Any]:
    """How far apart texts lie, by class, and the rows that stand most alone: cosine distances in
    train + validation. Of more than SAMPLE rows the first by id are taken, which is at random."""
    inside = np.flatnonzero((rows["split"] != "test").to_numpy())[:SAMPLE]
    rows, vectors = rows.iloc[inside], vectors[inside]
    alone = neighbour_distances(vectors, NEIGHBOURS)
    labels = rows["label"].to_numpy(dtype=object)
    by_class = {
        str(name): {
            "mean_pairwise_distance": mean_pairwise_distance(vectors[labels == name]),
            "mean_distance_to_nearest": float(alone[labels == name].mean()),
        }
        for name in np.unique(labels)
    }
    thinnest = np.argsort(-alone, kind="stable")[:SHOWN]
    return {
        "mean_pairwise_distance": mean_pairwise_distance(vectors),
        "by_class": by_class,
        "most_alone": [
            {"id": rows["id"].iloc[row], "label": labels[row], "distance": float(alone[row])}
            for row in thinnest
        ],
    }


def main() -> str:
    params = read_params("encoder", EncoderParams)
    rows = read_rows(SOURCE)
    items = list(rows["text"])
    if any(rows["text_pair"]):
        items = list(zip(items, rows["text_pair"], strict=True))
    vectors = embedded(items, params, SOURCE)
    write_vectors(VECTORS, rows, vectors)
    size = {"vectors": len(vectors), "width": vectors.shape[1]}
    write_json(METRICS, size | spread(rows, vectors) | {"near_train": nearness(rows, vectors)})
    return f"{len(vectors):,} vectors of {vectors.shape[1]} numbers"


if __name__ == "__main__":
    run("embed", main)
