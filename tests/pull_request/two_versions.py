"""A repository with two versions of a dataset in git, small or large, and no data at all."""

import json
import shutil
import subprocess
from pathlib import Path

from conftest import ROOT

from seedbed.approaches import NAMES
from seedbed.gate.compare import CANNOT, Comparison
from seedbed.versions.changes import Changes, changes

HEADER = "id,digest,label,split\n"
COMPARISON = Comparison("main", CANNOT, CANNOT, ["models/best: no such folder (expected a model)"])


def row(number: int, label: str, split: str = "train", digest: str = "d" * 16) -> str:
    return f"{number:016x},{digest},{label},{split}\n"


class Versions:
    """`base` is committed; `head` is the workspace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "reports/metrics", folder / "reports/metrics")
        shutil.copytree(ROOT / "reports/plots", folder / "reports/plots")
        for name in ("params.yaml", "dvc.lock", "dvc.yaml", "reports/choice.json"):
            shutil.copy(ROOT / name, folder / name)
        self.figures()
        self.write("data/frozen_test.csv", "id,digest\n")
        self.write("data/tombstones.csv", "id,digest\n")
        self.manifest("2026-01-first", [row(number, "sport") for number in range(5)])

    def figures(self) -> None:
        """Known figures in place of those of this project's last run."""
        for number, name in enumerate(NAMES):
            self.edit(
                f"reports/metrics/evaluate/{name}/validation.json",
                macro_f1={"mean": 0.9 + number / 100, "low": 0.88, "high": 0.95},
            )
        self.edit("reports/choice.json", approach="lora", why="`lora` trains least.")
        self.edit(
            "reports/metrics/find_label_errors.json",
            suspects_by_side={"train": 22, "validation": 7, "test": 4},
        )

    def edit(self, path: str, **values) -> None:
        content = json.loads((self.folder / path).read_text(encoding="utf-8"))
        self.write(path, json.dumps(content | values))

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text, encoding="utf-8")

    def manifest(self, batch: str, rows: list[str]) -> None:
        self.write(f"data/manifest/{batch}.csv", HEADER + "".join(rows))

    def suspects(self, lines: list[str]) -> None:
        header = "id,split,label,suggested,score,reason,nearest\n"
        self.write("reports/suspects.csv", header + "".join(lines))

    def decide(self, number: int, given: str, decided: str, note: str = "") -> None:
        line = {"id": f"{number:016x}", "digest": "d" * 16, "given": given, "decided": decided,
                "who": "ann", "when": "2026-11-20T10:00:00+00:00", "note": note}  # fmt: skip
        with (self.folder / "data/decisions/ann.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def commit(self) -> None:
        (self.folder / "data/decisions").mkdir(exist_ok=True)
        for command in (
            "init -q -b main", "add -A",
            "-c user.name=ann -c user.email=ann@example.org commit -qm base",
        ):  # fmt: skip
            subprocess.run(["git", *command.split()], cwd=self.folder, check=True)

    def page(self, comparison: Comparison = COMPARISON, texts: dict | None = None) -> str:
        from seedbed.pull_request.report import page

        return page("main", self.changes(texts), comparison)

    def changes(self, texts: dict | None = None) -> Changes:
        return changes("main")._replace(texts=texts or {})
