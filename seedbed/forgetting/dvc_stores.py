"""What DVC keeps of old versions, in its cache and its remotes: listed, scanned, purged.

A remote's address may hold a secret, and so may the message of its client's error: neither is ever
shown, only the remote's name and the kind of error.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.core.errors import SeedbedError
from seedbed.forgetting.wanted import PARQUET_BEGINS, Wanted
from seedbed.pipeline.dvc import md5_of, opened_repo

OBJECT_ID = re.compile(r"[0-9a-f]{32}(\.dir)?")
FOLDER_OF_OBJECTS = re.compile(r"[0-9a-f]{2}")


class RemoteObject(NamedTuple):
    """An object by its id, in one of the remote's two stores: DVC 3's, or that of older DVC."""

    store: Any  # dvc_data.hashfile.db.HashFileDB
    id: str

    def read(self, size: int = -1) -> bytes:
        """Its content, or the first `size` bytes. Raises whatever the remote's client raises."""
        with self.store.fs.open(self.store.oid_to_path(self.id), "rb") as opened:
            return opened.read(size)


class Remote(NamedTuple):
    """A remote: its objects, those that hold what is wanted, and why it could not be looked into
    or not wholly (`problem`). A `versioned` one keeps files by name, with versions DVC hides."""

    name: str
    objects: tuple[RemoteObject, ...] = ()
    held: tuple[RemoteObject, ...] = ()
    problem: str = ""
    versioned: bool = False


class Stores(NamedTuple):
    """The folders of the local cache, and every remote that is configured, with its objects, none
    of them read yet."""

    folders: tuple[Path, ...]
    remotes: tuple[Remote, ...]

    def files(self) -> Iterator[Path]:
        """Every file in the cache, but the run cache, which holds hashes alone."""
        for folder in self.folders:
            for file in sorted(folder.rglob("*")):
                if file.is_file() and file.relative_to(folder).parts[0] != "runs":
                    yield file


class OldRow(NamedTuple):
    """A row as a Parquet file has it."""

    id: str
    digest: str
    text: str
    text_pair: str = ""
    context: str = ""
    answer: str = ""


def read_stores() -> Stores:
    """The stores of this project; none where DVC was never set up."""
    if not Path(".dvc").is_dir():
        return Stores((), ())
    with opened_repo() as repo:
        # Objects of DVC before version 3 stand right in the cache folder, the new ones below it.
        paths = {Path(repo.cache.legacy.path), Path(repo.cache.local.path)}
        whole = [path for path in paths if path.is_dir() and paths.isdisjoint(path.parents)]
        remotes = [_listed(repo, name) for name in sorted(repo.config["remote"])]
        return Stores(tuple(sorted(whole)), tuple(remotes))


def rows_in(files: Iterable[Path | bytes], ids: Iterable[str]) -> Iterator[OldRow]:
    """The rows of these ids in those of the files, or contents of files, that are Parquet with ids
    and texts."""
    wanted = sorted(ids)
    for file in files:
        opened = pa.BufferReader(file) if isinstance(file, bytes) else file
        try:
            names = pq.read_schema(opened).names
            if {"id", "digest", "text"} <= set(names):
                columns = [name for name in OldRow._fields if name in names]
                table = pq.read_table(opened, columns=columns, filters=[("id", "in", wanted)])
                yield from (OldRow(**row) for row in table.to_pylist())
        except (pa.ArrowException, OSError):
            continue  # no whole table: the scan looks at its bytes


def _listed(repo: Any, name: str) -> Remote:
    # Each kind of storage has a client with errors of its own, so that any is caught here.
    try:
        remote = repo.cloud.get_remote(name)
        if remote.worktree or remote.fs.version_aware:
            return Remote(name, versioned=True)
        if not remote.fs.CAN_TRAVERSE:
            return Remote(name, problem=f"{remote.fs.protocol} has no way to list what is there")
        return Remote(name, tuple(_objects(remote)))
    except Exception as error:
        return Remote(name, problem=f"it cannot be reached or listed ({type(error).__name__})")


def _objects(remote: Any) -> Iterator[RemoteObject]:
    from dvc_objects.fs.base import ObjectFileSystem

    for store in (remote.legacy_odb, remote.odb):
        # Walking a disk or a server leaves out folders that may not be read, without a word;
        # listing them one by one raises. Stores of objects have no folders.
        on_disk = not isinstance(store.fs, ObjectFileSystem)
        ids = _ids_in_folders(store, remote.path) if on_disk else store.all()
        # In the root, where older DVC put its objects, people may keep files of their own.
        strict = store is remote.legacy_odb
        for one in sorted(ids):
            if OBJECT_ID.fullmatch(one) or not strict:
                yield RemoteObject(store, one)


def _ids_in_folders(store: Any, root: str) -> Iterator[str]:
    fs = store.fs

    def names(path: str) -> list[str]:
        return [fs.name(one.rstrip("/")) for one in fs.ls(path, detail=False)]

    above = root
    for part in fs.relparts(store.path, root) if store.path != root else ():
        if part not in names(above):
            return  # nothing was ever pushed into this store
        above = fs.join(above, part)
    for folder in filter(FOLDER_OF_OBJECTS.fullmatch, names(above)):
        yield from (folder + name for name in names(fs.join(above, folder)))


def also_cached(paths: Iterable[Path], remotes: Iterable[Remote]) -> dict[str, Path]:
    """The files of the local cache that remotes have too, by id; only those that are what their id,
    an MD5, says."""
    there = {one.id for remote in remotes for one in remote.objects}
    by_id = ((path.parent.name + path.name, path) for path in paths)
    return {
        object_id: path
        for object_id, path in by_id
        if object_id in there and md5_of(path) == object_id.split(".")[0]
    }


def tables_only_there(remotes: Iterable[Remote], cached: Collection[str]) -> Iterator[bytes]:
    """The Parquet files that are in a remote and, by their ids, not in the local cache."""
    for remote in remotes:
        for one in remote.objects:
            if one.id in cached:
                continue
            try:
                if one.read(len(PARQUET_BEGINS)) == PARQUET_BEGINS:
                    yield one.read()
            except Exception:
                continue  # the scan meets it again and tells


def scanned(
    remote: Remote, wanted: Wanted, cached: Mapping[str, Path], held_in_cache: Collection[Path]
) -> Remote:
    """The remote with the objects that hold what is wanted. One that the local cache has too is not
    read again: the same id is the same content."""
    held, unread, error_name = [], 0, ""
    for one in remote.objects:
        if one.id in cached:
            holds = cached[one.id] in held_in_cache
        else:
            try:
                data = one.read()
            except Exception as error:
                unread, error_name = unread + 1, type(error).__name__
                continue
            holds = wanted.in_bytes(data, f"{one.id} in the DVC remote {remote.name}")
        if holds:
            held.append(one)
    problem = f"{unread} of its {len(remote.objects)} objects cannot be read ({error_name})"
    return remote._replace(held=tuple(held), problem=problem if unread else remote.problem)


def check_within_reach(remotes: Iterable[Remote]) -> None:
    """Raises SeedbedError where a remote could not be looked into wholly, so not purged either."""
    for remote in remotes:
        if remote.problem:
            raise SeedbedError(
                f"DVC remote {remote.name}",
                remote.problem,
                "a remote that can be listed and read, to purge it",
                "nothing was changed; connect it or log in (make its folder, if nothing was ever "
                "pushed there) and run this again, or, where nothing is left of it, `dvc remote "
                f"remove {remote.name}`; without `--purge` all else is forgotten meanwhile",
            )


def purge_remotes(remotes: Iterable[Remote]) -> dict[str, str]:
    """Delete the objects that were found; give what went wrong, by the remote's name."""
    from dvc_data.hashfile.db import get_index

    failed = {}
    for remote in remotes:
        errors = []
        for one in remote.held:
            try:
                one.store.delete(one.id)
            except FileNotFoundError:
                continue
            except Exception as error:
                errors.append(type(error).__name__)
        # DVC remembers what it has pushed, and would not push an object again that is gone.
        for store in {id(one.store): one.store for one in remote.held}.values():
            get_index(store).clear()
        if errors:
            failed[remote.name] = (
                f"{len(errors)} of {len(remote.held)} objects could not be deleted ({errors[0]})"
            )
    return failed


def check_purged(remotes: Iterable[Remote], failed: dict[str, str]) -> None:
    """Raises SeedbedError where a remote still holds, or may hold, what was to be purged."""
    versioned = "it keeps versions by file name, which were not looked into and not purged"
    found = failed | {one.name: versioned for one in remotes if one.versioned}
    if found:
        raise SeedbedError(
            "; ".join(f"DVC remote {name}: {what}" for name, what in sorted(found.items())),
            "so it may hold it still",
            "every object that holds it deleted there",
            "all else is forgotten and purged; delete what is left with the storage's own tools, "
            "or, where a right to delete was missing, get it and run this again",
        )


def told_of_remotes(remotes: Iterable[Remote], what: str) -> list[str]:
    """The remotes in words; `what` becomes of the objects that hold it. No address in them."""
    lines = []
    for remote in remotes:
        name = f"DVC remote {remote.name}"
        if remote.versioned:
            lines.append(
                f"{name} keeps versions by file name (version_aware or worktree): this command "
                "cannot see them, so delete the old ones there with the storage's own tools"
            )
            continue
        if remote.problem:
            lines.append(
                f"{name} may hold it still: {remote.problem}; connect it or log in, and run this "
                "again with `--purge`"
            )
        if remote.objects:
            lines.append(f"{len(remote.held)} objects in the {name} hold it: they {what}")
            lines += [f"  {one.id}" for one in remote.held]
    return lines
