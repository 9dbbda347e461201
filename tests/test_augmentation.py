"""Small edits, the same for a row wherever it stands."""

import random

import pytest

from seedbed.augmentation import (
    EDITS,
    delete,
    generator,
    mistype,
    punctuate,
    read_wordnet,
    swap,
    synonyms_edit,
    word_salad,
)
from seedbed.errors import ParamsError

WORDS = "the storm broke three old trees near the church".split()
NOUNS = """  1 This line is the licence.
00001740 17 n 02 tree 0 woody_plant 0 001 @ 00001741 n 0000 | a tall plant
00001741 06 n 03 storm 0 Tempest 0 violent_storm 0 000 | bad weather
"""


def test_a_row_draws_the_same_in_any_order_and_copies_differ():
    first = [generator(0, "a", copy).random() for copy in (0, 1)]
    assert first == [generator(0, "a", copy).random() for copy in (0, 1)]
    assert len({*first, generator(0, "b", 0).random(), generator(1, "a", 0).random()}) == 4


def test_swap_keeps_the_words():
    edited = swap(WORDS, 0.3, random.Random(1))
    assert sorted(edited) == sorted(WORDS)
    assert edited != WORDS


def test_delete_takes_its_share_and_leaves_one():
    assert len(delete(WORDS, 0.34, random.Random(0))) == len(WORDS) - 3
    assert len(delete(["one"], 1.0, random.Random(0))) == 1


def test_punctuation_is_inserted_between_the_words():
    edited = punctuate(WORDS, 0.3, random.Random(0))
    assert [word for word in edited if word not in ".;?:!,"] == WORDS
    assert len(edited) == len(WORDS) + 3


def test_a_typo_is_one_key_away():
    edited = mistype(["storm"], 0.1, random.Random(3))
    assert len(edited[0]) == 5
    assert sum(one != other for one, other in zip(edited[0], "storm", strict=True)) == 1


def test_synonyms_come_from_wordnet_files(tmp_path):
    for part in ("adj", "adv", "verb"):
        (tmp_path / f"data.{part}").write_text("  1 licence\n")
    (tmp_path / "data.noun").write_text(NOUNS)
    synonyms = read_wordnet(tmp_path)
    assert synonyms == {"storm": ["Tempest"], "tempest": ["storm"]}
    edit = synonyms_edit(synonyms)
    assert edit(["A", "storm", "came"], 0.3, random.Random(0)) == ["A", "Tempest", "came"]


def test_a_missing_wordnet_says_how_to_get_it(tmp_path):
    with pytest.raises(ParamsError, match="apt-get install wordnet-base"):
        read_wordnet(tmp_path)


def test_word_salad_has_the_words_and_not_the_order():
    text = " ".join(WORDS)
    salad = word_salad(text, random.Random(0))
    assert salad != text
    assert sorted(salad.split()) == sorted(WORDS)


@pytest.mark.parametrize("name", EDITS)
def test_no_edit_changes_what_it_is_given(name):
    words = list(WORDS)
    EDITS[name](words, 0.5, random.Random(0))
    assert words == WORDS
