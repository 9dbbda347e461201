"""dvc.yaml has a line for each approach wherever it has one for any; the table says which."""

from conftest import ROOT

from seedbed.approaches import NAMES
from seedbed.pipeline.code_deps import with_approaches

TEXT = (ROOT / "dvc.yaml").read_text(encoding="utf-8")


def test_the_lines_are_those_of_the_table():
    assert with_approaches(TEXT) == TEXT


def test_a_new_approach_comes_wherever_the_others_are_and_an_old_one_goes():
    more = with_approaches(TEXT, (*NAMES, "distil"))
    assert more.count("distil") == more.count("lora") == TEXT.count("lora")
    assert "    approach: [feature, full, lora, prompt, distil]\n" in more.replace(
        "      a", "    a"
    )
    assert "      - models/prompt\n      - models/distil\n" in more
    assert "learning/distil.csv: validation\n" in more
    assert with_approaches(more) == TEXT


def test_other_lines_stay_as_they_are():
    text = "# full of words\ndeps:\n  - data/fuller\n  - models/${item.approach}\n"
    assert with_approaches(text) == text
