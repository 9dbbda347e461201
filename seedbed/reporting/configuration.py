"""The report's sections on params.yaml and the labels of the data: entries that match nothing, and
labels that may be meant as one class.

Each stage knows what of its own section matched nothing, and has it in its metrics file as
`unused`; what no stage reads is compared here.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from seedbed.collecting.diversity import CollectMetrics
from seedbed.core.labels import Unused, unmatched
from seedbed.pages.document import Alarm, Cell, Code, Part, Prose, Section, Table, listed
from seedbed.pages.escaping import quoted
from seedbed.scoring.metrics_files import MinimumFunctionality

UNUSED = 30  # entries in a table
BY_CLASS = {"descriptions": "label_prompts", "words": "cloze"}  # by kind of prompts that reads it


def unused_by_approaches(
    approaches: Mapping[str, Mapping[str, Any]],
    shared: Collection[str],
    grids: Iterable[str],
    classes: Collection[str],
) -> Unused:
    """Find what configures approaches that do not run: values of their own for `shared` keys (of
    `training`) and grids by approach; and keys of prompts that are no class, or that the kind of
    prompts does not read."""
    off = {name: params for name, params in approaches.items() if not params.get("run")}
    unused = unmatched("cv.grid", grids, set(approaches) - set(off), ())
    for name, params in off.items():
        own = [key for key in params if key in shared]
        unused |= unmatched(f"approaches.{name}, which does not run", own, ())
    for name, params in approaches.items():
        for key, kind in BY_CLASS.items():
            is_read = name in off or params.get("kind") in ("auto", kind)
            used = classes if is_read else ()
            unused |= unmatched(f"approaches.{name}.{key}", params.get(key) or (), used)
    return unused


def unused_cases(found: MinimumFunctionality, classes: Collection[str]) -> Unused:
    """Labels of the cases in tests/model that are no class any more."""
    return unmatched("tests/model", found.other_classes, (), classes)


def matches_nothing(unused: Unused) -> Section:
    """The entries, and which name each of them is near to."""
    rows: list[list[Cell]] = [
        [Code(place), entry, near]
        for place, entries in unused.items()
        for entry, near in entries.items()
    ]
    what = "1 entry matches" if len(rows) == 1 else f"{len(rows):,} entries match"
    alarm = Alarm(f"{what} nothing in the data; correct or delete what has no effect.")
    table = Table(["where", "entry", "near"], rows, UNUSED, "entries")
    return Section("Configuration that matches nothing", [alarm, table] if rows else [])


def labels_alike(found: CollectMetrics) -> Section:
    """Labels that differ from another one in form alone: those that may be meant as one class, and
    those that have become one."""
    parts: list[Part] = []
    if found.alike:
        names: list[list[Cell]] = [
            [old, found.by_class.get(old, 0), new, found.by_class.get(new, 0)]
            for old, new in found.alike.items()
        ]
        words = (
            "Only case, width, unseen characters, punctuation, or a plural separates these labels. "
            "If two of them are one class, rename one by `label_map`, or set "
            "`collect.join_labels: true` for all of them."
        )
        parts += [Prose(words), Table(["label", "rows", "like", "rows"], names, UNUSED, "labels")]
    if found.joined:
        pairs = [f"{quoted(old)} = {quoted(new)}" for old, new in found.joined.items()]
        parts.append(Prose(f"Joined by `collect.join_labels`: {listed(pairs, UNUSED, '; ')}."))
    return Section("Labels that differ in form alone", parts)
