"""The report of a pull request: its verdict first, its rows, its limits; out of git alone."""

import json
import re
from pathlib import Path
from types import NoneType
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, yaml
from markdown_it import MarkdownIt
from pull_request.two_versions import COMPARISON, Versions, row
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.metrics import RowCounts
from seedbed.core.rows import write_rows
from seedbed.gate.compare import CANNOT, FAIL, PASS, Comparison, Override
from seedbed.gate.verdict import Answers, GateParams, judged
from seedbed.label_errors.ranking import LabelErrorMetrics
from seedbed.pages.document import unlinked
from seedbed.pages.rendering import fitted
from seedbed.pipeline.freshness import Freshness, Stale
from seedbed.pull_request import report, sections
from seedbed.pull_request.report import LIMIT
from seedbed.scoring.metrics import METRICS, Scored
from seedbed.scoring.metrics_files import (
    Choice,
    Estimate,
    Validation,
)
from seedbed.splitting.splits import SplitMetrics
from seedbed.tasks import class_task
from seedbed.versions.changes import changes
from seedbed.versions.row_records import KnownRows, KnownStage

GATE = GateParams(
    min_accuracy=0, min_macro_f1=0, max_drop_accuracy=0.005, max_drop_macro_f1=0.005,
    max_drop_class_recall=0.02, max_drop_class_f1=None, false_fail=0.05, power=0.8, must_see_drop=1,
)  # fmt: skip


@pytest.fixture
def versions(tmp_path, monkeypatch) -> Versions:
    monkeypatch.chdir(tmp_path)
    return Versions(tmp_path)


def compared(verdict: str, classes: list[str], wrong: int = 0, **more) -> Comparison:
    """A base that is right on 200 rows of each class, and a head that is wrong on some."""
    labels = np.repeat(np.arange(len(classes)), 200)
    head = labels.copy()
    head[:wrong] = (head[:wrong] + 1) % len(classes)
    answers = Answers(classes, *(Scored.of(class_task, labels, said) for said in (labels, head)))
    found = judged(answers, GATE)
    return Comparison("main", verdict, FAIL if wrong else PASS, rows=len(labels), figures=found,
                      **more)  # fmt: skip


def test_the_verdict_comes_first_then_the_data_in_one_line(versions):
    versions.commit()
    versions.manifest("2026-02-second", [row(90, "politics"), row(91, "sport", "test")])
    versions.manifest("2026-01-first", [row(number, "sport") for number in range(1, 5)])
    reason = "accuracy lost 4 points, where 0.5 points are allowed"
    page = versions.page(compared(FAIL, ["politics", "sport"], 40, reasons=[reason]))
    lines = [line for line in page.split("\n") if line]
    assert lines[0] == "<!-- seedbed-report -->"
    assert lines[1] == "## Fail: this model is worse than the base"
    assert lines[2] == (
        "This model and the model of main were run on the same 400 test rows. "
        "Accuracy lost 4 points, where 0.5 points are allowed."
    )
    assert lines[3] == (
        "**Data: +2 −1 rows** (5 → 6), 0 relabelled, 0 edited, 0 moved between splits; new: "
        "2026-02-second (+2)."
    )
    assert re.search(r"\| accuracy \| 1.000 \[0.99\d, 1.000\] \| 0.900 \[", page)
    assert "**broken**" in page


def test_what_cannot_be_compared_says_why_and_is_no_pass(versions):
    versions.commit()
    page = versions.page()
    assert "## Cannot be compared, which is not a pass" in page
    assert "models/best: no such folder" in page


def test_an_override_is_told_with_who_and_why(versions):
    versions.commit()
    override = Override("a", "b", "c", "2026-11-25", "ann", "the rows are known to be wrong")
    page = versions.page(compared(PASS, ["a", "b"], 40, override=override, reasons=["worse"]))
    assert "## Pass by override: the rows say fail" in page
    assert (
        "**The rows say fail. ann lets this model pass (2026-11-25): "
        "the rows are known to be wrong**" in page
    )


def test_a_row_that_moved_is_an_error_at_the_top(versions):
    versions.commit()
    rest = [row(number, "sport") for number in range(1, 5)]
    versions.manifest("2026-01-first", [row(0, "sport", "test"), *rest])
    page = versions.page()
    assert "1 moved between splits" in page
    assert "**ERROR: 1 moved between splits: must be none.**" in page
    assert page.index("ERROR") < page.index("### Metrics")


def test_the_most_telling_rows_come_in_the_order_that_is_documented(versions):
    rows = [row(number, "sport", side) for number, side in
            enumerate(["train", "test", "train", "validation", "train", "train"])]  # fmt: skip
    versions.manifest("2026-01-first", rows)
    versions.commit()
    versions.decide(1, "sport", "politics")
    versions.write("data/ledger/decided.csv", "id,side,given,decided,people\n"
                   f"{1:016x},test,sport,politics,ann\n")  # fmt: skip
    versions.manifest("2026-01-first", [rows[0], row(1, "politics", "test"), rows[4],
                                        row(5, "sport", digest="e" * 16)])  # fmt: skip
    versions.manifest(
        "2026-02-second", [row(30, "music"), row(31, "sport"), row(32, "sport", "test")]
    )
    versions.suspects([f"{4:016x},train,sport,politics,0.9,other_label_likelier,\n",
                       f"{0:016x},train,sport,politics,0.1,other_label_likelier,\n"])  # fmt: skip
    found = versions.changes()
    scores = {f"{0:016x}": 0.1, f"{4:016x}": 0.9}
    told = [(one.kind, int(one.row.id, 16)) for one in sections.telling(found, scores)]
    assert told == [
        ("removed", 3),  # out of validation
        ("relabelled by people", 1),
        ("edited", 5),
        ("new suspect", 0),  # the most doubtful label first
        ("new suspect", 4),
        ("of a new class", 30),
        ("removed", 2),  # out of train
        ("added", 32),  # test first
        ("added", 31),
    ]


def test_no_kind_hides_those_below_it_and_twenty_is_the_most(versions):
    versions.commit()
    versions.manifest("2026-02-second", [row(number, "sport") for number in range(100, 160)])
    versions.suspects([f"{number:016x},train,sport,politics,0.5,other_label_likelier,\n"
                       for number in range(5)])  # fmt: skip
    kinds = [one.kind for one in sections.telling(versions.changes(), {})]
    assert len(kinds) == 20
    assert kinds.count("new suspect") == 5
    assert kinds.count("added") == 15


def test_rows_removed_out_of_test_and_out_of_train_are_counted_apart(versions):
    rows = [row(number, "sport", "test" if number < 30 else "train") for number in range(33)]
    versions.manifest("2026-01-first", rows)
    versions.commit()
    versions.manifest("2026-01-first", [])
    versions.manifest("2026-02-second", [row(number, "sport") for number in range(100, 140)])
    told = [(one.kind, int(one.row.id, 16)) for one in sections.telling(versions.changes(), {})]
    removed = [*range(13), 30, 31, 32]  # 4 places of each kind, and the 9 that are left
    assert told == [
        *(("removed", number) for number in removed),
        *(("added", number) for number in range(100, 104)),
    ]


def test_a_difference_of_100_000_rows_fits_and_tells_what_it_leaves_out(versions):
    versions.commit()
    rows = [row(number, f"class {number % 997}") for number in range(1000, 101_000)]
    versions.manifest("2026-02-second", rows)
    page = versions.page()
    assert len(page) <= LIMIT
    assert "+100,000 −0 rows" in page
    cut = r"\*[\d,]+ more lines \([\d,]+ characters\) do not fit: `seedbed diff \w+` shows"
    assert re.search(cut, page)
    assert page.count("<details>") == page.count("</details>")


def test_texts_and_names_as_long_as_they_like_fit(versions):
    versions.commit()
    long = "x" * 50_000
    versions.manifest(
        "2026-02-second", [row(number, f"{long}{number}") for number in range(50, 80)]
    )
    texts = {f"{number:016x}": "@" * 40_000 for number in range(50, 80)}
    page = versions.page(texts=texts)
    assert len(page) <= LIMIT
    assert "more characters)" in page


HOSTILE = [
    "a | b `c` </details> <!-- seedbed-report -->",
    "@everyone see #1 and GH-2, team/data#3",
    "[click](https://example.org) ![x](https://example.org/x.png) www.example.org",
    "<script>alert(1)</script> <img src=x onerror=y>",
    "line\n\n# heading\n\n```mermaid\ngraph\n```",
    "**bold** ~~gone~~ \\| $math$",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_or_label_works_as_markup(versions, text):
    """Rendered, what people wrote is in the page as text: no tag, link, mention, or cell of it."""
    versions.commit()
    label = text.replace("\n", " ").replace('"', "").replace(",", ";")
    versions.manifest("2026-02-second", [row(50, label, "test")])
    versions.decide(0, "sport", "sport", note=text)
    comparison = compared(FAIL, ["sport", label], 40, reasons=[f"recall of `{text}` lost much"])
    calm = versions.page(compared(FAIL, ["sport", "calm"], 40, reasons=["recall of `calm` lost"]))
    page = versions.page(comparison, texts={f"{50:016x}": text})
    render = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render
    html = render(page)
    outside = re.sub(r"<code.*?</code>", "", html, flags=re.DOTALL)
    for tag in ("<script", "<img", "<a ", "<s>", "<strong>bold", "<h1", "onerror=y>"):
        assert tag not in html
    for link in (r"@[a-z]", r"#\d", r"GH-\d", r"https?:", r"www\."):
        assert not re.search(link, outside), link
    for tag in ("<details>", "</details>", "<table>", "<h2>", "<pre>"):
        assert html.count(tag) == render(calm).count(tag), tag
    assert page.count("<!--") == 1


def test_the_same_versions_give_the_same_page(versions):
    versions.commit()
    versions.manifest("2026-02-second", [row(number, "sport") for number in range(50, 60)])
    assert versions.page() == versions.page()


def test_text_is_shown_of_sources_that_allow_it_alone(versions):
    """The data is here, of two sources: one has `show_text: true`, the other says nothing."""
    sources = [
        {"name": name, "kind": "file", "path": f"data/raw/{name}.csv", "batch": "2026-02-second",
         "licence": "CC0"}
        for name in ("open", "closed")
    ]  # fmt: skip
    sources[0]["show_text"] = True
    params = yaml.load(versions.folder / "params.yaml")
    params["sources"] = sources
    yaml.dump(params, versions.folder / "params.yaml")
    versions.commit()
    texts = {"open": "The match was played in the rain", "closed": "Nobody is to read this"}
    numbers = {"open": 50, "closed": 51}
    versions.manifest("2026-02-second", [row(50, "sport"), row(51, "sport")])
    rows = [
        {"id": f"{numbers[name]:016x}", "digest": "d" * 16, "text": text, "label": "sport",
         "source": name, "batch": "2026-02-second", "provenance": "{}"}
        for name, text in texts.items()
    ]  # fmt: skip
    write_rows(Path("data/anonymize"), pd.DataFrame(rows))
    page = report.page("main", changes("main"), COMPARISON)
    assert texts["open"] in page
    assert texts["closed"] not in page
    assert f"`{numbers['closed']:016x}`" in page


def test_approaches_are_told_from_the_metrics_in_git_of_both_versions(versions):
    versions.commit()
    versions.edit(
        "reports/metrics/evaluate/full/validation.json",
        macro_f1={"mean": 0.94, "low": 0.92, "high": 0.96},
    )
    page = versions.page()
    assert "| `full` | 0.910 [0.880, 0.950] | 0.940 [0.920, 0.960] | +0.030 |" in page
    assert "| `lora` (chosen) | 0.920 [0.880, 0.950] | 0.920 [0.880, 0.950] | +0.000 |" in page
    assert "lora trains least." in page
    versions.edit("reports/choice.json", approach="full", why="`full` is best.")
    assert "**Another approach than in the base.** full is best." in versions.page()


def test_the_graph_marks_what_ran_again_and_what_changed(versions):
    versions.commit()
    lock = (versions.folder / "dvc.lock").read_text()
    assert "md5" in lock
    at = lock.index("  split:\n")
    outs = lock.index("    outs:\n", at)
    digest = lock.index("md5: ", lock.index("path: data/split", outs)) + 5
    lock = lock[:digest] + "0" * 32 + lock[digest + 32 :]
    embed = lock.index("  embed:\n")
    digest = lock.index("md5: ", lock.index("path: data/split", embed)) + 5
    versions.write("dvc.lock", lock[:digest] + "0" * 32 + lock[digest + 32 :])
    page = versions.page()
    assert re.search(r"2 of \d+ stages ran again, 1 gave other outputs\.", page)
    assert "  class split changed" in page
    assert "  class embed ran" in page
    assert re.search(r"  class collect,clean,.*tokenize.* same\n", page)
    assert "split --> embed" in page
    assert "  collect --> split" not in page  # follows from clean, anonymize ...


def test_labels_decisions_and_the_leak_gate_are_told(versions):
    versions.commit()
    versions.decide(0, "sport", "politics", "it is about a minister")
    versions.suspects([f"{3:016x},train,sport,politics,0.5,other_label_likelier,\n"])
    page = versions.page()
    assert "| train | 22 | 22 | 1 | 0 |" in page
    assert "New decisions: 1 (ann 1)." in page
    assert "it is about a minister" in page
    assert "Leak gate: 0 exact copies, 0 near copies, 0 rows of a group across splits" in page


def test_rows_that_the_leak_gate_could_not_compare_are_told(versions):
    versions.commit()
    file = Path("reports/metrics/split.json")
    metrics = json.loads(file.read_text())
    file.write_text(json.dumps(metrics | {"rows_without_words": 3}))
    assert "3 rows of punctuation alone were compared as whole texts only." in versions.page()


def test_seconds_are_told_where_they_were_measured(versions):
    versions.commit()
    assert "Seconds and memory were not measured" in versions.page()
    lock = (versions.folder / "dvc.lock").read_text()
    versions.write("dvc.lock", lock.replace("  split:\n    cmd: ", "  split:\n    cmd: nice "))
    versions.write(".seedbed/costs.jsonl", '{"stage": "split", "seconds": 12.5, "peak_mb": 700}\n')
    page = versions.page()
    assert "The 1 stages that ran again took 12 s in total and 700 MB at most" in page


def test_a_run_that_is_not_whole_is_told_on_the_first_screen(versions, monkeypatch):
    versions.commit()
    stale = [Stale(f"stage{number}", "code has changed") for number in range(7)]
    monkeypatch.setattr(report, "freshness", lambda: Freshness(stale, 9, 99))
    told = report.staleness()
    assert "`stage0`, `stage1`, `stage2`, `stage3`, `stage4` and 2 more did not run" in told
    page = report.page("main", versions.changes(), COMPARISON, told)
    assert page.index("The run is not complete") < page.index("### Metrics")
    monkeypatch.setattr(report, "freshness", lambda: Freshness([], 9, 99))
    assert report.staleness() == ""


def test_a_section_is_cut_at_a_line_and_says_so():
    text = "\n".join(f"line {number}" for number in range(1000))
    found = fitted(text, 400, "seedbed diff")
    assert len(found) <= 400
    kept = found.split("\n\n*")[0].split("\n")
    assert kept == text.split("\n")[: len(kept)]
    assert f"*{1000 - len(kept):,} more lines (" in found
    assert fitted("short", 400, "x") == "short"
    graph = "before\n```mermaid\n" + "a --> b\n" * 100 + "```"
    assert "```" not in fitted(graph, 400, "dvc dag")


def test_links_are_taken_apart_in_text_and_left_in_code():
    assert unlinked("@ann #1 `@ann #1`") == "&#64;&#8203;ann #&#8203;1 `@ann #1`"
    assert unlinked("```mermaid\n@a\n```") == "```mermaid\n@a\n```"
    assert COMPARISON.exit_code == 2


@pytest.mark.parametrize(
    ("verdict", "wrong", "code"), [(PASS, 0, 0), (FAIL, 40, 1), (CANNOT, 0, 2)]
)
def test_with_exit_code_it_ends_by_the_verdict_and_scores_once(
    versions, monkeypatch, verdict, wrong, code
):
    versions.commit()
    comparison = COMPARISON if verdict == CANNOT else compared(verdict, ["a", "b"], wrong)
    calls = []
    monkeypatch.setattr(report, "compare", lambda base: calls.append(base) or comparison)
    done = CliRunner().invoke(app, ["pr-report", "main", "--output", "out.md", "--exit-code"])
    assert (done.exit_code, calls) == (code, ["main"])
    assert Path("out.md").read_text().startswith("<!-- seedbed-report -->")
    assert CliRunner().invoke(app, ["pr-report", "main"]).exit_code == 0


@pytest.mark.parametrize("broken", [None, ZeroDivisionError("a defect")])
def test_with_exit_code_no_mistake_looks_like_a_worse_model(versions, monkeypatch, broken):
    versions.commit()
    base = "nobody"
    if broken:
        base = "main"
        monkeypatch.setattr(report, "compare", lambda base: (_ for _ in ()).throw(broken))
    done = CliRunner().invoke(app, ["pr-report", base, "--exit-code"])
    assert done.exit_code == 2


@pytest.mark.parametrize(
    ("known", "model"),
    [
        (sections.KnownValidation, Validation),
        (sections.KnownScore, Estimate),
        (sections.KnownChoice, Choice),
        (KnownRows, RowCounts),
    ],
)
def test_what_is_read_of_a_metrics_file_has_the_keys_that_its_stage_writes(known, model):
    for name, field in known.model_fields.items():
        path = getattr(field.validation_alias, "path", [name])
        assert name in METRICS or written(model, path), path


def test_what_is_read_of_a_stage_s_metrics_has_the_keys_that_these_stages_write():
    for name in KnownStage.model_fields.keys() - {"chars_by_class"}:
        of_split = name in ("leak_gate", "rows_without_words")
        model = SplitMetrics if of_split else LabelErrorMetrics
        assert written(model, [name]), name


def written(model, path: list[str]) -> bool:
    """Whether a model writes a key, or keys below keys."""
    fields = {one.serialization_alias or name: one for name, one in model.model_fields.items()}
    if path[0] not in fields:
        return False
    inner = fields[path[0]].annotation
    inner = next((one for one in get_args(inner) if one is not NoneType), inner)
    return len(path) == 1 or written(inner, path[1:])


def test_collect_writes_the_characters_of_each_class_that_drift_reads():
    text = (ROOT / "reports/metrics/collect.json").read_text()
    by_class = KnownStage.model_validate_json(text).chars_by_class
    assert by_class
    assert all("p50" in figures for figures in by_class.values())


def test_sources_that_may_read_outside_are_an_alarm(versions):
    source = "  - {{name: {}, outside: {}}}\n"
    entries = [source.format("old", "true"), source.format("kept", "false")]
    Path("params.yaml").write_text("sources:\n" + "".join(entries))
    versions.commit()
    Path("params.yaml").write_text("sources:\n" + "".join([*entries, source.format("new", "true")]))
    page = versions.page(compared(PASS, ["politics", "sport"]))
    assert "**ALARM: new (new), old may read files outside of the repository" in page
    assert "kept" not in page.split("ALARM", 1)[1].split("**", 1)[0]
    Path("params.yaml").write_text("sources:\n" + entries[1])
    assert "ALARM" not in versions.page(compared(PASS, ["politics", "sport"]))
