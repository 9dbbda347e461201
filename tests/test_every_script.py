"""Words and signs of every script, where near copies, splits, made rows, behaviour, diversity and
drift meet them: the kinds of texts in which a run of `\\w` was no word."""

import random

import pandas as pd
import pytest

from seedbed.collecting.diversity import distinct_ngrams
from seedbed.core.edits import EDITS, words_of
from seedbed.core.rows import DEFAULTS
from seedbed.core.text_units import is_spaced
from seedbed.label_errors.out_of_fold import words_to_count
from seedbed.private.kinds import STAND_IN
from seedbed.scoring.behaviour import edited
from seedbed.scoring.drift import two_sample_test, word_counts, word_divergence
from seedbed.splitting.deduplication import DeduplicateParams, deduplicate
from seedbed.splitting.splits import NearTexts, drop_twins

NEAR_COPIES = {
    "zh": ["我上个月在你们店里买的蓝色保温杯到现在还没有发货请尽快处理谢谢",
           "我上个月在你们店里买的红色保温杯到现在还没有发货请尽快处理谢谢",
           "我上个月在你们店里买的蓝色保温杯到现在还没有发货，请尽快处理，谢谢啊！"],
    "ja": ["先週注文した青いマグカップがまだ届いていないので至急確認してください",
           "先週注文した赤いマグカップがまだ届いていないので至急確認してください",
           "先週注文した青いマグカップがまだ届いていないので、至急確認してくださいね。"],
    "th": ["สั่งซื้อสินค้าไปตั้งแต่สัปดาห์ที่แล้วแต่ยังไม่ได้รับของเลยช่วยตรวจสอบให้หน่อย",
           "สั่งซื้อสินค้าไปตั้งแต่สัปดาห์ที่แล้วแต่ยังไม่ได้รับของเลยช่วยตรวจสอบให้หน่อยนะ",
           "สั่งซื้อสินค้าไปตั้งแต่เดือนที่แล้วแต่ยังไม่ได้รับของเลยช่วยตรวจสอบให้หน่อย"],
    "km": ["ខ្ញុំបានបញ្ជាទិញទំនិញតាំងពីសប្តាហ៍មុនប៉ុន្តែមិនទាន់ទទួលបាននៅឡើយទេ",
           "ខ្ញុំបានបញ្ជាទិញទំនិញតាំងពីសប្តាហ៍មុនប៉ុន្តែមិនទាន់ទទួលបាននៅឡើយទេបាទ"],
    "en": ["The blue thermos that I bought in your shop last month has still not been sent please",
           "The red thermos that I bought in your shop last month has still not been sent please"],
}  # fmt: skip
OTHERS = {
    "vowel signs of Hindi": ["मेरा बिल गलत है", "मेरा बाल गलत है"],
    "vowel signs of Hindi, a longer text": ["दिन कब मिलेगा", "दान कब मिलेगा"],
    "vowel signs of Thai": ["ร้านนี้ดีมากครับ", "ร้านนี้ดุมากครับ"],
    "vowel signs of Tamil": ["எனக்கு பல் வலி", "எனக்கு பால் வலி"],
    "vowel signs of Bengali": ["আমার বিল ভুল", "আমার বাল ভুল"],
    "points of Hebrew": ["אני רוצה סֵפֶר", "אני רוצה סַפָּר"],
    "thumbs": ["The new update 👍", "The new update 👎"],
    "faces": ["My order arrived today 😀", "My order arrived today 😡"],
    "faces in Chinese": ["很好😀", "很好😡"],
    "emoji alone": ["👍", "👎"],
    "signs of a change": ["The quarter: +5 %", "The quarter: -5 %"],
    "currencies": ["It cost €20 in all", "It cost $20 in all"],
    "arrows": ["price ↑", "price ↓"],
    "names of languages": ["sort in C", "sort in C#"],
    "short Chinese": ["差评", "好评"],
    "short Korean": ["최고", "최악"],
}
PARAMS = DeduplicateParams(
    exact=True, near=True, near_conflict="keep", shingle_words=3, min_jaccard=0.7
)


def rows_of(texts: list[str], labels: list[str] | None = None, **columns) -> pd.DataFrame:
    labels = labels or ["x"] * len(texts)
    own = [
        DEFAULTS | {"id": f"{at:02d}", "digest": f"{at}", "source": "s", "batch": "2026-01-a",
                    "provenance": "{}", "text": text, "label": label}
        for at, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]  # fmt: skip
    return pd.DataFrame(own).assign(**columns)


@pytest.fixture(autouse=True)
def no_memo(monkeypatch):
    monkeypatch.setenv("SEEDBED_MEMO", "off")


@pytest.mark.parametrize("language", NEAR_COPIES)
def test_near_copies_are_found_in_scripts_without_spaces(language):
    drops, _ = deduplicate(rows_of(NEAR_COPIES[language]), set(), PARAMS)
    copies = len(NEAR_COPIES[language]) - 1
    assert [(drop.reason, drop.cause) for drop in drops] == [("near_duplicate", "00")] * copies


@pytest.mark.parametrize("language", NEAR_COPIES)
def test_near_copies_on_two_sides_are_twins_in_scripts_without_spaces(language):
    texts = NEAR_COPIES[language][:2]
    rows = rows_of(texts, split=["test", "train"])
    kept, drops = drop_twins(rows, NearTexts(rows, 3, 0.5))
    assert kept["id"].tolist() == ["00"]
    assert [(drop.reason, drop.cause) for drop in drops] == [("twin_in_test", "00")]


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("labels", [["x", "x"], ["x", "y"]])
def test_other_words_and_signs_make_other_texts(kind, labels):
    assert deduplicate(rows_of(OTHERS[kind], labels), set(), PARAMS) == ([], [])


def test_texts_near_in_all_but_a_sign_conflict_where_their_labels_differ():
    texts = [f"How do I sort a list in {name}" for name in ("C", "C++", "C#")]
    drops, conflicts = deduplicate(rows_of(texts, ["c", "cpp", "csharp"]), set(), PARAMS)
    assert drops == []
    assert [(pair.id, pair.other_id) for pair in conflicts] == [("00", "01"), ("00", "02")]


def test_signs_drawn_in_colour_or_not_are_the_same():
    drops, _ = deduplicate(rows_of(["I love it ❤️", "I love it ❤"]), set(), PARAMS)
    assert [drop.reason for drop in drops] == ["near_duplicate"]


HINDI = "मेरा ऑर्डर अभी तक नहीं मिला, मुझे बताइए!"
SPACED = {
    "hi": HINDI,
    "ta": "எனக்கு பல் வலி இருக்கிறது",
    "ar": "خدمة ممتازة وسريعة جدًّا شكرًا",
    "fa": "می‌خواهم سفارش خود را لغو کنم",
    "he": "צה״ל אני רוצה סֵפֶר חדש",
    "ko": "환불 요청입니다 빨리 처리해 주세요",
    "ru": "Мой заказ так и не пришёл",
    "el": "Η παραγγελία μου δεν ήρθε",
    "vi": "Đơn hàng của tôi chưa đến",
    "de": "Meine Bestellung ist nicht da",
    "signs": "C++ or C# for -5% of $20",
}
CLAUSES = {
    "zh": "我的订单还没到，请尽快处理，谢谢",
    "ja": "注文した商品がまだ届きません。至急確認してください、お願いします",
    "th": "สั่งซื้อสินค้าไปแล้ว ยังไม่ได้รับของ ช่วยตรวจสอบให้หน่อย",
}


@pytest.mark.parametrize("method", ["swap", "delete"])
@pytest.mark.parametrize("language", SPACED)
def test_augmentation_moves_and_deletes_whole_words(method, language):
    words = SPACED[language].replace(",", "").replace("!", "").split()
    for seed in range(10):
        text = EDITS[method](words_of(SPACED[language], STAND_IN), 0.3, random.Random(seed)).text()
        assert set(text.replace(",", "").replace("!", "").split()) <= set(words)
    assert is_spaced(SPACED[language])


@pytest.mark.parametrize("language", CLAUSES)
def test_augmentation_moves_clauses_where_words_are_not_apart(language):
    clauses = words_of(CLAUSES[language], STAND_IN).words
    assert len(clauses) == 3
    for seed in range(10):
        edit = EDITS["swap"](words_of(CLAUSES[language], STAND_IN), 0.3, random.Random(seed))
        assert sorted(edit.words) == sorted(clauses)
    assert not is_spaced(CLAUSES[language])


def test_a_text_is_spaced_by_most_of_its_letters():
    assert is_spaced("Please call 李明 about the order")
    assert not is_spaced("我的iPhone订单还没到")
    assert is_spaced("12345 👍")
    assert is_spaced("")


def test_the_case_and_marks_of_a_text_change_and_no_emoji_or_sign_is_lost():
    text = "The update 👍! It is -5 %, in C++ and C#... (मेरा बिल)"
    found = {name: texts[0] for name, texts in edited([text], ["0"], 0).items()}
    assert found["punctuation"] == "The update 👍 It is -5 % in C++ and C# मेरा बिल"
    assert found["case"] == text.lower()
    assert edited([HINDI], ["0"], 0)["typos"] == [HINDI]


def test_diversity_and_drift_count_characters_and_signs():
    assert distinct_ngrams(["差评！差评", "👍👍"]).tokens == 6
    assert word_counts(["मेरा बिल", "C++"]) == {"मेरा": 1, "बिल": 1, "c": 1, "+": 2}
    assert word_divergence(["很好 👍"] * 3, ["很好 👎"] * 3) == pytest.approx(1 / 3)
    good, bad = ([f"第{n}次 {sign}" for n in range(40)] for sign in "👍👎")
    assert two_sample_test(good, bad, 49).auc > 0.9


def test_the_model_of_words_counts_the_words_of_english_and_the_characters_of_others():
    assert words_to_count("I don't pay £5 for well-known C++") == [
        "don", "pay", "for", "well", "known"
    ]  # fmt: skip
    assert words_to_count("差评 👍 मेरा बिल") == ["差", "评", "👍", "मेरा", "बिल"]
