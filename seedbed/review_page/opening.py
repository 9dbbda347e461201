"""How `seedbed review` opens its page: a Streamlit server on this machine's loopback alone."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from seedbed.errors import ReviewError

ADDRESS = "127.0.0.1"
PAGE = Path(__file__).parent / "page.py"
WHO = "SEEDBED_REVIEWER"


def command(port: int, headless: bool) -> list[str]:
    """The command that serves the page; nothing is sent anywhere, no file is watched."""
    options = {
        "server.address": ADDRESS,
        "server.port": port,
        "server.headless": str(headless).lower(),
        "server.fileWatcherType": "none",
        "browser.serverAddress": ADDRESS,
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "theme.base": "light",
        "theme.primaryColor": "#1f6f5c",
        "theme.font": "sans-serif",
    }
    shown = [part for key, value in options.items() for part in (f"--{key}", str(value))]
    return [sys.executable, "-m", "streamlit", "run", str(PAGE), *shown]


def open_page(who: str, port: int, headless: bool = False) -> int:
    """Serve the page until it is stopped; gives the exit code. Raises ReviewError where Streamlit
    is not installed."""
    if importlib.util.find_spec("streamlit") is None:
        raise ReviewError(
            "seedbed review",
            "Streamlit is not installed",
            "the extra `review`",
            "run `pip install -e .[review]`, or use `seedbed review --terminal`",
        )
    path = os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, WHO: who, "PYTHONPATH": path}
    try:
        return subprocess.run(command(port, headless), env=environment, check=False).returncode
    except KeyboardInterrupt:  # how a person ends it
        return 0
