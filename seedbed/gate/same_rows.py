"""Two models run on the same test rows, each through its own tokenizer and settings.

The rows are those of the test split that the base model has not learned from. That model is
models/best as another revision's dvc.lock names it: DVC reads it from the local cache, or from the
remote where the cache lacks it, and puts it into a temporary folder; the workspace stays as it is.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from seedbed import tasks
from seedbed.core.errors import GateError, PipelineError, RowsError
from seedbed.core.files import BEST
from seedbed.core.rows import SPLIT, read_rows
from seedbed.gate.verdict import Answers
from seedbed.pipeline.dvc import LOCK, md5_of, opened_repo, parse_lock
from seedbed.scoring.metrics import Scored, clusters_of
from seedbed.serving.model_folder import (
    AnswerServing,
    Serving,
    check_served,
    read_answer_serving,
    read_serving,
    writes_answers,
)
from seedbed.splitting.sides import SHOWN, check_frozen, read_frozen
from seedbed.training.models import model_digest, read_card
from seedbed.versions.revisions import Files
from seedbed.versions.row_records import Placed

MIN_KEPT_SHARE = 0.5  # of the test rows; below, the base was split another way


def read_test_side() -> pd.DataFrame:
    """The test rows of the workspace. Raises GateError where there are none."""
    rows = read_rows(SPLIT)
    test = rows[rows["split"] == "test"].reset_index(drop=True)
    if test.empty:
        raise GateError(
            str(SPLIT),
            "no test rows",
            "rows that no model was trained on",
            "see params.yaml: split",
        )
    return test


def check_run(test: pd.DataFrame, manifest: Mapping[str, Placed]) -> None:
    """Raises RowsError where the test rows are not those of data/manifest: of another run."""
    here = {row.id: (row.digest, row.label) for row in test.itertuples()}
    named = {row: (one.digest, one.label) for row, one in manifest.items() if one.split == "test"}
    if differ := {row for row, _ in here.items() ^ named.items()}:
        raise RowsError(
            str(SPLIT),
            f"{len(differ)} test rows are not those of data/manifest",
            "rows and manifest of one run",
            "run `dvc checkout`, or `dvc repro`",
        )


def check_none_lost(test: pd.DataFrame, base_frozen: set[str]) -> None:
    """Raises a SeedbedError where a test row that a person froze, here or in the base, is gone: a
    test side without its hard rows would flatter the head."""
    check_frozen(test, read_frozen())
    if lost := sorted(base_frozen - set(test["id"])):
        raise GateError(
            "data/frozen_test.csv of the base",
            f"{len(lost)} of its frozen test rows are not in test now: {', '.join(lost[:SHOWN])}",
            "every test row that was frozen then",
            "bring the rows back; where a person took them out on purpose, no earlier model can be "
            "compared with this one",
        )


def check_same_ids(base: Mapping[str, Placed], head: Mapping[str, Placed]) -> None:
    """Raises GateError where no row of the base is named here: with ids made by another key, what
    the base has learnt would be unknown."""
    if base and not base.keys() & head.keys():
        raise GateError(
            "data/manifest of the base",
            "no id in common with data/manifest here",
            "ids made with the same key, of data that has grown",
            "other data, or another key, makes another line of models: judge this one by "
            "reports/report.md",
        )


def honest_rows(test: pd.DataFrame, base: Mapping[str, Placed]) -> tuple[pd.DataFrame, list[str]]:
    """Test rows without those that stood in the base's train or validation, by id or text, and the
    ids of these.

    Raises GateError where the base names no rows, or where less than half of the rows is left.
    """
    if not base:
        raise GateError(
            "data/manifest of the base",
            "no rows",
            "the rows that its model was trained on",
            "name a revision whose pipeline has run",
        )
    learnt = {row: one.digest for row, one in base.items() if one.split != "test"}
    seen = test["id"].isin(set(learnt)) | test["digest"].isin(set(learnt.values()))
    kept = test[~seen].reset_index(drop=True)
    if len(kept) < MIN_KEPT_SHARE * len(test):
        raise GateError(
            "data/manifest of the base",
            f"{int(seen.sum())} of the {len(test)} test rows were in its train or validation",
            "a base that was split as this version is",
            "the split has changed: no earlier model can be compared with this one on these rows",
        )
    return kept, list(test["id"][seen])


def check_classes(base: set[str], head: set[str]) -> None:
    """Raises GateError where one model has a class that the other lacks."""
    if base != head:
        parts = (("new", head - base), ("gone", base - head))
        found = "; ".join(f"{what}: {', '.join(sorted(names))}" for what, names in parts if names)
        raise GateError(
            "the models' classes",
            f"they differ ({found})",
            "the same classes in both models",
            "judge this one by reports/report.md; the next comparison is with a model that has the "
            "same classes",
        )


def locked_model(files: Files) -> str:
    """Return the digest of models/best in a version's dvc.lock. Raises GateError without one."""
    try:
        stages = parse_lock(files.read(LOCK) or "", f"{files.place}{LOCK}")
    except PipelineError:
        stages = {}
    for stage in stages.values():
        if digest := stage.outputs.get(BEST.as_posix()):
            return digest
    raise GateError(
        f"{files.revision or 'workspace'}: {LOCK}",
        f"no {BEST} in it",
        "the lock of a run that has made a model",
        "name a revision with a model, or run `dvc repro` and commit dvc.lock",
    )


@contextmanager
def base_model(files: Files) -> Iterator[Path]:
    """The folder of a revision's model, for as long as the block runs.

    Raises GateError where neither cache nor remote has all of it, whole.
    """
    named = locked_model(files)
    with tempfile.TemporaryDirectory(prefix="seedbed-base-") as temporary:
        folder = Path(temporary) / BEST.name
        # Each kind of storage has a client with errors of its own, so that any is caught here;
        # their messages may hold a remote's address, so only their kind is reported.
        try:
            _fetch(named, folder)
        except Exception as error:
            raise GateError(
                f"{files.revision}: {BEST}",
                f"it is neither whole in the cache nor in the remote ({type(error).__name__})",
                "the model as that revision's dvc.lock names it",
                "have someone who ran that revision `dvc push` it, or check it out and `dvc repro`",
            ) from None
        yield folder


def _fetch(named: str, folder: Path) -> None:
    """Write the files of a folder that DVC knows by `named`. The cache and the remote are those of
    today: `dvc get --rev` would ask the remote that the old revision names."""
    from dvc.config import NoRemoteError

    with opened_repo() as repo:
        stores = [repo.cache.local]
        with suppress(NoRemoteError):
            stores.append(repo.cloud.get_remote().odb)
        _copy(stores, named, folder / "listed")
        listed = json.loads((folder / "listed").read_text(encoding="utf-8"))
        (folder / "listed").unlink()
        for one in listed:
            target = (folder / one["relpath"]).resolve()
            if not target.is_relative_to(folder.resolve()):
                raise ValueError(one["relpath"])
            _copy(stores, one["md5"], target)


def _copy(stores: list[Any], name: str, target: Path) -> None:
    """Write the object of this name, out of the first store that has it whole: the name is the MD5
    of its bytes. Raises FileNotFoundError where none has."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for store in stores:
        path = store.oid_to_path(name)
        if not store.fs.exists(path):
            continue
        with store.fs.open(path, "rb") as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
        if md5_of(target) == name.removesuffix(".dir"):
            return
    raise FileNotFoundError(name)


class Asked(NamedTuple):
    """A model folder, checked: its task, what it can answer, "out of scope" among it if it detects
    that, what predictions need, and its digest."""

    folder: Path
    task: str
    classes: set[str]
    serving: Serving | AnswerServing
    digest: str

    @property
    def of_labels(self) -> Serving:
        """What predictions of labels need. Raises GateError for a model that answers."""
        if isinstance(self.serving, Serving):
            return self.serving
        raise GateError(str(self.folder), "a model that answers", "one of classes", "name another")


def checked_model(folder: Path) -> Asked:
    """Check a model's files and read what they say. Raises ModelError where it is damaged."""
    check_served(folder)
    card = read_card(folder)
    if writes_answers(card):
        answering = read_answer_serving(folder)
        return Asked(folder, card.task, set(), answering, model_digest(folder))
    serving = read_serving(folder)
    classes = {*card.classes, serving.outside} - {""}
    return Asked(folder, card.task, classes, serving, model_digest(folder))


def check_same_task(base: Asked, head: Asked) -> None:
    """Raises GateError where the models predict something else."""
    if base.task != head.task:
        found = f"{head.task}, and {base.task} in the base: the task has changed"
        raise GateError(
            "the models' tasks", found, "one task", "judge this one by reports/report.md"
        )


def answered(model: Asked, rows: pd.DataFrame, classes: list[str]) -> np.ndarray:
    """Run a model on each row, tokenized as that model does: probabilities (rows, classes).

    They are calibrated, or where the model has thresholds, those by which these decide: out of
    scope is a class of its own then, the most probable one where the model's confidence is below
    its threshold. A class that the model does not have gets 0.
    """
    from seedbed.serving.predicting import probabilities
    from seedbed.training.classifier import Classifier

    serving, classifier = model.of_labels, Classifier(model.folder)
    pairs = list(rows["text_pair"]) if serving.paired else None
    given = probabilities(list(rows["text"]), pairs, classifier, serving)
    task, limits = classifier.task, serving.thresholds
    columns = task.ruled_classes(classifier.classes, serving.outside, limits)
    # Thresholds hold for probabilities before scaling.
    given = task.ruled(given, limits) if limits else task.rescaled(given, serving.temperature)
    result = np.zeros((len(rows), len(classes)))
    result[:, [classes.index(name) for name in columns]] = given
    return result


def answers_of(rows: pd.DataFrame, base: Asked, head: Asked) -> Answers:
    """Both models' answers to the rows. One that occurs twice, byte for byte, is asked once.

    Raises GateError where tasks or classes differ, or one model takes pairs and the other does not.
    """
    check_classes(base.classes, head.classes)
    if base.of_labels.paired != head.of_labels.paired:
        raise GateError(
            "the models' inputs", "one reads pairs, the other single texts", "the same inputs",
            "judge this one by reports/report.md",
        )  # fmt: skip
    task = tasks.load_class(head.task)
    classes = sorted(head.classes | set(task.classes(rows["label"])))
    labels = task.targets(rows["label"], classes)
    clusters = clusters_of(list(rows["id"]), list(rows["group"]))
    now = answered(head, rows, classes)
    before = now if base.digest == head.digest else answered(base, rows, classes)
    scored = (
        Scored.of(task, labels, task.decode(given), given, clusters) for given in (before, now)
    )
    return Answers(classes, *scored)
