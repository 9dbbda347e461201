"""Two branches that each add a batch become one dataset: that of a run from scratch on both."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, Project, yaml
from ruamel.yaml import YAML

from seedbed.core.files import read_json

SPLIT = "split"  # what the branches ran; the merge runs all
DATA = ("collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split", "augment",
        "balance", "tokenize")  # fmt: skip
BATCHES = {
    "left": (
        "2026-02-left",
        "key,text,label\n"
        "l1,The bread rises twice before it meets the oven,cooking\n"
        "l2,Add a spoon of honey to the glaze and brush it on,cooking\n"
        "l3,Fog on the hills until noon and then a mild sun,weather\n",
    ),
    "right": (
        "2026-02-right",
        "key,text,label\n"
        "r1,Gusts of wind will bring sleet to the northern coast,weather\n"
        "r2,Add a spoon of honey to the glaze and brush it on,cooking\n"
        "r3,Grease the chain before the long climb out of the valley,cycling\n",
    ),
}


def done(project: Project, *command: str) -> str:
    found = project.run(*command)
    assert found.returncode == 0, f"{command}\n{found.stdout[-2000:]}{found.stderr[-2000:]}"
    return found.stdout


def add_batch(project: Project, name: str) -> None:
    """A source in params.yaml, its file among the deps of collect, and a decision."""
    batch, rows = BATCHES[name]
    (project.folder / f"data/raw/{name}.csv").write_text(rows)

    def add(content) -> None:
        content["sources"].append(
            {"name": name, "kind": "file", "path": f"data/raw/{name}.csv", "batch": batch,
             "columns": {"id": "key"}, "licence": "CC0"}
        )  # fmt: skip

    project.params(add)
    pipeline = yaml.load(project.folder / "dvc.yaml")
    pipeline["stages"]["collect"]["deps"].append(f"data/raw/{name}.csv")
    yaml.dump(pipeline, project.folder / "dvc.yaml")
    manifest = (project.folder / "data/manifest/2026-01-example.csv").read_text().splitlines()
    row = manifest[1 if name == "left" else 2].split(",")
    line = {"id": row[0], "digest": row[1], "given": row[2], "decided": row[2], "who": "ann",
            "when": "2026-02-01T10:00:00+00:00"}  # fmt: skip
    with (project.folder / "data/decisions/ann.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def freeze(project: Project) -> None:
    """The test rows of the first batch, as `seedbed freeze` writes them."""
    rows = (project.folder / "data/manifest/2026-01-example.csv").read_text().splitlines()[1:]
    test = sorted(row.split(",")[:2] for row in rows if row.endswith(",test"))
    lines = "".join(f"{one},{digest}\n" for one, digest in test)
    (project.folder / "data/frozen_test.csv").write_text("id,digest\n" + lines)


def commit(project: Project, message: str) -> None:
    done(project, "git", "add", "-A")
    done(project, "git", "commit", "-qm", message)


@pytest.fixture(scope="module")
def merged(example, tmp_path_factory) -> Project:
    """main with the example; on `left` and on `right` a batch, a decision, a frozen test and a run;
    `right` merged into `left` and resolved."""
    folder = tmp_path_factory.mktemp("branches") / "project"
    shutil.copytree(example.folder, folder, ignore=shutil.ignore_patterns(".git", "__pycache__"))
    project = Project(folder, folder.parent / "trace.tsv")
    shutil.copy(ROOT / ".gitattributes", folder / ".gitattributes")
    (folder / ".gitignore").write_text(".seedbed/\n__pycache__/\n/models/\n")
    for command in ("init -q -b main", "config user.name ann", "config user.email ann@example.org"):
        done(project, "git", *command.split())
    commit(project, "example")
    for name in BATCHES:
        done(project, "git", "checkout", "-q", "-B", name, "main")
        add_batch(project, name)
        freeze(project)
        done(project, "dvc", "repro", "-q", SPLIT)
        commit(project, f"batch {name}")
    done(project, "git", "checkout", "-q", "left")
    conflict = project.run("git", "merge", "-q", "right")
    assert conflict.returncode == 1
    for path in ("params.yaml", "dvc.yaml", "dvc.lock"):
        assert f"Merge conflict in {path}" in conflict.stdout + conflict.stderr
    said = done(project, "python", "-m", "seedbed.cli", "resolve")
    assert "params.yaml: merged" in said
    return project


@pytest.fixture(scope="module")
def from_scratch(merged, tmp_path_factory) -> Project:
    """A run on both batches in a new folder: no lock, no cache, no memo, no output."""
    folder = tmp_path_factory.mktemp("scratch") / "project"
    names = done(merged, "git", "ls-files", "-z").split("\0")
    written = ("data/ledger", "data/manifest", "data/quarantine.csv", "reports", "dvc.lock")
    for name in filter(None, names):
        if not name.startswith(written):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(merged.folder / name, folder / name)
    shutil.copytree(merged.folder / "models/base", folder / "models/base")
    project = Project(folder, folder.parent / "trace.tsv")
    done(project, "git", "init", "-q")
    shutil.rmtree(folder / ".dvc")
    done(project, "dvc", "init", "-q")
    done(project, "dvc", "repro", "-q")
    return project


def outputs(project: Project) -> dict[str, str]:
    lock = YAML(typ="safe").load(project.folder / "dvc.lock")["stages"]
    return {out["path"]: out["md5"] for name in DATA for out in lock[name]["outs"]}


def in_git(folder: Path) -> dict[str, bytes]:
    files = [file for name in ("ledger", "manifest") for file in (folder / "data" / name).iterdir()]
    files += [folder / "data/quarantine.csv", folder / "reports/dataset.json"]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def test_the_data_is_that_of_a_run_from_scratch_on_both_batches(merged, from_scratch):
    assert outputs(merged) == outputs(from_scratch)
    scratch = in_git(from_scratch.folder)
    assert {"data/manifest/2026-02-left.csv", "data/ledger/decided.csv"} <= scratch.keys()
    assert in_git(merged.folder) == scratch


def test_models_figures_and_choice_are_those_of_a_run_from_scratch(merged, from_scratch):
    """But for the last bits of vectors: the memo's were worked out beside other rows."""
    found = {}
    for project in (merged, from_scratch):
        lock = YAML(typ="safe").load(project.folder / "dvc.lock")["stages"]
        assert lock.keys() >= {"finetune@lora", "evaluate@prompt", "select", "report"}
        files = [project.folder / "reports/choice.json"]
        files += sorted((project.folder / "reports/metrics").rglob("*.json"))
        found[project] = {
            f"{file.relative_to(project.folder)}:{key}": value
            for file in files
            for key, value in flat(read_json(file))
        }
    ours, scratch = found.values()
    assert ours.keys() == scratch.keys()
    assert len(scratch) > 1000
    for key, value in scratch.items():
        if isinstance(value, float):
            assert ours[key] == pytest.approx(value, abs=1e-4), key
        else:
            assert ours[key] == value, key


def flat(content: object, key: str = "") -> Iterator[tuple[str, object]]:
    """Every value of a JSON file with its place."""
    if isinstance(content, dict | list):
        places = content.items() if isinstance(content, dict) else enumerate(content)
        for name, value in places:
            yield from flat(value, f"{key}.{name}")
    else:
        yield key, content


def test_a_text_of_both_branches_is_there_once(merged):
    """Neither branch could see that the other had it, too."""
    lines = (merged.folder / "data/ledger/deduplicate.csv").read_text().splitlines()
    both = {name: (merged.folder / f"data/manifest/{BATCHES[name][0]}.csv").read_text().splitlines()
            for name in BATCHES}  # fmt: skip
    assert len(both["left"]) == 4
    assert len(both["right"]) == 3
    assert [line for line in lines if ",exact_duplicate," in line]


def test_sources_decisions_and_frozen_rows_of_both_branches_are_there_once(merged):
    content = yaml.load(merged.folder / "params.yaml")
    assert [source["name"] for source in content["sources"]] == ["example", "left", "right"]
    decisions = (merged.folder / "data/decisions/ann.jsonl").read_text().splitlines()
    assert len(decisions) == len(set(decisions)) == 2
    frozen = (merged.folder / "data/frozen_test.csv").read_text().splitlines()
    assert frozen.count("id,digest") == 1
    assert len(frozen) == len(set(frozen)) > 1


def test_the_merge_can_be_committed(merged):
    done(merged, "git", "add", "-A")
    assert done(merged, "git", "ls-files", "--unmerged") == ""
    done(merged, "git", "commit", "-qm", "both")
    for path in ("params.yaml", "dvc.yaml", "dvc.lock"):
        assert "<<<<<<<" not in (merged.folder / path).read_text()
