"""`make trust`: each harness once, its table into docs/explanation/trust.md.

python -m tests.trust [--scale SHARE] [--seed N] [NAME...]: all harnesses, or those that are named.
Exits with 1 where a promise was broken or a goal was missed, after the page is written.
"""

import argparse
import re
import sys
from importlib import import_module
from pathlib import Path
from time import monotonic

from seedbed.core.files import write_text
from seedbed.pages.document import Bullets, Section
from seedbed.pages.rendering import markdown
from tests.trust.outcome import Outcome

HARNESSES = ("kill", "fuzz", "canaries", "injection", "mutation", "long_use")
PAGE = Path("docs/explanation/trust.md")
SEED = 1


def main() -> int:
    parser = argparse.ArgumentParser(description="Break what can be broken, and see what holds.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(HARNESSES))
    parser.add_argument(
        "--scale", type=float, default=1.0, help="share of the whole; writes no page"
    )
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    if unknown := set(given.names) - set(HARNESSES):
        parser.error(f"{', '.join(sorted(unknown))}: no harness; there are {', '.join(HARNESSES)}")
    broken = False
    for name in given.names or HARNESSES:
        start = monotonic()
        outcome = import_module(f"tests.trust.{name}").measure(given.scale, given.seed)
        broken = broken or bool(outcome.missed)
        took = f"{monotonic() - start:.0f} s"
        print(f"{name}: {outcome.summary} {len(outcome.missed)} missed, {took}", flush=True)
        for line in outcome.missed:
            print(f"  {line}", flush=True)
        if given.scale == 1:
            write_text(PAGE, with_section(PAGE.read_text(encoding="utf-8"), name, outcome))
    return int(broken)


def with_section(page: str, name: str, outcome: Outcome) -> str:
    """The page with the section of one harness renewed. Raises ValueError if it has no place."""
    section = Section(outcome.title, [outcome.summary, outcome.table, Bullets(outcome.missed)])
    made = f"<!-- {name} -->\n\n{markdown(section, 3)}\n\n<!-- end of {name} -->"
    renewed, count = re.subn(
        rf"<!-- {name} -->.*?<!-- end of {name} -->", lambda _: made, page, flags=re.DOTALL
    )
    if count != 1:
        raise ValueError(f"{PAGE}: {count} places for {name}, expected one")
    return renewed


if __name__ == "__main__":
    sys.exit(main())
