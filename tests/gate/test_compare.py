"""`seedbed compare`: three verdicts, on two versions of a repository."""

import json
import shutil
from pathlib import Path

import pytest
from gate.conftest import BEST, CLASSES, commit, run, write_model, write_split
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.gate.compare import OVERRIDES, compare
from seedbed.splitting.sides import write_frozen

pytestmark = pytest.mark.usefixtures("repository")
WORSE = range(40)


def asked(*options: str):
    return CliRunner().invoke(app, ["compare", *options])


def test_an_equal_model_passes():
    write_model([0, 1, 2, 3, 100])
    found = compare("HEAD")
    assert (found.verdict, found.rows, found.exit_code) == ("pass", 240, 0)
    assert found.reasons[0] == "No limit is broken."
    assert found.base_model != found.head_model
    assert found.figures.difference["accuracy"].difference == 0


def test_a_worse_model_fails_and_the_figures_are_told():
    write_model(WORSE)
    done = asked()
    assert done.exit_code == 1
    assert "FAIL: this model" in done.output
    assert "Accuracy fell by 14.6 points, from 0.979 to 0.833; nothing is allowed" in (done.output)


def test_the_model_that_stands_there_already_is_the_same_model():
    found = compare("HEAD")
    assert found.verdict == "pass"
    assert "Both are the same model, byte for byte." in found.notes


def test_what_a_small_test_side_cannot_show_is_told():
    write_model(range(7))
    found = compare("HEAD")
    assert found.verdict == "pass"
    assert "Within what chance would bring: Accuracy fell by 0.8 points" in found.reasons[1]
    assert "On 240 rows a measured drop in accuracy fails from about" in found.notes[-1]
    assert "it would take about" in found.notes[-1]
    assert found.figures.fails_from < found.figures.sees


def test_a_test_side_that_shows_too_little_compares_nothing():
    file = Path("params.yaml")
    file.write_text(file.read_text().replace("must_see_drop: 1.0", "must_see_drop: 0.01"))
    found = compare("HEAD")
    assert found.verdict == "cannot be compared"
    assert "at most 1 point (gate.must_see_drop)" in found.reasons[0]


def test_a_gate_without_limits_lets_nothing_pass():
    file = Path("params.yaml")
    lines = [
        f"  {line.split(':')[0].strip()}: null" if "max_drop" in line else line
        for line in file.read_text().splitlines()
    ]
    file.write_text("\n".join(lines) + "\n")
    assert "every limit is off" in compare("HEAD").reasons[0]


def test_models_with_other_classes_cannot_be_compared():
    write_model(classes=(*CLASSES, "fog"))
    done = asked("HEAD")
    assert done.exit_code == 2
    assert "CANNOT BE COMPARED" in done.output
    assert "they differ (new: fog)" in done.output


def test_no_such_revision():
    done = asked("no-such-tag")
    assert done.exit_code == 2
    assert "no such revision here" in done.output


def test_a_model_that_nobody_pushed_cannot_be_compared():
    shutil.rmtree(".dvc/cache")
    found = compare("HEAD")
    assert found.verdict == "cannot be compared"
    assert "neither whole in the cache nor in the remote" in found.reasons[0]


def test_a_model_in_a_remote_is_had_from_there(tmp_path):
    from gate.conftest import dvc

    dvc("remote", "add", "--default", "store", str(tmp_path / "remote"))
    dvc("push", "--quiet")
    shutil.rmtree(".dvc/cache")
    write_model(WORSE)
    assert compare("HEAD").verdict == "fail"


def test_a_base_that_is_damaged_in_the_cache_cannot_be_compared():
    for file in Path(".dvc/cache").rglob("*"):
        if file.is_file() and b'"wrong"' in file.read_bytes():
            file.chmod(0o644)
            file.write_bytes(file.read_bytes().replace(b'"wrong"', b'"WRONG"'))
    write_model(WORSE)
    found = compare("HEAD")
    assert found.verdict == "cannot be compared"
    assert "neither whole in the cache" in found.reasons[0]


def test_a_damaged_model_here_cannot_be_compared():
    (BEST / "seedbed.json").write_text("{}")
    found = compare("HEAD")
    assert found.verdict == "cannot be compared"
    assert "the model is damaged" in found.reasons[0]


def test_a_revision_without_a_model_cannot_be_compared():
    run("git", "rm", "--quiet", "dvc.lock")
    run("git", "commit", "--quiet", "--message", "no lock")
    assert "no models/best in it" in compare("HEAD").reasons[0]


def test_an_empty_test_side_cannot_be_compared():
    write_split(dict.fromkeys(range(240), "validation"))
    assert "no test rows" in compare("HEAD").reasons[0]


def test_rows_that_the_base_has_learnt_from_do_not_count():
    write_split({240: "test", 241: "test"})
    found = compare("HEAD")
    assert (found.verdict, found.rows, found.left_out) == ("pass", 240, 2)
    assert any(note.startswith("2 test rows are left out") for note in found.notes)


def test_frozen_rows_that_are_lost_stop_the_comparison():
    write_frozen({f"{7:016x}": f"{7:016d}"})
    commit()
    write_split({7: "train"})
    write_frozen({})
    found = compare("HEAD")
    assert found.verdict == "cannot be compared"
    assert "1 of its frozen test rows are not in test now" in found.reasons[0]


def test_texts_of_other_rules_are_told():
    write_model(range(5), rules=("nfc",))
    assert "cleaned or anonymized by other rules" in " ".join(compare("HEAD").notes)


def test_the_newest_champion_is_the_base_unless_told():
    run("git", "tag", "champion@v2.0.0", "-m", "second")
    write_model(WORSE)
    commit("a worse model")
    run("git", "tag", "champion@v10.0.0", "-m", "tenth")
    assert compare().base == "champion@v10.0.0"
    assert compare().verdict == "pass"
    assert compare("champion@v2.0.0").verdict == "fail"


def test_without_a_champion_the_base_is_the_last_commit():
    assert compare().base == "HEAD"


def test_a_person_lets_a_failing_model_pass_and_it_is_told_loudly():
    write_model(WORSE)
    done = asked("--override", "--who", "Ann", "--why", "the labels of rain were wrong before")
    assert done.exit_code == 0
    assert "PASS BY OVERRIDE" in done.output
    assert "The rows say fail. Ann lets this model pass" in done.output
    again = asked("--format", "md")
    assert again.exit_code == 0
    assert "**The rows say fail. Ann lets this model pass" in again.output
    assert "- Accuracy fell by" in again.output
    write_model(range(41))
    assert asked().exit_code == 1  # another model


@pytest.mark.parametrize("classes", [CLASSES, (*CLASSES, "fog")])
def test_what_does_not_fail_cannot_be_overridden(classes):
    write_model(range(5), classes)
    done = asked("HEAD", "--override", "--who", "Ann", "--why", "it is fine")
    assert done.exit_code == 2
    assert not OVERRIDES.exists()


def test_a_defect_looks_like_no_verdict_of_a_worse_model(monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("seedbed.gate.compare.judged", broken)
    assert asked("HEAD").exit_code == 2


def test_json_has_everything_and_no_text():
    write_model(WORSE)
    done = asked("--format", "json")
    found = json.loads(done.output)
    assert found["verdict"] == found["measured"] == "fail"
    assert {one["measure"] for one in found["figures"]["limits"]} == {
        "accuracy", "macro_f1", "recall"
    }  # fmt: skip
    assert "rain 0" not in done.output


def test_markdown_has_verdict_first_and_folds_the_long_parts():
    write_model(WORSE)
    page = asked("--format", "md").output
    assert page.startswith("## Fail: this model is worse than the base\n\nThis model")
    assert (
        page.index("Accuracy fell")
        < page.index("| on the same test rows |")
        < page.index("<details>")
    )
    assert page.count("<details>") == page.count("</details>") == 2
