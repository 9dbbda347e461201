"""The review page served on this machine, for tests that drive it in a browser."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import ROOT

SECONDS = 90  # for a server, or a view, on a busy machine


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the review page of a project, and give its address."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "seedbed.cli", "review", "--who", "ann", "--port", str(port)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "STREAMLIT_SERVER_HEADLESS": "true"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.time() + SECONDS
        while time.time() < until:
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=2)
                break
            except OSError:
                assert server.poll() is None, "the server ended"
                time.sleep(0.3)
        yield address
    finally:
        server.terminate()
        server.wait(20)
