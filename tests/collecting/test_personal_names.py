"""What goes to git, metrics and cards as it is holds nothing personal: labels, meta, file names."""

from pathlib import Path

import pytest

from seedbed.collecting.collection import parse_source
from seedbed.collecting.raw_rows import RawRow, published
from seedbed.collecting.source import shown_name
from seedbed.core.errors import SourceError
from seedbed.core.reasons import Reason
from seedbed.private.published import check_published, looks_personal
from seedbed.tasks import load

ENTRY = {
    "name": "letters", "kind": "file", "path": "in.csv", "batch": "2026-01-a", "licence": "CC0",
}  # fmt: skip
PERSONAL = {
    "e-mail": "ann.lee@corp.com",
    "e-mail in words": "for ann.lee@corp.com only",
    "phone": "+49 170 1234567",
    "phone of a named kind": "tel 030 1234567",
    "card": "4111 1111 1111 1111",
    "bank account": "DE89370400440532013000",
    "token": "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "password": "password=hunter22x",
    "address with a secret": "https://x.example/?token=abcdef123456",
}
GOOD = [
    "", "sport", "-1", "+", "@home", "C#", "Washington", "Paris", "at risk", "1.2.3.4", "1-5",
    "2026-01-05", "20260101120000", "2026-01-05T12:30:45", "password_reset", "key_account",
    "Q12345678", "00123456789012", "model@v2", "card_lost_or_stolen", "https://example.org/label/12",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with_names()


def with_names(names: str = "false") -> None:
    Path("params.yaml").write_text(f"anonymize:\n  names: {names}\n")


def check(nobodys: tuple[str, ...] = (), path: str = "", entry: dict | None = None, **fields):
    row = {"source": "letters", "batch": "2026-01-a", "file": "in.csv", "line": 2, "sha256": ""}
    source = parse_source(ENTRY | (entry or {}))
    check_published(published([RawRow(**(row | fields))], [source], nobodys, load("class"), path))


@pytest.mark.parametrize("value", PERSONAL.values(), ids=PERSONAL)
@pytest.mark.parametrize("place", ["label", "spelling", "meta", "file", "folder", "licence"])
def test_what_looks_personal_is_refused_and_not_shown(value, place):
    fields: dict = {
        "label": {"label": value},
        "spelling": {"label": "x", "spellings": {value: "x"}},
        "meta": {"meta": {"team": value}},
        "file": {"file": f"data/raw/{value.replace('/', ':')}.csv.gz"},
        "folder": {"file": f"data/{value.replace('/', ':')}/a.csv"},
        "licence": {"entry": {"licence": value}},
    }[place]
    if place in ("file", "folder") and "://" in value:
        return
    with pytest.raises(SourceError) as error:
        check(**fields)
    assert value not in str(error.value)
    assert f"`{value[:2]}…`" in str(error.value)
    assert "collect.not_personal" in str(error.value)


@pytest.mark.parametrize("value", GOOD)
def test_good_labels_and_names_pass(value):
    assert looks_personal(value) == ""
    check(label=value, file=f"data/{value}.csv", meta={"team": value})


def test_a_value_that_is_nobodys_passes_and_no_other():
    check(("ann.lee@corp.com",), label="ann.lee@corp.com")
    check(("ann.lee@corp.com.csv",), file="data/ann.lee@corp.com.csv")
    with pytest.raises(SourceError, match="looks like a email"):
        check(("ann.lee@corp.com",), label="bob.lee@corp.com")


def test_a_row_that_is_dropped_or_in_quarantine_shows_no_label():
    for reason in (Reason.LABEL_DROPPED, Reason.MISSING_TEXT):
        check(label="ann.lee@corp.com", reason=reason)


def test_the_place_that_add_copies_from_is_not_kept():
    home = "/home/ann.lee@corp.com/in.csv"
    check(file=home, path=home)
    with pytest.raises(SourceError):
        check(file=home)


@pytest.mark.parametrize("name", ["John_Smith_complaints.csv", "2026-01-john-smith.txt"])
def test_persons_are_looked_for_in_names_of_files_where_names_are_on(name):
    check(file=f"data/{name}", label="John Smith")
    with_names("[person]")
    with pytest.raises(SourceError, match="looks like a person"):
        check(file=f"data/{name}")
    check(file="data/support_tickets_v2.csv", label="Washington")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("in\x1b]0;owned\x07\x1b[31m.csv", "in\\x1b]0;owned\\x07\\x1b[31m.csv"),
        ("a\nb\tc.csv", "a\\nb\\tc.csv"),
        ("\u202egpj.csv", "\\u202egpj.csv"),
        ("Zürich 東京.csv", "Zürich 東京.csv"),
    ],
)
def test_provenance_and_quarantine_have_names_that_no_terminal_obeys(name, shown):
    assert shown_name(name) == shown
