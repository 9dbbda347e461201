"""The report's table of label noise: which labels are wrong, missing or extra, by class."""

from seedbed.label_errors.ranking import NoiseFigures
from seedbed.label_errors.sets import EXTRA, MISSING, RIGHT
from seedbed.pages.document import Cell, Part, Table
from seedbed.tasks import Task


def label_noise(task: Task, noise: NoiseFigures, limit: int) -> list[Part]:
    """Return the share of wrong labels, and by class what is given and what is likely true; of
    `limit` classes at most, the noisiest first."""
    first = f"Share of wrong labels, by cleanlab's confident joint: {noise.wrong_share:.1%}"
    if not noise.wrong_share:
        none = "class is missing or extra" if task.SETS else "row belongs to another class"
        return [f"{first}: no {none} with confidence."]
    table, of = (_of_sets if task.SETS else _of_classes)(noise, limit)
    return [f"{first}, of {of}.", table]


def _of_classes(noise: NoiseFigures, limit: int) -> tuple[Table, str]:
    worst = sorted(noise.by_class.items(), key=lambda item: (-item[1].given_wrong, item[0]))
    names = sorted(noise.by_class) if len(worst) <= limit else []
    header = ["given label", "wrong", "true rows with another label"]
    rows: list[list[Cell]] = [
        [label, f"{figures.given_wrong:.1%}", f"{figures.true_missed:.1%}",
         *(noise.confident_joint[label].get(name, 0) for name in names)]
        for label, figures in worst
    ]  # fmt: skip
    header += [f"likely {name}" for name in names]
    table = Table(header, rows, limit, "classes with a smaller share")
    return table, "the rows that no person has verified"


def _of_sets(noise: NoiseFigures, limit: int) -> tuple[Table, str]:
    worst = sorted(
        noise.by_class.items(),
        key=lambda item: (-max(item[1].given_wrong, item[1].true_missed), item[0]),
    )
    rows: list[list[Cell]] = [
        [name, *(noise.confident_joint[name].get(kind, 0) for kind in (RIGHT, EXTRA, MISSING)),
         f"{figures.given_wrong:.1%}", f"{figures.true_missed:.1%}"]
        for name, figures in worst
    ]  # fmt: skip
    header = ["label", "likely right", "likely extra", "likely missing", "of those given extra",
              "of the true ones missing"]  # fmt: skip
    table = Table(header, rows, limit, "labels with a smaller share")
    return table, "all pairs of a row that no person has verified and a label"
