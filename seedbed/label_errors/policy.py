"""The policy for suspected label errors in train: keep, drop, relabel or down-weight them.

A machine never changes a label of validation or test, nor a row that a person has verified.
"""

from typing import Literal

import pandas as pd
from pydantic import Field

from seedbed.core.errors import ParamsError
from seedbed.core.metrics import Drop
from seedbed.core.params import Section
from seedbed.core.reasons import Reason

Policy = Literal["flag", "drop", "relabel", "weight"]


class PolicyParams(Section):
    """The part of params.yaml section `find_label_errors` about the policy."""

    policy: Policy
    max_score: float | None = Field(ge=0, le=1)
    max_share: float | None = Field(gt=0, le=1)
    suspect_weight: float = Field(ge=0, le=1)


def check_policy(params: PolicyParams) -> None:
    """Raise ParamsError unless exactly one of `max_score` and `max_share` is set."""
    if (params.max_score is None) == (params.max_share is None):
        problem = "neither is set" if params.max_score is None else "both are set"
        raise ParamsError(
            "params.yaml: find_label_errors.max_score and max_share",
            problem,
            "one of them: the highest label quality score or the share of train rows on which the "
            "policy acts",
            "set one, and the other to null",
        )


def chosen(rows: pd.DataFrame, suspects: pd.DataFrame, params: PolicyParams) -> pd.DataFrame:
    """Return the train suspects that the policy acts on, lowest label quality first.

    A class whose train rows would all be chosen keeps them, or it could not be learned.
    """
    selected = suspects[suspects["split"] == "train"].sort_values(["score", "id"])
    train = rows[rows["split"] == "train"]
    if params.max_share is None:
        selected = selected[selected["score"] <= params.max_score]
    else:
        selected = selected.head(int(params.max_share * len(train)))
    left = set(train["label"][~train["id"].isin(selected["id"])])
    return selected[selected["label"].isin(left)]


def candidates(judged: pd.DataFrame, verified: set[str], params: PolicyParams) -> pd.DataFrame:
    """Return the rows that the policy may act on: the suspects, or with `max_share` every judged
    row, by default for `low_label_quality`. Verified rows are excluded."""
    selected = judged[~judged["id"].isin(verified)]
    if params.max_share is None:
        return selected[selected["reason"] != ""]
    selected = selected[selected["judged"]]
    return selected.assign(
        reason=selected["reason"].where(selected["reason"] != "", Reason.LOW_LABEL_QUALITY)
    )


def apply_policy(
    rows: pd.DataFrame, suspects: pd.DataFrame, params: PolicyParams
) -> tuple[pd.DataFrame, list[Drop]]:
    """Return the rows after the policy, and the drops; the cause of a row suspected for a near copy
    is that copy. `suspects` have id, split, label, suggested, score, reason, nearest (ids)."""
    selected = chosen(rows, suspects, params)
    hit = rows["id"].isin(selected["id"])
    if params.policy == "drop":
        return rows[~hit], [_drop(suspect) for suspect in selected.to_dict("records")]
    if params.policy == "relabel":
        suggested = dict(zip(selected["id"], selected["suggested"], strict=True))
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
