"""reports/next.md as stage prioritize writes it, without a model: vectors and scores made up."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_report_of_scores import CONTENT, ESTIMATE

from seedbed.core.files import write_json
from seedbed.core.rows import read_rows, write_rows
from seedbed.encoding.vectors import write_vectors
from stages import prioritize

VALIDATION = {
    "accuracy": {"mean": 0.9},
    "per_class": {
        name: {"f1": f1, "rows": 4}
        for name, f1 in (("cooking", 0.9), ("cycling", 0.5), ("weather", 1.0))
    },
    "confusion": {"cycling": {"cycling": 2, "weather": 2}},
    "slices": {},
}


@pytest.fixture
def ran(project) -> Path:
    """The project as prioritize finds it; a third of its rows came in a later batch."""
    rows = read_rows(Path("data/split"))
    later = rows["batch"].where(rows.index % 3 > 0, "2026-09-later")
    write_rows(Path("data/split"), rows.assign(batch=later))
    classes = sorted(set(rows["label"]))
    noise = np.random.default_rng(0).normal(0, 0.1, (len(rows), 8))
    vectors = np.eye(8)[[classes.index(one) for one in rows["label"]]] + noise
    write_vectors(Path("data/embed"), rows, vectors.astype(np.float32))
    inside = rows[rows["split"] != "test"]
    scores = {
        "id": list(inside["id"]), "suggested": list(inside["label"]),
        "uncertainty": np.linspace(0, 1, len(inside)),
    }  # fmt: skip
    Path("data/label_scores").mkdir()
    pq.write_table(pa.table(scores), "data/label_scores/rows.parquet")
    budgets = {"training": [], "megabytes": [], "in_words": []}
    choice = {"approach": "feature", "seed": "0", "why": "", "measured_on": "validation",
              "measure": "macro_f1", "candidates": {}, "per_budget": budgets}  # fmt: skip
    write_json(Path("reports/choice.json"), choice)
    scores = {"precision": 0.5, "recall": 0.5}
    per_class = {name: scores | found for name, found in VALIDATION["per_class"].items()}
    validation = CONTENT | VALIDATION | {"per_class": per_class, "accuracy": ESTIMATE}
    write_json(Path("reports/metrics/evaluate/feature/validation.json"), validation)
    write_json(Path("reports/metrics/learning_curve.json"), {"run": False})
    return project


def test_the_page_tells_weak_classes_the_newest_batch_and_what_to_label(ran):
    prioritize.main()
    page = Path("reports/next.md").read_text()
    assert "- cycling: F1 0.500 on 4 rows; predicted 2 as weather" in page
    assert "Batch 2026-09-later" in page
    first = Path("reports/next.csv").read_text().splitlines()[1].split(",")[0]
    assert f"| `{first}` |" in page
    texts = read_rows(Path("data/split"))["text"]
    assert not [text for text in texts if text in page]


def test_nothing_of_it_hangs_on_the_test_side(ran):
    prioritize.main()
    pages = [Path("reports/next.csv"), Path("reports/next.md")]
    before = [page.read_bytes() for page in pages]
    rows = read_rows(Path("data/split"))
    test = rows["split"] == "test"
    spoilt = rows.assign(
        text=rows["text"].where(~test, "spoilt"),
        label=rows["label"].where(~test, "cycling"),
        batch=rows["batch"].where(~test, "2026-12-spoilt"),
    )
    write_rows(Path("data/split"), spoilt)
    prioritize.main()
    assert [page.read_bytes() for page in pages] == before


def test_the_same_rows_give_the_same_page(ran):
    prioritize.main()
    before = Path("reports/next.md").read_bytes()
    prioritize.main()
    assert Path("reports/next.md").read_bytes() == before
