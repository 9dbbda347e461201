"""Turn each text, and in task answer each answer, into one vector with the frozen encoder.

data/split/ -> data/embed/, reports/metrics/embed.json
"""

import numpy as np
import pandas as pd

from seedbed.core.params import read_params
from seedbed.core.rows import EMBED, SPLIT, read_rows, write_results
from seedbed.core.stage import script
from seedbed.encoding.nearest_rows import mean_pairwise_distance, nearness, neighbour_distances
from seedbed.encoding.vectors import (
    ClassSpread,
    EmbedMetrics,
    EncoderParams,
    IsolatedRow,
    embedded,
    items_of,
    write_vectors,
)
from seedbed.tasks import Task
from seedbed.tasks.counting import strata
from seedbed.tasks.named import read_task

NEIGHBOURS = 10
SAMPLE = 5_000  # rows for the distances, whose number is their square
SHOWN = 5


def figures(rows: pd.DataFrame, vectors: np.ndarray, task: Task) -> EmbedMetrics:
    """Return the counts, and cosine distances in train + validation.

    Of more than SAMPLE rows the first by id are taken, which is a random sample.
    """
    inside = np.flatnonzero((rows["split"] != "test").to_numpy())[:SAMPLE]
    sample, labels = vectors[inside], rows["label"].to_numpy(dtype=object)[inside]
    distances = neighbour_distances(sample, NEIGHBOURS)
    classes = strata(pd.Series(labels), task)
    by_class = {}
    for name, members in classes.index.groupby(classes.to_numpy()).items():
        by_class[str(name)] = ClassSpread(
            mean_pairwise_distance=mean_pairwise_distance(sample[members]),
            mean_distance_to_nearest=float(distances[members].mean()),
        )
    most_alone = np.argsort(-distances, kind="stable")[:SHOWN]
    return EmbedMetrics(
        vectors=len(vectors),
        width=vectors.shape[1],
        mean_pairwise_distance=mean_pairwise_distance(sample),
        by_class=by_class,
        most_alone=[
            IsolatedRow(
                id=rows["id"].iloc[inside[row]], label=labels[row], distance=float(distances[row])
            )
            for row in most_alone
        ],
        near_train=nearness(rows, vectors),
    )


@script
def main() -> str:
    params = read_params("encoder", EncoderParams)
    rows = read_rows(SPLIT)
    vectors, answers = embedded(items_of(rows), params, SPLIT), None
    if "answer" in rows:
        answers = embedded(list(rows["answer"]), params, SPLIT)
    metrics = figures(rows, vectors, read_task())
    write_vectors(EMBED, rows, vectors, answers)
    write_results("embed", metrics)
    more = "" if answers is None else " of questions, and as many of answers"
    return f"{metrics.vectors:,} vectors of {metrics.width} numbers{more}"
