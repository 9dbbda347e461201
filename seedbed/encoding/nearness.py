"""How near, in meaning, rows of validation and test are to rows of train: a slice that is told, and
no error. Near copies in words are the leak gate's; a paraphrase may be a fair question."""

from typing import Any

import numpy as np
import pandas as pd

MIN_COSINES = (0.90, 0.95)
BLOCK = 4096  # rows of a side against as many of train: 64 MB of products


def nearness(rows: pd.DataFrame, vectors: np.ndarray) -> dict[str, Any]:
    """For validation and test: rows, and the share of them that have a train row at a cosine of at
    least .90 and .95. `vectors` (rows, width) stand in the order of `rows`."""
    side = rows["split"].to_numpy()
    train = vectors[side == "train"]
    result = {}
    for name in ("validation", "test"):
        nearest = nearest_cosines(vectors[side == name], train)
        shares = {
            f"at_least_{limit:.2f}": float((nearest >= limit).mean()) if len(nearest) else 0.0
            for limit in MIN_COSINES
        }
        result[name] = {"rows": len(nearest), **shares}
    return result


def nearest_cosines(vectors: np.ndarray, others: np.ndarray, block: int = BLOCK) -> np.ndarray:
    """Cosine of each vector (n, width) to the nearest of `others` (m, width), shape (n,); -1 where
    there is no other. Exact; O(n m width) time, `block` x `block` floats of memory."""
    found = np.full(len(vectors), -1, dtype=np.float32)
    for start in range(0, len(vectors), block):
        part = _unit(vectors[start : start + block])
        best = found[start : start + block]
        for other in range(0, len(others), block):
            np.maximum(best, (part @ _unit(others[other : other + block]).T).max(axis=1), out=best)
    return found


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)
