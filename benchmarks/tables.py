"""The pages of figures, made of the results.

python -m benchmarks.tables: benchmarks/results/*.json ->
benchmarks/quality.md, benchmarks/speed.md, benchmarks/fine_tuning.md, benchmarks/intervals.md,
benchmarks/scale.md, benchmarks/scale.svg
"""

import textwrap
from pathlib import Path

from benchmarks.fine_tuning_page import fine_tuning_page
from benchmarks.intervals import page as intervals_page
from benchmarks.quality_page import quality_page
from benchmarks.scale_page import scale_page, scale_plot
from benchmarks.speed_page import speed_page
from seedbed.core.files import read_csv, read_json, write_text

FOLDER = Path("benchmarks")
NO_PARAGRAPH = ("|", "#", "- ", "* ", "```", "<")  # a line of a table, heading, list or code


def pages(folder: Path) -> dict[str, str]:
    """Each page by its file's name, out of the results in `folder`."""
    results = {file.stem: read_json(file) for file in (folder / "results").glob("*.json")}
    made = {
        "quality.md": quality_page(results, reads_of(folder / "test_reads.csv")),
        "speed.md": speed_page(results),
        "fine_tuning.md": fine_tuning_page(results),
        "intervals.md": intervals_page(results["intervals"]),
        "scale.md": scale_page(results["scale"]),
    }
    pages = {name: wrapped(page) for name, page in made.items()}
    return pages | {"scale.svg": scale_plot(results["scale"])}


def wrapped(page: str) -> str:
    """The page with its paragraphs in lines of at most 100 characters."""
    return "\n\n".join(
        part
        if any(line.startswith(NO_PARAGRAPH) for line in part.splitlines())
        else textwrap.fill(part, 100, break_long_words=False, break_on_hyphens=False)
        for part in page.rstrip("\n").split("\n\n")
    ) + "\n"  # fmt: skip


def reads_of(file: Path) -> int:
    """How often the held-out half of presidio_generated_large was read."""
    rows = read_csv(file)
    return sum(int(row["times"]) for row in rows if "presidio_generated_large" in row["data"])


def main() -> None:
    for name, page in pages(FOLDER).items():
        write_text(FOLDER / name, page)


if __name__ == "__main__":
    main()
