"""What a model gains by staying silent where it is least sure (El-Yaniv and Wiener, 2010).

At a coverage of c the model answers the share c of the rows of which it is surest; the risk is the
share of these answers that are wrong.
"""

from typing import Any

import numpy as np

from seedbed.scoring.intervals import bounds

STEPS = 20
SHOWN = (0.8, 0.9)


def _risks(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows from the surest on (places), and the risk when all up to that row are answered."""
    order = np.argsort(-probabilities.max(1), kind="stable")
    wrong = (probabilities.argmax(1) != labels)[order]
    return order, np.cumsum(wrong) / np.arange(1, len(wrong) + 1)


def risk_coverage_curve(labels: np.ndarray, probabilities: np.ndarray) -> list[dict[str, float]]:
    """Risk and least confidence at coverages of 5 %, 10 % ... 100 %."""
    order, risks = _risks(labels, probabilities)
    sure = probabilities.max(1)[order]
    last = np.unique(np.ceil(np.arange(1, STEPS + 1) / STEPS * len(order)).astype(int) - 1)
    return [
        {
            "coverage": float((place + 1) / len(order)),
            "risk": float(risks[place]),
            "confidence": float(sure[place]),
        }
        for place in last
    ]


def risk_coverage(
    labels: np.ndarray, probabilities: np.ndarray, samples: np.ndarray
) -> dict[str, Any]:
    """The area under the curve (mean risk over all coverages) with its 95 % interval, and the risk
    when the surest 80 % and 90 % are answered. `samples`: bootstrap counts (draws, rows)."""
    order, risks = _risks(labels, probabilities)
    wrong = (probabilities.argmax(1) != labels)[order]
    weights = samples[:, order].astype(np.float32)
    answered = np.cumsum(weights, axis=1)
    drawn = np.cumsum(weights * wrong, axis=1) / np.maximum(answered, 1)
    areas = (drawn * weights).sum(1) / answered[:, -1]
    places = {share: int(np.ceil(share * len(order))) - 1 for share in SHOWN}
    return {
        "area": {"mean": float(risks.mean()), **bounds(areas)},
        **{f"risk_at_{share:.0%}": float(risks[place]) for share, place in places.items()},
    }
