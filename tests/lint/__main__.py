"""`python -m tests.lint`, which `make lint` calls: print every complaint; exit code 1 if any."""

import sys
from pathlib import Path

from tests.lint.checks import arrows_back, files_not_there, foreign_words

if __name__ == "__main__":
    checks = (arrows_back, foreign_words, files_not_there)
    complaints = [complaint for check in checks for complaint in check(Path.cwd())]
    print("\n".join(complaints) or "import arrows, wording, files on pages: nothing to fix")
    sys.exit(bool(complaints))
