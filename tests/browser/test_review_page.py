"""The page of `seedbed review` in a real browser: decisions by key, and texts that stay texts."""

import os
import socket
from pathlib import Path

import pandas as pd
import pytest
from conftest import Project
from playwright.sync_api import Page
from review_server import SECONDS, served

from seedbed.core.decisions import DisagreementRule, in_force, read_decisions
from seedbed.core.rows import read_rows, write_rows

NASTY = (
    "<script>document.title = 'taken over'</script><img src=x onerror=\"document.title='taken'\">"
)


@pytest.fixture(scope="module")
def project(example) -> Project:
    """The example after a run, with twelve suspects in train, the first of them with a script."""
    os.chdir(example.folder)
    for folder in (Path("data/anonymize"), Path("data/split")):
        rows = read_rows(folder)
        first = rows.index[rows["id"] == suspect_ids()[0]]
        rows.loc[first, "text"] = NASTY
        write_rows(folder, rows)
    lines = [f"{row},train,{label},{other},0.{place:02},label_issue,{near}"
             for place, (row, label, other, near) in enumerate(suspects())]  # fmt: skip
    Path("reports/suspects.csv").write_text(
        "id,split,label,suggested,score,reason,nearest\n" + "\n".join(lines) + "\n"
    )
    return example


def train_rows() -> pd.DataFrame:
    rows = read_rows(Path("data/split"))
    return rows[rows["split"] == "train"].reset_index(drop=True)


def suspect_ids() -> list[str]:
    return list(train_rows()["id"].head(12))


def suspects() -> list[tuple[str, str, str, str]]:
    rows = train_rows()
    other = {
        label: next(one for one in set(rows["label"]) if one != label)
        for label in set(rows["label"])
    }
    near = {
        label: " ".join(rows["id"][rows["label"] == label].tail(2)) for label in set(rows["label"])
    }
    return [
        (row.id, row.label, other[row.label], near[other[row.label]])
        for row in rows.head(12).itertuples()
    ]  # fmt: skip


@pytest.fixture(scope="module")
def address(project):
    with served(project.folder) as there:
        yield there


@pytest.fixture
def page(browser, address) -> Page:
    found = browser.new_page(viewport={"width": 1400, "height": 900})
    found.set_default_timeout(SECONDS * 1000)
    found.goto(address)
    found.get_by_text("Your name").wait_for()
    # Streamlit listens to keys once the last button stands; the counts above stand before.
    found.locator("[data-test-script-state=notRunning]").wait_for()
    yield found
    found.close()


def decided(page: Page, number: int, of: int = 12) -> None:
    page.get_by_text(f"{number} of {of} decided").wait_for()


def lines() -> list:
    return read_decisions(Path("data/decisions"))


def now_in_force():
    rule = DisagreementRule(disagreement="keep_out", arbiter="")
    return in_force(lines(), read_rows(Path("data/anonymize"))[["id", "digest"]], rule)


def test_ten_rows_by_keyboard_one_undone_leaves_nine_in_force(page):
    decided(page, 0)
    assert page.title() == "Seedbed review"  # the first text is a script that would change it
    assert page.get_by_text("<script>document.title = 'taken over'</script>").count() == 1
    assert page.locator("img[src=x]").count() == 0
    keys = ["a", "t", "d", "m", "a", "t", "1", "a", "a", "t"]
    for number, key in enumerate(keys, start=1):
        page.keyboard.press(key)
        decided(page, number)
    page.keyboard.press("u")
    decided(page, 9)
    found = now_in_force()
    assert len(found.settled) == 9
    assert len(lines()) == 11  # ten decisions, and a line that withdraws one
    first, second, third, fourth = (found.settled[row].decided for row in suspect_ids()[:4])
    _, label, _, _ = suspects()[0]
    assert (first, second) == (label, suspects()[1][2])
    assert (third, fourth) == ("<drop>", "<ambiguous>")
    assert suspect_ids()[9] not in found.settled


def test_the_page_opened_again_goes_on_where_it_was(page):
    # The decided rows have left the queue: three suspects are left, the tenth first.
    decided(page, 0, of=3)
    page.keyboard.press("s")
    page.get_by_text("1 skipped").wait_for()
    assert len(now_in_force().settled) == 9


def test_a_note_takes_letters_that_are_keys_elsewhere(page):
    decided(page, 0, of=3)
    note = page.get_by_placeholder("why, for the next reader")
    note.click()
    page.keyboard.type("mad cat, not a dog")
    page.keyboard.press("Tab")
    page.wait_for_timeout(800)
    assert len(now_in_force().settled) == 9  # typing has decided nothing
    page.get_by_role("button", name="Accept").click()
    decided(page, 1, of=3)
    assert lines()[-1].note == "mad cat, not a dog"


def test_a_name_that_is_no_name_is_refused(page):
    decided(page, 0, of=2)
    field = page.get_by_label("Your name")
    field.fill("../../etc")
    field.press("Enter")
    page.get_by_text("a name of letters, digits").wait_for()
    assert not list(Path("data").rglob("etc*"))


@pytest.mark.parametrize(
    ("view", "sign"),
    [
        ("Explore", " rows"),
        ("Map", "Click a point to open the row"),
        ("One row", "a row id, or its first six"),
        ("Status", "Decide rows of the audit queue"),
    ],
)
def test_every_view_opens(page, view, sign):
    page.get_by_role("link", name=view).click()
    page.get_by_role("heading", name=view).wait_for()
    if view == "One row":
        page.get_by_placeholder(sign).wait_for()
    else:
        page.get_by_text(sign).first.wait_for()
    assert page.get_by_text("Traceback").count() == 0


def test_one_row_shows_its_life_and_its_text(page):
    page.get_by_role("link", name="One row").click()
    field = page.get_by_placeholder("a row id, or its first six")
    field.fill(suspect_ids()[0])
    field.press("Enter")
    page.get_by_text("apply_decisions").wait_for()
    page.get_by_text("<script>document.title").wait_for()
    assert page.title() != "taken over"


def test_the_server_listens_on_this_machine_alone(address):
    port = int(address.rsplit(":", 1)[1])
    other = socket.gethostbyname(socket.gethostname())
    if other.startswith("127."):
        other = "127.0.0.2"  # another address of the loopback: only 127.0.0.1 is served
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((other, port), timeout=3)
