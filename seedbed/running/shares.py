"""Work that machines share through a folder alone: `--shard K/N` and `--gather`.

For each map of a stage, worker K of N computes the shards of its range and writes the results to
SEEDBED_SHARED/FUNCTION/DIGEST/K-of-N; DIGEST is that of the work, its version and params, and the
items. A map that needs the results of another one is a later round: a worker that comes to it
before the shares of the round before are complete ends, and is started again. `--gather` reads what
all have written. Workers do not use the memo, whose content differs between machines.

The folder has mode 0700 and its files 0600: results hold texts as they are before anonymization.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from seedbed.core.errors import DamagedError, SeedbedError, reading
from seedbed.core.files import write_bytes
from seedbed.core.stage_options import (
    DEFAULT_SHARED,
    SHARED,
    EndOfShare,
    Run,
    Share,
    shared_folder,
)
from seedbed.running import engines

LENGTH_BYTES = 8
AGAIN = "delete it, run its `--shard` once more, then gather again"
NAME = re.compile(r"(\d+)-of-(\d+)")


def finished(
    job: engines.Job,
    engine: engines.Engine,
    operation: str,
    shards: Sequence[Any],
    keys: Sequence[Sequence[bytes]],
    missing: Sequence[Any],
) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the index and the results of each shard that has one of the `missing` items, from the
    files of all workers; in a worker that has not written its own yet, write them and end.

    `keys` are those of the items of each shard. Raises EndOfShare where the worker's work ends, and
    SeedbedError where shares are missing or do not belong to this work.
    """
    Run.round += 1
    share = Run.share
    assert share is not None
    digest = hashlib.sha256(b"".join(key for names in keys for key in names)).hexdigest()[:16]
    folder = _shared() / operation / digest
    there = _there(folder)
    if not share.gathers:
        own = folder / f"{share.number}-of-{share.of}"
        if not own.exists():
            _write(own, job, engine, shards, share)
            raise EndOfShare(f"round {Run.round}, {operation}: {_told(folder, share.of)}")
        if len(there.get(share.of, ())) < share.of:
            raise EndOfShare(
                f"round {Run.round}, {operation}: its own share is written already, "
                f"{_told(folder, share.of)}"
            )
        count = share.of
    else:
        Run.gathered.append(folder)
        if not missing:
            return  # the memo has the results, perhaps of a gather that needed another round
        count = _complete(folder, there, operation, job.version.digest if job.version else "")
    wanted = set(missing)
    needed = {at for at, shard in enumerate(shards) if not wanted.isdisjoint(shard)}
    for number in range(1, count + 1):
        mine = [at for at in owned(Share(number, count), len(shards)) if at in needed]
        if mine:
            file = folder / f"{number}-of-{count}"
            results = _read(file)
            for at in mine:
                if len(results.get(at, ())) != len(shards[at]):
                    raise _not_whole(file)
                yield at, results[at]


def owned(share: Share, shards: int) -> range:
    """Return the indices of the shards that a worker computes: its part of the range of keys."""
    first, last = (shards * number // share.of for number in (share.number - 1, share.number))
    return range(first, last)


def _shared() -> Path:
    folder = shared_folder()
    if folder == DEFAULT_SHARED:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not folder.is_dir():
        step = "make it on a disk that all machines see, with mode 0700"
        raise SeedbedError(f"environment {SHARED}", f"no folder {folder}", "a folder", step)
    return folder


def _there(folder: Path) -> dict[int, set[int]]:
    """Return the numbers of the workers that have written their share, by how many there are."""
    found: dict[int, set[int]] = {}
    for file in folder.glob("*-of-*"):
        if match := NAME.fullmatch(file.name):
            found.setdefault(int(match[2]), set()).add(int(match[1]))
    return found


def _told(folder: Path, count: int) -> str:
    number = len(_there(folder).get(count, ()))
    if number < count:
        return f"{number} of {count} shares are written"
    return f"all {count} shares are written: run `--gather`, or the next round if it asks for one"


def _complete(folder: Path, there: dict[int, set[int]], operation: str, version: str) -> int:
    """Return the number of workers whose shares are all written. Raises SeedbedError."""
    count = max(there, key=lambda one: (len(there[one]) == one, len(there[one])), default=0)
    absent = sorted(set(range(1, count + 1)) - there.get(count, set()))
    if count and not absent:
        return count
    place, expected = f"--gather, round {Run.round}, {operation}", "the share of every worker"
    if count:
        few = ", ".join(f"{number}/{count}" for number in absent[:10])
        step = f"run `--shard {absent[0]}/{count}`, then gather again"
        raise SeedbedError(place, f"no share {few} in {folder.parent}", expected, step)
    if len(Run.gathered) > 1:
        step = "run `--shard K/N` once more for each K, then gather again"
        raise SeedbedError(place, "another round is needed", expected, step)
    found = f"no share of this work in {folder.parent}"
    others = [_head(file)["version"] for file in folder.parent.glob("*/*-of-*")]
    if others:
        is_same = version in others
        found += f", but of {'other rows or params' if is_same else 'another version of the code'}"
        found += "" if is_same else f" ({others[0][:12]}; here {version[:12]})"
    step = f"run `--shard K/N` for each K, with the same files, libraries and {SHARED}"
    raise SeedbedError(place, found, expected, step)


def _write(
    file: Path, job: engines.Job, engine: engines.Engine, shards: Sequence[Any], share: Share
) -> None:
    """Compute the shards of this worker and write them: the version and a digest in one line, then
    each result after its length."""
    mine = owned(share, len(shards))
    results = dict(engines.finished(job, engine, [shards[at] for at in mine]))
    every = [value for index in range(len(mine)) for value in results[index]]
    body = b"".join(len(one).to_bytes(LENGTH_BYTES, "big") + one for one in every)
    head = {
        "sha256": hashlib.sha256(body).hexdigest(),
        "version": job.version.digest if job.version else "",
    }
    sizes = {str(at): len(shards[at]) for at in mine}
    line = json.dumps(head | {"shards": sizes}, sort_keys=True).encode() + b"\n"
    for folder in (file.parent.parent, file.parent):
        folder.mkdir(exist_ok=True, mode=0o700)
    write_bytes(file, line + body, mode=0o600)


def _head(file: Path) -> dict[str, Any]:
    """Return the first line of a file. Raises SeedbedError if it is none of ours."""
    with reading(file, AGAIN), file.open("rb") as content:
        head = json.loads(content.readline())
        return {name: head[name] for name in ("sha256", "version", "shards")}


def _read(file: Path) -> dict[int, list[bytes]]:
    """Return the results of each shard in a file. Raises SeedbedError if it is not whole."""
    head = _head(file)
    body = file.read_bytes().partition(b"\n")[2]
    if hashlib.sha256(body).hexdigest() != head["sha256"]:
        raise _not_whole(file)
    results: dict[int, list[bytes]] = {}
    start = 0
    for at, size in sorted((int(at), size) for at, size in head["shards"].items()):
        results[at] = []
        for _ in range(size):
            end = start + LENGTH_BYTES
            length = int.from_bytes(body[start:end], "big")
            results[at].append(body[end : end + length])
            start = end + length
    return results


def _not_whole(file: Path) -> DamagedError:
    return DamagedError(str(file), "not whole", "a share as its worker wrote it", AGAIN)
