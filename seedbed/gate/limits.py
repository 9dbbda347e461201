"""What a challenger may not fall below or lose: params.yaml section `gate`, which commands read.

Every limit that is on is one test of a family. Half of the chance of a false fail goes to the
limits on all rows, half to the floors of single classes, or many classes would leave the limits on
all rows nothing to see with.
"""

from typing import Literal, NamedTuple

from pydantic import Field

from seedbed.core.params import Section

Measure = Literal["accuracy", "macro_f1", "recall", "f1"]
WORDS = {"accuracy": "accuracy", "macro_f1": "macro-F1", "recall": "recall", "f1": "F1"}


class GateParams(Section):
    """params.yaml section `gate`; shares are of 1, null is off."""

    min_accuracy: float = Field(ge=0, le=1)
    min_macro_f1: float = Field(ge=0, le=1)
    max_drop_accuracy: float | None = Field(ge=0, le=1)
    max_drop_macro_f1: float | None = Field(ge=0, le=1)
    max_drop_class_recall: float | None = Field(ge=0, le=1)
    max_drop_class_f1: float | None = Field(ge=0, le=1)
    false_fail: float = Field(gt=0, le=0.5)
    power: float = Field(gt=0.5, lt=1)
    must_see_drop: float = Field(gt=0, le=1)


class Limit(NamedTuple):
    """One limit: at least `value` of a measure, or at most `value` lost of it; `name` is the class
    it is a floor of, "" for all rows. `share`: of the chance of a false fail."""

    kind: Literal["least", "drop"]
    measure: Measure
    value: float
    name: str = ""
    share: float = 0.0

    def told(self) -> str:
        """The limit in words."""
        of = f" of `{self.name}`" if self.name else ""
        what = f"{WORDS[self.measure]}{of}"
        if self.kind == "least":
            return f"{what} at least {self.value:.3f}"
        return f"{what} may lose {points(self.value)}" if self.value else f"{what} may lose nothing"


def points(share: float) -> str:
    """A share as points: 0.016 is "1.6 points"."""
    number = f"{100 * share:.1f}".removesuffix(".0")
    return f"{number} point" if number == "1" else f"{number} points"


def limits_of(params: GateParams, classes: list[str]) -> list[Limit]:
    """Every limit that is on, for the classes that stand in the rows."""
    every = [
        Limit("least", measure, value)
        for measure, value in (("accuracy", params.min_accuracy), ("macro_f1", params.min_macro_f1))
        if value > 0
    ] + [
        Limit("drop", measure, value)
        for measure, value in (
            ("accuracy", params.max_drop_accuracy),
            ("macro_f1", params.max_drop_macro_f1),
        )
        if value is not None
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
