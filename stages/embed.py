"""Turn each text into one vector with the frozen encoder.

data/split/ -> data/embed/, reports/metrics/embed.json
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seedbed.collecting.diversity import mean_pairwise_distance, neighbour_distances
from seedbed.core.metrics import write_metrics
from seedbed.core.params import read_params
from seedbed.core.rows import read_rows
from seedbed.core.stage import run
from seedbed.encoding.nearest_rows import nearness
from seedbed.encoding.vectors import (
    ClassSpread,
    EmbedMetrics,
    EncoderParams,
    IsolatedRow,
    embedded,
    items_of,
    write_vectors,
)

SPLIT = Path("data/split")
EMBED = Path("data/embed")
METRICS = Path("reports/metrics/embed.json")
NEIGHBOURS = 10
SAMPLE = 5_000  # rows for the distances, whose number is their square
SHOWN = 5


def spread(rows: pd.DataFrame, vectors: np.ndarray) -> dict[str, Any]:
    """Return the fields of EmbedMetrics about cosine distances in train + validation.

    Of more than SAMPLE rows the first by id are taken, which is a random sample.
    """
    inside = np.flatnonzero((rows["split"] != "test").to_numpy())[:SAMPLE]
    rows, vectors = rows.iloc[inside], vectors[inside]
    distances = neighbour_distances(vectors, NEIGHBOURS)
    labels = rows["label"].to_numpy(dtype=object)
    by_class = {}
    for name in np.unique(labels):
        members = labels == name
        by_class[str(name)] = ClassSpread(
            mean_pairwise_distance=mean_pairwise_distance(vectors[members]),
            mean_distance_to_nearest=float(distances[members].mean()),
        )
    most_isolated = np.argsort(-distances, kind="stable")[:SHOWN]
    return {
        "mean_pairwise_distance": mean_pairwise_distance(vectors),
        "by_class": by_class,
        "most_alone": [
            IsolatedRow(id=rows["id"].iloc[row], label=labels[row], distance=float(distances[row]))
            for row in most_isolated
        ],
    }


def main() -> str:
    params = read_params("encoder", EncoderParams)
    rows = read_rows(SPLIT)
    vectors = embedded(items_of(rows), params, SPLIT)
    count, width = vectors.shape
    metrics = EmbedMetrics(
        vectors=count,
        width=width,
        **spread(rows, vectors),
        near_train=nearness(rows, vectors),
    )
    write_vectors(EMBED, rows, vectors)
    write_metrics(METRICS, metrics)
    return f"{count:,} vectors of {width} numbers"


if __name__ == "__main__":
    run("embed", main)
