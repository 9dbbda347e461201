"""The lines of dvc.yaml that name approaches: as many as the table of approaches has."""

import re
from collections.abc import Sequence
from itertools import groupby

from seedbed.approaches import NAMES

MATRIX = re.compile(r"^( +approach: )\[(.*)\]$", re.MULTILINE)


def with_approaches(text: str, names: Sequence[str] = NAMES) -> str:
    """Return dvc.yaml's text with each approach in every matrix, dependency and plot.

    Neighbouring lines that differ in an approach's name alone become one line for each approach.
    A name that only a matrix has is that of an approach which is gone.
    """
    known = {name.strip() for match in MATRIX.finditer(text) for name in match[2].split(",")}
    a_name = re.compile(rf"(?<=/)({'|'.join(sorted(known.union(names)))})(?=[/.:\s])")
    lines: list[str] = []
    for named, group in groupby(
        text.splitlines(keepends=True), lambda line: bool(a_name.search(line))
    ):
        if named:
            forms = dict.fromkeys(a_name.sub("NAME", line) for line in group)
            lines += [form.replace("NAME", name) for form in forms for name in names]
        else:
            lines += group
    return MATRIX.sub(rf"\1[{', '.join(names)}]", "".join(lines))
