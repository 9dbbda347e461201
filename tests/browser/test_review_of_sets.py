"""The review page where a row has a set of labels: keys and clicks put labels into the set and take
them out, and only a confirmed set is written."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from review_server import SECONDS, served
from reviewing.conftest import label_with_sets, write_project

from seedbed.core.decisions import DisagreementRule, in_force, read_decisions
from seedbed.core.rows import read_rows
from seedbed.reviewing.queues import queues_of, read_workspace


@pytest.fixture
def page(browser, tmp_path, monkeypatch) -> Page:
    """The page on the letters to a bank, or to a bank and a post office."""
    monkeypatch.chdir(tmp_path)
    write_project()
    label_with_sets()
    with served(tmp_path) as address:
        found = browser.new_page(viewport={"width": 1400, "height": 900})
        found.set_default_timeout(SECONDS * 1000)
        found.goto(address)
        found.get_by_text("Your name").wait_for()
        # Streamlit listens to keys once the last button stands; the counts above stand before.
        found.locator("[data-test-script-state=notRunning]").wait_for()
        yield found
        found.close()


def holds(page: Page, *names: str) -> None:
    """Wait until the boxes of these labels are ticked, and no other."""
    for name in ("bank", "post"):
        sign = "☑" if name in names else "☐"
        expect(page.get_by_role("button", name=f"{sign} {name}")).to_be_visible()
    expect(page.get_by_text("The set so far:")).to_have_text(
        "The set so far: " + ("".join(names) or "no label")
    )


def click(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def counted(page: Page, number: int) -> None:
    page.get_by_text(f"{number} of 5 decided").wait_for()


def settled() -> dict[str, str]:
    rule = DisagreementRule(disagreement="keep_out", arbiter="")
    rows = read_rows(Path("data/anonymize"))[["id", "digest"]]
    found = in_force(read_decisions(Path("data/decisions")), rows, rule)
    return {row: one.decided for row, one in found.settled.items()}


def test_labels_are_toggled_by_key_and_by_mouse_and_the_whole_set_is_written(page):
    items = queues_of(read_workspace())["suspects"].items
    assert [item.given for item in items[:2]] == ["bank|post", "bank"]
    counted(page, 0)
    holds(page, "bank", "post")
    page.keyboard.press("2")
    holds(page, "bank")
    click(page, "☑ bank")
    holds(page)
    assert not settled()  # nothing is written before the set is confirmed
    page.keyboard.press("y")
    counted(page, 1)
    holds(page, "bank")  # the next row begins with the set that it was given
    click(page, "☐ post")
    page.keyboard.press("1")
    holds(page, "post")
    click(page, "Confirm set")
    counted(page, 2)
    assert settled() == {items[0].id: "|", items[1].id: "post"}
    page.keyboard.press("u")
    counted(page, 1)
    assert settled() == {items[0].id: "|"}
    holds(page, "post")  # the row is back with the set as it was put together
    page.keyboard.press("t")
    counted(page, 2)
    assert settled()[items[1].id] == items[1].suggested == "bank|post"
    lines = read_decisions(Path("data/decisions"))
    assert [line.given for line in lines] == ["bank|post", "bank", "bank", "bank"]
