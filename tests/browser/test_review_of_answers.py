"""The review page on conversations: roles are shown; an answer is kept, rewritten or dropped."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from review_server import SECONDS, served
from reviewing.conftest import write_conversations

from seedbed.core.decisions import REWRITES, read_decisions, rewrite_of
from seedbed.reviewing.queues import queues_of, read_workspace


@pytest.fixture
def page(browser, tmp_path, monkeypatch) -> Page:
    monkeypatch.chdir(tmp_path)
    write_conversations()
    with served(tmp_path) as address:
        found = browser.new_page(viewport={"width": 1400, "height": 900})
        found.set_default_timeout(SECONDS * 1000)
        found.goto(address)
        found.get_by_text("Your name").wait_for()
        found.locator("[data-test-script-state=notRunning]").wait_for()
        yield found
        found.close()


def counted(page: Page, number: int) -> None:
    page.get_by_text(f"{number} of 5 decided").wait_for()


def test_answers_are_kept_rewritten_and_dropped(page):
    items = queues_of(read_workspace())["suspects"].items
    counted(page, 0)
    for words in ("system", "user", "assistant"):
        expect(page.locator(".pair-mark", has_text=words).first).to_be_attached()
    expect(page.get_by_text("category")).to_be_visible()
    expect(page.get_by_text("answer quality 0.010")).to_be_visible()
    for name in ("Take suggestion", "Ambiguous", "Accept"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    page.keyboard.press("a")
    counted(page, 1)
    page.get_by_role("button", name="Rewrite").click()
    expect(page.get_by_text("the answer that it has")).to_be_visible()
    box = page.get_by_role("textbox", name="Another answer")
    expect(box).to_have_value(f"Answer of {items[1].id}.")
    box.fill("It came on Monday; ask ann@mail.com.")
    page.get_by_role("button", name="Rewrite").click()
    counted(page, 2)
    page.keyboard.press("d")
    counted(page, 3)
    page.get_by_role("button", name="Undo").click()
    counted(page, 2)
    expect(page.get_by_role("textbox", name="Another answer")).to_have_value(
        f"Answer of {items[2].id}."
    )
    text = "It came on Monday; ask <EMAIL>."
    decided = [one.decided for one in read_decisions(Path("data/decisions"))]
    assert decided == ["letters", rewrite_of(text), "<drop>", "<withdrawn>"]
    assert [file.read_text() for file in REWRITES.glob("*.txt")] == [text]
