"""The language of each text, worked out or map_texts: for a slice of figures, never for a row."""

from collections.abc import Sequence
from functools import partial

from seedbed.cleaning.limits import UNKNOWN_LANGUAGE, language_of
from seedbed.running.engine import map_texts


def languages_of(texts: Sequence[str], min_chars: int) -> list[str]:
    """ISO 639 codes, "unknown" for a text of less than `min_chars` characters (py3langid)."""
    return map_texts(partial(_languages, min_chars=min_chars), texts)


def _languages(texts: Sequence[str], min_chars: int) -> list[str]:
    return [language_of(text) if len(text) >= min_chars else UNKNOWN_LANGUAGE for text in texts]
