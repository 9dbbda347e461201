"""What people type."""

import re


def test_the_summary_shows_rows_scores_and_the_report(example):
    done = example.run("python", "-m", "seedbed.cli", "summary")
    assert done.returncode == 0, done.stderr
    assert re.search(r"deduplicate +55 +1 exact_duplicate", done.stdout)
    assert re.search(r"finetune@lora +\d", done.stdout)
    assert re.search(r"full +\d\.\d{3} \[", done.stdout)
    # training seconds, tokens a second, peak MB, model MB, predictions a second
    assert re.search(r"full( +[\d,.]+){5} *$", done.stdout, re.MULTILINE)
    assert re.search(r"feature( +[\d,.]+){4} *$", done.stdout, re.MULTILINE)
    assert "reports/report.md" in done.stdout


def test_no_run_yet_is_one_paragraph(tmp_path, monkeypatch, capsys):
    import pytest

    from seedbed import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["seedbed", "summary"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 1
    assert "run `dvc repro`" in capsys.readouterr().err
