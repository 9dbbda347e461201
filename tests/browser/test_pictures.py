"""The picture in README: the first screen of the report.

`make pictures` draws it anew into docs/pictures; without it, it is drawn and checked only.
"""

import os
from pathlib import Path

import pytest
from conftest import ROOT
from markdown_it import MarkdownIt

from seedbed.pages.html import STYLE

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
