"""`make trust`: each harness once, its table into docs/explanation/trust.md.

python -m tests.trust [--all | --scale SHARE] [--seed N] [NAME...]: all harnesses, or those that are
named. Those of SHORT are run in part, so that all take 20 minutes on two cores; `--all` runs them
in full. Exits with 1 where a promise was broken or a goal was missed, after the page is written.
"""

import argparse
import re
import sys
from importlib import import_module
from pathlib import Path
from time import monotonic

from seedbed.core.files import write_text
from seedbed.pages.document import Bullets, Prose, Section
from seedbed.pages.rendering import markdown
from tests.trust.outcome import Outcome

HARNESSES = ("kill", "fuzz", "canaries", "injection", "mutation", "long_use")
LONG = ("coverage",)  # `make coverage`
SHORT = {"kill": 0.5, "mutation": 0.375, "long_use": 0.4}  # shares, chosen by the seed
PAGE = Path("docs/explanation/trust.md")
SEED = 1


def main() -> int:
    parser = argparse.ArgumentParser(description="Break what can be broken, and see what holds.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join((*HARNESSES, *LONG)))
    parser.add_argument("--all", action="store_true", help="in full, which takes an hour")
    parser.add_argument("--scale", type=float, help="share of the whole; writes no page")
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    every = (*HARNESSES, *LONG)
    if unknown := set(given.names) - set(every):
        parser.error(f"{', '.join(sorted(unknown))}: no harness; there are {', '.join(every)}")
    broken = False
    for name in given.names or HARNESSES:
        start, share = monotonic(), 1.0 if given.all else SHORT.get(name, 1.0)
        harness = import_module(f"tests.trust.{name}")
        outcome = harness.measure(given.scale or share, given.seed)
        broken = broken or bool(outcome.missed)
        took = f"{monotonic() - start:.0f} s"
        print(f"{name}: {outcome.summary} {len(outcome.missed)} missed, {took}", flush=True)
        for line in outcome.missed:
            print(f"  {line}", flush=True)
        if given.scale is None:
            page = PAGE.read_text(encoding="utf-8")
            write_text(PAGE, with_section(page, name, outcome, run_of(name, given.all)))
    return int(broken)


def run_of(name: str, in_full: bool) -> str:
    """Which run a table is of, where there are two."""
    if name not in SHORT:
        return ""
    return "A full run (`--all`)." if in_full else f"{SHORT[name]:.0%} of a full run (`--all`)."


def with_section(page: str, name: str, outcome: Outcome, run: str = "") -> str:
    """The page with the section of one harness renewed. Raises ValueError if it has no place."""
    summary = f"{outcome.summary} {run}".strip()
    section = Section(outcome.title, [Prose(summary), outcome.table, Bullets(outcome.missed)])
    made = f"<!-- {name} -->\n\n{markdown(section, 3)}\n\n<!-- end of {name} -->"
    renewed, count = re.subn(
        rf"<!-- {name} -->.*?<!-- end of {name} -->", lambda _: made, page, flags=re.DOTALL
    )
    if count != 1:
        raise ValueError(f"{PAGE}: {count} places for {name}, expected one")
    return renewed


if __name__ == "__main__":
    sys.exit(main())
