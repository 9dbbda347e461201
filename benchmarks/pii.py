"""How well personal data is found: three public sets, beside presidio as it comes.

DATA=FOLDER python -m benchmarks.pii [SET ...] -> benchmarks/results/pii.json

With names of sets (wnut17_dev) Seedbed alone is measured, on these alone; the other figures stay.

The folder holds presidio_generated_large/data.jsonl (presidio-research), tab/data.jsonl (the Text
Anonymization Benchmark) and wnut17/{train,dev}.jsonl (WNUT-17): one JSON object a line with `text`
and `spans` of start, end and type. Rules were developed on the templates that `is_developed_on`
gives, on TAB's train part and on WNUT-17 train; the figures are of the rest. Each run reads the
reporting halves: note it in benchmarks/test_reads.csv, and choose nothing by it.
"""

import hashlib
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.public_sets import data_folder
from benchmarks.turns import peer_command, run
from seedbed.core.errors import SeedbedError
from seedbed.core.files import write_json
from seedbed.private.detection import detect
from seedbed.private.kinds import PATTERN_KINDS, Wanted
from seedbed.private.patterns import Span

RESULTS = Path("benchmarks/results/pii.json")
SEED = 7
ALL = Wanted(
    frozenset(PATTERN_KINDS),
    names=frozenset({"person", "street_address", "place", "organisation"}),
)
DIRECT = Wanted(frozenset(PATTERN_KINDS) - {"url"}, names=frozenset({"person", "street_address"}))
PERSON = Wanted(frozenset({"email", "handle", "url"}), names=frozenset({"person"}))

Row = dict[str, Any]
Finder = Callable[[Sequence[str], Wanted], list[list[Span]]]


def read(path: Path) -> list[Row]:
    """The rows of a file with one JSON object a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def is_developed_on(row: Row) -> bool:
    """Whether the row's template is in the half that rules were developed on."""
    digest = hashlib.sha256(f"{SEED}:{row['template_id']}".encode()).digest()
    return digest[0] % 2 == 0


def chars(spans: Sequence[Any], start: str = "start", end: str = "end") -> set[int]:
    """Every character place that the spans hold."""
    ends = [(s.start, s.end) if isinstance(s, Span) else (s[start], s[end]) for s in spans]
    return {place for low, high in ends for place in range(low, high)}


def by_character(rows: Sequence[Row], found: Sequence[Sequence[Span]]) -> dict[str, float]:
    """Precision, recall and F2 over characters, whatever the kind."""
    right = given = true = 0
    for row, spans in zip(rows, found, strict=True):
        truth, ours = chars(row["spans"]), chars(spans)
        right, given, true = right + len(truth & ours), given + len(ours), true + len(truth)
    precision, recall = right / given, right / true
    f2 = 5 * precision * recall / (4 * precision + recall)
    return {"f2": f2, "precision": precision, "recall": recall, "rows": len(rows)}


def direct_identifiers(rows: Sequence[Row], found: Sequence[Sequence[Span]]) -> dict[str, float]:
    """Share of directly identifying entities all of whose mentions are covered (TAB's ER_di), and
    the share of covered characters that an annotator marked as direct or quasi identifier."""
    marked: dict[str, set[int]] = defaultdict(set)
    ours: dict[str, set[int]] = {}
    covered = []
    for row, spans in zip(rows, found, strict=True):
        ours[row["id"]] = chars(spans)
        mask = [span for span in row["spans"] if span["identifier_type"] in ("DIRECT", "QUASI")]
        marked[row["id"]] |= chars(mask)
        entities = defaultdict(list)
        for span in row["spans"]:
            if span["identifier_type"] == "DIRECT":
                entities[span["entity_id"]].append(span)
        covered += [chars(mentions) <= ours[row["id"]] for mentions in entities.values()]
    right = sum(len(ours[name] & marked[name]) for name in ours)
    return {
        "entity_recall": sum(covered) / len(covered),
        "character_precision": right / sum(map(len, ours.values())),
        "entities": len(covered),
        "documents": len(ours),
    }


def persons(rows: Sequence[Row], found: Sequence[Sequence[Span]]) -> dict[str, float]:
    """Recall and precision of persons: spans that overlap, and spans that are equal."""
    true, ours = [], []
    for at, (row, spans) in enumerate(zip(rows, found, strict=True)):
        true += [(at, s["start"], s["end"]) for s in row["spans"] if s["type"] == "person"]
        ours += [(at, s.start, s.end) for s in spans if s.kind == "person"]

    def met(one: list[tuple[int, int, int]], other: list[tuple[int, int, int]]) -> float:
        by_row = defaultdict(list)
        for at, start, end in other:
            by_row[at].append((start, end))
        hits = [any(a < end and start < b for a, b in by_row[at]) for at, start, end in one]
        return sum(hits) / len(hits)

    exact = len(set(true) & set(ours))
    return {
        "recall": met(true, ours),
        "precision": met(ours, true),
        "exact_recall": exact / len(true),
        "exact_precision": exact / len(ours),
        "persons": len(true),
    }


def presidio(texts: Sequence[str], wanted: Wanted) -> list[list[Span]]:
    """presidio's AnalyzerEngine as it comes, with the same spaCy model, in its own environment.

    It looks for all that it knows, whatever is wanted.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.json"
        file.write_text(json.dumps(list(texts)), encoding="utf-8")
        found = run(peer_command("presidio", "personal_data_presidio.py", file))["made"]
    return [[Span(*span) for span in spans] for spans in found]


def generated(data: Path) -> list[Row]:
    """presidio_generated_large without the templates that rules were developed on."""
    rows = read(data / "presidio_generated_large/data.jsonl")
    return [row for row in rows if not is_developed_on(row)]


def cases(data: Path) -> list[Row]:
    """TAB's dev and test parts."""
    return [row for row in read(data / "tab/data.jsonl") if row["split"] != "train"]


def tweets(data: Path) -> list[Row]:
    """WNUT-17's dev part."""
    return read(data / "wnut17/dev.jsonl")


MEASURES = {
    "presidio_generated_large": (generated, ALL, by_character),
    "tab": (cases, DIRECT, direct_identifiers),
    "wnut17_dev": (tweets, PERSON, persons),
}


def measure(
    data: Path, find: Finder, sets: Sequence[str] = tuple(MEASURES)
) -> dict[str, dict[str, float]]:
    """The figures of one finder on the parts that no rule was developed on; only the sets that are
    named are read."""
    figures = {}
    for name in sets:
        rows_of, wanted, score = MEASURES[name]
        rows = rows_of(data)
        figures[name] = score(rows, find([row["text"] for row in rows], wanted))
    return figures


def main(data: Path, sets: Sequence[str] = ()) -> None:
    """Measure both and write the results, or Seedbed alone on the sets that are named."""
    if unknown := set(sets) - set(MEASURES):
        raise SeedbedError(
            "benchmarks.pii",
            f"no set called {', '.join(sorted(unknown))}",
            f"one of {', '.join(MEASURES)}",
            "name one of these, or none for all",
        )
    if sets:
        results = json.loads(RESULTS.read_text(encoding="utf-8"))
        results["seedbed"] |= measure(data, detect, sets)
    else:
        results = {"seedbed": measure(data, detect), "presidio": measure(data, presidio)}
    write_json(RESULTS, results)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main(data_folder(), sys.argv[1:])
