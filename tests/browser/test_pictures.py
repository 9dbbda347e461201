"""The two pictures in README: the first screen of the report, and the review page.

`make pictures` draws them anew into docs/pictures; without it they are drawn and checked only.
"""

import os
import shutil
from pathlib import Path

import pytest
from conftest import ROOT
from markdown_it import MarkdownIt
from review_server import SECONDS, served

from seedbed.core.rows import read_rows
from seedbed.pages.rendering import STYLE

FOLDER = Path(os.environ.get("SEEDBED_PICTURES", ""))
MAX_BYTES = 300_000
VIEW = {"width": 1100, "height": 800}


@pytest.fixture
def folder(tmp_path) -> Path:
    return ROOT / FOLDER if FOLDER.name else tmp_path


def check(picture: Path) -> None:
    assert 10_000 < picture.stat().st_size <= MAX_BYTES


def test_the_report(browser, folder):
    text = (ROOT / "reports/report.md").read_text(encoding="utf-8")
    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    page = browser.new_page(viewport=VIEW)
    page.set_content(f"<style>{STYLE}</style>{body}")
    assert page.locator("table").count() > 5
    page.screenshot(path=folder / "report.png")
    check(folder / "report.png")


@pytest.fixture
def project(example, tmp_path) -> Path:
    """A copy of the example in which one label of train is suspected."""
    copy = tmp_path / "project"
    shutil.copytree(example.folder, copy, symlinks=True)
    rows = read_rows(copy / "data/split")
    train = rows[rows["split"] == "train"]
    row = train[train["label"] == "weather"].iloc[0]
    near = " ".join(train["id"][train["label"] == "cooking"].head(3))
    line = f"{row['id']},train,{row['label']},cooking,0.120000,other_label_likelier,{near}"
    header = "id,split,label,suggested,score,reason,nearest"
    (copy / "reports/suspects.csv").write_text(f"{header}\n{line}\n")
    return copy


def test_the_review_page(browser, folder, project):
    with served(project) as address:
        page = browser.new_page(viewport=VIEW)
        page.set_default_timeout(SECONDS * 1000)
        page.goto(address)
        page.get_by_text("Your name").wait_for()
        page.get_by_text("Nearest rows with the suggested label").wait_for()
        page.wait_for_timeout(1000)  # fonts and borders settle
        page.screenshot(path=folder / "review.png")
    check(folder / "review.png")
