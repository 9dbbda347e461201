"""What a challenger may not fall below or lose: params.yaml section `gate`, which commands read.

Every limit that is on is one test of a family. Half of the chance of a false fail goes to the
limits on all rows, half to the floors of single classes, or many classes would leave the limits on
all rows nothing to see with.
"""

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import Field, create_model

from seedbed.core.params import Section
from seedbed.pages.numbers import points
from seedbed.scoring.metrics import shown_in

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


class Limit(NamedTuple):
    """One limit: at least `value` of a measure, or at most `value` lost of it; `name` is the class
    it is a floor of, "" for all rows. `share`: of the chance of a false fail."""

    kind: Literal["least", "drop"]
    measure: str  # a metric of the table, or recall or F1 of a class
    value: float
    name: str = ""
    share: float = 0.0

    def in_words(self) -> str:
        """The limit in words."""
        of = f" of `{self.name}`" if self.name else ""
        what = f"{WORDS[self.measure]}{of}"
        if self.kind == "least":
            return f"{what} at least {self.value:.3f}"
        return f"{what} may lose {points(self.value)}" if self.value else f"{what} may lose nothing"


def limits_of(params: GateParams, classes: list[str]) -> list[Limit]:
    """Every limit that is on, for the classes that stand in the rows."""
    every = [
        Limit("least", measure, value)
        for measure in MEASURES
        if (value := getattr(params, f"min_{measure}")) > 0
    ] + [
        Limit("drop", measure, value)
        for measure in MEASURES
        if (value := getattr(params, f"max_drop_{measure}")) is not None
    ]
    floors = [
        Limit("drop", measure, value, name)
        for measure, value in (
            ("recall", params.max_drop_class_recall),
            ("f1", params.max_drop_class_f1),
        )
        if value is not None
        for name in classes
    ]
    halves = 0.5 if every and floors else 1.0
    return [one._replace(share=halves / len(part)) for part in (every, floors) for one in part]
