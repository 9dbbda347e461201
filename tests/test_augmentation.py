"""Small edits, the same for a row wherever it stands; the rest of the text stays as it is."""

import random
import re
from functools import partial

import pytest
from hypothesis import given, strategies as st

from seedbed.core import edits
from seedbed.core.edits import (
    EDITS,
    OF_SYNONYMS,
    PUNCTUATION,
    delete,
    generator,
    method_of,
    mistype,
    punctuate,
    read_synonyms,
    swap,
)
from seedbed.core.errors import ParamsError
from seedbed.private.kinds import STAND_IN

words_of = partial(edits.words_of, fixed_parts=STAND_IN)
TEXT = "The STORM broke three\nold trees, near the church!"
WORDS = words_of(TEXT)
NOUNS = """  1 This line is the licence.
00001740 17 n 02 tree 0 woody_plant 0 001 @ 00001741 n 0000 | a tall plant
00001741 06 n 03 storm 0 Tempest 0 violent_storm 0 000 | bad weather
"""
SYNONYMS = {"storm": ["tempest"], "the": ["this"]}
ALL = EDITS | {name: partial(edit, SYNONYMS) for name, edit in OF_SYNONYMS.items()}
EVERY = st.sampled_from(sorted(ALL))


def test_a_row_draws_the_same_in_any_order_and_copies_differ():
    first = [generator(0, "a", copy).random() for copy in (0, 1)]
    assert first == [generator(0, "a", copy).random() for copy in (0, 1)]
    assert len({*first, generator(0, "b", 0).random(), generator(1, "a", 0).random()}) == 4


def test_copies_take_the_methods_in_turn_and_rows_begin_at_different_ones():
    methods = ["swap", "delete", "punctuate"]
    for row in "abcdef":
        assert {method_of(methods, 0, row, copy) for copy in range(3)} == set(methods)
    assert {method_of(methods, 0, row, 0) for row in "abcdef"} == set(methods)


@given(st.text(alphabet="aB9 .,!\n'-<>EMAIL_é火"))
def test_words_and_gaps_are_the_text(text):
    assert words_of(text).text() == text


@given(EVERY, st.text(), st.floats(0.01, 1), st.integers())
def test_an_edit_takes_any_text_and_leaves_what_it_is_given(name, text, share, seed):
    words = words_of(text)
    edited = ALL[name](words, share, random.Random(seed))
    assert words == words_of(text)
    assert len(edited.gaps) == len(edited.words) + 1
    assert edited.text() == ALL[name](words, share, random.Random(seed)).text()


@given(EVERY, st.integers())
def test_lines_and_stand_ins_survive_every_edit(name, seed):
    text = "Write to <EMAIL> or\n<PHONE:0123456789ab> now\n\nuser-0123456789ab@example.org is out"
    edited = ALL[name](words_of(text), 0.5, random.Random(seed)).text()
    assert edited.count("\n") == 3
    for kept in ("<EMAIL>", "<PHONE:0123456789ab>", "user-0123456789ab@example.org"):
        assert kept in edited


def test_swap_keeps_the_words_and_what_stands_between_them():
    edited = swap(WORDS, 0.3, random.Random(1))
    assert sorted(edited.words) == sorted(WORDS.words)
    assert edited.words != WORDS.words
    assert edited.gaps == WORDS.gaps


def test_delete_takes_its_share_and_one_blank_and_leaves_one():
    edited = delete(WORDS, 0.34, random.Random(0))
    assert len(edited.words) == len(WORDS.words) - 3
    assert "  " not in edited.text()
    assert delete(words_of("one"), 1.0, random.Random(0)).words == ["one"]
    found = {delete(words_of("big trees, old"), 0.3, random.Random(n)).text() for n in range(20)}
    assert found == {"trees, old", "big, old", "big trees,"}


def test_only_marks_of_aeda_are_inserted_before_one_to_a_third_of_the_words():
    for seed in range(50):
        edited = punctuate(WORDS, 0.9, random.Random(seed)).text()
        plain = re.sub(r"(?:(?<=[ \n])|^)[.;?:!,] ", "", edited)
        assert plain == TEXT
        assert 1 <= len(edited.split()) - len(TEXT.split()) <= len(WORDS.words) // 3
    assert sorted(PUNCTUATION) == sorted(".;?:!,")


def test_a_typo_is_one_key_away_and_keeps_its_case():
    edited = mistype(words_of("STORM"), 0.1, random.Random(3)).text()
    assert sum(one != other for one, other in zip(edited, "STORM", strict=True)) == 1
    assert edited.isupper()


def test_a_synonym_is_written_as_the_word_it_replaces():
    edited = ALL["synonyms"](words_of("The STORM, Storm and storm"), 1.0, random.Random(0))
    assert edited.text() == "This TEMPEST, Tempest and tempest"


def test_insertion_puts_a_synonym_of_a_word_at_a_place():
    edited = ALL["insert"](WORDS, 0.1, random.Random(0))
    added = [word for word in edited.words if word in ("tempest", "this")]
    assert len(added) == 1
    assert [word for word in edited.words if word not in added] == WORDS.words
    assert ALL["insert"](words_of("no synonym"), 0.5, random.Random(0)).text() == "no synonym"


@pytest.mark.parametrize("inner", ["", "corpora/wordnet", "dict"])
def test_synonyms_come_from_wordnet_files_of_debian_nltk_and_princeton(tmp_path, inner):
    folder = tmp_path / inner
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("adj", "adv", "verb"):
        (folder / f"data.{part}").write_text("  1 licence\n")
    (folder / "data.noun").write_text(NOUNS)
    assert read_synonyms(tmp_path) == {"storm": ["Tempest"], "tempest": ["storm"]}


def test_a_missing_wordnet_says_how_to_get_it(tmp_path):
    with pytest.raises(ParamsError, match="apt-get install wordnet-base"):
        read_synonyms(tmp_path)
