"""What becomes of the suspects of train: nothing, or they are dropped, relabelled or weighed less.

A machine never changes a label of validation or test, nor a row that a person has verified.
"""

from typing import Literal

import pandas as pd
from pydantic import Field

from seedbed.core.errors import ParamsError
from seedbed.core.ledger import Drop
from seedbed.core.params import Section
from seedbed.core.reasons import Reason

Policy = Literal["flag", "drop", "relabel", "weight"]


class PolicyParams(Section):
    """The part of params.yaml's section `find_label_errors` that says what suspects undergo."""

    policy: Policy
    max_score: float | None = Field(ge=0, le=1)
    max_share: float | None = Field(gt=0, le=1)
    suspect_weight: float = Field(ge=0, le=1)


def check_policy(params: PolicyParams) -> None:
    """Raises ParamsError unless one of `max_score` and `max_share` is set, and not both."""
    if (params.max_score is None) == (params.max_share is None):
        found = "neither is set" if params.max_score is None else "both are set"
        raise ParamsError(
            "params.yaml: find_label_errors.max_score and max_share",
            found,
            "one of them: up to which label quality score the policy acts, or on which share of "
            "the train rows",
            "set one and make the other null",
        )


def chosen(rows: pd.DataFrame, suspects: pd.DataFrame, params: PolicyParams) -> pd.DataFrame:
    """The train suspects that the policy acts on, most doubtful first. A class whose train rows
    would all be chosen keeps them as they are, since it could be learnt no more."""
    found = suspects[suspects["split"] == "train"].sort_values(["score", "id"])
    train = rows[rows["split"] == "train"]
    if params.max_share is None:
        found = found[found["score"] <= params.max_score]
    else:
        found = found.head(int(params.max_share * len(train)))
    left = set(train["label"][~train["id"].isin(found["id"])])
    return found[found["label"].isin(left)]


def candidates(judged: pd.DataFrame, verified: set[str], params: PolicyParams) -> pd.DataFrame:
    """The rows that the policy may act on: the suspects; where a share is asked for every judged
    row, `low_label_quality` where nothing else is said of it. Verified rows are none of them."""
    found = judged[~judged["id"].isin(verified)]
    if params.max_share is None:
        return found[found["reason"] != ""]
    found = found[found["judged"]]
    return found.assign(
        reason=found["reason"].where(found["reason"] != "", Reason.LOW_LABEL_QUALITY)
    )


def apply_policy(
    rows: pd.DataFrame, suspects: pd.DataFrame, params: PolicyParams
) -> tuple[pd.DataFrame, list[Drop]]:
    """The rows after the policy, and what it dropped: a row doubted for a near copy has that one as
    its cause. `suspects` have id, split, label, suggested, score, reason, nearest (ids)."""
    found = chosen(rows, suspects, params)
    hit = rows["id"].isin(found["id"])
    if params.policy == "drop":
        return rows[~hit], [_drop(one) for one in found.to_dict("records")]
    if params.policy == "relabel":
        suggested = dict(zip(found["id"], found["suggested"], strict=True))
        labels = [
            suggested.get(row, given) for row, given in zip(rows["id"], rows["label"], strict=True)
        ]
        return rows.assign(label=pd.Series(labels, index=rows.index, dtype="str")), []
    if params.policy == "weight":
        return rows.assign(weight=rows["weight"].where(~hit, params.suspect_weight)), []
    return rows, []


def _drop(suspect: dict[str, str]) -> Drop:
    copied = suspect["reason"] == Reason.NEAR_COPY_OTHER_LABEL
    return Drop(suspect["id"], suspect["reason"], suspect["nearest"].split()[0] if copied else "")
