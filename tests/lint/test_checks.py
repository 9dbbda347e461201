"""`make lint` finds what it is made to find, and nothing in this repository."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, copy_project

from tests.lint.checks import arrows_back, files_not_there, foreign_words, wordings


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
