"""Two versions with planted changes, and what a diff must find of them.

`Plan(seed)` draws a version, changes a copy of it row by row, and writes down each change as it
makes it. A row takes part in one change at most, but that an edit may come with a new label.
"""

import copy
import random
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from seedbed.collecting.raw_rows import add_tombstones
from seedbed.core.decisions import WITHDRAWN, Decision
from seedbed.core.files import write_csv, write_json
from seedbed.core.metrics import Drop, write_ledger
from seedbed.reviewing.session import append
from seedbed.splitting.sides import write_frozen
from seedbed.versions.row_changes import (
    Added,
    Changed,
    Dropped,
    Fate,
    Frozen,
    Relabelled,
    Removed,
    Suspect,
)
from stages.apply_decisions import HEADER as DECIDED
from stages.split import write_manifest

LABELS = {
    "class": ["bill", "delivery, late", 'the "other"', "returns"],
    "labels": ["bill", "bill|late", "late", "late|lost|torn", "|"],
}
BATCHES = ["2026-01-mail", "2026-02-chat", "2026-03-mail"]
SIDES = ["train", "train", "train", "validation", "test"]
FATES = [
    Fate("collect", "label_dropped"), Fate("clean", "too_short"), Fate("clean", "wrong_language"),
    Fate("deduplicate", "exact_duplicate", "cause"), Fate("split", "twin_in_test", "cause"),
]  # fmt: skip
UNTRAINED = [Fate("find_label_errors", "label_issue"), Fate("balance", "over_cap")]
LEDGERS = sorted({one.stage for one in (*FATES, *UNTRAINED)} | {"apply_decisions"})
SUSPECTS = ["id", "split", "label", "suggested", "score", "reason", "nearest"]


@dataclass
class Version:
    """What git holds of rows, and the decisions in the order of their lines."""

    kept: dict[str, dict[str, str]] = field(default_factory=dict)
    fates: dict[str, Fate] = field(default_factory=dict)
    suspects: dict[str, dict[str, str]] = field(default_factory=dict)
    decided: dict[str, tuple[str, str]] = field(default_factory=dict)  # given, decided
    lines: list[Decision] = field(default_factory=list)
    frozen: dict[str, str] = field(default_factory=dict)
    tombstones: list[tuple[str, str]] = field(default_factory=list)
    task: str = "class"

    def write(self, max_rows: int = 10**6) -> None:
        """Write it into the working folder by the writers of the stages."""
        for folder in ("data", "reports/metrics"):
            Path(folder).mkdir(parents=True, exist_ok=True)
        Path("params.yaml").write_text(f"task:\n  kind: {self.task}\n")
        rows = pd.DataFrame([{"id": row} | one for row, one in self.kept.items()])
        write_manifest(rows, max_rows)
        if len(rows) > max_rows:
            Path("data/split").mkdir(exist_ok=True)
            rows.to_parquet("data/split/rows.parquet")
        for stage in LEDGERS:
            drops = [
                Drop(row, one.reason, one.cause)
                for row, one in self.fates.items()
                if one.stage == stage
            ]
            write_ledger(Path(f"data/ledger/{stage}.csv"), drops)
        write_json(Path("reports/metrics/split.json"), {"rows": {"kept": len(self.kept)}})
        suspects = sorted(self.suspects.values(), key=lambda one: (one["score"], one["id"]))
        write_csv(Path("reports/suspects.csv"), SUSPECTS, [[*one.values()] for one in suspects])
        lines = [
            [row, self.kept.get(row, {}).get("split", "train"), *one, "ann"]
            for row, one in sorted(self.decided.items())
        ]
        write_csv(Path("data/ledger/decided.csv"), DECIDED, lines)
        for old in Path("data/decisions").glob("*.jsonl"):
            old.unlink()
        for line in self.lines:
            append(line)
        write_frozen(self.frozen)
        write_csv(Path("data/tombstones.csv"), ["id", "digest"], [])
        add_tombstones(self.tombstones)


class Plan:
    """A version, a changed copy of it, and the changes by the name of their list."""

    def __init__(self, seed: int, task: str = "class") -> None:
        self.draw, self.labels = random.Random(seed), LABELS[task]
        self.base, self.changes = Version(task=task), {}
        for _ in range(self.draw.randrange(12, 40)):
            self.base.kept[self.name()] = self.placed()
        for _ in range(self.draw.randrange(4, 12)):
            self.base.fates[self.name()] = self.fate()
        for row in self.some(4):
            self.base.fates[row] = self.draw.choice(UNTRAINED)
        self.free = [*self.base.kept]
        self.draw.shuffle(self.free)
        for row in self.some(6):
            self.base.suspects[row] = self.suspect(row)
        for row in self.some(5):
            self.decide(self.base, row, self.base.kept[row]["label"], given=self.other_label(row))
        tests = [row for row, one in self.base.kept.items() if one["split"] == "test"]
        self.base.frozen = {row: self.base.kept[row]["digest"] for row in tests[:3]}
        self.base.tombstones = [(self.name(), self.name())]
        self.head = copy.deepcopy(self.base)
        kinds = [kind for name, kind in vars(Plan).items() if name.startswith("plant_")]
        for _ in range(self.draw.randrange(0, 25)):
            self.draw.choice(kinds)(self)

    # what a version is drawn from

    def name(self) -> str:
        return f"{self.draw.getrandbits(64):016x}"

    def placed(self) -> dict[str, str]:
        return {
            "batch": self.draw.choice(BATCHES), "digest": self.name(),
            "label": self.draw.choice(self.labels), "split": self.draw.choice(SIDES),
        }  # fmt: skip

    def fate(self) -> Fate:
        one = self.draw.choice(FATES)
        return one._replace(cause=self.name()) if one.cause else one

    def some(self, most: int) -> list[str]:
        return self.draw.sample(sorted(self.base.kept), self.draw.randrange(most))

    def other_label(self, row: str) -> str:
        return self.draw.choice([one for one in self.labels if one != self.base.kept[row]["label"]])

    def suspect(self, row: str) -> dict[str, str]:
        placed = self.base.kept[row]
        return {
            "id": row, "split": placed["split"], "label": placed["label"],
            "suggested": self.other_label(row), "score": f"0.{self.draw.randrange(10**6):06}",
            "reason": self.draw.choice(["label_issue", "other_label_likelier"]), "nearest": "",
        }  # fmt: skip

    def decide(self, version: Version, row: str, label: str, given: str, who="ann") -> Decision:
        digest = version.kept[row]["digest"]
        when = f"2026-05-{len(version.lines) // 60 + 1:02}T10:{len(version.lines) % 60:02}:00"
        line = Decision(
            id=row, digest=digest, given=given, decided=label, who=who, when=when,
            note=self.draw.choice(["", "a, b", "| said so"]),
        )  # fmt: skip
        version.lines.append(line)
        if label != WITHDRAWN:
            version.decided[row] = (given, label)
        return line

    # what changes are made of

    def take(self, wanted=lambda row: True) -> str | None:
        """A kept row that no change has used yet."""
        row = next((row for row in self.free if wanted(row)), None)
        if row:
            self.free.remove(row)
        return row

    def plain(self, row: str) -> bool:
        """Whether nothing but the manifest knows of the row."""
        return not any(
            row in one
            for one in (self.base.fates, self.base.suspects, self.base.decided, self.base.frozen)
        )

    def note(self, kind: str, change) -> None:
        self.changes.setdefault(kind, []).append(change)

    def where(self, row: str, version: Version) -> tuple[str, str, str]:
        placed = version.kept[row]
        return placed["batch"], placed["label"], placed["split"]

    # the changes

    def plant_new_row(self) -> None:
        row = self.name()
        self.head.kept[row] = self.placed() | {"batch": self.draw.choice([*BATCHES, "2026-04-new"])}
        self.note("added", Added(row, *self.where(row, self.head)))

    def plant_row_that_comes_back(self) -> None:
        if row := self.dropped():
            self.head.kept[row] = self.placed()
            was = self.head.fates.pop(row)
            self.note("added", Added(row, *self.where(row, self.head), was))

    def used(self, row: str) -> bool:
        return any(row == getattr(one, "id", one) for part in self.changes.values() for one in part)

    def remove(self, fate: Fate, said=()) -> str | None:
        if row := self.take(self.plain):
            self.note("removed", Removed(row, *self.where(row, self.base), fate, said))
            del self.head.kept[row]
        return row

    def plant_drop(self) -> None:
        fate = self.fate()
        if row := self.remove(fate):
            self.head.fates[row] = fate

    def plant_drop_by_a_person(self) -> None:
        if row := self.take(self.plain):
            placed, fate = self.where(row, self.base), Fate("apply_decisions", "dropped_by_person")
            line = self.decide(self.head, row, "<drop>", self.base.kept[row]["label"], "bob")
            self.note("decisions_made", line)
            self.note("removed", Removed(row, *placed, fate, (("bob", line.when, line.note),)))
            self.head.fates[row] = fate
            del self.head.kept[row]

    def plant_row_that_leaves_its_source(self) -> None:
        self.remove(Fate("", "left_source"))

    def plant_forgotten_row(self) -> None:
        if row := self.remove(Fate("", "forgotten")):
            self.note("new_tombstones", row)
            self.head.tombstones.append((row, self.base.kept[row]["digest"]))

    def plant_forgotten_copy(self) -> None:
        if row := self.remove(Fate("", "forgotten")):
            other = self.name()
            self.note("new_tombstones", other)
            self.head.tombstones.append((other, self.base.kept[row]["digest"]))

    def relabel(self, row: str, label: str, by: str, said=()) -> None:
        before = self.base.kept[row]["label"]
        self.head.kept[row]["label"] = label
        batch, _, split = self.where(row, self.head)
        self.note("relabelled", Relabelled(row, batch, split, before, label, by, said))

    def plant_decided_label(self) -> None:
        if row := self.take(self.plain):
            label = self.other_label(row)
            line = self.decide(self.head, row, label, self.base.kept[row]["label"], "cat")
            self.note("decisions_made", line)
            self.relabel(row, label, "decision", (("cat", line.when, line.note),))

    def plant_withdrawn_label(self) -> None:
        if row := self.take(lambda row: row in self.base.decided and row not in self.base.suspects):
            given, _ = self.head.decided.pop(row)
            line = self.decide(self.head, row, WITHDRAWN, given)
            self.note("decisions_withdrawn", line)
            self.relabel(row, given, "withdrawn", (("ann", line.when, line.note),))

    def plant_other_label_at_the_source(self) -> None:
        if row := self.take(self.plain):
            self.relabel(row, self.other_label(row), "source")

    def plant_edit(self) -> None:
        if row := self.take(self.plain):
            self.change(row, "digest", self.name())
            if self.draw.random() < 0.3:
                self.note("edited", self.changes["edited"].pop()._replace(label="bill"))
                if self.base.kept[row]["label"] != "bill":
                    self.relabel(row, "bill", "source")

    def plant_move(self) -> None:
        if row := self.take(self.plain):
            sides = {"train", "validation", "test"} - {self.base.kept[row]["split"]}
            self.change(row, "split", self.draw.choice(sorted(sides)))

    def plant_other_batch(self) -> None:
        if row := self.take(self.plain):
            self.change(row, "batch", "2026-09-late")

    def change(self, row: str, what: str, value: str) -> None:
        before = self.base.kept[row][what]
        self.head.kept[row][what] = value
        kind = {"digest": "edited", "split": "moved", "batch": "rebatched"}[what]
        self.note(kind, Changed(row, *self.where(row, self.head), before, value))

    def plant_drop_on_arrival(self) -> None:
        row, fate = self.name(), self.fate()
        self.head.fates[row] = fate
        self.note("arrived_dropped", Dropped(row, None, fate))

    def dropped(self) -> str | None:
        rows = (row for row in self.base.fates if row not in self.base.kept and not self.used(row))
        return next(rows, None)

    def plant_other_reason(self) -> None:
        if row := self.dropped():
            fate = Fate("clean", "too_long")
            self.note("redropped", Dropped(row, self.base.fates[row], fate))
            self.head.fates[row] = fate

    def plant_dropped_row_that_goes(self) -> None:
        if row := self.dropped():
            self.note("gone_dropped", Dropped(row, self.head.fates.pop(row), None))

    def plant_cap(self) -> None:
        if row := self.take(self.plain):
            self.head.fates[row] = self.draw.choice(UNTRAINED)
            self.note("left_training", Dropped(row, None, self.head.fates[row]))

    def plant_end_of_a_cap(self) -> None:
        if row := self.take(lambda row: row in self.base.fates):
            self.note("back_in_training", Dropped(row, self.head.fates.pop(row), None))

    def noted_suspect(self, row: str, version: Version, why: str = "") -> Suspect:
        one = version.suspects[row]
        values = (one[name] for name in ("split", "label", "suggested", "reason"))
        return Suspect(row, *values, why)

    def plant_suspect(self) -> None:
        if row := self.take(self.plain):
            self.head.suspects[row] = self.suspect(row)
            self.note("new_suspects", self.noted_suspect(row, self.head))

    def plant_verified_suspect(self) -> None:
        if row := self.take(lambda row: row in self.base.suspects and row not in self.base.decided):
            label = self.base.kept[row]["label"]
            self.note("decisions_made", self.decide(self.head, row, label, label, "bob"))
            del self.head.suspects[row]
            self.note("gone_suspects", self.noted_suspect(row, self.base, "decided"))

    def plant_suspect_that_is_doubted_no_more(self) -> None:
        if row := self.take(lambda row: row in self.base.suspects and row not in self.base.decided):
            del self.head.suspects[row]
            self.note("gone_suspects", self.noted_suspect(row, self.base, "no_longer_doubted"))

    def plant_suspect_for_another_reason(self) -> None:
        if row := self.take(lambda row: row in self.base.suspects):
            self.head.suspects[row]["reason"] = "near_copy_other_label"
            self.note("changed_suspects", self.noted_suspect(row, self.head))

    def plant_another_score_which_is_no_change(self) -> None:
        if row := self.take(lambda row: row in self.base.suspects):
            self.head.suspects[row]["score"] = "0.000001"

    def plant_frozen_row(self) -> None:
        if row := self.take(lambda row: self.plain(row) and row not in self.head.frozen):
            self.head.frozen[row] = self.base.kept[row]["digest"]
            self.note("frozen", Frozen(row, "", self.head.frozen[row]))

    def plant_thawed_row(self) -> None:
        if row := self.take(lambda row: row in self.base.frozen):
            self.note("frozen", Frozen(row, self.head.frozen.pop(row), ""))
