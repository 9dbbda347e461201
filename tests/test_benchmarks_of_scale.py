"""Figures of many rows and processes, the plan made of them, and the check of ratios in git."""

import json
import re

import pytest
from conftest import ROOT

from benchmarks import capacity, check, engines, scale_page, scale_rows


def test_two_processes_are_met_by_the_clock():
    one = {"texts": 33530, "cores": 2, "load": 0.5,
           "serial": {"seconds": 17.0, "cpu_seconds": 16.9},
           "processes:2": {"seconds": 10.0, "cpu_seconds": 18.0}}  # fmt: skip
    slow = one | {"processes:2": {"seconds": 10.1, "cpu_seconds": 18.0}}
    found = engines.section({"clean": one, "personal data, names on": slow}).splitlines()[2:]
    assert [line.split(" | ")[-1].rstrip(" |") for line in found] == ["yes", "**no**"]
    assert "| 33,530 | 16.9 / 17.0 | 18.0 / 10.0 | 1.70x | >= 1.7x | 0.5 on 2 cores |" in found[0]
    assert engines.section({}) == "Not measured yet."


def test_a_ratio_a_quarter_below_that_in_git_fails_the_check(monkeypatch, tmp_path, capsys):
    def result(cpu: float) -> dict:
        return {"texts": 9, "peer": {"times_as_fast": {"seconds": 9.0, "cpu_seconds": cpu}}}

    file = tmp_path / "speed.json"
    file.write_text(json.dumps({"clean": result(4.0), "other": result(1.0)}))
    for now, code, verdict in ((3.1, 0, "holds"), (2.9, 1, "slower"), (5.1, 0, "make it again")):
        parts = {"clean": (file, lambda part, now=now: {part: result(now)})}
        monkeypatch.setattr(check, "PARTS", parts)
        assert check.main([]) == code
        assert re.search(rf"clean peer \| 4.00x \| {now}0x \| .*{verdict}", capsys.readouterr().out)
    steps = {"steps": {"float32": {"wall": {}, "processor": {"times_as_fast": 2.0}}}}
    assert list(check.ratios(steps)) == [("steps float32", 2.0)]


def test_the_capacity_plan_is_computed_from_the_figures_in_git():
    page = (ROOT / capacity.PAGE).read_text(encoding="utf-8")
    plan = capacity.read_plan(ROOT)
    assert capacity.with_plan(page, plan) == page
    embed, judged = plan.works[2], plan.works[-1]
    assert embed.hours(20_000_000) == pytest.approx(2 * embed.hours(10_000_000))
    assert judged.hours(20_000_000) == pytest.approx(4 * judged.hours(10_000_000))
    assert judged.hours(judged.rows) * 3600 == pytest.approx(judged.seconds * judged.rows)
    with pytest.raises(ValueError, match="0 blocks"):
        capacity.with_plan("# A page without it\n", plan)


def test_made_rows_of_a_size_are_the_first_of_a_larger_one(tmp_path):
    for size in (40, 80):
        scale_rows.write_sources(tmp_path / str(size), size)
    small, large = (tmp_path / size / "desk.csv" for size in ("40", "80"))
    assert large.read_text().startswith(small.read_text())
    assert len(small.read_text().splitlines()) == 1 + 12
    packed = (tmp_path / "40/mail.jsonl.gz").read_bytes()
    scale_rows.write_sources(tmp_path / "again", 40)
    assert (tmp_path / "again/mail.jsonl.gz").read_bytes() == packed


def test_made_rows_have_the_copies_and_addresses_that_are_told():
    rows = [scale_rows.row(number) for number in range(4000)]
    texts = [text for text, _ in rows]
    assert 0.005 < 1 - len(set(texts)) / len(texts) < 0.02
    personal = sum("@example.org" in text or "+44 20 7946" in text for text in texts)
    assert 0.012 < personal / len(texts) < 0.03


def test_a_slope_of_one_is_linear_and_the_reach_says_what_is_not_measured():
    assert scale_page.slope([10, 100, 1000], [3, 30, 300]) == pytest.approx(1)
    assert scale_page.slope([10, 1000], [1, 10_000]) == pytest.approx(2)
    stages = {"clean": {"seconds": 1.0, "cpu_seconds": 1.0, "peak_mb": 3100}}
    rows = {100_000: {"stages": stages}, 1_000_000: {"stages": stages}}
    assert "The million took 1 s and 3,100 MB." in scale_page.reach(rows)
    del rows[1_000_000]
    assert "not measured yet" in scale_page.reach(rows | {30_000: {"stages": stages}})


def test_names_beside_the_lines_do_not_cover_each_other():
    assert scale_page.apart([40, 10, 12, 50]) == [40, 10, 23, 53]
