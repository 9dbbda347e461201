"""Values that their name proves, in any language: national identity and tax numbers, accounts,
documents, days of birth, postcodes, passwords.

python-stdnum knows the check digits. A number whose form is that of any other number needs its
name before it: one of its own, or a word such as "id number" in a language of the text, if the
text's regions have such numbers.
"""

import importlib
import math
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import NamedTuple

import regex

from seedbed.private.languages import (
    ENGLISH,
    LANGUAGES,
    Searched,
    Topic,
    either_word,
    first_letters,
    naming,
    regions_of,
)
from seedbed.private.patterns import DATA, Finder, Pair, word_list

# Values that count if a word for them, in any language, is before them.
DATE_OF_BIRTH = re.compile(
    r"(?<!\d)(?<!\d[/.-])(?:\d{1,4}[./-] ?\d{1,2}[./-] ?\d{1,4}|\d{2,4}年\s?\d{1,2}月\s?\d{1,2}日"
    r"|\d{2,4}년\s?\d{1,2}월\s?\d{1,2}일|\d{1,2}[.ºoª]?\s(?:de\s|d['’])?[^\s\d]{3,16}\s(?:del?\s)?\d{4})"
    r"(?![\d/-]|\.\d)"
)
ACCOUNT_CODE = re.compile(
    r"(?<![A-Za-z0-9_.-])(?<!&#)(?:[A-Z]{1,4}-?)?\d(?:[ -]?\d){5,21}(?![A-Za-z0-9_/%]|[.,]\d)"
)
DOCUMENT_CODE = re.compile(
    r"(?<![A-Za-z0-9_.-])(?<!&#)(?:[A-Z]{1,3}[ -]?)?\d(?:[ .-]?\d){4,17}(?:-?[A-Z]|\(\d\))?"
    r"(?![A-Za-z0-9_%]|[.,]\d)"
    r"|(?<![A-Za-z0-9_.-])(?=(?:[A-Z]{0,3}\d){4})[A-Z0-9]{7,18}(?![A-Za-z0-9_%])"
)
POSTCODE = re.compile(
    r"(?<![A-Za-z0-9_.-])(?=\d(?:[ -]?\d){3})\d{2,7}(?:[ -]\d{2,4}| ?[A-Z]{2}(?![A-Za-z]))?"
    r"(?![A-Za-z0-9_%-]|[.,]\d)"
)
AMOUNT_BEHIND = re.compile(  # a number is money, time, size or a count
    r" ?(?:[$£€¥₹₽₺₪₩฿₫₴]|(?:euros?|eur|usd|dollars?|руб\w*|грн|zł|ns|[mµ]?s|sec(?:ond)?s?"
    r"|bytes?|[kmg]b|rows?|items?|times)(?!\w)|毫?秒|字节|[元円次个個件人]|[원초회건개명]|บาท)",
    re.IGNORECASE,
)
SECRET_BEHIND = (
    r"[\"']?(?:\s{0,2}[:=]\s{0,2}|\s?(?:\p{L}{0,7}[\s\"']{1,2}|[\p{L}--[a-z]]{0,7})(?=[!-~]*\d))[\"']?"
    r"(?P<value>[!#-&(-+\--:=?-~]{6,200})(?<![.)])"
)
SECRET_STEMS = {
    word.rstrip("*") for one in LANGUAGES.values() for word in one.words.get("secret", ())
}
ASCII_STEMS = set(filter(str.isascii, SECRET_STEMS))
# Secrets: tokens of vendors, and what a name says is one.
SECRETS = tomllib.loads((DATA / "secrets.toml").read_text(encoding="utf-8"))
KNOWN_TOKEN = re.compile(rf"(?<![\w-])(?:{'|'.join(SECRETS['tokens'].values())})")
SHOWN_SECRETS = {mark: re.compile(form) for mark, form in SECRETS["shown"].items()}
SIGN = re.compile(r":=|=>|[:=>]")
NAME_BEFORE_SIGN, *AFTER_SIGN = map(re.compile, SECRETS["assigned"].values())
RANDOM = re.compile(r"(?<![\w+/=.-])(?=[A-Za-z+/_-]{0,64}\d)[\w+/-]{20,200}={0,2}(?![\w+/.-])")
SECRET_WORD = re.compile(
    r"key|token|secret|pass|pwd|credential|bearer|auth|webhook|heroku|signature", re.IGNORECASE
)
LONGEST_WORD = 10
MIN_ENTROPY = 3.0  # bits a character; hexadecimal digits have at most 4
CHARS_OF_KEYWORD = 40  # before a random word, in which a word says that it is a secret
NO_SECRET = word_list("no_secret")
ID_WORDS_BEFORE = 48  # chars before a number in which the word that names it counts


class NationalId(NamedTuple):
    """A form of national number, and what proves a number of that form.

    `module` of stdnum checks it ("" for form alone); one of `words`, in the notation of
    data/languages.toml, must be before it, unless the form and its check digit are proof enough
    ("").
    """

    form: str
    module: str
    words: str = ""

    @property
    def region(self) -> str:
        """The region that gives such numbers, an ISO 3166 code."""
        return self.module.partition(".")[0].strip("_").upper()


# A number that needs a name has a form loose enough for the separators that people write.
NINE = r"\d{3}[ .-]?\d{3}[ .-]?\d{3}"
TEN, ELEVEN, TWELVE, THIRTEEN = r"\d{10}", r"\d{11}", r"\d{12}", r"\d{13}"
NATIONAL_IDS = (
    NationalId(r"\d{3}-\d{2}-\d{4}", "us.ssn"),
    NationalId(r"\d{3}[ .]?\d{2}[ .]?\d{4}", "us.ssn", "ssn*|social security*"),
    NationalId(r"9\d{2}-\d{2}-\d{4}", "us.itin"),
    NationalId(r"\d{2}-?\d{7}", "us.ein", "ein|employer identification*"),
    NationalId(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]", ""),  # UK NINO
    NationalId(r"\d{3}[ -]?\d{3}[ -]?\d{4}", "gb.nhs", "nhs"),
    NationalId(TEN, "gb.utr", "utr|taxpayer reference*"),
    NationalId(NINE, "ca.sin", "sin|social insurance*"),
    NationalId(NINE, "au.tfn", "tfn|tax file*"),
    NationalId(r"\d{2,3}-?\d{3}-?\d{3}", "nz.ird", "ird"),
    NationalId(r"\d{7}[A-W][A-IW]?", "ie.pps", "pps|ppsn"),
    NationalId(THIRTEEN, "za.idnr", "id n*|id:|identity n*|rsa id*"),
    NationalId(r"[12] ?\d{2} ?[01]\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}", "fr.nir"),
    NationalId(r"[0-3]\d ?\d{2} ?\d{3} ?\d{3} ?\d{3}", "fr.nif", "numéro fiscal|numero fiscal|spi"),
    NationalId(r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", "be.nn"),
    NationalId(ELEVEN, "be.nn", "rijksregister*|registre national*|nrn|rrn"),
    NationalId(r"\d{8}-?[A-Z]", "es.dni", "dni|nif"),
    NationalId(r"[XYZ]-?\d{7}-?[A-Z]", "es.nie"),
    NationalId(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", "it.codicefiscale"),
    NationalId(r"\d{2} ?\d{3} ?\d{3} ?\d{3}", "de.idnr", "steuer*|tin|tax id*|idnr*"),
    NationalId(r"\d{4} ?\d{6}", "at.vnr", "sozialversicherung*|sv-n*|svn*"),
    NationalId(r"756\.\d{4}\.\d{4}\.\d{2}", "ch.ssn"),
    NationalId(r"\d{9}|\d{4}\.\d{2}\.\d{3}", "nl.bsn", "bsn|burgerservice*"),
    NationalId(NINE, "pt.nif", "nif|contribuinte*"),
    NationalId(r"\d{8} ?\d ?[A-Z0-9]{2}\d", "pt.cc", "cidadão*|cidadao*|cc"),
    NationalId(ELEVEN, "pl.pesel", "pesel*"),
    NationalId(r"\d{3}-?\d{3}-?\d{2}-?\d{2}", "pl.nip", "nip"),
    NationalId(r"\d{6}/?\d{3,4}", "cz.rc", r"rodné*|rodne*|rč|r\.č*"),
    NationalId(r"\d{6}/?\d{3,4}", "sk.rc", r"rodné*|rodne*|rč|r\.č*"),
    NationalId(THIRTEEN, "ro.cnp", "cnp|cod numeric*"),
    NationalId(TEN, "bg.egn", "егн*|egn"),
    NationalId(ELEVEN, "hr.oib", "oib"),
    NationalId(THIRTEEN, "si.emso", "emšo*|emso*|jmbg*"),
    NationalId(ELEVEN, "lt.asmens", "asmens*"),
    NationalId(ELEVEN, "ee.ik", "isikukood*"),
    NationalId(r"\d{6}-?\d{5}", "lv.pvn", "personas kods*"),
    NationalId(r"(?:\d{2})?\d{6}[-+]\d{4}", "se.personnummer"),
    NationalId(TWELVE, "se.personnummer", "personnummer*"),
    NationalId(r"\d{6}[-+A-FYXWVU]\d{3}[0-9A-Y]", "fi.hetu"),
    NationalId(r"\d{6}[- ]?\d{4}", "dk.cpr", "cpr|personnummer*"),
    NationalId(r"\d{6} ?\d{5}", "no.fodselsnummer", "fødselsn*|fodselsn*|personnummer*"),
    NationalId(r"\d{6}-?\d{4}", "is_.kennitala", "kennitala*"),
    NationalId(ELEVEN, "gr.amka", "αμκα*|amka*"),
    NationalId(r"\d{9}", "gr.vat", r"αφμ*|α\.φ\.μ*|afm"),
    NationalId(ELEVEN, "tr.tckimlik", r"tc|t\.c|kimlik*|tckn*"),
    NationalId(TWELVE, "ru.inn", "инн|inn"),
    NationalId(TEN, "ua.rntrc", "рнокпп*|іпн"),
    NationalId(THIRTEEN, "md.idno", "idnp"),
    NationalId(r"\d{9}", "il.idnr", r'תז|ת\.ז|ת"ז|ת״ז|תעודת זהות|teudat*'),
    NationalId(r"\d{4}[ -]?\d{4}[ -]?\d{4}", "in_.aadhaar", "aadhaar*|aadaar*|uid|आधार*"),
    NationalId(r"[A-Z]{5}\d{4}[A-Z]", "in_.pan", "pan|पैन*"),
    NationalId(r"\d{5}-\d{7}-\d", "pk.cnic"),
    NationalId(r"\d{17}[\dX]", "cn.ric"),
    NationalId(r"\d{6}-[1-8]\d{6}", "kr.rrn"),
    NationalId(THIRTEEN, "kr.rrn", "주민*|외국인등록*"),
    NationalId(r"\d{4}[ -]?\d{4}[ -]?\d{4}", "jp.in_", "マイナンバー*|個人番号*|my number*"),
    NationalId(r"\d-\d{4}-\d{5}-\d{2}-\d", "th.pin"),
    NationalId(THIRTEEN, "th.pin", "ประชาชน*|ผู้เสียภาษี*"),
    NationalId(r"\d{6}-\d{2}-\d{4}", "my.nric", "nric*|mykad*|ic|pengenalan*"),
    NationalId(r"\d{16}", "id.nik", "nik|ktp"),
    NationalId(r"\d{2}\.\d{3}\.\d{3}\.\d-\d{3}\.\d{3}", "id.npwp"),
    NationalId(r"\d{10}(?:-\d{3})?", "vn.mst", "mã số thuế*|mst"),
    NationalId(r"\d{3}\.\d{3}\.\d{3}-\d{2}", "br.cpf"),
    NationalId(ELEVEN, "br.cpf", "cpf"),
    NationalId(r"\d{2}-\d{8}-\d", "ar.cuit"),
    NationalId(ELEVEN, "ar.cuit", "cuit|cuil"),
    NationalId(r"\d{2}\.?\d{3}\.?\d{3}", "ar.dni", "dni"),
    NationalId(r"\d{1,2}\.\d{3}\.\d{3}-[\dK]", "cl.rut"),
    NationalId(r"\d{7,8}-?[\dK]", "cl.rut", "rut"),
    NationalId(r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z\d]\d", "mx.curp"),
    NationalId(r"[A-Z&Ñ]{4}\d{6}[A-Z\d]{3}", "mx.rfc", "rfc"),
    NationalId(r"\d{1,3}\.?\d{3}\.?\d{3}-?\d", "co.nit", "nit"),
    NationalId(TEN, "ec.ci", "cédula*|cedula*"),
    NationalId(r"\d{8}-?[\dA-K]", "pe.cui", "dni|cui"),
    NationalId(r"[VE]-?\d{8}-?\d", "ve.rif", "rif|cédula*|cedula*"),
    NationalId(r"\d{3}-?\d{7}-?\d", "do.cedula", "cédula*|cedula*"),
    NationalId(ELEVEN, "cu.ni", "carné*|carne*|identidad*"),
)  # fmt: skip
BEGINS = re.compile(  # four digits at least, and six signs
    r"(?<![\w.-])(?<!&#)(?=[A-Z&Ñ]{0,6}[ -]?\d(?:[ ./-]?[A-Z]?\d){3}[ ./-]?[\dA-Z])",
    re.IGNORECASE,
)
PROVEN = re.compile(
    "|".join(f"(?:{one.form})" for one in NATIONAL_IDS if not one.words), re.IGNORECASE
)
LETTERS_OF = {one: first_letters(one.words.split("|")) for one in NATIONAL_IDS}
LETTERS_OF_ALL = frozenset[str]().union(*LETTERS_OF.values())


def find_national_ids(searched: Searched) -> Iterator[Pair]:
    """Yield where national identity and tax numbers are in a text."""
    text, letters = searched.apart, searched.first_letters
    named = NATIONAL_IDS if letters is None else _named_by(LETTERS_OF_ALL & letters)
    for beginning in BEGINS.finditer(text):
        start = beginning.start()
        is_id = searched.is_called("id", start)
        is_proven = PROVEN.match(text, start)
        if not (named or is_id or is_proven):
            continue
        before = searched.lower[max(0, start - ID_WORDS_BEFORE) : start]
        regions = _id_regions(searched, start) if is_id else ()
        for national in NATIONAL_IDS if is_id or is_proven else named:
            match = _form(national).match(text, start)
            if not match or not _is_valid(national, match[0]):
                continue
            if not national.words or national.region in regions or _is_named(national, before):
                yield match.span()


@lru_cache(1000)
def _named_by(letters: frozenset[str]) -> tuple[NationalId, ...]:
    return tuple(one for one in NATIONAL_IDS if not letters.isdisjoint(LETTERS_OF[one]))


@cache
def _form(national: NationalId) -> re.Pattern[str]:
    return re.compile(rf"(?:{national.form})(?![\w-]|\.\d)", re.IGNORECASE)


@cache
def _names(words: str) -> regex.Pattern[str]:
    return either_word(words.split("|"))


def _is_named(national: NationalId, before: str) -> bool:
    return bool(_names(national.words).search(before))


def _id_regions(searched: Searched, start: int) -> tuple[str, ...]:
    named = searched.named("id", start - ID_WORDS_BEFORE, start)
    return (*searched.regions, *regions_of(named))


def _is_valid(national: NationalId, number: str) -> bool:
    if not national.module:
        return True
    return bool(importlib.import_module(f"stdnum.{national.module}").is_valid(number))


def called(topic: Topic, value: re.Pattern[str]) -> Callable[[Searched], Iterator[Pair]]:
    """Return a finder of values of a form that a word on a topic is directly before; of a day of
    birth the word may be behind it: am 29.03.1996 geboren."""

    def find(searched: Searched) -> Iterator[Pair]:
        if not searched.may_name(topic) or searched.is_plainly_english:
            return
        for match in value.finditer(searched.folded):
            is_called = searched.is_called(topic, match.start()) or (
                topic == "born" and searched.is_called_behind(topic, match.end())
            )
            if is_called and not AMOUNT_BEHIND.match(searched.folded, match.end()):
                yield match.span()

    return find


def find_named_secrets(searched: Searched) -> Iterator[Pair]:
    """Yield passwords by what they are called in other languages than English."""
    stems = ASCII_STEMS if searched.text.isascii() else SECRET_STEMS
    if searched.may_name("secret") and any(map(searched.lower.__contains__, stems)):
        found = [*naming("secret", end=SECRET_BEHIND).finditer(searched.lower)]
        if found and searched.languages != [ENGLISH]:
            yield from (match.span("value") for match in found)


def find_secrets(text: str) -> Iterator[Pair]:
    """Yield what a name says is a secret: DB_PASSWORD=..., "my token is ...", --api-key ..."""
    searched = 0  # up to here no word ends that is near the next sign
    for sign in SIGN.finditer(text):
        low, high = sign.span()
        near = max(0, low - 64)
        if not SECRET_WORD.search(text, max(near, searched - LONGEST_WORD), low):
            searched = low
            continue
        name = NAME_BEFORE_SIGN.search(text, near, low)
        values = (after.match(text, high) for after in AFTER_SIGN) if name else ()
        if value := next(filter(None, values), None):
            word = value["value"].strip(".!?:").lower()
            if word not in NO_SECRET and not (sign[0] == ">" and name and name["space"]):
                yield value.span("value")
    lower = text.lower()
    patterns = [pattern for mark, pattern in SHOWN_SECRETS.items() if mark in lower]
    for pattern in patterns:
        for match in pattern.finditer(text):
            yield match.span("value" if match["value"] else 0)


def find_random(text: str) -> Iterator[Pair]:
    """Yield words of random characters that a word such as "key" is close before."""
    for match in RANDOM.finditer(text):
        start = match.start()
        if SECRET_WORD.search(text, max(0, start - CHARS_OF_KEYWORD), start):
            shares = [count / len(match[0]) for count in Counter(match[0]).values()]
            if -sum(share * math.log2(share) for share in shares) >= MIN_ENTROPY:
                yield match.span()


class Search(NamedTuple):
    """A finder of values of a kind, and the signal without which it need not look."""

    kind: str
    signal: str
    find: Callable[[Searched], Iterator[Pair]]


def by_form(find: Finder, *parts: str) -> Callable[[Searched], Iterator[Pair]]:
    """Return the finder of values by their form alone, whatever letters are around them. `parts`:
    if given, a text with a value has one of them, in any case."""
    if not parts:
        return lambda searched: find(searched.apart)
    return lambda searched: (
        find(searched.apart) if any(map(searched.caseless.__contains__, parts)) else iter(())
    )


def by_form_or_whole(
    find: Callable[[str, str], Iterator[Pair]],
) -> Callable[[Searched], Iterator[Pair]]:
    """Return the finder of values which such letters may be part of, too."""
    return lambda searched: find(searched.apart, searched.folded)
