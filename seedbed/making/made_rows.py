"""Rows made out of train rows: what they carry of their parent, and which are not made at all."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from seedbed.splitting.shingles import normalised

Row = dict[str, Any]


def child(row: Row, mark: str, origin: str, method: str, **changes: str) -> Row:
    """A train row made of `row`, with `changes`; its id is the parent's and `mark`, its provenance
    the parent's and `made_by`."""
    source = json.loads(row["provenance"] or "{}") | {"made_by": method}
    provenance = json.dumps(source, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    own = {"id": f"{row['id']}-{mark}", "origin": origin, "parent": row["id"]}
    return row | own | {"provenance": provenance} | changes


def made_by(rows: pd.DataFrame) -> pd.Series:
    """The method that made each row; "" where none did."""
    return rows["provenance"].map(lambda text: json.loads(text or "{}").get("made_by", ""))


def parents(rows: pd.DataFrame) -> pd.DataFrame:
    """The train rows that were not made of others; those of negative sources are among them."""
    return rows[(rows["split"] == "train") & (rows["parent"] == "")]


@dataclass
class Made:
    """Rows that were made, and why others were not. No two are the same, and none is the same as a
    row that stood before, on any side: that would be a leak, or no new row."""

    rows: list[Row] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)

    @classmethod
    def beside(cls, rows: pd.DataFrame) -> "Made":
        """Nothing made yet, beside these rows."""
        pairs = zip(rows["text"], rows["text_pair"], strict=True)
        return cls(seen={_key(text, pair) for text, pair in pairs})

    def add(self, row: Row, parent: Row) -> None:
        """Take a made row, or count it as `unchanged` or `same_as_a_row`."""
        key = _key(row["text"], row["text_pair"])
        if key == _key(parent["text"], parent["text_pair"]):
            self.refused["unchanged"] += 1
        elif key in self.seen:
            self.refused["same_as_a_row"] += 1
        else:
            self.seen.add(key)
            self.rows.append(row)

    def refuse(self, reason: str, number: int = 1) -> None:
        """Count rows that were not made."""
        self.refused[reason] += number

    def frame(self, like: pd.DataFrame) -> pd.DataFrame:
        """The made rows with the columns and types of `like`."""
        made = pd.DataFrame(self.rows, columns=like.columns)
        return made.astype(like.dtypes) if len(made) else like.iloc[:0]


def figures(frames: Iterable[pd.DataFrame], refused: Iterable[Counter[str]]) -> dict[str, Any]:
    """Rows made by method and class, and refused by reason."""
    made = pd.concat(list(frames))
    by_method = made_by(made).value_counts() if len(made) else pd.Series(dtype=int)
    by_class = made["label"].value_counts()
    reasons: Counter[str] = sum(refused, Counter())  # without those of no row
    return {
        "made_by_method": {str(name): int(by_method[name]) for name in sorted(by_method.index)},
        "made_by_class": {str(name): int(by_class[name]) for name in sorted(by_class.index)},
        "refused_by_reason": dict(sorted(reasons.items())),
    }


def _key(text: str, pair: str) -> str:
    return normalised(text) + "\n" + normalised(pair)
