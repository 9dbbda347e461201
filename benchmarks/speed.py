"""Speed and memory beside the peers on 33,530 film reviews, one process a side, by turns.

python -m benchmarks.speed [clean] [deduplicate] [personal_data] [tokenize]
-> benchmarks/results/speed.json

Peers run in environments of their own, which `make peers` installs. A named part is measured anew
and the others are kept.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmarks.peers.cost import measured, tell
from benchmarks.turns import SCRIPTS, by_turns, peer_command, times_as_fast
from seedbed.core.errors import SeedbedError
from seedbed.core.files import read_json, write_json
from seedbed.core.params import read_params
from seedbed.encoding.vectors import EncoderParams, encoder_folder

RESULT = Path("benchmarks/results/speed.json")
ROUNDS = 3
SHINGLE_WORDS, MIN_JACCARD = 3, 0.7
MAX_LENGTH = 128
RULES = ("encoding", "entities", "tags", "control_characters", "nfc", "white_space")


def our_clean(texts: list[str]) -> Callable[[], int]:
    from seedbed.cleaning.rows import clean_texts
    from seedbed.cleaning.rules import Limits

    # Nothing is dropped and no language is looked for: the peer's mappers do neither.
    longest = sys.maxsize
    limits = Limits(
        min_chars=0,
        max_chars=longest,
        min_letter_share=0.0,
        max_repeated_share=1.0,
        min_chars_for_language=longest,
    )
    clean_texts(texts[:2], RULES, limits)
    return lambda: sum(bool(one.touched) for one in clean_texts(texts, RULES, limits))


def our_deduplicate(texts: list[str]) -> Callable[[], list[list[int]]]:
    from seedbed.splitting.near_copies import near_pairs

    def work() -> list[list[int]]:
        found = near_pairs(texts, SHINGLE_WORDS, MIN_JACCARD)
        return np.stack([found.i, found.j], axis=1).tolist()

    return work


def our_personal_data(texts: list[str]) -> Callable[[], int]:
    from benchmarks.pii import ALL
    from seedbed.private.detection import detect

    detect(texts[:2], ALL)
    return lambda: sum(map(len, detect(texts, ALL)))


def our_tokenize(texts: list[str]) -> Callable[[], int]:
    from seedbed.encoding.tokens import TextTokenizer, Truncation

    tokenizer = TextTokenizer(encoder(), Truncation(MAX_LENGTH))
    tokenizer(texts[:2])
    return lambda: int(tokenizer(texts).lengths.sum())


def encoder() -> Path:
    """The encoder of params.yaml."""
    return encoder_folder(read_params("encoder", EncoderParams))


OURS = {
    "clean": our_clean,
    "deduplicate": our_deduplicate,
    "personal_data": our_personal_data,
    "tokenize": our_tokenize,
}


def our_command(part: str, file: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.speed", "ours", part, str(file)]


def compared(
    part: str, file: Path, peers: dict[str, list[str]], rounds: int = ROUNDS
) -> tuple[dict, dict]:
    """Costs of both sides with their ratio, and what each made."""
    costs, made = by_turns({"seedbed": our_command(part, file), **peers}, rounds)
    result: dict[str, Any] = {"rounds": rounds, **costs}
    for peer in peers:
        result[peer]["times_as_fast"] = times_as_fast(costs["seedbed"], costs[peer])
    return result, made


def clean(file: Path) -> dict[str, Any]:
    """Unicode, HTML and white space against data-juicer's mappers."""
    peers = {"data_juicer": peer_command("data_juicer", "clean_data_juicer.py", file)}
    result, made = compared("clean", file, peers)
    for name, changed in made.items():
        result[name]["texts_changed"] = changed
    return result


def deduplicate(file: Path) -> dict[str, Any]:
    """Near duplicates at Jaccard .7 against datasketch (pairs) and data-juicer (rows dropped)."""
    figures = (file, SHINGLE_WORDS, MIN_JACCARD)
    peers = {
        "data_juicer": peer_command("data_juicer", "duplicates_data_juicer.py", *figures),
        "datasketch": peer_command("datasketch", "duplicates_datasketch.py", *figures),
    }
    result, made = compared("deduplicate", file, peers)
    pairs = {name: set(map(tuple, made[name])) for name in ("seedbed", "datasketch")}
    rows = {"seedbed": not_first(pairs["seedbed"]), "data_juicer": set(made["data_juicer"])}
    for unit, found in {"pairs": pairs, "rows_to_drop": rows}.items():
        for name, ones in found.items():
            right = len(ones & found["seedbed"])
            figures = {"recall": right / len(found["seedbed"]), "precision": right / len(ones)}
            result[name] |= {unit: len(ones), **figures}
    return result


def not_first(pairs: set[tuple[int, int]]) -> set[int]:
    """The rows that are not the first of their cluster, where pairs chain rows to clusters."""
    i, j = np.array(sorted(pairs)).T
    size = int(max(i.max(), j.max())) + 1
    _, cluster = connected_components(coo_array((np.ones(len(i)), (i, j)), shape=(size, size)))
    _, first = np.unique(cluster, return_index=True)
    return set(range(size)) - set(first.tolist())


def personal_data(file: Path) -> dict[str, Any]:
    """Detection with names on against presidio with the same spaCy model: half an hour, so once."""
    peers = {"presidio": peer_command("presidio", "personal_data_presidio.py", file)}
    result, made = compared("personal_data", file, peers, rounds=1)
    result["seedbed"]["spans"] = made["seedbed"]
    result["presidio"]["spans"] = sum(map(len, made["presidio"]))
    return result


def tokenize(file: Path) -> dict[str, Any]:
    """Token ids and full lengths of every text against one call of the stock tokenizer."""
    script = SCRIPTS / "tokenize_transformers.py"
    peers = {"transformers": [sys.executable, str(script), str(file), str(encoder())]}
    result, made = compared("tokenize", file, peers)
    if len(set(made.values())) > 1:
        raise SeedbedError("tokenize", f"{made} tokens", "as many on both sides", "see which")
    return {"tokens": made["seedbed"], **result}


PARTS = {
    "clean": clean,
    "deduplicate": deduplicate,
    "personal_data": personal_data,
    "tokenize": tokenize,
}


def main(parts: list[str]) -> None:
    """Measure the parts and write the results."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.json"
        subprocess.run(peer_command("film_reviews", "film_reviews.py", file), check=True)
        count = len(json.loads(file.read_text(encoding="utf-8")))
        for part in parts:
            measured_part = {"texts": count, **PARTS[part](file)}
            print(part, json.dumps(measured_part, indent=2))
            result = {**(read_json(RESULT) if RESULT.exists() else {}), part: measured_part}
            write_json(RESULT, dict(sorted(result.items())))


def ours(part: str, file: str) -> None:
    """In a process of its own, as the peers are: measure one part and tell."""
    tell(measured(OURS[part](json.loads(Path(file).read_text(encoding="utf-8")))))


if __name__ == "__main__":
    if sys.argv[1:2] == ["ours"]:
        ours(*sys.argv[2:])
    else:
        main(sys.argv[1:] or list(PARTS))
