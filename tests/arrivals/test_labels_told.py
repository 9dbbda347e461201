"""What `seedbed add` says of labels: shown as they are in commands that work when pasted, alike
ones joined, options that match nothing named, and a dataset that is gone counted for nothing."""

import shlex
from pathlib import Path

import pytest
from conftest import yaml
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.errors import SeedbedError
from seedbed.core.files import write_csv
from seedbed.core.rows import read_rows
from stages import anonymize, apply_decisions, clean, collect, deduplicate, split

CFPB = (
    "Money transfer, virtual currency, or money service",
    "Checking or savings account",
    "R&D",
    "Won't fix (EU)",
    "C++",
)
GERMAN = (
    ("Die Lieferung kam zu spät, ich möchte mein Geld zurück.", "Erstattung"),
    ("Wie ändere ich mein Passwort? Größe XL ist vergriffen.", "Konto"),
    ("Das Paket ist beschädigt angekommen; bitte ersetzen.", "Erstattung"),
    ("Ich kann mich nicht anmelden, der Code läuft ab.", "Konto"),
)


def add(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["add", "new.csv", *arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def table(*rows: tuple[str, str]) -> None:
    write_csv(Path("new.csv"), ["text", "label"], rows)


def told(*rows: tuple[str, str], options: tuple[str, ...] = (), source: str = "mine") -> str:
    table(*rows)
    return add("--source", source, "--licence", "CC0", "--dry-run", *options)


def refused(*rows: tuple[str, str]) -> SeedbedError:
    with pytest.raises(SeedbedError) as error:
        told(*rows)
    return error.value


def line(output: str, start: str) -> str:
    found = [one for one in output.splitlines() if one.strip().startswith(start)]
    assert len(found) == 1, output
    return found[0]


def texts(*labels: str) -> list[tuple[str, str]]:
    words = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi".split()
    return [
        (" ".join([words[n % 14], words[n // 14 % 14], f"item{n}", words[n * 5 % 14]]), label)
        for n, label in enumerate(labels)
    ]


def without_sources(written: str = "sources: []") -> None:
    """params.yaml as a person leaves it who deletes the entry."""
    text = Path("params.yaml").read_text()
    start, end = text.index("sources:"), text.index("collect:")
    Path("params.yaml").write_text(f"{text[:start]}{written}\n\n{text[end:]}")


def changed(section: str, **values: object) -> None:
    params = yaml.load(Path("params.yaml"))
    params[section] |= values
    yaml.dump(params, Path("params.yaml"))


@pytest.mark.parametrize(
    "written", ["sources: []", "sources:", "sources:   # my own", "sources: ~"]
)
def test_a_dataset_whose_sources_are_gone_counts_for_nothing(project, written):
    without_sources(written)
    found = told(*GERMAN)
    assert "The last dataset has rows of letters, which params.yaml no longer names" in found
    assert line(found, "Erstattung: 0 -> 2 (")
    assert "none for" not in found
    assert "Compared with the dataset" not in found
    assert "of the dataset" not in found


def test_nothing_of_it_is_in_the_way_of_many_classes_ids_or_batch_names(project):
    Path("new.csv").write_text(Path("data/raw/rows.csv").read_text())
    params = Path("params.yaml").read_text()
    without_sources()
    found = add(
        "--source", "letters", "--licence", "CC0", "--dry-run", "--batch", "2026-01-letters"
    )
    assert "came_again" not in found
    assert "of the dataset" not in found
    assert "dropped: an earlier batch" not in found
    many = [f"class {number}" for number in range(77)]
    assert "77 rows would join" in told(*texts(*many)) or "class_not_in_train" in told(
        *texts(*many)
    )
    Path("params.yaml").write_text(params)
    with pytest.raises(SeedbedError, match="already exists|in the last dataset already"):
        told(*GERMAN, options=("--batch", "2026-01-letters"))


def test_of_several_sources_the_one_that_is_gone_alone_counts_for_nothing(project):
    table(*texts(*["sea", "sky"] * 30))
    Path("new.csv").rename("data/raw/other.csv")
    params = yaml.load(Path("params.yaml"))
    params["sources"].append(
        {"name": "other", "kind": "file", "path": "data/raw/other.csv", "batch": "2026-02-other",
         "licence": "CC0"}
    )  # fmt: skip
    yaml.dump(params, Path("params.yaml"))
    pipeline = Path("dvc.yaml").read_text()
    Path("dvc.yaml").write_text(
        pipeline.replace("deps:\n", "deps:\n      - data/raw/other.csv\n", 1)
    )
    for stage in (collect, clean, anonymize, apply_decisions, deduplicate, split):
        stage.main()
    assert "one of cooking, cycling, sea, sky, weather" in str(refused(*texts("moon")))
    del params["sources"][1]
    yaml.dump(params, Path("params.yaml"))
    assert "(expected one of cooking, cycling, weather)" in str(refused(*texts("moon")))
    assert "has rows of other, which" in told(*texts("weather"))


def test_labels_are_listed_as_they_are(project):
    without_sources()
    found = told(*texts(*CFPB * 3))
    for label in CFPB:
        assert line(found, f"{label}: 0 -> 3 (")
    assert "characters" not in found


def test_labels_that_are_new_are_named_as_they_are(project):
    message = str(refused(*texts(*CFPB)))
    for label in CFPB:
        assert f"{label} (1)" in message
    assert "characters" not in message


@pytest.mark.parametrize(
    "label",
    [*CFPB, "-x", "--yes", "a=b", "$HOME", "`id`", 'say "no"', "it's; rm x", "日本語", "a\\b",
     "#1", "!x", "*", "bill\u200bing"],
)  # fmt: skip
def test_a_proposed_command_works_as_it_is_pasted(project, label):
    rows = texts(label, label, "weather")
    ways = [
        part for part in str(refused(*rows)).split("`") if part.startswith(("--", "'--", "$'--"))
    ]
    if "`" in label or "\u200b" in label:  # what bash makes of these is in tests/test_labels.py
        ways = []
        assert "--map" in str(refused(*rows))
    for way in ways:
        options = tuple(shlex.split(way.replace("=CLASS", "=weather")))
        found = told(*rows, options=options)
        assert "3 rows of a new source" in found
        assert ("2 rows would be dropped" in found) == way.endswith(("=", "='", "='"))
        assert "Matches nothing: --" not in found


def test_an_option_that_matches_nothing_is_named_with_the_nearest_label(project):
    options = ("--map", "whether=weather", "--map", "zzz=", "--new-label", "couking")
    found = told(*texts("weather", "cooking"), options=options)
    told_line = line(found, "Matches nothing: ")
    assert "--map: whether (near weather), zzz; --new-label: couking (near cooking)" in told_line
    found = told(*texts("wether", "cooking"), options=("--map", "wether=weather"))
    assert "--map:" not in found


def test_prompts_of_classes_that_are_not_there_are_told_before_finetune_stops(project):
    found = told(*texts("weather"))
    assert "approaches.prompt.descriptions (finetune stops there): sports, tech" in found
    params = yaml.load(Path("params.yaml"))
    params["approaches"]["prompt"]["descriptions"] = {"cooking": "food"}
    yaml.dump(params, Path("params.yaml"))
    assert "Matches nothing" not in told(*texts("weather"))


@pytest.mark.parametrize(
    "label",
    [
        "Weather",
        "WEATHER",
        "ｗｅａｔｈｅｒ",
        "weathers",
        "weather.",
        '"weather"',
        "we\u00adather",
        "weather!",
    ],
)
def test_a_label_that_differs_in_form_alone_has_the_line_that_joins_it(project, label):
    message = str(refused(*texts(label, "weather")))
    assert "near weather" in message
    way = message.split("differ in form alone by `")[1].split("`")[0]
    if way.isascii() and "$'" not in way:
        found = told(*texts(label, "weather"), options=tuple(shlex.split(way)))
        assert "2 rows would join" in found
    changed("collect", join_labels=True)
    found = told(*texts(label, "weather"))
    assert "Joined by collect.join_labels: " in found
    assert "2 rows would join" in found


def test_labels_of_a_first_file_that_are_alike_are_told(project):
    without_sources()
    found = told(*texts("Billing", "billing", "billing", "LOGIN", "login", "login", "login"))
    told_line = line(found, "Labels that differ in form alone: ")
    assert "Billing = billing; LOGIN = login" in told_line
    options = tuple(shlex.split(told_line.split("`")[1]))
    assert options == ("--map", "Billing=billing", "--map", "LOGIN=login")
    assert "differ in form" not in told(*texts("Billing", "billing"), options=options[:2])


def test_of_many_labels_that_are_alike_the_first_ten_are_joined(project):
    without_sources()
    pairs = [label for number in range(30) for label in (f"Class {number}", f"class_{number}")]
    told_line = line(told(*texts(*pairs)), "Labels that differ in form alone: ")
    assert "`, and 20 more joins them" in told_line
    assert len(shlex.split(told_line.split("`")[1])) == 20
    assert len(told_line) < 1500


def test_seven_hundred_labels_make_no_long_line(project):
    labels = [f"a class with a name of some length, number {number}" for number in range(700)]
    assert len(str(refused(*texts(*labels)))) < 2000
    changed("collect", max_classes=1000)
    without_sources()
    found = told(*texts(*labels * 2))
    assert max(map(len, found.splitlines())) < 1000
    assert len(found.splitlines()) < 60
    assert "more classes" in found


def test_a_new_class_is_shown_escaped_when_it_is_not_listed(project):
    changed("collect", labels=["weather", "cooking", "cycling"])
    with pytest.raises(SeedbedError, match=r"`sn\\u200bow` is not listed"):
        told(*texts("weather"), options=("--new-label", "sn\u200bow"))


def test_what_was_told_is_what_the_run_joins(project):
    changed("collect", join_labels=True)
    table(*texts("Weather", "COOKING"))
    Path("new.csv").rename("data/raw/more.csv")
    params = yaml.load(Path("params.yaml"))
    params["sources"].append(
        {"name": "more", "kind": "file", "path": "data/raw/more.csv", "batch": "2026-02-more",
         "licence": "CC0"}
    )  # fmt: skip
    yaml.dump(params, Path("params.yaml"))
    pipeline = Path("dvc.yaml").read_text()
    Path("dvc.yaml").write_text(
        pipeline.replace("deps:\n", "deps:\n      - data/raw/more.csv\n", 1)
    )
    printed = collect.main()
    assert "joined: Weather = weather; COOKING = cooking" in printed
    assert set(read_rows(Path("data/collect"))["label"]) == {"cooking", "cycling", "weather"}
