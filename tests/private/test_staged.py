"""`seedbed scan`: what git would commit, by file, line and kind; values are never shown."""

import subprocess

import pytest
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.private.staged import ALLOWED

PLANTED = [
    ("data/decisions/ann.jsonl", '{"note": "ask jane.doe@gmail.com"}', "email"),
    ("data/raw/notes.csv", "id,text\n1,call 020 7946 0958", "phone"),
    ("reports/notes.md", "paid with 4111 1111 1111 1111", "credit_card"),
    ("reports/x.md", "to DE89 3704 0044 0532 0130 00", "iban"),
    ("params.yaml", "# my SSN is 536-22-8726", "national_id"),
    (".env", "DB_PASSWORD=Xy12345678abc", "api_key"),
    ("tool.py", 'KEY = "sk_live_' + "a1B2c3D4" * 3 + '"', "api_key"),
    ("docs/x.md", "see https://ann:pw12@shop.com/x", "url_with_secret"),
]


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    return tmp_path


def scan(folder, path: str, content: str):
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(content, encoding="utf-8")
    subprocess.run(["git", "add", path], check=True)
    (folder / path).write_text("what is not staged", encoding="utf-8")
    return CliRunner().invoke(app, ["scan"])


@pytest.mark.parametrize(("path", "content", "kind"), PLANTED)
def test_a_planted_value_is_refused_by_its_line_and_kind(repository, path, content, kind) -> None:
    done = scan(repository, path, content)
    line = content.count("\n") + 1
    assert (done.exit_code, done.output.splitlines()[0]) == (1, f"{path}:{line}: {kind}")
    assert content.split()[-1].strip('"}') not in done.output


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("src/x.py", "token = lists_of.tokens[1]"),
        ("docs/x.md", "write to jane.doe@gmail.com"),
        ("data/x.csv", "<EMAIL>,user-0123456789ab@example.org"),
        ("data/y.csv", "jane.doe@gmail.com  # seedbed:allow"),
    ],
)
def test_other_lines_pass(repository, path, content) -> None:
    done = scan(repository, path, content)
    assert (done.exit_code, done.output) == (0, "1 files: no secrets and no personal data found\n")


def test_an_allowed_path_passes(repository) -> None:
    (repository / ALLOWED).write_text("# ours\ndata/raw/*\n")
    assert scan(repository, "data/raw/x.csv", "jane.doe@gmail.com").exit_code == 0
