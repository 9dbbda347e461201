"""Long use: 50 updates of one project, beside runs from scratch on the same inputs.

Updates are batches, edits of old rows, decisions, withdrawn decisions, rows forgotten, and merges
of branches that both have new rows. Stages up to `split` run after each in this process; work is
counted as results that the memo did not have, not as seconds.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr
from importlib import import_module
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from seedbed.core.decisions import WITHDRAWN
from seedbed.core.files import read_csv, write_csv
from seedbed.core.rows import ANONYMIZE, read_rows
from seedbed.pages.document import Table
from seedbed.running.memo import MEMO, Store, limit_bytes
from tests.conftest import ROOT, make_project, yaml
from tests.trust.outcome import Outcome

STAGES = ("collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split")
INPUTS = ("params.yaml", "data/raw", "data/decisions", "data/frozen_test.csv",
          "data/tombstones.csv")  # fmt: skip
UPDATES = 50
# In turn; a batch has ROWS rows, and of every ten updates one merges and one forgets or adds rows.
TURNS = ("batch", "relabel", "batch", "edit", "batch", "drop", "merge", "batch", "withdraw",
         "forget")  # fmt: skip
ROWS = 6
BACK = 4  # texts that an edit or a decision brings back: their row was dropped before
COMPARED_EVERY = 10
FLOATS = 1e-3  # by which a vector, of length 1, may differ: it depends on the texts of its batch
GIT = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in {"NAME": "ann", "EMAIL": "ann@example.org"}.items()
}


class Use:
    """A project that is used for long: what was done to it, and what was wrong."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.project, self.random = make_project(folder), random.Random(seed)
        self.folder, self.missed, self.done = folder, [], Counter[str]()
        self.words: dict[str, list[str]] = {}
        for line in read_csv(folder / "data/raw/rows.csv"):
            self.words.setdefault(line["label"], []).extend(line["text"].split())
        self.seen = {line["text"] for line in read_csv(folder / "data/raw/rows.csv")}
        self.batches = self.compared = self.computed = self.fresh = 0
        shutil.copy(ROOT / ".gitattributes", folder / ".gitattributes")
        (folder / ".gitignore").write_text(".seedbed/\ndata/*/\n!data/raw/\n!data/decisions/\n")
        self.run(len(self.seen))
        self.commit()

    def run(self, fresh: int) -> None:
        """Run the stages after an update with so many texts that no run has seen."""
        before = self.results()
        run_stages(self.folder)
        added = self.results() - before
        for operation, number in added.items():
            if number > fresh + BACK:
                self.missed.append(f"{operation} computed {number} results of {fresh} new texts")
        self.computed, self.fresh = (
            self.computed + max(added.values(), default=0),
            self.fresh + fresh,
        )
        if (size := (self.folder / MEMO).stat().st_size) > limit_bytes():
            self.missed.append(f"the memo has {size:,} bytes of {limit_bytes():,}")

    def results(self) -> Counter[str]:
        """Results in the memo, by operation."""
        with chdir(self.folder), Store() as store:
            return Counter({kept.operation: kept.results for kept in store.stats()})

    def git(self, *arguments: str, may_fail: bool = False) -> None:
        command = ["git", "-C", str(self.folder), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **GIT})
        assert may_fail or done.returncode == 0, done.stderr

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "an update")

    def batch(self, rows: list[list[str]]) -> int:
        """Register a file of rows (key, text, label) as `seedbed add` does; give its new texts."""
        self.batches += 1
        name = f"data/raw/batch-{self.batches:03}.csv"
        write_csv(self.folder / name, ["key", "text", "label"], rows)

        def change(content) -> None:
            entry = {**content["sources"][0], "path": name, "batch": f"2026-02-{self.batches:03}"}
            content["sources"].append(entry)

        self.project.params(change)
        pipeline = yaml.load(self.folder / "dvc.yaml")
        pipeline["stages"]["collect"]["deps"].append(name)
        yaml.dump(pipeline, self.folder / "dvc.yaml")
        texts = {text for _, text, _ in rows} - self.seen
        self.seen |= texts
        return len(texts)

    def rows(self, number: int, keys: str = "") -> list[list[str]]:
        """New rows: words of a class in another order; one in ten repeats an old text."""
        made = []
        for turn in range(number):
            label = self.random.choice(sorted(self.words))
            text = " ".join(self.random.choices(self.words[label], k=11))
            if self.random.random() < 0.1:
                text = self.random.choice(sorted(self.seen))
            made.append([keys or f"b{self.batches + 1}-{turn}", text, label])
        return made

    def decide(self, decided: str, who: str, number: int = 2) -> None:
        """Append a person's decisions on some rows."""
        when = f"2026-03-01T00:00:{self.batches % 60:02}"
        table = read_rows(self.folder / ANONYMIZE)
        with (self.folder / f"data/decisions/{who}.jsonl").open("a", encoding="utf-8") as file:
            for index in sorted(self.random.sample(range(len(table)), number)):
                row = table.iloc[index]
                choice = decided or self.random.choice(sorted(self.words))
                line = {
                    "id": row["id"], "digest": row["digest"], "given": row["label"],
                    "decided": choice, "who": who, "when": when, "note": "",
                }  # fmt: skip
                file.write(json.dumps(line) + "\n")

    def update(self, turn: str) -> None:
        """Do one update, run the stages, commit."""
        self.done[turn] += 1
        fresh = 0
        if turn == "batch":
            fresh = self.batch(self.rows(ROWS))
        elif turn == "edit":  # old keys with new texts
            old = read_csv(self.folder / "data/raw/rows.csv")
            fresh = self.batch([self.rows(1, self.random.choice(old)["key"])[0] for _ in range(2)])
        elif turn == "merge":
            fresh = self.merge()
        elif turn == "forget":
            fresh = self.forget()
        else:
            choice = {"relabel": "", "drop": "<drop>", "withdraw": WITHDRAWN}[turn]
            self.decide(choice, "ann" if turn == "relabel" else "ben")
        self.run(fresh)
        self.commit()

    def merge(self) -> int:
        """Two branches with a batch and decisions each, merged by `seedbed resolve`."""
        from seedbed.merging.resolve import resolve

        self.git("checkout", "--quiet", "-b", "other")
        fresh = self.batch(self.rows(ROWS))
        self.decide("", "ben")
        self.commit()
        self.git("checkout", "--quiet", "-")
        fresh += self.batch(self.rows(ROWS))
        self.decide("", "ann")
        self.commit()
        self.git("merge", "--quiet", "other", may_fail=True)
        with chdir(self.folder):
            resolve()
        self.git("branch", "-D", "other")
        return fresh

    def forget(self) -> int:
        """Forget a row, and the memo with it: what is left is new again."""
        from seedbed.forgetting import forget

        table = read_rows(self.folder / ANONYMIZE)
        row = table["id"].iloc[self.random.randrange(len(table))]
        with chdir(self.folder):
            forget.carry_out(forget.plan(row_id=row), purge=False)
        return 0 if (self.folder / MEMO).exists() else len(self.seen)

    def compare(self) -> None:
        """Compare with a run from scratch, without a memo, on the same inputs."""
        with from_scratch(self.folder) as scratch:
            run_stages(scratch)
            for file in sorted(file for file in scratch.rglob("*") if file.is_file()):
                path = file.relative_to(scratch)
                self.compared += 1
                ours = self.folder / path
                if not ours.exists() or ours.read_bytes() != file.read_bytes():
                    self.missed.append(f"{path} is not that of a run from scratch")

    def whole(self) -> None:
        """Run all stages by DVC; compare lock, vectors and models with those from scratch."""
        from seedbed.encoding.vectors import read_vectors

        done = self.project.run("dvc", "repro")
        lock = self.project.run(sys.executable, "-m", "seedbed.cli", "check-lock")
        for step in (done, lock):
            if step.returncode:
                self.missed.append(f"{step.args[-1]}: {step.stderr[-300:]}{step.stdout[-300:]}")
        with from_scratch(self.folder) as scratch:
            shutil.copytree(self.folder / "models/base", scratch / "models/base")
            run_stages(scratch)
            for name in ("embed", "cv", "find_label_errors"):
                _main(scratch, name)
            ids = list(read_rows(scratch / "data/split")["id"])
            ours, theirs = (
                read_vectors(one / "data/embed", ids)[0] for one in (self.folder, scratch)
            )
            if (gap := abs(ours - theirs).max()) > FLOATS:
                self.missed.append(f"vectors differ by {gap:.5f} from those from scratch")


def run_stages(folder: Path) -> None:
    """Run the data stages in this process."""
    for name in STAGES:
        _main(folder, name)


def _main(folder: Path, name: str) -> None:
    with chdir(folder), redirect_stderr(StringIO()):
        import_module(f"stages.{name}").main()


@contextmanager
def from_scratch(folder: Path) -> Iterator[Path]:
    """A project with the same inputs, where nothing has run, and no memo."""
    with tempfile.TemporaryDirectory() as other, patch.dict(os.environ, SEEDBED_MEMO="off"):
        for name in INPUTS:
            source, target = folder / name, Path(other) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
        yield Path(other)


def measure(scale: float, seed: int) -> Outcome:
    """Update a project `scale` times UPDATES times; but for a sample, all stages run at the end."""
    with tempfile.TemporaryDirectory() as folder:
        use = Use(Path(folder) / "project", seed)
        updates = max(len(TURNS), round(UPDATES * scale))
        for number in range(1, updates + 1):
            use.update(TURNS[(number - 1) % len(TURNS)])
            if number % COMPARED_EVERY == 0 or number == updates:
                use.compare()
        if updates > len(TURNS):
            use.whole()
    kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(use.done.items()))
    lines = [
        ["updates", f"{updates}: {kinds}"],
        ["files that are byte for byte those of a run from scratch",
         f"{use.compared - sum('scratch' in one for one in use.missed)} of {use.compared}"],
        ["texts that were new to a run", f"{use.fresh:,}"],
        ["results computed, by the operation with the most", f"{use.computed:,}"],
    ]  # fmt: skip
    summary = (
        f"One project was updated {updates} times (seed {seed}), and compared with a run from "
        f"scratch after every {COMPARED_EVERY}."
    )
    return Outcome("Long use", summary, Table(["what", "found"], lines), tuple(use.missed))
