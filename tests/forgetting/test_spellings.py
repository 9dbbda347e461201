"""A value that is in a text is found in every script and form; where it may be part of another
word, that is said, too."""

import html
import json
import quopri
import unicodedata
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, strategies as st

from seedbed.forgetting.spellings import folded, is_too_short
from seedbed.forgetting.wanted import Wanted

WHOLE, INSIDE, NOWHERE = "whole", "inside", "nowhere"


def found(value: str, text: str) -> str:
    wanted = Wanted(value)
    if wanted.in_text(text, "here"):
        return WHOLE
    return INSIDE if wanted.doubtful else NOWHERE


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("王小明", "我叫王小明请帮我退款"),
        ("Anna", "我叫Anna谢谢你们的帮助"),
        ("SF1234567890", "我的快递丢了,单号SF1234567890请查"),
        ("李娜", "请转告李娜周末不在"),
        ("王小明", "VIP王小明OK"),
        ("山田太郎", "山田太郎です。返金をお願いします"),
        ("アンナ", "担当はアンナでした"),
        ("สมชาย", "ชื่อสมชายค่ะขอคืนเงิน"),
        ("ສົມຈິດ", "ຊື່ສົມຈິດຂໍເງິນຄືນ"),
        ("김철수", "안녕하세요 김철수입니다 환불해 주세요"),
        ("김철수", "저는김철수입니다"),
        ("Anna", "Anna가 전화했어요"),
        ("01020001234", "번호는 01020001234입니다"),
    ],
)
def test_letters_of_scripts_without_spaces_and_particles_end_a_value(value, text) -> None:
    assert found(value, text) == WHOLE


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("أحمد نموذجي", "تحدثت مع علي وأحمد نموذجي أمس"),
        ("فاطمة", "وصل الطرد لفاطمة"),
        ("العتيبي", "حساب للعتيبي"),
        ("علي", "اتصلوا بعلي"),
        ("משה", "דיברתי עם יוסי ומשה אתמול"),
        ("רחל לדוגמה", "החבילה הגיעה לרחל לדוגמה"),
        ("Ahmet Örnek", "Ahmet Örnek'in paketi"),
        ("Ahmet Örnek", "AHMET ÖRNEK’e sorun"),
        ("सीता", "सीता का पार्सल"),
    ],
)
def test_prefixes_and_apostrophes_end_a_value(value, text) -> None:
    assert found(value, text) == WHOLE


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Anna", "Savannah wrote"),
        ("Jürgen Probst", "Jürgen Probsts Rechnung"),
        ("Иван", "посылка Ивана"),
        ("Ahmet", "Ahmetin paketi"),
        ("سالم", "حي السالمية"),
        ("アン", "アンケートに答えました"),
        ("김철수", "김 철수 고객"),
        ("राम", "रामायण पढ़ी"),
        ("José Muestra", "Jose Muestra"),
        ("Алёна", "Алена"),
        ("Löw Wenz", "low wenz"),
        ("Đặng Mẫu", "Dang Mau"),
        ("12345678", "order 9912345678"),
    ],
)
def test_part_of_a_longer_word_or_other_accents_is_doubtful_and_never_nowhere(value, text) -> None:
    assert found(value, text) == INSIDE
    assert Wanted(value, inside=True).in_text(text)


@pytest.mark.parametrize(
    ("value", "text", "where"),
    [
        ("李", "我姓李请帮我", INSIDE),
        ("李", "收件人:李", WHOLE),
        ("ดี", "คุณดีครับ", INSIDE),
        ("ดี", "ชื่อ ดี ครับ", WHOLE),
        ("דן", "לדן שלום", INSIDE),
        ("דן", "שלום דן", WHOLE),
    ],
)
def test_a_short_name_is_whole_only_where_no_letter_is_next_to_it(value, text, where) -> None:
    assert not is_too_short(value)
    assert found(value, text) == where


@pytest.mark.parametrize(
    ("value", "too_short"),
    [("Jan", True), ("Юра", True), ("123", True), ("😀😀", True), ("---", True), ("", True),
     ("李", False), ("علي", False), ("राम", False), ("Anna", False)],
)  # fmt: skip
def test_too_short_is_a_value_that_names_nobody_in_its_script(value, too_short) -> None:
    assert is_too_short(value) is too_short


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("José Muestra", unicodedata.normalize("NFD", "josé muestra")),
        ("Anna Lee", "Ａｎｎａ　Ｌｅｅ"),
        ("山田タロウ", "山田ﾀﾛｳ"),
        ("山田太郎", "山田 太郎"),
        ("محمد علي", "ﻣﺤﻤﺪ ﻋﻠﻲ"),
        ("محمد علي", "مُحَمَّد عَلِي"),
        ("محمد علي", "محـــمد علی"),
        ("משה כהן", "מֹשֶׁה כֹּהֵן"),
        ("İsmail Yılmaz", "ISMAIL YILMAZ"),
        ("Ismail Yilmaz", "ismail yılmaz"),
        ("Anna Groß", "ANNA GROSS"),
        ("Γιώργος Δείγμας", "ΓΙΩΡΓΟΣ ΔΕΙΓΜΑΣ"),
        ("Anna Lee", "An\u200bna\u00a0L\u00adee"),
        ("O'Neil Sample", "O’Neil Sample"),
        ("アンナ・スミス", "ｱﾝﾅ ｽﾐｽ"),
        ("安娜·样本", "安娜•样本"),
        ("عبد الله", "عبدالله"),
        ("عبدالرحمن سالم", "عبد الرحمن سالم"),
        (unicodedata.normalize("NFD", "José Muestra"), "José Muestra"),
        ("Nguyễn Văn", unicodedata.normalize("NFD", "NGUYỄN VĂN")),
        ("0512341959", "٠٥١٢٣٤١٩٥٩"),
        ("08123475788", "०८१२३४७५७८८"),
        ("090-1234-5678", "０９０ー１２３４ー５６７８"),
        ("090-1234-5678", "090\u20111234\u20135678"),
        ("+49 171 2345678", "+49171/234-56-78"),
        ("DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
    ],
)
def test_another_form_of_the_same_value(value, text) -> None:
    assert found(value, f"x {text}.") == WHOLE


def test_another_number_of_the_same_digits_is_another_value() -> None:
    assert found("81.173.22.9", "from 8.117.32.29") == NOWHERE
    assert found("Jane Planted", "Janet Plantedly") == NOWHERE


VALUES = ["王小明", "김철수", "José Muestra", "Иван Примеров", "أحمد نموذجي", 'Al "Ace" 李娜']
FORMATS = {
    "json": json.dumps,
    "json in json": lambda value: json.dumps({"a": json.dumps({"b": value})}),
    "csv": lambda value: '"' + value.replace('"', '""') + '"',
    "html": html.escape,
    "numbers of html": lambda value: "".join(f"&#{ord(one)};" for one in value),
    "hexadecimal numbers of html": lambda value: "".join(f"&#x{ord(one):x};" for one in value),
    "percent": quote,
    "plus and percent": quote_plus,
    "quoted-printable": lambda value: quopri.encodestring(value.encode()).decode(),
    "UTF-8 as windows-1252": lambda value: "".join(
        bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in value.encode()
    ),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("value", VALUES)
def test_as_a_format_writes_it(value, form) -> None:
    if form == "UTF-8 as windows-1252":
        value = value.replace('"', "")
    assert found(value, f"a {FORMATS[form](value)} b") == WHOLE


@pytest.mark.parametrize(
    ("value", "encoding"),
    [("王小明", "gb18030"), ("王小明", "big5"), ("山田太郎", "shift_jis"), ("김철수", "euc_kr"),
     ("Иван Петров", "cp1251"), ("Иван Петров", "koi8_r"), ("สมชาย", "cp874"),
     ("王小明", "utf-16-le"), ("김철수", "utf-16-be")],
)  # fmt: skip
def test_in_files_of_other_encodings(value, encoding) -> None:
    text = f"text,label\n{value} wrote to us,one\n" * 3
    assert Wanted(value).in_bytes(text.encode(encoding), "old.csv")
    assert not Wanted("歐陽詢問").in_bytes(text.encode(encoding), "old.csv")


def test_in_bytes_that_are_no_text() -> None:
    data = bytes(range(32)) * 20 + unicodedata.normalize("NFD", "José").encode() + b"\0\1\2"
    assert Wanted("José").in_bytes(data, "old.bin")
    assert not Wanted("Josué").in_bytes(data, "old.bin")


@example("0000¸", "", "")
@example("¸Anna", "x", "")
@given(st.text(min_size=4, max_size=12), st.text(max_size=5), st.text(max_size=5))
def test_whatever_is_around_a_value_it_is_found(value, before, after) -> None:
    """The one promise of the search: what is there is never said to be nowhere."""
    if is_too_short(value):
        return
    if folded(value) in folded(before + value + after):
        assert found(value, before + value + after) != NOWHERE


def test_lengths_alone_are_noted_of_a_doubtful_place() -> None:
    wanted = Wanted("Anna")
    wanted.in_text("Savannah and Hannah", "a.csv")
    wanted.in_text("Anna" * 50, "a.csv")
    assert wanted.doubtful == {"a.csv": [8, 44]}
