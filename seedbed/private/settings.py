"""Settings and figures of anonymizing: section `anonymize` of params.yaml, and its metrics file.

What stores or shows them loads neither detection nor a model for names.
"""

import re
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, field_validator

from seedbed.core.metrics import Metrics, RowCounts
from seedbed.core.params import Section, from_table
from seedbed.private.kinds import NAME_KINDS, PATTERN_KINDS
from seedbed.private.stand_ins import Mode

PatternKind = Annotated[str, from_table(PATTERN_KINDS)]
NameKind = Annotated[str, from_table(NAME_KINDS)]


class UserPattern(Section):
    """A pattern that a project adds in params.yaml."""

    name: str  # kind of the spans, and its stand-in: `order_number` gives <ORDER_NUMBER>
    regex: str  # Python regular expression; a group called `value` narrows what is replaced
    context: tuple[str, ...] = ()  # words of which one must be near; none: it always counts

    @field_validator("name")
    @classmethod
    def _name_is_a_word(cls, name: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9_]{1,40}", name):
            raise ValueError("a name of lower-case letters, digits and _, such as order_number")
        return name

    @field_validator("regex")
    @classmethod
    def _regex_compiles(cls, regex: str) -> str:
        try:
            pattern = re.compile(regex)
        except re.error as error:
            raise ValueError(f"a regular expression ({error})") from None
        if pattern.match(""):
            raise ValueError("a regular expression that does not match the empty text")
        return regex


class Wanted(NamedTuple):
    """What to look for: kinds by pattern, a project's own patterns, and kinds of names."""

    kinds: frozenset[str]
    patterns: tuple[UserPattern, ...] = ()
    names: frozenset[str] = frozenset()


class AnonymizeParams(Section):
    """params.yaml section `anonymize`."""

    key_fingerprint: str = Field(pattern=r"^[0-9a-f]{12}$")  # of the key that stand-ins depend on
    mode: Mode = "placeholder"  # <EMAIL>, an invented value, a keyed hash, or a bar
    kinds: tuple[PatternKind, ...]  # kinds found by pattern and checksum
    patterns: tuple[UserPattern, ...] = ()  # a project's own: name, regex, context words
    names: tuple[NameKind, ...] | Literal[False] = False  # kinds found by the extra `names`

    @property
    def wanted(self) -> Wanted:
        """What detection looks for."""
        return Wanted(frozenset(self.kinds), self.patterns, frozenset(self.names or ()))


class AnonymizeMetrics(Metrics):
    """reports/metrics/anonymize.json: counts alone, never a value."""

    rows: RowCounts
    mode: Mode
    public_key: bool
    replaced_by_kind: dict[str, int]
    rows_touched: int
    residual_scan: dict[str, int]  # by shape, which is wider than any finder
