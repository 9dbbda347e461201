"""What people type."""

import re
import subprocess
import sys


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


def test_help_loads_no_library_of_data():
    """It takes half a second without them, and two with them."""
    heavy = "{'pandas', 'pyarrow', 'numpy', 'datasets', 'sklearn', 'torch', 'dvc'}"
    code = f"import sys, seedbed.cli; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
