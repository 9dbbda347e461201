"""What is installed is what requirements.lock names, and it names no address."""

import re
from importlib.metadata import distributions

from conftest import ROOT

LINES = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
TOOLS = {"pip", "seedbed", "setuptools", "wheel"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, str]:
    pins = [line.split("==") for line in LINES if line and not line.startswith("#")]
    return {canonical(name): version for name, version in pins}


def test_the_lock_holds_names_and_versions_alone():
    for line in LINES:
        assert re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+|", line), line
        assert "+" not in line, "a local version is on one machine only"


def test_the_lock_is_what_is_installed():
    installed = {canonical(one.metadata["Name"]): one.version for one in distributions()}
    installed = {name: version.split("+")[0] for name, version in installed.items()}
    ours = {name: version for name, version in installed.items() if name not in TOOLS}
    assert ours == {name: version for name, version in locked().items() if name not in TOOLS}


def test_the_traps_are_pinned():
    pins = locked()
    assert pins["torch"] == "2.13.0"
    assert tuple(map(int, pins["cleanlab"].split(".")[:2])) >= (2, 8)
