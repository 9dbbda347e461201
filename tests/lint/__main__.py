"""`python -m tests.lint`, which `make lint` calls: print every complaint; exit code 1 if any."""

import sys
from pathlib import Path

from tests.lint.checks import (
    arrows_back,
    bare_reads,
    files_not_there,
    foreign_words,
    label_arithmetic,
)

if __name__ == "__main__":
    checks = (arrows_back, foreign_words, files_not_there, bare_reads, label_arithmetic)
    complaints = [complaint for check in checks for complaint in check(Path.cwd())]
    print("\n".join(complaints) or "arrows, wording, files on pages, reads, tasks: nothing to fix")
    sys.exit(bool(complaints))
