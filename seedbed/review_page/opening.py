"""How `seedbed review` opens its page: a Streamlit server on this machine's loopback alone.

Streamlit would take options from a `.streamlit/config.toml` that a branch may bring, and from the
environment: it starts in the page's own folder, with what protects it on the command line.
"""

import importlib.util
import os
import sys
from pathlib import Path
from typing import NoReturn

from seedbed.core.errors import SeedbedError

ADDRESS = "127.0.0.1"
PAGE = Path(__file__).parent / "page.py"
WHO = "SEEDBED_REVIEWER"
PROJECT = "SEEDBED_PROJECT"
HEADLESS = "STREAMLIT_SERVER_HEADLESS"  # whether a browser opens, which may be said from outside


def open_page(who: str, port: int) -> NoReturn:
    """Become the server of the page, until it is stopped; it sends nothing and watches no file.

    Raises SeedbedError if Streamlit is not installed; Streamlit itself says if the port is in use.
    """
    if importlib.util.find_spec("streamlit") is None:
        raise SeedbedError(
            "seedbed review",
            "Streamlit is not installed",
            "the extra `review`",
            "run `pip install -e .[review]`, or use `seedbed review --terminal`",
        )
    options = {
        "server.address": ADDRESS,
        "server.port": port,
        "server.enableXsrfProtection": "true",
        "server.enableCORS": "true",
        "server.enableStaticServing": "false",
        "server.fileWatcherType": "none",
        "browser.serverAddress": ADDRESS,
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "theme.base": "light",
        "theme.primaryColor": "#1f6f5c",
        "theme.font": "sans-serif",
    }
    arguments = [part for key, value in options.items() for part in (f"--{key}", str(value))]
    server = [sys.executable, "-m", "streamlit", "run", str(PAGE), *arguments]
    path = os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH", "")]))
    said = {k: v for k, v in os.environ.items() if k == HEADLESS or k[:10] != "STREAMLIT_"}
    environment = {**said, WHO: who, PROJECT: str(Path.cwd()), "PYTHONPATH": path}
    os.chdir(PAGE.parent)
    os.execve(server[0], server, environment)  # not a child, so that a signal ends the server
