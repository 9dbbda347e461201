"""What augmentation and balance bring, measured as the stage ablate does: validation alone.

DATA=FOLDER python -m benchmarks.augmentation -> benchmarks/results/augmentation.json

Augmentation on BBC News, whose rows and vectors `dvc repro` has made; balance on a seeded part of
two sets with a rare class, four fifths of which it reads at all. WordNet's files must be installed.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.public_sets import data_folder
from seedbed.core.files import read_csv, write_json
from seedbed.core.params import read_params
from seedbed.core.rows import DEFAULTS, read_rows, rows_to_choose_by
from seedbed.encoding.vectors import EncoderParams
from seedbed.making.balancing import Arms, BalanceParams, balance, drawn
from seedbed.making.made_rows import parents
from seedbed.splitting.shingles import normalised
from seedbed.splitting.sides import side_of
from seedbed.tasks import class_task
from seedbed.training.trainer import ApproachTrainer, RowPool
from stages.ablate import EMBED, SPLIT, Params, measured
from stages.augment import Params as AugmentParams, augmented

RESULT = Path("benchmarks/results/augmentation.json")
BBC = Path("data/find_label_errors")
FEW = 10
MOST = 5_000  # rows of a public set
EDA = ["synonyms", "insert", "swap", "delete"]
AT_FEW = {"swap": ["swap"], "delete": ["delete"], "synonyms": ["synonyms"],
          "mistype": ["mistype"], "AEDA (punctuate)": ["punctuate"],
          "EDA (synonyms, insert, swap, delete)": EDA}  # fmt: skip
AT_ALL = ("AEDA (punctuate)", "EDA (synonyms, insert, swap, delete)")
WEIGHTS = ("inverse", "sqrt", "effective")


def augment_verdicts(rows: pd.DataFrame, name: str, methods: list[str], params: Params) -> list:
    """1 and 3 copies, at 10 rows a class and, for whole recipes, at full data."""
    section = read_params("augment", AugmentParams)
    validation = rows[rows["split"] == "validation"].reset_index(drop=True)
    sizes = [FEW, 0] if name in AT_ALL else [FEW]
    lines = []
    for copies in (1, 3):
        asked = section.model_copy(update={"copies": copies, "methods": methods})
        train = parents(rows)
        arms = Arms(train, pd.concat([train, augmented(rows, asked, class_task)[0]]), False)
        here = params.model_copy(update={"rows_per_class": sizes})
        what = f"{name}, {copies} copies" if copies > 1 else f"{name}, 1 copy"
        lines += verdicts("BBC News", what, arms, validation, here)
    return lines


def verdicts(
    data: str, what: str, arms: Arms, validation: pd.DataFrame, params: Params
) -> list[dict[str, Any]]:
    """The verdicts of one case, a dict a size; only rows that a seed draws are embedded."""
    parts = [part for seed in params.seeds for number in params.rows_per_class
             for part in drawn(arms, number, seed, class_task)]  # fmt: skip
    used = pd.concat([*parts, validation]).drop_duplicates("id")
    pool = RowPool(class_task, used, read_params("encoder", EncoderParams), EMBED, SPLIT)
    trainer = ApproachTrainer(params.approach)

    def score(train: pd.DataFrame, seed: int) -> float:
        return trainer.score(pool.training_data(train, validation), seed)

    found = measured(what, arms, params, score, class_task)
    lines = [{"data": data, "what": what, "rows_a_class": size, **gain.model_dump(by_alias=True)}
             for size, gain in found.items()]  # fmt: skip
    for line in lines:
        print(json.dumps(line), flush=True)
    return lines


def public_rows(folder: Path, name: str) -> pd.DataFrame:
    """Train and validation rows of a set: copies left out, a fifth never read, MOST by hash."""
    texts = {normalised(row["text"]): row for row in read_csv(folder / name / "all.csv")}
    rows = []
    for key, row in texts.items():
        side = side_of(0, key, 0.24, 0.2)
        if side != "test":
            row_id = hashlib.sha256(key.encode()).hexdigest()[:16]
            made = {"id": row_id, "text": row["text"], "label": row["label"]}
            rows.append(DEFAULTS | made | {"split": side, "source": name, "provenance": "{}"})
    return pd.DataFrame(rows).sort_values("id").head(MOST).reset_index(drop=True)


def balance_verdicts(rows: pd.DataFrame, name: str, params: Params) -> list[dict[str, Any]]:
    """Each kind of class weights against none."""
    train = rows[rows["split"] == "train"].reset_index(drop=True)
    validation = rows[rows["split"] == "validation"].reset_index(drop=True)
    off = read_params("balance", BalanceParams)
    lines = []
    for weights in WEIGHTS:
        weighted = balance(train, off.model_copy(update={"weights": weights}))[0]
        arms = Arms(train, weighted, True)
        lines += verdicts(name, f"weights: {weights}", arms, validation, params)
    return lines


def main() -> None:
    data, params = data_folder(), read_params("ablate", Params)
    rows = rows_to_choose_by(
        read_rows(BBC), read_params("negatives.as", str), read_params("negatives.label", str)
    )
    results = {
        "approach": params.approach,
        "seeds": len(params.seeds),
        "augment": [
            line
            for name, methods in AT_FEW.items()
            for line in augment_verdicts(rows, name, methods, params)
        ],
        "balance": [
            line
            for name in ("davidson_hate", "sms_spam")
            for line in balance_verdicts(public_rows(data, name), name, params)
        ],
    }
    write_json(RESULT, results)


if __name__ == "__main__":
    main()
