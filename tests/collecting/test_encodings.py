"""The encoding of a text: taken where it is plain, told where it is not Unicode, refused where what
comes out is no language."""

import pytest

from seedbed.collecting.encodings import LANGUAGES, decode, excerpt, is_western, likeliest
from seedbed.collecting.tables import read_table
from seedbed.collecting.text_files import File, text_of
from seedbed.core.errors import SourceError
from seedbed.serving.chunks import table_chunks

CHINESE = "客服态度很好，但是快递太慢了,投诉\n商品坏了，我要退款，请尽快处理。,退款\n"
TAIWAN = "客服態度很好，但是快遞太慢了,投訴\n商品壞了，我要退款，請盡快處理。,退款\n"
JAPANESE = (
    "商品が壊れていたので返金してください。,返金\nパスワードを忘れてログインできません。,入力\n"
)
KOREAN = "상품이 고장나서 환불을 원합니다.,환불\n비밀번호를 잊어버려서 로그인할 수 없습니다.,접속\n"
RUSSIAN = "Посылка не пришла, где мой заказ,доставка\nВерните деньги за испорченный товар,деньги\n"
GREEK = "Το πακέτο ήρθε κατεστραμμένο,πακέτο\nΔεν μπορώ να συνδεθώ στον λογαριασμό,είσοδος\n"
HEBREW = "החבילה הגיעה פגומה ואני רוצה החזר כספי,החזר\nאני לא מצליח להתחבר לחשבון שלי,כניסה\n"
ARABIC = "وصل الطرد تالفا وأريد استرداد أموالي,استرداد\nلا أستطيع تسجيل الدخول إلى حسابي,دخول\n"
THAI = "พัสดุมาถึงเสียหาย ขอเงินคืน,คืนเงิน\nเข้าสู่ระบบไม่ได้ ลืมรหัสผ่าน,ระบบ\n"
POLISH = "Paczka przyszła uszkodzona,zwrot\nNie mogę się zalogować, źle działa,konto\n"
CZECH = "Nemohu se přihlásit, zapomněl jsem heslo,účet\nBalík nepřišel, příliš pomalé,zboží\n"
TURKISH = "Giriş yapamıyorum,hesap\nMüşteri hizmetleri çok kötüydü,şikayet\n"
LITHUANIAN = "Negaliu prisijungti, pamiršau slaptažodį,paskyra\nSiunta atėjo sugadinta,grąžinimas\n"
GERMAN = "Größe paßt nicht, möchte zurückgeben,rückgabe\nDie Tür schließt,öffnung\n"
FRENCH = "Le colis est arrivé abîmé, très déçu,retour\nOù est mon œuvre ?,délai\n"

FOREIGN = [
    (CHINESE, "gbk", "gb18030"),
    (CHINESE, "gb18030", "gb18030"),
    (TAIWAN, "big5", "big5"),
    (JAPANESE, "shift_jis", "cp932"),
    (JAPANESE, "euc_jp", "euc_jp"),
    (KOREAN, "euc_kr", "cp949"),
    (RUSSIAN, "windows-1251", "windows-1251"),
    (RUSSIAN, "koi8-r", "koi8-r"),
    (RUSSIAN, "cp866", "cp866"),
    (RUSSIAN, "iso8859-5", "iso8859-5"),
    (GREEK, "windows-1253", "windows-1253"),
    (HEBREW, "windows-1255", "windows-1255"),
    (ARABIC, "windows-1256", "windows-1256"),
    (THAI, "cp874", "cp874"),
    (POLISH, "windows-1250", "windows-1250"),
    (CZECH, "windows-1250", "windows-1250"),
    (CZECH, "iso8859-2", "iso8859-2"),
    (TURKISH, "windows-1254", "windows-1254"),
    (LITHUANIAN, "windows-1257", "windows-1257"),
    (GERMAN, "cp850", "cp850"),
    (GERMAN, "mac-roman", "mac-roman"),
    (FRENCH, "mac-roman", "mac-roman"),
]


def table_of(text: str, encoding: str, said: str = ""):
    content = ("text,label\n" + text).encode(encoding)
    return text_of(content, "in.csv", said)


@pytest.mark.parametrize(("text", "encoding", "named"), FOREIGN)
@pytest.mark.parametrize("times", [1, 300])
def test_what_is_no_western_language_is_refused_with_the_option_that_reads_it(
    text: str, encoding: str, named: str, times: int
) -> None:
    lines = text.splitlines(keepends=True)
    for part in ([*lines] * times, lines[:1] * times):
        if "".join(part).encode(encoding).decode("cp1252", "replace") == "".join(part):
            continue  # windows-1252 has it too
        with pytest.raises(SourceError) as error:
            table_of("".join(part), encoding)
        two = error.value.next_step.split("; in params.yaml")[0]
        assert f"`--encoding {named}` reads {excerpt(''.join(part))}" in two
        assert two.count("--encoding") <= 2


@pytest.mark.parametrize(
    ("word", "encoding", "named"),
    [
        ("好,A", "gbk", "gb18030"), ("退款,投诉", "gbk", "gb18030"), ("很好用", "gbk", "gb18030"),
        ("差评！！！", "gbk", "gb18030"), ("物流太慢 iPhone 14", "gbk", "gb18030"),
        ("很好", "big5", "big5"), ("物流太慢了", "big5", "big5"),
        ("良い", "shift_jis", "cp932"), ("キャンセル", "shift_jis", "cp932"),
        ("환불", "euc_kr", "cp949"), ("로그인 오류", "euc_kr", "cp949"),
        ("Привет", "windows-1251", "windows-1251"), ("Где заказ?", "koi8-r", "koi8-r"),
        ("Καλημέρα", "windows-1253", "windows-1253"), ("مرحبا", "windows-1256", "windows-1256"),
        ("zażółć gęślą", "windows-1250", "windows-1250"), ("İade", "windows-1254", "windows-1254"),
    ],
)  # fmt: skip
def test_a_word_or_two_is_enough_to_refuse_and_to_name_it(word, encoding, named) -> None:
    with pytest.raises(SourceError, match=f"--encoding {named}` reads"):
        table_of(f"{word},x\n", encoding)


@pytest.mark.parametrize(("text", "encoding", "named"), FOREIGN)
def test_the_option_that_is_named_reads_it_and_the_result_is_told(
    text: str, encoding: str, named: str
) -> None:
    read = table_of(text, encoding, named)
    assert read.text == "text,label\n" + text
    assert read.note.startswith(f"in.csv is {named}: ")


WESTERN = [
    GERMAN, FRENCH, "¿Cómo cambio mi contraseña?,año\n", "Não consigo entrar, ação,opção\n",
    "Il caffè è buono, perché più,città\n", "Jag är väldigt besviken på er, får åka hem,köp\n",
    "Tak for hjælpen, det var på grund af,ærø\n", "en pääse sisään, hyvää päivää,käyttö\n",
    "één café, geïnteresseerd,naïef\n", "þetta er ekki gott, ég vil fá það til baka,síðan\n",
    "It’s “new” – don’t buy,€5\n", "Zoë,résumé\n", "ÜBER DIE STRASSE,GRÖSSE\n", "ATENÇÃO,AÇÃO\n",
    "„Gut“, sagt er,»Na ja«\n", "això és una prova, col·legi,vostè\n", "5 µm, ½ price, 20°C,a\n",
]  # fmt: skip


@pytest.mark.parametrize("text", WESTERN)
@pytest.mark.parametrize("times", [1, 300])
def test_a_western_language_is_taken_and_told(text: str, times: int) -> None:
    read = table_of(text * times, "cp1252")
    assert (read.text, read.encoding) == ("text,label\n" + text * times, "windows-1252")
    assert "in.csv is read as windows-1252, a guess" in read.note
    assert "`--encoding`" in read.note
    assert excerpt(text) in read.note


def test_unicode_is_not_told() -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
        assert table_of(RUSSIAN, encoding).note == ""
    assert "utf-32-le" in table_of(RUSSIAN, "utf-32").note


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [CHINESE, KOREAN, RUSSIAN, ARABIC, THAI, GERMAN, "plain,a\n"])
def test_wide_unicode_without_a_mark_is_found_in_every_script(text: str, encoding: str) -> None:
    for part in (text, text * 40, text[: text.index("\n") + 1]):
        assert decode(("text,label\n" + part).encode(encoding)) == ("text,label\n" + part, encoding)


def test_a_letter_that_was_cut_costs_itself_and_not_its_line() -> None:
    cut = "商品坏了，我要退款".encode()[:-1] + b",a\n"
    assert decode(cut).text == "商品坏了，我要退æ¬,a\n"
    note = text_of(b"text,label\n" + cut + CHINESE.encode(), "in.csv").note
    assert "1 lines of in.csv are not UTF-8" in note


def test_the_encoding_of_the_batch_before_is_taken_where_it_is_likely() -> None:
    content = ("text,label\n" + CHINESE).encode("gbk")
    read = text_of(content, "in.csv", before="gbk")
    assert read.text == "text,label\n" + CHINESE
    assert "gbk, as before" in read.note
    with pytest.raises(SourceError, match="--encoding gb18030"):
        text_of(content, "in.csv", before="windows-1251")
    unicode = text_of(("text,label\n" + RUSSIAN).encode(), "in.csv", before="windows-1251")
    assert (unicode.encoding, unicode.text) == ("utf-8", "text,label\n" + RUSSIAN)


def test_half_of_a_large_file_is_enough_and_lines_in_a_stream_are_judged_alike(tmp_path) -> None:
    plain = "a plain line of text,a\n" * 20_000
    path = tmp_path / "in.csv"
    path.write_bytes(("text,label\n" + plain + RUSSIAN).encode("koi8-r"))
    with pytest.raises(SourceError, match="--encoding koi8-r"):
        next(table_chunks(path, 10))
    path.write_bytes(("text,label\n" + plain + GERMAN).encode("cp1252"))
    assert "windows-1252, a guess: Größe" in next(table_chunks(path, 10)).notes[0]


def test_one_line_of_json_without_ends_is_judged_by_a_part_of_it() -> None:
    rows = ", ".join(f'{{"text": "{line}"}}' for line in RUSSIAN.splitlines() * 2_000)
    with pytest.raises(SourceError, match="--encoding windows-1251"):
        read_table(File("a.json", "", f"[{rows}]".encode("windows-1251")), "a.json")


def test_the_same_bytes_have_the_same_answer() -> None:
    sample = JAPANESE.encode("euc_jp")
    assert likeliest(sample) == likeliest(sample)
    assert set(likeliest(sample)) <= set(LANGUAGES)
    assert not is_western(sample)
