"""Values in other dress: obfuscated, spelled out, with signs that their kind has not."""

import pytest
from conftest import ROOT, yaml

from seedbed.core.text_units import Rewritten
from seedbed.private.detection import DRESSES, anonymize
from seedbed.private.kinds import AnonymizeParams

KEY = b"a key of these tests"
WANTED = AnonymizeParams(**yaml.load(ROOT / "params.yaml")["anonymize"]).wanted

# What has to go whole, whatever is around it.
VALUES = {
    "email": """jane (at) example.com|jane.doe [at] gmail.com|jane.doe AT gmail DOT com
        |jane.doe@gmail,com|jane.doe @ gmail.com|jane.doe@gmail .com|jane.doe%40gmail.com
        |jane.doe＠gmail.com|jane dot doe at gmail dot com|j.doe{at}shop{dot}co{dot}uk
        |jane.doe&#64;gmail.com|j a n e . d o e @ g m a i l . c o m|jane.doe[@]gmail[.]com
        |jane.doe at gmail.com|janedoe at hotmail dot com|jane-doe_at_web_dot_de
        |jane.doe@\u200bgmail.com|𝐣𝐚𝐧𝐞.𝐝𝐨𝐞@𝐠𝐦𝐚𝐢𝐥.𝐜𝐨𝐦|jane.doe@gmail․com|ann.lee<at>yahoo<dot>com
        |ann%2Elee%40firm%2Ecom|ann.lee&commat;firm&period;com|ann underscore lee at gmail dot com
        |ann.lee arroba correo punto es""",
    "phone": """oh two oh seven nine four six oh nine double five|020·7946·0958
        |plus four four two zero seven nine four six zero nine five eight|020–7946–0958
        |020_7946_0958|+49—30—901820""",
    "credit_card": """4111.1111.1111.1111|4111–1111–1111–1111|4111/1111/1111/1111
        |4111_1111_1111_1111|4111 - 1111 - 1111 - 1111|4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1
        |four one one one one one one one one one one one one one one one|41l1 1111 1111 1111
        |４１１１ １１１１ １１１１ １１１１|5555|5555|5555|4444|⑤⑤⑤⑤ ⑤⑤⑤⑤ ⑤⑤⑤⑤ ④④④④""".replace(
        "5555|5555|5555|4444", "5555~5555~5555~4444"
    ),
    "iban": """DE89.3704.0044.0532.0130.00|DE89-3704-0044-0532-0130-00
        |FR14 - 2004 - 1010 - 0505 - 0001 - 3M02 - 606|GB29.NWBK.6016.1331.9268.19""",
    "mac": "AA-BB-CC-DD-EE-FF|CA:FE:BA:BE:DE:AD|00 1A 2B 3C 4D 5E|00.1a.2b.3c.4d.5e",
    "national_id": "536–22–8726|536.22.8726|536_22_8726|AB-12-34-56-C",
    "ip": "10[.]20[.]30[.]40|10 dot 20 dot 30 dot 40|10 . 20 . 30 . 40",
    "url_with_secret": "hxxps://ann:pw@shop[.]com/x",
}
CASES = [
    pytest.param(kind, value.strip(), id=f"{kind} {value.strip()}")
    for kind, values in VALUES.items()
    for value in values.split("|")
]


@pytest.mark.parametrize(("kind", "value"), CASES)
def test_a_value_in_other_dress_goes_whole(kind: str, value: str) -> None:
    text = f"It was: {value}, I think."
    assert (
        anonymize([text], WANTED, KEY, "placeholder")[0].text
        == f"It was: <{kind.upper()}>, I think."
    )


@pytest.mark.parametrize(
    "text",
    [
        "It is on sale at Amazon dot com, she said.",
        "We had lunch @ bbc. In the end it was fine.",
        "Look at me. Com on!",
        "She works at gmail.com and likes it [at least] (sometimes).",
        "One, two, three, four, five, six, seven: all good children go to heaven.",
        "In 2003–2004 it rose from 1.234.567.890 to 2.345.678.901 units.",
        "6-4 3-6 6-7 (5-7) 7-6 (7-3) 6-2 was the score – at last.",
        "Umsatz 2023: 612 345 678; 1 / 2 of it • 12 items • 34 items",
        "• first\n• second – third — fourth",
    ],
)
def test_texts_without_values_stay(text: str) -> None:
    assert anonymize([text], WANTED, KEY, "placeholder")[0].text == text


def test_a_view_says_where_its_characters_are_from() -> None:
    text = "to ann (at) shop [.] com now"
    view = Rewritten(text, DRESSES)
    start = view.text.index("ann@shop.com")
    low, high = view.place(start, start + len("ann@shop.com"))
    assert text[low:high] == "ann (at) shop [.] com"


@pytest.mark.parametrize("mode", ["pseudonym", "hash"])
def test_an_address_has_one_stand_in_however_it_is_written(mode: str) -> None:
    texts = ["the server 81.173.22.9 is down", "the server 81[.]173[.]22[.]9 is down"]
    plain, odd = (one.text for one in anonymize(texts, WANTED, KEY, mode))
    assert plain == odd
    assert "173" not in odd
