"""Forget one person or one row: out of raw data, decisions, memo, stage outputs and old versions.

`plan` looks and changes nothing; `carry_out` does what the plan says. A tombstone of keyed hashes
drops the row if it ever comes again.
"""

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from seedbed.collecting.collection import read_sources
from seedbed.collecting.raw_rows import TOMBSTONES, add_tombstones, read_tombstones
from seedbed.core.decisions import FOLDER, REWRITES, parse_decisions, read_decisions, rewrites_of
from seedbed.core.errors import SeedbedError
from seedbed.core.files import KEYED, load_key, read_text, write_bytes, write_text
from seedbed.core.params import read_params
from seedbed.core.rows import CLEAN, COLLECT, read_parquet
from seedbed.core.stage_options import shared_folder
from seedbed.forgetting import dvc_stores
from seedbed.forgetting.raw_files import (
    RAW,
    Found,
    editable_files,
    find_rows,
    held_lines,
    own_texts,
    with_later_turns,
)
from seedbed.forgetting.spellings import MIN_VALUE_CHARS, folded, is_too_short
from seedbed.forgetting.wanted import Wanted, cells_as_text
from seedbed.pipeline.dvc import written_outputs
from seedbed.splitting.sides import FROZEN, read_frozen

WHOLE_ID = re.compile(f"^{KEYED}$")
LENGTHS_SHOWN = 5  # of words, a file
NOT_LOOKED_INTO = {".git", ".venv"}


class Plan(NamedTuple):
    """What forgetting will change."""

    tombstones: list[tuple[str, str]]
    raw: dict[Path, tuple[bytes | None, int]]  # new bytes, None where it goes; rows that go
    out_of_reach: Counter[str]  # rows of packages, the hub and files elsewhere, by source
    lines: dict[Path, tuple[str, int]]  # decisions and frozen test: new text, lines that go
    rewrites: list[Path]  # answers that people wrote
    delete: list[Path]  # stage outputs, memo, shares of work, half-written files
    cached: list[Path]
    cache_folders: tuple[Path, ...]
    remotes: list[dvc_stores.Remote]
    wanted: Wanted
    doubtful: dict[str, list[int]]  # where the value may be meant: lengths of the words around it

    def changes_nothing(self) -> bool:
        """Whether nothing is to be forgotten."""
        in_remotes = any(one.held for one in self.remotes)
        changed = self.tombstones or self.raw or self.lines or self.rewrites
        return not (changed or self.cached or in_remotes)


def plan(value: str = "", row_id: str = "", inside: bool = False) -> Plan:
    """Look for a value or a row everywhere; `inside`: also where the value may be part of a longer
    one. Raises SeedbedError where it is nowhere, where a raw file cannot be edited, or where the
    value is too short to name anyone."""
    if not row_id and is_too_short(value):
        least = f"{MIN_VALUE_CHARS} characters or more"
        expected = f"{least}, fewer in Chinese, Korean, Arabic and the like"
        raise SeedbedError("the value", "too short", expected, "give the whole one")
    key = load_key(read_params("anonymize.key_fingerprint", str))
    read_tombstones()
    sources = read_sources()
    files = editable_files(sources)
    by_value = Wanted(value, inside=inside)
    in_files = held_lines(files, by_value)
    every = find_rows(sources, in_files, by_value, key)
    stores = dvc_stores.read_stores()
    in_cache = list(stores.files())
    cached = dvc_stores.also_cached(in_cache, stores.remotes)
    old: Iterable[Path | bytes] = chain(
        in_cache, dvc_stores.tables_only_there(stores.remotes, cached)
    )
    rows, tombstones, texts = _targets(every, by_value, row_id, old)
    # A row that is nowhere else may still stand in old vectors, by its id alone.
    ids = {one for one, _ in tombstones} | set(WHOLE_ID.findall(row_id))
    # With those that hold the value though they have no id: in quarantine, in a file of no source.
    for one in rows:
        in_files.get(one.file, set()).add(one.row.line)
    drop = {
        file.path: (file.without(lines), len(lines))
        for file in files
        if (lines := in_files[file.path])
    }
    wanted = Wanted(value, ids, texts, inside)
    held = [path for path in in_cache if wanted.in_file(path)]
    rewrites = {path for path in sorted(REWRITES.glob("*.txt")) if by_value.in_file(path)}
    edited = _lines_to_drop(ids, {one for _, one in tombstones} - {""}, by_value, rewrites)
    found = Plan(
        tombstones,
        drop,
        Counter(one.row.source for one in rows if one.file not in drop),
        edited,
        sorted(rewrites | _named_no_more(edited)),
        _to_delete(wanted),
        held,
        stores.folders,
        [dvc_stores.scanned(one, wanted, cached, held) for one in stores.remotes],
        wanted,
        wanted.doubtful | by_value.doubtful,
    )
    if found.changes_nothing() and not found.doubtful:
        raise _nowhere(found, row_id)
    return found


def _nowhere(found: Plan, row_id: str) -> SeedbedError:
    unseen = ", ".join(one.name for one in found.remotes if one.problem or one.versioned)
    return SeedbedError(
        f"row {row_id}" if row_id else "the value",
        "not in the sources, the decisions, the first outputs, the DVC cache or its remotes"
        + (f", of which these could not be looked into wholly: {unseen}" if unseen else ""),
        "a value as it is written, or a whole row id",
        "check how it is written; `dvc pull` brings data that is not here",
    )


def _targets(
    every: list[Found], by_value: Wanted, row_id: str, old: Iterable[Path | bytes]
) -> tuple[list[Found], list[tuple[str, str]], set[str]]:
    """The raw rows to forget, their ids and digests, and their texts.

    A row of the same text goes too: its digest is the same, and with it the tombstone.
    """
    ids = {row_id} - {""}
    ids |= {row.id for row in with_later_turns(every, ids, set())[0]} - {""}
    digests = {row.digest for row in every if row.holds and row.id}
    texts: set[str] = set()
    tombstones: set[tuple[str, str]] = set()
    first = [file for folder in (COLLECT, CLEAN) for file in sorted(folder.glob("*.parquet"))]
    # Cleaning may have brought the value to light, out of entities or tags.
    for file in filter(by_value.in_file, first):
        rows_of_file = read_parquet(file).to_pylist()
        ids |= {row["id"] for row in rows_of_file if by_value.in_text(cells_as_text(row.values()))}
    for old_row in dvc_stores.rows_in(chain(first, old), ids) if ids else ():
        tombstones.add((old_row.id, old_row.digest))
        digests.add(old_row.digest)
        texts.update(own_texts(old_row._asdict()))
    digests |= {row.digest for row in every if row.id in ids}
    rows, others = with_later_turns(every, ids, digests)
    tombstones |= {(row.id, row.digest) for row in rows if row.id}
    texts |= {text for one in rows for text in own_texts(one.row._asdict())}
    # A text that stays in another row, as a greeting does, is no sign of one that goes.
    forms = {folded(text) for one in others for text in own_texts(one.row._asdict())}
    return rows, sorted(tombstones), {text for text in texts - {""} if folded(text) not in forms}


def _lines_to_drop(
    ids: set[str], digests: set[str], by_value: Wanted, rewrites: set[Path]
) -> dict[Path, tuple[str, int]]:
    """Decisions on the rows, with the value in them, or for one of the `rewrites`; lines of the
    frozen test."""
    found: dict[Path, tuple[list[str], list[str]]] = {}  # the lines of a file, those that stay
    for file in sorted(FOLDER.glob("*.jsonl")):
        text = read_text(file)
        lines = [line for line in text.split("\n") if line.strip()]
        left = [
            line
            for line, one in zip(lines, parse_decisions(text, str(file)), strict=True)
            if one.id not in ids
            and one.digest not in digests
            and not rewrites_of([one]) & rewrites
            and not by_value.in_text(line, file.as_posix())
        ]
        found[file] = (lines, left)
    if FROZEN.exists():
        read_frozen()
        lines = read_text(FROZEN).split("\n")
        lines = [line for line in lines if line.strip()]
        found[FROZEN] = (lines, [line for line in lines if line.split(",")[0] not in ids])
    return {
        file: ("".join(f"{line}\n" for line in left), len(lines) - len(left))
        for file, (lines, left) in found.items()
        if len(left) < len(lines)
    }


def _named_no_more(lines: dict[Path, tuple[str, int]]) -> set[Path]:
    """The rewritten answers that only lines to drop name."""
    texts = {file: read_text(file) for file in FOLDER.glob("*.jsonl")}
    texts |= {file: text for file, (text, _) in lines.items() if file in texts}
    left = chain.from_iterable(parse_decisions(text, str(file)) for file, text in texts.items())
    return rewrites_of(read_decisions(FOLDER)) - rewrites_of(left)


def _to_delete(wanted: Wanted) -> list[Path]:
    """Every cached output, since each may hold the row and `dvc repro` makes it again; outputs in
    git that hold it; the memo; shares of work, which hold texts from before anonymization; what a
    killed stage left behind."""
    only_text = Wanted(wanted.value, (), wanted.texts, wanted.inside)
    cached, held = set(), set()
    for path, in_git in written_outputs():
        if not in_git:
            cached.add(path)
        elif any(only_text.in_file(file) for file in (path, *path.rglob("*")) if file.is_file()):
            held.add(path)
    partial = [*Path("data").rglob(".*.partial"), *Path("models").rglob(".*.partial")]
    memo = Path(".seedbed").glob("memo*")
    shares = shared_folder().glob("*/*/*-of-*")
    return [*sorted(cached), *sorted(held), *sorted(memo), *sorted(shares), *sorted(partial)]


def carry_out(found: Plan, purge: bool) -> dict[str, str]:
    """Do what the plan says; `purge`: delete the objects in the cache and the remotes, too, which
    have passed `check_within_reach`. Gives what could not be deleted, by the remote's name."""
    # First, so that a run that is killed half-way already drops the row.
    add_tombstones(found.tombstones)
    # Before what is here, so that a run that is killed can be repeated with all it takes.
    failed = dvc_stores.purge_remotes(found.remotes) if purge else {}
    for path, (content, _) in found.raw.items():
        if content is None:
            path.unlink()
            Path(f"{path}.dvc").unlink(missing_ok=True)
        else:
            write_bytes(path, content, path.stat().st_mode & 0o777)
    # Before the lines that name them, by which a second run would find them.
    for path in found.rewrites:
        path.unlink(missing_ok=True)
    for path, (text, _) in found.lines.items():
        write_text(path, text)
    for path in [*found.delete, *(found.cached if purge else [])]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return failed


def still_holding(found: Plan, wanted: Wanted) -> list[Path]:
    """Files of the project, but git's own and the DVC cache, that hold it all the same."""
    skipped = {folder.resolve() for folder in found.cache_folders}
    left = []
    for above, folders, names in os.walk("."):
        folders[:] = [
            name
            for name in sorted(folders)
            if name not in NOT_LOOKED_INTO and Path(above, name).resolve() not in skipped
        ]
        for path in (Path(above, name) for name in sorted(names)):
            if path.is_file() and (wanted.in_text(path.as_posix()) or wanted.in_file(path)):
                left.append(path)
    return left


def told(found: Plan, purge: bool) -> list[str]:
    """The plan in words; neither the value nor a text is in them."""
    lines = [
        f"{_shown(path, found)}: {rows} rows{', all of it' if content is None else ''}"
        for path, (content, rows) in found.raw.items()
    ]
    lines += [
        f"source {name}: {rows} rows stand where they cannot be edited (a package, the hub, or a "
        "file outside this project); the tombstone alone drops them"
        for name, rows in found.out_of_reach.items()
    ]
    lines += [f"{path}: {gone} lines" for path, (_, gone) in found.lines.items()]
    lines += [f"{path}: an answer that a person wrote" for path in found.rewrites]
    lines.append(f"{TOMBSTONES}: {len(found.tombstones)} keyed hashes are added")
    lines.append(
        f"{len(found.delete)} stage outputs and memo files go; `dvc repro` makes them again"
    )
    what = "are deleted for good" if purge else "stay; `--purge` deletes them for good"
    lines.append(f"{len(found.cached)} objects in the DVC cache hold it: they {what}")
    lines += [f"  {path}" for path in found.cached]
    return [
        *lines,
        *dvc_stores.told_of_remotes(found.remotes, what),
        *_not_opened(found.wanted, found),
    ]


def told_of_doubt(found: Plan) -> list[str]:
    """Return the doubtful places in words: numbers and lengths, no text."""
    if not found.doubtful:
        return []
    lines = ["The value is also part of a longer word, or has other accents, here:"]
    counted = {
        place: words
        for place, words in found.doubtful.items()
        if place.startswith(("source ", RAW.as_posix(), FOLDER.as_posix(), REWRITES.as_posix()))
    }
    for place, words in counted.items():
        lengths = ", ".join(map(str, sorted(set(words))[:LENGTHS_SHOWN]))
        shown = _shown(Path(place), found)
        lines.append(f"  {shown}: {len(words)} rows, in words of {lengths} letters")
    if others := len(found.doubtful) - len(counted):
        lines.append(f"  {others} files of stages, DVC's cache and remotes")
    return lines


def nothing_whole(found: Plan) -> SeedbedError:
    """Return the error for a value that is whole in no place."""
    return SeedbedError(
        "the value",
        f"part of a longer word or with other accents in {len(found.doubtful)} places, and whole "
        "in none",
        "a value that is a word of its own somewhere",
        "nothing was changed; give the longer word, or add `--inside` to forget "
        "every row that these places are in",
    )


def told_after(found: Plan) -> list[str]:
    """What is left to a person, once the plan is carried out."""
    wanted = Wanted(found.wanted.value, (), found.wanted.texts, found.wanted.inside)
    left = [_shown(path, found) for path in still_holding(found, wanted)]
    lines = _not_opened(wanted, found)
    lines += [f"still holds it, take it out by hand: {path}" for path in left]
    if any(path.parent == FOLDER for path in found.lines):
        lines.append("git's history keeps the lines of the decisions that went")
    return [*lines, "Forgotten here. Now run `dvc repro`, then commit and push."]


def _not_opened(wanted: Wanted, found: Plan) -> list[str]:
    places = [_shown(Path(place), found) for place in sorted(wanted.not_opened)]
    return [f"a zip that could not be opened whole, look into it by hand: {one}" for one in places]


def _shown(path: Path, found: Plan) -> str:
    named = Wanted(found.wanted.value, (), found.wanted.texts, inside=True)
    if not named.in_text(path.as_posix()):
        return path.as_posix()
    above = path.parent.as_posix()
    return f"a file in {above if not named.in_text(above) else 'a folder'} that is named so"
