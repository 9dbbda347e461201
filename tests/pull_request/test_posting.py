"""The report becomes one comment of a pull request, and stays one; tested on a stand-in."""

import os
import socket
import stat

import pytest
from pull_request.standin import TOKEN, serving
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.errors import SeedbedError
from seedbed.pull_request.posting import (
    ATTEMPTS,
    MARKER,
    Answer,
    Comments,
    by_requests,
    post,
)

BUSY = (503, {}, b"<html>busy</html>")


@pytest.fixture
def github(monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as standin:
        yield standin


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def comments(github, waits) -> Comments:
    return Comments(by_requests(github.api, TOKEN), "team/data", 7, waits.append)


def test_the_first_report_is_a_new_comment(github, comments):
    github.add("Nice!")
    posted = comments.post("all well")
    assert posted == "Comment made: https://github.com/team/data/pull/7#issuecomment-101"
    assert github.body(101) == f"{MARKER}\nall well"


def test_the_next_report_takes_its_place(github, comments):
    comments.post("first")
    posted = comments.post("second")
    assert posted.startswith("Comment changed: ")
    assert [one["body"] for one in github.comments] == [f"{MARKER}\nsecond"]


def test_the_comment_is_found_on_a_later_page(github, comments):
    for number in range(230):
        github.add(f"comment {number}")
    ours = github.add(f"{MARKER}\nold")
    assert "changed" in comments.post("new")
    assert github.body(ours) == f"{MARKER}\nnew"
    assert [path[-6:] for method, path in github.asked if method == "GET"] == [
        "page=1", "page=2", "page=3",
    ]  # fmt: skip


def test_a_comment_that_quotes_the_marker_is_left_alone(github, comments):
    github.add(f"> {MARKER}\nwhat does this mean?")
    assert "made" in comments.post("new")


def test_of_two_comments_with_the_marker_the_first_is_changed_and_both_are_told(github, comments):
    first, second = github.add(f"{MARKER}\na"), github.add(f"{MARKER}\nb")
    posted = comments.post("new")
    assert posted.endswith("; 1 other comments hold the marker")
    assert (github.body(first), github.body(second)) == (f"{MARKER}\nnew", f"{MARKER}\nb")


def test_a_comment_of_another_user_with_the_marker_is_passed_over(github, comments):
    github.add(f"{MARKER}\nnot ours", other=True)
    ours = github.add(f"{MARKER}\nours")
    assert "changed" in comments.post("new")
    assert github.body(ours) == f"{MARKER}\nnew"


def test_a_report_that_is_too_long_is_refused_at_once(github, comments, waits):
    with pytest.raises(SeedbedError, match="422 .*too long.*65,536.*seedbed pr-report"):
        comments.post("x" * 65_536)
    assert waits == []


def test_a_token_that_may_only_read_is_told_what_to_do(github, comments, waits):
    github.script["POST"] = [(403, {}, {"message": "Resource not accessible by integration"})]
    with pytest.raises(SeedbedError, match="403 Resource not accessible.*may write.*workflow_run"):
        comments.post("report")
    assert waits == []


def test_a_busy_server_is_asked_again_a_few_times(github, comments, waits):
    github.script["GET"] = [BUSY, BUSY]
    github.script["POST"] = [BUSY]
    assert "made" in comments.post("report")
    assert waits == [1, 2, 1]


def test_a_server_that_stays_busy_is_an_error_in_the_end(github, comments, waits):
    github.script["GET"] = [BUSY] * 10
    with pytest.raises(SeedbedError, match="503 .*busy.*try again later"):
        comments.post("report")
    assert waits == [1, 2, 4]
    assert len(github.asked) == ATTEMPTS


def test_a_comment_that_was_made_though_the_answer_got_lost_is_not_made_twice(github, comments):
    real = comments.ask

    def lossy(method, path, content=None):
        answer = real(method, path, content)
        return Answer(0, {}, "connection lost") if method == "POST" else answer

    comments.ask = lossy
    assert "changed" in comments.post("report")
    assert len(github.comments) == 1


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        (429, {"Retry-After": "7"}, "slow down"),
        (403, {"Retry-After": "7"}, "You have exceeded a secondary rate limit"),
    ],
)
def test_a_rate_limit_is_waited_for_as_long_as_it_says(
    github, comments, waits, status, headers, message
):
    github.script["GET"] = [(status, headers, {"message": message})]
    assert "made" in comments.post("report")
    assert waits == [7]


def test_a_rate_limit_that_lasts_long_is_an_error_at_once(github, comments, waits):
    github.script["GET"] = [(429, {"Retry-After": "3600"}, {"message": "slow down"})]
    with pytest.raises(SeedbedError, match="rate limit is spent"):
        comments.post("report")
    assert waits == []


def test_a_network_that_refuses_is_an_error_in_the_end(waits):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ask = by_requests(f"http://127.0.0.1:{port}", TOKEN)
    with pytest.raises(SeedbedError, match="GitHub: read the comments.*can be reached"):
        Comments(ask, "team/data", 7, waits.append).post("report")
    assert waits == [1, 2, 4]


def test_a_token_does_not_follow_a_redirect(github, comments):
    with serving() as elsewhere:
        github.script["GET"] = [(301, {"Location": elsewhere.api}, {"message": "Moved"})]
        with pytest.raises(SeedbedError, match="301 Moved.*it has moved"):
            comments.post("report")
        assert elsewhere.asked == []


def test_a_token_goes_over_https_alone():
    with pytest.raises(SeedbedError, match="not https"):
        by_requests("http://api.example.org", TOKEN)


def test_the_command_posts_and_never_shows_the_token(github, tmp_path, monkeypatch):
    (tmp_path / "report.md").write_text("all well")
    command = ["post-report", str(tmp_path / "report.md"), "--pr", "7", "--repo", "team/data",
               "--api", github.api]  # fmt: skip
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "Comment made: https://github.com/team/data/pull/7#" in done.stdout
    monkeypatch.setenv("GITHUB_TOKEN", "another-secret")
    refused = CliRunner().invoke(app, command)
    assert isinstance(refused.exception, SeedbedError)
    assert "401 Bad credentials" in str(refused.exception)
    assert "another-secret" not in refused.output + str(refused.exception)


@pytest.mark.parametrize(
    ("repository", "text", "reason"),
    [
        ("team/data; rm -rf", "report", "OWNER/NAME"),
        ("../../user", "report", "OWNER/NAME"),
        ("team/data", " \n", "nothing in it"),
    ],
)
def test_what_cannot_be_posted_is_refused_before_anything_is_sent(
    github, tmp_path, repository, text, reason
):
    (tmp_path / "report.md").write_text(text)
    with pytest.raises(SeedbedError, match=reason):
        post(tmp_path / "report.md", 7, repository, github.api)
    assert github.asked == []


def test_without_a_token_nothing_is_sent(github, tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_TOKEN")
    monkeypatch.delenv("GH_TOKEN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "report.md").write_text("report")
    with pytest.raises(SeedbedError, match="no token"):
        post(tmp_path / "report.md", 7, "team/data", github.api)


def program(folder, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IEXEC)


def test_cml_comes_first(tmp_path, monkeypatch):
    (tmp_path / "report.md").write_text("report")
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + os.environ["PATH"])
    monkeypatch.chdir(tmp_path)
    program(tmp_path, "cml", 'echo "$@" > cml-was-told')
    assert "by cml" in post(tmp_path / "report.md", 7, "team/data")
    told = (tmp_path / "cml-was-told").read_text()
    assert told.startswith("comment update --target=pr/7 --repo=https://github.com/team/data ")


def test_without_a_token_in_the_environment_the_one_of_gh_is_taken(github, tmp_path, monkeypatch):
    (tmp_path / "report.md").write_text("report")
    monkeypatch.delenv("GITHUB_TOKEN")
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + os.environ["PATH"])
    program(tmp_path, "gh", f'[ "$*" = "auth token --hostname 127.0.0.1" ] && echo {TOKEN}')
    assert post(tmp_path / "report.md", 7, "team/data", github.api).startswith("Comment made: ")


def test_a_token_of_netrc_is_not_sent(github, comments, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password another\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert "made" in comments.post("report")
