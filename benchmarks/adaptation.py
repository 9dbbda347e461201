"""What `adapt` brings on the packaged encoder: SimCSE on BANKING77's train texts without their
labels, measured by the stage's own verdict on rows held out of train.

DATA=FOLDER python -m benchmarks.adaptation -> benchmarks/results/adaptation.json

Paired by seed, which draws ten rows a class for the head (0: all, as a bootstrap sample). The
held-out rows' texts are not adapted to, and no test row is read.
"""

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.fine_tuning import banking77
from seedbed.core.files import write_json
from seedbed.core.params import read_params
from seedbed.encoding.encoder import embed_texts, precision
from seedbed.encoding.tokens import TextTokenizer, Truncation
from seedbed.encoding.vectors import EncoderParams, encoder_folder
from seedbed.making.balancing import verdict
from seedbed.training.loop import Run
from seedbed.training.models import SharedParams, with_shared
from seedbed.training.objectives import adapt
from stages.adapt import Params, scores

RESULT = Path("benchmarks/results/adaptation.json")
# The default, and one a tenth of it: what a tuned encoder can lose at most is less there.
LEARNING_RATES = (3e-5, 3e-6)


def rows_of_both_sides() -> pd.DataFrame:
    """Train rows and, as validation, those held out of them."""
    train, held = banking77("validation")
    rows = pd.concat([train.assign(split="train"), held.assign(split="validation")])
    rows["id"] = [f"{number:016x}" for number in range(len(rows))]
    return rows.reset_index(drop=True)


def main() -> None:
    encoder = read_params("encoder", EncoderParams)
    source, dtype, cut = encoder_folder(encoder), precision(encoder.precision), Truncation(64)
    shared = read_params("training", SharedParams)
    asked, rows = (
        with_shared("adapt", read_params("adapt", dict), shared, Params),
        rows_of_both_sides(),
    )
    texts, name = list(rows["text"]), str(dtype).removeprefix("torch.")
    unlabelled = list(rows.loc[rows["split"] == "train", "text"])
    before, found = embed_texts(texts, source, cut, name), {}
    for rate in LEARNING_RATES:
        params = asked.model_copy(update={"learning_rate": rate})
        with tempfile.TemporaryDirectory() as folder:
            tokens = TextTokenizer(source, cut)(unlabelled)
            way, curve = adapt(
                source, tokens, Run("adapt", params, params.seed, dtype), Path(folder)
            )
            after = embed_texts(texts, Path(folder), cut, name)
        one: dict[str, Any] = {"way": way, "loss": [point["train_loss"] for point in curve]}
        for number in params.rows_per_class:
            both = (scores(vectors, rows, number, params.seeds) for vectors in (before, after))
            one[str(number) if number else "all"] = verdict(*both).model_dump(by_alias=True)
        found[str(rate)] = one
        print(rate, one, flush=True)
    told = {"data": "banking77, train rows held out", "texts": len(unlabelled)}
    write_json(RESULT, {**told, "max_length": cut.max_length, "by_learning_rate": found})


if __name__ == "__main__":
    main()
