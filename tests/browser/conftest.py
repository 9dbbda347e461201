"""Chromium, for every test of this folder."""

import shutil

import pytest
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="session")
def browser():
    path = shutil.which("chromium")
    assert path, "the package `chromium` is not installed"
    with sync_playwright() as play:
        # Chromium has no sandbox for root, as which containers run it; it opens our own page alone.
        started = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()
