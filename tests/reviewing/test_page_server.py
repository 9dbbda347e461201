"""The server of the review page: no file of a branch and no variable opens it to others."""

import os
from pathlib import Path

import pytest

from seedbed.review_page import opening


@pytest.fixture
def started(tmp_path, monkeypatch) -> dict:
    """What `open_page` starts in a project whose config file, and environment, are hostile."""
    monkeypatch.chdir(tmp_path)
    Path(".streamlit").mkdir()
    Path(".streamlit/config.toml").write_text('[server]\naddress = "0.0.0.0"\n')
    monkeypatch.setenv("STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION", "false")
    monkeypatch.setenv("STREAMLIT_SERVER_COOKIE_SECRET", "known")
    monkeypatch.setenv("STREAMLIT_SERVER_HEADLESS", "true")
    monkeypatch.setattr(opening.importlib.util, "find_spec", lambda _: True)
    found: dict = {}

    def execve(_: str, arguments: list[str], environment: dict[str, str]) -> None:
        found.update(arguments=arguments, environment=environment, folder=Path.cwd())

    monkeypatch.setattr(os, "execve", execve)
    opening.open_page("ann", 8501)
    return found


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("server.address", "127.0.0.1"),
        ("server.enableXsrfProtection", "true"),
        ("server.enableCORS", "true"),
        ("server.enableStaticServing", "false"),
        ("browser.gatherUsageStats", "false"),
    ],
)
def test_what_protects_the_page_is_on_the_command_line(started, option, value):
    arguments = started["arguments"]
    assert arguments[arguments.index(f"--{option}") + 1] == value


def test_no_config_file_of_the_project_and_no_variable_is_read(started, tmp_path):
    assert not (started["folder"] / ".streamlit").exists()
    environment = started["environment"]
    assert [name for name in environment if name.startswith("STREAMLIT_")] == [opening.HEADLESS]
    assert environment[opening.PROJECT] == str(tmp_path)
    assert str(tmp_path) in environment["PYTHONPATH"]
