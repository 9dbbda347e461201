"""Words, signs, lengths and ends of values in every script, as UAX 29 and the module say."""

import unicodedata

import pytest
from hypothesis import given, strategies as st

from seedbed.core import text_units
from seedbed.core.text_units import apart, ascii_signs, length_of, units_of, values_apart

PLAIN = st.text(st.sampled_from(text_units.PLAIN + list("ab1 .-'+%#&\n") * 40), max_size=12)
EASTERN = st.text(st.sampled_from("我叫カらー々、。（１％ｶー・ん゙a1+- ,_é👍🏽❤️\u200d"), max_size=12)


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("Don't pay 3.14, e.g. well-known", "don t pay 3 14 e g well known"),
        ("मेरा बिल गलत है", "मेरा बिल गलत है"),  # vowel signs belong to their letters
        ("பல் பால்", "பல் பால்"),
        ("ร้านนี้ดี", "ร้ า น นี้ ดี"),
        ("我叫Anna谢谢", "我 叫 anna 谢 谢"),
        ("カスタマー", "カ ス タ マ ー"),
        ("환불 요청입니다", "환불 요청입니다"),
        ("می‌خواهم", "می‌خواهم"),  # a joiner inside a word
        ("C C++ C# F#", "c c + + c # f #"),
        ("R&D at AT&T", "r & d at at & t"),
        ("#1 of #tags & more &#8220;", "1 of tags more 8220"),
        ("+5 % -5 % 10-20", "+ 5 % − 5 % 10 20"),
        ("£5 or 5€", "£ 5 or 5 €"),
        ("good 👍🏽👍 ❤️❤", "good 👍🏽 👍 ❤ ❤"),  # drawn in colour or not
        ("👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"),
        ("", ""),
        ("?! … --", ""),
    ],
)
def test_words_and_signs_of_many_scripts(text: str, units: str) -> None:
    assert units_of(text) == units.split()


@given(PLAIN)
def test_the_fast_way_for_latin_letters_finds_the_same_units(text: str) -> None:
    """A letter of another script sends the text the slow way, where the annex decides."""
    assert units_of(f"{text} ж") == [*units_of(text), "ж"]


@given(EASTERN)
def test_the_fast_way_for_han_and_kana_finds_the_same_units(text: str) -> None:
    assert units_of(f"{text} ж") == [*units_of(text), "ж"]


def test_every_letter_and_mark_of_the_fast_way_is_what_the_annex_says() -> None:
    codes = (*range(0x2600, 0x2800), *range(0x3000, 0xA000), *range(0x1F300, 0x1FA80))
    for character in map(chr, codes):
        for text in (f"a{character}b", f"{character}{character} 5"):
            assert units_of(f"{text} ж") == [*units_of(text), "ж"], hex(ord(character))


@given(st.text(max_size=30))
def test_units_do_not_depend_on_the_form_of_letters(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert units_of(composed) == units_of(decomposed)


@pytest.mark.parametrize("text", ["é", "e\u0301", "ﬁne", "ＡＢＣ", "ｶﾞ", "İi"])
def test_compatibility_forms_are_one(text: str) -> None:
    assert units_of(text) == units_of(unicodedata.normalize("NFKC", text))


@pytest.mark.parametrize(
    ("text", "length"),
    [("ok", 2), ("差评", 6), ("최고", 6), ("ดี", 3), ("カナ", 4), ("👍", 5), ("❤️", 5),
     ("👨‍👩‍👧‍👦", 5), ("🇩🇪", 5), ("né", 2), ("© 1", 3)],
)  # fmt: skip
def test_lengths_weigh_what_a_character_says(text: str, length: int) -> None:
    assert length_of(text) == length


@given(st.text(max_size=30))
def test_apart_keeps_every_position(text: str) -> None:
    spaced = apart(text)
    assert len(spaced) == len(text)
    assert all(after in (before, "\u3000") for before, after in zip(text, spaced, strict=True))


def test_a_value_is_apart_from_the_letters_around_it() -> None:
    for around in ("请联系{}谢谢", "メールは{}まで", "โทร{}ค่ะ", "이메일은{}입니다", "々{}ー"):
        start, end = around.split("{}")
        assert apart(around.format("a@b.cn")).strip("\u3000") == "a@b.cn"
        assert apart(start).strip("\u3000") == apart(end).strip("\u3000") == ""
    assert apart("почта a@b.ru नमस्ते") == "почта a@b.ru नमस्ते"


@given(st.text(max_size=30))
def test_values_are_apart_where_words_are_and_positions_are_kept(text: str) -> None:
    spaced = values_apart(text)
    assert len(spaced) == len(text) == len(ascii_signs(text))
    assert values_apart(spaced) == spaced
    beyond_latin = [index for index, letter in enumerate(text) if letter >= "\u0590"]
    assert all(
        spaced[index] == "\u3000" for index in beyond_latin if apart(text)[index] != text[index]
    )


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("ｔｅｌ０３－１２３４", "tel03-1234"),
        ("０３ー１２３４ー５６７８", "03-1234-5678"),
        ("٠٥٠١٢٣ ९८७ ๑๒", "050123 987 12"),
        ("カード１，２", "カード1，2"),
    ],
)
def test_digits_and_signs_are_read_as_ascii(text: str, seen: str) -> None:
    assert ascii_signs(text) == seen


def test_particles_of_arabic_and_hebrew_are_apart_from_a_value() -> None:
    assert values_apart("ל-050").strip("\u3000 ") == "050"
    assert values_apart("لـali@b.org").strip("\u3000") == "ali@b.org"
    assert values_apart("café a-1 почта-5") == "café a-1 почта-5"
