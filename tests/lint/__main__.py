"""`python -m tests.lint`, which `make lint` calls: print every complaint; exit code 1 if any."""

import sys
from pathlib import Path

from tests.lint.checks import arrows_back, foreign_words

if __name__ == "__main__":
    complaints = [*arrows_back(Path.cwd()), *foreign_words(Path.cwd())]
    print("\n".join(complaints) or "import arrows and wording: nothing to fix")
    sys.exit(bool(complaints))
