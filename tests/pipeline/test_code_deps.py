"""Code dependencies are what the imports say; what cannot change a result is none of them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, copy_project

from seedbed.core.errors import PipelineError
from seedbed.pipeline.code_deps import (
    NO_DEPENDENCY,
    ROOMS,
    code_deps,
    is_code,
    with_code_deps,
)
from seedbed.running.code_versions import closure
from seedbed.upkeep.sync import main, stale, with_blocks

PREPARE = ("collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split")


@pytest.fixture
def copy(tmp_path, monkeypatch) -> Path:
    """This project's code in another folder, which is the current one."""
    copy_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def add_import(file: Path, module: str) -> None:
    file.write_text(f"{file.read_text()}\nimport {module}\n")


def test_everything_made_is_up_to_date():
    assert not list(stale(ROOT))


def test_a_stage_edited_without_sync_is_refused(copy, capsys):
    assert main(["--check"]) == 0
    add_import(copy / "stages/clean.py", "seedbed.splitting.shingles")
    assert main(["--check"]) == 1
    assert "+      - seedbed/splitting" in capsys.readouterr().out
    assert main([]) == 0
    assert main(["--check"]) == 0


def test_an_import_of_an_import_counts(copy):
    before = code_deps("clean", False, copy)
    add_import(copy / "seedbed/cleaning/markup.py", "seedbed.splitting.shingles")
    assert set(code_deps("clean", False, copy)) - set(before) == {"seedbed/splitting"}


def test_everything_but_code_stays_byte_for_byte():
    text = (ROOT / "dvc.yaml").read_text()
    others = [line for line in text.splitlines() if not is_code(line.strip().removeprefix("- "))]
    stripped = "".join(line for line in text.splitlines(keepends=True) if "- seedbed/" not in line)
    again = with_code_deps(stripped)
    assert again == text
    assert [
        one for one in again.splitlines() if not is_code(one.strip().removeprefix("- "))
    ] == others


def test_deps_on_one_line_are_refused_with_their_stage():
    text = "stages:\n  clean:\n    cmd: x\n    deps: [data/collect]\n"
    with pytest.raises(PipelineError, match=r"stages\.clean.*one dependency a line"):
        with_code_deps(text)


def test_one_approach_is_no_dependency_of_another():
    deps = code_deps("finetune", one_approach=True)
    assert "seedbed/approaches/${item.approach}.py" in deps
    assert "seedbed/approaches" not in deps


PLAIN_LOOP = """

def map_texts(work, items, form=JSON, libraries=(), batch=512):
    return [form.unpack(form.pack(work([item])[0])) for item in items]
"""
NO_MEMO = "Store = None\n\n\ndef is_on():\n    return False\n"


@pytest.mark.parametrize("file", NO_DEPENDENCY)
def test_what_cannot_change_a_result_is_ignored_by_dvc(file):
    ignored = (ROOT / ".dvcignore").read_text().splitlines()
    assert file in ignored
    assert NO_DEPENDENCY[file], "a file is left out for a reason"
    assert (ROOT / file).exists()


def test_other_error_texts_progress_bars_and_no_memo_give_the_same_bytes(copy):
    """What NO_DEPENDENCY leaves out is replaced, and the stages write what they wrote before."""

    def outputs() -> dict[str, bytes]:
        for name in PREPARE:
            done = subprocess.run([sys.executable, "-m", f"stages.{name}"], cwd=copy,
                                  capture_output=True, text=True, check=False)  # fmt: skip
            assert done.returncode == 0, done.stderr
        made = [*(copy / "data").rglob("*"), *(copy / "reports").rglob("*")]
        found = {str(file): file.read_bytes() for file in made if file.is_file()}
        shutil.rmtree(copy / "reports")
        return found

    before = outputs()
    errors = copy / "seedbed/core/errors.py"
    errors.write_text(errors.read_text().replace("{place}: {found}", "Look at {place}: {found}"))
    stage = copy / "seedbed/core/stage.py"
    bars = stage.read_text().replace("TimeRemainingColumn()", "TextColumn('later')")
    stage.write_text(bars.replace("Clean the texts", "Wash the texts"))
    reasons = copy / "seedbed/core/reasons.py"
    reasons.write_text(reasons.read_text().replace("its text is", "the text is"))
    engine = copy / "seedbed/running/engine.py"
    engine.write_text(engine.read_text() + PLAIN_LOOP)
    (copy / "seedbed/running/memo.py").write_text(NO_MEMO)
    assert outputs() == before


def test_every_folder_of_seedbed_is_a_room():
    folders = {path.parent.name for path in (ROOT / "seedbed").glob("*/__init__.py")}
    assert folders == set(ROOMS) - ({"pages"} - folders)


def test_an_unknown_block_is_named():
    with pytest.raises(PipelineError, match=r"README\.md: block `roms`.*rooms"):
        with_blocks("<!-- made by make sync: roms -->\n<!-- end -->\n", "README.md")


def test_what_is_reachable_only_through_an_exempt_file_is_exempt(copy):
    without = [copy / file for file in NO_DEPENDENCY]
    files = closure([copy / "stages/clean.py"], copy, without)
    assert copy / "seedbed/core/errors.py" not in files
    assert copy / "seedbed/core/rows.py" in files
