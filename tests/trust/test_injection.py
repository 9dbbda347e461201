"""The harness of injection, on the example's finished run; and that it sees what is planted."""

import pytest

from seedbed.core import files
from seedbed.pages import rendering
from seedbed.training.chat.template import ChatTemplate
from tests.trust import injection, marks


def test_no_page_table_or_terminal_obeys_a_label(example):
    found = injection.measure(0.1, 0, example.folder)
    assert not found.missed
    with_words = {row[0]: row[2] for row in found.table.rows}
    assert all(with_words[medium] > 5 for medium in ("markdown", "CSV", "terminal", "JSON"))


@pytest.mark.parametrize(
    ("module", "name", "medium"),
    [(rendering, "quoted", "markdown"), (files, "marked", "CSV")],
)
def test_a_writer_that_forgets_is_seen(example, monkeypatch, module, name, medium):
    monkeypatch.setattr(module, name, lambda words, *_: words)
    missed = injection.measure(0.1, 0, example.folder).missed
    assert any(one.startswith(medium) for one in missed)


def test_no_mark_of_a_template_is_obeyed_in_token_ids():
    number, wrong = marks.obeyed()
    assert number == len(marks.HOSTILE) * 15
    assert wrong == []


@pytest.mark.parametrize("fault", ["encoded", "uncounted", "dropped"])
def test_a_template_that_encodes_or_loses_marks_is_seen(monkeypatch, fault):
    whole = ChatTemplate._hidden

    def faulty(self, row):
        if fault == "encoded":
            return row, {}
        changed, hidden = whole(self, row)
        if fault == "uncounted":
            return changed, dict.fromkeys(hidden, "")
        return row._replace(answer=self._find.sub("", row.answer) or "x"), {}

    monkeypatch.setattr(ChatTemplate, "_hidden", faulty)
    assert len(marks.obeyed()[1]) > 20


@pytest.mark.parametrize(
    ("check", "clean", "obeyed"),
    [
        (injection.in_markdown, "# a\n\n| a | b |\n| --- | --- |\n| x | y |\n", "![a](http://x.y)"),
        (injection.in_markdown, "<details><summary>a</summary>\n\nb\n\n</details>", "<!-- x"),
        (injection.in_markdown, "a@\u2060b", "hello @octo"),
        (injection.in_markdown, "`@octo`", "| a | b |\n| --- | --- |\n| x | y | z |\n"),
        (injection.in_html, "<p>&lt;img&gt;</p>", "<p><img src=x></p>"),
        (injection.in_csv, "a,b\n-1,'=x\n", "a,b\n1,=x\n"),
        (injection.in_csv, 'a,b\n"x\ny",2\n', "a,b\nx\n"),
        (injection.on_terminal, "a\tb\n\\x1b[31m", "\x1b[31m"),
        (injection.on_terminal, "x ::error::y", "a\n  ::error::y"),
        (injection.in_json, "{}", "{"),
    ],
)
def test_each_parser_sees_what_its_medium_obeys(check, clean, obeyed):
    assert check(clean) == []
    assert check(obeyed)
