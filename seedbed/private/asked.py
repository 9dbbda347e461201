"""What is looked for in texts and what stands in: section `anonymize` of params.yaml."""

from typing import Literal

from pydantic import Field

from seedbed.core.params import Section
from seedbed.private.detection import NameKind, PatternKind, UserPattern, Wanted
from seedbed.private.stand_ins import Mode


class AnonymizeParams(Section):
    """params.yaml section `anonymize`."""

    key_fingerprint: str = Field(pattern=r"^[0-9a-f]{12}$")  # of the key that stand-ins hang on
    mode: Mode = "placeholder"  # what stands in: <EMAIL>, an invented value, a keyed hash, a bar
    kinds: tuple[PatternKind, ...]  # what is found by pattern and checksum
    patterns: tuple[UserPattern, ...] = ()  # a project's own: name, regex, context words
    names: tuple[NameKind, ...] | Literal[False] = False  # kinds found by the extra `names`

    @property
    def wanted(self) -> Wanted:
        """What detection is asked for."""
        return Wanted(frozenset(self.kinds), self.patterns, frozenset(self.names or ()))
