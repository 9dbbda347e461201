"""What a challenger may not fall below or lose: params.yaml section `gate`, which commands read.

Every limit that is on is one test of a family. Half of the chance of a false fail goes to the
limits on all rows, half to the floors of single classes, or many classes would leave the limits on
all rows nothing to see with.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, create_model

from seedbed.core.params import Section
from seedbed.pages.document import points
from seedbed.scoring.metrics import shown_in

Kind = Literal["least", "drop"]
KEYS: dict[Kind, str] = {"least": "min", "drop": "max_drop"}  # what keys of params.yaml begin with
MEASURES = tuple(metric.name for metric in shown_in("gate"))  # on all rows
WORDS = {metric.name: metric.title for metric in shown_in("gate")} | {
    "recall": "recall",
    "f1": "F1",
}


class _OfClasses(Section):
    """The limits on single classes, and what all limits share."""

    max_drop_class_recall: float | None = Field(ge=0, le=1)
    max_drop_class_f1: float | None = Field(ge=0, le=1)
    false_fail: float = Field(gt=0, le=0.5)
    power: float = Field(gt=0.5, lt=1)
    must_see_drop: float = Field(gt=0, le=1)


_OF_ALL_ROWS: dict[str, Any] = {
    f"min_{name}": (float, Field(default=0.0, ge=0, le=1)) for name in MEASURES
} | {f"max_drop_{name}": (float | None, Field(default=None, ge=0, le=1)) for name in MEASURES}

if TYPE_CHECKING:

    class GateParams(_OfClasses):
        """params.yaml section `gate`; shares are of 1, null is off."""

else:  # two limits for each metric of the table whose view is `gate`; one left out is off
    GateParams = create_model("GateParams", __base__=_OfClasses, **_OF_ALL_ROWS)


@dataclass(frozen=True)
class Limit:
    """One limit: at least `value` of a measure, or at most `value` lost of it; `name` is the class
    it is a floor of, "" for all rows. `share`: of the chance of a false fail."""

    kind: Kind
    measure: str  # a metric of the table, or recall or F1 of a class
    value: float
    name: str = ""
    share: float = 0.0

    @property
    def subject(self) -> str:
        """What it is a limit of, in words."""
        return WORDS[self.measure] + (f" of `{self.name}`" if self.name else "")

    def in_words(self) -> str:
        """The limit in words."""
        if self.kind == "least":
            return f"{self.subject} at least {self.value:.3f}"
        return f"{self.subject} may lose {points(self.value) if self.value else 'nothing'}"


@dataclass(frozen=True, kw_only=True)
class Checked(Limit):
    """A limit that was looked at: what was found (the drop, or the figure itself), how likely that
    is by chance after Holm's correction, and the smallest drop that would be seen, None where it
    is not worked out."""

    found: float
    p_holm: float
    fails: bool
    sees: float | None

    @property
    def is_beyond(self) -> bool:
        """Whether the figure alone would break the limit, though that may be chance."""
        return self.found < self.value if self.kind == "least" else self.found > self.value

    def found_in_words(self) -> str:
        """The figure itself for a minimum, else what was lost or gained."""
        if self.kind == "least":
            return f"{WORDS[self.measure]} {self.found:.3f}"
        if not self.found:
            return "unchanged"
        return f"{'lost' if self.found > 0 else 'gained'} {points(abs(self.found))}"

    def sees_in_words(self) -> str:
        """The smallest drop that would be seen, "" where it is not worked out."""
        return "" if self.sees is None else points(self.sees)


def limits_of(params: GateParams, classes: list[str]) -> list[Limit]:
    """Every limit that is on, for the classes that stand in the rows."""
    every = [
        Limit(kind, measure, value)
        for kind, key in KEYS.items()
        for measure in MEASURES
        if (value := getattr(params, f"{key}_{measure}")) is not None
        and (value or kind == "drop")  # that nothing may be lost is a limit
    ]
    floors = [
        Limit("drop", measure, value, name)
        for measure in ("recall", "f1")
        if (value := getattr(params, f"max_drop_class_{measure}")) is not None
        for name in classes
    ]
    halves = 0.5 if every and floors else 1.0
    return [replace(one, share=halves / len(part)) for part in (every, floors) for one in part]
