"""Canaries: personal values planted in every column and place of a project, and looked for in
everything that a run writes outside the private zone."""

import csv
import json
import random
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from conftest import Project, make_project
from stdnum import luhn

from seedbed.core.files import read_csv
from seedbed.pages.document import Table
from tests.trust.outcome import Outcome

PLAIN, OBFUSCATED = 300, 55
PLACES = ("text", "key", "who", "more", "quarantined")
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
    digits = "".join(draw.choices("23456789", k=10 - len(AREAS[region])))
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
    told = f"Values of ten kinds and twelve countries in the rows of the example, seed {seed}."
    return Outcome("Canaries", told, table, missed)


def plant(project: Project, values: dict[str, str]) -> None:
    """Write rows with the values into text, id, group, a column that params do not name, and rows
    without a text, which are quarantined."""
    file = project.folder / "data/raw/rows.csv"
    lines = [{**line, "who": "", "more": ""} for line in read_csv(file)]
    classes = sorted({line["label"] for line in lines})
    sentences = texts(list(values.values()))
    for n, (name, value, sentence) in enumerate(
        zip(values, values.values(), sentences, strict=True)
    ):
        place = "text" if name.startswith("obfuscated") else PLACES[n // 10 % len(PLACES)]
        row = {"key": f"canary-{n}", "text": texts(["it"] * (n + 1))[n], "who": "", "more": ""}
        row["label"] = classes[n % len(classes)]
        if place == "text":
            row["text"] = sentence
        elif place == "quarantined":
            row |= {"text": "", "more": value}
        else:
            row[place] = value
        lines.append(row)
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)

    def change(content) -> None:
        content["sources"][0]["columns"]["group"] = "who"
        content["collect"]["max_quarantine_share"] = 0.5

    project.params(change)


def measure(scale: float = 1, seed: int = 0) -> Outcome:
    """Plant the values in a copy of the example, run it (below scale 1 as far as split), and look
    for each in what was written and printed."""
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "project")
        values = canaries(round(PLAIN * scale), seed) | obfuscated(round(OBFUSCATED * scale), seed)
        plant(project, values)
        done = project.run("dvc", "repro", *([] if scale >= 1 else ["split"]))
        printed = ("printed", (done.stdout + done.stderr).encode())
        if done.returncode:
            table = Table(["canaries"], [])
            return Outcome("Canaries", "", table, [f"the run failed: {done.stderr[-2000:]}"])
        return outcome(values, leaks(values, [*contents(project.folder), printed]), seed)
