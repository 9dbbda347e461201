"""Which limits are on, how they share the chance of a false fail, and how they are told."""

import pytest
from conftest import ROOT, yaml

from seedbed.gate.verdict import GateParams, limits_of
from seedbed.pages.document import points

OFF = GateParams(
    min_accuracy=0, min_macro_f1=0, max_drop_accuracy=None, max_drop_macro_f1=None,
    max_drop_class_recall=None, max_drop_class_f1=None, false_fail=0.05, power=0.8, must_see_drop=1,
)  # fmt: skip


def limits(**on):
    return limits_of(OFF.model_copy(update=on), ["rain", "snow"])


def test_what_is_off_is_no_limit():
    assert limits() == []


def test_nothing_may_be_lost_is_a_limit_and_not_off():
    assert [one.in_words() for one in limits(max_drop_accuracy=0.0)] == [
        "accuracy may lose nothing"
    ]


def test_limits_on_all_rows_and_floors_of_classes_share_the_chance_of_a_false_fail_by_halves():
    found = limits(min_macro_f1=0.9, max_drop_accuracy=0.005, max_drop_class_recall=0.02)
    assert [(one.in_words(), one.share) for one in found] == [
        ("macro-F1 at least 0.900", 0.25),
        ("accuracy may lose 0.5 points", 0.25),
        ("recall of `rain` may lose 2 points", 0.25),
        ("recall of `snow` may lose 2 points", 0.25),
    ]


@pytest.mark.parametrize("on", [{"max_drop_macro_f1": 0.01}, {"max_drop_class_f1": 0.01}])
def test_one_kind_alone_has_all_of_it(on):
    assert sum(one.share for one in limits(**on)) == pytest.approx(1)


def test_points_are_told_as_people_say_them():
    assert [points(share) for share in (0.016, 0.01, 0.05)] == ["1.6 points", "1 point", "5 points"]


def test_params_keys_are_the_fields():
    assert set(yaml.load(ROOT / "params.yaml")["gate"]) == set(GateParams.model_fields)
