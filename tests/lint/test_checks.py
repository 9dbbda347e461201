"""`make lint` finds what it is made to find, and nothing in this repository."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, copy_project

from tests.lint.checks import (
    NOT_OF_LABELS,
    READ_OTHERWISE,
    arrows_back,
    bare_reads,
    files_not_there,
    foreign_words,
    label_arithmetic,
    wordings,
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """This project's code in another folder."""
    folder = tmp_path_factory.mktemp("copy")
    copy_project(folder)
    return folder


@pytest.fixture
def planted(copy):
    """A function that changes a file of the copy, which is put back afterwards."""
    before: dict[Path, str] = {}

    def plant(file: str, old: str, new: str) -> None:
        path = copy / file
        before.setdefault(path, path.read_text(encoding="utf-8"))
        text = before[path]
        assert text.count(old) >= 1, f"{file} does not have {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    yield plant
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")


def new_complaints(check, copy: Path, plant, *change: str) -> list[str]:
    before = check(copy)
    plant(*change)
    return [complaint for complaint in check(copy) if complaint not in before]


def test_imports_between_rooms_run_one_way():
    assert not arrows_back(ROOT)


def test_wording_of_the_list_is_nowhere():
    assert not foreign_words(ROOT)


def test_pages_name_files_that_are_there(tmp_path):
    assert not files_not_there(ROOT)
    (tmp_path / "README.md").write_text("see `seedbed/gate/gone.py`, `seedbed/approaches/NAME.py`")
    assert files_not_there(tmp_path) == ["README.md:1: `seedbed/gate/gone.py` does not exist"]


@pytest.mark.parametrize("module", ["seedbed.gate.verdict", "stages.collect"])
def test_an_arrow_back_up_is_found(module, copy, planted):
    file = "seedbed/splitting/sides.py"
    change = ("\nfrom typing", f"\nimport {module}\nfrom typing")
    (complaint,) = new_complaints(arrows_back, copy, planted, file, *change)
    assert complaint.startswith(f"{file}: splitting imports {module.split('.')[-2]}")


@pytest.mark.parametrize(
    ("file", "mark", "wording", "instead"),
    [
        ("stages/clean.py", '"""', "what the texts hang on", "depend on"),
        ("seedbed/core/rows.py", '"""', "mend it", "fix"),
        ("seedbed/core/rows.py", '"""', "the numbers trained", "trainable parameters"),
        ("params.yaml", "  # ", "where it stands", "is, applies"),
    ],
)
def test_wording_of_the_list_is_found(file, mark, wording, instead, copy, planted):
    change = (mark, f"{mark}{wording}; ")
    (complaint,) = new_complaints(foreign_words, copy, planted, file, *change)
    assert complaint.startswith(f"{file}:")
    assert instead in complaint


def test_a_word_in_a_name_or_a_list_of_words_is_no_wording(copy, planted):
    change = ('"""', '"""a by-stands stand-in (said|told|tells) ')
    assert not new_complaints(foreign_words, copy, planted, "seedbed/core/rows.py", *change)


def test_what_a_model_gives_is_decoded_by_its_task_alone(monkeypatch):
    assert not label_arithmetic(ROOT)
    monkeypatch.setattr("tests.lint.checks.NOT_OF_LABELS", {})
    named = [(file, name) for file, names in NOT_OF_LABELS.items() for name in names]
    found = label_arithmetic(ROOT)  # an exception that nothing needs is deleted
    assert [one for one in named if not any(f"{one[0]}:" in line and f" in {one[1]}," in line
                                            for line in found)] == []  # fmt: skip


@pytest.mark.parametrize("call", ["rows.argmax(1)", "softmax(rows, 1)", "cross_entropy(rows)"])
def test_decoding_elsewhere_is_found(call, copy, planted):
    file = "seedbed/splitting/sides.py"
    change = ("\nfrom typing", f"\ndef said(rows):\n    return {call}\nfrom typing")
    (complaint,) = new_complaints(label_arithmetic, copy, planted, file, *change)
    assert "in said, which is a task's" in complaint


def test_no_text_is_read_without_a_paragraph_for_its_damage():
    assert not bare_reads(ROOT)


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ('Path("x.csv").read_text(encoding="utf-8")', "a bare read_text()"),
        ('file.open(encoding="utf-8")', "a bare open()"), ("file.open()", "a bare open()"),
        ("read_csv(file)", "without its columns"),
        ('open(file, encoding="utf-8")', "a bare open()"), ("text.splitlines()", "splitlines()"),
        ('open(file, mode="r", encoding="utf-8")', "a bare open()"),
    ],
)  # fmt: skip
def test_a_bare_read_is_found(code, complaint, copy, planted):
    file = "seedbed/splitting/sides.py"
    change = ("\ndef ", f"\ndef planted(file, text):\n    return {code}\n\n\ndef ")
    (found,) = new_complaints(bare_reads, copy, planted, file, *change)
    assert found.startswith(f"{file}:")
    assert complaint in found


@pytest.mark.parametrize(
    "code",
    ["read_text(file)", 'file.open("w", encoding="utf-8")', 'file.open("rb")', 'text.split("\\n")'],
)
def test_a_read_with_its_paragraph_and_a_write_are_not(code, copy, planted):
    change = ("\ndef ", f"\ndef planted(file, text):\n    return {code}\n\n\ndef ")
    assert not new_complaints(bare_reads, copy, planted, "seedbed/splitting/sides.py", *change)
    guarded = "\ndef planted(file):\n    with reading(file):\n        file.open()\n\n\ndef "
    file = "seedbed/splitting/shingles.py"
    assert not new_complaints(bare_reads, copy, planted, file, "\ndef ", guarded)


@pytest.mark.parametrize("name", READ_OTHERWISE)
def test_a_file_that_reads_otherwise_still_does(name, monkeypatch):
    """The list names no file without a reason to be on it."""
    monkeypatch.delitem(READ_OTHERWISE, name)
    assert any(complaint.startswith(f"{name}:") for complaint in bare_reads(ROOT))


def test_every_wording_names_what_to_write_instead():
    assert all(wordings().values())


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("stages/clean.py", "\nfrom seedbed.core.params",
         "\nimport seedbed.gate.verdict\nfrom seedbed.core.params", "seedbed/gate"),
        ("seedbed/core/reasons.py", '"its text is binary, or a structure of cells"', '""',
         "reason `not_text` has no sentence"),
    ],
)  # fmt: skip
def test_the_check_of_made_files_fails(file, old, new, complaint, copy, planted):
    """A stage edited without `make sync`; a reason without a sentence."""
    planted(file, old, new)
    command = [sys.executable, "-m", "seedbed.upkeep.sync", "--check"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert complaint in done.stdout + done.stderr
