"""A metric, one of probabilities here, is added by one entry of METRICS."""

import shutil

from conftest import Project

from seedbed.core.files import read_json

ENTRY = """        Metric(
            "likelihood",
            "likelihood",
            "probabilities",
            lambda scored: np.exp(
                scored.counts
                @ np.log(scored.probabilities[np.arange(len(scored.labels)), scored.labels])
                / scored.counts.sum(1)
            ),
            ("approaches", "differences", "gate", "comparison", "card", "tag"),
        ),
"""
LIMITS = """
from seedbed.core.params import read_params
from seedbed.gate.limits import GateParams, limits_of

for limit in limits_of(read_params("gate", GateParams), []):
    print(limit.in_words())
"""


def test_a_new_metric_is_in_report_card_and_gate(example, tmp_path):
    folder = tmp_path / "project"
    shutil.copytree(example.folder, folder, symlinks=True)
    project = Project(folder, tmp_path / "trace.tsv")
    table = folder / "seedbed/scoring/metrics.py"
    end = "    )\n}\n\n\ndef shown_in("
    assert end in table.read_text()
    table.write_text(table.read_text().replace(end, f"{ENTRY}{end}"))
    project.params(lambda content: content["gate"].update(max_drop_likelihood=0.02))
    done = project.run("dvc", "repro")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    chosen = read_json(folder / "reports/choice.json")["approach"]
    estimate = read_json(folder / f"reports/metrics/evaluate/{chosen}/test.json")["likelihood"]
    assert 0 < estimate["low"] < estimate["mean"] < estimate["high"] < 1
    shown = f"{estimate['mean']:.3f} [{estimate['low']:.3f}, {estimate['high']:.3f}]"
    report = (folder / "reports/report.md").read_text()
    assert "test likelihood" in report
    assert shown in report
    assert shown in (folder / "reports/cards/model_card.md").read_text()
    limits = project.run("python", "-c", LIMITS)
    assert "likelihood may lose 2 points" in limits.stdout, limits.stderr
