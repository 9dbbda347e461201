"""Canaries: personal values planted in every column and place of a project, and looked for in
everything that a run writes outside the private zone."""

import csv
import json
import random
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import chdir, redirect_stderr
from io import StringIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from stdnum import luhn

from seedbed.core.errors import SourceError
from seedbed.core.files import read_csv, write_csv
from seedbed.core.rows import ANONYMIZE, read_rows
from seedbed.pages.document import Table
from tests.conftest import Project, make_project
from tests.trust.outcome import Outcome

PLAIN, OBFUSCATED = 300, 55
# Columns of rows, notes of decisions, and what collect refuses, because it goes to git as it is.
ROWS = ("text", "pair", "key", "who", "more", "quarantined", "note")
REFUSED = ("label", "meta", "file name")
PLACES = (*ROWS, *REFUSED)
NO_PERSONS = ("ip", "handle", "mac")  # 1.2.3.4 and @home are good labels
MIN_PLAIN, MIN_OBFUSCATED = 0.99, 0.8
# The private zone, and what holds code, base models or settings alone.
PRIVATE = (
    "data/raw",
    "data/collect",
    "data/clean",
    "data/decisions",
    ".seedbed",
    ".dvc/cache",
    ".dvc/tmp",
)
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


def leaks(values: dict[str, str], written: Iterable[tuple[str, bytes]]) -> dict[str, list[str]]:
    """For each name of a value that is in something written: where it is."""
    wanted = {name: forms(value) for name, value in values.items()}
    found: dict[str, list[str]] = {}
    for path, content in written:
        for name, ways in wanted.items():
            if any(way in content for way in ways):
                found.setdefault(name, []).append(path)
    return found


def outcome(values: dict[str, str], found: dict[str, list[str]], seed: int) -> Outcome:
    """The shares that left the private zone nowhere, and what missed its goal."""
    rows, missed = [], []
    for title, goal, is_odd in (("plain", MIN_PLAIN, False), ("obfuscated", MIN_OBFUSCATED, True)):
        names = [name for name in values if name.startswith("obfuscated") == is_odd]
        kept = [name for name in names if name not in found]
        rows.append([title, len(names), len(kept), f"{len(kept) / max(1, len(names)):.1%}"])
        if len(kept) < goal * len(names):
            places = [f"{name} in {found[name][0]}" for name in names if name in found][:5]
            missed.append(f"{title}: {len(kept)} of {len(names)} in no output: {', '.join(places)}")
    table = Table(["canaries", "planted", "in no output", "share"], rows)
    summary = (
        f"Values of ten kinds and twelve countries among the rows of the example (seed {seed}): in "
        "texts, second texts, ids, groups, a column that params do not name, quarantined rows and "
        "notes of decisions; as labels, values of meta columns and names of files, which collect "
        "has to refuse. Notes and raw files themselves are the private zone."
    )
    return Outcome("Canaries", summary, table, missed)


def plant(project: Project, values: dict[str, str]) -> None:
    """Write rows with the values into text, the second text, id, group, a column that params do not
    name, and rows without a text, which are quarantined."""
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
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)

    def change(content) -> None:
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


def refused(folder: Path, values: dict[str, str]) -> dict[str, list[str]]:
    """For each name of a value that collect does not refuse as a label, a value of a meta column or
    a name of a file, or that its refusal shows: where it is."""
    from stages import collect

    project, found = make_project(folder), {}
    raw = project.folder / "data/raw"

    def change(content) -> None:
        content["sources"][0] |= {"path": "data/raw/*.csv", "columns": {"meta": ["team"]}}

    project.params(change)
    pipeline = (project.folder / "dvc.yaml").read_text()
    (project.folder / "dvc.yaml").write_text(pipeline.replace("raw/rows.csv", "raw"))
    for name, value in values.items():
        place = place_of(name)
        row = {"text": "a text of its own", "label": "x", "team": "y"}
        row |= {"label": {"label": value}, "meta": {"team": value}}.get(place, {})
        file = value.replace("/", ":") if place == "file name" else "rows"
        for left in raw.iterdir():
            left.unlink()
        write_csv(raw / f"{file}.csv", list(row), [list(row.values())])
        with chdir(project.folder), redirect_stderr(StringIO()) as printed:
            try:
                said = collect.main()
                found[name] = [f"{place}: not refused"]
            except SourceError as error:
                said = str(error)
        written = [*contents(project.folder), ("printed", (said + printed.getvalue()).encode())]
        found |= leaks({name: value}, written)
    return found


def measure(scale: float = 1, seed: int = 0) -> Outcome:
    """Plant the values in a copy of the example, run it (below scale 1 as far as split), and look
    for each in what was written and printed."""
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "project")
        values = canaries(round(PLAIN * scale), seed) | obfuscated(round(OBFUSCATED * scale), seed)
        plant(project, values)
        runs = [project.run("dvc", "repro", "anonymize")]
        if not runs[0].returncode:
            decide(project, [value for name, value in values.items() if place_of(name) == "note"])
            runs.append(project.run("dvc", "repro", *([] if scale >= 1 else ["split"])))
        if runs[-1].returncode:
            table = Table(["canaries"], [])
            return Outcome("Canaries", "", table, [f"the run failed: {runs[-1].stderr[-2000:]}"])
        printed = "".join(run.stdout + run.stderr for run in runs).encode()
        public = {name: values[name] for name in values if place_of(name) in REFUSED}
        found = refused(Path(folder) / "refused", public)
        written = [*contents(project.folder), ("printed", printed)]
        return outcome(values, found | leaks(values, written), seed)
