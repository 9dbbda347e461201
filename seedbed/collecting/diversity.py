"""How diverse the rows are: by class, source, batch, length, age and words.

No figure reads the clock: age is counted back from the newest row.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date

import numpy as np
import pandas as pd

from seedbed.core.metrics import Metrics, RowCounts, WithUnused
from seedbed.core.text_units import units_of
from seedbed.tasks import Task
from seedbed.tasks.counting import strata

UNLABELLED = "(unlabelled)"
QUANTILES = {"min": 0, "p05": 5, "p25": 25, "p50": 50, "p75": 75, "p95": 95, "max": 100}
MAX_TOKENS = 100_000


class Age(Metrics):
    """Days of the rows of one class; "" and 0 where none has a date."""

    undated: int
    oldest: str = ""
    newest: str = ""
    days_behind_newest: int = 0


class DistinctNgrams(Metrics):
    """Words and signs, and different ones and pairs as shares of all: see `distinct_ngrams`."""

    tokens: int
    distinct_1: float
    distinct_2: float


class DistinctNgramsByClass(Metrics):
    """Distinct words over all rows and by class."""

    all: DistinctNgrams
    by_class: dict[str, DistinctNgrams]


class CollectMetrics(WithUnused):
    """reports/metrics/collect.json. `alike`: labels that differ from another in form alone, and
    that other one; `joined`: those that became it; `show_text`: sources whose texts a page may
    show. Left out if there are none."""

    rows: RowCounts
    files_by_encoding: dict[str, int]
    by_class: dict[str, int]
    by_source: dict[str, int]
    by_batch: dict[str, int]
    age_by_class: dict[str, Age]
    chars_by_class: dict[str, dict[str, int]]  # by the names of `quantiles`
    distinct_ngrams: DistinctNgramsByClass
    alike: dict[str, str] = {}
    joined: dict[str, str] = {}
    show_text: list[str] = []


def collect_metrics(
    rows: pd.DataFrame, row_counts: RowCounts, files_by_encoding: dict[str, int], task: Task
) -> CollectMetrics:
    """All figures of `rows` (id, text, text_pair, label, source, batch, date), sorted by id."""
    # Of a text alone no copy is made.
    pairs = zip(rows["text"], rows["text_pair"], strict=True)
    whole = [f"{text} {pair}" if pair else text for text, pair in pairs]
    if "answer" in rows:
        answers = zip(whole, rows["answer"], strict=True)
        whole = [f"{text} {answer}" for text, answer in answers]
    texts = pd.Series(whole, rows.index, dtype=object)
    classes = strata(rows["label"], task).fillna(UNLABELLED)
    by_class = dict(list(texts[classes.index].groupby(classes.to_numpy())))
    return CollectMetrics(
        rows=row_counts,
        files_by_encoding=dict(sorted(files_by_encoding.items())),
        by_class=counts(classes),
        by_source=counts(rows["source"]),
        by_batch=counts(rows["batch"]),
        age_by_class=age_by_class(classes.to_numpy(), rows["date"][classes.index]),
        chars_by_class={label: quantiles(part.str.len()) for label, part in by_class.items()},
        distinct_ngrams=DistinctNgramsByClass(
            all=distinct_ngrams(texts),
            by_class={label: distinct_ngrams(part) for label, part in by_class.items()},
        ),
    )


def counts(values: pd.Series) -> dict[str, int]:
    """Count each value, sorted by value."""
    return dict(sorted(Counter(values).items()))


def quantiles(lengths: Iterable[int]) -> dict[str, int]:
    """Least, 5 %, 25 %, 50 %, 75 %, 95 % and greatest of whole numbers; each is one of them."""
    found = np.percentile(list(lengths), list(QUANTILES.values()), method="inverted_cdf")
    return dict(zip(QUANTILES, map(int, found), strict=True))


def age_by_class(labels: pd.Series | np.ndarray, dates: pd.Series) -> dict[str, Age]:
    """Oldest and newest day of each class, the days its newest row lies behind the newest of all
    rows, and how many of its rows have no date."""
    last = dates.max()
    ages: dict[str, Age] = {}
    for label, days in dates.groupby(labels):
        dated = days[days != ""]
        ages[label] = Age(undated=len(days) - len(dated))
        if len(dated):
            oldest, newest = dated.min(), dated.max()
            behind = date.fromisoformat(last) - date.fromisoformat(newest)
            ages[label] = Age(
                undated=len(days) - len(dated),
                oldest=oldest,
                newest=newest,
                days_behind_newest=behind.days,
            )
    return ages


def distinct_ngrams(texts: Iterable[str], max_tokens: int = MAX_TOKENS) -> DistinctNgrams:
    """Distinct-1 and distinct-2 (Li et al. 2016, arXiv:1510.03055): different words and word pairs
    as shares of all words and word pairs.

    The ratios fall with the size of a text, so classes are comparable where `tokens` is the same:
    words (`units_of`) are counted up to `max_tokens`, in the order of the rows (by id, which is
    random).
    """
    words: list[str] = []
    pairs: list[tuple[str, str]] = []
    for text in texts:
        found = units_of(text)[: max_tokens - len(words)]
        words += found
        pairs += zip(found, found[1:], strict=False)
        if len(words) >= max_tokens:
            break
    return DistinctNgrams(
        tokens=len(words),
        distinct_1=len(set(words)) / max(1, len(words)),
        distinct_2=len(set(pairs)) / max(1, len(pairs)),
    )
