"""A version changes with every byte of code behind a function, and with nothing else."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT, copy_project

from seedbed.cleaning.rows import clean_texts
from seedbed.encoding.encoder import embed_texts
from seedbed.private.detection import NAME_DATA, anonymize, scan
from seedbed.running.code_versions import (
    DISTRIBUTIONS,
    _installed,
    closure,
    imported,
    libraries_of,
    version_of,
)

IN_THE_MEMO = (clean_texts, anonymize, scan, embed_texts)
ASK = """
import json
from seedbed.cleaning.rows import clean_texts
from seedbed.running.code_versions import version_of
from seedbed.private.detection import anonymize
print(json.dumps([version_of(clean_texts).digest, version_of(anonymize).digest]))
"""


def python(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture
def copy(tmp_path):
    """This project's code in another folder."""
    copy_project(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("module", "changes"),
    [
        ("cleaning/rows", [True, False]),
        ("cleaning/markup", [True, False]),  # imported by rules, which rows imports
        ("private/numbers", [False, True]),  # imported by kinds, which detection imports
        ("private/names", [False, True]),  # imported inside a function
        ("private/__init__", [False, True]),  # run by every import from the package
        ("core/rows", [False, False]),
    ],
)
def test_one_byte_changes_the_versions_that_depend_on_it(copy, module, changes):
    before = json.loads(python(copy, "-c", ASK))
    with (copy / f"seedbed/{module}.py").open("a") as file:
        file.write("\n")
    after = json.loads(python(copy, "-c", ASK))
    assert [one != other for one, other in zip(before, after, strict=True)] == changes


def test_a_data_file_of_a_room_is_part_of_its_versions(copy):
    before = json.loads(python(copy, "-c", ASK))
    (copy / "seedbed/private/data").mkdir(exist_ok=True)
    (copy / "seedbed/private/data/names_of_planets.txt").write_text("Neptune\n")
    after = json.loads(python(copy, "-c", ASK))
    assert [one != other for one, other in zip(before, after, strict=True)] == [False, True]


def test_the_same_code_in_another_folder_is_the_same_version(copy):
    here = [version_of(clean_texts).digest, version_of(anonymize).digest]
    assert json.loads(python(copy, "-c", ASK)) == here


@pytest.mark.parametrize("function", IN_THE_MEMO)
def test_every_library_behind_a_function_in_the_memo_is_known(function):
    """A name to import that is no distribution's would never change a version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["names"], "thinc"]
    known = {name.split("=")[0].split(">")[0].strip().lower() for name in named}
    libraries = libraries_of(closure([Path(function.__code__.co_filename)]))
    for library in {*libraries, *NAME_DATA}:
        assert _installed(library) != "not installed" or library.lower() in known, (
            f"name the distribution of `{library}` in code_versions.DISTRIBUTIONS"
        )


def test_the_names_of_distributions_are_right():
    assert {_installed(name) for name in DISTRIBUTIONS.values()}.isdisjoint({"not installed"})


def test_what_cannot_be_followed_is_refused():
    mark = "!"

    def marked(texts):
        return [text + mark for text in texts]

    with pytest.raises(ValueError, match="takes variables from around it"):
        version_of(marked)
    with pytest.raises(ValueError, match="relative import"):
        imported(b"from . import cleaning")


def test_imports_are_found_wherever_they_stand():
    source = b"import a.b\nfrom c import d\ndef f():\n    from e.f import g\n"
    assert imported(source) == {"a.b", "c", "c.d", "e.f", "e.f.g"}
