"""Made sentences of 14 languages and the values in them, drawn by seed: nobody's.

The sentences are in benchmarks/languages_rows.toml; `{slot:form}` in them becomes a value. Values
have the right check digits, or they would not have to be found.
"""

import random
import re
import tomllib
from collections.abc import Callable
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import phonenumbers
from stdnum import iban, luhn
from stdnum.es import ccc

SENTENCES = Path(__file__).with_suffix(".toml")
SEED = 15
SLOT = re.compile(r"\{(?P<slot>[\w.]+)(?::(?P<form>[^}]*))?\}")
DIGITS = {"arab": 0x660, "deva": 0x966, "thai": 0xE50, "wide": 0xFF10}  # the script's zero
# Digits of a mobile number of each region before those that are drawn.
MOBILE = {"US": "415736", "DE": "1512345", "FR": "61234", "ES": "61234", "BR": "1196123",
          "RU": "912345", "GR": "691234", "SA": "51234", "IL": "50234", "IN": "81234",
          "TH": "81234", "CN": "1312345", "JP": "901234", "KR": "102000"}  # fmt: skip
# N is any digit, Y M D those of a day of birth, X what the check asks for.
IDS = {"us.ssn": "5NN-NN-NNNN", "de.idnr": "NNNNNNNNNNN", "fr.nir": "1 YY MM 75 1NN NNN NN",
       "es.dni": "NNNNNNNNX", "br.cpf": "NNN.NNN.NNN-NN", "ru.inn": "63NNNNNNNNNN",
       "gr.vat": "1NNNNNNNN", "gr.amka": "DDMMYYNNNNN", "il.idnr": "NNNNNNNNN",
       "in_.aadhaar": "5NNN NNNN NNNN", "in_.pan": "AXXPXNNNNX", "th.pin": "1NNNNNNNNNNNN",
       "cn.ric": "110105CCYYMMDDNNNN", "jp.in_": "NNNNNNNNNNNN",
       "kr.rrn": "YYMMDD-1NNNNNN"}  # fmt: skip
NAMES = ("li.na", "ravi", "somchai", "m.perez", "o_ivanova", "kowalski", "taro", "haddad")
MAIL_DOMAINS = ("postfach-nord.org", "correo-azul.net", "yuubin-mail.jp", "mail.pismo-les.com")
IBANS = {"en": "GB", "de": "DE", "fr": "FR", "es": "ES", "pt": "PT", "ru": "KZ", "el": "GR",
         "ar": "SA", "he": "IL"}  # fmt: skip
IBAN_FORMS = {"GB": "AAAANNNNNNNNNNNNNN", "DE": "N" * 18, "FR": "N" * 23, "PT": "N" * 21,
              "KZ": "N" * 16, "GR": "N" * 23, "SA": "N" * 20, "IL": "N" * 19}  # fmt: skip
LETTERS = "ABCDEFGHJKLMNPRSTUVWZ"


class Language(NamedTuple):
    """What is made of one language; each string is a sentence."""

    code: str
    name: str
    region: str
    months: list[str]
    values: list[str]  # with a slot
    none: list[str]  # without any personal value
    different: list[tuple[str, str]]  # that are no near copies
    names: list[str]
    forget: list[str]  # with {name}


class Planted(NamedTuple):
    """A sentence, the personal value in it, and where that stands."""

    text: str
    kind: str
    start: int
    end: int


def languages() -> list[Language]:
    """All languages, in the order of the file."""
    content = tomllib.loads(SENTENCES.read_text(encoding="utf-8"))
    return [_language(code, part) for code, part in content.items()]


def _language(code: str, part: dict[str, Any]) -> Language:
    values, none, different, forget = (
        part[name].strip().splitlines() for name in ("values", "none", "different", "forget")
    )
    pairs = [tuple(line.split(" | ")) for line in different]
    return Language(code, part["name"], part["region"], part["months"].split(), values, none,
                    pairs, part["names"], forget)  # fmt: skip


def planted(language: Language) -> list[Planted]:
    """Each sentence of `values` with a drawn value."""
    return [
        _filled(language, line, random.Random(f"{SEED}:{language.code}:{number}"))
        for number, line in enumerate(language.values)
    ]


def _filled(language: Language, line: str, draw: random.Random) -> Planted:
    match = SLOT.search(line)
    if not match:
        raise ValueError(f"no slot in {line!r}")
    slot, form = match["slot"], match["form"] or ""
    value = MAKERS.get(slot, _national_id)(language, slot, form, draw)
    kind = slot if slot in MAKERS else "national_id"
    text = line[: match.start()] + value + line[match.end() :]
    return Planted(text, kind, match.start(), match.start() + len(value))


def _phone(language: Language, slot: str, form: str, draw: random.Random) -> str:
    example = phonenumbers.example_number_for_type(
        language.region, phonenumbers.PhoneNumberType.MOBILE
    )
    known, length = MOBILE[language.region], len(str(example.national_number))
    while True:
        digits = known + _digits(draw, length - len(known))
        number = phonenumbers.PhoneNumber(example.country_code, int(digits))
        if phonenumbers.is_valid_number(number):
            break
    style = phonenumbers.PhoneNumberFormat
    abroad = slot == "intl"
    text = phonenumbers.format_number(number, style.INTERNATIONAL if abroad else style.NATIONAL)
    groups = re.findall(r"\d+", text)
    plus = "+" if abroad else ""
    if form in ("dots", "hyphens", "spaces"):
        return plus + {"dots": ".", "hyphens": "-", "spaces": " "}[form].join(groups)
    if form == "slash":
        return f"{groups[0]}/{''.join(groups[1:])}"
    if form == "zero":
        return "00" + " ".join(groups)
    return _formed("".join([plus, *groups]), form) if form else text


def _formed(value: str, form: str) -> str:
    """Digits and letters alone, in the digits of a script."""
    plain = "".join(filter(lambda one: one.isalnum() or one == "+", value))
    if form in DIGITS:
        return "".join(chr(DIGITS[form] + int(one)) if one.isdigit() else one for one in plain)
    return plain


def _digits(draw: random.Random, count: int) -> str:
    return "".join(draw.choices("0123456789", k=count))


def _email(language: Language, slot: str, form: str, draw: random.Random) -> str:
    return f"{draw.choice(NAMES)}{draw.choice(['', '', '7', '84'])}@{draw.choice(MAIL_DOMAINS)}"


def _card(language: Language, slot: str, form: str, draw: random.Random) -> str:
    digits = draw.choice(["4012", "5301"]) + _digits(draw, 11)
    digits += luhn.calc_check_digit(digits)
    return digits if form else " ".join(re.findall("....", digits))


def _iban(language: Language, slot: str, form: str, draw: random.Random) -> str:
    country = IBANS.get(language.code, "DE")
    if country == "ES":
        account = "2100" + _digits(draw, 4) + "00" + _digits(draw, 10)
        account = account[:8] + ccc.calc_check_digits(account) + account[10:]
    else:
        account = "".join(
            draw.choice(LETTERS) if one == "A" else draw.choice("0123456789")
            for one in IBAN_FORMS[country]
        )
    return country + iban.calc_check_digits(f"{country}00{account}") + account


def _national_id(language: Language, slot: str, form: str, draw: random.Random) -> str:
    if slot == "sa":  # the Saudi id, which python-stdnum lacks: 10 digits, Luhn
        digits = "1" + _digits(draw, 8)
        value = digits + luhn.calc_check_digit(digits)
    else:
        check = import_module(f"stdnum.{slot}").is_valid
        while not check(value := _by_pattern(IDS[slot], draw)):
            pass
    if form == "hyphens":
        return "-".join(re.findall(r"^.|(?<=^.).{4}|(?<=^.{5}).{5}|(?<=^.{10})..|.$", value))
    return _formed(value, form) if form else value


def _by_pattern(pattern: str, draw: random.Random) -> str:
    day = _day(draw)
    for mark, digits in (("CC", "%C"), ("YY", "%y"), ("MM", "%m"), ("DD", "%d")):
        pattern = pattern.replace(mark, f"{day.year // 100}" if mark == "CC" else f"{day:{digits}}")
    return "".join(
        draw.choice("0123456789") if one == "N" else draw.choice(LETTERS) if one == "X" else one
        for one in pattern
    )


def _day(draw: random.Random) -> date:
    return date(1955, 1, 1) + timedelta(days=draw.randrange(45 * 365))


def _birth(language: Language, slot: str, form: str, draw: random.Random) -> str:
    day = _day(draw)
    parts = {"%d": f"{day.day:02d}", "%m": f"{day.month:02d}", "%Y": f"{day.year}",
             "%e": f"{day.day}", "%n": f"{day.month}", "%E": f"{day.year + 543}",
             "%B": language.months[day.month - 1]}  # fmt: skip
    return re.sub("%.", lambda match: parts[match[0]], form)


def _number(language: Language, slot: str, form: str, draw: random.Random) -> str:
    value = "".join(draw.choice("123456") if one == "N" else one for one in form)
    return f"0{value[1:]}" if language.code == "fr" and slot == "postcode" else value


def _ip(language: Language, slot: str, form: str, draw: random.Random) -> str:
    return f"81.{draw.randrange(16, 250)}.{draw.randrange(250)}.{draw.randrange(1, 250)}"


Maker = Callable[[Language, str, str, random.Random], str]
MAKERS: dict[str, Maker] = {
    "phone": _phone, "intl": _phone, "email": _email, "card": _card, "iban": _iban, "ip": _ip,
    "dob": _birth, "postcode": _number, "account": _number,
}  # fmt: skip
