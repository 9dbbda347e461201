"""Canaries: personal values planted in every column and place of a project, and looked for in
everything that a run writes outside the private zone."""

import csv
import json
import random
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, redirect_stderr
from io import StringIO
from itertools import product, repeat
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from stdnum import luhn

from seedbed.core.errors import SourceError
from seedbed.core.files import read_csv, write_csv
from seedbed.core.rows import ANONYMIZE, read_rows
from seedbed.pages.document import Table
from tests.conftest import Project, make_project
from tests.trust import talk_canaries
from tests.trust.outcome import Outcome

PLAIN, OBFUSCATED = 300, 55
# Columns of rows, notes of decisions, and what collect refuses, because it goes to git as it is.
ROWS = ("text", "pair", "key", "who", "more", "quarantined", "note")
REFUSED = ("label", "meta", "file name")
PLACES = (*ROWS, *REFUSED)
TASKS = {"class": "", "labels": ", in rows with sets"}
ANSWERS = "answer"  # in conversations, which have places of their own
TITLES = TASKS | {ANSWERS: ", in conversations"}
SECOND = "outdoors"  # a label beside those of the example
# Of each task: the column of labels, and the cells of a row with a value as label.
LABELS: dict[str, tuple[tuple[str, Callable[[str], dict[str, str]]], ...]] = {
    "class": (("label", lambda value: {"label": value}),),
    "labels": (
        ("label", lambda value: {"label": json.dumps(["x", value])}),
        ("topic_*", lambda value: {"topic_x": "0", f"topic_{value}": "1"}),
        ("label", lambda value: {"label": f"x|{value}|v"}),
    ),
}
Found = dict[str, list[str]]  # where a value is, by its name
NO_PERSONS = ("ip", "handle", "mac")  # 1.2.3.4 and @home are good labels
MIN_PLAIN, MIN_OBFUSCATED = 0.99, 0.8
# The private zone, and what holds code, base models or settings alone.
PRIVATE = ("data/raw", "data/collect", "data/clean", "data/decisions", ".seedbed", ".dvc/cache",
           ".dvc/tmp")  # fmt: skip
NOT_WRITTEN = (".git", "seedbed", "stages", "models/base", "tests")
REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "BE", "CH", "AT", "PL", "SE")
PHONES = dict(zip(REGIONS, (1, 44, 49, 33, 34, 39, 31, 32, 41, 43, 48, 46), strict=True))
AREAS = dict(zip(REGIONS, "212736 20794 301 142 912 06698 20 2 44 1 22 8".split(), strict=True))
DIGITS = dict(zip(REGIONS, (10, 10, 10, 9, 9, 10, 9, 8, 9, 8, 9, 9), strict=True))


def canaries(count: int, seed: int) -> dict[str, str]:
    """Values that are nobody's by name of kind and number, of all kinds that have a form."""
    draw = random.Random(seed)
    makers = (_email, _phone, _card, _iban, _secret, _ip, _ssn, _link, _handle, _mac)
    return {
        f"{makers[n % len(makers)].__name__[1:]} {n}": makers[n % len(makers)](n, draw)
        for n in range(count)
    }


def _email(n: int, draw: random.Random) -> str:
    return f"canary{n}.{draw.randrange(10**6)}@mail{n}-{REGIONS[n % 12].lower()}.com"


def _phone(n: int, draw: random.Random) -> str:
    region = REGIONS[n // 10 % 12]
    digits = "".join(draw.choices("23456789", k=DIGITS[region] - len(AREAS[region])))
    return f"+{PHONES[region]} {AREAS[region]} {digits}"


def _card(n: int, draw: random.Random) -> str:
    digits = f"4{draw.randrange(10**13):013d}{n % 10}"
    return digits + luhn.calc_check_digit(digits)


def _iban(n: int, draw: random.Random) -> str:
    account = f"{draw.randrange(10**18):018d}"
    check = 98 - int(f"{account}131400") % 97  # DE
    return f"DE{check:02d}{account}"


def _secret(n: int, draw: random.Random) -> str:
    return f"ghp_{n:06d}" + "".join(draw.choices("abcdefghijkmnpqrstuvwxyz23456789", k=30))


def _ip(n: int, draw: random.Random) -> str:
    return f"10.{n % 250}.{draw.randrange(250)}.{draw.randrange(10, 250)}"


def _ssn(n: int, draw: random.Random) -> str:
    return f"{draw.randrange(101, 665)}-{draw.randrange(11, 99)}-{draw.randrange(1001, 9999)}"


def _link(n: int, draw: random.Random) -> str:
    return f"https://ann:pw{draw.randrange(10**8)}@shop{n}.com/x"


def _handle(n: int, draw: random.Random) -> str:
    return f"@canary_{n}_{draw.randrange(10**6)}"


def _mac(n: int, draw: random.Random) -> str:
    return ":".join(f"{draw.randrange(16, 256):02X}" for _ in range(6))


def obfuscated(count: int, seed: int) -> dict[str, str]:
    """E-mails, cards, IBANs, phones and addresses of networks in other dress."""
    draw, made = random.Random(seed), {}
    for n in range(count):
        name, card, iban = f"canary{n}.x{draw.randrange(10**6)}", _card(n, draw), _iban(n, draw)
        dresses = (
            f"{name} (at) firm.com",
            f"{name} [at] firm [dot] com",
            f"{name} AT gmail DOT com",
            f"{name}%40firm.com",
            f"{name} @ firm.com",
            f"{name}@firm .com",
            f"{name}＠firm.com",
            ".".join(re.findall("....", card)),
            "–".join(re.findall("....", card)),
            "-".join(re.findall(".{1,4}", iban)),
            _ip(n, draw).replace(".", "[.]"),
        )
        made[f"obfuscated {n}"] = dresses[n % len(dresses)]
    return made


def texts(values: Sequence[str]) -> list[str]:
    """A sentence that ends up in no other row's near copy for each value."""
    places = "harbour meadow tower bakery stadium orchard tunnel museum quarry lighthouse".split()
    return [
        f"Row {n * 7919}: at {places[n % 10]} and {places[n // 10 % 10]} they noted {value} today."
        for n, value in enumerate(values)
    ]


def forms(value: str) -> set[bytes]:
    """How a value may be written: as it is, in lower case, escaped for JSON, and in UTF-16."""
    written = {value, value.lower(), json.dumps(value)[1:-1], value.replace("&", "&amp;")}
    return {one.encode(code) for one in written for code in ("utf-8", "utf-16-le")}


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file outside the private zone, tables as their cells; weights hold numbers alone."""
    for file in sorted(filter(Path.is_file, folder.rglob("*"))):
        path = file.relative_to(folder).as_posix()
        if path.startswith((*PRIVATE, *NOT_WRITTEN)) or file.suffix == ".safetensors":
            continue
        if file.suffix == ".parquet":
            yield path, str(pq.read_table(file).to_pylist()).encode()
        elif file.suffix == ".arrow":
            with pa.memory_map(str(file)) as source:
                yield path, str(pa.ipc.open_stream(source).read_all().to_pylist()).encode()
        else:
            yield path, file.read_bytes()


def leaks(values: dict[str, str], written: Iterable[tuple[str, bytes]]) -> Found:
    """For each name of a value that is in something written: where it is."""
    wanted = {name: forms(value) for name, value in values.items()}
    found: Found = {}
    for path, content in written:
        for name, ways in wanted.items():
            if any(way in content for way in ways):
                found.setdefault(name, []).append(path)
    return found


def outcome(values: dict[str, str], found: Mapping[str, Found], seed: int) -> Outcome:
    """The shares that left the private zone nowhere, by task, and what missed its goal."""
    rows, missed = [], []
    goals = (("plain", MIN_PLAIN, False), ("obfuscated", MIN_OBFUSCATED, True))
    for (task, leaked), (dress, goal, is_odd) in product(found.items(), goals):
        title = f"{dress}{TITLES[task]}"
        names = [name for name in values if name.startswith("obfuscated") == is_odd]
        kept = [name for name in names if name not in leaked]
        rows.append([title, len(names), len(kept), f"{len(kept) / max(1, len(names)):.1%}"])
        if len(kept) < goal * len(names):
            places = [f"{name} in {leaked[name][0]}" for name in names if name in leaked][:5]
            missed.append(f"{title}: {len(kept)} of {len(names)} in no output: {', '.join(places)}")
    table = Table(["canaries", "planted", "in no output", "share"], rows)
    summary = (
        f"Values of ten kinds and twelve countries among the rows of the example (seed {seed}), "
        "once with a label a text and once with a set of labels: in texts, second texts, ids, "
        "groups, a column that params do not name, quarantined rows and notes of decisions; as "
        "labels, also among others of a set, values of meta columns and names of files, which "
        "collect has to refuse. Conversations have them in system texts, in every turn, in "
        "questions, inputs, histories and answers, in four forms of files, and a tiny language "
        "model learns them. Notes and raw files themselves are the private zone."
    )
    return Outcome("Canaries", summary, table, missed)


def plant(project: Project, values: dict[str, str], task: str) -> None:
    """Write rows with the values into text, the second text, id, group, a column that params do not
    name, and rows without a text, which are quarantined. In task `labels` most rows have a second
    label, and some none."""
    file = project.folder / "data/raw/rows.csv"
    lines = [
        {**line, "pair": backwards(line["text"]), "who": "", "more": ""} for line in read_csv(file)
    ]
    classes = sorted({line["label"] for line in lines})
    sentences = texts(list(values.values()))
    for n, (name, value, sentence) in enumerate(
        zip(values, values.values(), sentences, strict=True)
    ):
        place = place_of(name)
        if place not in ROWS or place == "note":
            continue
        row = {"key": f"canary-{n}", "text": texts(["it"] * (n + 1))[n]}
        row |= {"pair": backwards(row["text"]), "who": "", "more": ""}
        row["label"] = classes[n % len(classes)]
        if place == "text":
            row["text"] = sentence
        elif place == "quarantined":
            row |= {"text": "", "more": value}
        else:
            row[place] = f"they noted {value} there" if place == "pair" else value
        lines.append(row)
    if task == "labels":
        for n, line in enumerate(lines):
            two = f"{line['label']}|{SECOND}"
            line["label"] = "|" if n % 5 == 0 else two if n % 2 else line["label"]
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)

    def change(content) -> None:
        content["task"]["kind"] = task
        content["sources"][0]["columns"] |= {"group": "who", "text_pair": "pair"}
        content["collect"]["max_quarantine_share"] = 0.5

    project.params(change)


def backwards(text: str) -> str:
    """A second text of a row, which a source of pairs has to have."""
    return " ".join(reversed(text.split()))


def place_of(name: str) -> str:
    """Where the value of a name is planted."""
    kind, number = name.rsplit(" ", 1)
    place = PLACES[int(number) // 10 % len(PLACES)]
    if kind == "obfuscated" or (place in REFUSED and kind in NO_PERSONS):
        return "text"
    return place


def decide(project: Project, notes: Sequence[str]) -> None:
    """Confirm the labels of as many rows, each with a note."""
    rows = read_rows(project.folder / ANONYMIZE)
    decisions = [
        {"id": row["id"], "digest": row["digest"], "given": row["label"], "decided": row["label"],
         "who": "ann", "when": "2026-03-01T00:00:00Z", "note": f"they said {note} to me"}
        for note, (_, row) in zip(notes, rows[rows["label"] != ""].iterrows(), strict=False)
    ]  # fmt: skip
    assert len(decisions) == len(notes)
    lines = "".join(json.dumps(one) + "\n" for one in decisions)
    (project.folder / "data/decisions/ann.jsonl").write_text(lines, encoding="utf-8")


def refused(folder: Path, values: dict[str, str], task: str) -> Found:
    """For each name of a value that collect does not refuse as a label, a value of a meta column or
    a name of a file, or that its refusal shows: where it is."""
    project, found = make_project(folder), {}
    pipeline = (project.folder / "dvc.yaml").read_text()
    (project.folder / "dvc.yaml").write_text(pipeline.replace("raw/rows.csv", "raw"))
    ways = LABELS[task]
    for number, (column, cells) in enumerate(ways):

        def change(content, column: str = column) -> None:
            content["task"]["kind"] = task
            content["sources"][0] |= {
                "path": "data/raw/*.csv", "columns": {"label": column, "meta": ["team"]},
            }  # fmt: skip

        project.params(change)
        for name in list(values)[number :: len(ways)]:
            found |= _not_refused(project.folder, name, values[name], cells)
    return found


def _not_refused(
    folder: Path, name: str, value: str, cells: Callable[[str], dict[str, str]]
) -> Found:
    """Where a value is if collect does not refuse it in its place, or says it. `cells`: those of a
    label."""
    from stages import collect

    place, raw, found = place_of(name), folder / "data/raw", {}
    planted = {"text": "a text of its own", "team": value if place == "meta" else "y"}
    planted |= cells(value if place == "label" else "z")
    other = {"text": "another one", "team": "y"} | cells("v")  # one class alone is refused, too
    header = list(planted | other)
    file = value.replace("/", ":") if place == "file name" else "rows"
    for left in raw.iterdir():
        left.unlink()
    lines = [[row.get(column, "") for column in header] for row in (planted, other)]
    write_csv(raw / f"{file}.csv", header, lines)
    with chdir(folder), redirect_stderr(StringIO()) as printed:
        try:
            said = collect.main()
            found[name] = [f"{place}: not refused"]
        except SourceError as error:
            said = str(error)
    written = [*contents(folder), ("printed", (said + printed.getvalue()).encode())]
    return found | leaks({name: value}, written)


def written_by(project: Project, values: dict[str, str], task: str, whole: bool) -> Found:
    """Run the project, or as far as split; give where each value was written or printed. Raises
    RuntimeError where the run fails."""
    runs = [project.run("dvc", "repro", "anonymize")]
    if not runs[0].returncode:
        decide(project, [value for name, value in values.items() if place_of(name) == "note"])
        runs.append(project.run("dvc", "repro", *([] if whole else ["split"])))
    if runs[-1].returncode:
        raise RuntimeError(f"the run of task {task} failed: {runs[-1].stderr[-2000:]}")
    printed = "".join(run.stdout + run.stderr for run in runs).encode()
    return leaks(values, [*contents(project.folder), ("printed", printed)])


def in_talks(folder: Path, values: dict[str, str], whole: bool) -> Found:
    """Plant the values in conversations, run the project, or as far as split, and give where each
    was written or printed. Raises RuntimeError where the run fails, or a value did not even reach
    the first stage."""
    project = talk_canaries.plant(folder, values, whole)
    if whole:
        done = project.run("dvc", "repro")
        if done.returncode:
            raise RuntimeError(f"the run of conversations failed: {done.stderr[-2000:]}")
        printed = done.stdout + done.stderr
    else:
        printed = talk_canaries.run(project.folder)
    if (read := talk_canaries.raw_values(project.folder, values)) < len(values):
        raise RuntimeError(f"{read} of {len(values)} values were read")
    return leaks(values, [*contents(project.folder), ("printed", printed.encode())])


def measure(scale: float = 1, seed: int = 0) -> Outcome:
    """Plant the values in a copy of the example for each task, run it (below scale 1 as far as
    split), and look for each in what was written and printed."""
    values = canaries(round(PLAIN * scale), seed) | obfuscated(round(OBFUSCATED * scale), seed)
    public = {name: values[name] for name in values if place_of(name) in REFUSED}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(TASKS)) as pool:
        projects = [make_project(Path(folder) / task) for task in TASKS]
        for project, task in zip(projects, TASKS, strict=True):
            plant(project, values, task)
        found = dict(zip(TASKS, pool.map(
            written_by, projects, repeat(values), TASKS, repeat(scale >= 1)
        ), strict=True))  # fmt: skip
        for task in TASKS:
            found[task] |= refused(Path(folder) / f"refused {task}", public, task)
        found[ANSWERS] = in_talks(Path(folder) / ANSWERS, values, scale >= 1)
        return outcome(values, found, seed)
