"""Champions: the models in use, each an annotated git tag `champion@vN.0.0` on a commit.

The form is that of GTO, which DVC reads: `dvc artifacts get . champion --rev v2.0.0` brings the
model of that tag, and dvc.yaml's section `artifacts` says where the artifact `champion` stands. The
tag's commit holds dvc.lock, manifest and params, so data and model are tagged together.
"""

import re
from typing import NamedTuple

from seedbed.core.git import git

ARTIFACT = "champion"
TAG = re.compile(rf"{ARTIFACT}@v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


class Champion(NamedTuple):
    """A tag by its version (major, minor, patch)."""

    version: tuple[int, int, int]

    @property
    def tag(self) -> str:
        """champion@v2.0.0"""
        return f"{ARTIFACT}@v{'.'.join(map(str, self.version))}"

    def next(self) -> "Champion":
        """The one after it."""
        return Champion((self.version[0] + 1, 0, 0))


def champions() -> list[Champion]:
    """Every champion of this repository, the newest last; none outside of git."""
    found = (TAG.fullmatch(tag) for tag in git("tag", "--list", f"{ARTIFACT}@v*").split())
    versions = (tuple(map(int, one.groups())) for one in found if one)
    return sorted(Champion((major, minor, patch)) for major, minor, patch in versions)


def default_base() -> str:
    """What a model is compared with unless told: the newest champion, else the last commit."""
    known = champions()
    return known[-1].tag if known else "HEAD"
