"""Personal data in every script and country: only the value is replaced, and what is none stays."""

import re

import pytest
from hypothesis import given, settings, strategies as st

from seedbed.private.detection import anonymize, detect, scan
from seedbed.private.kinds import KINDS, UserPattern, Wanted
from seedbed.private.languages import (
    LANGUAGES,
    Searched,
    Topic,
    is_latin,
    languages_of,
    naming,
    texts_by_language,
)
from seedbed.private.named_values import NATIONAL_IDS

KEY = b"a key of these tests"
DEFAULT = Wanted(frozenset(kind.name for kind in KINDS if kind.default))


def after(text: str, wanted: Wanted = DEFAULT, mode: str = "placeholder") -> str:
    return anonymize([text], wanted, KEY, mode)[0].text


BESIDE_LETTERS = [  # all values are made up
    ("我的邮箱是zhang.wei@postfach-nord.org请尽快把退款处理结果发到这个邮箱里我已经等了三个星期了谢谢",
     "我的邮箱是<EMAIL>请尽快把退款处理结果发到这个邮箱里我已经等了三个星期了谢谢"),
    ("请联系li.na@postfach-nord.org谢谢",
     "请联系<EMAIL>谢谢"),
    ("订单没到,电话13812345678一直打不通",
     "订单没到,电话<PHONE>一直打不通"),
    ("请打电话 138 1234 5678 联系我,快递还没到",
     "请打电话 <PHONE> 联系我,快递还没到"),
    ("请打我手机+86 138 1234 5678联系,快递还没有到",
     "请打我手机<PHONE>联系,快递还没有到"),
    ("我的卡号4111111111111111被拒绝了,请退款",
     "我的卡号<CREDIT_CARD>被拒绝了,请退款"),
    ("服务器81.173.22.9连不上,请检查物流系统",
     "服务器<IP>连不上,请检查物流系统"),
    ("银行账号GB82WEST12345698765432请退款到这里",
     "银行账号<IBAN>请退款到这里"),
    ("我的身份证号是11010519491231002X,请核对退款",
     "我的身份证号是<NATIONAL_ID>,请核对退款"),
    ("荷物が届きません。電話は090-1234-5678です",
     "荷物が届きません。電話は<PHONE>です"),
    ("返金をお願いします。メールはtaro@yuubin-mail.jpまで",
     "返金をお願いします。メールは<EMAIL>まで"),
    ("電話番号は+81 90-1234-5678です。返金はいつですか",
     "電話番号は<PHONE>です。返金はいつですか"),
    ("ยังไม่ได้รับสินค้า โทร0812345678ค่ะ",
     "ยังไม่ได้รับสินค้า โทร<PHONE>ค่ะ"),
    ("ขอคืนเงิน อีเมลsomchai@postfach-nord.orgค่ะ",
     "ขอคืนเงิน อีเมล<EMAIL>ค่ะ"),
    ("ยังไม่ได้รับพัสดุ โทร +66 81 234 5678 ค่ะ",
     "ยังไม่ได้รับพัสดุ โทร <PHONE> ค่ะ"),
    ("أريد استرداد أموالي، بريدي ali@postfach-nord.org",
     "أريد استرداد أموالي، بريدي <EMAIL>"),
    ("لم يصل الطرد، اتصل بي ٠٥٠١٢٣٤٥٦٧",
     "لم يصل الطرد، اتصل بي <PHONE>"),
    ("لم يصل الطرد، اتصل بي +966 50 123 4567",
     "لم يصل الطرد، اتصل بي <PHONE>"),
    ("मुझे पैसे वापस चाहिए, ईमेल ravi@postfach-nord.org है",
     "मुझे पैसे वापस चाहिए, ईमेल <EMAIL> है"),
    ("पार्सल नहीं आया, फोन 98765 43210 पर करें",
     "पार्सल नहीं आया, फोन <PHONE> पर करें"),
    ("Paket nicht da, erreichbar unter 0171 2345678",
     "Paket nicht da, erreichbar unter <PHONE>"),
    ("Bitte Geld zurück, Tel. 0171 2345678",
     "Bitte Geld zurück, Tel. <PHONE>"),
    ("Colis non reçu, joignable au 06 12 34 56 78",
     "Colis non reçu, joignable au <PHONE>"),
    ("No llegó el paquete, mi teléfono es 612 345 678",
     "No llegó el paquete, mi teléfono es <PHONE>"),
    ("请退款,我的手机是１３８１２３４５６７８",
     "请退款,我的手机是<PHONE>"),
    ("Card4111111111111111 declined, refund please",
     "Card<CREDIT_CARD> declined, refund please"),
]  # fmt: skip


BESIDE_LETTERS += [
    ("मुझे ravi@postfach-nord.orgपर मेल नहीं मिला", "मुझे <EMAIL>पर मेल नहीं मिला"),
    ("ரசீதை ravi@postfach-nord.orgக்கு அனுப்புங்கள்", "ரசீதை <EMAIL>க்கு அனுப்புங்கள்"),
    ("שלחו את החשבונית ל-dana@postfach-nord.org בבקשה", "שלחו את החשבונית ל-<EMAIL> בבקשה"),
]


@pytest.mark.parametrize(
    ("text", "anonymous"),
    [
        ("Ich bin am 29.03.1996 geboren.", "Ich bin am <DATE_OF_BIRTH> geboren."),
        ("1959年12月16日生まれなので成人です", "<DATE_OF_BIRTH>生まれなので成人です"),
        ("저는 1958년 6월 2일에 태어났어요", "저는 <DATE_OF_BIRTH>에 태어났어요"),
        ("Seit 29.03.1996, geboren 1.2.1970", "Seit 29.03.1996, geboren <DATE_OF_BIRTH>"),
    ],
)  # fmt: skip
def test_a_day_of_birth_may_stand_before_its_word(text: str, anonymous: str) -> None:
    assert after(text) == anonymous


@pytest.mark.parametrize(("text", "anonymous"), BESIDE_LETTERS)
def test_personal_data_beside_letters_of_scripts_without_spaces(text: str, anonymous: str) -> None:
    assert after(text) == anonymous


IN_LANGUAGES = [
    ("en", "Call my office on 020 7946 0958 or mail ann@shop.co.uk", "PHONE EMAIL"),
    ("en", "tel020 7946 0958 is mine", "PHONE"),
    ("de", "Mein Anschluss ist 030 901820 77, abends besser", "PHONE"),
    ("de", "Rufen Sie mich unter 0171/2345678 an", "PHONE"),
    ("de", "Kontonummer: 1234567890, BLZ egal", "ACCOUNT_NUMBER"),
    ("de", "geboren am 12. März 1980 in Köln", "DATE_OF_BIRTH"),
    ("de", "Meine Steuer-ID lautet 65929970489", "NATIONAL_ID"),
    ("de", "Bestellung 1234567890 kam nicht an", ""),
    ("de", "Der Preis war 1.234.567,89 Euro am 12.03.2024", ""),
    ("de", "Passwort: geheim12", "API_KEY"),
    ("fr", "mon numéro de compte est 12345678901", "ACCOUNT_NUMBER"),
    ("fr", "je suis née le 3 avril 1975", "DATE_OF_BIRTH"),
    ("fr", "appelez-moi au 01 42 68 53 00 svp", "PHONE"),
    ("fr", "commande 123456789 jamais reçue", ""),
    ("fr", "code postal 75011 Paris", "POSTCODE"),
    ("es", "llámame al 91 234 56 78 por favor", "PHONE"),
    ("es", "mi DNI es 12345678Z", "NATIONAL_ID"),
    ("es", "nací el 5 de mayo de 1990", "DATE_OF_BIRTH"),
    ("es", "el pedido 612345678 no ha llegado", ""),
    ("es", "cuesta 612 345 678 pesos en total", ""),
    ("pt", "meu telefone é (11) 96123-4567", "PHONE"),
    ("pt", "meu CPF é 390.533.447-05", "NATIONAL_ID"),
    ("pt", "liga para 912 345 678 amanhã", "PHONE"),
    ("pt", "CEP 01310-100 em São Paulo", "POSTCODE"),
    ("it", "il mio cellulare è 347 123 4567", "PHONE"),
    ("it", "codice fiscale RSSMRA85T10A562S", "NATIONAL_ID"),
    ("it", "sono nato il 10/12/1985 a Roma", "DATE_OF_BIRTH"),
    ("nl", "bel mij op 06-12345678", "PHONE"),
    ("nl", "mijn BSN is 111222333", "NATIONAL_ID"),
    ("pl", "zadzwoń pod 601 234 567", "PHONE"),
    ("pl", "mój PESEL to 44051401359", "NATIONAL_ID"),
    ("ru", "позвоните мне по телефону 8 (912) 345-67-89", "PHONE"),
    ("ru", "тел.89123456789 спасибо", "PHONE"),
    ("ru", "мой ИНН 500100732259", "NATIONAL_ID"),
    ("ru", "я родился 12 марта 1980 года", "DATE_OF_BIRTH"),
    ("ru", "номер счёта 40817810099910004312", "ACCOUNT_NUMBER"),
    ("ru", "заказ 9123456789 не пришёл", ""),
    ("uk", "мій телефон 067 123 45 67", "PHONE"),
    ("el", "καλέστε με στο 690 123 4567", "PHONE"),
    ("el", "το τηλέφωνό μου είναι 6912345678", "PHONE"),
    ("el", "ΑΜΚΑ 01013099997", "NATIONAL_ID"),
    ("el", "γεννήθηκα στις 12/03/1980", "DATE_OF_BIRTH"),
    ("ar", "رقمي 0501234567 شكرا", "PHONE"),
    ("ar", "راسلني على البريد ali@shop.org", "EMAIL"),
    ("ar", "اكتب لـali@shop.org", "EMAIL"),
    ("ar", "رقم الحساب 123456789012", "ACCOUNT_NUMBER"),
    ("ar", "ولدت في 12/03/1980", "DATE_OF_BIRTH"),
    ("he", "תתקשרו אלי ל-050-1234567 בבקשה", "PHONE"),
    ("he", "הטלפון שלי 052-1234567", "PHONE"),
    ("he", "תעודת זהות 039337423", "NATIONAL_ID"),
    ("he", "כתבו לdan@shop.co.il", "EMAIL"),
    ("hi", "मेरा मोबाइल नंबर 9876543210 है", "PHONE"),
    ("hi", "९८७६५ ४३२१० पर फोन करें", "PHONE"),
    ("hi", "मेरा आधार 2341 2341 2346 है", "NATIONAL_ID"),
    ("th", "ติดต่อ 081-234-5678 ครับ", "PHONE"),
    ("th", "เลขบัตรประชาชน 1101700230705", "DOCUMENT_NUMBER"),
    ("th", "อีเมลของฉันคือsomchai@shop.co.thครับ", "EMAIL"),
    ("zh", "我的微信绑定的手机13912345678，麻烦回电", "PHONE"),
    ("zh", "邮箱：li.na@shop.cn，电话：010-62345678。", "EMAIL PHONE"),
    ("zh", "我的生日是1990年3月5日", "DATE_OF_BIRTH"),
    ("zh", "订单号13812345678901未发货", ""),
    ("zh", "密码是abc12345请帮我重置", "API_KEY"),
    ("zh", "银行账号6222021234567890123请查", "ACCOUNT_NUMBER"),
    ("zh", "访问令牌ghp_abcdefghijklmnopqrstuvwxyz0123456789AB泄露了", "API_KEY"),
    ("zh", "网卡00:1A:2b:3C:4d:5E坏了", "MAC"),
    ("zh", "地址2001:4860:4860::8888不通", "IP"),
    ("zh", "谢谢@jack_b帮忙", "HANDLE"),
    ("zh", "价格是1234567890元", ""),
    ("ja", "０９０－１２３４－５６７８に電話してください", "PHONE"),
    ("ja", "ｔｅｌ０３－１２３４－５６７８", "PHONE"),
    ("ja", "郵便番号は100-0001です", "POSTCODE"),
    ("ja", "〒100-0001東京都千代田区", "POSTCODE"),
    ("ja", "メールアドレスtaro.yamada@shop.co.jpへ送ってください", "EMAIL"),
    ("ja", "生年月日は1980年3月12日です", "DATE_OF_BIRTH"),
    ("ja", "口座番号は1234567です", "ACCOUNT_NUMBER"),
    ("ja", "注文番号1234567890が届かない", ""),
    ("ko", "제 번호는 010-1234-5678입니다", "PHONE"),
    ("ko", "메일은 kim@shop.co.kr로 보내주세요", "EMAIL"),
    ("ko", "주민등록번호 900101-1234568이에요", "NATIONAL_ID"),
    ("ko", "계좌번호 110-123-456789로 환불해주세요", "ACCOUNT_NUMBER"),
    ("ko", "카드4111111111111111로 결제했어요", "CREDIT_CARD"),
    ("vi", "gọi cho tôi số 0912 345 678 nhé", "PHONE"),
    ("vi", "số tài khoản 0123456789012 tại ngân hàng", "ACCOUNT_NUMBER"),
    ("vi", "sinh ngày 12/03/1980 tại Huế", "DATE_OF_BIRTH"),
    ("tr", "0532 123 45 67'den beni arayın", "PHONE"),
    ("tr", "cep telefonum 05321234567", "PHONE"),
    ("tr", "TC kimlik no 10000000146", "NATIONAL_ID"),
    ("tr", "bana ahmet@site.com.tr'den yazın", "EMAIL"),
    ("tr", "sipariş no 1234567890 gelmedi", ""),
    ("id", "hubungi saya di 0812 3456 7890", "PHONE"),
    ("fa", "شماره موبایل من ۰۹۱۲۳۴۵۶۷۸۹ است", "PHONE"),
    ("sv", "ring mig på 070-123 45 67", "PHONE"),
    ("en", "[1700000000] INFO request 4155552671 took 12345678901 ns", ""),
    ("en", "2024-01-02 10:11:12 ERROR pid 1234567890 exit 137 after 1700000000123 ms", ""),
    ("en", "order 4155552671 shipped, total 1,234,567 items", ""),
    ("zh", "[1700000000] 错误 worker 1234567890 已退出", ""),
    ("zh", "2024-01-02 10:11:12 任务1700000000123失败，耗时12345678901毫秒", ""),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "kinds"), IN_LANGUAGES)
def test_personal_data_of_a_language_is_found_and_other_numbers_stay(
    language: str, text: str, kinds: str
) -> None:
    assert re.findall("<([A-Z_]+)>", after(text)) == kinds.split(), language


def test_phones_of_other_countries_and_no_log_line() -> None:
    text = "[1700000000] ERROR worker 1234567890 died"
    assert after(text) == text
    for beside in (" 请打电话 138 1234 5678 联系我", " erreichbar unter 0171 2345678"):
        assert after(text + beside).startswith(f"{text} ")


@pytest.mark.parametrize(
    "text",
    [
        "时间戳1700000000有误",
        "快递单号 123456789012 没更新",
        "价格¥13812345678",
        "版本1.2.3.4发布",
        "версия 1.2.3.4 вышла",
        "счет на 1 234 567 рублей",
        "население 146 447 424 человек",
        "Preis 612 345 678 Euro",
        "Umsatz 2023: 612 345 678",
        "[2024-01-02T10:11:12] WARN 线程 9876543210 超时 1700000000",
        'ts=1700000000 level=error msg="worker 1234567890 died"',
        "GET /api/v1/item/9876543210 200 1234567890us",
        "주문번호 20240101-1234567 배송",
        "[1700000000] ERROR proceso 1234567890 terminado a los 30 s",
        "[1700000000] خطأ العملية 1234567890 توقفت بعد 30 ثانية",
        "注文番号：503-1234567-1234567",
    ],
)
def test_log_lines_prices_orders_and_timestamps_stay(text: str) -> None:
    assert after(text) == text


@pytest.mark.parametrize(
    ("text", "anonymous"),
    [
        ("メールはｔａｒｏ＠ｙｕｕｂｉｎ．ｊｐです", "メールは<EMAIL>です"),
        ("電話：０３（１２３４）５６７８まで", "電話：<PHONE>まで"),
        ("연락처:010 1234 5678로 주세요", "연락처:<PHONE>로 주세요"),
        ("手机号：138-1234-5678，座机：(010)62345678", "手机号：<PHONE>，座机：<PHONE>"),
        ("אני זמין ב052-7654321", "אני זמין ב<PHONE>"),
        ("والرقم0501234567", "والرقم<PHONE>"),
        ("0532 1234567'yi arayın", "<PHONE>'yi arayın"),
        ("IBANはDE89370400440532013000です", "IBANは<IBAN>です"),
        ("パスワードはabc12345です", "パスワードは<API_KEY>です"),
        ("我的护照号E12345678", "我的护照号<DOCUMENT_NUMBER>"),
    ],
)
def test_full_width_signs_colons_and_particles_are_no_part_of_a_value(
    text: str, anonymous: str
) -> None:
    assert after(text) == anonymous


@pytest.mark.parametrize(
    ("text", "anonymous"),
    [
        ("用户@例子.公司 ok", "<EMAIL> ok"),
        ("写信给 用户@例子.公司 吧", "写信给 <EMAIL> 吧"),
        ("请联系info@例子.公司", "请联系<EMAIL>"),
        ("почта иван@почта.рф", "почта <EMAIL>"),
        ("https://shop.com/路?token=abcd1234 见", "<URL_WITH_SECRET> 见"),
        ("看https://shop.com/x?token=abcd1234谢谢", "看<URL_WITH_SECRET>谢谢"),
    ],
)
def test_internationalised_addresses_are_whole(text: str, anonymous: str) -> None:
    assert after(text) == anonymous


def test_listed_regions_replace_those_of_the_text() -> None:
    text = "A note of mine: 0171 2345678"
    assert after(text) == text
    assert after(text, DEFAULT._replace(regions=("DE",))) == "A note of mine: <PHONE>"


def test_a_pattern_of_a_project_finds_ends_beside_letters_and_words_of_any_script() -> None:
    order = UserPattern(name="order", regex=r"\bZX-\d{4}\b", context=("订单",))
    named = UserPattern(name="ticket", regex=r"工单(?P<value>\d+)")
    wanted = Wanted(frozenset(), (order, named))
    assert after("我的订单号是ZX-1234请查", wanted) == "我的订单号是<ORDER>请查"
    assert after("我的型号是ZX-1234请查", wanted) == "我的型号是ZX-1234请查"
    assert after("工单１２３４已关闭", wanted) == "工单<TICKET>已关闭"


@pytest.mark.parametrize("mode", ["placeholder", "pseudonym", "hash", "redact"])
def test_stand_ins_beside_letters_are_nobodys_and_stay(mode: str) -> None:
    once = after("请联系li.na@postfach-nord.org谢谢,电话13812345678一直打不通", mode=mode)
    assert once.startswith("请联系")
    assert "谢谢,电话" in once
    assert once.endswith("一直打不通")
    assert after(once, mode=mode) == once
    assert scan(once) == {}


def test_the_scan_sees_values_beside_letters() -> None:
    assert scan("邮箱li.na@postfach-nord.org谢谢,服务器81.173.22.9连")["looks_like_ip"] == 1


VALUES = [text for text, _ in BESIDE_LETTERS]
LETTERS = st.text(alphabet="的号เค่ะ한국اوלבあー한दी１２: ,@-", max_size=8)


@settings(max_examples=150, deadline=None)
@given(LETTERS, st.sampled_from(VALUES), LETTERS, st.sampled_from(["placeholder", "pseudonym"]))
def test_the_output_anonymised_again_stays_as_it_is(before, value, behind, mode) -> None:
    once = after(before + value + behind, mode=mode)
    assert after(once, mode=mode) == once


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_spans_are_inside_any_text(text: str) -> None:
    (spans,) = detect([text], DEFAULT)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


def test_twenty_languages_have_words_for_what_names_a_value() -> None:
    wanted = "de fr es pt it nl pl ru uk tr ar he fa hi th zh ja ko vi id".split()
    topics: list[Topic] = ["phone", "born", "account", "id", "secret", "other"]
    for code in wanted:
        for topic in topics:
            assert LANGUAGES[code].words[topic], (code, topic)
            naming(topic, code=code)
    assert len({national.region for national in NATIONAL_IDS}) > 45


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("The cat and the dog", ["en"]),
        ("電話番号はひらがなです", ["ja"]),
        ("我的邮箱", ["zh"]),
        ("Wo ist mein Paket, bitte geben Sie Bescheid", ["de"]),
    ],
)
def test_languages_are_those_of_the_text_alone(text: str, codes: list[str]) -> None:
    assert languages_of(text) == codes


def test_languages_of_texts_do_not_depend_on_their_order() -> None:
    texts = [f"Wo ist mein Paket mit der Nummer {n}, bitte geben Sie Bescheid" for n in range(30)]
    assert texts_by_language(texts) == texts_by_language(texts[::-1]) == {"de": 30}


def test_texts_of_scripts_without_spaces_cost_in_proportion() -> None:
    text = (
        "我的" * 20_000 + "电话13812345678一" * 2_000 + "é" * 20_000 + "０" * 5_000 + "ต่ะ" * 5_000
    )
    (result,) = anonymize([text], DEFAULT, KEY, "redact")
    assert result.counts["phone"] == 2_000


def test_the_first_letters_of_every_word_are_certain() -> None:
    """So a text in which no word begins with them needs no look for the words themselves."""
    words = {word for one in LANGUAGES.values() for of in one.words.values() for word in of}
    words |= {word for one in NATIONAL_IDS if one.words for word in one.words.split("|")}
    certain = re.compile(r"[^\W\d_]{3}(?!\?)|[^\W\d_]{1,2}(?:$|\\\.|[ ':-])")
    assert [word for word in words if is_latin(word) and not certain.match(word)] == []


@pytest.mark.parametrize(
    ("text", "is_in"),
    [
        ("tel03 2345", True),
        ("_tel 2345", True),
        ("2tel 2345", True),
        ("²tel 2345", True),
        ("Mein TÉLÉPHONE", True),
        ("电话 03 2345", True),
        ("pastel 2345", False),
        ("é\u0301tel 2345", False),
    ],
)
def test_words_on_a_topic_are_seen_by_their_first_letters(text: str, is_in: bool) -> None:
    assert Searched(text).may_name("phone") == is_in
    if is_in:
        assert naming("phone").search(Searched(text).lower)


@pytest.mark.parametrize("text", ["Bırth date: 3 May 1980", "BIRTH DATE: 3 May 1980",
                                  "paſſport 123456789", "PASSPORT 123456789"])  # fmt: skip
def test_letters_that_a_pattern_takes_for_others_are_looked_for_too(text: str) -> None:
    assert detect([text], DEFAULT)[0]
