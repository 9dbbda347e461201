"""Street addresses of many countries and scripts; and numbers between words that are none."""

import pytest

from seedbed.private.detection import settled
from seedbed.private.traits import find_addresses

ADDRESSES = [
    ("Bitte an Am Markt 5, 80331 München senden", "Am Markt 5, 80331 München"),
    ("Wir sind Lindenallee 4 in Hamburg", "Lindenallee 4"),
    ("J'habite au 12 rue de la Paix, 75002 Paris", "12 rue de la Paix, 75002 Paris"),
    ("au 12 bis, avenue Jean Jaurès", "12 bis, avenue Jean Jaurès"),
    ("chez moi, 3 place de la République", "3 place de la République"),
    ("en C/ Alcalá 45 vive", "C/ Alcalá 45"),
    ("Moro na Av. Paulista, 1578", "Av. Paulista, 1578"),
    ("Abito in Corso Italia 15, Torino", "Corso Italia 15, Torino"),
    ("przy ul. Długa 12/3, 00-238 Warszawa", "ul. Długa 12/3, 00-238 Warszawa"),
    ("na třída Míru 5", "třída Míru 5"),
    ("adresim Atatürk Caddesi No: 12, Ankara", "Atatürk Caddesi No: 12, Ankara"),
    ("bo på Storgatan 5, 111 22 Stockholm", "Storgatan 5, 111 22 Stockholm"),
    ("di Jl. Sudirman No. 12, Jakarta", "Jl. Sudirman No. 12, Jakarta"),
    ("at 12/3, MG Road, Bangalore", "12/3, MG Road, Bangalore"),
    ("at 4589 40th Street, Calgary", "4589 40th Street, Calgary"),
    ("Живу на ул. Ленина, д. 5, кв. 12", "ул. Ленина, д. 5, кв. 12"),
    ("Невский проспект, 28", "Невский проспект, 28"),
    ("μένω Οδός Ερμού 12", "Οδός Ερμού 12"),
    ("大阪市北区梅田3丁目1番3号です", "大阪市北区梅田3丁目1番3号"),
    ("我住在北京市朝阳区建国路88号", "北京市朝阳区建国路88号"),
    ("서울특별시 강남구 테헤란로 123", "서울특별시 강남구 테헤란로 123"),
    ("أسكن في شارع الملك فهد 12", "شارع الملك فهد 12"),
    ("אני גר ברחוב הרצל 5", "ברחוב הרצל 5"),
    ("45 महात्मा गांधी रोड पर", "45 महात्मा गांधी रोड"),
    ("123 ถนนสุขุมวิท", "123 ถนนสุขุมวิท"),
]
NONE = [
    "5 Musicians Of The 70s",
    "2 GO BAK 2 COLLEGE",
    "It took 8 Oscars in 1994 and 3 more",
    "We investigate 12 cases during 5 weeks",
    "1. Over 2. Jada 3. Kusruthi",
    "Top 10 Songs Of 2004",
    "5 Days 7 Nights, 3, Lakers 101",
    "在2024年5月1日，第3号决定",
    "価格は1200円です、3月5日",
    "3번 버튼을 2번 눌렀다",
]


def found(text: str) -> list[str]:
    return [text[span.start : span.end] for span in settled(text, list(find_addresses(text)))]


@pytest.mark.parametrize(("text", "value"), ADDRESSES)
def test_an_address_in_its_own_countrys_order(text: str, value: str) -> None:
    assert any(value in one for one in found(text)), found(text)


@pytest.mark.parametrize("text", NONE)
def test_numbers_between_words_are_no_address(text: str) -> None:
    assert found(text) == []
