"""Where a batch is looked at: in its place, or, from a URL, in a private folder for a while."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from seedbed.arrivals.adding import dvc

LOCAL = "file"


@contextmanager
def fetched(place: str, is_url: bool) -> Iterator[Path]:
    """The path of a file or folder; what a URL gives is gone when the block ends.

    Raises ArrivalError where DVC cannot fetch it.
    """
    if not is_url:
        yield Path(place)
        return
    name = PurePosixPath(urlsplit(place).path).name or "table"
    with tempfile.TemporaryDirectory(prefix="seedbed-") as folder:  # mode 0700
        target = Path(folder, name)
        dvc("get-url", "--quiet", as_dvc_says(place), str(target))
        yield target


def as_dvc_says(url: str) -> str:
    """`file:` URLs as the paths that DVC takes; others as they are."""
    parts = urlsplit(url)
    return unquote(parts.path) if parts.scheme == LOCAL else url
