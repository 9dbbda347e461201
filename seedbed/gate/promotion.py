"""A model made champion: data and model tagged together, once nothing speaks against it.

The tag names a commit. So it is given only if that commit is the workspace: nothing left
uncommitted, dvc.lock that of this code, these params and these outputs, the model whole, and the
gate passed against the champion before.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.core.errors import GateError, reading
from seedbed.core.files import BEST
from seedbed.core.git import git
from seedbed.core.metrics import CHOICE, EVALUATE, parse_metrics
from seedbed.core.rows import DATASET
from seedbed.gate import compare
from seedbed.gate.compare import CANNOT, PASS, Comparison
from seedbed.gate.page import headline
from seedbed.gate.same_rows import locked_model
from seedbed.pages.document import listed
from seedbed.pipeline.dvc import opened_repo
from seedbed.reporting.answers import answer_scores
from seedbed.reporting.results import shown_scores
from seedbed.scoring.metrics_files import MACRO_F1, AnswerEvaluation, Choice, Evaluation
from seedbed.serving.model_folder import check_served
from seedbed.training.models import model_digest
from seedbed.versions.revisions import Files

SHOWN = 5
FIRST = f"{compare.ARTIFACT}@v1.0.0"


class Promotion(NamedTuple):
    """The tag to be given, the commit it names, and its message."""

    tag: str
    commit: str
    message: str


def plan(uncompared: str = "") -> Promotion:
    """What a promotion would do. `uncompared`: why a model that cannot be compared with the
    champion may follow it all the same, "" where it may not.

    Raises GateError where something speaks against it.
    """
    check_committed()
    check_lock()
    check_served(BEST)
    here, known = Files("HEAD"), compare.champions()
    found = None
    if known:
        check_is_new(here, known[-1])
        found = compare.compare(known[-1])
        check_verdict(found, uncompared)
    tag = f"{compare.ARTIFACT}@v{compare.version(known[-1])[0] + 1}.0.0" if known else FIRST
    return Promotion(tag, here.commit, message(tag, here, found, uncompared))


def check_committed() -> None:
    """Raises GateError where git sees anything that HEAD has not."""
    if changed := git("status", "--porcelain").split("\n")[:-1]:
        raise GateError(
            "the workspace",
            f"{len(changed)} files are not as HEAD has them: "
            f"{listed([one[3:] for one in changed], SHOWN)}",
            "everything committed, since a tag names a commit",
            "commit or put away what is changed",
        )


def check_lock() -> None:
    """Raises GateError where dvc.lock is not that of this code, these params and these outputs.

    Outputs that are not here are no hindrance: those of the private zone are in no remote.
    """
    with opened_repo() as repo:
        cached = {Path(str(out)).as_posix() for out in repo.index.outs if out.use_cache}
        status = repo.status()
    if stale := sorted(_stale(status, cached)):
        raise GateError(
            "dvc.lock",
            f"not of this workspace: {listed(stale, SHOWN)}",
            "a run of this code on these params and rows",
            "run `dvc repro` and commit what it changes, or `dvc checkout` to bring the outputs "
            "that dvc.lock names",
        )


def _stale(status: dict[str, Any], cached: set[str]) -> set[str]:
    """What DVC calls changed, as "stage: path"."""
    found = set()
    for stage, entries in status.items():
        for entry in entries:
            if isinstance(entry, str):  # such as "changed command"
                found.add(f"{stage}: {entry}")
                continue
            for changes in entry.values():
                for path, change in changes.items():
                    if not (change == "deleted" and path in cached):
                        found.add(f"{stage}: {path}")
    return found


def check_is_new(here: Files, last: str) -> None:
    """Raises GateError where the last champion has this very model and dataset."""
    before = Files(last)
    if locked_model(here) == locked_model(before) and compare.dataset_of(
        here
    ) == compare.dataset_of(before):
        raise GateError(
            str(BEST), f"{last} has the same model and dataset", "something new",
            "there is nothing to promote",
        )  # fmt: skip


def check_verdict(found: Comparison, uncompared: str) -> None:
    """Raises GateError unless the gate lets the model pass, or, where it cannot be compared, a
    person says why it may follow all the same."""
    if found.verdict == PASS or (found.verdict == CANNOT and uncompared):
        return
    step = (
        "see `seedbed compare`; a person may let it pass with `seedbed compare --override`"
        if found.verdict != CANNOT
        else "fix that, or give the reason to promote it anyway: `--uncompared WHY`"
    )
    said = f"{found.verdict}: {' '.join(found.reasons)}"
    raise GateError(f"the gate, against {found.base}", said, "a pass", step)


def message(tag: str, here: Files, found: Comparison | None, uncompared: str) -> str:
    """Return the message of the tag: dataset, model, test figures, and its comparison."""
    with reading(DATASET):
        dataset: dict[str, Any] = dict(json.loads(here.read(str(DATASET)) or "{}"))
    choice = parse_metrics(here.read(str(CHOICE)) or "", Choice, str(CHOICE))
    lines = [
        tag,
        "",
        f"dataset {dataset.get('version', 'unknown')}, {dataset.get('rows', 0):,} rows",
        f"model {model_digest(BEST)}, {choice.approach}, seed {choice.seed}",
        *_figures(here, choice),
    ]
    if found is None:
        lines.append("the first champion: compared with none")
    elif found.verdict == CANNOT:
        lines += [f"not compared with {found.base}: {uncompared}", *found.reasons]
    else:
        lines.append(headline(found))
        if one := found.override:
            lines.append(f"override by {one.who}, {one.when}: {one.why}")
    return "\n".join(lines) + "\n"


def _figures(here: Files, choice: Choice) -> list[str]:
    """The test figures as evaluate wrote them; nothing is chosen by them."""
    file = f"{EVALUATE}/{choice.approach}/test.json"
    if not (text := here.read(file)):
        return []
    if choice.measure == MACRO_F1:
        shown = shown_scores("tag", parse_metrics(text, Evaluation, file))
    else:
        shown = answer_scores("differences", parse_metrics(text, AnswerEvaluation, file))
    return [f"test {title} {score}" for title, score in shown]


def carry_out(promotion: Promotion) -> None:
    """Give the tag. Raises GateError where git does not, such as without a name and e-mail."""
    tag, commit, text = promotion
    git("tag", "--annotate", tag, "--message", text, commit)
