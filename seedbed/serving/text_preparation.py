"""New texts made ready for a model as its training texts were: cleaned, personal values replaced.

What was done is written into the model's folder, so that a model meets the texts it was trained on,
whatever params.yaml says by now. Limits (too short, too long, another language) drop rows from
training; no new text is refused for them.
"""

from collections.abc import Sequence

from seedbed.cleaning.rules import rewritten
from seedbed.core.keys import load_key
from seedbed.core.params import Section
from seedbed.private.asked import AnonymizeParams
from seedbed.private.detection import anonymize

KEYED = ("pseudonym", "hash")  # modes whose stand-ins hang on the secret key


class TextPreparation(Section):
    """The cleaning rules in their order, and the section `anonymize` of params.yaml."""

    rules: list[str]
    anonymize: AnonymizeParams

    def prepared(self, texts: Sequence[str]) -> list[str]:
        """Each text as the model would have seen it in training.

        Raises KeyFileError where stand-ins hang on a key that is not here.
        """
        asked = self.anonymize
        key = load_key(asked.key_fingerprint) if asked.mode in KEYED else b""
        cleaned = [rewritten(text, self.rules)[0] for text in texts]
        return [one.text for one in anonymize(cleaned, asked.wanted, key, asked.mode)]
