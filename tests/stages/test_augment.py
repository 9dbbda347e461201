"""Made rows stand in train, name their parent, and are the same for a row wherever it stands."""

import pandas as pd
import pytest

from stages.augment import Params, augmented, negatives

TRAIN = pd.DataFrame(
    {
        "id": ["a", "b"],
        "text": ["the storm broke three old trees", "fry the onion in some butter"],
        "label": ["weather", "cooking"],
        "split": "train",
        "origin": "original",
        "parent": "",
    }
)


def params(**more) -> Params:
    return Params(
        **{
            "seed": 0, "copies": 2, "methods": ["swap", "punctuate"], "edit_share": 0.3,
            "wordnet_folder": "", "negatives_share": 1.0, "negative_label": "out_of_scope",
        }
        | more
    )  # fmt: skip


def test_copies_name_their_parent_and_differ_from_it():
    made = augmented(TRAIN, params())
    assert list(made["id"]) == ["a-a0", "a-a1", "b-a0", "b-a1"]
    assert list(made["parent"]) == ["a", "a", "b", "b"]
    assert set(made["origin"]) == {"augmented"}
    assert set(made["split"]) == {"train"}
    assert list(made["label"]) == ["weather", "weather", "cooking", "cooking"]
    assert not set(made["text"]) & set(TRAIN["text"])


def test_a_row_gives_the_same_copies_alone_and_in_any_order():
    together = augmented(TRAIN, params()).set_index("id")["text"]
    turned = augmented(TRAIN.iloc[::-1], params()).set_index("id")["text"]
    alone = augmented(TRAIN.iloc[1:], params()).set_index("id")["text"]
    assert turned.sort_index().equals(together)
    assert alone.equals(together[alone.index])


def test_off_makes_nothing():
    assert augmented(TRAIN, params(copies=0)).empty
    assert negatives(TRAIN, params(negatives_share=0.0)).empty


def test_negatives_carry_the_negative_label():
    made = negatives(TRAIN, params())
    assert list(made["id"]) == ["a-n0", "b-n0"]
    assert set(made["label"]) == {"out_of_scope"}
    assert set(made["origin"]) == {"negative"}


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_is_a_share(share):
    with pytest.raises(ValueError, match="negatives_share"):
        params(negatives_share=share)
