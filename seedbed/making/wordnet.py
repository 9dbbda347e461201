"""Synonyms out of WordNet's own files, wherever they were installed."""

from pathlib import Path

from seedbed.core.errors import ParamsError

PARTS_OF_SPEECH = ("adj", "adv", "noun", "verb")
INSIDE = ("", "corpora/wordnet", "dict")  # of Debian, of nltk_data, of Princeton's archive


def read_synonyms(folder: Path) -> dict[str, list[str]]:
    """Single-word synonyms by lower-case word, of all senses and parts of speech, from WordNet's
    data files (format: wndb(5WN)) in `folder`, or where NLTK or Princeton put them inside it.

    Raises ParamsError where the folder has no WordNet.
    """
    synonyms: dict[str, set[str]] = {}
    for file in _data_files(folder):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith(" "):  # the licence
                continue
            fields = line.split(" ", 4)  # offset, file number, type, number of words in hex, rest
            members = fields[4].split(" ")[: 2 * int(fields[3], 16) : 2]
            plain = [word.split("(")[0] for word in members if "_" not in word]
            for word in plain:
                others = {other for other in plain if other.lower() != word.lower()}
                if others:
                    synonyms.setdefault(word.lower(), set()).update(others)
    return {word: sorted(others) for word, others in sorted(synonyms.items())}


def _data_files(folder: Path) -> list[Path]:
    for inner in INSIDE:
        files = [folder / inner / f"data.{part}" for part in PARTS_OF_SPEECH]
        if all(file.exists() for file in files):
            return files
    raise ParamsError(
        "params.yaml: augment.wordnet_folder",
        f"no data.noun, data.verb, data.adj and data.adv in {folder}",
        "WordNet's data files",
        "install them (Debian: apt-get install wordnet-base gives /usr/share/wordnet; NLTK: python "
        "-m nltk.downloader wordnet, unzipped, gives nltk_data) and name their folder, or take "
        "synonyms and insert out of augment.methods",
    )
